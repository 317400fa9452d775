"""Where the first refund of an order is turned away, a check is tried again with the next order.

An order may be outside its refund window or settled, and a merchant may have refunds switched off;
nobody can see which from outside. What is refused on every order says so once, and is a finding
where orders of another status are refunded all the while.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, Final

from points_conformance.contract.names import OrderStatus
from points_conformance.judging.finding import Denied, Finding, NotExercised
from points_conformance.targets.api.order import TestOrder, TurnedAway
from points_conformance.targets.api.target import ApiTarget

__all__ = ["with_other_orders"]

#: How many orders are tried that nobody listed: made ones are all of one age.
_MADE: Final = 3
#: So many refused orders of one status are no matter of age any more.
_ENOUGH: Final = 3


def with_other_orders(check: Callable[[ApiTarget], Any]) -> Callable[[ApiTarget], Any]:
    """The check, which goes on to the next order where the first refund of one is turned away."""

    @wraps(check)
    def tried(api: ApiTarget) -> Any:
        turned: list[TurnedAway] = []
        while True:
            try:
                return check(api)
            except TurnedAway as away:
                turned.append(away)
                api.turned_away(away.order)
                if len(turned) >= _MADE + api.listed_orders:
                    raise _concluded(turned, api.whole.orders) from away
            except NotExercised as dry:
                if not turned:
                    raise
                raise _concluded(turned, api.whole.orders) from dry

    return tried


def _concluded(turned: Sequence[TurnedAway], orders: Sequence[TestOrder]) -> Exception:
    """What it means that not one order could be refunded."""
    last = turned[-1].order
    if len({away.order.status for away in turned}) == 1:
        alike = [order for order in orders if _part(order) is _part(last)]
        refused = [order for order in alike if order.status is last.status]
        others = _accepted(order for order in alike if order.status is not last.status)
        if len(refused) >= _ENOUGH and not _accepted(refused) and others:
            return _finding(last.status, len(refused), others[0])
    return Denied(
        f"{turned[-1]} (the same with every order that was tried: give others, or younger ones)"
        if len(turned) > 1
        else str(turned[-1])
    )


def _finding(status: OrderStatus, refused: int, other: OrderStatus) -> Finding:
    return Finding(
        "no order of a status can be refunded",
        expected=f"{status.value} orders to be refunded, as {other.value} ones are",
        got=f"the first refund of all {refused} {status.value} orders was refused",
    )


def _part(order: TestOrder) -> bool | None:
    """Whether the first refund of an order was one of a part; ``None`` where there was none."""
    first = next((r for r in order.reversals if r.operation == "refund"), None)
    return None if first is None else first.part


def _accepted(orders: Iterable[TestOrder]) -> list[OrderStatus]:
    return [
        order.status
        for order in orders
        if any(reversal.operation == "refund" for reversal in order.accepted)
    ]
