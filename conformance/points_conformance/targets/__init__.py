"""What a check talks to: every call is recorded, redacted when recorded, paid from a budget."""
