"""Where commands are carried out: the ledger decides, the desk books and has it told."""

from dataclasses import replace

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.lifecycle import Action
from points_conformance.contract.limits import DEFAULT_CANCEL_REASON
from points_conformance.contract.names import Event
from points_conformance.ledger import (
    AutoRefund,
    Booked,
    Cancel,
    Command,
    Refund,
    Refused,
    Step,
    carry_out,
)
from points_conformance.ledger import Refusal as Why
from points_conformance.simulator.clock import Clock
from points_conformance.simulator.forms import RefundForm
from points_conformance.simulator.messages import Refusal
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.world import Order

__all__ = ["Desk"]

_EVENTS = {
    Action.COMPLETE: Event.COMPLETED,
    Action.AUTHORIZE: Event.AUTHORIZED,
    Action.CAPTURE: Event.CAPTURED,
}


class Desk:
    """Carries out cancels, refunds and the steps before them."""

    def __init__(self, notifier: Notifier, clock: Clock, dialect: Dialect) -> None:
        self.notifier = notifier
        self.clock = clock
        self.dialect = dialect

    def cancel(self, order: Order, reason: str | None) -> None:
        """Cancel, with the default reason where none is given. Refused: 400, nothing changes."""
        self.commit(order, self.decide(order, Cancel()))
        self.notifier.cancelled(order, self.cancel_reason(reason))

    def cancel_reason(self, reason: str | None) -> str:
        """The reason as it is stored and told."""
        return DEFAULT_CANCEL_REASON if reason is None else reason

    def refund(self, order: Order, form: RefundForm) -> None:
        """Refund all or a part. Refused: 400 or 422 as the dialect says, nothing changes."""
        booked = self.decide(order, Refund(form.amount))
        if booked.action is None:
            return
        self.commit(order, booked)
        self.notifier.refunded(order, booked, form.reason)

    def auto_refund(self, order: Order) -> None:
        """The platform's own refund of a replacing order."""
        booked = self.decide(order, AutoRefund())
        self.commit(order, booked)
        self.notifier.auto_refunded(order, booked)

    def step(self, order: Order, action: Action) -> None:
        """Complete, authorize or capture."""
        self.commit(order, self.decide(order, Step(action)))
        self.notifier.changed(_EVENTS[action], order)

    def ship(self, order: Order, status: str) -> None:
        """Change the shipping status; it is nothing to the order's books."""
        order.shipping = status
        order.updated_at = self.clock.now()
        label = status.replace("_", " ").title()
        self.notifier.changed(
            Event.SHIPPING_STATUS_UPDATED, order, {"status": status, "status_label": label}
        )

    def settle(self, order: Order) -> None:
        """Mark the order as settled with the merchant."""
        order.ledger = replace(order.ledger, settled=True)

    def decide(self, order: Order, command: Command) -> Booked:
        """Ask the ledger. Raises :class:`Refusal` where it refuses."""
        outcome = carry_out(order.ledger, command, self.dialect)
        if isinstance(outcome, Refused):
            raise self.refusal(outcome.why)
        return outcome

    def refusal(self, why: Why) -> Refusal:
        """How a refused command is answered."""
        codes = {
            Why.ABOVE_LEFT: self.dialect.amount_above_left,
            Why.ZERO: self.dialect.amount_zero,
        }
        status = int(codes.get(why, "400"))
        message = f"This order cannot be changed: {why.value}."
        return Refusal(status, message, {"amount": [message]} if status == 422 else None)

    def commit(self, order: Order, booked: Booked) -> None:
        """Write the new books."""
        order.ledger = booked.ledger
        order.updated_at = self.clock.now()
