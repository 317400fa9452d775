"""Through which statuses calls led an order: told from the calls and their answers alone. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Final, NamedTuple

from points_conformance.contract.lifecycle import Action, certain
from points_conformance.contract.names import OrderStatus
from points_conformance.judging.exchange import Exchange

__all__ = ["REFUSED", "Move", "moves", "order_of_call", "walked"]

#: Where an action leads that is refused.
REFUSED: Final = "refused"
_CALL: Final = re.compile(
    r"/orders/(?!earning$)([^/?#]+)(?:/(cancel|refund|authorize|capture|complete))?$"
)
_STATUS: Final = re.compile(r'"order_status"\s*:\s*"(\w{1,40})"')
_UUID: Final = re.compile(r'"uuid"\s*:\s*"([^"]{1,64})"')
_AMOUNT: Final = re.compile(r'"amount"\s*:')
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


def moves(
    calls: Iterable[Exchange], known: Mapping[str, OrderStatus], auto: Set[str] = frozenset()
) -> Iterator[Move]:
    """The moves of the orders that these calls are about, in their order.

    ``known``: the status in which an order was given, by its uuid in lower case: for orders whose
    first call here is no read. ``auto``: those that the platform was asked to refund by itself.
    """
    at: dict[str, str] = {uuid: status.value for uuid, status in known.items()}
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
            yield Move(before, _meant(action, call, to), to or REFUSED)
        by_itself = uuid in auto and not action and to == OrderStatus.FULLY_REFUNDED
        if by_itself and at.get(uuid, to) != to:
            yield Move(at[uuid], Action.AUTO_REFUND.value, to)
        if to:
            at[uuid] = to
            seen.add(uuid)


def walked(
    calls: Sequence[Exchange], known: Mapping[str, OrderStatus], auto: Set[str] = frozenset()
) -> list[str]:
    """The same as texts, each move once, the latest last."""
    latest_first = reversed([str(move) for move in moves(list(calls), known, auto)])
    return list(dict.fromkeys(latest_first))[::-1]


def _before(action: str, to: str) -> str:
    """Where an order was that the kit itself led on before anybody asked for its status."""
    if action not in (Action.AUTHORIZE, Action.CAPTURE):
        return ""
    return next((f.value for f, status in certain(Action(action)) if status == to), "")


def _meant(action: str, call: Exchange, to: str) -> str:
    """The action as the lifecycle knows it: a refund is a part, or the rest."""
    if action != "refund":
        return action
    told = to == OrderStatus.PARTIALLY_REFUNDED
    part = told if to else _AMOUNT.search(call.body or "") is not None
    return (Action.REFUND_PART if part else Action.REFUND_REST).value
