"""What a run asks of the part that knows its subject."""
