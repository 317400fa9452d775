"""The rules: records with short checks, and what judges them."""
