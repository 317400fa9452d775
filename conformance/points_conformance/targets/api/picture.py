"""A server's story as it is drawn: calls, the webhooks that came meanwhile, what is left. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from points_conformance.contract.money import MoneyError, halalas, sar_text
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.picture import answered, short
from points_conformance.judging.step import Step
from points_conformance.simulator.messages import dump_json, load_json
from points_conformance.targets.api.answer import order_in
from points_conformance.targets.api.inbox import Inbox
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.walk import order_of_call

__all__ = ["pictured"]

_KIT: Final = "kit"
_SERVER: Final = "server"
_MAKES: Final = "/orders/earning"
#: What is no order's is told by its beginning.
_UUID: Final = re.compile(r"([0-9a-f]{4})[0-9a-f]{4}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: What a call may say of the money, and why; the rest of its body stands in the exchanges.
_SENT: Final = ("amount", "total_price", "status", "reason")
#: What an event may say of the money, in the order in which it is told.
_TOLD: Final = (("refund_amount", ""), ("left_amount", "left "))


def pictured(
    made: Iterable[Exchange],
    story: Sequence[Exchange],
    of: Iterable[TestOrder],
    inbox: Inbox | None,
) -> list[Step]:
    """The steps of a story, with the webhooks of its orders that came meanwhile.

    ``made``: all calls of the rule, by which what is left is counted; ``of``: the run's orders.
    """
    known = {call.number: call for call in [*made, *story]}
    calls = [known[number] for number in sorted(known)]
    orders = {order.uuid.lower(): order for order in of}
    numbers = {call.number for call in story}
    names = _named(_order_of(call) for call in calls if call.number in numbers)
    left: dict[str, int | None] = {uuid: order.total for uuid, order in orders.items()}
    rows = [
        (call.at, number, step)
        for number, call in enumerate(calls)
        for step in [_called(call, names, orders, left)]
        if call.number in numbers
    ]
    since = min((at for at, _, _ in rows), default=0.0)
    heard = (one for uuid in names for one in (inbox.heard(uuid) if inbox else ()))
    told = [one for one in heard if one.came >= since]
    rows += [(one.came, len(calls) + n, _heard(one, names)) for n, one in enumerate(told)]
    return [step for _, _, step in sorted(rows, key=lambda row: row[:2])]


def _named(uuids: Iterable[str]) -> dict[str, str]:
    """A letter for each order; what has no letter left keeps the beginning of its uuid."""
    each = [uuid for uuid in dict.fromkeys(uuids) if uuid]
    return {uuid: dict(enumerate(_LETTERS)).get(n, uuid[:8]) for n, uuid in enumerate(each)}


def _order_of(call: Exchange) -> str:
    """The order that a call is about, or makes."""
    uuid, _ = order_of_call(call)
    if uuid or not call.url.endswith(_MAKES):
        return uuid
    return str(order_in(_json(call.answer)).get("uuid") or "").lower()


def _called(
    call: Exchange,
    names: Mapping[str, str],
    orders: Mapping[str, TestOrder],
    left: dict[str, int | None],
) -> Step:
    uuid, action = order_of_call(call)
    path = urlsplit(call.url).path
    path = path.partition("/api/v1")[2] or path
    named = names.get(_order_of(call), "")
    if uuid in names:
        path = path.lower().replace(uuid, named)
    path = _UUID.sub(r"\1…", path)
    after, wrong = "", False
    if action == "refund" and 200 <= (call.status or 0) < 300 and uuid in orders:
        left[uuid] = _after(left[uuid], call.body)
        after, wrong = _in_words(left[uuid], orders[uuid].total)
    return Step(
        teller=_KIT,
        hearer=_SERVER,
        said=short(f"{call.method} {path} {_sent(call.body or '')}"),
        answer=_answer(call, "" if uuid else named),
        lost=call.status is None,
        after=short(after),
        wrong=wrong,
    )


def _sent(body: str) -> str:
    """What of a body matters to a story of money; all of it where nothing does."""
    content = _json(body)
    known = content if isinstance(content, dict) else {}
    told = [
        f"{name} {short(dump_json(known[name]).decode(), 40)}" for name in _SENT if name in known
    ]
    return ", ".join(told) or body


def _answer(call: Exchange, made: str) -> str:
    """Status, and what is told of the order; ``made``: which one, where the call named none."""
    order = order_in(_json(call.answer))
    told = order.get("order_status")
    if isinstance(told, str):
        of = f" order {made}:" if made else ""
        return short(f"{answered(call)}{of} {told}")
    content = _json(call.answer)
    message = content.get("message") if isinstance(content, dict) else None
    return short(f"{answered(call)}: {message}" if isinstance(message, str) else answered(call))


def _after(left: int | None, body: str | None) -> int | None:
    """What is left of an order once a refund was carried out; ``None`` where nobody can say."""
    content = _json(body or "{}")
    if left is None or not isinstance(content, dict):
        return None
    if "amount" not in content:
        return 0
    try:
        return left - halalas(content["amount"])
    except MoneyError:
        return None


def _in_words(left: int | None, total: int) -> tuple[str, bool]:
    if left is None:
        return "", False
    if left < 0:
        return f"{sar_text(-left)} SAR more than was paid", True
    return f"{sar_text(left)} of {sar_text(total)} SAR left", False


def _heard(one: Received, names: Mapping[str, str]) -> Step:
    uuid = str(one.order.get("id", "")).lower()
    said = " ".join(["webhook", one.event, names.get(uuid, ""), *_money(one.order)])
    status = one.answered if isinstance(one.answered, int) else None
    return Step(
        teller=_SERVER,
        hearer=_KIT,
        said=short(said),
        answer=f"HTTP {status}" if status is not None else f"no answer: {one.answered}",
        lost=status is None,
        event=True,
    )


def _money(order: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"{word}{order[name]}" for name, word in _TOLD if order.get(name) is not None)


def _json(text: str) -> Any:
    try:
        return load_json(text.encode("utf-8", "replace"))
    except ValueError:
        return None
