"""Calls at once on one order: what may come of them, one after the other in some order. Pure.

Whoever answers calls at once may take them in any order, and refuse any of them. What it accepts
must be what it could have accepted one by one; the books afterwards are those of such an order.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement, permutations
from typing import Final

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.lifecycle import ARROWS, Action, Disputed, arrow, certain
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger import (
    Booked,
    Cancel,
    Command,
    OrderLedger,
    Refund,
    Step,
    carry_out,
)

__all__ = ["ACTIONS", "Asked", "Pair", "books_after", "pairs", "where"]

#: What a merchant asks for that excludes or bounds something else.
ACTIONS: Final = (
    Action.CANCEL,
    Action.CAPTURE,
    Action.COMPLETE,
    Action.REFUND_PART,
    Action.REFUND_REST,
)
Pair = tuple[Action, Action]
#: An action, and the halalas of a refund.
Asked = tuple[Action, int | None]


def pairs() -> list[Pair]:
    """Every pair of actions, each with itself as well."""
    return list(combinations_with_replacement(ACTIONS, 2))


def where(pair: Pair) -> list[OrderStatus]:
    """From which statuses the order of the two matters: first where both lead on, the plainest and
    then from the last of them, where something has gone back; then where one leads and the other
    may follow.
    """
    one, other = pair
    both = [s for s in ARROWS if _leads(s, one) and _leads(s, other)]
    after = [s for s in ARROWS if s not in both and (_follows(s, *pair) or _follows(s, other, one))]
    return [*both[:1], *both[:0:-1], *after]


def _leads(status: OrderStatus, action: Action) -> OrderStatus | None:
    found = arrow(OrderType.REPLACING, status, action)
    if isinstance(found, Disputed):
        return found.to
    return found if isinstance(found, OrderStatus) else None


def _follows(status: OrderStatus, first: Action, then: Action) -> bool:
    to = _leads(status, first)
    return to is not None and _leads(to, then) is not None


def books_after(
    books: OrderLedger, accepted: Sequence[Asked], dialect: Dialect
) -> frozenset[OrderLedger]:
    """The books that the accepted calls may have led to; none where no order of them allows all.

    What no source speaks of may be accepted, and changes nothing or leads where it usually does.
    """
    orders = set(permutations(accepted))
    return frozenset(end for order in orders for end in _played(books, order, dialect))


def _played(books: OrderLedger, calls: Sequence[Asked], dialect: Dialect) -> frozenset[OrderLedger]:
    ends = frozenset({books})
    for call in calls:
        ends = frozenset(after for one in ends for after in _after(one, call, dialect))
    return ends


def _after(books: OrderLedger, call: Asked, dialect: Dialect) -> Iterator[OrderLedger]:
    action, amount = call
    if arrow(books.kind, books.status, action) is None:
        yield books
        yield from (replace(books, status=to) for _, to in certain(action))
        return
    outcome = carry_out(books, _command(action, amount), dialect)
    if isinstance(outcome, Booked):
        # Points are for other rules.
        yield replace(outcome.ledger, refunded_points=0)


def _command(action: Action, amount: int | None) -> Command:
    if action is Action.CANCEL:
        return Cancel()
    if action in (Action.REFUND_PART, Action.REFUND_REST):
        return Refund(amount)
    return Step(action)
