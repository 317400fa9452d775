"""Servers that mix up merchants, or orders."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.money import sar_text
from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import of_anyone
from points_conformance.defects.defect import Seeds
from points_conformance.ledger import Booked, Command, Refund
from points_conformance.ledger import Refusal as Why
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import RefundForm
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Response
from points_conformance.simulator.operations import Call
from points_conformance.simulator.world import Merchant, Order

__all__ = ["seed"]

seed = Seeds(ServerDefect)
S = OrderStatus
FOREIGN = ("isolation.foreign-*", "reading.foreign-order", "story.*")
MIXED = (
    "refund.*",
    "isolation.*",
    "points.*",
    "property.*",
    "story.*",
    "webhook.*",
    "cancel.*",
    "race.*",
    "fields.*",
    "texts.*",
    "numbers.*",
)


# ---------------------------------------------------------------------- merchants
@seed("others-can-read", "isolation.foreign-read", operation="get", related=FOREIGN)
def _reads_for_anyone(sim: Simulator, call: Call) -> Response:
    """Any merchant can read any order whose uuid it knows."""
    return sim.presenter.order_answer(of_anyone(sim, call))


@seed("others-can-cancel", "isolation.foreign-cancel", operation="cancel", related=FOREIGN)
def _cancels_for_anyone(sim: Simulator, call: Call) -> Response:
    """Any merchant can cancel any order whose uuid it knows."""
    order = of_anyone(sim, call)
    sim.desk.cancel(order, sim.forms.cancel(call.request))
    return sim.presenter.order_answer(order)


@seed("others-can-refund", "isolation.foreign-refund", operation="refund", related=FOREIGN)
def _refunds_for_anyone(sim: Simulator, call: Call) -> Response:
    """Any merchant can refund any order whose uuid it knows."""
    order = of_anyone(sim, call)
    sim.desk.refund(order, sim.forms.refund(call.request))
    return sim.presenter.order_answer(order, "Order refunded successfully")


@seed("others-can-refund-parts", "isolation.foreign-refund", operation="refund", related=FOREIGN)
def _refunds_parts_for_anyone(sim: Simulator, call: Call) -> Response:
    """Any merchant can refund a part of any order; a full refund asks whose it is."""
    form = sim.forms.refund(call.request)
    anyone = form.amount is not None
    order = of_anyone(sim, call) if anyone else sim.gate.order(call.merchant, call.name)
    sim.desk.refund(order, form)
    return sim.presenter.order_answer(order, "Order refunded successfully")


@seed(
    "refused-foreign-refund-is-done",
    "isolation.foreign-refund",
    related=FOREIGN,
    operation="refund",
)
def _refunds_before_it_refuses(sim: Simulator, call: Call) -> Response:
    """Another merchant's refund is answered 404, and carried out."""
    order = of_anyone(sim, call)
    sim.desk.refund(order, sim.forms.refund(call.request))
    sim.gate.order(call.merchant, call.name)
    return sim.presenter.order_answer(order, "Order refunded successfully")


@seed(
    "refused-foreign-cancel-is-done",
    "isolation.foreign-cancel",
    related=FOREIGN,
    operation="cancel",
)
def _cancels_before_it_refuses(sim: Simulator, call: Call) -> Response:
    """Another merchant's cancel is answered 404, and carried out."""
    order = of_anyone(sim, call)
    sim.desk.cancel(order, sim.forms.cancel(call.request))
    sim.gate.order(call.merchant, call.name)
    return sim.presenter.order_answer(order)


@seed.on(
    Gate.order,
    "refusal-shows-the-order",
    "isolation.foreign-read",
    "isolation.foreign-cancel",
    related=FOREIGN,
    dialect="strict",
)
def refusal_shows_the_order(gate: Gate, merchant: Merchant, uuid: str) -> Order:
    """The refusal of another merchant's order shows its reference number and its total."""
    # A helpful message.
    order = gate.world.orders.get(uuid.lower())
    if order is not None and order.merchant is not merchant:
        text = f"Order {order.reference} of {sar_text(order.ledger.total)} SAR is not yours"
        raise Refusal(403, text)
    return Gate.order(gate, merchant, uuid)


@seed.on(
    Gate.order,
    "foreign-order-is-403",
    "isolation.foreign-is-404",
    "isolation.foreign-as-unknown",
)
def foreign_is_403(gate: Gate, merchant: Merchant, uuid: str) -> Order:
    """Another merchant's order is answered with 403, which says that it exists."""
    # Forbidden instead of not found.
    order = gate.world.orders.get(uuid.lower())
    if order is not None and order.merchant is not merchant:
        raise Refusal(403, "Forbidden")
    return Gate.order(gate, merchant, uuid)


@seed.on(Gate.order, "internal-id-opens-the-order", "isolation.internal-id", related="schema.*")
def internal_id_opens(gate: Gate, merchant: Merchant, uuid: str) -> Order:
    """The integer id of an order opens it, so that orders can be counted through."""
    # ``findOrFail($id)``.
    for order in gate.world.orders.values():
        if str(order.id) == uuid and order.merchant is merchant:
            return order
    return Gate.order(gate, merchant, uuid)


# ---------------------------------------------------------------------- orders
class _Neighbours(Desk):
    def others(self, order: Order) -> Iterator[Order]:
        """The merchant's other orders in the same status, oldest first."""
        for other in self.notifier.world.orders.values():
            same = other.merchant is order.merchant and other.ledger.status is order.ledger.status
            if same and other is not order:
                yield other


@seed.on(
    _Neighbours.refund, "refund-sets-every-orders-status", "isolation.orders-apart", related=MIXED
)
def refunds_status_of_all(desk: _Neighbours, order: Order, form: RefundForm) -> None:
    """A partial refund sets the status of all of the merchant's paid orders: a lost WHERE."""
    # ``UPDATE orders SET order_status = ...``.
    others = list(desk.others(order))
    _Neighbours.refund(desk, order, form)
    if order.ledger.status is S.PARTIALLY_REFUNDED:
        for other in others:
            other.ledger = replace(other.ledger, status=order.ledger.status)


@seed.on(_Neighbours.refund, "refunds-share-a-counter", "isolation.orders-apart", related=MIXED)
def shared_counter(desk: _Neighbours, order: Order, form: RefundForm) -> None:
    """A refund also lessens what is left of the merchant's next order."""
    # The sum is kept per merchant until it is used up.
    others = list(desk.others(order))
    before = order.ledger.refunded
    _Neighbours.refund(desk, order, form)
    gone = order.ledger.refunded - before
    for other in others:
        if other.id == order.id + 1 and gone < other.ledger.total:
            other.ledger = replace(other.ledger, refunded=other.ledger.refunded + gone)


@seed("refund-frees-the-order-before", "isolation.orders-apart", related=MIXED)
class FreesTheOrderBefore(_Neighbours):
    """A refund sets the refunded sum of the order refunded before it back to zero."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._before: Order | None = None

    def refund(self, order: Order, form: RefundForm) -> None:
        """One slot for the sum."""
        super().refund(order, form)
        before, self._before = self._before, order
        if before and before is not order and before.ledger.status is S.PARTIALLY_REFUNDED:
            before.ledger = replace(before.ledger, refunded=0, refunded_points=0)


@seed("equal-orders-are-deduplicated", "isolation.equal-refunds", related=MIXED)
class DropsEqualOrders(Desk):
    """A full refund straight after another of an equal total is answered 200 and not done."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._last: tuple[str, int] | None = None

    def decide(self, order: Order, command: Command) -> Booked:
        """An idempotency key of merchant and amount."""
        booked = super().decide(order, command)
        if isinstance(command, Refund):
            last, self._last = self._last, None
            if booked.amount == order.ledger.total and not order.ledger.refunded:
                self._last = (order.uuid, booked.amount)
                if last and last[0] != order.uuid and last[1] == booked.amount:
                    return Booked(order.ledger, None)
        else:
            self._last = None
        return booked


@seed.on(Desk.cancel, "cancel-cancels-the-neighbours", "isolation.cancel-apart", related=MIXED)
def cancels_neighbours(desk: Desk, order: Order, reason: str | None) -> None:
    """A cancel cancels the merchant's newest order as well."""
    # ``latest()`` where ``find()`` is meant.
    Desk.cancel(desk, order, reason)
    newest = list(desk.notifier.world.orders.values())[-1]
    if newest.merchant is order.merchant and newest.ledger.status is S.APPROVED:
        newest.ledger = replace(newest.ledger, status=S.CANCELLED)


@seed.on(Desk.decide, "parts-are-summed-over-orders", "isolation.orders-apart", related=MIXED)
def sums_over_orders(desk: Desk, order: Order, command: Command) -> Booked:
    """The first part of an order is refused where it and the last order's parts are too much."""
    # A join that also finds the order before.
    booked = Desk.decide(desk, order, command)
    if booked.action is Action.REFUND_PART and not order.ledger.refunded:
        for other in desk.notifier.world.orders.values():
            both = booked.ledger.refunded + other.ledger.refunded
            before = other.id == order.id - 1 and other.ledger.status is S.PARTIALLY_REFUNDED
            if before and both > order.ledger.total:
                raise desk.refusal(Why.ABOVE_LEFT)
    return booked


@seed(
    "large-parts-are-queued-without-their-order",
    "property.order-of-parts",
    "property.split-or-sum",
    related=MIXED,
)
class QueuesLargeParts(Desk):
    """A part of an order above 1,000 riyals is dropped if the last one came to the same sum."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._queued: dict[tuple[int, int], str] = {}

    def decide(self, order: Order, command: Command) -> Booked:
        """The queue's key is total and sum; it lacks the order, and is answered 200."""
        booked = super().decide(order, command)
        if booked.action is not Action.REFUND_PART or order.ledger.total <= 100_000:
            return booked
        key = (order.ledger.total, booked.ledger.refunded)
        owner = self._queued.setdefault(key, order.uuid)
        if owner == order.uuid:
            return booked
        status = replace(order.ledger, status=booked.ledger.status)
        return replace(booked, ledger=status)
