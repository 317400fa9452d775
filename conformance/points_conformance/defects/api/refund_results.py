"""Servers that refund the right amount, and end with a wrong status, body or order."""

from dataclasses import replace
from typing import Any

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect, answer_of
from points_conformance.defects.api.refund import SUMS
from points_conformance.defects.api.variants import LateReads, Rebooking, Yielding
from points_conformance.defects.defect import Seeds
from points_conformance.ledger import Booked, Command, OrderLedger, Refund
from points_conformance.ledger import Refusal as Why
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import Forms, RefundForm
from points_conformance.simulator.messages import Request, Response
from points_conformance.simulator.operations import Call
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["seed"]

seed = Seeds(ServerDefect)
S = OrderStatus
FULL, PARTIAL = S.FULLY_REFUNDED, S.PARTIALLY_REFUNDED


# ---------------------------------------------------------------------- which status
@seed.on(Rebooking.rebook, "full-refund-is-partial", "refund.full", related=("refund.*", *SUMS))
def full_is_partial(desk: Rebooking, order: Order, command: Command, booked: Booked) -> Booked:
    """A refund without an amount ends in partially_refunded."""
    # The wrong constant.
    if isinstance(command, Refund) and command.amount is None:
        return replace(booked, ledger=replace(booked.ledger, status=PARTIAL))
    return booked


@seed.on(Rebooking.rebook, "partial-refund-is-full", "refund.partial", related=SUMS)
def partial_is_full(desk: Rebooking, order: Order, command: Command, booked: Booked) -> Booked:
    """Every refund ends in fully_refunded."""
    # One status for all.
    if booked.action is Action.REFUND_PART:
        return replace(booked, ledger=replace(booked.ledger, status=FULL))
    return booked


@seed.on(Presenter.order_answer, "status-is-left-behind", "refund.full", related=SUMS)
def status_behind(presenter: Presenter, order: Order, message: str | None = None) -> Response:
    """The answer to a refund shows the status before it; reads are right."""
    # The model is not refreshed.
    if message == "Order refunded successfully":
        stale = replace(order.ledger, status=S.APPROVED)
        order = replace(order, ledger=stale)
    return Presenter.order_answer(presenter, order, message)


@seed.on(
    Rebooking.rebook, "total-by-amount-is-partial", "refund.amount-equal-to-total", related=SUMS
)
def total_by_amount_is_partial(
    desk: Rebooking, order: Order, command: Command, booked: Booked
) -> Booked:
    """A refund by amount of the whole total ends in partially_refunded."""
    # An amount means a part.
    if isinstance(command, Refund) and command.amount == order.ledger.total:
        return replace(booked, ledger=replace(booked.ledger, status=PARTIAL))
    return booked


@seed.on(Rebooking.rebook, "rest-by-amount-is-partial", "refund.remainder-by-amount", related=SUMS)
def rest_by_amount_is_partial(
    desk: Rebooking, order: Order, command: Command, booked: Booked
) -> Booked:
    """After the rest is refunded by amount the order stays partially_refunded."""
    # Only the amount of this call is compared with the total.
    partial = isinstance(command, Refund) and command.amount and order.ledger.refunded
    if partial and booked.action is Action.REFUND_REST:
        return replace(booked, ledger=replace(booked.ledger, status=PARTIAL))
    return booked


@seed.on(
    Rebooking.rebook,
    "nearly-all-is-full",
    "refund.sum-bounded",
    related=(*SUMS, "texts.*", "numbers.*"),
)
def nearly_all_is_full(desk: Rebooking, order: Order, command: Command, booked: Booked) -> Booked:
    """An order of which three fifths went back counts as fully refunded."""
    # A tolerance for rounding.
    refunded = booked.ledger.refunded
    if booked.action is Action.REFUND_PART and refunded * 10 >= booked.ledger.total * 6:
        return replace(booked, ledger=replace(booked.ledger, status=FULL))
    return booked


@seed.on(
    Yielding.yields,
    "refund-of-new",
    "refund.new-is-refused",
    "story.orders-at-once",
    related="webhook.*",
)
def refunds_new(desk: Yielding, ledger: OrderLedger, command: Command, why: Why) -> bool:
    """A new order, which nobody paid, is refunded."""
    # Whatever is not cancelled or refunded can be refunded.
    return isinstance(command, Refund) and ledger.status is S.NEW


@seed.on(Yielding.yields, "refund-of-authorized", "refund.authorized-is-refused", related="story.*")
def refunds_authorized(desk: Yielding, ledger: OrderLedger, command: Command, why: Why) -> bool:
    """An authorized order, whose money was not taken yet, is refunded."""
    # Authorized is taken for captured.
    return isinstance(command, Refund) and ledger.status is S.AUTHORIZED


@seed.on(Yielding.yields, "refund-of-cancelled", "refund.cancelled-is-refused", related=SUMS)
def refunds_cancelled(desk: Yielding, ledger: OrderLedger, command: Command, why: Why) -> bool:
    """A cancelled order is refunded, so that its money goes back twice."""
    # The list of closed statuses is incomplete.
    return isinstance(command, Refund) and ledger.status is S.CANCELLED


@seed.on(
    Yielding.yields, "partial-refund-of-cancelled", "refund.cancelled-is-refused", related=SUMS
)
def refunds_parts_of_cancelled(
    desk: Yielding, ledger: OrderLedger, command: Command, why: Why
) -> bool:
    """A cancelled order is refunded in part; only full refunds are refused."""
    # The check stands in the branch for full refunds.
    return (
        isinstance(command, Refund) and command.amount is not None and ledger.status is S.CANCELLED
    )


@seed.on(Desk.decide, "captured-cannot-be-refunded", "refund.captured-order", related=SUMS)
def keeps_captured(desk: Desk, order: Order, command: Command) -> Booked:
    """A captured order cannot be refunded, only an approved one."""
    # Captured is missing from a list.
    if isinstance(command, Refund) and order.ledger.status is S.CAPTURED:
        raise desk.refusal(Why.STATE)
    return Desk.decide(desk, order, command)


# ---------------------------------------------------------------------- bodies
@seed.on(
    Forms.refund,
    "empty-object-is-zero",
    "refund.empty-object",
    related=("reading.*", "refund.*", "schema.*"),
)
def empty_object_is_zero(forms: Forms, request: Request) -> RefundForm:
    """A refund with the body {} is a refund of nothing, answered 200."""
    # ``body.amount || 0`` behind ``if (body)``.
    form = Forms.refund(forms, request)
    if request.body.strip() == b"{}":
        return replace(form, amount=0)
    return form


@seed.on(
    Forms.refund, "null-amount-is-zero", "refund.null-amount", related="schema.*", dialect="lenient"
)
def null_is_zero(forms: Forms, request: Request) -> RefundForm:
    """An amount of null is a refund of nothing, answered 200."""
    # ``(float) null``.
    form = Forms.refund(forms, request)
    return replace(form, amount=0) if b"null" in request.body else form


@seed.on(
    Forms.refund,
    "empty-list-is-a-part",
    "refund.empty-list-body",
    related=("reading.*", "schema.*"),
)
def empty_list_is_a_part(forms: Forms, request: Request) -> RefundForm:
    """The body [] refunds one riyal, the smallest amount that the shop has."""
    # A default that was never meant to be seen.
    form = Forms.refund(forms, request)
    return replace(form, amount=100) if request.body.strip() == b"[]" else form


# ---------------------------------------------------------------------- what a refund keeps
@seed.on(
    Presenter.order,
    "refund-lowers-the-price",
    "refund.identity",
    related=(
        "refund.*",
        "isolation.*",
        "points.*",
        "webhook.*",
        "cancel.*",
        "property.*",
        "story.*",
        "reading.*",
        "lifecycle.*",
        "fields.*",
        "numbers.*",
    ),
)
def refund_lowers_price(presenter: Presenter, order: Order) -> dict[str, Any]:
    """total_price shows what is left after a refund instead of the order's price."""
    # A column that is decremented.
    lowered = replace(order.ledger, total=max(order.ledger.left, 0))
    return Presenter.order(presenter, replace(order, ledger=lowered))


@seed.on(
    Desk.refund,
    "refund-renames-the-order",
    "refund.identity",
    related=("story.*", "property.*", "webhook.*"),
)
def refund_renames(desk: Desk, order: Order, form: RefundForm) -> None:
    """A partial refund changes order_number."""
    # A credit note of its own.
    Desk.refund(desk, order, form)
    if order.ledger.status is PARTIAL and not order.number.endswith("-R"):
        order.number += "-R"


@seed(
    "refund-answers-with-its-own-uuid",
    "refund.identity",
    "envelope.order-is-the-one-asked-for",
    related=("story.*", "property.*", "reading.*"),
    operation="refund",
)
def _answers_with_its_own_uuid(sim: Simulator, call: Call) -> Response:
    """The answer to a refund shows the uuid of the refund, not of the order."""
    response = answer_of("refund")(sim, call)
    own = "11111111-1111-4111-8111-111111111111"
    return replace(response, body=response.body.replace(call.name.encode(), own.encode()))


@seed.on(LateReads.shown, "reads-lag-by-one", "refund.full", related="*")
def first_read_is_stale(presenter: LateReads, order: Order, reads: int) -> OrderStatus:
    """The first read after a refund still shows approved; the next one is right."""
    # A replica that lags by one read.
    refunded = order.ledger.status in (FULL, PARTIAL)
    return S.APPROVED if refunded and reads == 1 else order.ledger.status


@seed.on(
    LateReads.shown,
    "second-read-is-stale",
    "refund.read-after-write",
    related=(*SUMS, "lifecycle.*"),
)
def second_read_is_stale(presenter: LateReads, order: Order, reads: int) -> OrderStatus:
    """The second read after a refund comes from a replica that has not heard of it."""
    # Two replicas in turn.
    refunded = order.ledger.status in (FULL, PARTIAL)
    return S.APPROVED if refunded and reads == 2 else order.ledger.status
