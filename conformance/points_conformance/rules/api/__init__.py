"""What is demanded of a server."""

__all__: list[str] = []
