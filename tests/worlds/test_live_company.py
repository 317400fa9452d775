"""Live tests in one run with suites, with plugins for async tests, and with pytest-xdist."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.worlds.live import HOOK, LISTEN, SIX, Server, Shop, third

SUITE = """
from points_conformance.suite import ApiSuite

class TestPoints(ApiSuite):
    pass
"""
BODY = """
    heard = []
    async def handler(request):
        async with httpx.AsyncClient() as client:
            url = f"{points.base_url}/orders/{order.uuid}"
            answer = await client.get(url, headers={"x-api-key": points.key})
        heard.append((request.headers["X-Webhook-Event"], answer.json()["data"]["order_status"]))
        return 204
    points.deliver_to(handler)
    order = points.order()
    async with httpx.AsyncClient() as client:
        url = f"{points.base_url}/orders/{order.uuid}/refund"
        answer = await client.post(url, headers={"x-api-key": points.key}, json={"reason": "x"})
    assert answer.status_code == 200
    await points.asettle()
    assert heard == [("refunded", "fully_refunded")]
"""
AUTO = f"import httpx\n\nasync def test_async(points):{BODY}"
STRICT = f"import httpx, pytest\n\n@pytest.mark.asyncio\nasync def test_async(points):{BODY}"
ANYIO = f"import httpx, pytest\n\n@pytest.mark.anyio\nasync def test_async(points):{BODY}"
ASYNCIO = ("-o", "asyncio_default_fixture_loop_scope=function")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The six tests, in a project of their own."""
    shop = Shop(tmp_path)
    shop.write(test_six=SIX, conftest=HOOK)
    return shop


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The third server."""
    with third(tmp_path) as server:
        yield server


@pytest.mark.parametrize("live", [True, False], ids=["live", "simulator"])
@pytest.mark.parametrize(
    ("text", "plugin", "options"),
    [
        (AUTO, "pytest_asyncio.plugin", (*ASYNCIO, "--asyncio-mode=auto")),
        (STRICT, "pytest_asyncio.plugin", (*ASYNCIO, "--asyncio-mode=strict")),
        (ANYIO, "anyio", ("-k", "asyncio")),
    ],
    ids=["asyncio auto", "asyncio strict", "anyio"],
)
def test_async_tests(
    shop: Shop, server: Server, text: str, plugin: str, options: tuple[str, ...], live: bool
) -> None:
    """An async handler is told in the test's own loop."""
    shop.write(test_six="", test_async=text, conftest=HOOK)
    there = server if live else None
    done = shop.pytest(there, *LISTEN, *options, plugins=(plugin,))
    assert (done.status, set(done.outcomes.values())) == (0, {"passed"}), done.out
    assert len(done.outcomes) == 1


@pytest.mark.parametrize("fixed", [True, False], ids=["a fixed port", "any port"])
def test_spread_over_workers(shop: Shop, server: Server, fixed: bool) -> None:
    """Each has its part of the rate; those that share one port take turns; the end is told once."""
    listen = list(LISTEN)
    if fixed:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            listen[1] = f"127.0.0.1:{unused.getsockname()[1]}"
    shop.write(test_six=SIX, test_again=SIX, conftest=HOOK)
    done = shop.pytest(server, *listen, "-n3", plugins=("xdist",))
    assert done.status == 0, done.out
    assert "12 passed" in done.out
    assert done.out.count("tests ran") == 1
    assert "12 of 12 tests ran" in done.out
    assert "the tests that ask for points against" in done.out


def test_a_suite_is_judged_where_no_live_test_could_run(shop: Shop, server: Server) -> None:
    """Its verdict stands, and the run does not pass."""
    lacking = "def test_it(points):\n    points.order(type='replacing', status='captured')\n"
    shop.write(test_a_suite=SUITE, test_six=lacking, conftest="")
    few = ("--points-select", "auth.valid-key", "--points-report-dir=report")
    done = shop.pytest(server, *few)
    assert done.status == 2, done.out
    report = json.loads((shop.folder / "report" / "report.json").read_text("utf-8"))
    assert (report["verdict"], report["exit_status"]) == ("conformant", 0)
    assert shop.pytest(server, *few, "--points-live-may-skip").status == 0


@pytest.mark.parametrize("workers", [0, 2])
def test_beside_a_suite(shop: Shop, server: Server, workers: int) -> None:
    """On one port, where there is one process; each says what it did."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    shop.write(test_a_suite=SUITE, test_six=SIX, conftest=HOOK)
    listen = ("--points-webhook-listen", f"127.0.0.1:{0 if workers else port}")
    spread = (f"-n{workers}",) if workers else ()
    select = ("--points-select", "refund.full", "--points-select", "webhook.refund*")
    done = shop.pytest(
        server, *listen, *select, "--points-report-dir=report", *spread,
        plugins=("xdist",) if workers else (),
    )  # fmt: skip
    assert "6 of 6 tests ran" in done.out, done.out
    report = json.loads((shop.folder / "report" / "report.json").read_text("utf-8"))
    assert report["rules"], done.out
    ours = {name: outcome for name, outcome in done.outcomes.items() if "test_rule" not in name}
    assert set(ours.values()) == {"passed"}
    assert len(ours) == 6
