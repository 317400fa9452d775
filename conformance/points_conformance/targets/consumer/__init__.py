"""A consumer: deliveries to it, and the state that it shows."""
