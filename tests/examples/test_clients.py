"""The example clients do what they are asked once, and say what came of it."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import pytest
import trustme

from points_conformance.plugin.points import Points, sandboxed
from points_conformance.simulator import Order
from points_conformance.simulator.sandbox import Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"
DONE, REFUSED, UNKNOWN = 0, 10, 11
COMMANDS = {
    "careful": [sys.executable, "client_careful.py"],
    "reconciling": [sys.executable, "client_reconciling.py"],
    "curl": ["sh", "client_curl.sh"],
    "node": ["node", "client_node.mjs"],
}
#: These never read the order, and so cannot find out what a lost answer was.
CAREFUL = {"careful", "curl", "node"}
CA_VARIABLES = ("POINTS_CA_FILE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")
UUID = "3f1c9a52-7b0e-4c1d-9a64-5d2e8f70b1a1"


@pytest.fixture(params=COMMANDS)
def client(request: pytest.FixtureRequest) -> str:
    """Each of them, where its program is there."""
    name: str = request.param
    for program in {"curl": ("curl", "sh"), "node": ("node",)}.get(name, ()):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")
    return name


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Points]:
    """One for all: each test has an order of its own."""
    with sandboxed() as points:
        points.require_key()
        yield points


@pytest.fixture
def points(sandbox: Points) -> Iterator[Points]:
    """Without the faults of the test before."""
    sandbox.faults.clear()
    yield sandbox
    sandbox.faults.clear()


def run(
    client: str,
    points: Points,
    uuid: str,
    operation: str = "refund",
    *,
    variables: Mapping[str, str] = MappingProxyType({}),
    **given: str,
) -> int:
    """The exit status of one operation; nothing that it prints shows the key."""
    asked = {f"POINTS_{name.upper()}": value for name, value in given.items()}
    needed = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        COMMANDS[client],
        cwd=EXAMPLES,
        env=needed
        | {
            "POINTS_OPERATION": operation,
            "POINTS_ORDER_UUID": uuid,
            "POINTS_BASE_URL": points.base_url,
            "POINTS_API_KEY": points.key,
        }
        | asked
        | variables,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert points.key not in done.stdout + done.stderr
    word = {DONE: "done", REFUSED: "refused", UNKNOWN: "unknown"}[done.returncode]
    assert done.stdout == f"{word}\n", done.stderr
    return done.returncode


def refunded(order: Order) -> int:
    """Halalas that went back."""
    return order.ledger.refunded


def test_a_part_and_the_rest(client: str, points: Points) -> None:
    """To the halala."""
    order = points.order()
    assert run(client, points, order.uuid, amount="19.99") == DONE
    assert refunded(order) == 1999
    assert run(client, points, order.uuid) == DONE
    assert order.ledger.left == 0
    assert run(client, points, order.uuid) == REFUSED


@pytest.mark.parametrize(
    "reason",
    ['أعاد العميل "الطلب" \\ back\\slash', "two\nlines\tand a tab 😀", "ع" * 500],
)
def test_a_cancel_with_its_reason(client: str, points: Points, reason: str) -> None:
    """It arrives as it was given."""
    order = points.order(status="new")
    assert run(client, points, order.uuid, "cancel", reason=reason) == DONE
    assert points.deliveries[-1].payload["order"]["reason"] == reason
    assert run(client, points, order.uuid, "cancel") == REFUSED


def test_a_reason_that_is_too_long_is_cut(client: str, points: Points) -> None:
    """By characters, so that the cancel is not refused for it."""
    order = points.order(status="new")
    assert run(client, points, order.uuid, "cancel", reason="ع" * 501) == DONE
    assert points.deliveries[-1].payload["order"]["reason"] == "ع" * 500


def test_nothing_that_was_not_given_is_said(client: str, points: Points) -> None:
    """The default reason takes the place of none."""
    order = points.order(status="new")
    assert run(client, points, order.uuid, "cancel") == DONE
    assert points.deliveries[-1].payload["order"]["reason"] == "Order cancelled via API"


def test_a_refusal_is_one(client: str, points: Points) -> None:
    """Of the state, of the amount, of an order that is not there, and of the key."""
    order = points.order(status="authorized")
    assert run(client, points, order.uuid) == REFUSED
    assert run(client, points, points.order().uuid, amount="100.01") == REFUSED
    assert run(client, points, UUID) == REFUSED
    assert run(client, points, points.order().uuid, api_key="sk_test_of_yesterday") == REFUSED


def test_a_part_whose_answer_is_lost_goes_back_once(client: str, points: Points) -> None:
    """Who reads the order finds out; who does not says that it is unknown."""
    order = points.order()
    points.faults.lose_answer("refund")
    said = run(client, points, order.uuid, amount="25.00")
    assert (said, refunded(order)) == (UNKNOWN if client in CAREFUL else DONE, 2500)


@pytest.mark.parametrize("status", [500, 504])
def test_a_part_that_was_carried_out_all_the_same_goes_back_once(
    client: str, points: Points, status: int
) -> None:
    """The error came after it."""
    order = points.order()
    points.faults.answer("refund", status, carried_out=True)
    said = run(client, points, order.uuid, amount="25.00")
    assert (said, refunded(order)) == (UNKNOWN if client in CAREFUL else DONE, 2500)


def test_a_second_part_whose_answer_is_lost_is_unknown(client: str, points: Points) -> None:
    """For whoever reads the order, too: it looks as before."""
    order = points.order(status="partially_refunded")
    points.faults.lose_answer("refund")
    assert (run(client, points, order.uuid, amount="25.00"), refunded(order)) == (UNKNOWN, 7500)
    points.faults.lose_request("refund")
    assert (run(client, points, order.uuid, amount="25.00"), refunded(order)) == (UNKNOWN, 7500)


def test_a_request_that_is_lost_is_never_said_to_be_done(client: str, points: Points) -> None:
    """Unless it was then repeated, and done."""
    order = points.order()
    points.faults.lose_request("refund")
    said = run(client, points, order.uuid, amount="25.00")
    assert (said, refunded(order)) == ((UNKNOWN, 0) if client in CAREFUL else (DONE, 2500))


def test_who_is_turned_away_comes_again(client: str, points: Points) -> None:
    """429 was not carried out."""
    order = points.order()
    points.faults.answer("any", 429, headers={"Retry-After": "1"})
    assert (run(client, points, order.uuid, amount="25.00"), refunded(order)) == (DONE, 2500)


def test_who_is_told_to_come_in_an_hour_gives_up(client: str, points: Points) -> None:
    """The one who asked for the refund is not kept waiting."""
    date = {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}
    points.faults.answer("any", 429, headers=date, times=None)
    assert run(client, points, points.order().uuid) == UNKNOWN
    points.faults.clear()
    points.faults.answer("any", 429, headers={"Retry-After": "3600"}, times=None)
    assert run(client, points, points.order().uuid) == UNKNOWN


def test_a_page_in_place_of_an_answer_proves_nothing(client: str, points: Points) -> None:
    """A gateway's, for every call."""
    html = {"Content-Type": "text/html"}
    points.faults.answer("any", 502, body=b"<html>", headers=html, times=None)
    order = points.order()
    assert (run(client, points, order.uuid, amount="25.00"), refunded(order)) == (UNKNOWN, 0)


def test_no_connection_is_unknown(client: str, points: Points) -> None:
    """After a few tries."""
    closed = "http://127.0.0.1:9/api/v1"
    assert run(client, points, UUID, base_url=closed) == UNKNOWN


@pytest.mark.parametrize(
    ("host", "trusted", "word"),
    [("127.0.0.1", True, DONE), ("127.0.0.1", False, UNKNOWN), ("example.com", True, UNKNOWN)],
)
def test_a_certificate_is_verified(
    client: str, points: Points, tmp_path: Path, host: str, trusted: bool, word: int
) -> None:
    """By the CA that the environment names; nothing is sent to a host that is not the one."""
    ca, pem = trustme.CA(), tmp_path / "server.pem"
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(pem)
    given = dict.fromkeys(CA_VARIABLES, str(tmp_path / "ca.pem")) if trusted else {}
    order = points.order()
    with Sandbox(points.faults, certfile=pem, keyfile=pem) as sandbox:
        assert run(client, points, order.uuid, base_url=sandbox.base_url, variables=given) == word
    assert order.ledger.left == (0 if word == DONE else order.ledger.total)


class Odd(BaseHTTPRequestHandler):
    """Answers every call in one way that the sandbox does not."""

    status, answer = 200, b""
    headers_sent: ClassVar[dict[str, str]] = {}
    seen: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Whatever is asked for."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.seen.append(f"{self.command} {self.path}")
        self.send_response(self.status)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.answer)

    def do_GET(self) -> None:
        """The same."""
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's word
        """Nothing is printed."""


@contextmanager
def odd(status: int, answer: bytes, **headers: str) -> Iterator[tuple[str, list[str]]]:
    """A server that answers so; its base URL, and what it is asked."""
    seen: list[str] = []
    behaviour = {"status": status, "answer": answer, "headers_sent": headers, "seen": seen}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Odder", (Odd,), behaviour))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v1", seen
    finally:
        server.shutdown()
        server.server_close()


def envelope(**order: str) -> bytes:
    """A success, with an order."""
    shown = {"uuid": UUID, "order_status": "fully_refunded"} | order
    return json.dumps({"status": True, "appended_data": [], "data": {"data": shown}}).encode()


ODDITIES: dict[str, tuple[int, bytes]] = {
    "html": (200, b"<html>Sign in</html>"),
    "status false": (200, envelope().replace(b"true", b"false")),
    "unchanged": (200, envelope(order_status="approved")),
    "unknown status": (200, envelope(order_status="archived")),
    "another order": (200, envelope(uuid=UUID.replace("3", "4"))),
    "no order": (200, b'{"status": true, "data": null}'),
    "cut": (200, envelope()[:-1]),
    "accepted": (202, envelope()),
}


@pytest.mark.parametrize("name", ODDITIES)
def test_an_answer_that_shows_no_such_order_proves_nothing(
    client: str, points: Points, name: str
) -> None:
    """Though most of them are 200."""
    with odd(*ODDITIES[name]) as (url, seen):
        assert run(client, points, UUID, base_url=url, amount="5") == UNKNOWN
    assert len([call for call in seen if call.startswith("POST")]) == 1


def test_half_an_answer_proves_nothing(client: str, points: Points) -> None:
    """More was announced than came."""
    with odd(200, envelope(), **{"Content-Length": "5000"}) as (url, _):
        assert run(client, points, UUID, base_url=url) == UNKNOWN


def test_an_answer_one_deeper_is_understood(client: str, points: Points) -> None:
    """And one whose letters are of the other case."""
    with odd(200, envelope(uuid=UUID.upper())) as (url, _):
        assert run(client, points, UUID, base_url=url) == DONE


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(client: str, points: Points, status: int) -> None:
    """The key is for one host."""
    with (
        odd(200, envelope()) as (elsewhere, heard),
        odd(status, b"", Location=elsewhere) as (url, _),
    ):
        assert run(client, points, UUID, base_url=url, amount="5") == UNKNOWN
    assert heard == []
