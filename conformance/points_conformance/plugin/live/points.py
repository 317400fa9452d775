"""What the fixtures hand out over a live sandbox: the same names as the simulator's ``Points``."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NoReturn

from points_conformance.contract.money import halalas
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.budget import BudgetSpent
from points_conformance.judging.finding import Finding, NetworkTrouble, NotExercised
from points_conformance.plugin.live.calls import TestCalls
from points_conformance.plugin.live.endings import failed, lacking, only_simulated, plainly
from points_conformance.plugin.live.post import Post
from points_conformance.plugin.live.real import RealMerchant, RealOrder
from points_conformance.plugin.live.reversals import Reversals
from points_conformance.plugin.live.secret import Secret
from points_conformance.plugin.live.seen import watched
from points_conformance.plugin.live.waits import SenderWaits
from points_conformance.plugin.live.world import LiveWorld
from points_conformance.plugin.points import order_words
from points_conformance.simulator.mounts.respx import let_out
from points_conformance.simulator.world import Deliveries, Endpoint
from points_conformance.targets.api.order import TestOrder

__all__ = ["LivePoints", "live"]

Money = Decimal | int | str


class LivePoints:
    """A live sandbox as a test sees it. What only the simulator can do skips the test."""

    world = "live"

    def __init__(self, live_world: LiveWorld, test: str) -> None:
        self._world = live_world
        self._api = live_world.target().view(rule=test, seed=0, allowance=0)
        self._api.redact = live_world.redact
        self._orders: dict[str, TestOrder] = {}
        self._reversals = Reversals(self._api)
        keys = self._api.keys
        #: The API's address, with ``/api/v1``.
        self.base_url: str = self._api.base_url
        #: The merchant's private key. It is sent as it is, and shown by its variable's name.
        self.key = Secret(keys.private, "POINTS_API_KEY")
        #: The merchant whose orders these are.
        self.merchant = RealMerchant(self.key, keys.public or "")
        waits = SenderWaits()
        self._post = Post(self._api, live_world.own, self._reversals, self.merchant, waits)
        self._calls = TestCalls(self._api, self._reversals, waits)

    @property
    def other(self) -> RealMerchant:
        """A second merchant, by its key."""
        if self._api.keys.other is None:
            lacking("no second merchant: set POINTS_OTHER_API_KEY")
        return RealMerchant(Secret(self._api.keys.other, "POINTS_OTHER_API_KEY"))

    # ------------------------------------------------------------------ orders
    def order(
        self,
        *,
        type: OrderType | str = OrderType.EARNING,  # noqa: A002 - the API's own word
        status: OrderStatus | str = OrderStatus.APPROVED,
        total_price: Money = "100.00",
        refunded: Money | None = None,
        settled: bool = False,
        merchant: RealMerchant | None = None,
    ) -> RealOrder:
        """An order of this kind, state and total: by the hook, of the orders file, or made.

        Raises :class:`ValueError` as the simulator does; skips the test where there is none.
        """
        kind, status = order_words(type, status, refunded)
        total = halalas(total_price)
        if total < 0:
            raise ValueError(f"an order cannot cost {total_price} SAR")
        if refunded is not None:
            only_simulated(f"an order of which {refunded} SAR went back before the test")
        if settled:
            only_simulated("settled orders")
        if merchant not in (None, self.merchant):
            only_simulated("another merchant's orders")
        with self._plainly():
            made = self._api.order(status, kind=kind, total=total, exact=True)
        self._reversals.made(made)
        self._orders[made.uuid] = made
        return RealOrder(made)

    def read(self, order: RealOrder | str) -> dict[str, Any]:
        """The order as ``GET /orders/{uuid}`` shows it, numbers exact.

        Raises :class:`LookupError` where it does not.
        """
        uuid = order if isinstance(order, str) else order.uuid
        self._reversals.know(uuid)
        with self._plainly():
            answer = self._api.read(uuid)
        if not answer.accepted:
            raise LookupError(f"no order has the uuid {uuid!r} (HTTP {answer.status})")
        return answer.order

    def auto_refund(self, order: RealOrder | str) -> RealOrder:
        """Have the platform refund a replacing order, by the hook ``pytest_points_auto_refund``."""
        made = self._orders.get(order if isinstance(order, str) else order.uuid)
        if made is None:
            raise LookupError(f"no order of this test is {order!r}")
        with self._plainly():
            self._api.auto_refund(made)
        self._reversals.auto_refunded(made)
        return RealOrder(made)

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        self._calls.paused = True
        try:
            with plainly(self._world.redact):
                yield
        finally:
            self._calls.paused = False
            if why := self._world.raised_by_a_hook():
                failed(why)

    # ------------------------------------------------------------------ events
    @property
    def deliveries(self) -> Deliveries:
        """What was told to this test's receivers so far, oldest first."""
        if not self._post.has_endpoints:
            lacking(
                "in the live world deliveries are those that come to an endpoint: call "
                "points.deliver_to(...) first"
            )
        return self._post.deliveries

    def deliver_to(
        self,
        receiver: object,
        *,
        path: str = "/",
        url: str | None = None,
        secret: str | None = None,
        merchant: RealMerchant | None = None,
    ) -> Endpoint:
        """Register an endpoint whose deliveries go to a loopback URL, an ASGI or WSGI app, or a
        function, while the test settles. Its ``.secret`` is the server's choice.
        """
        if url is not None:
            only_simulated("deliveries for an address of the test's choice (url=)")
        if secret is not None:
            only_simulated(
                "a secret of the test's choice (secret=)", "compare with the endpoint's .secret"
            )
        if merchant not in (None, self.merchant):
            only_simulated("deliveries of another merchant")
        return self._post.deliver_to(receiver, path)

    def settle(self) -> None:
        """Tell the receivers what came, and wait for what has to come: for each reversal that the
        test's own calls were accepted for. Fails the test where one is not told in time.
        """
        self._post.settle()

    async def asettle(self) -> None:
        """The same from a running event loop."""
        await self._post.asettle()

    # ------------------------------------------------------------------ what no server has
    @property
    def simulator(self) -> NoReturn:
        """The simulator's alone."""
        only_simulated("points.simulator")

    @property
    def faults(self) -> NoReturn:
        """The simulator's alone."""
        only_simulated("faults on demand (points.faults)")

    @property
    def clock(self) -> NoReturn:
        """The simulator's alone."""
        only_simulated("a clock to move (points.clock)")

    def ledger(self, order: RealOrder | str) -> NoReturn:
        """The simulator's alone."""
        only_simulated(
            "an order's books (points.ledger)",
            "points.read(order) is there in both worlds, or mark the test points_simulator",
        )

    def require_key(self, key: str | None = None) -> NoReturn:
        """The simulator's alone."""
        only_simulated("a key of the test's choice (points.require_key)", "use points.key")

    # ------------------------------------------------------------------ the end
    def _close(self) -> None:
        account, redact = self._world.account, self._world.redact
        for line in self._post.close():
            account.notes[redact(line)] = None
        if self._post.heard_by:
            told = "the events of these tests are also told to these registered endpoints: "
            account.notes[told + ", ".join(self._post.heard_by)] = None
        try:
            left = self._reversals.left()
        except (Finding, NetworkTrouble, NotExercised, BudgetSpent) as error:
            left = [f"what became of the orders is not known: {error}"]
        account.left += [redact(f"{line}, by {self._api.rule}") for line in left]


@contextmanager
def live(live_world: LiveWorld, test: str) -> Iterator[LivePoints]:
    """The live world for one test; its endpoints go with it."""
    points = LivePoints(live_world, test)
    try:
        with let_out(points.base_url), watched(points._calls):
            yield points
    finally:
        points._close()
    if points._calls.trouble and not live_world.has_failed(test):
        failed(points._calls.trouble[0])
