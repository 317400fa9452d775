"""A server: calls, orders, the inbox, what a live one needs."""

__all__: list[str] = []
