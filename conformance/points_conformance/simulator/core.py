"""The simulator's core: one function from request to response, behind one lock."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.contract.limits import API_PREFIX
from points_conformance.contract.money import halalas, sar
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger import OrderLedger, reversed_points
from points_conformance.simulator.clock import Clock, ManualClock
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import Forms, OrderForm
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Request, Response
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.operations import OPERATIONS, Call, Operation
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Deliveries, Endpoint, Merchant, Order, World

__all__ = ["Parts", "Simulator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The classes a simulator is put together from. Exchanging one is how a defect is seeded."""

    forms: Callable[[Dialect], Forms] = Forms
    gate: Callable[[World, Dialect], Gate] = Gate
    desk: Callable[[Notifier, Clock, Dialect], Desk] = Desk
    presenter: Callable[[Dialect], Presenter] = Presenter
    notifier: Callable[[World, Presenter, Clock], Notifier] = Notifier
    operations: tuple[Operation, ...] = field(default=OPERATIONS, repr=False)
    #: Used by whoever sends this simulator's deliveries; ``None`` is the ordinary one.
    courier: Callable[..., Any] | None = None


class Simulator:
    """A Points API in memory.

    ``merchant`` is the first merchant, ``other`` a second one; both have made-up keys. Every
    identifier comes from ``seed``, every time from ``clock``.
    """

    def __init__(
        self,
        *,
        dialect: Dialect = DIALECTS["default"],
        clock: Clock | None = None,
        seed: int = 0,
        parts: Parts | None = None,
    ) -> None:
        parts = parts or Parts()
        self.dialect = dialect
        self.clock: Clock = clock or ManualClock()
        self.lock = threading.RLock()
        #: Notified whenever something may have been queued for delivery.
        self.changed = threading.Condition(self.lock)
        self.parts = parts
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Forget everything; the two merchants are there again with the same keys."""
        with self.lock:
            self.world = World(self._seed)
            self.presenter = self.parts.presenter(self.dialect)
            self.notifier = self.parts.notifier(self.world, self.presenter, self.clock)
            self.desk = self.parts.desk(self.notifier, self.clock, self.dialect)
            self.forms = self.parts.forms(self.dialect)
            self.gate = self.parts.gate(self.world, self.dialect)
            self.merchant = self.world.add_merchant("First merchant")
            self.other = self.world.add_merchant("Second merchant", rate=10)

    # ------------------------------------------------------------------ requests
    def handle(self, request: Request) -> Response:
        """Answer one request. Whatever the request is, the answer is an envelope, never a 500."""
        with self.lock:
            try:
                return self.answer(request)
            except Refusal as refusal:
                return self.presenter.refusal(refusal)
            finally:
                self.changed.notify_all()

    def answer(self, request: Request) -> Response:
        """Route and answer. Raises :class:`Refusal`."""
        path = request.path.removeprefix(API_PREFIX)
        if path == request.path:
            raise Refusal(404, "Not found")
        known = False
        for operation in self.parts.operations:
            match = operation.path.fullmatch(path)
            known = known or match is not None
            if match and operation.method == request.method:
                name = match[1]
                merchant = (
                    self.gate.public(name) if operation.public else self.gate.merchant(request)
                )
                return operation.answer(self, Call(merchant, name, request))
        raise Refusal(405 if known else 404, "Method not allowed" if known else "Not found")

    # ------------------------------------------------------------------ test rigs
    def make_order(
        self,
        kind: OrderType | str = OrderType.EARNING,
        status: OrderStatus | str = OrderStatus.APPROVED,
        total_price: Decimal | int | str = "100.00",
        *,
        merchant: Merchant | None = None,
        refunded: Decimal | int | str | None = None,
        settled: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> Order:
        """Put an order of any type into any status, without events. Amounts in SAR.

        A partially refunded order has ``refunded`` gone back (half of it, unless said). One with
        ``metadata`` also has an item.
        """
        total = halalas(total_price)
        if total < 0:
            raise ValueError(f"an order cannot cost {total_price} SAR")
        status = OrderStatus(status)
        with self.lock:
            gone = self._gone(status, total, refunded)
            number = f"T-{len(self.world.orders) + 1}"
            item = {"product_name": f"Item of {number}", "product_price": sar(total), "quantity": 1}
            described = ([], None) if metadata is None else ([item], dict(metadata))
            form = OrderForm(total, number, None, *described)
            order = self.open_order(merchant or self.merchant, OrderType(kind), status, form)
            points = reversed_points(
                order.ledger.points, total, gone, rounding=self.dialect.points_rounding
            )
            order.ledger = replace(
                order.ledger,
                refunded=gone,
                refunded_points=points if gone else 0,
                settled=settled,
            )
            return order

    @staticmethod
    def _gone(status: OrderStatus, total: int, refunded: Decimal | int | str | None) -> int:
        if status is OrderStatus.FULLY_REFUNDED:
            return total
        if status is OrderStatus.PARTIALLY_REFUNDED:
            gone = halalas(refunded) if refunded is not None else total // 2
            if not 0 < gone < total:
                raise ValueError(
                    "a partially refunded order has more than 0 and less than all gone back"
                )
            return gone
        return 0

    def open_order(
        self, merchant: Merchant, kind: OrderType, status: OrderStatus, form: OrderForm
    ) -> Order:
        """Store a new order."""
        now = self.clock.now()
        order = Order(
            id=1000 + len(self.world.orders),
            uuid=self.world.uuid(),
            merchant=merchant,
            number=form.number,
            ledger=OrderLedger(
                kind=kind,
                status=status,
                total=form.total,
                points=form.total // 100 * merchant.rate,
            ),
            created_at=now,
            updated_at=now,
            reference=self.world.token("R", 12),
            metadata=form.metadata,
            items=form.items,
        )
        self.world.keep(order)
        return order

    def open_endpoint(self, merchant: Merchant, name: str, url: str) -> Endpoint:
        """Register a webhook endpoint with a secret of 60 characters."""
        now = self.clock.now()
        endpoint = Endpoint(self.world.uuid(), name, url, self.world.token("whsec_", 60), now, now)
        merchant.endpoints.append(endpoint)
        return endpoint

    def auto_refund(self, uuid: str) -> Order:
        """The platform refunds a replacing order by itself. Raises :class:`Refusal`."""
        with self.lock:
            order = self.order(uuid)
            self.desk.auto_refund(order)
            self.changed.notify_all()
            return order

    def order(self, uuid: str) -> Order:
        """The order of this uuid, whoever's it is. Raises :class:`KeyError`."""
        return self.world.orders[uuid]

    @property
    def deliveries(self) -> Deliveries:
        """What was to be delivered so far, oldest first; of very many the newest."""
        return self.world.deliveries
