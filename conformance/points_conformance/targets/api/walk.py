"""Through which statuses calls led an order: told from the calls and their answers alone. Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from points_conformance.contract.lifecycle import Action, certain
from points_conformance.contract.money import halalas
from points_conformance.contract.names import OrderStatus
from points_conformance.judging.exchange import Exchange
from points_conformance.targets.api.order import TestOrder

__all__ = ["REFUSED", "Move", "moves", "order_of_call", "walked"]

#: Where an action leads that is refused.
REFUSED: Final = "refused"
_CALL: Final = re.compile(
    r"/orders/(?!earning$)([^/?#]+)(?:/(cancel|refund|authorize|capture|complete))?$"
)
_STATUS: Final = re.compile(r'"order_status"\s*:\s*"(\w{1,40})"')
_UUID: Final = re.compile(r'"uuid"\s*:\s*"([^"]{1,64})"')
_NAMED: Final = re.compile(r'"amount"\s*:')
_AMOUNT: Final = re.compile(r'"amount"\s*:\s*(\d{1,15}(?:\.\d{1,2})?)\s*[,}]')
_MOVE: Final = " > "


class Move(NamedTuple):
    """An action, from which status, and where it led: a status, or :data:`REFUSED`."""

    at: str
    action: str
    to: str

    def __str__(self) -> str:
        return _MOVE.join(self)

    @classmethod
    def of(cls, text: str) -> "Move | None":
        """The move that such a text stands for; ``None`` where it is none."""
        parts = text.split(_MOVE)
        return cls(*parts) if len(parts) == 3 else None


def order_of_call(call: Exchange) -> tuple[str, str]:
    """The order that a call is about, in lower case, and what is asked of it; both may be empty."""
    found = _CALL.search(call.url)
    return (found[1].lower(), found[2] or "") if found else ("", "")


def moves(calls: Iterable[Exchange], orders: Iterable[TestOrder] = ()) -> Iterator[Move]:
    """The moves of the orders that these calls are about, in their order.

    ``orders``: those that were given, each in its status: for those whose first call here is no
    read, and for what is left of their totals.
    """
    given = {order.uuid.lower(): order for order in orders}
    at = {uuid: order.status.value for uuid, order in given.items()}
    left = {uuid: order.total for uuid, order in given.items()}
    seen: set[str] = set()
    for call in calls:
        uuid, action = order_of_call(call)
        status = call.status or 0
        told = _STATUS.search(call.answer) if 200 <= status < 300 else None
        to = told[1] if told else ""
        if not uuid and to:
            made = _UUID.search(call.answer)
            uuid = made[1].lower() if made else ""
        before = _before(action, to) if uuid not in seen and action else ""
        before = before or at.get(uuid, "")
        if action and before and (to or 400 <= status < 500):
            yield Move(before, _meant(action, call, to, left.get(uuid)), to or REFUSED)
        by_itself = not action and to == OrderStatus.FULLY_REFUNDED and uuid in given
        if by_itself and given[uuid].auto_refunded is not None and at.get(uuid, to) != to:
            yield Move(at[uuid], Action.AUTO_REFUND.value, to)
        if to:
            at[uuid] = to
            seen.add(uuid)
        if to and action == "refund" and uuid in left:
            left[uuid] -= _amount(call) or 0


def walked(calls: Iterable[Exchange], orders: Iterable[TestOrder]) -> list[str]:
    """The same as texts, each move once, the latest last."""
    latest_first = reversed([str(move) for move in moves(list(calls), orders)])
    return list(dict.fromkeys(latest_first))[::-1]


def _before(action: str, to: str) -> str:
    """Where an order was that the kit itself led on before anybody asked for its status."""
    if action not in (Action.AUTHORIZE, Action.CAPTURE):
        return ""
    return next((f.value for f, status in certain(Action(action)) if status == to), "")


def _meant(action: str, call: Exchange, to: str, left: int | None) -> str:
    """The action as the lifecycle knows it: a refund is a part, or the rest."""
    if action != "refund":
        return action
    told = to == OrderStatus.PARTIALLY_REFUNDED
    part = told if to else _NAMED.search(call.body or "") is not None and _amount(call) != left
    return (Action.REFUND_PART if part else Action.REFUND_REST).value


def _amount(call: Exchange) -> int | None:
    """The halalas that a refund names; ``None`` where it names none, or none that is exact."""
    found = _AMOUNT.search(call.body or "")
    return halalas(found[1]) if found else None
