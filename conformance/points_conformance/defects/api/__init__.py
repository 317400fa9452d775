"""Wrong servers: each exchanges one part of the simulator."""

__all__: list[str] = []
