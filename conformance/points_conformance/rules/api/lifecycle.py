"""``lifecycle.*``: the steps around the reversals (Order Lifecycle)."""

from collections.abc import Iterator, Sequence

from points_conformance.contract.lifecycle import FINAL, Action, refused
from points_conformance.contract.money import sar
from points_conformance.contract.names import REVERSAL_EVENTS, STEPS, OrderStatus, OrderType
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.rule import Level, Profile, promised, source
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.readings import cancellable
from points_conformance.rules.api.steps import (
    FULL,
    PARTIAL,
    fully_refunded,
    partially_refunded,
    refuses,
)
from points_conformance.rules.api.telling import told
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.target import REASON, ApiTarget

__all__ = ["rule"]

MUST = Level.MUST
LIFECYCLE = source(Page.LIFECYCLE, "State machine")
SHIPPING = source(Page.LIFECYCLE, "Shipping status")
TWICE = promised("no double refunds")
#: How many orders of each final status are used, of those that the user lists.
MOST_FINAL = 5
NEW, APPROVED = OrderStatus.NEW, OrderStatus.APPROVED
AUTHORIZED, CAPTURED = OrderStatus.AUTHORIZED, OrderStatus.CAPTURED
REPLACING = OrderType.REPLACING
rule = family(LIFECYCLE)


def _leads(api: ApiTarget, order: TestOrder, step: str, status: OrderStatus) -> None:
    expect(api.step(order, step)).accepted().shows(status)
    expect(api.read(order)).shows(status)


def _step_is_refused(api: ApiTarget, order: TestOrder, step: str) -> None:
    before = api.read(order)
    expect(api.step(order, step)).refused_with(400)
    expect(api.read(order)).unchanged_from(before)


@rule("lifecycle.authorize", MUST, needs=Need.REPLACING, calls=3)
def a_new_order_can_be_authorized(api: ApiTarget) -> None:
    """A new order MUST go to authorized by authorize."""
    _leads(api, api.order(NEW, kind=REPLACING), "authorize", AUTHORIZED)


@rule("lifecycle.capture", MUST, needs=Need.REPLACING, calls=5)
def an_authorized_order_can_be_captured(api: ApiTarget) -> None:
    """An authorized order MUST go to captured by capture."""
    _leads(api, api.order(AUTHORIZED, kind=REPLACING), "capture", CAPTURED)


@rule("lifecycle.complete", MUST, needs=Need.REPLACING, calls=3)
def a_new_replacing_order_can_be_completed(api: ApiTarget) -> None:
    """A new replacing order MUST go to approved by complete."""
    _leads(api, api.order(NEW, kind=REPLACING), "complete", APPROVED)


@rule("lifecycle.capture-needs-authorization", MUST, needs=Need.REPLACING, calls=6)
def only_an_authorized_order_is_captured(api: ApiTarget) -> None:
    """Capture of an order that is not authorized MUST be refused with 400 and change nothing."""
    for status in refused(Action.CAPTURE):
        if status not in FINAL:
            _step_is_refused(api, api.order(status, kind=REPLACING), "capture")


@rule("lifecycle.complete-earning", MUST, calls=4)
def an_earning_order_is_not_completed(api: ApiTarget) -> None:
    """Complete of an earning order MUST be refused with 400 and change nothing."""
    _step_is_refused(api, api.order(kind=OrderType.EARNING), "complete")


@rule("lifecycle.complete-twice", MUST, needs=Need.REPLACING, calls=4)
def an_approved_order_is_not_completed_again(api: ApiTarget) -> None:
    """Complete of an approved replacing order MUST be refused with 400 and change nothing."""
    _step_is_refused(api, api.order(APPROVED, kind=REPLACING), "complete")


@rule("lifecycle.cancelled-is-final", MUST, after="cancel.ends-cancelled", calls=16)
def a_cancelled_order_goes_nowhere(api: ApiTarget) -> None:
    """Authorize, capture and complete of a cancelled order MUST be refused and change nothing."""
    order = cancellable(api)
    expect(api.cancel(order)).accepted()
    for step in STEPS:
        _step_is_refused(api, order, step)


@rule("lifecycle.refunded-is-final", MUST, after="refund.full", calls=15)
def a_fully_refunded_order_goes_nowhere(api: ApiTarget) -> None:
    """Authorize, capture and complete of a fully refunded order MUST be refused, without effect."""
    order = api.refundable()
    fully_refunded(api, order)
    for step in STEPS:
        _step_is_refused(api, order, step)


@rule("lifecycle.partially-refunded-goes-on", MUST, after="refund.partial", calls=9)
def a_partially_refunded_order_is_not_paid_again(api: ApiTarget) -> None:
    """Authorize and complete of a partially refunded order MUST be refused, without effect."""
    order = api.refundable()
    partially_refunded(api, order, order.total // 4)
    for step in STEPS:
        if PARTIAL in refused(Action(step)):
            _step_is_refused(api, order, step)


@rule(
    "lifecycle.final-before-the-run",
    MUST,
    source(Page.REVERSALS),
    TWICE,
    needs=Need.FINAL,
    after="refund.full",
    calls=100,
    far_calls=dict.fromkeys(Profile, 20),
)
def what_was_final_before_the_run_stays_final(api: ApiTarget) -> None:
    """An order cancelled or refunded before the run MUST refuse both with 400 and stay as it is."""
    orders = list(_final_orders(api))
    for order in orders:
        refuses(api, order, "cancel", 400)
        refuses(api, order, "refund", 400)
        refuses(api, order, "refund", 400, amount=sar(100))
    if not orders:
        raise NotExercised(
            "no order that was cancelled or fully refunded before the run: list some with --orders",
            lacks=Need.FINAL,
        )


def _final_orders(api: ApiTarget) -> Iterator[TestOrder]:
    """Of each final status some of those that are listed, or one that is made."""
    for status in FINAL:
        for _ in range(MOST_FINAL if api.loopback and api.listed_orders else 1):
            try:
                yield api.order(status)
            except NotExercised:  # listed ones are used up, or there was none
                break


@rule(
    "lifecycle.shipping-is-not-money",
    MUST,
    SHIPPING,
    source(Page.REVERSALS, "Cancel an order"),
    after="refund.full",
    calls=6,
    aliases=("webhook.shipping-is-no-cancel",),
)
def a_shipping_status_moves_no_money(api: ApiTarget) -> None:
    """The shipping status cancelled MUST NOT cancel or refund the order, nor be told as that."""
    order = api.refundable()
    before = api.read(order)
    answer = api.call("POST", f"/orders/{order.uuid}/status", body=b'{"status": "cancelled"}')
    if answer.accepted and api.inbox is not None:
        told(api, order, "shipping_status_updated")
        _tells_no_reversal(api.inbox.of(order.uuid))
    expect(api.read(order)).unchanged_from(before)
    if not answer.accepted:
        raise NotExercised(
            f"the shipping status is not taken: HTTP {answer.status}", lacks="shipping status"
        )
    fully_refunded(api, order)


def _tells_no_reversal(events: Sequence[Received]) -> None:
    reversals = [one.event for one in events if one.event in REVERSAL_EVENTS]
    fail_unless(
        not reversals,
        "a shipping status is told as a reversal",
        expected="shipping_status_updated alone",
        got=", ".join(reversals),
    )


@rule(
    "lifecycle.auto-refund-is-final",
    MUST,
    source(Page.EVENTS, "auto_refunded"),
    TWICE,
    needs=(Need.REPLACING, Need.AUTO_REFUND),
    profile=Profile.SMOKE,
    far=Profile.STANDARD,
    calls=8,
    aliases=("webhook.auto-refunded-ends-the-order",),
)
def an_auto_refunded_order_is_fully_refunded(api: ApiTarget) -> None:
    """An auto-refund MUST end in fully_refunded, and no refund or cancel MUST follow it."""
    order = api.order(APPROVED, kind=REPLACING)
    api.auto_refund(order)
    expect(api.read(order)).shows(FULL)
    for operation in ("refund", "cancel"):
        expect(api.reverse(operation, order, {"reason": REASON})).refused_with(400)
    for amount in (1, 100):
        expect(api.refund(order, amount=sar(amount))).refused_with(400, 422)
    expect(api.read(order)).shows(FULL)
