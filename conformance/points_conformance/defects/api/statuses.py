"""Servers whose guard looks at something else than the order's status: at how it got there.

Each refuses what the usual example asks for, and yields where the order came by another way, or to
a call that nobody thought of.
"""

from dataclasses import replace
from typing import Any

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.names import Event, OrderStatus, OrderType
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import cancelled
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.ledger import Booked, Cancel, Command, Refund, Step
from points_conformance.ledger import Refusal as Why
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.world import Order

__all__ = ["seed"]

S = OrderStatus
#: The same from where other rules stand, and those that stories lay it to.
RELATED = ("lifecycle.*", "webhook.*", "cancel.*-is-refused", "refund.*-is-refused")
seed = Seeds(ServerDefect, related=RELATED, profile=Profile.STANDARD)


class _Remembering(Desk):
    """Keeps a table of its own beside the orders: what was once done to each."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.done: dict[str, list[Action]] = {}

    def commit(self, order: Order, booked: Booked) -> None:
        """A row more."""
        if booked.action is not None:
            self.done.setdefault(order.uuid, []).append(booked.action)
        super().commit(order, booked)

    def was(self, order: Order, action: Action) -> int:
        """How often it was done to the order."""
        return self.done.get(order.uuid, []).count(action)


@seed("voided-authorization-is-captured", "status.cancelled")
class CapturesTheAuthorization(_Remembering):
    """An order that was cancelled once it was authorized can still be captured."""

    # Written by somebody who knows payments: an authorization has a row of its own, with
    # captured_at in it, and the cancel forgets to void it. An order that was never authorized has
    # no such row, and is refused.
    def decide(self, order: Order, command: Command) -> Booked:
        """The authorization decides."""
        open_ = order.ledger.status is S.CANCELLED and self.was(order, Action.AUTHORIZE)
        if command == Step(Action.CAPTURE) and open_ and not self.was(order, Action.CAPTURE):
            return Booked(replace(order.ledger, status=S.CAPTURED), Action.CAPTURE)
        return super().decide(order, command)


@seed(
    "refunded-capture-is-captured-again",
    "status.fully-refunded",
    "status.fully-refunded-after-part",
    "status.fully-refunded-by-auto-refund",
)
class CapturesAgain(_Remembering):
    """A captured order that was fully refunded is captured once more, and so can be refunded."""

    # JavaScript: `if (payment.status === 'captured' && !payment.refundedAt) refuse()`, where the
    # refund sets refundedAt.
    def decide(self, order: Order, command: Command) -> Booked:
        """The payment's own fields decide."""
        again = order.ledger.status is S.FULLY_REFUNDED and self.was(order, Action.CAPTURE)
        if command == Step(Action.CAPTURE) and again:
            return Booked(replace(order.ledger, status=S.CAPTURED), Action.CAPTURE)
        return super().decide(order, command)


@seed("auto-refunded-is-completed", "status.fully-refunded-by-auto-refund")
class CompletesAutoRefunded(_Remembering):
    """An order that the platform refunded by itself can be completed, and is approved again."""

    # PHP: `abort_if($order->refunds()->exists(), 400)`; the platform's job writes no such row.
    def decide(self, order: Order, command: Command) -> Booked:
        """The table of refunds decides."""
        auto = order.ledger.status is S.FULLY_REFUNDED and self.was(order, Action.AUTO_REFUND)
        if command == Step(Action.COMPLETE) and auto:
            return Booked(replace(order.ledger, status=S.APPROVED), Action.COMPLETE)
        return super().decide(order, command)


@seed("refunded-in-parts-is-cancelled", "status.fully-refunded-after-part")
class CancelsRefundedInParts(_Remembering):
    """An order whose parts add up to its total can be cancelled; one refunded at once cannot."""

    # SQL: `... WHERE uuid = ? AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = o.id AND
    # r.amount = o.total)`.
    def decide(self, order: Order, command: Command) -> Booked:
        """One row of all of it is looked for."""
        parted = order.ledger.status is S.FULLY_REFUNDED and self.was(order, Action.REFUND_PART)
        if isinstance(command, Cancel) and parted:
            return cancelled(order.ledger)
        return super().decide(order, command)


@seed("second-part-opens-the-order", "status.partially-refunded")
class ForgetsTwoParts(_Remembering):
    """After a second part the order can be authorized, as if nothing had been refunded."""

    # JavaScript: `const partial = order.refunds.length === 1`.
    def decide(self, order: Order, command: Command) -> Booked:
        """One refund is a partial one."""
        twice = order.ledger.status is S.PARTIALLY_REFUNDED
        if command == Step(Action.AUTHORIZE) and twice and self.was(order, Action.REFUND_PART) > 1:
            return Booked(replace(order.ledger, status=S.AUTHORIZED), Action.AUTHORIZE)
        return super().decide(order, command)


@seed("cancelled-once-authorized-is-refunded", "status.cancelled")
class RefundsTheReserve(_Remembering):
    """An order that was cancelled once it was authorized can be refunded: it goes back twice."""

    # Java: the reserve that authorize made has a state of its own, and a refund asks it alone.
    def decide(self, order: Order, command: Command) -> Booked:
        """Whatever reserve there was is given back."""
        reserved = order.ledger.status is S.CANCELLED and self.was(order, Action.AUTHORIZE)
        if isinstance(command, Refund) and command.amount is None and reserved:
            after = replace(order.ledger, status=S.FULLY_REFUNDED, refunded=order.ledger.total)
            return Booked(after, Action.REFUND_REST, order.ledger.left)
        return super().decide(order, command)


@seed.on(
    Desk.ship,
    "shipping-status-new-starts-anew",
    "status.authorized",
    "status.approved",
    "status.captured",
    "status.partially-refunded",
    "status.cancelled",
    "status.fully-refunded",
)
def shipping_new(desk: Desk, order: Order, status: str) -> None:
    """The shipping status new makes the order itself new again."""
    # PHP: `$order->fill($request->validated())`, and a mutator of `status` that sets the order's
    # status for each value that both lists have; somebody took care of "cancelled" alone.
    Desk.ship(desk, order, status)
    if status == "new":
        order.ledger = replace(order.ledger, status=S.NEW)


@seed.on(
    Desk.ship,
    "status-is-computed-anew",
    "status.cancelled-after-part",
    dialect="lenient",
)
def computed_anew(desk: Desk, order: Order, status: str) -> None:
    """A shipping status makes a cancelled order of which a part went back partially refunded."""
    # Java: @PreUpdate works the status out of the sums, and knows nothing of a cancel.
    Desk.ship(desk, order, status)
    if order.ledger.status is S.CANCELLED and order.ledger.refunded:
        order.ledger = replace(order.ledger, status=S.PARTIALLY_REFUNDED)


@seed.on(Desk.ship, "delivered-is-paid", "status.new", "status.authorized")
def delivered_is_paid(desk: Desk, order: Order, status: str) -> None:
    """An unpaid order becomes approved once it is delivered."""
    # Java: a listener for cash on delivery, which is not asked how the order is paid.
    Desk.ship(desk, order, status)
    if status == "delivered" and order.ledger.status in (S.NEW, S.AUTHORIZED):
        order.ledger = replace(order.ledger, status=S.APPROVED)


@seed.on(
    Desk.decide,
    "refused-cancel-releases-points",
    "status.fully-refunded",
    "status.fully-refunded-by-auto-refund",
)
def releases_first(desk: Desk, order: Order, command: Command) -> Booked:
    """A refused cancel of a refunded replacing order takes the points off it all the same."""
    # PHP without a transaction: the reserve is let go and saved, and then comes the guard.
    final = order.ledger.status in (S.CANCELLED, S.FULLY_REFUNDED)
    if isinstance(command, Cancel) and order.kind is OrderType.REPLACING and final:
        order.ledger = replace(order.ledger, points=0, refunded_points=0)
    return Desk.decide(desk, order, command)


@seed.on(
    Desk.decide,
    "refused-capture-is-flushed",
    "status.fully-refunded",
    "status.fully-refunded-after-part",
    "status.fully-refunded-by-auto-refund",
)
def flushed(desk: Desk, order: Order, command: Command) -> Booked:
    """A refused capture of a replacing order that was refunded is written all the same."""
    # Java: the entity is changed, then validated, and the session flushes what is dirty although
    # the answer is 400. A read of the order shows it; the next cancel finds a captured order.
    refused = order.ledger.status is S.FULLY_REFUNDED and order.kind is OrderType.REPLACING
    if command == Step(Action.CAPTURE) and refused:
        order.ledger = replace(order.ledger, status=S.CAPTURED)
        raise desk.refusal(Why.STATE)
    return Desk.decide(desk, order, command)


@seed.on(Desk.step, "step-is-told-before-it-is-refused", "status.refused-step-is-not-told")
def told_first(desk: Desk, order: Order, action: Action) -> None:
    """A capture is told as captured before it is looked whether the order can be captured."""
    # JavaScript: the event is emitted on the way in, and nobody takes it back.
    if action is Action.CAPTURE:
        desk.notifier.changed(Event.CAPTURED, order)
        desk.commit(order, desk.decide(order, Step(action)))
        return
    Desk.step(desk, order, action)
