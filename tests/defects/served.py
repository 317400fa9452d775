"""Sound servers over real HTTP, and targets to judge them that make any order."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from tests.second_server import SecondServer

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.simulator.clock import SystemClock
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.mounts.sandbox import Sandbox
from points_conformance.targets.api.build import LiveSettings, live_target
from points_conformance.targets.api.inbox import Inbox
from points_conformance.targets.api.target import ApiTarget

__all__ = ["judging_sandbox", "judging_second", "sandbox"]


@contextmanager
def sandbox(dialect: str, seed: int) -> Iterator[Sandbox]:
    """The sandbox in a dialect, which delivers to loopback."""
    faults = Faults(Simulator(dialect=DIALECTS[dialect], seed=seed, clock=SystemClock()))
    with Sandbox(faults, courier=Courier(faults, reach="loopback")) as served:
        yield served


def judging_sandbox(served: Sandbox, inbox: Inbox, base_url: str = "") -> ApiTarget:
    """A target for the sandbox, reached by another address if need be."""
    simulator = served.simulator

    def make(kind: OrderType, status: OrderStatus, total: Decimal) -> str:
        return simulator.make_order(kind, status, total).uuid

    def auto_refund(uuid: str) -> bool:
        simulator.auto_refund(uuid)
        return True

    environment = {
        "POINTS_API_KEY": simulator.merchant.key,
        "POINTS_OTHER_API_KEY": simulator.other.key,
        "POINTS_PUBLIC_KEY": simulator.merchant.public_key,
    }
    settings = LiveSettings(
        base_url=base_url or served.base_url, environment=environment, inbox=inbox
    )
    return live_target(settings, make, auto_refund)


def judging_second(server: SecondServer, inbox: Inbox) -> ApiTarget:
    """A target for the second server."""

    def make(kind: OrderType, status: OrderStatus, total: Decimal) -> str:
        return str(server.make_order(kind.value, status.value, str(total))["uuid"])

    environment = {
        "POINTS_API_KEY": server.key,
        "POINTS_OTHER_API_KEY": server.other_key,
        "POINTS_PUBLIC_KEY": server.public_key,
    }
    settings = LiveSettings(base_url=server.base_url, environment=environment, inbox=inbox)
    return live_target(settings, make, server.auto_refund)
