"""Wrong servers: each exchanges one part of the simulator."""
