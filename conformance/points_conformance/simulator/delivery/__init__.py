"""How events reach the endpoints of a merchant."""
