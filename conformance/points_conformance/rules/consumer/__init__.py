"""What is demanded of a consumer of webhooks."""

__all__: list[str] = []
