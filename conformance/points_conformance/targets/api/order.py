"""An order that a check works on: what is known of it, and what was done to it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.finding import Denied, NotExercised
from points_conformance.targets.api.answer import Answer

__all__ = [
    "Made",
    "Reversal",
    "TestOrder",
    "TurnedAway",
    "Wanted",
    "fits",
    "none_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order that a rule asks for. ``total`` in halalas; not ``exact``: at least one riyal.

    ``fresh``: made for this run, not one that the user gave to be used up. ``metadata``: what an
    order that is made for the run is described by, where its source can; nobody insists on it.
    """

    kind: OrderType | None
    status: OrderStatus
    total: int
    exact: bool
    fresh: bool = False
    metadata: Mapping[str, Any] | None = field(default=None, hash=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An order that a source gave. ``given``: it is the user's own, not made by us."""

    uuid: str
    kind: OrderType
    status: OrderStatus
    total: int
    points: int | None
    number: str | None
    given: bool = False

    def adopted(self, rule: str) -> "TestOrder":
        """The order under test that it becomes for a rule."""
        return TestOrder(
            uuid=self.uuid,
            kind=self.kind,
            status=self.status,
            total=self.total,
            points=self.points,
            number=self.number,
            given=self.given,
            rule=rule,
        )


def fits(made: Made, wanted: Wanted) -> bool:
    """Whether an order is what a rule wants."""
    if made.status is not wanted.status or wanted.kind not in (None, made.kind):
        return False
    return made.total == wanted.total if wanted.exact else made.total >= min(wanted.total, 100)


def none_of(wanted: Wanted, *, promised: bool) -> NotExercised:
    """Why there is no such order: nobody ever gave one, or, ``promised``, there is none left."""
    if promised:
        return Denied(_ran_dry(wanted))
    kind = f"{wanted.kind.value} " if wanted.kind else ""
    return NotExercised(_what_to_supply(wanted), lacks=f"{wanted.status.value} {kind}orders")


def _ran_dry(wanted: Wanted) -> str:
    kind = f"{wanted.kind.value} " if wanted.kind else ""
    return (
        f"the {wanted.status.value} {kind}orders ran dry, or were not as they were said to be: "
        "supply more (--dry-run tells how many a run wants)"
    )


def _what_to_supply(wanted: Wanted) -> str:
    kind = f"{wanted.kind.value} " if wanted.kind else ""
    total = f" of {sar(wanted.total)} SAR" if wanted.exact else ""
    return (
        f"no {wanted.status.value} {kind}order{total}: supply one with --orders or the hook "
        "pytest_points_make_order"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """A cancel or refund that was sent, and what was answered. ``part``: it named an ``amount``,
    the JSON value; ``call`` is the number of its exchange. The answer itself is not kept: a run
    has many.
    """

    operation: str
    part: bool
    accepted: bool
    refused: bool = False
    amount: Any = None
    order_status: str | None = None
    call: int = 0

    @classmethod
    def told(cls, operation: str, fields: Mapping[str, Any], answer: Answer) -> Self:
        """By its answer."""
        status = answer.order_status
        return cls(
            operation=operation,
            part="amount" in fields,
            accepted=answer.accepted,
            refused=answer.refused,
            amount=fields.get("amount"),
            # Of some ten thousand answers it is one of seven words.
            order_status=status and sys.intern(status),
            call=answer.exchange.number,
        )


@dataclass(slots=True, eq=False)
class TestOrder:
    """An order under test. ``total`` in halalas; ``reversals`` is its history, oldest first."""

    __test__ = False

    uuid: str
    kind: OrderType
    status: OrderStatus
    total: int
    points: int | None
    number: str | None
    given: bool
    rule: str
    reversals: list[Reversal] = field(default_factory=list)
    #: After so many calls of the run the platform was asked to refund it by itself.
    auto_refunded: int | None = None

    @property
    def accepted(self) -> list[Reversal]:
        """The reversals that were carried out, by their answers."""
        return [reversal for reversal in self.reversals if reversal.accepted]


class TurnedAway(Denied):
    """The first refund of an order was refused, which its age, its settlement or a switch of the
    merchant may explain: nobody can see that from outside, and another order may do.
    """

    def __init__(self, reason: str, order: TestOrder) -> None:
        super().__init__(reason)
        self.order = order
