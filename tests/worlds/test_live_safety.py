"""A live run leaves no endpoint, shows no key, and says what it did."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.cli.command import run
from tests.worlds.live import HOOK, LISTEN, Server, Shop, third

from points_conformance.judging.journal import read_journal

LEAKS = """
import base64, logging, os, warnings
import httpx

def test_locals_and_arguments(points):
    key = str(points.key)
    headers = {"x-api-key": points.key}
    request = httpx.Request("GET", points.base_url, headers=headers)
    shown = request.headers
    raw = request.headers.raw
    encoded = base64.b64encode(key.encode())
    deep = [{"here": [key, os.environ["POINTS_API_KEY"]]}]
    print(key, headers)
    logging.getLogger().error("the key is %s", key)
    warnings.warn(f"a warning of {key}")
    assert headers == {}, f"not {key}"

def test_an_error_of_its_own(points):
    raise RuntimeError(points.key + "!")

def test_a_call_that_fails_deep_inside(points):
    httpx.get(points.base_url.replace("/api/v1", "/api/v1/nothing"),
        headers={"x-api-key": points.key}).raise_for_status()

def test_a_secret(points):
    end = points.deliver_to(lambda request: 204)
    with open("secret.txt", "w") as file:
        file.write(end.secret)
    raise RuntimeError(end.secret)

def test_its_name_is_shown(points):
    assert repr(points.key) == "'$POINTS_API_KEY'"
    assert points.key == os.environ["POINTS_API_KEY"]
    assert f"{points.key}" == str(points.key) == "".join(points.key)
"""
HANGS = """
import time
import pytest

def test_it(points):
    points.deliver_to(lambda request: 204)
    points.order()
    print("ready", flush=True)
    time.sleep(60)
"""
MANY = """
import httpx, pytest

@pytest.mark.parametrize("number", range(40))
def test_it(points, number):
    assert points.read(points.order())["order_status"] == "approved"
    httpx.get(f"{points.base_url}/orders/1", headers={"x-api-key": points.key})
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A project whose hook makes orders."""
    shop = Shop(tmp_path)
    shop.write(conftest=HOOK)
    return shop


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The third server."""
    with third(tmp_path) as server:
        yield server


def endpoints(server: Server) -> list[str]:
    """What is registered there."""
    answer = httpx.get(f"{server.base_url}/webhooks", headers={"x-api-key": server.key})
    return [row["url"] for row in answer.json()["data"]]


@pytest.mark.parametrize(
    "options",
    [
        ("--showlocals",),
        ("-l", "--tb=long", "-vv", "-rA", "--junit-xml=junit.xml"),
        ("-l", "--tb=short", "-o", "log_cli=true"),
        ("--tb=native",),
        ("-l", "-n2"),
    ],
)
def test_no_key_is_shown(shop: Shop, server: Server, options: tuple[str, ...]) -> None:
    """In tracebacks, locals, captured output, logs, warnings, JUnit XML, the journal."""
    shop.write(conftest=HOOK, test_leaks=LEAKS)
    plugins = ("xdist",) if "-n2" in options else ()
    done = shop.pytest(server, *LISTEN, *options, plugins=plugins)
    assert done.status == 1
    assert "4 failed, 1 passed" in done.out, done.out
    assert "$POINTS_API_KEY" in done.out
    assert "$POINTS_WEBHOOK_SECRET" in done.out
    written = [p.read_text("utf-8") for p in shop.folder.rglob("*.xml")]
    written += [p.read_text("utf-8") for p in shop.folder.rglob("*.jsonl")]
    secret = (shop.folder / "secret.txt").read_text()
    for text in (done.out, *written):
        assert server.key not in text
        assert server.key.encode().hex() not in text
        assert secret not in text


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_in_the_middle_clean_leaves_no_endpoint(
    shop: Shop, server: Server, workers: int
) -> None:
    """By the journal."""
    shop.write(conftest=HOOK, test_hangs=HANGS)
    spread = (f"-n{workers}",) if workers else ("-s",)
    process = shop.start(server, *LISTEN, *spread, plugins=("xdist",) if workers else ())
    journal = shop.folder / "points-conformance-report" / "journal.jsonl"
    until = time.monotonic() + 30
    while time.monotonic() < until:
        time.sleep(0.1)
        kinds = [row["kind"] for row in read_journal(journal)] if journal.exists() else []
        if "order made" in kinds:
            break
    assert len(endpoints(server)) == 1
    process.kill()
    process.communicate()
    time.sleep(1 if workers else 0)  # workers end by themselves when nobody is there to tell
    done = run(shop.folder, "clean", str(journal), key=server.key)
    assert done.status == 0, done.out + done.err
    assert endpoints(server) == []
    assert re.search(r"orders that the run made.*\n  \S+ \(PC-", done.out)


def test_an_orderly_end_leaves_none(shop: Shop, server: Server) -> None:
    """Nor does a test that fails."""
    shop.write(
        conftest=HOOK,
        test_ends="def test_a(points):\n    points.deliver_to(lambda request: 204)\n\n"
        "def test_b(points):\n    points.deliver_to(lambda request: 204)\n    assert 0\n",
    )
    done = shop.pytest(server, *LISTEN)
    assert set(done.outcomes.values()) == {"passed", "failed"}
    assert endpoints(server) == []


def test_sigterm_is_an_orderly_end(shop: Shop, server: Server) -> None:
    """As a cancelled job of CI ends."""
    shop.write(conftest=HOOK, test_hangs=HANGS)
    process = shop.start(server, *LISTEN, "-s")
    assert process.stdout is not None
    for line in process.stdout:
        if "ready" in line:
            break
    process.terminate()
    out, _ = process.communicate(timeout=30)
    assert "Traceback" not in out, out
    assert endpoints(server) == []


def test_what_a_test_left_open_is_listed(shop: Shop, server: Server) -> None:
    """Orders that it made and did not end, by their test; what was done, in numbers."""
    shop.write(
        conftest=HOOK,
        test_left="import httpx\n\ndef test_open(points):\n    points.order()\n\n"
        "def test_ended(points):\n    order = points.order()\n"
        "    httpx.post(f'{points.base_url}/orders/{order.uuid}/refund', json={},\n"
        "        headers={'x-api-key': points.key})\n",
    )
    done = shop.pytest(server)
    (left,) = re.findall(r"did not end:\n((?:  .*\n)+)", done.out)
    assert left.count("\n") == 1, done.out
    assert re.search(r"\(PC-\S+\), approved, by test_left.py::test_open", left)
    assert "2 orders made, 0 given ones used; 1 refunded in part or in full" in done.out
    assert "worth 100.00 SAR at most" in done.out


def test_what_other_clients_ended_is_not_listed(shop: Shop, server: Server) -> None:
    """Also where the test never settles: the orders are read at its end."""
    shop.write(
        conftest=HOOK,
        test_left="import urllib.request\n\ndef test_ended(points):\n"
        "    order = points.order()\n"
        "    url = f'{points.base_url}/orders/{order.uuid}/refund'\n"
        "    headers = {'x-api-key': points.key}\n"
        "    urllib.request.urlopen(urllib.request.Request(url, b'{}', headers)).close()\n",
    )
    done = shop.pytest(server)
    assert done.status == 0, done.out
    assert "did not end" not in done.out
    assert "1 refunded in part or in full" in done.out


def test_the_rate_is_kept_by_the_tests_own_calls_too(shop: Shop, server: Server) -> None:
    """Those through httpx wait for their place."""
    calls = MANY.replace("range(40)", "range(3)")
    shop.write(conftest=HOOK, test_many=calls)
    started = time.monotonic()
    done = shop.pytest(server, "--points-rate", "4")
    took = time.monotonic() - started
    assert done.status == 0, done.out
    (calls_made,) = re.findall(r"ran; (\d+) calls", done.out)
    assert int(calls_made) >= 10
    assert took > (int(calls_made) - 1) / 4
    assert "4 a second" in done.out


@pytest.mark.parametrize(("profile", "calls"), [("smoke", 120), ("standard", 600)])
def test_the_plan_of_a_server_that_is_not_here(shop: Shop, profile: str, calls: int) -> None:
    """Bounds, before anything is sent; a dry run sends nothing."""
    shop.write(conftest=HOOK, test_many=MANY)
    far = Server("https://points.invalid", "k" * 20)
    done = shop.pytest(far, "--points-dry-run", "--points-profile", profile)
    assert "40 tests that ask for points against https://points.invalid/api/v1" in done.out
    assert f"at most {calls} calls, 5 a second" in done.out
    assert "orders come from the hook, the earning endpoint" in done.out
    assert set(done.outcomes.values()) == {"skipped"}
    assert "cannot be reached" not in done.out


def test_who_else_hears_of_the_tests_is_said(shop: Shop, server: Server) -> None:
    """Every registered endpoint gets every event."""
    httpx.post(
        f"{server.base_url}/webhooks",
        json={"name": "the shop's", "url": "https://shop.invalid/hook?token=1"},
        headers={"x-api-key": server.key},
    )
    shop.write(
        conftest=HOOK,
        test_ends="def test_a(points):\n    points.deliver_to(lambda request: 204)\n",
    )
    done = shop.pytest(server, *LISTEN)
    assert "also told to these registered endpoints: " in done.out
    assert '"the shop\'s" at https://shop.invalid/hook\n' in done.out


def test_the_bound_on_calls_fails_what_comes_after(shop: Shop, server: Server) -> None:
    """Plainly; set by hand here, for on this machine nothing bounds a run."""
    bound = "\nimport pytest\n\n@pytest.fixture(autouse=True)\ndef bound(points):\n"
    bound += "    points._api.whole.budget.limit = 60\n"
    shop.write(conftest=HOOK + bound, test_many=MANY)
    done = shop.pytest(server)
    assert done.status == 1
    assert "the run's bound of 60 calls is used up" in done.out
    assert "Traceback" not in done.out
