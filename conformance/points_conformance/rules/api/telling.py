"""Steps of the webhook rules: an order is reversed, and what is told of it is fetched.

Stories that many rules look at are brought about once a run.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from points_conformance.contract.money import MoneyError, halalas, sar
from points_conformance.contract.names import OrderStatus
from points_conformance.judging.finding import Denied, Finding, NotExercised
from points_conformance.rules.api.expect import expect
from points_conformance.rules.api.readings import cancel_settled, cancellable
from points_conformance.rules.api.shared import Shared, Telling, ToldOrder
from points_conformance.targets.api.endpoints import endpoint_of
from points_conformance.targets.api.inbox import Inbox
from points_conformance.targets.api.order import TestOrder, TurnedAway
from points_conformance.targets.api.received import MAIN, Received
from points_conformance.targets.api.reply import Reply
from points_conformance.targets.api.target import ApiTarget

__all__ = [
    "ENDPOINT_NAME",
    "a_cancel",
    "a_refund",
    "a_series",
    "all_told",
    "at_rest",
    "failed_deliveries",
    "own_endpoint",
    "told",
    "wait_for_the_late",
]

#: What an endpoint of a rule is called.
ENDPOINT_NAME: Final = "points-conformance rule"
_REASONS = ("The first item came back", "The second item came back", "The rest came back")


def told(
    api: ApiTarget, order: TestOrder, event: str, count: int = 1, place: str = MAIN
) -> list[Received]:
    """The events of an order that differ, at least ``count`` of them, or a finding: for the rules
    that say that a reversal is told.
    """
    inbox = api.webhooks()
    events = inbox.waited_for(order.uuid, event, count, place)
    if len(events) < count:
        missing = f"no {event} event" if not events else f"a {event} event is missing"
        raise Finding(
            missing,
            expected=f"{count} {event} event{'s' if count > 1 else ''} within "
            f"{inbox.patience:g} s (the grace time of {inbox.grace:g} s, and a last look)",
            got=f"{len(events)}",
        )
    return events


def _once(api: ApiTarget, name: str, story: Callable[[], ToldOrder]) -> ToldOrder:
    """A story, brought about at most once a run."""

    def made() -> ToldOrder:
        first = len(api.exchanges)
        try:
            done = story()
        except Finding as finding:
            finding.exchanges = finding.exchanges or tuple(api.exchanges[first:])
            raise
        return replace(done, exchanges=tuple(api.exchanges[first:]))

    return Shared.of(api).stories.get(name, made)


def a_series(api: ApiTarget) -> ToldOrder:
    """Three refunds that give back all of an order, each told."""

    def story() -> ToldOrder:
        api.webhooks()
        order = api.refundable(15_075)
        amounts = [order.total // 6, order.total // 4]
        amounts.append(order.total - sum(amounts))
        for amount, reason in zip(amounts, _REASONS, strict=True):
            answer = api.refund(order, amount=sar(amount), reason=reason)
            if answer.refused and not order.accepted:
                why = f"a first partial refund is refused with {answer.status}"
                raise TurnedAway(why, order)
            expect(answer, order).accepted()
        events = _in_order(told(api, order, "refunded", len(amounts)))
        tellings, left = [], order.total
        for amount, reason, event in zip(amounts, _REASONS, events, strict=False):
            left -= amount
            status = OrderStatus.PARTIALLY_REFUNDED if left else OrderStatus.FULLY_REFUNDED
            tellings.append(Telling(event, reason, amount, left, status))
        return ToldOrder(order, tellings, ())

    return _once(api, "a series of refunds", story)


def _in_order(events: list[Received]) -> list[Received]:
    """In the order of the refunds: by their reasons, else by what is left, else by their time."""
    reasons = [event.order.get("reason") for event in events]
    if sorted(map(str, reasons)) == sorted(_REASONS):
        return sorted(events, key=lambda event: _REASONS.index(event.order["reason"]))
    left = [_halalas(event.order.get("left_amount")) for event in events]
    if all(amount is not None for amount in left):
        order = sorted(range(len(events)), key=lambda n: left[n] or 0, reverse=True)
        return [events[n] for n in order]
    return sorted(events, key=lambda event: str(event.payload.get("timestamp")))


def _halalas(value: object) -> int | None:
    try:
        return halalas(value)  # type: ignore[arg-type]
    except MoneyError:
        return None


def a_refund(api: ApiTarget) -> ToldOrder:
    """A full refund, told."""

    def story() -> ToldOrder:
        api.webhooks()
        order = api.refundable()
        reason = "The goods came back"
        expect(api.refund(order, reason=reason), order).accepted()
        event = told(api, order, "refunded")[0]
        full = OrderStatus.FULLY_REFUNDED
        return ToldOrder(order, [Telling(event, reason, order.total, 0, full)], ())

    return _once(api, "a refund", story)


def a_cancel(api: ApiTarget) -> ToldOrder:
    """A cancel, told."""

    def story() -> ToldOrder:
        api.webhooks()
        cancel_settled(api, OrderStatus.APPROVED)
        order = cancellable(api)
        reason = "The customer changed their mind"
        expect(api.cancel(order, reason=reason), order).accepted()
        return ToldOrder(order, [Telling(told(api, order, "cancelled")[0], reason)], ())

    return _once(api, "a cancel", story)


def all_told(api: ApiTarget) -> list[tuple[ToldOrder, Telling]]:
    """Every telling of the refund, and of the series and the cancel where there can be one."""
    stories = [a_refund(api)]
    with contextlib.suppress(NotExercised):
        stories.append(a_series(api))
    if Shared.of(api).stories.has("a cancel"):
        cancel = a_cancel(api)
        stories.append(replace(cancel, led_by=(cancel.order.rule,)))
    return [(story, telling) for story in stories for telling in story.tellings]


@contextlib.contextmanager
def own_endpoint(api: ApiTarget, place: str) -> Iterator[dict[str, Any]]:
    """An endpoint of the run's own at a place of the inbox, while the block lasts."""
    inbox = api.webhooks()
    answer = api.endpoints.open(ENDPOINT_NAME, inbox.url(place))
    expect(answer).accepted()
    endpoint = endpoint_of(answer)
    if isinstance(endpoint.get("secret"), str):
        inbox.trust(place, endpoint["secret"])
    try:
        yield endpoint
    finally:
        if isinstance(endpoint.get("uuid"), str) and api.endpoints.is_open(endpoint["uuid"]):
            api.endpoints.remove(endpoint["uuid"])


def failed_deliveries(
    api: ApiTarget,
    replies: Iterable[Reply],
    attempts: int,
    *,
    more: float = 0.0,
    place: str = MAIN,
) -> tuple[TestOrder, list[Received]]:
    """A refund whose deliveries to an endpoint are answered so, and the attempts once so many have
    come. Raises :class:`Denied` where none has: that it is told at all is for other rules to say.
    """
    inbox = api.webhooks()
    order = api.refundable()
    inbox.answer(order.uuid, "refunded", replies, place)
    expect(api.refund(order, reason="A delivery that fails"), order).accepted()
    attempted = inbox.wait_for_attempts(order.uuid, "refunded", attempts, more=more, place=place)
    if not attempted:
        raise Denied(
            f"not told: no refunded event of order {order.uuid} came to be answered so "
            "(--webhook-grace; webhook.every-reversal-is-told judges whether it comes)"
        )
    return order, attempted


def at_rest(api: ApiTarget) -> Inbox:
    """The inbox, once whatever has not come is missing: judged once, at the end, for all orders."""
    inbox, shared, calls = api.webhooks(), Shared.of(api), len(api.whole.exchanges)
    if shared.calls_at_rest != calls:
        inbox.rest()
        shared.calls_at_rest = calls
    inbox.require()
    return inbox


def wait_for_the_late(api: ApiTarget, late: Iterable[tuple[str, str, int]]) -> None:
    """Look once more for what had not come at rest (of an order so many of an event); once for all
    rules.
    """
    inbox, shared, calls = api.webhooks(), Shared.of(api), len(api.whole.exchanges)
    if shared.calls_at_last_look != calls:
        inbox.rest_again(late)
        shared.calls_at_last_look = calls
