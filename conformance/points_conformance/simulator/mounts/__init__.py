"""Ways to reach the simulator: respx, ASGI, a port on loopback."""
