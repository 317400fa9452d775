"""What stands in the way of live tests is told in a line or two, and never passes for a green."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.command import always, listening
from tests.worlds.live import HOOK, LISTEN, Server, Shop, third

REFUND = """
import httpx

def refund(points, order, **body):
    url = f"{points.base_url}/orders/{order.uuid}/refund"
    return httpx.post(url, headers={"x-api-key": points.key}, json=body)

def test_refund(points):
    assert refund(points, points.order()).status_code == 200

def test_webhook(points):
    heard = []
    points.deliver_to(lambda request: heard.append(request) or 204)
    refund(points, points.order())
    points.settle()
    assert len(heard) == 1
"""
SIMULATED = """
import pytest

def test_faults(points):
    points.faults.lose_answer("refund")

def test_clock(points):
    points.clock.advance(5)

def test_ledger(points):
    points.ledger(points.order())

def test_an_orders_ledger(points):
    points.order().ledger

def test_require_key(points):
    points.require_key()

def test_simulator(points_sandbox):
    points_sandbox.simulator

def test_auto_refund(points):
    points.auto_refund(points.order())

def test_secret(points):
    points.deliver_to(lambda request: 204, secret="ours")

@pytest.mark.points_simulator("it loses answers")
def test_marked(points):
    raise AssertionError("not run")

def test_world(points):
    assert points.world == "live"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A project with two tests."""
    shop = Shop(tmp_path)
    shop.write(test_ours=REFUND, conftest=HOOK)
    return shop


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The third server."""
    with third(tmp_path) as server:
        yield server


def plain(out: str) -> bool:
    """Whether no trace is shown."""
    return not any(
        sign in out for sign in ("Traceback", "site-packages", "Error:", "    raise ", "above exc")
    )


# ---------------------------------------------------------------------- one or two plain lines
def test_a_wrong_key(shop: Shop, server: Server) -> None:
    """What the server said, and what to look at."""
    done = shop.pytest(Server(server.base_url, "another_key_of_nobody"), "-k", "refund")
    assert done.status == 1
    assert "refuses the key (HTTP 400). Check POINTS_API_KEY" in done.out
    assert "another_key_of_nobody" not in done.out
    assert plain(done.out), done.out


def test_a_server_that_is_down(shop: Shop) -> None:
    """Each live test fails with it; nobody is asked twice."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}"
        done = shop.pytest(Server(base, "k" * 20))
    assert done.status == 1
    assert "cannot be reached" in done.out
    assert set(done.outcomes.values()) == {"error"}
    assert plain(done.out), done.out


def test_no_listener_skips_what_needs_one(shop: Shop, server: Server) -> None:
    """And says what to give."""
    done = shop.pytest(server)
    assert done.status == 0, done.out
    assert done.outcomes == {"test_refund": "passed", "test_webhook": "skipped"}
    assert "give --points-webhook-listen HOST:PORT" in done.out


def test_a_listener_that_cannot_listen(shop: Shop, server: Server) -> None:
    """The address is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        done = shop.pytest(server, "--points-webhook-listen", at)
    assert done.outcomes == {"test_refund": "passed", "test_webhook": "failed"}
    assert f"cannot listen on {at}" in done.out
    assert plain(done.out), done.out


def test_a_webhook_that_never_comes(shop: Shop, tmp_path: Path) -> None:
    """Which one, and where to look."""
    with third(tmp_path, "--wrong", "silent") as server:
        done = shop.pytest(server, *LISTEN, "--points-webhook-grace", "0.3")
    assert done.outcomes == {"test_refund": "passed", "test_webhook": "failed"}
    assert "no webhook came within 0.3 s: refunded of order " in done.out
    assert "Can the server reach http://127.0.0.1:" in done.out
    assert plain(done.out), done.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--points-live needs a server to talk to: give --points-base-url"),
        (("--points-base-url", "https://api.papp.sa"), "api.papp.sa is production"),
        (("--points-base-url", "https://business.papp.sa/api/v1"), "is production"),
        (("--points-base-url", "http://sandbox.papp.sa"), "plain HTTP to sandbox.papp.sa"),
        (("--points-base-url", "https://sandbox.papp.sa", *LISTEN), "give the public address"),
    ],
)
def test_wrong_usage_is_a_line_and_2(shop: Shop, options: tuple[str, ...], said: str) -> None:
    """Before anything is collected, or sent."""
    done = shop.pytest(None, "--points-live", *options, POINTS_API_KEY="k" * 20)
    assert done.status == 2, done.out
    assert said in done.out
    assert "collected" not in done.out
    assert plain(done.out), done.out


@pytest.mark.parametrize("asked", ["--help", "--markers", "--version"])
def test_who_asks_for_help_gets_it(shop: Shop, asked: str) -> None:
    """Whatever an ini file says."""
    shop.write(ini="[pytest]\npoints_live = true\n")
    done = shop.pytest(None, asked)
    assert done.status == 0
    assert "Traceback (most" not in done.out


def test_no_key_is_a_line_and_2(shop: Shop) -> None:
    """From the environment alone."""
    done = shop.pytest(None, "--points-live", "--points-base-url", "https://sandbox.papp.sa")
    assert done.status == 2
    assert "set POINTS_API_KEY in the environment" in done.out


def test_a_redirect_fails_the_test(shop: Shop) -> None:
    """Only the named host is ever called."""
    with listening(always(302, "", location="https://elsewhere.example/")) as other:
        done = shop.pytest(Server(other.base_url, "k" * 20), "-k", "refund")
    assert "redirects to https://elsewhere.example" in done.out
    assert plain(done.out), done.out


def test_a_redirect_of_a_tests_own_call_fails_the_test(shop: Shop, tmp_path: Path) -> None:
    """Whatever its client would follow, with the key."""
    text = REFUND.replace("json=body)", "json=body, follow_redirects=True)")
    text = text.replace(
        "    assert refund",
        "    try: refund(points, points.order())\n    except Exception: pass\n    assert refund",
        1,
    )
    shop.write(test_ours=text, conftest=HOOK)
    with third(tmp_path, "--wrong", "moved") as server:
        done = shop.pytest(server, "-k", "refund")
    assert done.outcomes == {"test_refund": "failed"}
    assert "the server redirects to elsewhere.invalid (HTTP 302)" in done.out
    assert plain(done.out), done.out


# ---------------------------------------------------------------------- never by accident
def test_the_environment_alone_makes_no_live_run(shop: Shop) -> None:
    """A base URL there, or in an option, is the simulator's."""
    base = {"POINTS_BASE_URL": "http://127.0.0.1:1", "POINTS_LIVE": "1", "POINTS_API_KEY": "k" * 9}
    assert shop.pytest(None, **base).status == 0
    assert shop.pytest(None, "--points-base-url", "http://127.0.0.1:1", **base).status == 0


def test_the_ini_key_is_the_option(shop: Shop, server: Server) -> None:
    """With the base URL beside it."""
    ini = f"[pytest]\npoints_live = true\npoints_base_url = {server.base_url}\n"
    shop.write(ini=ini)
    done = shop.pytest(None, "-k", "refund", POINTS_API_KEY=server.key, RIG=server.rig)
    assert done.status == 0, done.out
    assert f"points, live at {server.base_url}: 1 of 1 tests ran" in done.out


# ---------------------------------------------------------------------- skipped
def test_what_only_the_simulator_can_do_skips(shop: Shop, server: Server) -> None:
    """And names what it needs; a marker says so before anything is made."""
    shop.write(test_ours=SIMULATED, conftest=HOOK)
    done = shop.pytest(server, *LISTEN)
    assert done.status == 0, done.out
    ran = {name for name, outcome in done.outcomes.items() if outcome != "skipped"}
    assert ran == {"test_world"}, done.out
    assert len(done.outcomes) == 10
    for said in (
        "faults on demand (points.faults)",
        "a clock to move",
        "an order's books",
        "an order's ledger",
        "use points.key",
        "points.simulator",
        "supply the hook pytest_points_auto_refund",
        "the endpoint's .secret",
        "it loses answers",
    ):
        assert said in done.out, said


def test_the_marker_means_nothing_to_the_simulator(shop: Shop) -> None:
    """The test runs; strict markers know it."""
    shop.write(
        test_ours="import pytest\n\n@pytest.mark.points_simulator\ndef test_it(points):\n"
        "    assert points.world == 'simulator'\n"
    )
    assert shop.pytest(None, "--strict-markers").status == 0


def test_a_run_in_which_all_lacked_something_does_not_pass(shop: Shop, server: Server) -> None:
    """Unless that is said to be right."""
    shop.write(
        conftest="",
        test_ours="def test_a(points):\n    points.order(type='replacing')\n\n"
        "def test_b(points):\n    points.order(status='captured')\n",
    )
    done = shop.pytest(server)
    assert done.status == 2, done.out
    assert set(done.outcomes.values()) == {"skipped"}
    assert "supply one with --points-orders or the hook pytest_points_make_order" in done.out
    assert "no live test ran" in done.out
    assert "does not pass" in done.out
    assert shop.pytest(server, "--points-live-may-skip").status == 0
    assert shop.pytest(server, "-n2", plugins=("xdist",)).status == 2


def test_an_order_that_came_in_another_status_is_listed(shop: Shop, server: Server) -> None:
    """It was made, and nobody used it."""
    shop.write(
        conftest="",
        test_ours="def test_new(points):\n    points.order(status='new')\n\n"
        "def test_world(points):\n    pass\n",
    )
    done = shop.pytest(server)
    assert done.outcomes == {"test_new": "skipped", "test_world": "passed"}, done.out
    assert "approved: made, and in another status than the test wanted" in done.out


def test_orders_are_brought_on_by_authorize_and_capture(shop: Shop, server: Server) -> None:
    """Where the hook makes new ones, captured ones can be had."""
    hook = HOOK.replace('if order_status == "approved"', 'if order_status != "new"')
    shop.write(
        conftest=hook,
        test_ours="def test_b(points):\n    order = points.order(status='captured')\n"
        "    assert points.read(order)['order_status'] == 'captured'\n",
    )
    done = shop.pytest(server)
    assert done.status == 0, done.out


def test_the_calls_of_a_hook_are_not_the_tests(shop: Shop, server: Server) -> None:
    """It may refund what it makes: nobody waits for that to be told."""
    hook = HOOK.replace("import json, os,", "import httpx, json, os,").replace(
        'return posted(url + "/rig/orders", body)["data"]',
        'uuid = posted(url + "/rig/orders", {**body, "status": "approved"})["data"]\n'
        '    base, key = config.getoption("points_base_url"), os.environ["POINTS_API_KEY"]\n'
        '    httpx.post(f"{base}/orders/{uuid}/refund", headers={"x-api-key": key},\n'
        '        json={"amount": 1})\n    return uuid',
    )
    shop.write(
        conftest=hook,
        test_ours="def test_part(points):\n    points.deliver_to(lambda request: 204)\n"
        "    order = points.order(status='partially_refunded')\n"
        "    assert points._reversals.expected == []\n    points.settle()\n",
    )
    done = shop.pytest(server, *LISTEN)
    assert done.outcomes == {"test_part": "passed"}, done.out


def test_a_hook_that_raises_fails_the_test(shop: Shop, server: Server) -> None:
    """In a line."""
    shop.write(
        conftest="def pytest_points_make_order(config):\n    raise OSError('the shop is closed')\n"
    )
    done = shop.pytest(server, "-k", "refund")
    assert done.status == 1
    assert "the hook pytest_points_make_order raised OSError: the shop is closed" in done.out
