"""``reading.*``: which reading a target follows where the sources dispute or are silent.

A reading fails nobody. Each probe is asked once a run and remembered under its matter and kind of
input; other rules ask for it before they choose their orders. What all readings have in common is
a rule of its own in the family that it belongs to.
"""

from collections.abc import Mapping
from typing import Any

from points_conformance.contract.lifecycle import Action, disputed
from points_conformance.contract.matters import matter
from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import Denied, NotExercised
from points_conformance.judging.rule import Level, source
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.expect import expect
from points_conformance.rules.api.family import family
from points_conformance.rules.api.shared import Shared
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import ApiTarget

__all__ = ["cancel_settled", "cancellable", "either_cancelled_or_unchanged", "rule"]

OBSERVE = Level.OBSERVE
LIFECYCLE = source(Page.LIFECYCLE)
REFUND = source(Page.REVERSALS, "Refund an order")
SPEC = source(Page.OPENAPI)
SECOND = Need.SECOND_MERCHANT
CANCELLED = "cancel.ends-cancelled"
Readings = dict[str, str]
rule = family(SPEC, after="refund.partial", calls=3)


def _found(field: str, reading: str) -> Readings:
    """A reading under its matter's name."""
    return {matter(field).name: reading}


def _reaction(answer: Answer) -> str:
    return "accepted" if answer.accepted else f"refused with {answer.status}"


def cancel_settled(api: ApiTarget, status: OrderStatus) -> str:
    """Whether an approved or captured order can be cancelled: ``accepted`` or ``refused``. Tried at
    most once a run.
    """

    def tried() -> bool:
        return api.cancel(api.order(status)).accepted

    try:
        accepted = Shared.of(api).cancelled.get(status, tried)
    except Denied:
        raise
    except NotExercised:
        return "unknown"
    return "accepted" if accepted else "refused"


def cancellable(
    api: ApiTarget, *, fresh: bool = False, metadata: Mapping[str, Any] | None = None
) -> TestOrder:
    """An order that can be cancelled: new or authorized, or approved where that was accepted."""
    denied: Denied | None = None
    for status in (OrderStatus.NEW, OrderStatus.AUTHORIZED):
        try:
            return api.order(status, fresh=fresh, metadata=metadata)
        except Denied as dry:
            denied = denied or dry
        except NotExercised:
            continue
    if cancel_settled(api, OrderStatus.APPROVED) != "accepted":
        raise denied or NotExercised(
            "no order can be cancelled: supply new or authorized ones with --orders or the "
            "hook pytest_points_make_order",
            lacks="new or authorized orders",
        )
    return api.order(fresh=fresh, metadata=metadata)


def _cancel_of(status: OrderStatus) -> str:
    return matter(disputed(Action.CANCEL)[status].field).name


def either_cancelled_or_unchanged(api: ApiTarget, status: OrderStatus) -> None:
    """A cancel of a paid order is done whole or refused whole. Skips what no source gives."""
    try:
        order = api.order(status)
    except Denied:
        raise
    except NotExercised:
        if status is OrderStatus.CAPTURED:
            return
        raise
    before = api.read(order)
    answer = api.cancel(order)
    if answer.accepted:
        expect(answer).shows(OrderStatus.CANCELLED)
        expect(api.read(order)).shows(OrderStatus.CANCELLED)
        return
    expect(answer).refused()
    expect(api.read(order)).unchanged_from(before)


@rule("reading.cancel-settled", OBSERVE, LIFECYCLE, after=(), matter="cancel-settled", calls=8)
def whether_a_paid_order_can_be_cancelled(api: ApiTarget) -> Readings:
    """Whether an approved or captured order can be cancelled is read."""
    found = {}
    for status in (OrderStatus.APPROVED, OrderStatus.CAPTURED):
        reading = cancel_settled(api, status)
        if reading != "unknown":
            found[_cancel_of(status)] = reading
    if not found:
        raise NotExercised(
            "no approved or captured order: supply one with --orders", lacks="paid orders"
        )
    return found


@rule("reading.cancel-partially-refunded", OBSERVE, LIFECYCLE, matter="cancel-partially-refunded")
def whether_a_partially_refunded_order_can_be_cancelled(api: ApiTarget) -> Readings:
    """Whether a partially refunded order can be cancelled is read."""
    order = api.refundable()
    expect(api.refund(order, amount=sar(100)), order).accepted()
    return _found("cancel_partially_refunded", _reaction(api.cancel(order)))


@rule("reading.refund-without-amount", OBSERVE, LIFECYCLE, SPEC, matter="refund-without-amount")
def what_a_refund_without_amount_means_after_a_part(api: ApiTarget) -> Readings:
    """What a refund without amount means after a partial refund is read."""
    order = api.refundable()
    expect(api.refund(order, amount=sar(100)), order).accepted()
    answer = api.refund(order)
    return _found("refund_without_amount", "remainder" if answer.accepted else _reaction(answer))


def _amount(api: ApiTarget, field: str, body: bytes) -> Readings:
    order = api.refundable()
    answer = api.reverse("refund", order, body=body)
    shown = answer.order_status or api.read(order).order_status
    reading = f"accepted, {shown}" if answer.accepted else _reaction(answer)
    return _found(field, reading)


@rule("reading.amount-zero", OBSERVE, matter="amount-zero")
def what_a_zero_amount_does(api: ApiTarget) -> Readings:
    """What a refund of zero does is read."""
    return _amount(api, "amount_zero", b'{"amount": 0}')


@rule("reading.amount-null", OBSERVE, matter="amount-null")
def what_a_null_amount_does(api: ApiTarget) -> Readings:
    """What a refund of null does is read."""
    return _amount(api, "amount_null", b'{"amount": null}')


@rule("reading.amount-string", OBSERVE, matter="amount-string")
def what_a_numeric_string_does(api: ApiTarget) -> Readings:
    """What an amount as text does is read."""
    return _amount(api, "amount_string", b'{"amount": "1.00"}')


@rule("reading.amount-decimals", OBSERVE, matter="amount-decimals", calls=16)
def how_three_decimals_are_booked(api: ApiTarget) -> Readings:
    """How an amount with three decimals is booked is read: refused, or rounded which way."""
    found, name = {}, matter("amount_decimals").name
    for kind, text in (("below-half", "1.004"), ("half", "1.005"), ("above-half", "1.006")):
        order = api.refundable()
        answer = api.reverse("refund", order, body=f'{{"amount": {text}}}'.encode())
        if not answer.accepted:
            found[f"{name}/{kind}"] = _reaction(answer)
            continue
        above = api.refund(order, amount=sar(order.total - 100))
        found[f"{name}/{kind}"] = "rounded down" if above.accepted else "rounded up"
    return found


@rule("reading.amount-above-left", OBSERVE, matter="amount-above-left", calls=2)
def how_too_large_an_amount_is_refused(api: ApiTarget) -> Readings:
    """With which code an amount above what is left is refused is read."""
    order = api.refundable()
    answer = api.refund(order, amount=sar(order.total + 1))
    return _found("amount_above_left", _reaction(answer))


def _reason(api: ApiTarget, field: str, reason: str | None) -> Readings:
    cancel_settled(api, OrderStatus.APPROVED)
    order = cancellable(api)
    answer = api.cancel(order, reason=reason)
    if not answer.accepted:
        return _found(field, _reaction(answer))
    if api.inbox is None:
        return _found(field, "accepted")
    told = [received.order.get("reason") for received in all_of(api, order, "cancelled")]
    return _found(field, f"accepted, told as {told[0]!r}")


@rule(
    "reading.reason-null",
    OBSERVE,
    after=CANCELLED,
    matter="reason-null",
    calls=4,
)
def what_a_null_reason_becomes(api: ApiTarget) -> Readings:
    """What a null reason of a cancel becomes is read."""
    return _reason(api, "reason_null", None)


@rule(
    "reading.reason-empty",
    OBSERVE,
    after=CANCELLED,
    matter="reason-empty",
    calls=4,
)
def what_an_empty_reason_becomes(api: ApiTarget) -> Readings:
    """What an empty reason of a cancel becomes is read."""
    return _reason(api, "reason_empty", "")


@rule("reading.body-list", OBSERVE, after="refund.full", matter="body-list")
def whether_an_empty_list_is_an_empty_body(api: ApiTarget) -> Readings:
    """Whether the body [] is taken for an empty one is read."""
    return _amount(api, "body_list", b"[]")


@rule("reading.malformed-uuid", OBSERVE, after=(), matter="malformed-uuid", calls=1)
def how_a_malformed_uuid_is_refused(api: ApiTarget) -> Readings:
    """With which code a malformed uuid is refused is read."""
    return _found("malformed_uuid", _reaction(api.call("GET", "/orders/not-a-uuid")))


@rule("reading.foreign-order", OBSERVE, after=(), needs=SECOND, matter="foreign-order", calls=2)
def how_another_merchants_order_is_refused(api: ApiTarget) -> Readings:
    """With which code another merchant's order is refused is read."""
    return _found("foreign_order", _reaction(api.read(api.order(), key=api.other_key)))


@rule(
    "reading.complete-captured",
    OBSERVE,
    LIFECYCLE,
    source(Page.TESTING),
    after=(),
    needs=Need.REPLACING,
    matter="complete-captured",
    calls=4,
)
def whether_a_captured_order_can_be_completed(api: ApiTarget) -> Readings:
    """Whether a captured order can be completed is read."""
    order = api.order(OrderStatus.CAPTURED, kind=OrderType.REPLACING)
    return _found("complete_captured", _reaction(api.step(order, "complete")))
