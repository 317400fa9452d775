"""What the kit costs, measured: ``python -m tests.quality.bench``."""
