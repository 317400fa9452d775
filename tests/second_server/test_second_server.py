"""The second server obeys the contract in both dialects."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from tests.second_server import SecondServer
from tests.second_server.client import DIALECTS, act, hooked, made, send, status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

UNKNOWN = "00000000-0000-4000-8000-000000000000"
PRODUCTS = [{"product_name": "tea", "product_price": 1.5, "quantity": 1}]
EARNING = {
    "phone_number": "0500000002",
    "total_price": 150.75,
    "order_number": "A-1",
    "products": PRODUCTS,
}


@pytest.fixture(params=DIALECTS)
def server(request: pytest.FixtureRequest) -> Iterator[SecondServer]:
    """A sound server in each dialect."""
    with SecondServer(request.param) as running:
        yield running
    assert running.failures == []


# The lifecycle.


def test_an_earning_order_is_approved_and_rounded_to_points(server: SecondServer) -> None:
    """Earning orders are approved at once and show the points of their price."""
    reply = send(server, "POST", "/orders/earning", EARNING)
    assert (reply.status, reply.order["order_status"], reply.order["type"]) == (200, "approved", 1)
    assert reply.order["total_price"] == 150.75
    assert reply.order["total_points"] in (1507, 3015)


def test_a_phone_without_account_leaves_the_order_pending(server: SecondServer) -> None:
    """The phone of the sandbox without an account makes no order."""
    body = {**EARNING, "phone_number": "+966500000003"}
    reply = send(server, "POST", "/orders/earning", body)
    assert reply.body["data"]["pending_client_activation"] is True


@pytest.mark.parametrize("prefix", ["", "0", "966", "00966", "+966"])
def test_phones_are_normalised(server: SecondServer, prefix: str) -> None:
    """Every documented form of a phone is accepted."""
    body = {**EARNING, "phone_number": f"{prefix}500000002"}
    assert send(server, "POST", "/orders/earning", body).status == 200


def test_a_checkout_loses_its_hash_and_can_be_paid(server: SecondServer) -> None:
    """A checkout makes a new replacing order that can be authorized and captured."""
    body = {"total_price": 20, "order_number": "#77"}
    reply = send(server, "POST", f"/orders/checkout/{server.public_key}", body, key=None)
    assert set(reply.body["data"]) == {"checkout_url"}
    uuid = server.find_order("77")["uuid"]
    assert act(server, uuid, "capture").status == 400
    assert act(server, uuid, "authorize").order["order_status"] == "authorized"
    assert act(server, uuid, "refund").status == 400
    assert act(server, uuid, "capture").order["order_status"] == "captured"
    assert act(server, uuid, "refund").order["order_status"] == "fully_refunded"
    assert act(server, uuid, "authorize").status == 400


def test_complete_approves_new_replacing_orders_alone(server: SecondServer) -> None:
    """Complete is for new replacing orders, with a documented payment method."""
    new = server.make_order("replacing", "new")["uuid"]
    assert act(server, new, "complete", {"payment_method": "11"}).status == 422
    assert act(server, new, "complete", {"payment_method": "3"}).order["order_status"] == "approved"
    assert act(server, new, "complete").status == 400
    assert act(server, server.make_order("earning", "new")["uuid"], "complete").status == 400


def test_shipping_cancelled_is_no_cancel(server: SecondServer) -> None:
    """A shipping status leaves the order status alone."""
    uuid = server.make_order()["uuid"]
    assert act(server, uuid, "status", {"status": "cancelled"}).status == 200
    assert act(server, uuid, "status", {"status": "lost"}).status == 422
    assert status_of(server, uuid) == "approved"


def test_a_second_cancel_is_refused(server: SecondServer) -> None:
    """Cancel works once."""
    uuid = server.make_order(status="new")["uuid"]
    assert act(server, uuid, "cancel").order["order_status"] == "cancelled"
    assert act(server, uuid, "cancel").status == 400
    assert act(server, uuid, "refund").status == 400
    assert status_of(server, uuid) == "cancelled"


@pytest.mark.parametrize("status", ["cancelled", "fully_refunded", "partially_refunded"])
def test_what_is_reversed_is_not_cancelled(server: SecondServer, status: str) -> None:
    """Cancel is refused after any reversal."""
    uuid = server.make_order(status=status)["uuid"]
    assert act(server, uuid, "cancel").status == 400
    assert status_of(server, uuid) == status


@pytest.mark.parametrize("status", ["new", "authorized", "cancelled", "fully_refunded"])
def test_only_what_was_paid_is_refunded(server: SecondServer, status: str) -> None:
    """Refund is refused before payment and after the end."""
    uuid = server.make_order(status=status)["uuid"]
    for body in ({}, {"amount": 1}):
        assert act(server, uuid, "refund", body).status == 400
    assert status_of(server, uuid) == status


@pytest.mark.parametrize("body", [None, {}, [], {"amount": 150}, {"amount": 150.0}])
def test_a_full_refund_happens_once(server: SecondServer, body: object) -> None:
    """A full refund, however it is put, is followed by no other."""
    uuid = server.make_order()["uuid"]
    assert act(server, uuid, "refund", body).order["order_status"] == "fully_refunded"
    assert act(server, uuid, "refund", body).status == 400
    assert server.ledger(uuid) == (15000,)


def test_parts_add_up_exactly(server: SecondServer) -> None:
    """A tenth and two tenths are three tenths."""
    uuid = server.make_order(total_price="0.30")["uuid"]
    assert act(server, uuid, "refund", {"amount": 0.1}).order["order_status"] == (
        "partially_refunded"
    )
    assert act(server, uuid, "refund", {"amount": 0.21}).status in (400, 422)
    assert act(server, uuid, "refund", {"amount": 0.2}).order["order_status"] == "fully_refunded"


@pytest.mark.parametrize("kind", ["earning", "replacing"])
def test_points_go_back_in_proportion_and_in_all(server: SecondServer, kind: str) -> None:
    """Points follow the sums, and none is left in the end."""
    row = server.make_order(kind, total_price="10.01")
    with hooked(server) as inbox:
        for amount in [0.33] * 30 + [0.11]:
            assert act(server, row["uuid"], "refund", {"amount": amount}).status == 200
        orders = [delivery.order for delivery in inbox.wait(31)]
    assert orders[-1]["order_status"] == "fully_refunded"
    if "left_points" in orders[0]:
        assert orders[-1]["left_points"] == 0
        assert sum(order["refund_points"] for order in orders) == row["total_points"]
        assert max(order["refund_points"] for order in orders) <= 7


@pytest.mark.parametrize(
    "body",
    [
        *(b"{", b"\xff", b'"x"', b"[1]", b"NaN", b'{"amount": NaN}', b"null", b"[" * 100_000),
        *(b'{"amount": -1}', b'{"amount": 1e9999999999999999999}', b'{"amount": 1e400}'),
        *(b'{"amount": true}', b'{"amount": []}', b'{"amount": ' + b"9" * 9000 + b"}"),
        *(b'{"reason": 5}', json.dumps({"reason": "x" * 501}).encode()),
        json.dumps({"reason": "x" * 10**7}).encode(),
    ],
    ids=range(17),
)
def test_a_bad_body_changes_nothing(server: SecondServer, body: bytes) -> None:
    """Whatever cannot be a refund is refused with 4xx and leaves no trace."""
    uuid = server.make_order(status="approved")["uuid"]
    assert act(server, uuid, "refund", body).status in (400, 422)
    assert (status_of(server, uuid), server.ledger(uuid)) == ("approved", ())


def test_tiny_amounts_are_refused_or_zero(server: SecondServer) -> None:
    """An amount of less than half a halala moves nothing."""
    uuid = server.make_order()["uuid"]
    for amount in (b"1e-9999999", b"0.004", b"0", b"-0.0", b"0e99"):
        assert act(server, uuid, "refund", b'{"amount": ' + amount + b"}").status in (200, 422)
    assert (status_of(server, uuid), server.ledger(uuid)) == ("approved", ())


@pytest.mark.parametrize("key", [None, "nobody", "public"])
def test_a_wrong_key_is_400(server: SecondServer, key: str | None) -> None:
    """Missing, unknown and public keys get the documented 400."""
    uuid = server.make_order()["uuid"]
    given = server.public_key if key == "public" else key
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/refund")):
        assert send(server, method, f"/orders/{uuid}{path}", key=given).status == 400
    assert status_of(server, uuid) == "approved"


def test_foreign_orders_are_out_of_reach(server: SecondServer) -> None:
    """Another merchant reads and changes nothing, and learns nothing."""
    row = server.make_order()
    for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/refund")):
        reply = send(server, method, f"/orders/{row['uuid']}{path}", key=server.other_key)
        assert reply.status in (403, 404)
        assert row["order_number"] not in json.dumps(reply.body)
    assert status_of(server, row["uuid"]) == "approved"


def test_what_is_not_there_is_json_too(server: SecondServer) -> None:
    """Unknown paths, methods and uuids get error envelopes."""
    assert send(server, "GET", f"/orders/{UNKNOWN}").status == 404
    assert send(server, "GET", "/orders/not-a-uuid").status in (400, 404)
    assert send(server, "GET", "/nothing").status == 404
    for method, path in (("PUT", f"/orders/{UNKNOWN}/cancel"), ("BREW", "/webhooks")):
        reply = send(server, method, path)
        assert (reply.status, reply.body["status"]) == (405, False)
        assert reply.headers["Content-Type"] == "application/json"


def test_a_chunked_body_is_read(server: SecondServer) -> None:
    """Clients that stream their body are understood."""
    uuid = server.make_order()["uuid"]
    parts = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    chunks = iter([b'{"amount"', b": 25}"])
    path = f"{parts.path}/orders/{uuid}/refund"
    connection.request("POST", path, chunks, {"x-api-key": server.key}, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert server.ledger(uuid) == (2500,)


def test_one_connection_serves_many_calls(server: SecondServer) -> None:
    """Connections are kept alive, after refusals as well."""
    parts = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("POST", f"{parts.path}/orders/{UNKNOWN}/refund", b"{}")
        assert connection.getresponse().read()
    assert connection.sock is first
    connection.close()


@pytest.mark.parametrize("rival", ["refund", "cancel"])
def test_of_two_calls_at_once_one_wins(rival: str) -> None:
    """A full refund and a rival at once: one is accepted, in both dialects."""
    for dialect in DIALECTS:
        with SecondServer(dialect, commit_delay=0.02) as server, ThreadPoolExecutor(2) as pool:
            uuid = server.make_order()["uuid"]
            calls = [pool.submit(act, server, uuid, name) for name in ("refund", rival)]
            codes = sorted(call.result().status for call in calls)
            assert codes in ([200, 400], [200, 409])


# The dialects differ.


def _after_a_part(server: SecondServer) -> int:
    """Refund without amount after a part."""
    uuid = server.make_order()["uuid"]
    act(server, uuid, "refund", {"amount": 1})
    return act(server, uuid, "refund").status


READINGS: dict[str, tuple[Callable[[SecondServer], int], int, int]] = {
    "cancel-approved": (lambda s: made(s, "cancel"), 200, 400),
    "bare-after-part": (_after_a_part, 200, 400),
    "zero": (lambda s: made(s, "refund", {"amount": 0}), 422, 200),
    "above-left": (lambda s: made(s, "refund", {"amount": 151}), 422, 400),
    "three-decimals": (lambda s: made(s, "refund", {"amount": 1.005}), 422, 200),
    "string": (lambda s: made(s, "refund", {"amount": "25.00"}), 422, 200),
    "null-amount": (lambda s: made(s, "refund", {"amount": None}), 422, 200),
    "null-reason": (lambda s: made(s, "refund", {"reason": None}), 200, 422),
    "malformed-uuid": (lambda s: send(s, "GET", "/orders/x").status, 404, 400),
    "malformed-body": (lambda s: made(s, "refund", b"{"), 422, 400),
}


@pytest.mark.parametrize("matter", READINGS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_dialect_reads_as_it_should(dialect: str, matter: str) -> None:
    """Disputed matters are read one way in one dialect and another way in the other."""
    read, plain, awkward = READINGS[matter]
    with SecondServer(dialect) as server:
        assert read(server) == (plain if dialect == "plain" else awkward)


def test_awkward_rounds_half_up() -> None:
    """Amounts with more decimals are booked as the nearest halala."""
    with SecondServer("awkward") as server:
        uuid = server.make_order()["uuid"]
        for amount in (b"1.005", b"1.004999999999999999999999999999", b'"2.5"'):
            act(server, uuid, "refund", b'{"amount": ' + amount + b"}")
        assert server.ledger(uuid) == (101, 100, 250)


# Webhook endpoints and deliveries.


def test_endpoints_can_be_managed(server: SecondServer) -> None:
    """Create, read, change, list and delete."""
    made = send(server, "POST", "/webhooks", {"name": "a", "url": "https://a.example/x"})
    uuid, secret = made.body["data"]["uuid"], made.body["data"]["secret"]
    path = f"/webhooks/{uuid}"
    assert len(secret) == 60
    assert send(server, "GET", path).body["data"]["secret"] == secret
    assert send(server, "PATCH", path, {"name": "b"}).body["data"]["name"] == "b"
    assert send(server, "PUT", path, {"name": "b"}).status == 422
    assert send(server, "PUT", path, {"name": "c", "url": "https://c.example"}).status == 200
    for method in ("GET", "PATCH", "DELETE"):
        assert send(server, method, path, {"name": "z"}, server.other_key).status == 404
    assert "data" not in send(server, "DELETE", path).body
    assert send(server, "GET", path).status == 404


def test_endpoints_have_limits(server: SecondServer) -> None:
    """Duplicates are 400, whatever is too long or no URL is 422."""
    good = {"name": "a", "url": "http://127.0.0.1:9/"}
    assert send(server, "POST", "/webhooks", good).status == 200
    assert send(server, "POST", "/webhooks", good).status == 400
    assert send(server, "POST", "/webhooks", {**good, "name": "a" * 256}).status == 422
    for url in ("x", "ftp://a.example", "http://[", "http://a.example/" + "a" * 500, 5, None):
        assert send(server, "POST", "/webhooks", {"name": "a", "url": url}).status == 422


def test_endpoints_come_in_pages(server: SecondServer) -> None:
    """Fifteen to a page unless told otherwise."""
    for number in range(17):
        url = f"https://a.example/{number}"
        send(server, "POST", "/webhooks", {"name": "a", "url": url})
    first = send(server, "GET", "/webhooks").body
    last = send(server, "GET", "/webhooks?per_page=10&page=2").body
    assert (len(first["data"]), first["meta"]["total"]) == (15, 17)
    assert (len(last["data"]), last["links"]["next"]) == (7, None)


def test_a_delivery_has_its_headers_and_the_default_reason(server: SecondServer) -> None:
    """Secret, event, uuid and reason arrive as documented."""
    row = server.make_order(status="new")
    with hooked(server) as inbox:
        secret = send(server, "GET", "/webhooks").body["data"][0]["secret"]
        act(server, row["uuid"], "cancel")
        (delivery,) = inbox.wait(1)
    assert delivery.headers["X-Webhook-Secret"] == secret
    assert delivery.headers["X-Webhook-Event"] == delivery.event == "cancelled"
    assert delivery.order["id"] == row["uuid"]
    assert delivery.order["reason"] == "Order cancelled via API"


def test_a_failed_delivery_is_repeated_byte_for_byte(server: SecondServer) -> None:
    """Three attempts in all, the same bytes each time."""
    with hooked(server) as inbox:
        inbox.answers = [500, 302, 404]
        act(server, server.make_order()["uuid"], "refund")
        inbox.wait(3)
        time.sleep(0.2)  # a fourth attempt would have come by now
        assert len(inbox.deliveries) == 3
        assert len({delivery.raw for delivery in inbox.deliveries}) == 1


@pytest.mark.parametrize("mode", ["late", "shuffled", "repeated"])
def test_deliveries_can_be_unkind(mode: str) -> None:
    """Deliveries come late, out of order, or twice."""
    with SecondServer(delivery_mode=mode) as server, hooked(server) as inbox:
        uuid = server.make_order()["uuid"]
        started = time.monotonic()
        act(server, uuid, "refund", {"amount": 1})
        act(server, uuid, "refund", {"amount": 2})
        deliveries = inbox.wait(4 if mode == "repeated" else 2)
        told = [delivery.order["refund_amount"] for delivery in deliveries]
        took = time.monotonic() - started
    if mode == "late":
        assert took >= 0.2
    else:
        assert sorted(told) == ([1, 2] if mode == "shuffled" else [1, 1, 2, 2])
    if mode == "shuffled":
        assert told == [2, 1]


def test_an_auto_refund_ends_a_replacing_order(server: SecondServer) -> None:
    """Auto-refunds are announced under their own name."""
    uuid = server.make_order("replacing")["uuid"]
    with hooked(server) as inbox:
        assert server.auto_refund(uuid)
        assert not server.auto_refund(uuid)
        (delivery,) = inbox.wait(1)
    assert delivery.event == "auto_refunded"
    assert delivery.order["reason"] == "auto_refund_missing_transaction"
    assert delivery.order["order_status"] == status_of(server, uuid) == "fully_refunded"


# As a tool.


def test_an_orders_file_names_orders_of_every_kind(server: SecondServer, tmp_path: Path) -> None:
    """Rows agree with what the server shows."""
    rows = server.orders_file(tmp_path / "orders.json", n_each=2)
    assert len(rows) == 28
    assert json.loads((tmp_path / "orders.json").read_text()) == rows
    for row in rows[:14]:
        shown = send(server, "GET", f"/orders/{row['uuid']}").order
        assert shown["order_status"] == row["order_status"]
        assert Decimal(str(shown["total_price"])) == 150


def test_the_command_serves_until_told_to_stop() -> None:
    """The command prints where it is and ends on SIGTERM."""
    command = [sys.executable, "-m", "tests.second_server", "--dialect", "awkward"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        address = urlsplit(told["base_url"])
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
        connection.request("GET", f"{address.path}/webhooks", headers={"x-api-key": told["key"]})
        assert connection.getresponse().status == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
        connection.close()


def test_the_same_seed_gives_the_same_keys() -> None:
    """Keys and uuids follow from the seed."""
    first, second = (SecondServer(seed=5) for _ in range(2))
    assert first.key == second.key
    assert first.make_order()["uuid"] == second.make_order()["uuid"]
    first.stop()
    second.stop()


def test_nothing_is_imported_from_the_kit() -> None:
    """The second server stands on the standard library alone."""
    code = "import sys, tests.second_server.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"points_conformance", "httpx", "pytest"} & set(done.stdout.split())
