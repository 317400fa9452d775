"""Off loopback calls are bounded; the smallest profile fits into its bound, whole."""

import json
from pathlib import Path

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.judge import Judge
from points_conformance.judging.plan import CAPS, OVERHEAD
from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import Verdict
from points_conformance.simulator.clock import SystemClock
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.mounts.sandbox import Sandbox
from points_conformance.subjects import catalogue
from points_conformance.targets.api.build import LiveSettings, live_target
from points_conformance.targets.api.live_inbox import LiveInbox
from points_conformance.targets.api.target import ApiTarget


def orders_file(simulator: Simulator, path: Path) -> Path:
    """Some orders of each kind that the earning endpoint does not make."""
    kinds = [
        (kind, status)
        for kind in OrderType
        for status in (OrderStatus.NEW, OrderStatus.APPROVED)
        for _ in range(4)
    ]
    made = [simulator.make_order(kind, status, "100.00") for kind, status in kinds]
    rows = [
        {"uuid": o.uuid, "type": o.kind.value, "order_status": o.ledger.status, "total_price": 100}
        for o in made
    ]
    path.write_text(json.dumps(rows), "utf-8")
    return path


def far_target(served: Sandbox, orders: Path) -> ApiTarget:
    """The sandbox as if it were on another machine, with all that a run can be equipped with."""
    inbox = LiveInbox(("127.0.0.1", 0))
    target = live_target(
        LiveSettings(
            base_url=served.base_url,
            environment={
                "POINTS_API_KEY": served.simulator.merchant.key,
                "POINTS_OTHER_API_KEY": served.simulator.other.key,
            },
            orders=orders,
            calls=CAPS[Profile.SMOKE] - OVERHEAD,
            inbox=inbox,
        )
    )
    target.loopback = False
    inbox.register(target)
    return target


def test_a_smoke_run_exercises_all_that_it_is_equipped_for(tmp_path: Path) -> None:
    """With every equipment at once; what it leaves to larger profiles is no part of it."""
    faults = Faults(Simulator(clock=SystemClock()))
    rules = catalogue().select(Profile.SMOKE, loopback=False)
    judge = Judge(catalogue(), profile=Profile.SMOKE)
    with Sandbox(faults, courier=Courier(faults, reach="loopback")) as served:
        target = far_target(served, orders_file(served.simulator, tmp_path / "orders.json"))
        found = {rule.id: judge.judge(rule.id, target) for rule in rules}
        assert target.inbox is not None
        target.inbox.close(target)  # type: ignore[attr-defined]
        target.client.close()
    assert {id_: r.reason for id_, r in found.items() if r.verdict is not Verdict.PASSED} == {}
