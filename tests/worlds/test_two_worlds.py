"""The same tests pass with the simulator and against live servers; against wrong ones they fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.worlds.live import HOOK, LISTEN, SERVERS, SIX, Shop, third

NAMES = {
    "full": "test_a_full_refund",
    "partial": "test_a_partial_refund",
    "second": "test_a_second_partial_refund",
    "cancel": "test_a_cancel",
    "twice": "test_a_second_full_refund_is_refused",
    "webhook": "test_the_webhook_handler_hears_of_each_refund",
}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The six tests, in a project of their own."""
    shop = Shop(tmp_path)
    shop.write(test_six=SIX, conftest=HOOK)
    return shop


def test_the_simulator_passes_all_six(shop: Shop) -> None:
    """Without network and keys."""
    done = shop.pytest(None)
    assert (done.status, set(done.outcomes.values())) == (0, {"passed"}), done.out
    assert len(done.outcomes) == 6
    assert "points, live" not in done.out


@pytest.mark.parametrize("name", SERVERS)
def test_a_live_server_passes_all_six_unchanged(shop: Shop, name: str) -> None:
    """The plan comes before the first test, what was done after the last; no key in between."""
    if name == "second":  # its new orders come from a file
        shop.write(test_six=SIX, conftest="")
    with SERVERS[name](shop.folder) as server:
        done = shop.pytest(server, *LISTEN)
    assert (done.status, set(done.outcomes.values())) == (0, {"passed"}), done.out
    assert len(done.outcomes) == 6
    plan, first, effect = (
        done.out.index(text)
        for text in ("6 tests that ask for points against", "::test_a", "6 of 6 tests ran")
    )
    assert plan < first < effect
    assert "orders that tests made and did not end" in done.out
    assert server.key not in done.out


@pytest.mark.parametrize(
    ("wrong", "fail"),
    [
        ("twice", {"twice"}),
        ("part-is-all", {"partial", "second", "webhook"}),
        ("remainder-is-part", {"second"}),
        ("silent", {"webhook"}),
        ("cancel-stays-new", {"cancel"}),
    ],
)
def test_a_wrong_server_fails_the_right_tests(shop: Shop, wrong: str, fail: set[str]) -> None:
    """Those that are about what it does wrong, and no others."""
    with third(shop.folder, "--wrong", wrong) as server:
        done = shop.pytest(server, *LISTEN, "--points-webhook-grace", "0.5")
    assert done.status == 1, done.out
    failed = {name for name, outcome in done.outcomes.items() if outcome == "failed"}
    assert failed == {NAMES[name] for name in fail}, done.out
