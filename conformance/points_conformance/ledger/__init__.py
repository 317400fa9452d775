"""What cancel, refund and auto-refund do to one order: pure, and the oracle of every check."""

from points_conformance.ledger.order import (
    AutoRefund,
    Booked,
    Cancel,
    Command,
    OrderLedger,
    Refund,
    Refusal,
    Refused,
    Step,
    carry_out,
)
from points_conformance.ledger.points import points_tolerance, reversed_points
from points_conformance.ledger.possible import possible_after

__all__ = [
    "AutoRefund",
    "Booked",
    "Cancel",
    "Command",
    "OrderLedger",
    "Refund",
    "Refusal",
    "Refused",
    "Step",
    "carry_out",
    "points_tolerance",
    "possible_after",
    "reversed_points",
]
