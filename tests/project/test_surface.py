"""What users may rely on, all of it used and typed. Whatever is not here may move.

Beside it there are the command's options and exit statuses, the ini keys, ``report.json``
(``specs/report.schema.json``) and the rules' IDs (``specs/rules.json``).
"""

import inspect
from decimal import Decimal

import httpx
import pytest

from points_conformance import fixtures, plugin, suite
from points_conformance.fixtures import Points
from points_conformance.plugin import hooks
from points_conformance.plugin.live.points import LivePoints
from points_conformance.plugin.options import FIXTURE_OPTIONS, every_option
from points_conformance.suite import (
    ApiSuite,
    ClientOutcome,
    ClientSuite,
    ConsumerState,
    ConsumerSuite,
)

FIXTURE = """
asettle auto_refund base_url clock deliver_to deliveries faults key ledger merchant order other
read require_key settle simulator world
"""
HOOKS = {
    "pytest_points_make_order": ("config", "type", "order_status", "total_price"),
    "pytest_points_auto_refund": ("config", "order_uuid"),
    "pytest_points_consumer_order": ("config", "order"),
    "pytest_points_consumer_state": ("config", "order_id"),
}
COMMAND = """
profile seed select deselect known-failures strict report-dir side-by-side verbose
dry-run
base-url orders webhook-listen webhook-url webhook-grace webhook-retry-within dialect rate
allow-production
url app app-interface state-url state-status state-refunded state-map state-unit order-url
restart-command settle replay
command timeout
"""


class OurServer(ApiSuite):
    """A class that names a server."""

    @pytest.fixture
    def points_api(self) -> str:
        """A base URL."""
        return "http://127.0.0.1:8787"


class OurConsumer(ConsumerSuite):
    """A class that names a consumer."""

    @pytest.fixture
    def points_consumer(self) -> object:
        """A function."""
        return lambda request: 204


class OurClient(ClientSuite):
    """A class that names a client, and says what its errors mean."""

    @pytest.fixture
    def points_api_client(self) -> object:
        """A class or a function that makes one."""
        return object

    @pytest.fixture
    def points_client_outcome(self) -> object:
        """Ours."""
        return lambda result, error: ClientOutcome.DONE if error is None else ClientOutcome.UNKNOWN


def test_what_the_suites_module_has() -> None:
    """The import of users."""
    assert suite.__all__ == [
        "ApiSuite",
        "ClientOutcome",
        "ClientSuite",
        "ConsumerState",
        "ConsumerSuite",
    ]
    subjects = [one.points_subject for one in (OurServer, OurConsumer, OurClient)]
    assert subjects == ["api", "consumer", "client"]
    assert [outcome.value for outcome in ClientOutcome] == ["done", "refused", "unknown"]
    assert ConsumerState(status="refunded", refunded=Decimal("10.50")).halalas == 1050


def test_the_types_of_the_fixtures() -> None:
    """The other import of users: for annotations."""
    assert fixtures.__all__ == ["Delivery", "Endpoint", "Order", "Points"]
    assert all(hasattr(fixtures, name) for name in fixtures.__all__)
    for name in ("points", "points_sandbox"):
        told = f'def {name}(request: pytest.FixtureRequest) -> Iterator["Points"]:'
        assert told in inspect.getsource(plugin)  # what editors read


def test_the_fixture(points: Points) -> None:
    """All that a test may ask of it."""
    assert sorted(name for name in dir(points) if not name.startswith("_")) == FIXTURE.split()
    heard: list[str] = []

    def handler(request: httpx.Request) -> int:
        heard.append(request.headers["X-Webhook-Event"])
        return 204

    points.deliver_to(handler, secret="s" * 60)
    key = points.require_key()
    assert key == points.key == points.merchant.key != points.other.key
    order = points.order(type="replacing", status="approved", total_price=Decimal("100.00"))
    points.faults.lose_answer("refund")
    with pytest.raises(httpx.TransportError):
        httpx.post(f"{points.base_url}/orders/{order.uuid}/refund", headers={"x-api-key": key})
    points.clock.advance(5)
    points.auto_refund(points.order(type="replacing"))
    points.settle()
    assert heard == ["refunded", "auto_refunded"]
    assert [delivery.event for delivery in points.deliveries] == heard
    assert points.ledger(order).left == 0
    assert points.read(order)["order_status"] == "fully_refunded"
    assert points.world == "simulator"


def test_the_fixture_is_the_same_over_a_live_sandbox() -> None:
    """Names and arguments; what a live one has not skips."""
    ours = {name for name in FIXTURE.split() if name not in ("base_url", "key", "merchant")}
    assert ours <= set(dir(LivePoints))
    for name in ours:
        one, other = getattr(Points, name, None), getattr(LivePoints, name)
        if inspect.isfunction(one):
            assert list(inspect.signature(one).parameters) == list(
                inspect.signature(other).parameters
            )


async def same_from_a_loop(points: Points) -> None:
    """Typed, not run."""
    await points.asettle()


def test_the_hooks() -> None:
    """Names and arguments."""
    declared = {
        name: tuple(inspect.signature(hook).parameters)
        for name, hook in inspect.getmembers(hooks, inspect.isfunction)
    }
    assert declared == HOOKS


def test_the_options() -> None:
    """Of the command; under pytest ``--points-`` stands before each, and ``points_`` in ini."""
    assert [option.name for option in every_option()] == COMMAND.split()
    assert [option.name for option in FIXTURE_OPTIONS] == ["live", "live-may-skip"]
