"""A replica from within: its HTTP paths, what a request goes through, the models it holds, and what it tells of itself."""
