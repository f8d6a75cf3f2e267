"""What serving.client is made of: calls that are repeated, given up and counted. It needs neither torch nor Ray."""
