"""Commands beside those that judge."""

__all__: list[str] = []
