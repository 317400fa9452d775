"""What is demanded of a server."""
