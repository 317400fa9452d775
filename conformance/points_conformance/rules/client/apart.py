"""``client.*``: several orders, one after the other and at the same moment.

What a client keeps of one order must not become the answer of another.
"""

from typing import Final

from points_conformance.contract.names import OrderStatus
from points_conformance.judging.rule import Level, inferred
from points_conformance.rules.client.family import family
from points_conformance.rules.client.judging import REFUND, asked_with, broken, honest
from points_conformance.targets.client.case import Case, Operation, cancel, refund
from points_conformance.targets.client.outcome import ClientOutcome
from points_conformance.targets.client.record import Record, Turn

__all__ = ["rule"]

MUST: Final = Level.MUST
_APART: Final = inferred("what is answered of one order is about no other")
rule = family(
    REFUND, _APART, after=("client.cancel", "client.full-refund", "client.refused-is-refused")
)

NEW, APPROVED, CANCELLED = OrderStatus.NEW, OrderStatus.APPROVED, OrderStatus.CANCELLED
FULLY = OrderStatus.FULLY_REFUNDED
#: What is asked of three orders, alike but for the order, and how they stand: one of them refuses.
_THREE: Final = (
    ("part", (APPROVED, CANCELLED, APPROVED)),
    ("part", (CANCELLED, APPROVED, APPROVED)),
    ("all", (APPROVED, APPROVED, CANCELLED)),
    ("cancel", (NEW, FULLY, NEW)),
)
_WHY: Final = "One of several"


def _asked(what: str, order: int) -> Operation:
    if what == "cancel":
        return cancel(_WHY, order)
    return refund("25.00" if what == "part" else None, _WHY, order)


def _cases(*, at_once: bool) -> tuple[Case, ...]:
    return tuple(
        asked_with(
            operations=[_asked(what, order) for order in (1, 2, 3)],
            status=statuses[0],
            others=statuses[1:],
            at_once=at_once,
        )
        for what, statuses in _THREE
    )


@rule("client.orders-apart", MUST, cases=_cases(at_once=False))
def one_order_after_another(records: list[Record]) -> None:
    """Of several orders, one after the other, each MUST be done or refused, and told, by itself."""
    honest(records)
    for record in records:
        for turn in record.turns:
            wanted = ClientOutcome.REFUSED if _final(turn) else ClientOutcome.DONE
            if turn.said.outcome is not wanted:
                raise _mixed_up(record, turn, str(wanted))


@rule("client.orders-at-once", MUST, after="client.orders-apart", cases=_cases(at_once=True))
def orders_at_the_same_moment(records: list[Record]) -> None:
    """Of several orders at the same moment each MUST be told what became of itself, or unknown."""
    honest(records)
    for record in records:
        for turn in record.turns:
            if turn.said.outcome is ClientOutcome.REFUSED and not _final(turn):
                raise _mixed_up(record, turn, "done or unknown")


def _final(turn: Turn) -> bool:
    """Whether nothing can be reversed any more."""
    return turn.before.status in (CANCELLED, FULLY)


def _mixed_up(record: Record, turn: Turn, wanted: str) -> Exception:
    return broken(
        record,
        "one order is told what became of another",
        expected=f"{wanted}, for the {turn.operation} of an order that was {turn.before.status}",
        got=f"{turn.said}; in truth {turn.truth()}",
    )
