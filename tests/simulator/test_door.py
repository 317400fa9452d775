"""Pages in a browser on this machine cannot use the sandbox: not under a name of their own, not by
a simple post across origins.
"""

import httpx
import pytest

from points_conformance.simulator import Request, Simulator
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.mounts.door import Door
from points_conformance.simulator.mounts.sandbox import Sandbox

FOREIGN = ["evil.example", "evil.example:8787", "127.0.0.1.evil.example", "localhost.evil.example"]
OURS = [
    "localhost",
    "localhost:1",
    "LOCALHOST.",
    "127.0.0.1",
    "127.9.9.9:80",
    "[::1]",
    "[::1]:8787",
]


def refusal(host: str | None, listens_on: str = "127.0.0.1", **headers: str) -> int | None:
    """The status of what a door answers to a GET, ``None`` where it lets it in."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if host is not None:
        sent["host"] = host
    response = Door(listens_on).refusal(Request("GET", "/_points/keys", sent))
    return None if response is None else response.status


@pytest.mark.parametrize(
    "host", [*FOREIGN, "", "127.0.0.1@evil.example", "[::1", "10.0.0.1", "x y"]
)
def test_a_foreign_host_is_refused(host: str) -> None:
    """A name that a page's author has lead to this machine (DNS rebinding)."""
    assert refusal(host) == 421


@pytest.mark.parametrize("host", [*OURS, None])
def test_loopback_names_are_let_in(host: str | None) -> None:
    """With any port, for it may be forwarded; and clients so old that they name no host."""
    assert refusal(host) is None


def test_where_others_may_come_in_the_host_it_listens_on_is_let_in_too() -> None:
    """Listening everywhere, any address is, and a name without a dot, as containers have; no page
    can have either lead to this machine.
    """
    assert refusal("192.0.2.7:8787", "192.0.2.7") is None
    assert refusal("sandbox.lan", "sandbox.lan") is None
    assert refusal("other.lan", "sandbox.lan") == 421
    for everywhere in ("0.0.0.0", "::"):
        assert refusal("192.0.2.7:8787", everywhere) is None
        assert refusal("[2001:db8::1]:8787", everywhere) is None
        assert refusal("points:8787", everywhere) is None
        assert refusal("evil.example:8787", everywhere) == 421


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:3000", "https://localhost", "127.0.0.1:8787"],
)
def test_a_foreign_origin_is_refused(origin: str) -> None:
    """A page of another origin, of another port of this machine as well."""
    assert refusal("127.0.0.1:8787", origin=origin) == 403


def test_its_own_origin_is_let_in_and_what_crosses_sites_is_not() -> None:
    """A browser says both by itself."""
    assert refusal("127.0.0.1:8787", origin="http://127.0.0.1:8787") is None
    assert (
        refusal("localhost:8787", origin="http://LOCALHOST:8787", sec_fetch_site="same-origin")
        is None
    )
    assert refusal("127.0.0.1:8787", sec_fetch_site="cross-site") == 403
    assert refusal("127.0.0.1:8787", sec_fetch_site="same-site") == 403
    assert refusal("127.0.0.1:8787", sec_fetch_site="none") is None


# ---------------------------------------------------------------------- over a port
@pytest.mark.parametrize("path", ["/_points/keys", "/_points", "/api/v1/webhooks", "/"])
def test_the_whole_sandbox_asks_for_the_host(path: str) -> None:
    """The control API, which shows the keys, and the API alike; the line says what to do."""
    with Sandbox(Simulator()) as sandbox:
        answer = httpx.get(sandbox.origin + path, headers={"Host": "evil.example"}, trust_env=False)
    assert answer.status_code == 421
    assert "sk_" not in answer.text
    assert "evil.example" not in answer.text
    assert "127.0.0.1" in answer.text


@pytest.mark.parametrize("path", ["reset", "endpoints", "orders", "faults", "clock"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_simple_post_across_origins_changes_nothing(path: str, kind: str | None) -> None:
    """A page may send it without asking: refused for its origin; and for its content type where a
    browser sends no origin.
    """
    simulator = Simulator()
    order = simulator.make_order()
    body = b'{"url": "http://127.0.0.1:22/x"}'
    headers = {"Content-Type": kind} if kind else {}
    with Sandbox(Faults(simulator)) as sandbox, httpx.Client(trust_env=False) as client:
        url = f"{sandbox.control_url}/{path}"
        crossing = {**headers, "Origin": "http://evil.example"}
        assert client.post(url, content=body, headers=crossing).status_code == 403
        assert client.post(url, content=body, headers=headers).status_code == 415
    assert simulator.order(order.uuid) is order
    assert list(simulator.merchant.endpoints) == []


def test_a_test_rig_goes_on_as_before() -> None:
    """JSON with any parameters, and no body at all."""
    simulator = Simulator()
    with Sandbox(Faults(simulator)) as sandbox, httpx.Client(trust_env=False) as client:
        url = f"{sandbox.control_url}/orders"
        kind = {"Content-Type": "Application/JSON; charset=utf-8"}
        assert client.post(url, content=b"{}", headers=kind).status_code == 200
        assert client.post(url, json={}).status_code == 200
        assert client.post(f"{sandbox.control_url}/reset").status_code == 200
        assert client.delete(f"{sandbox.control_url}/faults").status_code == 200
