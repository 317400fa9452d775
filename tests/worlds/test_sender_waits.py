"""A server that delivers within its answer holds up the test's call, but not for ever."""

from pathlib import Path

import httpx
import pytest
from tests.worlds.live import HOOK, LISTEN, Shop, third

from points_conformance.plugin.live.calls import TestCalls
from points_conformance.plugin.live.reversals import Reversals
from points_conformance.plugin.live.seen import SeenCall, watched
from points_conformance.plugin.live.waits import HOLD, SenderWaits
from points_conformance.targets.api.build import embedded_target

THREE = """
import httpx

def test_three_hear(points):
    heard = []
    for name in "abc":
        points.deliver_to(lambda request, name=name: heard.append(name) or 204)
    url = f"{points.base_url}/orders/{points.order().uuid}/refund"
    assert httpx.post(url, headers={"x-api-key": points.key}, timeout=5).status_code == 200
    points.settle()
    assert sorted(heard) == ["a", "b", "c"]
"""


def test_a_call_is_held_up_for_two_seconds_in_all(tmp_path: Path) -> None:
    """By three endpoints, of which each could wait as long: a client waits for five."""
    shop = Shop(tmp_path)
    shop.write(conftest=HOOK, test_three=THREE)
    with third(tmp_path, "--inline") as server:
        done = shop.pytest(server, *LISTEN)
    assert (done.status, set(done.outcomes.values())) == (0, {"passed"}), done.out


def test_each_delivery_waits_for_itself_between_calls() -> None:
    """Whatever came before it."""
    waits = SenderWaits()
    assert [waits.left(now) for now in (0.0, 1.5, 9.0)] == [HOLD] * 3


def test_deliveries_within_calls_share_their_time() -> None:
    """From the first of them on, until no call is under way any more."""
    waits = SenderWaits()
    waits.begun()
    assert [waits.left(now) for now in (10.0, 11.5, 13.0)] == [HOLD, HOLD - 1.5, 0.0]
    waits.begun()
    waits.ended()
    assert waits.left(13.5) == 0.0
    waits.ended()
    assert waits.left(14.0) == HOLD
    waits.begun()
    assert waits.left(15.0) == HOLD


@pytest.mark.parametrize("status", [200, None])
def test_a_call_is_under_way_until_it_has_its_answer_or_none(status: int | None) -> None:
    """What comes between the test's calls waits for itself again."""
    waits, api = SenderWaits(), embedded_target()
    calls = TestCalls(api, Reversals(api), waits)
    begun = calls.begun(httpx.Request("GET", f"{api.base_url}/orders/one"))
    assert begun is not None
    call: SeenCall = begun[0]
    assert [waits.left(now) for now in (0.0, 2.0)] == [HOLD, 0.0]
    calls.lost(call) if status is None else calls.answered(call, status, "")
    assert waits.left(3.0) == HOLD


def test_a_call_that_is_broken_off_before_it_is_made_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While it waits for its place among the calls of a second, for one."""

    class Broken(BaseException):
        pass

    class Minder:
        lost_ones = 0

        def begun(self, request: object) -> tuple[str, float]:
            return "call", 1.0

        def lost(self, call: str) -> None:
            self.lost_ones += 1

        def looked_up(self, host: str) -> None:
            raise AssertionError(host)

    def sleep(seconds: float) -> None:
        raise Broken

    monkeypatch.setattr("points_conformance.plugin.live.seen.time.sleep", sleep)
    minder = Minder()
    with watched(minder), pytest.raises(Broken):  # type: ignore[arg-type]
        httpx.get("http://127.0.0.1:9/", trust_env=False)
    assert minder.lost_ones == 1
