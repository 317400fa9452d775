"""A run that judges a server of the Points API."""
