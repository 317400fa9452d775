"""A run that judges a consumer of webhooks."""
