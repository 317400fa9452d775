"""What a server's bug costs on the order that shows it. Pure: by its calls and their answers."""

from collections.abc import Sequence
from typing import Final

from points_conformance.contract.money import MoneyError, halalas
from points_conformance.judging.finding import Finding
from points_conformance.judging.verdict import Cost
from points_conformance.rules.costs import CUSTOMER, MERCHANT, in_sar
from points_conformance.targets.api.order import Reversal, TestOrder

__all__ = ["cost_of", "cost_on"]

#: Findings of a refund that the customer is owed and that was refused.
_OWED: Final = (
    "refused what must be accepted",
    "less is left than should be",
    "a refund of no more than is left was refused",
    "a step came out otherwise than the rules say",
)


def cost_of(finding: Finding, orders: Sequence[TestOrder]) -> Cost | None:
    """What a finding costs on the last of a rule's orders that anything was done to."""
    touched = [order for order in orders if order.reversals]
    return cost_on(touched[-1], finding.title) if touched else None


def cost_on(order: TestOrder, title: str) -> Cost | None:
    """What went back beyond what was paid; else what is owed, and refused."""
    left, beyond = order.total, 0
    for reversal in order.accepted:
        wanted = _amount(reversal, left, order.total)
        beyond += max(wanted - left, 0)
        left = max(left - wanted, 0)
    if beyond:
        return in_sar(beyond, "more than was paid", of=order.total, loses=MERCHANT)
    last = order.reversals[-1]
    if title in _OWED and last.operation == "refund" and last.refused:
        owed = min(_amount(last, left, left), left)
        why = "that the customer is owed and does not get"
        return in_sar(owed, why, of=order.total, loses=CUSTOMER)
    return None


def _amount(reversal: Reversal, left: int, whole: int) -> int:
    """How many halalas a reversal gives back. A cancel gives what is left; so does a refund without
    an amount, and where nothing is left, all once more. What cannot be told counts as nothing.
    """
    if reversal.operation == "cancel":
        return left
    if not reversal.part:
        return left or whole
    try:
        return max(halalas(reversal.amount), 0)
    except (MoneyError, TypeError):
        return 0
