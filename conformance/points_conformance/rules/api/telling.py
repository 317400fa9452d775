"""Steps of the webhook rules: an order is reversed, and what is told of it is fetched.

Stories that many rules look at are brought about once a run.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from points_conformance.contract.money import MoneyError, halalas, sar
from points_conformance.contract.names import OrderStatus
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Finding, NotExercised, TurnedAway
from points_conformance.rules.api import readings
from points_conformance.rules.api.expect import expect
from points_conformance.targets.api.inbox import LAST_LOOK, MAIN, Inbox, Received, Reply
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import ApiTarget

__all__ = [
    "Story",
    "Telling",
    "a_cancel",
    "a_refund",
    "a_series",
    "all_told",
    "at_rest",
    "failed_deliveries",
    "told",
    "wait_for_the_late",
]

_REASONS = ("The first item came back", "The second item came back", "The rest came back")


@dataclass(frozen=True, slots=True)
class Telling:
    """One reversal and the event that tells of it; ``left`` halalas are left after it."""

    event: Received
    reason: str
    amount: int = 0
    left: int = 0
    status: OrderStatus = OrderStatus.CANCELLED


@dataclass(frozen=True, slots=True)
class Story:
    """An order, its calls, and what was told of them. ``led_by``: the rule without which it would
    not have come about.
    """

    order: TestOrder
    tellings: Sequence[Telling]
    exchanges: Sequence[Exchange]
    led_by: tuple[str, ...] = ()

    def require(self, held: bool, title: str, *, expected: object, got: object) -> None:
        """Raise a finding with the story's calls unless ``held``."""
        if not held:
            raise Finding(
                title,
                expected=str(expected),
                got=str(got),
                exchanges=self.exchanges,
                led_by=self.led_by,
            )


def told(
    api: ApiTarget, order: TestOrder, event: str, count: int = 1, place: str = MAIN
) -> list[Received]:
    """The events of an order that differ, at least ``count`` of them, or a finding: for the rules
    that say that a reversal is told.
    """
    inbox = api.webhooks()
    events = inbox.settled(order.uuid, event, count, place)
    if len(events) < count:
        missing = f"no {event} event" if not events else f"a {event} event is missing"
        raise Finding(
            missing,
            expected=f"{count} {event} event{'s' if count > 1 else ''} within "
            f"{inbox.patience:g} s (the grace time of {inbox.grace:g} s, and a last look)",
            got=f"{len(events)}",
        )
    return events


def _once(api: ApiTarget, name: str, story: Callable[[], Story]) -> Story:
    """A story, brought about at most once a run."""
    if name not in api.stories:
        first = len(api.exchanges)
        done = story()
        api.stories[name] = Story(done.order, done.tellings, tuple(api.exchanges[first:]))
    found: Story = api.stories[name]
    return found


def a_series(api: ApiTarget) -> Story:
    """Three refunds that give back all of an order, each told."""

    def story() -> Story:
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
        return Story(order, tellings, ())

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


def a_refund(api: ApiTarget) -> Story:
    """A full refund, told."""

    def story() -> Story:
        api.webhooks()
        order = api.refundable()
        reason = "The goods came back"
        expect(api.refund(order, reason=reason), order).accepted()
        event = told(api, order, "refunded")[0]
        full = OrderStatus.FULLY_REFUNDED
        return Story(order, [Telling(event, reason, order.total, 0, full)], ())

    return _once(api, "a refund", story)


def a_cancel(api: ApiTarget) -> Story:
    """A cancel, told."""

    def story() -> Story:
        api.webhooks()
        readings.cancel_settled(api, OrderStatus.APPROVED)
        order = api.cancellable()
        reason = "The customer changed their mind"
        expect(api.cancel(order, reason=reason), order).accepted()
        return Story(order, [Telling(told(api, order, "cancelled")[0], reason)], ())

    return _once(api, "a cancel", story)


def all_told(api: ApiTarget) -> list[tuple[Story, Telling]]:
    """Every telling of the refund, and of the series and the cancel where there can be one."""
    stories = [a_refund(api)]
    with contextlib.suppress(NotExercised):
        stories.append(a_series(api))
    if "a cancel" in api.stories:
        cancel = a_cancel(api)
        stories.append(replace(cancel, led_by=(cancel.order.rule,)))
    return [(story, telling) for story in stories for telling in story.tellings]


def failed_deliveries(
    api: ApiTarget, replies: Iterable[Reply], attempts: int, *, more: float = 0.0
) -> tuple[TestOrder, list[Received]]:
    """A refund whose deliveries are answered so, and the attempts once so many have come."""
    inbox = api.webhooks()
    order = api.refundable()
    inbox.answer(order.uuid, "refunded", replies)
    expect(api.refund(order, reason="A delivery that fails"), order).accepted()
    return order, inbox.wait_for_attempts(order.uuid, "refunded", attempts, more=more)


def at_rest(api: ApiTarget) -> Inbox:
    """The inbox, once whatever has not come is missing: judged once, at the end, for all orders."""
    inbox = api.webhooks()
    if api.stories.get("calls at rest") != len(api.exchanges):
        inbox.rest()
        api.stories["calls at rest"] = len(api.exchanges)
    inbox.require()
    return inbox


def wait_for_the_late(api: ApiTarget) -> None:
    """Look once more for what had not come at rest; once for all rules."""
    if api.stories.get("calls at the last look") != len(api.exchanges):
        inbox = api.webhooks()
        inbox.while_others_come(lambda: inbox.rest(LAST_LOOK))
        api.stories["calls at the last look"] = len(api.exchanges)
