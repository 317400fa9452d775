"""From what a run recorded to the histories that the module ``reconcile`` reads.

Everything is taken from the exchanges, so that no call escapes, whichever rule made it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from points_conformance.contract.money import MoneyError, halalas, nearby_halalas
from points_conformance.contract.names import REVERSAL_EVENTS, REVERSALS, OrderStatus
from points_conformance.judging.exchange import Exchange
from points_conformance.rules.api.reconcile import (
    Announced,
    Asked,
    Discrepancy,
    History,
    Shown,
    discrepancies,
)
from points_conformance.simulator.messages import load_json
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.payload import order_of
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.target import ApiTarget

__all__ = ["Unfolding", "asked_by", "histories", "history_of", "told_by"]

#: The number of a call, and what it asked for or the status that it read.
_Step = tuple[int, Asked | str]
#: So many orders are looked at at a time: more than a standard run has.
_AT_A_TIME: Final = 1000
#: No call of ours, and yet reads from before it say nothing of what came of it.
_BY_PLATFORM: Final = "auto-refund"
_CALL: Final = re.compile(r"/orders/([^/]+)(?:/(" + "|".join(REVERSALS) + "))?")


def histories(api: ApiTarget) -> Iterator[History]:
    """The history of every order of the run, one after another: all of them are much to hold."""
    orders = api.whole.orders
    for first in range(0, len(orders), _AT_A_TIME):
        some = orders[first : first + _AT_A_TIME]
        steps: dict[str, list[_Step]] = {order.uuid.lower(): [] for order in some}
        for exchange in api.whole.exchanges:
            match = _CALL.search(urlsplit(exchange.url).path)
            if match and match[1].lower() in steps:
                steps[match[1].lower()] += _steps(match[2], exchange)
        for order in some:
            told = map(told_by, _told(api, order))
            yield _history(api, order, steps[order.uuid.lower()], told)


def history_of(api: ApiTarget, order: TestOrder, calls: Iterable[Exchange]) -> History:
    """One order's."""
    steps: list[_Step] = []
    for exchange in calls:
        match = _CALL.search(urlsplit(exchange.url).path)
        steps += _steps(match[2] if match else None, exchange)
    return _history(api, order, steps, map(told_by, _told(api, order)))


class Unfolding:
    """The histories of orders while rules still run: each exchange is looked at once."""

    def __init__(self) -> None:
        self._steps: defaultdict[str, list[_Step]] = defaultdict(list)
        self._seen = 0
        #: What each order's events say, as far as they were read.
        self._announced: defaultdict[str, list[Announced]] = defaultdict(list)
        #: What was found in an order, and in how many steps and events.
        self._found: dict[str, tuple[tuple[int, int], list[Discrepancy]]] = {}

    def differences(self, api: ApiTarget, order: TestOrder) -> list[Discrepancy] | None:
        """What is found in one order so far; compared once, however many rules ask. ``None`` while
        that cannot be said.
        """
        read = self._read(api, order)
        if read is None:
            return None
        known = len(read[0]), len(read[1])
        if self._found.get(order.uuid, (None,))[0] != known:
            history = _history(api, order, *read)
            self._found[order.uuid] = known, discrepancies(history) if history.was_asked else []
        return self._found[order.uuid][1]

    def so_far(self, api: ApiTarget, order: TestOrder) -> History | None:
        """One order's; ``None`` while a call about it is under way: what came of that is told
        before it is answered.
        """
        read = self._read(api, order)
        return None if read is None else _history(api, order, *read)

    def _read(
        self, api: ApiTarget, order: TestOrder
    ) -> tuple[Sequence[_Step], Sequence[Announced]] | None:
        """What was asked of an order and told of it so far, each read once."""
        # In this order: what was told by now was asked for by a call that is under way or recorded.
        told = _told(api, order)
        if api.is_asked(order.uuid):
            return None
        for exchange in api.exchanges_after(self._seen):
            self._seen += 1
            match = _CALL.search(urlsplit(exchange.url).path)
            if match:
                self._steps[match[1].lower()] += _steps(match[2], exchange)
        announced = self._announced[order.uuid]
        announced += map(told_by, told[len(announced) :])
        return self._steps[order.uuid.lower()], announced


def _steps(operation: str | None, exchange: Exchange) -> Iterator[_Step]:
    """What a call says of its order, if anything: what it asked for, or the status it read."""
    if exchange.method == "POST" and operation:
        yield exchange.number, asked_by(operation, exchange)
    elif exchange.method == "GET" and exchange.status == 200:
        status = _order(_json(exchange.answer)).get("order_status")
        if isinstance(status, str):
            yield exchange.number, status


def _told(api: ApiTarget, order: TestOrder) -> list[Received]:
    return api.inbox.of(order.uuid) if api.inbox is not None else []


def _history(
    api: ApiTarget, order: TestOrder, steps: Iterable[_Step], told: Iterable[Announced]
) -> History:
    asked: list[Asked] = []
    shown: list[Shown] = []
    waiting = order.auto_refunded is not None
    for number, step in sorted(steps, key=lambda step: step[0]):
        if waiting and number > (order.auto_refunded or 0):
            asked.append(Asked(operation=_BY_PLATFORM))
            waiting = False
        if isinstance(step, str):
            shown.append(Shown(step, len(asked)))
        else:
            asked.append(step)
    if waiting:
        asked.append(Asked(operation=_BY_PLATFORM))
    return History(
        order=order.uuid,
        kind=order.kind,
        total=order.total,
        points=order.points,
        start=OrderStatus(order.status),
        asked=asked,
        told=[event for event in told if event.event in REVERSAL_EVENTS],
        shown=shown,
        inbox=api.inbox is not None,
        platform=order.auto_refunded is not None,
    )


def asked_by(operation: str, exchange: Exchange) -> Asked:
    """What a call asked for, and what came of it."""
    status = exchange.status
    known = status is not None and status < 500
    body = _json(exchange.body or "{}")
    fields = body if isinstance(body, dict) else {}
    readable = body in ({}, []) or isinstance(body, dict)
    reason = fields.get("reason")
    # One with spaces around may be told without them.
    given = isinstance(reason, str) and bool(reason) and reason == reason.strip()
    given = given and "\\" not in (exchange.body or "")
    return Asked(
        operation=operation,
        accepted=200 <= status < 300 if status is not None and known else None,
        amounts=_amounts(fields) if readable else frozenset(),
        reason=str(reason) if given else None,
        plain=readable and (given or "reason" not in fields),
    )


def _amounts(fields: Mapping[str, Any]) -> frozenset[int] | None:
    """What an amount may be booked as; ``None`` without one, empty for what is no number."""
    amount = fields.get("amount")
    if amount is None:
        return None
    try:
        return nearby_halalas(amount)
    except MoneyError:
        return frozenset()


def told_by(received: Received) -> Announced:
    """An event as it came."""
    payload = received.payload
    order = order_of(payload)
    reason = order.get("reason")
    return Announced(
        event=str(payload.get("event", "")),
        digest=received.digest,
        status=str(order.get("order_status")),
        amount=_money(order.get("refund_amount")),
        left=_money(order.get("left_amount")),
        points=_number(order.get("refund_points")),
        left_points=_number(order.get("left_points")),
        reason=reason if isinstance(reason, str) else None,
        timestamp=str(payload.get("timestamp", "")),
    )


def _money(value: object) -> int | None:
    try:
        return halalas(value)  # type: ignore[arg-type]
    except MoneyError:
        return None


def _number(value: object) -> Decimal | None:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Decimal(value) if is_number else None  # type: ignore[arg-type]


def _json(text: str) -> Any:
    try:
        return load_json(text.encode())
    except ValueError:
        return None


def _order(node: Any) -> Mapping[str, Any]:
    for _ in range(3):
        if not isinstance(node, dict):
            return {}
        if "order_status" in node:
            return node
        node = node.get("data")
    return {}
