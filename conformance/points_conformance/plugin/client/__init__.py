"""A run that judges a client."""
