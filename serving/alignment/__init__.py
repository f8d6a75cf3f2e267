"""Which phone of a text is heard when in its speech, and which are not heard at all."""
