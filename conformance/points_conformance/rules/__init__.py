"""The rules: records with short checks, and what judges them."""

__all__: list[str] = []
