"""A server: calls, orders, the inbox, what a live one needs."""
