"""``cancel.*``: what cancelling an order does, refuses and tells (Refunds & Cancellations)."""

from collections.abc import Iterable
from typing import Any

from points_conformance.contract.limits import DEFAULT_CANCEL_REASON, REASON_MAX
from points_conformance.contract.names import OrderStatus
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.rule import Level, Profile, inferred, promised, source
from points_conformance.rules.api import readings
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.expect import IDENTITY, expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.steps import (
    ends_in,
    fully_refunded,
    is_left,
    partially_refunded,
    refuses,
)
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
SMOKE, STANDARD = Profile.SMOKE, Profile.STANDARD
CANCEL = source(Page.REVERSALS, "Cancel an order")
LIMITS = source(Page.OPENAPI, "POST /orders/{uuid}/cancel")
LIFECYCLE = source(Page.LIFECYCLE, "State machine")
REASON = source(Page.EVENTS, "cancelled")
NO_MORE = promised("no more goes back than was paid")
NO_WAY = inferred("the diagram has no way from partially_refunded to cancelled")
TOLD = "webhook.cancel-is-told"
BASIC = "cancel.ends-cancelled"
UNREASONED = "cancel.no-reason-needed"
INBOX = Need.INBOX
REFUNDED = "refund.full"
PARTED = "refund.partial"
CANCELLED = OrderStatus.CANCELLED
rule = family(CANCEL)


def _cancellable(api: ApiTarget) -> TestOrder:
    """An order that can be cancelled; whether an approved one can is read first."""
    readings.cancel_settled(api, OrderStatus.APPROVED)
    return readings.cancellable(api)


def _cancelled(api: ApiTarget, **fields: Any) -> TestOrder:
    order = _cancellable(api)
    ends_in(api, order, api.cancel(order, **fields), CANCELLED)
    return order


@rule(BASIC, MUST, core=True, profile=SMOKE, calls=8)
def a_cancel_ends_cancelled(api: ApiTarget) -> None:
    """An accepted cancel MUST end in cancelled, in its answer and in the next read."""
    _cancelled(api, reason="The customer changed their mind")


@rule("cancel.new-order", MUST, CANCEL, LIFECYCLE, profile=SMOKE, calls=4)
def a_new_order_can_be_cancelled(api: ApiTarget) -> None:
    """A new order MUST accept a cancel and end in cancelled."""
    order = api.order(OrderStatus.NEW)
    ends_in(api, order, api.cancel(order), CANCELLED)


@rule("cancel.authorized-order", MUST, LIFECYCLE, calls=6)
def an_authorized_order_can_be_cancelled(api: ApiTarget) -> None:
    """An authorized order MUST accept a cancel and end in cancelled."""
    order = api.order(OrderStatus.AUTHORIZED)
    ends_in(api, order, api.cancel(order), CANCELLED)


@rule("cancel.settled-either-way", MUST, CANCEL, inferred("both readings"), calls=8)
def a_cancel_of_a_paid_order_is_done_or_refused(api: ApiTarget) -> None:
    """A cancel of a paid order MUST be done whole, or be refused and change nothing."""
    for status in (OrderStatus.APPROVED, OrderStatus.CAPTURED):
        readings.either_cancelled_or_unchanged(api, status)


@rule("cancel.second-is-refused", MUST, after=BASIC, profile=SMOKE, calls=7)
def a_second_cancel_is_refused(api: ApiTarget) -> None:
    """A cancelled order MUST refuse another cancel with 400 and stay as it is."""
    refuses(api, _cancelled(api), "cancel", 400)


@rule(
    "cancel.fully-refunded-is-refused", MUST, after=REFUNDED, profile=SMOKE, far=STANDARD, calls=8
)
def a_cancel_of_a_fully_refunded_order_is_refused(api: ApiTarget) -> None:
    """A fully refunded order MUST refuse a cancel with 400 and stay as it is."""
    order = api.refundable()
    fully_refunded(api, order)
    refuses(api, order, "cancel", 400)


@rule("cancel.partially-refunded-is-refused", SHOULD, CANCEL, NO_WAY, after=PARTED, calls=3)
def a_cancel_of_a_partially_refunded_order_is_refused(api: ApiTarget) -> None:
    """A partially refunded order SHOULD refuse a cancel."""
    order = api.refundable()
    partially_refunded(api, order, order.total // 4)
    expect(api.cancel(order)).refused()


@rule("cancel.partially-refunded-is-bounded", MUST, NO_MORE, after="refund.sum-bounded", calls=10)
def a_cancel_after_a_part_gives_nothing_back_twice(api: ApiTarget) -> None:
    """After a cancel of a partially refunded order no more than its total MUST have gone back."""
    order = api.refundable()
    partially_refunded(api, order, order.total // 4)
    answer = api.cancel(order)
    if answer.accepted:
        expect(api.read(order)).shows(CANCELLED)
        expect(api.refund(order)).refused()
    else:
        expect(api.read(order)).shows(OrderStatus.PARTIALLY_REFUNDED)
        is_left(api, order, order.total - order.total // 4)


@rule("cancel.identity", MUST, inferred("a reversal changes no order's name or price"), calls=5)
def a_cancel_keeps_the_orders_identity(api: ApiTarget) -> None:
    """A cancel MUST NOT change uuid, order_number, type or total_price."""
    order = _cancellable(api)
    before = api.read(order)
    expect(api.cancel(order)).accepted().unchanged_from(before, IDENTITY)
    expect(api.read(order)).unchanged_from(before, IDENTITY)


@rule("cancel.read-after-write", MUST, inferred("an answer is a fact"), after=BASIC, calls=5)
def every_read_after_a_cancel_agrees(api: ApiTarget) -> None:
    """After a cancel the answer, the next read and the one after MUST all show cancelled."""
    order = _cancelled(api)
    expect(api.read(order)).shows(CANCELLED)


@rule(UNREASONED, MUST, LIMITS, after=BASIC, profile=SMOKE, calls=7)
def a_reason_can_be_omitted(api: ApiTarget) -> None:
    """A cancel without a body, or with an empty object, MUST be accepted: reason is optional."""
    for body in (None, b"{}"):
        order = _cancellable(api)
        ends_in(api, order, api.reverse("cancel", order, body=body), CANCELLED)


# ---------------------------------------------------------------------- reasons
@rule(
    "cancel.default-reason",
    MUST,
    CANCEL,
    promised("default reason"),
    after=(UNREASONED, TOLD),
    needs=INBOX,
    profile=SMOKE,
    calls=4,
)
def an_omitted_reason_becomes_the_default(api: ApiTarget) -> None:
    """A cancel without a reason MUST be told with the reason "Order cancelled via API"."""
    api.webhooks()
    order = _cancellable(api)
    expect(api.reverse("cancel", order)).accepted()
    _reason_is(all_of(api, order, "cancelled"), DEFAULT_CANCEL_REASON)


@rule("cancel.default-reason-empty-body", MUST, after="cancel.default-reason", needs=INBOX, calls=4)
def an_empty_object_omits_the_reason(api: ApiTarget) -> None:
    """A cancel with the body {} MUST be told with the default reason."""
    api.webhooks()
    order = _cancellable(api)
    expect(api.reverse("cancel", order, body=b"{}")).accepted()
    _reason_is(all_of(api, order, "cancelled"), DEFAULT_CANCEL_REASON)


@rule("cancel.given-reason", MUST, REASON, after=(BASIC, TOLD), needs=INBOX, calls=8)
def a_given_reason_is_told(api: ApiTarget) -> None:
    """A cancel with a reason MUST be told with that reason, to the letter, the longest too."""
    api.webhooks()
    told = {
        reason: _cancelled(api, reason=reason)
        for reason in ("العميل غيّر رأيه — out of stock 🧾", "r" * (REASON_MAX - 1) + "!")
    }
    for reason, order in told.items():
        _reason_is(all_of(api, order, "cancelled"), reason)


def _reason_is(told: list[Any], reason: str) -> None:
    got = told[0].order.get("reason")
    fail_unless(got == reason, "wrong reason", expected=repr(reason), got=repr(got))


@rule("cancel.reason-limit", MUST, LIMITS, after=BASIC, calls=18)
def a_reason_has_at_most_500_characters(api: ApiTarget) -> None:
    """A reason of 500 characters MUST be accepted; one of 501 MUST be refused with 422."""
    refuses(api, _cancellable(api), "cancel", 422, reason="r" * (REASON_MAX + 1))
    _cancelled(api, reason="r" * REASON_MAX)


@rule("cancel.reason-counts-characters", MUST, LIMITS, after="cancel.reason-limit", calls=18)
def a_reason_is_counted_in_characters(api: ApiTarget) -> None:
    """The 500 MUST be characters, not bytes: 500 Arabic letters are accepted, 501 refused."""
    refuses(api, _cancellable(api), "cancel", 422, reason="ر" * (REASON_MAX + 1))
    _cancelled(api, reason="ر" * REASON_MAX)


@rule("cancel.reason-is-text", MUST, LIMITS, after=BASIC, calls=20)
def a_reason_is_text(api: ApiTarget) -> None:
    """A reason that is a number, a list, an object or a boolean MUST be refused with 422."""
    order = _cancellable(api)
    for reason in (5, ["x"], {"a": "b"}, True):
        refuses(api, order, "cancel", 422, reason=reason)


@rule(
    "cancel.reason-null-or-empty",
    MUST,
    CANCEL,
    inferred("all readings"),
    after=BASIC,
    calls=20,
)
def a_null_or_empty_reason_is_met(api: ApiTarget) -> None:
    """A null or empty reason MUST end in a cancel with some reason, or be refused."""
    cancelled = []
    for reason in (None, ""):
        order = _cancellable(api)
        before = api.read(order)
        answer = api.cancel(order, reason=reason)
        if answer.accepted:
            expect(api.read(order)).shows(CANCELLED)
            cancelled.append(order)
        else:
            expect(answer).refused_with(422, 400)
            expect(api.read(order)).unchanged_from(before)
    if api.inbox is not None:
        for order in cancelled:
            _some_reason_is_told(api.inbox.waited_for(order.uuid, "cancelled"))


def _some_reason_is_told(told: Iterable[Received]) -> None:
    for received in told:
        reason = received.order.get("reason")
        fail_unless(
            isinstance(reason, str), "no reason is told", expected="a text", got=repr(reason)
        )


@rule("cancel.malformed-body", MUST, inferred("what cannot be read asks for nothing"), calls=9)
def a_malformed_body_is_no_server_error(api: ApiTarget) -> None:
    """A body that is no JSON object MUST NOT be a server error; refused, it changes nothing."""
    order = _cancellable(api)
    before = api.read(order)
    for body in (b'"reason"', b"5"):
        answer = api.reverse("cancel", order, body=body)
        if answer.accepted:
            return
        expect(answer).refused()
    expect(api.read(order)).unchanged_from(before)
