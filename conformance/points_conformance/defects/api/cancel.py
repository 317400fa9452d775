"""Servers that cancel what they must not, refuse what they must, or change what a cancel keeps."""

from dataclasses import replace

from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import LateReads, Rebooking, Yielding
from points_conformance.defects.defect import Seeds
from points_conformance.ledger import Booked, Cancel, Command, OrderLedger, Refund
from points_conformance.ledger import Refusal as Why
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.messages import Refusal
from points_conformance.simulator.world import Order

__all__ = ["seed"]

seed = Seeds(ServerDefect)
S = OrderStatus
ALL = ("cancel.*", "webhook.*", "story.*")
#: What was final before the run is reversed as what becomes final in it.
FINAL = "lifecycle.final-before-the-run"
#: Rules that cancel what was refunded, from where they stand.
BOTH = (FINAL, "lifecycle.auto-refund-is-final", "race.cancel-or-refund", "story.*", "webhook.*")


# ---------------------------------------------------------------------- from which statuses
@seed.on(
    Desk.cancel,
    "cancel-is-a-no-op",
    "cancel.ends-cancelled",
    "cancel.new-order",
    "cancel.authorized-order",
    "cancel.settled-either-way",
    related=(*ALL, "refund.cancelled-is-refused"),
)
def cancels_nothing(desk: Desk, order: Order, reason: str | None) -> None:
    """A cancel is answered 200 and told, but the order stays as it was."""
    # Tell, and forget to save.
    desk.decide(order, Cancel())
    desk.notifier.cancelled(order, desk.cancel_reason(reason))


@seed.on(
    Desk.decide,
    "cancel-of-new-is-refused",
    "cancel.new-order",
    "cancel.ends-cancelled",
    related=ALL,
)
def keeps_new_orders(desk: Desk, order: Order, command: Command) -> Booked:
    """A new order cannot be cancelled, only an authorized one."""
    # Refuse where nothing was reserved yet.
    if isinstance(command, Cancel) and order.ledger.status is S.NEW:
        raise desk.refusal(Why.STATE)
    return Desk.decide(desk, order, command)


@seed.on(Desk.decide, "cancel-of-authorized-is-refused", "cancel.authorized-order")
def keeps_authorized_orders(desk: Desk, order: Order, command: Command) -> Booked:
    """An authorized order cannot be cancelled, so its points stay reserved for ever."""
    # Refuse where points are reserved.
    if isinstance(command, Cancel) and order.ledger.status is S.AUTHORIZED:
        raise desk.refusal(Why.STATE)
    return Desk.decide(desk, order, command)


@seed.on(Yielding.yields, "cancel-twice", "cancel.second-is-refused", related=FINAL)
def cancels_twice(desk: Yielding, ledger: OrderLedger, command: Command, why: Why) -> bool:
    """A cancelled order is cancelled once more, and told once more."""
    # No look at the status first.
    return isinstance(command, Cancel) and ledger.status is S.CANCELLED


@seed.on(
    Yielding.yields, "cancel-of-fully-refunded", "cancel.fully-refunded-is-refused", related=BOTH
)
def cancels_what_went_back(desk: Yielding, ledger: OrderLedger, command: Command, why: Why) -> bool:
    """A fully refunded order is cancelled, so that it counts as given back twice."""
    # Only cancelled ones are protected.
    return isinstance(command, Cancel) and ledger.status is S.FULLY_REFUNDED


@seed.on(
    Yielding.yields,
    "cancel-then-refund-the-rest",
    "cancel.partially-refunded-is-bounded",
    "cancel.partially-refunded-is-refused",
    related=("refund.cancelled-is-refused",),
)
def cancels_and_refunds_parts(
    desk: Yielding, ledger: OrderLedger, command: Command, why: Why
) -> bool:
    """A partially refunded order can be cancelled, and its rest refunded after that."""
    # A part that went back protects nothing.
    if isinstance(command, Cancel):
        return ledger.status is S.PARTIALLY_REFUNDED
    refund = isinstance(command, Refund)
    return refund and ledger.status is S.CANCELLED and ledger.refunded > 0


@seed.on(
    Desk.decide,
    "cancel-refusal-forgets-the-parts",
    "cancel.partially-refunded-is-bounded",
    related="refund.*",
)
def forgets_parts_on_refused_cancel(desk: Desk, order: Order, command: Command) -> Booked:
    """A refused cancel of a partially refunded order sets the refunded amount back to zero."""
    # Roll back too much.
    try:
        return Desk.decide(desk, order, command)
    except Refusal:
        if isinstance(command, Cancel) and order.ledger.status is S.PARTIALLY_REFUNDED:
            order.ledger = replace(order.ledger, refunded=0, refunded_points=0)
        raise


@seed.on(Yielding.yields, "cancel-of-partially-refunded", "cancel.partially-refunded-is-refused")
def cancels_partly_refunded(
    desk: Yielding, ledger: OrderLedger, command: Command, why: Why
) -> bool:
    """A partially refunded order is cancelled as if nothing had gone back."""
    # The diagram has no such arrow; refusing is what it asks for.
    return isinstance(command, Cancel) and ledger.status is S.PARTIALLY_REFUNDED


@seed.on(Rebooking.rebook, "cancel-of-paid-is-half-done", "cancel.settled-either-way", related=ALL)
def half_cancels_paid_orders(
    desk: Rebooking, order: Order, command: Command, booked: Booked
) -> Booked:
    """A cancel of a paid order is answered 200 and told, but the order stays approved."""
    # The points go back, the status does not change.
    if isinstance(command, Cancel) and order.ledger.status in (S.APPROVED, S.CAPTURED):
        return replace(booked, ledger=order.ledger)
    return booked


@seed.on(
    Desk.decide,
    "refused-cancel-cancels-paid",
    "cancel.settled-either-way",
    related=ALL,
    dialect="strict",
)
def cancels_before_it_refuses(desk: Desk, order: Order, command: Command) -> Booked:
    """A cancel of an approved order is refused with 400, and the order is cancelled."""
    # Saved before the check.
    try:
        return Desk.decide(desk, order, command)
    except Refusal:
        if isinstance(command, Cancel) and order.ledger.status is S.APPROVED:
            order.ledger = replace(order.ledger, status=S.CANCELLED)
        raise


@seed.on(
    Desk.decide,
    "refused-cancel-of-refunded-cancels",
    "cancel.fully-refunded-is-refused",
    related=BOTH,
)
def overwrites_refunded_on_refusal(desk: Desk, order: Order, command: Command) -> Booked:
    """A cancel of a fully refunded order is refused, and its status becomes cancelled."""
    # Saved before the check.
    try:
        return Desk.decide(desk, order, command)
    except Refusal:
        if isinstance(command, Cancel) and order.ledger.status is S.FULLY_REFUNDED:
            order.ledger = replace(order.ledger, status=S.CANCELLED)
        raise


@seed.on(
    Desk.cancel, "second-cancel-is-200", "cancel.second-is-refused", related=(FINAL, "race.cancels")
)
def second_cancel_is_idempotent(desk: Desk, order: Order, reason: str | None) -> None:
    """A second cancel is answered 200 and does nothing."""
    # As if it were idempotent.
    if order.ledger.status is not S.CANCELLED:
        Desk.cancel(desk, order, reason)


@seed.on(Desk.cancel, "second-cancel-is-409", "cancel.second-is-refused", related=FINAL)
def second_cancel_conflicts(desk: Desk, order: Order, reason: str | None) -> None:
    """A second cancel is refused with 409 instead of 400."""
    # Another code than the documented one.
    if order.ledger.status is S.CANCELLED:
        raise Refusal(409, "The order is already cancelled.")
    Desk.cancel(desk, order, reason)


# ---------------------------------------------------------------------- what a cancel keeps
@seed.on(Rebooking.rebook, "cancel-zeroes-the-price", "cancel.identity", related=ALL)
def cancel_zeroes_price(desk: Rebooking, order: Order, command: Command, booked: Booked) -> Booked:
    """A cancel sets the order's total_price to zero."""
    # Nothing is owed any more.
    if isinstance(command, Cancel):
        return replace(booked, ledger=replace(booked.ledger, total=0))
    return booked


@seed.on(Desk.cancel, "cancel-renames-the-order", "cancel.identity", related=ALL)
def cancel_renames(desk: Desk, order: Order, reason: str | None) -> None:
    """A cancel appends a suffix to order_number, so that the number can be used again."""
    # Free the unique number.
    Desk.cancel(desk, order, reason)
    order.number += "-cancelled"


@seed.on(
    LateReads.shown,
    "cancel-is-read-one-read-late",
    "cancel.ends-cancelled",
    "cancel.new-order",
    related=(*ALL, FINAL, "refund.cancelled-*", "lifecycle.cancelled-*", "isolation.*"),
)
def reads_cancels_late(presenter: LateReads, order: Order, reads: int) -> OrderStatus:
    """The first read after a cancel still shows the order as new."""
    # A replica that lags by one read.
    cancelled = order.ledger.status is S.CANCELLED
    return S.NEW if cancelled and reads == 1 else order.ledger.status


@seed.on(
    LateReads.shown,
    "cancel-is-forgotten-by-a-replica",
    "cancel.read-after-write",
    related=(*ALL, FINAL, "refund.cancelled-*", "lifecycle.cancelled-*", "isolation.*"),
)
def second_read_of_cancel_is_stale(presenter: LateReads, order: Order, reads: int) -> OrderStatus:
    """The second read after a cancel comes from a replica that has not heard of it."""
    # Two replicas in turn.
    cancelled = order.ledger.status is S.CANCELLED
    return S.NEW if cancelled and reads == 2 else order.ledger.status
