"""Wrong consumers, and the good samples that they derive from."""
