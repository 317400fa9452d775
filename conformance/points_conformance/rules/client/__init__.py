"""What is demanded of a client that calls cancel and refund."""
