"""A shop that hears of Points refunds, and makes them."""
