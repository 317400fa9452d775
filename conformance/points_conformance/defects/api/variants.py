"""What several wrong parts have in common: bookings that no sound ledger makes, late reads."""

from dataclasses import replace
from typing import Any

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.names import OrderStatus
from points_conformance.ledger import (
    Booked,
    Cancel,
    Command,
    OrderLedger,
    Refund,
    Refused,
    carry_out,
    reversed_points,
)
from points_conformance.ledger import Refusal as Why
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.messages import Refusal, Response
from points_conformance.simulator.operations import Call
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["LateReads", "Rebooking", "Yielding", "cancelled", "crash", "given_back", "of_anyone"]


def cancelled(ledger: OrderLedger) -> Booked:
    """A cancel whatever the books say."""
    return Booked(replace(ledger, status=OrderStatus.CANCELLED), Action.CANCEL)


def given_back(ledger: OrderLedger, amount: int, status: OrderStatus | None = None) -> Booked:
    """A refund of ``amount`` halalas whatever the books say; it may be above what is left."""
    refunded = ledger.refunded + amount
    full = refunded >= ledger.total
    points = reversed_points(ledger.points, ledger.total, refunded, rounding="per-riyal")
    after = replace(
        ledger,
        status=status or (OrderStatus.FULLY_REFUNDED if full else OrderStatus.PARTIALLY_REFUNDED),
        refunded=refunded,
        refunded_points=points,
    )
    action = Action.REFUND_REST if full else Action.REFUND_PART
    return Booked(after, action, amount, points - ledger.refunded_points)


def crash() -> Refusal:
    """The answer of a server whose code raised where nobody expected it to."""
    return Refusal(500, "Server Error")


def of_anyone(sim: Simulator, call: Call) -> Order:
    """The order in the path, whoever's it is."""
    order = sim.world.orders.get(call.name.lower())
    return order or sim.gate.order(call.merchant, call.name)


class Rebooking(Desk):
    """Books something else than the ledger decided."""

    def decide(self, order: Order, command: Command) -> Booked:
        """What the ledger decided, changed."""
        return self.rebook(order, command, super().decide(order, command))

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """The booking that is made instead."""
        raise NotImplementedError


class Yielding(Desk):
    """Carries out commands that the ledger refuses, where :meth:`yields` says so."""

    def decide(self, order: Order, command: Command) -> Booked:
        """What the ledger decided, unless it is overruled."""
        outcome = carry_out(order.ledger, command, self.dialect)
        if isinstance(outcome, Refused) and self.yields(order.ledger, command, outcome.why):
            return self.forced(order.ledger, command)
        return super().decide(order, command)

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """Whether this refusal is overruled."""
        raise NotImplementedError

    def forced(self, ledger: OrderLedger, command: Command) -> Booked:
        """The booking that is made all the same."""
        if isinstance(command, Refund):
            return given_back(ledger, ledger.total if command.amount is None else command.amount)
        if isinstance(command, Cancel):
            return cancelled(ledger)
        raise NotImplementedError


class LateReads(Presenter):
    """Answers right, and shows another status in some reads after that."""

    def __init__(self, *dialect: Any) -> None:
        super().__init__(*dialect)
        self._reads: dict[str, int] = {}

    def order_answer(self, order: Order, message: str | None = None) -> Response:
        """Reversals say what they did; reads are counted from there."""
        if message is not None:
            self._reads[order.uuid] = 0
            return super().order_answer(order, message)
        reads = self._reads[order.uuid] = self._reads.get(order.uuid, 0) + 1
        status = self.shown(order, reads)
        return super().order_answer(replace(order, ledger=replace(order.ledger, status=status)))

    def shown(self, order: Order, reads: int) -> OrderStatus:
        """The status of the n-th read since the last reversal."""
        raise NotImplementedError
