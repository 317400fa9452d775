"""``webhook.*``: what is told of a reversal (Webhook Events, Refunds & Cancellations).

Whether every reversal is told, once, and nothing else is, is judged at the end of the run
(:mod:`~points_conformance.rules.api.webhook_closing`).
"""

import itertools
from datetime import datetime

from points_conformance.contract.limits import EVENT_HEADER
from points_conformance.contract.money import MoneyError, halalas, sar_text
from points_conformance.contract.names import OrderType
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.contract.schemas import event_component, problems
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.rule import Level, Profile, inferred, promised, source
from points_conformance.rules.api.expect import fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.shared import Telling, ToldOrder
from points_conformance.rules.api.steps import partially_refunded
from points_conformance.rules.api.telling import a_cancel, a_refund, a_series, all_told, told
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST = Level.MUST
SMOKE = Profile.SMOKE
REFUND = source(Page.REVERSALS, "Refund an order")
CANCEL = source(Page.REVERSALS, "Cancel an order")
ENVELOPE = source(Page.EVENTS, "Payload structure")
REFUNDED = source(Page.EVENTS, "refunded")
AUTO = source(Page.EVENTS, "auto_refunded")
HEADERS = source(Page.WEBHOOKS, "Headers")
SUMS = promised("partial sums bounded")
A_PART = inferred("a part is a refund")
TO_NOBODY = inferred("what proves the sender is told to nobody")
AFTER_IT = inferred("an event tells what is so after it")
LATER = inferred("later refunds are told as later")
TRIGGER = (Need.INBOX, Need.AUTO_REFUND, Need.REPLACING)
ONE, PARTS, GONE = "webhook.refund-is-told", "webhook.each-part-is-told", "webhook.cancel-is-told"
BY_PLATFORM = "webhook.auto-refunded"
rule = family(ENVELOPE, after=ONE, needs=Need.INBOX, calls=12)
#: What looks at the series and the cancel as well, where they are told, waits for them.
ALL_TOLD = (PARTS, GONE)


# ---------------------------------------------------------------------- that it is told
@rule(ONE, MUST, REFUND, after="refund.full", profile=SMOKE, calls=5)
def a_refund_is_told(api: ApiTarget) -> None:
    """A full refund MUST be told by a refunded event."""
    a_refund(api)


@rule(
    PARTS,
    MUST,
    REFUND,
    A_PART,
    after=(ONE, "refund.remainder-by-amount"),
    profile=SMOKE,
    calls=7,
)
def each_part_is_told(api: ApiTarget) -> None:
    """Each of a series of partial refunds MUST be told by a refunded event of its own."""
    a_series(api)


@rule(GONE, MUST, CANCEL, after=("cancel.ends-cancelled", ONE), profile=SMOKE, calls=8)
def a_cancel_is_told(api: ApiTarget) -> None:
    """A cancel MUST be told by a cancelled event."""
    a_cancel(api)


# ---------------------------------------------------------------------- how it is sent
@rule("webhook.content-type", MUST, HEADERS, behind=ALL_TOLD)
def a_delivery_is_json(api: ApiTarget) -> None:
    """A delivery MUST be sent as application/json."""
    for story, telling in all_told(api):
        kind = telling.event.headers.get("content-type", "")
        held = kind.partition(";")[0].strip().lower() == "application/json"
        story.require(held, "another content type", expected="application/json", got=repr(kind))


@rule("webhook.event-header", MUST, HEADERS, behind=ALL_TOLD)
def the_header_names_the_event(api: ApiTarget) -> None:
    """X-Webhook-Event MUST equal the event in the body."""
    for story, telling in all_told(api):
        header = telling.event.headers.get(EVENT_HEADER.lower())
        story.require(
            header == telling.event.event,
            "the header names another event",
            expected=f"{EVENT_HEADER}: {telling.event.event}",
            got=repr(header),
        )


@rule("webhook.secret", MUST, HEADERS, behind=ALL_TOLD)
def the_header_is_the_registered_secret(api: ApiTarget) -> None:
    """X-Webhook-Secret MUST be the secret that the endpoint was registered with."""
    for story, telling in all_told(api):
        story.require(
            telling.event.secret_right,
            "another secret",
            expected="X-Webhook-Secret as the registration showed it",
            got="another one, or none",
        )


@rule("webhook.secret-in-header-alone", MUST, TO_NOBODY, after="webhook.secret", behind=ALL_TOLD)
def the_body_does_not_show_the_secret(api: ApiTarget) -> None:
    """The endpoint's secret MUST NOT stand in the body."""
    for story, telling in all_told(api):
        story.require(
            not telling.event.secret_shown,
            "the body shows a secret",
            expected="a body without the endpoint's secret or a key",
            got=telling.event.body.decode("utf-8", "replace")[:300],
        )


# ---------------------------------------------------------------------- what it says
@rule("webhook.payload", MUST, profile=SMOKE, behind=ALL_TOLD)
def a_payload_is_as_described(api: ApiTarget) -> None:
    """A refunded and a cancelled event MUST have the documented fields and types."""
    for story, telling in all_told(api):
        _is_as_described(story, telling.event)


def _is_as_described(story: ToldOrder, event: Received) -> None:
    component = event_component(event.event) or "OrderEvent"
    wrong = problems(component, event.payload)
    story.require(
        not wrong,
        f"a {event.event} event is not as described",
        expected=component,
        got="; ".join(wrong[:5]),
    )


@rule("webhook.order-id", MUST, profile=SMOKE, behind=ALL_TOLD)
def the_id_is_the_orders_uuid(api: ApiTarget) -> None:
    """The payload's order.id MUST be the order's uuid, not the number that REST calls id."""
    for story, telling in all_told(api):
        id_ = telling.event.order.get("id")
        held = isinstance(id_, str) and id_.lower() == story.order.uuid.lower()
        story.require(held, "another id", expected=story.order.uuid, got=repr(id_))


@rule("webhook.type-is-a-word", MUST, behind=ALL_TOLD)
def the_type_is_a_word(api: ApiTarget) -> None:
    """Where the payload tells the order's type, it MUST be the word earning or replacing."""
    for story, telling in all_told(api):
        kind = telling.event.order.get("type", story.order.kind.value)
        held = kind == story.order.kind.value
        story.require(held, "another type", expected=story.order.kind.value, got=repr(kind))


@rule("webhook.identity", MUST, ENVELOPE, inferred("it is the same order"), behind=ALL_TOLD)
def the_payload_is_of_that_order(api: ApiTarget) -> None:
    """The payload's order_number and total_price MUST be the order's."""
    for story, telling in all_told(api):
        shown, order = telling.event.order, story.order
        price = _halalas(shown.get("total_price"))
        story.require(
            price == order.total and order.number in (None, shown.get("order_number")),
            "another order's number or price",
            expected=f"{order.number!r} of {sar_text(order.total)}",
            got=f"{shown.get('order_number')!r} of {shown.get('total_price')!r}",
        )


@rule(
    "webhook.status", MUST, REFUNDED, AFTER_IT, after=(ONE, PARTS), profile=SMOKE, behind=ALL_TOLD
)
def the_status_is_that_after_the_reversal(api: ApiTarget) -> None:
    """The payload's order_status MUST be the status that the reversal led to."""
    for story, telling in all_told(api):
        status = telling.event.order.get("order_status")
        story.require(
            status == telling.status.value,
            "another order_status",
            expected=telling.status.value,
            got=repr(status),
        )


@rule("webhook.refund-amount", MUST, REFUNDED, SUMS, after=PARTS, profile=SMOKE, calls=7)
def the_amount_is_this_refunds(api: ApiTarget) -> None:
    """In a series of refunds each refund_amount MUST be that one refund's, not the sum so far."""
    story = a_series(api)
    for telling in story.tellings:
        shown = telling.event.order.get("refund_amount")
        story.require(
            _halalas(shown) == telling.amount,
            "another refund_amount",
            expected=f"refund_amount {sar_text(telling.amount)}",
            got=repr(shown),
        )


@rule("webhook.left-amount", MUST, REFUNDED, after=PARTS, calls=7)
def the_left_amount_is_what_is_left(api: ApiTarget) -> None:
    """Where left_amount is told, it MUST be the total less all refunds so far."""
    story = a_series(api)
    shown = [t for t in story.tellings if "left_amount" in t.event.order]
    if not shown:
        raise NotExercised(
            "no refunded event tells a left_amount: the field is optional", lacks="left_amount"
        )
    for telling in shown:
        left = telling.event.order["left_amount"]
        story.require(
            _halalas(left) == telling.left,
            "another left_amount",
            expected=f"left_amount {sar_text(telling.left)}",
            got=repr(left),
        )


@rule("webhook.refund-reason", MUST, REFUNDED, after=PARTS, calls=7)
def a_refunds_reason_is_told(api: ApiTarget) -> None:
    """A refund's reason MUST be told to the letter, with the refund that it was given for."""
    story = a_series(api)
    for telling in story.tellings:
        reason = telling.event.order.get("reason")
        held = reason == telling.reason
        story.require(held, "wrong reason", expected=repr(telling.reason), got=repr(reason))


@rule("webhook.cancel-reason", MUST, CANCEL, after=GONE, calls=8)
def a_cancels_reason_is_told(api: ApiTarget) -> None:
    """A cancel's reason MUST be told to the letter."""
    story = a_cancel(api)
    reason = story.tellings[0].event.order.get("reason")
    held = reason == story.tellings[0].reason
    story.require(held, "wrong reason", expected=repr(story.tellings[0].reason), got=repr(reason))


@rule("webhook.cancel-payload", MUST, CANCEL, after=GONE, calls=8)
def a_cancelled_event_is_as_described(api: ApiTarget) -> None:
    """A cancelled event MUST have the documented fields, and tell of no refund."""
    story = a_cancel(api)
    event = story.tellings[0].event
    _is_as_described(story, event)
    amount = event.order.get("refund_amount")
    held = amount is None or _halalas(amount) == 0
    story.require(held, "a cancel tells a refund", expected="no refund_amount", got=repr(amount))


@rule("webhook.timestamps", MUST, ENVELOPE, LATER, after=(PARTS, "webhook.payload"), calls=7)
def timestamps_follow_the_refunds(api: ApiTarget) -> None:
    """The timestamps of a series of refunds MUST NOT run backwards."""
    story = a_series(api)
    times = [_time(telling) for telling in story.tellings]
    held = all(a <= b for a, b in itertools.pairwise(times))
    story.require(
        held,
        "timestamps run backwards",
        expected="one after the other",
        got=[str(t) for t in times],
    )


def _time(telling: Telling) -> datetime:
    return datetime.fromisoformat(str(telling.event.payload.get("timestamp")))


def _halalas(value: object) -> int | None:
    try:
        return halalas(value)  # type: ignore[arg-type]
    except MoneyError:
        return None


# ---------------------------------------------------------------------- auto-refunds
@rule("webhook.auto-refunded", MUST, AUTO, needs=TRIGGER, calls=4)
def an_auto_refund_is_told(api: ApiTarget) -> None:
    """An auto-refund MUST be told by an auto_refunded event with all that was left."""
    order, event = _auto_refunded(api, api.order(kind=OrderType.REPLACING), None)
    _is_as_described(ToldOrder(order, (), ()), event)
    _gives_back(event, order.total)


@rule(
    "webhook.auto-refunded-after-a-part",
    MUST,
    AUTO,
    SUMS,
    after=(BY_PLATFORM, "refund.partial"),
    needs=TRIGGER,
    calls=5,
)
def an_auto_refund_gives_back_no_more_than_is_left(api: ApiTarget) -> None:
    """After a partial refund an auto-refund MUST give back what is left, and no more."""
    order = api.order(kind=OrderType.REPLACING)
    part = order.total // 4
    order, event = _auto_refunded(api, order, part)
    _gives_back(event, order.total - part)


def _auto_refunded(
    api: ApiTarget, order: TestOrder, part: int | None
) -> tuple[TestOrder, Received]:
    api.webhooks()
    if part is not None:
        partially_refunded(api, order, part)
    api.auto_refund(order)
    return order, told(api, order, "auto_refunded")[0]


def _gives_back(event: Received, amount: int) -> None:
    shown = event.order.get("refund_amount")
    fail_unless(
        _halalas(shown) == amount,
        "another refund_amount",
        expected=f"refund_amount {sar_text(amount)}, all that was left",
        got=repr(shown),
    )
