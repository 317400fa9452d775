"""What the fixtures ``points`` and ``points_sandbox`` hand out.

Nothing heavy is imported before a fixture is made: respx, httpx and uvicorn come with the first.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.contract.limits import API_PREFIX, KEY_HEADER, SANDBOX_URL
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger import OrderLedger
from points_conformance.simulator.clock import ManualClock
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.messages import Refusal, Request
from points_conformance.simulator.world import Deliveries, Endpoint, Merchant, Order

if TYPE_CHECKING:
    from points_conformance.simulator.delivery.courier import Courier

__all__ = ["Points", "mounted", "order_words", "sandboxed"]

Money = Decimal | int | str
E = TypeVar("E", bound=StrEnum)


class Points:
    """The simulator as a test sees it: its orders and books, its events, its faults and its clock.

    Any key that a request carries is :attr:`merchant`'s, until :meth:`require_key`.
    """

    #: ``live`` where the same tests are run against a server (``--points-live``).
    world = "simulator"

    def __init__(self, faults: Faults, courier: "Courier", clock: ManualClock, base: str) -> None:
        self.simulator = faults.simulator
        #: Lost answers, refusals, delays; ``faults.deliveries`` for those of the post.
        self.faults = faults
        #: Moves by itself with each event; ``clock.advance(seconds)`` moves it further.
        self.clock = clock
        #: The API's address, with ``/api/v1``.
        self.base_url = base
        self._courier = courier
        self.simulator.gate.anyone = self.simulator.merchant

    # ------------------------------------------------------------------ who
    @property
    def merchant(self) -> Merchant:
        """The merchant whose orders these are."""
        return self.simulator.merchant

    @property
    def other(self) -> Merchant:
        """A second merchant, whose orders are nobody else's."""
        return self.simulator.other

    @property
    def key(self) -> str:
        """The private key of :attr:`merchant`."""
        return self.merchant.key

    def require_key(self, key: str | None = None) -> str:
        """From now on refuse every key but this one (and :attr:`other`'s); returns it."""
        if key is not None:
            self.merchant.key = key
        self.simulator.gate.anyone = None
        return self.merchant.key

    # ------------------------------------------------------------------ orders
    def order(
        self,
        *,
        type: OrderType | str = OrderType.EARNING,  # noqa: A002 - the API's own word
        status: OrderStatus | str = OrderStatus.APPROVED,
        total_price: Money = "100.00",
        refunded: Money | None = None,
        settled: bool = False,
        merchant: Merchant | None = None,
    ) -> Order:
        """Make an order in any state, without events; ``.uuid`` is what the API calls it.

        Amounts are SAR as ``Decimal``, ``int`` or ``str``. ``refunded`` is what has gone back of a
        partially refunded order (half, unless said). Raises :class:`ValueError` that names the
        value and what it may be.
        """
        kind, status = order_words(type, status, refunded)
        return self.simulator.make_order(
            kind,
            status,
            total_price,
            merchant=merchant,
            refunded=refunded,
            settled=settled,
        )

    def ledger(self, order: Order | str) -> OrderLedger:
        """The books of an order, by itself or its uuid: money in halalas, whole points."""
        return self._found(order).ledger

    def read(self, order: Order | str) -> dict[str, Any]:
        """The order as ``GET /orders/{uuid}`` shows it, numbers exact.

        Raises :class:`LookupError` where it does not. No fault on demand meets this call.
        """
        from points_conformance.targets.api.answer import order_in

        found = self._found(order)
        headers = {KEY_HEADER: found.merchant.key}
        request = Request("GET", f"{API_PREFIX}/orders/{found.uuid}", headers)
        return order_in(self.simulator.handle(request).json())

    def auto_refund(self, order: Order | str) -> Order:
        """The platform refunds a replacing order by itself.

        Raises :class:`ValueError` where the order cannot be refunded or earns points.
        """
        try:
            return self.simulator.auto_refund(self._found(order).uuid)
        except Refusal as refusal:
            raise ValueError(f"{refusal.message} Auto-refunds are of replacing orders.") from None

    def _found(self, order: Order | str) -> Order:
        uuid = order if isinstance(order, str) else order.uuid
        try:
            return self.simulator.order(uuid)
        except KeyError:
            raise LookupError(f"no order has the uuid {uuid!r}") from None

    # ------------------------------------------------------------------ events
    @property
    def deliveries(self) -> Deliveries:
        """What was to be delivered so far, oldest first, sent or not.

        Of more than 10,000 the newest; how many older ones are gone is ``deliveries.dropped``, and
        a warning says so.
        """
        deliveries = self.simulator.deliveries
        if deliveries.dropped:
            warnings.warn(
                f"points.deliveries has the newest {deliveries.most}; {deliveries.dropped} older "
                "ones are gone",
                stacklevel=2,
            )
        return deliveries

    def deliver_to(
        self,
        receiver: object,
        *,
        path: str = "/",
        url: str | None = None,
        secret: str | None = None,
        merchant: Merchant | None = None,
    ) -> Endpoint:
        """Have events sent to a loopback URL, an ASGI or WSGI app (at ``path``), or a function.

        A function takes the ``httpx.Request`` and returns a status or a response; an assertion
        that fails in it fails the test. Only events from now on are meant, and nothing is sent
        before :meth:`settle`. The endpoint's ``.secret`` is what ``X-Webhook-Secret`` will carry.
        ``url`` is the address it shows, or that of an endpoint which is registered already.
        """
        return self._courier.deliver_to(
            receiver, path=path, url=url, secret=secret, merchant=merchant
        )

    def settle(self) -> None:
        """Send every queued event, and those that the receivers cause while they are told."""
        self._courier.settle()

    async def asettle(self) -> None:
        """The same from a running event loop."""
        await self._courier.asettle()


@contextmanager
def mounted(
    config_base_urls: Sequence[str] = (),
    *,
    dialect: Dialect = DIALECTS["default"],
    seed: int = 0,
) -> Iterator[Points]:
    """The simulator in place of production, the sandbox and the given base URLs, for httpx and
    httpx2; nothing reaches the network for it."""
    from points_conformance.simulator.mounts import respx as respx_mount

    base = config_base_urls[0] if config_base_urls else SANDBOX_URL
    base = base.rstrip("/").removesuffix(API_PREFIX) + API_PREFIX
    faults, clock = _simulator(dialect, seed)
    courier = _courier(faults, clock)
    try:
        with respx_mount.mounted(faults, (*respx_mount.BASE_URLS, *config_base_urls)):
            yield Points(faults, courier, clock, base)
    finally:
        courier.close()


@contextmanager
def sandboxed(*, dialect: Dialect = DIALECTS["default"], seed: int = 0) -> Iterator[Points]:
    """The simulator behind a port of this machine, for clients that are not httpx."""
    from points_conformance.simulator.delivery.courier import Courier
    from points_conformance.simulator.mounts.sandbox import Sandbox

    faults, clock = _simulator(dialect, seed)
    courier = Courier(faults, reach="loopback")
    try:
        with Sandbox(faults) as sandbox:
            yield Points(faults, courier, clock, sandbox.base_url)
    finally:
        courier.close()


def _simulator(dialect: Dialect, seed: int) -> tuple[Faults, ManualClock]:
    clock = ManualClock()
    return Faults(Simulator(dialect=dialect, clock=clock, seed=seed)), clock


def _courier(faults: Faults, clock: ManualClock) -> "Courier":
    from points_conformance.simulator.delivery.courier import Courier

    # Waiting is done by the simulator's clock: a late delivery costs a test no time.
    return Courier(faults, wait=clock.advance)


def order_words(
    type_: OrderType | str, status: OrderStatus | str, refunded: object
) -> tuple[OrderType, OrderStatus]:
    """What an order is asked for as. Raises :class:`ValueError` that names what cannot be."""
    status = _one_of(OrderStatus, "status", status)
    if refunded is not None and status is not OrderStatus.PARTIALLY_REFUNDED:
        raise ValueError(f"refunded goes with status 'partially_refunded', not {status.value!r}")
    return _one_of(OrderType, "type", type_), status


def _one_of(words: type[E], name: str, value: E | str) -> E:
    """The word that a value is. Raises :class:`ValueError` that names it and what it may be."""
    try:
        return words(value)
    except ValueError:
        choices = ", ".join(word.value for word in words)
        raise ValueError(f"{name} cannot be {value!r}; there are: {choices}") from None
