"""``fields.*``: what a reversal does not own stays, and its times are of now.

Every field that REST and events show is compared with what a read showed before, through every
kind of reversal, on orders that differ in all that they have. Each field is optional: what is not
shown is not judged.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.rule import Level, inferred, source
from points_conformance.rules.api.family import family
from points_conformance.rules.api.kept import (
    KEPT,
    KEPT_IN_EVENTS,
    Change,
    changes,
    emptied,
    moment,
    runs_back,
    zones_apart,
)
from points_conformance.rules.api.watched import (
    Watched,
    auto_refunds,
    brought_about,
    cancels,
    looked_back_on,
    refunds,
)
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST, SHOULD, OBSERVE = Level.MUST, Level.SHOULD, Level.OBSERVE
RESOURCE = source(Page.OPENAPI, "OrderResource")
PAYLOAD = source(Page.EVENTS, "Payload structure")
NOT_ITS_OWN = inferred("a reversal gives back; it changes nothing of what was ordered")
ONE_ORDER = inferred("REST and events show one order")
TIME = inferred("a timestamp says its zone: one moment is the same in all of them")
SHOWN = inferred("null is a value: a field that is not loaded is left out")
SHIPPING = inferred("shipping and money are told apart (a shipping status is no financial cancel)")
LATER = inferred("what changes later was changed later")
#: What says of one order that its event is told rightly.
TOLD = ("webhook.payload", "webhook.identity")
TRIGGER = (Need.INBOX, Need.AUTO_REFUND, Need.REPLACING)
REFUND, CANCEL, AUTO = "fields.refund-keeps", "fields.cancel-keeps", "fields.auto-refund-keeps"
rule = family(RESOURCE, NOT_ITS_OWN)


# ---------------------------------------------------------------------- in answers and reads
@rule(REFUND, MUST, after=("refund.remainder-by-amount", "refund.identity"), calls=26)
def a_refund_keeps_what_it_does_not_own(api: ApiTarget) -> None:
    """A refund MUST NOT change an order's numbers, type, price, points, metadata, items or time of
    creation, nor show another order's, in its answer or in a read.
    """
    _keeps(brought_about(api, refunds))


@rule(CANCEL, MUST, after=("cancel.ends-cancelled", "cancel.identity"), calls=20)
def a_cancel_keeps_what_it_does_not_own(api: ApiTarget) -> None:
    """A cancel MUST NOT change an order's numbers, type, price, metadata, items or time of
    creation, nor show another order's; its points may be shown as none.
    """
    _keeps(brought_about(api, cancels), cancelled=True)


@rule(AUTO, MUST, after="webhook.auto-refunded", needs=TRIGGER, calls=12)
def an_auto_refund_keeps_what_it_does_not_own(api: ApiTarget) -> None:
    """An auto-refund MUST NOT change an order's numbers, type, price, points, metadata, items or
    time of creation.
    """
    _keeps(brought_about(api, auto_refunds))


def _keeps(watched: Sequence[Watched], *, cancelled: bool = False) -> None:
    for one in watched:
        was = one.before.order
        for is_read, answer in one.answers:
            found = changes(was, answer.order)
            if is_read:
                found += emptied(was, answer.order)
            # An event of a cancel shows no points in the documentation; so may REST.
            found = [
                c for c in found if not (cancelled and c.field == "total_points" and not c.now)
            ]
            if found:
                raise _changed(one, found[0], _where(answer, is_read=is_read))


def _changed(one: Watched, change: Change, where: str) -> Exception:
    return one.finding(
        f"{change.field} changed",
        expected=f"{change.field} to stay {change.was!r}",
        got=f"{change.now!r} in {where}, of order {one.order.uuid}",
    )


def _where(answer: Answer, *, is_read: bool) -> str:
    number = answer.exchange.number
    return f"a read (call {number})" if is_read else f"the reversal's answer (call {number})"


# ---------------------------------------------------------------------- in events
@rule(
    "fields.refund-tells-its-order",
    MUST,
    PAYLOAD,
    ONE_ORDER,
    after=(REFUND, *TOLD),
    needs=Need.INBOX,
)
def a_refunded_event_tells_its_own_order(api: ApiTarget) -> None:
    """A refunded event MUST tell the number, reference, price, metadata and time of creation that
    REST shows of its order.
    """
    _told_as_shown(looked_back_on(api, refunds))


@rule(
    "fields.cancel-tells-its-order",
    MUST,
    PAYLOAD,
    ONE_ORDER,
    after=(CANCEL, *TOLD),
    needs=Need.INBOX,
)
def a_cancelled_event_tells_its_own_order(api: ApiTarget) -> None:
    """A cancelled event MUST tell the number, reference, price, metadata and time of creation that
    REST shows of its order.
    """
    _told_as_shown(looked_back_on(api, cancels))


@rule(
    "fields.auto-refund-tells-its-order",
    MUST,
    PAYLOAD,
    ONE_ORDER,
    after=(AUTO, *TOLD),
    needs=TRIGGER,
)
def an_auto_refunded_event_tells_its_own_order(api: ApiTarget) -> None:
    """An auto_refunded event MUST tell the number, reference, price, metadata and time of creation
    that REST shows of its order.
    """
    _told_as_shown(looked_back_on(api, auto_refunds))


def _told_as_shown(watched: Sequence[Watched]) -> None:
    for one in watched:
        for event in one.events:
            found = changes(one.before.order, event.order, KEPT_IN_EVENTS)
            if found:
                raise _changed(one, found[0], f"a {event.event} event")


@rule("fields.shown-as-they-are", SHOULD, RESOURCE, SHOWN, after=REFUND)
def a_field_is_not_shown_as_empty(api: ApiTarget) -> None:
    """A field that has a value SHOULD NOT be shown as null in a refund's answer or event."""
    for one in looked_back_on(api, refunds):
        seen: list[tuple[str, dict[str, Any]]] = [
            (_where(answer, is_read=is_read), answer.order) for is_read, answer in one.answers
        ]
        seen += [(f"a {event.event} event", event.order) for event in one.events]
        for where, shown in seen:
            found = emptied(one.before.order, shown, KEPT)
            if found:
                raise _changed(one, found[0], where)


@rule("fields.shipping-status-stays", SHOULD, RESOURCE, SHIPPING, after=REFUND)
def a_refund_keeps_the_shipping_status(api: ApiTarget) -> None:
    """A refund SHOULD NOT change the shipping status."""
    one = looked_back_on(api, refunds)[0]
    if one.before.order.get("status") is None:
        raise NotExercised("no shipping status is shown", lacks="shipping status")
    for is_read, answer in one.answers:
        found = changes(one.before.order, answer.order, ["status"])
        found += emptied(one.before.order, answer.order, ["status"])
        if found:
            raise _changed(one, found[0], _where(answer, is_read=is_read))


@rule("reading.order-fields", OBSERVE, RESOURCE, after=REFUND, matter="order-fields")
def which_fields_are_judged(api: ApiTarget) -> dict[str, str]:
    """Which of the fields that a reversal leaves alone an order shows, and so are judged, is read.

    Orders of a hook or a file are as the user made them: what they lack no rule can look at.
    """
    orders = [one.before.order for one in looked_back_on(api, refunds)]
    lacking = [name for name in KEPT if all(order.get(name) is None for order in orders)]
    return {"order-fields": f"all but {', '.join(lacking)}" if lacking else "all"}


# ---------------------------------------------------------------------- times
@rule("fields.updated-at-after-a-refund", MUST, RESOURCE, LATER, after=REFUND)
def updated_at_never_goes_back_by_a_refund(api: ApiTarget) -> None:
    """By a refund updated_at MUST NOT go back, from one answer to the next."""
    _never_goes_back(looked_back_on(api, refunds))


@rule("fields.updated-at-after-a-cancel", MUST, RESOURCE, LATER, after=CANCEL)
def updated_at_never_goes_back_by_a_cancel(api: ApiTarget) -> None:
    """By a cancel updated_at MUST NOT go back, from one answer to the next."""
    _never_goes_back(looked_back_on(api, cancels))


def _never_goes_back(watched: Sequence[Watched]) -> None:
    for one in watched:
        last = moment(one.before.order.get("updated_at"))
        for is_read, answer in one.answers:
            now = moment(answer.order.get("updated_at"))
            if last is not None and now is not None and runs_back(last, now):
                raise one.finding(
                    "updated_at goes back",
                    expected=f"{last.isoformat()} or later",
                    got=f"{now.isoformat()} in {_where(answer, is_read=is_read)}",
                )
            last = now or last


@rule("fields.refund-times-agree", MUST, RESOURCE, PAYLOAD, TIME, after=REFUND)
def the_times_of_a_refund_are_no_zone_apart(api: ApiTarget) -> None:
    """The times that answers, reads and events give to one refund MUST NOT be a time zone apart."""
    _no_zone_apart(looked_back_on(api, refunds))


@rule("fields.cancel-times-agree", MUST, RESOURCE, PAYLOAD, TIME, after=CANCEL)
def the_times_of_a_cancel_are_no_zone_apart(api: ApiTarget) -> None:
    """The times that answers, reads and events give to one cancel MUST NOT be a time zone apart."""
    _no_zone_apart(looked_back_on(api, cancels))


def _no_zone_apart(watched: Sequence[Watched]) -> None:
    """All of them are of now, whatever the clock that gave them says: what is between two of them
    is what the story took.
    """
    for one in watched:
        times = list(_times(one))
        for name, time in times[1:]:
            gap = zones_apart(times[0][1], time)
            if gap is not None:
                raise one.finding(
                    "times are a time zone apart",
                    expected=f"{name} of about {times[0][1].isoformat()}, as {times[0][0]}",
                    got=f"{time.isoformat()}: {gap} between them",
                )


def _times(one: Watched) -> Iterator[tuple[str, datetime]]:
    """Where a time of now is shown, and the time."""
    was = one.before.order.get("updated_at")
    if not one.order.given and (made := moment(one.before.order.get("created_at"))):
        yield "created_at", made
    for is_read, answer in one.answers:
        now = answer.order.get("updated_at")
        # That of an order which the user gave may be of then, where a reversal does not set it.
        if (time := moment(now)) and not (one.order.given and now == was):
            yield f"updated_at in {_where(answer, is_read=is_read)}", time
    for event in one.events:
        told = event.order.get("updated_at")
        if (time := moment(told)) and not (one.order.given and moment(told) == moment(was)):
            yield f"updated_at in a {event.event} event", time
        if time := moment(event.payload.get("timestamp")):
            yield f"timestamp of a {event.event} event", time


@rule("fields.times-are-of-now", MUST, RESOURCE, TIME, after=REFUND)
def updated_at_is_of_now(api: ApiTarget) -> None:
    """Where a refund sets updated_at, it MUST NOT be a time zone away from the server's own clock,
    which its answer's header Date tells.
    """
    judged = False
    for one in looked_back_on(api, refunds):
        was = one.before.order.get("updated_at")
        for is_read, answer in one.answers:
            date, now = _date(answer), answer.order.get("updated_at")
            time = moment(now)
            if date is None or time is None or (one.order.given and now == was):
                continue
            judged = True
            gap = zones_apart(date, time)
            if gap is not None:
                raise one.finding(
                    "updated_at is a time zone away",
                    expected=f"about {date.isoformat()}, as the header Date of the same answer",
                    got=f"{time.isoformat()} in {_where(answer, is_read=is_read)}: {gap} off",
                )
    if not judged:
        raise NotExercised(
            "no answer shows updated_at beside the server's clock (Date)", lacks="a server's clock"
        )


def _date(answer: Answer) -> datetime | None:
    try:
        date = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return date if date.tzinfo is not None else None
