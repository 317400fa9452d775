"""What was reversed by the test's own calls, and so has to be told by webhooks.

A call through httpx is seen; of an order that none was seen of, its status is read instead. Then a
further part that goes back from a partially refunded order does not show.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from points_conformance.contract.names import Event, OrderStatus
from points_conformance.targets.api.order import Reversal, TestOrder
from points_conformance.targets.api.payload import order_of
from points_conformance.targets.api.target import ApiTarget

__all__ = ["ENDED", "Expected", "Reversals"]

_MAKING: Final = (Event.APPROVED, Event.COMPLETED, Event.AUTHORIZED, Event.CAPTURED)
#: Events of an order's making, by the status that it was handed out in. The test has not caused
#: them, and the simulator tells none.
_QUIET: Final[Mapping[OrderStatus, frozenset[str]]] = {
    OrderStatus.NEW: frozenset(),
    OrderStatus.APPROVED: frozenset({Event.APPROVED, Event.COMPLETED}),
    OrderStatus.AUTHORIZED: frozenset({Event.AUTHORIZED}),
    OrderStatus.CAPTURED: frozenset({Event.AUTHORIZED, Event.CAPTURED}),
    OrderStatus.PARTIALLY_REFUNDED: frozenset(_MAKING),
    OrderStatus.CANCELLED: frozenset({*_MAKING, Event.CANCELLED}),
    OrderStatus.FULLY_REFUNDED: frozenset({*_MAKING, Event.REFUNDED}),
}
_CAUSED: Final = {"cancel": Event.CANCELLED, "refund": Event.REFUNDED}
_REFUNDED: Final = frozenset({Event.REFUNDED, Event.AUTO_REFUNDED})
#: The events that lead to a status which a reversal ends in.
_LED_BY: Final[Mapping[str | None, frozenset[str]]] = {
    OrderStatus.CANCELLED: frozenset({Event.CANCELLED}),
    OrderStatus.PARTIALLY_REFUNDED: frozenset({Event.REFUNDED}),
    OrderStatus.FULLY_REFUNDED: _REFUNDED,
}
#: The statuses that nothing more goes back from.
ENDED: Final = frozenset({OrderStatus.CANCELLED.value, OrderStatus.FULLY_REFUNDED.value})


@dataclass(frozen=True, slots=True)
class Expected:
    """A reversal that has to be told of by one of ``events``. ``turn``: what was registered before
    hears it. ``whole``: of so many halalas, which the events that tell of it sum up to.
    """

    uuid: str
    events: frozenset[str]
    turn: int
    whole: int | None = None

    def __str__(self) -> str:
        return f"{' or '.join(sorted(self.events))} of order {self.uuid}"


class Reversals:
    """The orders of one test, and what has to be told of them."""

    def __init__(self, api: ApiTarget) -> None:
        self._api = api
        self.expected: list[Expected] = []
        self._made: dict[str, TestOrder] = {}
        self._known: set[str] = set()
        self._numbers: dict[str, str | None] = {}
        self._seen: set[str] = set()
        self._unsure: set[str] = set()
        self._looked: dict[str, str | None] = {}
        self._turns = itertools.count(1)

    def turn(self) -> int:
        """A number higher than all before."""
        return next(self._turns)

    # ------------------------------------------------------------------ whose an event is
    def made(self, order: TestOrder) -> None:
        """The test was handed this order."""
        uuid = order.uuid.lower()
        self._made[uuid] = order
        self._looked[uuid] = order.status.value
        self.know(uuid)
        if order.number:
            self._numbers[order.number] = uuid

    def know(self, uuid: str) -> None:
        """This order is the test's, whoever made it."""
        self._known.add(uuid.lower())

    def know_number(self, number: str) -> None:
        """The test makes an order of this number itself."""
        self._numbers.setdefault(number.removeprefix("#"), None)

    def owner(self, payload: Mapping[str, Any]) -> str | None:
        """The uuid of the test's order that an event is about; ``None`` for anybody else's."""
        order = order_of(payload)
        uuid, number = str(order.get("id")).lower(), str(order.get("order_number"))
        if uuid in self._known:
            return uuid
        return (self._numbers[number] or uuid) if number in self._numbers else None

    def is_quiet(self, payload: Mapping[str, Any]) -> bool:
        """Whether an event tells of the making of an order that the test was handed."""
        order = self._made.get(self.owner(payload) or "")
        return order is not None and payload.get("event") in _QUIET[order.status]

    # ------------------------------------------------------------------ what was reversed
    def accepted(self, uuid: str, operation: str, fields: Mapping[str, Any], status: int) -> None:
        """A call of the test's was answered. An amount of nothing reverses nothing."""
        uuid = uuid.lower()
        self.know(uuid)
        self._seen.add(uuid)
        if not 200 <= status < 300:
            return
        if _is_nothing(fields.get("amount")):
            return
        self.expected.append(Expected(uuid, frozenset({_CAUSED[operation]}), self.turn()))
        self._note(uuid, operation, fields, status)

    def auto_refunded(self, order: TestOrder) -> None:
        """The platform was asked to refund an order by itself."""
        uuid = order.uuid.lower()
        self._seen.add(uuid)
        self.expected.append(Expected(uuid, frozenset({Event.AUTO_REFUNDED}), self.turn()))

    def lost(self, uuid: str) -> None:
        """A call got no answer: it may have been carried out."""
        self.know(uuid)
        self._unsure.add(uuid.lower())

    def look(self) -> None:
        """Read the orders that no call was seen of, or one without an answer."""
        told_of = {one.uuid for one in self.expected}
        for uuid, order in self._made.items():
            unseen = uuid not in self._seen or (uuid in self._unsure and uuid not in told_of)
            if unseen and self._looked[uuid] not in ENDED:
                self._look_at(uuid, order)

    def _look_at(self, uuid: str, order: TestOrder) -> None:
        before = self._looked[uuid]
        status = self._looked[uuid] = self._api.read(order).order_status or before
        if status == before or status not in _LED_BY:
            return
        whole = None
        if status == OrderStatus.FULLY_REFUNDED and order.status in (
            OrderStatus.APPROVED,
            OrderStatus.CAPTURED,
        ):
            whole = order.total
        self.expected.append(Expected(uuid, _LED_BY[status], self.turn(), whole))
        operation = "cancel" if status == OrderStatus.CANCELLED else "refund"
        self._note(uuid, operation, {}, 200)

    def _note(self, uuid: str, operation: str, fields: Mapping[str, Any], status: int) -> None:
        """For the run's effect."""
        order = self._made.get(uuid)
        if order is not None:
            accepted = 200 <= status < 300
            order.reversals.append(
                Reversal(operation=operation, part="amount" in fields, accepted=accepted)
            )

    # ------------------------------------------------------------------ the end
    def left(self) -> list[str]:
        """The orders that were made for the test and that it did not end, in words."""
        self.look()
        lines = []
        for uuid, order in self._made.items():
            if order.given or any(one.operation == "cancel" for one in order.accepted):
                continue
            status = self._api.read(order).order_status if uuid in self._seen else None
            status = status or self._looked[uuid]
            if status not in ENDED:
                lines.append(f"{order.uuid} ({order.number or 'no number'}), {status}")
        return lines


def _is_nothing(amount: Any) -> bool:
    return isinstance(amount, int | Decimal) and not isinstance(amount, bool) and amount == 0
