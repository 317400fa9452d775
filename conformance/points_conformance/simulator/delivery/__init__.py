"""How events reach the endpoints of a merchant."""

__all__: list[str] = []
