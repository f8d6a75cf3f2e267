"""What things cost, measured against the plain way of doing them."""
