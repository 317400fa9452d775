"""What is demanded of a consumer of webhooks."""
