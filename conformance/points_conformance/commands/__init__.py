"""Commands beside those that judge."""
