"""Servers that take steps the lifecycle does not have, or refuse those that it has."""

from dataclasses import replace
from typing import Any

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import Yielding
from points_conformance.defects.defect import Seeds
from points_conformance.ledger import AutoRefund, Booked, Cancel, Command, OrderLedger, Refund, Step
from points_conformance.ledger import Refusal as Why
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.world import Order

__all__ = ["seed"]

S = OrderStatus
STEPS = ("lifecycle.*", "story.*", "reading.complete-captured", "webhook.*")
seed = Seeds(ServerDefect, related=STEPS)
#: Rules that refund or cancel what was given back, from where they stand.
GIVEN_BACK = (*STEPS, "refund.*-is-refused", "cancel.fully-refunded-is-refused")
_LEADS = {
    Action.AUTHORIZE: S.AUTHORIZED,
    Action.CAPTURE: S.CAPTURED,
    Action.COMPLETE: S.APPROVED,
}


class _Stepping(Yielding):
    """Takes steps that the table lacks."""

    #: From which statuses which step is taken.
    takes: frozenset[tuple[OrderStatus, Action]] = frozenset()

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """Where the wrong table has an arrow."""
        return isinstance(command, Step) and (ledger.status, command.action) in self.takes

    def forced(self, ledger: OrderLedger, command: Command) -> Booked:
        """The step's usual status."""
        if isinstance(command, Step):
            return Booked(replace(ledger, status=_LEADS[command.action]), command.action)
        return super().forced(ledger, command)


@seed("cancelled-can-be-authorized", "lifecycle.cancelled-is-final")
class AuthorizesCancelled(_Stepping):
    """A cancelled order is authorized: its points are reserved again."""

    takes = frozenset({(S.CANCELLED, Action.AUTHORIZE)})


@seed("cancelled-can-be-captured", "lifecycle.cancelled-is-final")
class CapturesCancelled(_Stepping):
    """A cancelled order is captured: points that went back are taken."""

    takes = frozenset({(S.CANCELLED, Action.CAPTURE)})


@seed("cancelled-can-be-completed", "lifecycle.cancelled-is-final")
class CompletesCancelled(_Stepping):
    """A cancelled order is completed."""

    takes = frozenset({(S.CANCELLED, Action.COMPLETE)})

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """Whatever its type."""
        return super().yields(ledger, command, why)


@seed("refunded-can-be-captured", "lifecycle.refunded-is-final")
class CapturesRefunded(_Stepping):
    """A fully refunded order is captured, and can be refunded again after that."""

    takes = frozenset({(S.FULLY_REFUNDED, Action.CAPTURE)})


@seed("refunded-can-be-authorized", "lifecycle.refunded-is-final")
class AuthorizesRefunded(_Stepping):
    """A fully refunded order is authorized."""

    takes = frozenset({(S.FULLY_REFUNDED, Action.AUTHORIZE)})


@seed("partly-refunded-can-be-completed", "lifecycle.partially-refunded-goes-on")
class CompletesPartlyRefunded(_Stepping):
    """A partially refunded order is completed, and looks approved again."""

    takes = frozenset({(S.PARTIALLY_REFUNDED, Action.COMPLETE)})


@seed("new-can-be-captured", "lifecycle.capture-needs-authorization")
class CapturesNew(_Stepping):
    """A new order is captured without having been authorized."""

    takes = frozenset({(S.NEW, Action.CAPTURE)})


@seed("approved-can-be-captured", "lifecycle.capture-needs-authorization")
class CapturesApproved(_Stepping):
    """An approved order is captured, and so paid twice."""

    takes = frozenset({(S.APPROVED, Action.CAPTURE)})


@seed.on(Desk.decide, "earning-can-be-completed", "lifecycle.complete-earning")
def completes_earning(desk: Desk, order: Order, command: Command) -> Booked:
    """An earning order is completed, and awards its points twice."""
    # The type is not looked at.
    earning = order.kind is OrderType.EARNING and order.ledger.status is S.APPROVED
    if earning and command == Step(Action.COMPLETE):
        return Booked(order.ledger, Action.COMPLETE)
    return Desk.decide(desk, order, command)


@seed.on(Desk.decide, "approved-can-be-completed", "lifecycle.complete-twice")
def completes_twice(desk: Desk, order: Order, command: Command) -> Booked:
    """An approved replacing order is completed once more."""
    # The status is not looked at.
    replacing = order.kind is OrderType.REPLACING and order.ledger.status is S.APPROVED
    if replacing and command == Step(Action.COMPLETE):
        return Booked(order.ledger, Action.COMPLETE)
    return Desk.decide(desk, order, command)


class _Refusing(Desk):
    """Refuses a step that the lifecycle has."""

    refuses: Action

    def decide(self, order: Order, command: Command) -> Booked:
        """Refuse it from anywhere."""
        if command == Step(self.refuses):
            raise self.refusal(Why.STATE)
        return super().decide(order, command)


@seed("authorize-is-refused", "lifecycle.authorize")
class RefusesAuthorize(_Refusing):
    """No order can be authorized."""

    refuses = Action.AUTHORIZE


@seed("capture-is-refused", "lifecycle.capture")
class RefusesCapture(_Refusing):
    """No order can be captured."""

    refuses = Action.CAPTURE


@seed("complete-is-refused", "lifecycle.complete")
class RefusesComplete(_Refusing):
    """No order can be completed."""

    refuses = Action.COMPLETE


@seed.on(Desk.step, "complete-leads-to-captured", "lifecycle.complete")
def complete_captures(desk: Desk, order: Order, action: Action) -> None:
    """A completed order becomes captured instead of approved."""
    # The wrong constant.
    Desk.step(desk, order, action)
    if action is Action.COMPLETE:
        order.ledger = replace(order.ledger, status=S.CAPTURED)


@seed.on(Desk.ship, "shipping-cancelled-cancels", "lifecycle.shipping-is-not-money")
def shipping_cancels(desk: Desk, order: Order, status: str) -> None:
    """The shipping status cancelled cancels the order."""
    # One column for both.
    Desk.ship(desk, order, status)
    if status == "cancelled":
        order.ledger = replace(order.ledger, status=S.CANCELLED)


@seed.on(Desk.ship, "shipping-cancelled-refunds", "lifecycle.shipping-is-not-money")
def shipping_refunds(desk: Desk, order: Order, status: str) -> None:
    """The shipping status cancelled gives all money back, and the order stays approved."""
    # A listener that means well.
    Desk.ship(desk, order, status)
    if status == "cancelled":
        after = desk.decide(order, Refund()).ledger
        order.ledger = replace(after, status=order.ledger.status)


@seed("auto-refunded-can-be-refunded", "lifecycle.auto-refund-is-final", related=GIVEN_BACK)
class RefundsAfterAutoRefund(Desk):
    """An order that the platform refunded by itself is refunded again."""

    def auto_refund(self, order: Order) -> None:
        """Status and books are two things here."""
        super().auto_refund(order)
        order.ledger = replace(order.ledger, refunded=0, refunded_points=0)

    def decide(self, order: Order, command: Command) -> Booked:
        """What is left decides, not the status."""
        ledger = order.ledger
        if isinstance(command, Refund) and ledger.status is S.FULLY_REFUNDED and ledger.left:
            return super().decide(
                replace(order, ledger=replace(ledger, status=S.APPROVED)), command
            )
        return super().decide(order, command)


@seed.on(
    Yielding.yields,
    "auto-refunded-can-be-cancelled",
    "lifecycle.auto-refund-is-final",
    related=GIVEN_BACK,
)
def cancels_after_auto_refund(
    desk: Yielding, ledger: OrderLedger, command: Command, why: Why
) -> bool:
    """An order that the platform refunded by itself is cancelled."""
    # Only the merchant's own refunds are looked for.
    return (
        isinstance(command, Cancel)
        and ledger.kind is OrderType.REPLACING
        and ledger.status is S.FULLY_REFUNDED
    )


@seed.on(
    Desk.decide,
    "auto-refund-leaves-the-status",
    "lifecycle.auto-refund-is-final",
    related=GIVEN_BACK,
)
def auto_refund_leaves_status(desk: Desk, order: Order, command: Command) -> Booked:
    """An auto-refund gives the money back and leaves the order approved."""
    # The platform's job does not know the orders' table.
    booked = Desk.decide(desk, order, command)
    if isinstance(command, AutoRefund):
        return replace(booked, ledger=replace(booked.ledger, status=order.ledger.status))
    return booked


@seed("final-before-is-reversed", "lifecycle.final-before-the-run", related="webhook.*")
class ForgetsWhatOthersReversed(Yielding):
    """An order that was reversed elsewhere is refunded again: it looks at its own refunds alone."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._own: set[str] = set()

    def decide(self, order: Order, command: Command) -> Booked:
        """What it reversed itself it refuses as it should."""
        if order.uuid in self._own or order.ledger.status not in (S.CANCELLED, S.FULLY_REFUNDED):
            return Desk.decide(self, order, command)
        return super().decide(order, command)

    def commit(self, order: Order, booked: Booked) -> None:
        """Remember what was done here."""
        self._own.add(order.uuid)
        super().commit(order, booked)

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """A refund, of whatever is final."""
        return isinstance(command, Refund)
