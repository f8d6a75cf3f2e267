"""The model: our own forward pass on upstream's weights, and nothing of Ray, HTTP or files. It needs torch alone."""
