"""The mount puts the simulator in place of the network, for its own hosts alone."""

import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import httpx2
import pytest
import respx

from points_conformance.contract.limits import PRODUCTION_URLS, SANDBOX_URL
from points_conformance.simulator import Simulator
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.mounts.respx import mounted
from points_conformance.simulator.mounts.sandbox import Sandbox

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
WAYS = pytest.mark.parametrize("awaited", [False, True], ids=["sync", "async"])


@pytest.fixture
def faults() -> Faults:
    return Faults(Simulator())


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """Another server on this machine, which answers 404 to everything but its own API."""
    with Sandbox(Simulator(seed=7)) as sandbox:
        yield sandbox.origin


def send(library: ModuleType, awaited: bool, method: str, url: str, **options: Any) -> Any:
    if not awaited:
        with library.Client() as client:
            return client.request(method, url, **options)

    async def call() -> Any:
        async with library.AsyncClient() as client:
            return await client.request(method, url, **options)

    return asyncio.run(call())


@LIBRARIES
@WAYS
@pytest.mark.parametrize("base", [*PRODUCTION_URLS, SANDBOX_URL])
def test_documented_base_urls_are_answered(
    faults: Faults, library: ModuleType, awaited: bool, base: str
) -> None:
    """Every client reaches the simulator under production and sandbox addresses."""
    order = faults.simulator.make_order()
    key = {"x-api-key": faults.simulator.merchant.key}
    with mounted(faults):
        answer = send(
            library,
            awaited,
            "POST",
            f"{base}/orders/{order.uuid}/refund",
            json={"amount": 25},
            headers=key,
        )
    assert answer.status_code == 200
    assert answer.json()["data"]["order_status"] == "partially_refunded"
    assert order.ledger.refunded == 2500


@LIBRARIES
@WAYS
def test_other_hosts_are_really_reached(
    faults: Faults, elsewhere: str, library: ModuleType, awaited: bool
) -> None:
    """A request to another host goes out, as without the mount."""
    with mounted(faults):
        answer = send(library, awaited, "POST", f"{elsewhere}/nobody", content=b"x" * 70_000)
    assert answer.status_code == 404
    assert answer.json()["message"] == "Not found"


@LIBRARIES
def test_other_hosts_fail_as_without_us(faults: Faults, library: ModuleType) -> None:
    """A refused connection to another host is a refused connection."""
    with mounted(faults), pytest.raises(library.ConnectError):
        library.get("http://127.0.0.1:9/")


@pytest.mark.parametrize("base", ["http://127.0.0.1:9999", "http://127.0.0.1:9999/api/v1/"])
def test_a_base_url_counts_by_scheme_host_and_port(
    faults: Faults, elsewhere: str, base: str
) -> None:
    """With or without a path; the same host at another port stays itself."""
    with mounted(faults, [base]):
        assert httpx.get("http://127.0.0.1:9999/api/v1/webhooks").status_code == 400
        assert httpx.get(f"{elsewhere}/nobody").status_code == 404


def test_a_base_url_without_a_host_is_named(faults: Faults) -> None:
    """What is no URL raises with the text that was given."""
    with (
        pytest.raises(ValueError, match=r"'business.papp.sa' is not a base URL"),
        mounted(faults, ["business.papp.sa"]),
    ):
        pass


@LIBRARIES
def test_plain_http_is_refused(faults: Faults, library: ModuleType) -> None:
    """A key never leaves in clear text: the documented edge refuses plain HTTP."""
    with mounted(faults), pytest.raises(library.ConnectError, match="plain HTTP"):
        library.get(PRODUCTION_URLS[0].replace("https", "http"))


@LIBRARIES
@WAYS
def test_a_cut_connection_is_the_clients_own_error(
    faults: Faults, library: ModuleType, awaited: bool
) -> None:
    """A lost answer raises ReadError of the library that asked."""
    faults.lose_answer()
    with mounted(faults), pytest.raises(library.ReadError) as caught:
        send(library, awaited, "GET", f"{SANDBOX_URL}/webhooks")
    assert str(caught.value.request.url) == f"{SANDBOX_URL}/webhooks"


@LIBRARIES
@WAYS
def test_a_delay_beyond_the_timeout_is_a_timeout(
    faults: Faults, library: ModuleType, awaited: bool
) -> None:
    """The client waits as long as it would, and no longer; the refund was carried out."""
    order = faults.simulator.make_order()
    faults.delay("refund", 30)
    started = time.perf_counter()
    with mounted(faults), pytest.raises(library.ReadTimeout):
        send(
            library,
            awaited,
            "POST",
            f"{SANDBOX_URL}/orders/{order.uuid}/refund",
            headers={"x-api-key": faults.simulator.merchant.key},
            timeout=0.05,
        )
    assert 0.04 < time.perf_counter() - started < 5
    assert order.ledger.left == 0


def test_a_short_delay_is_waited_for(faults: Faults) -> None:
    """An answer within the timeout arrives, later."""
    faults.delay("any", 0.05)
    started = time.perf_counter()
    with mounted(faults):
        assert httpx.get(f"{SANDBOX_URL}/webhooks").status_code == 400
    assert time.perf_counter() - started >= 0.05


@pytest.mark.parametrize("ours_first", [True, False])
def test_the_callers_own_router_is_heard(faults: Faults, ours_first: bool) -> None:
    """Mocks of other hosts work beside the mount, whichever was there first."""
    theirs = respx.mock(assert_all_called=False)
    theirs.get("https://shop.example/").respond(204)
    first, second = (mounted(faults), theirs) if ours_first else (theirs, mounted(faults))
    with first, second:
        assert httpx.get("https://shop.example/").status_code == 204
        assert httpx.get(f"{SANDBOX_URL}/webhooks").status_code == 400
        with pytest.raises(AssertionError, match="not mocked"):
            httpx.get("https://nobody.example/")


def test_two_mounts_stand_side_by_side(elsewhere: str) -> None:
    """Each answers for its own hosts, and the rest still goes out."""
    with mounted(Simulator(), ["https://one.test"]), mounted(Simulator(), ["https://two.test"]):
        assert httpx.get("https://one.test/x").status_code == 404
        assert httpx.get("https://two.test/x").status_code == 404
        assert httpx.get(f"{elsewhere}/nobody").status_code == 404


def test_nothing_is_left_behind(faults: Faults) -> None:
    """After the mount its hosts are the network's again."""
    with mounted(faults, ["http://127.0.0.1:9"]):
        assert httpx.get("http://127.0.0.1:9/").status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://127.0.0.1:9/")


def test_calls_are_not_kept(faults: Faults) -> None:
    """However many calls are made, respx holds none of them."""
    with mounted(faults), httpx.Client() as client:
        for _ in range(20):
            client.get(f"{SANDBOX_URL}/webhooks")
    assert sum(isinstance(thing, respx.models.Call) for thing in gc.get_objects()) == 0


def test_odd_bytes_in_headers_and_query_are_taken(faults: Faults) -> None:
    """A header in UTF-8 and a repeated one are requests like others."""
    headers = [(b"x-api-key", "مفتاح".encode()), (b"x-api-key", b"\xff")]
    with mounted(faults):
        answer = httpx.get(f"{SANDBOX_URL}/webhooks?page=%ff&per_page=٣", headers=headers)
    assert answer.status_code == 400


def test_httpx2_need_not_be_installed() -> None:
    """Without httpx2 and its core the mount serves httpx."""
    program = (
        "import sys; sys.modules['httpcore2'] = None\n"
        "import importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'httpcore2' else real(name, *a)\n"
        "import httpx\n"
        "from points_conformance.simulator import Simulator\n"
        "from points_conformance.simulator.mounts.respx import mounted, SANDBOX_URL\n"
        "with mounted(Simulator()): print(httpx.get(SANDBOX_URL + '/webhooks').status_code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("400\n", "")


def test_the_mocker_of_a_plugin_is_used() -> None:
    """A mocker for httpcore2 that is registered already is neither replaced nor in the way."""
    program = (
        "import pytest_httpx2, httpx2\n"
        "from points_conformance.simulator import Simulator\n"
        "from points_conformance.simulator.mounts.respx import mounted, SANDBOX_URL\n"
        "with mounted(Simulator()): print(httpx2.get(SANDBOX_URL + '/webhooks').status_code)\n"
    )
    pytest.importorskip("pytest_httpx2")
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("400\n", "")
