"""A proxy between the kit and a sound server loses some calls: no rule is failed for it.

Here two seeds; ``python -m tests.quality.flaky`` has thirty, of both profiles.
"""

import httpx
import pytest
from tests.defects.served import judging_sandbox, sandbox
from tests.quality.flaky import Flaky, judged
from tests.quality.flaky_proxy import FAULTS, FlakyProxy

from points_conformance.judging.finding import NetworkTrouble
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.mounts.sandbox import Sandbox
from points_conformance.targets.api.live_inbox import LiveInbox


@pytest.mark.parametrize("seed", [0, 1])
def test_a_proxy_that_loses_calls_fails_no_rule(seed: int) -> None:
    """2 to 5 % of calls: latency, resets, 502, 503, 504, 429; what is held up says why."""
    came = judged(Flaky(seed, rate=0.05))
    assert came.faults
    assert came.alarms == []
    assert all(reason for line in came.held_up if (reason := line.split(": ", 2)[2]))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_proxy_that_loses_many_calls_fails_no_rule(seed: int) -> None:
    """A fifth of them: nearly everything is held up, with the network's name on it."""
    came = judged(Flaky(seed, rate=0.2))
    assert came.alarms == []
    assert any("network" in line for line in came.held_up)


def test_the_same_seed_loses_the_same_calls() -> None:
    """Every fault is met, each before or after the call was carried out."""
    with Sandbox(Simulator()) as served:
        one, same = (FlakyProxy(served.origin, seed=7) for _ in range(2))
        met = [one.fault_of(number) for number in range(4_000)]
    assert met == [same.fault_of(number) for number in range(4_000)]
    assert 0.02 <= one.rate <= 0.05
    assert {fault for fault, _ in met} == {"", *FAULTS}


def test_a_lost_call_may_have_been_carried_out() -> None:
    """After a reset the order shows whether it was: nobody knows without reading it."""
    simulator = Simulator()
    headers = {"x-api-key": simulator.merchant.key}
    with (
        Sandbox(simulator) as served,
        FlakyProxy(served.origin, seed=0, rate=1.0) as proxy,
        httpx.Client(headers=headers, trust_env=False) as client,
    ):
        answers = [_refund(client, proxy.origin, simulator) for _ in range(60)]
    assert proxy.befell.total() == 60
    carried_out = sum(order.ledger.refunded > 0 for order in simulator.world.orders.values())
    assert 0 < carried_out < 60
    assert {429, 502, 503, 504, None} <= set(answers)


def _refund(client: httpx.Client, origin: str, simulator: Simulator) -> int | None:
    order = simulator.make_order()
    try:
        return client.post(f"{origin}/api/v1/orders/{order.uuid}/refund").status_code
    except httpx.HTTPError:
        return None


def test_a_registration_whose_answer_was_lost_is_removed_at_the_end() -> None:
    """Nothing is left behind, though the run never learnt that there was something."""
    with sandbox("default", 0) as served:
        inbox = LiveInbox(("127.0.0.1", 0), grace=0.1)
        target = judging_sandbox(served, inbox)
        served.faults.lose_answer("webhooks")
        with pytest.raises(NetworkTrouble):
            target.endpoints.open("ours", inbox.url())
        assert len(served.simulator.merchant.endpoints) == 1
        assert inbox.close(target) == []
        target.client.close()
        assert served.simulator.merchant.endpoints == []
