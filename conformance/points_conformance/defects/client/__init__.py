"""Wrong clients, and the good samples that they derive from."""

__all__: list[str] = []
