"""Wrong clients, and the good samples that they derive from."""
