"""Ways to reach the simulator: respx, ASGI, a port on loopback."""

__all__: list[str] = []
