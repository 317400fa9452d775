"""The control API makes, reads and breaks things for a test rig, and never falls over."""

import json
from typing import Any

import pytest

from points_conformance.simulator import Request, Simulator, SystemClock
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.mounts.control import Control


@pytest.fixture
def control() -> Control:
    return Control(Faults(Simulator()))


def ask(control: Control, line: str, body: Any = None, *, raw: bytes | None = None) -> Any:
    """The status and the JSON of one call, e.g. ``POST /orders``."""
    method, _, path = line.partition(" ")
    path, _, query = f"/_points{path}".partition("?")
    content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    response = control.handle(Request(method, path, headers, content, query))
    assert response is not None
    return response.status, json.loads(response.body)


@pytest.mark.parametrize("path", ["/api/v1/orders/x", "/_pointsx", "/", ""])
def test_the_rest_is_left_to_the_api(control: Control, path: str) -> None:
    """Only its own prefix is answered."""
    assert control.handle(Request("GET", path)) is None


def test_switched_off_it_is_not_there() -> None:
    """Every path is 404."""
    control = Control(Faults(Simulator()), enabled=False)
    assert ask(control, "GET /keys")[0] == 404
    assert ask(control, "POST /reset")[0] == 404


def test_it_lists_itself(control: Control) -> None:
    """The index names every call."""
    status, answer = ask(control, "GET ")
    assert status == 200
    assert "POST /_points/orders/{uuid}/auto-refund" in answer["calls"]


def test_keys_are_listed(control: Control) -> None:
    """Both merchants, private and public."""
    status, answer = ask(control, "GET /keys")
    assert status == 200
    assert [merchant["key"] for merchant in answer] == [
        control.simulator.merchant.key,
        control.simulator.other.key,
    ]


def test_an_order_in_any_state(control: Control) -> None:
    """Type, status, price and what has gone back."""
    order = {
        "type": "replacing",
        "status": "partially_refunded",
        "total_price": 150.75,
        "refunded": "25.00",
        "merchant": 2,
    }
    status, made = ask(control, "POST /orders", order)
    assert status == 200
    assert made["halalas"] == {"total": 15075, "refunded": 2500, "left": 12575}
    assert made["sar"] == {"total": 150.75, "refunded": 25.0, "left": 125.75}
    assert (made["merchant"], made["type"], made["status"]) == (
        2,
        "replacing",
        "partially_refunded",
    )
    assert ask(control, f"GET /orders/{made['uuid']}") == (200, made)


def test_an_auto_refund(control: Control) -> None:
    """The platform refunds a replacing order, once."""
    uuid = ask(control, "POST /orders", {"type": "replacing"})[1]["uuid"]
    assert ask(control, f"POST /orders/{uuid}/auto-refund")[1]["status"] == "fully_refunded"
    assert ask(control, f"POST /orders/{uuid}/auto-refund")[0] == 409


def test_settling(control: Control) -> None:
    """The ledger is marked."""
    uuid = ask(control, "POST /orders")[1]["uuid"]
    assert ask(control, f"POST /orders/{uuid}/settle")[1]["settled"] is True


def test_endpoints_and_deliveries(control: Control) -> None:
    """What an event would tell an endpoint is listed, with its attempts."""
    endpoint = ask(control, "POST /endpoints", {"url": "http://127.0.0.1:1/hook"})[1]
    uuid = ask(control, "POST /orders", {"type": "replacing"})[1]["uuid"]
    ask(control, f"POST /orders/{uuid}/auto-refund")
    status, (delivery,) = ask(control, "GET /deliveries")
    assert status == 200
    assert delivery["endpoint"] == {"uuid": endpoint["uuid"], "url": endpoint["url"]}
    assert (delivery["event"], delivery["order_uuid"]) == ("auto_refunded", uuid)
    assert (json.loads(delivery["body"])["order"]["id"], delivery["attempts"]) == (uuid, [])
    assert ask(control, "GET /deliveries?after=1") == (200, [])


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "lose_answer", "operation": "refund"},
        {"fault": "lose_request", "times": 3},
        {"fault": "answer", "status": 503, "carried_out": True, "headers": {"Retry-After": "1"}},
        {"fault": "delay", "operation": "get", "seconds": 0.5},
    ],
)
def test_faults_are_planned_and_forgotten(control: Control, fault: Any) -> None:
    """Each kind, then none."""
    assert ask(control, "POST /faults", fault) == (200, {"planned": 1})
    assert ask(control, "DELETE /faults") == (200, {"planned": 0})
    assert control.faults.planned == ()


@pytest.mark.parametrize(
    "mode",
    [
        {"mode": "lose", "times": 2},
        {"mode": "lose", "every": 3},
        {"mode": "repeat", "extra": 2},
        {"mode": "reorder", "seed": 5},
        {"mode": "late", "shortest": 0.5, "longest": 1, "seed": 2},
        {"mode": "reliable"},
    ],
)
def test_modes_of_the_post(control: Control, mode: Any) -> None:
    """Each mode is taken."""
    assert ask(control, "POST /deliveries/mode", mode) == (200, {"mode": mode["mode"]})


def test_the_clock_moves(control: Control) -> None:
    """By as many seconds as asked."""
    before = control.simulator.clock.now()
    assert ask(control, "POST /clock", {"advance": 60})[0] == 200
    assert (control.simulator.clock.now() - before).total_seconds() == 61


def test_the_machines_clock_is_not_moved() -> None:
    """That would be a lie to every client."""
    control = Control(Faults(Simulator(clock=SystemClock())))
    assert ask(control, "POST /clock", {"advance": 60})[0] == 409


def test_a_reset_keeps_the_keys(control: Control) -> None:
    """Orders and faults are forgotten; keys, and whether any key will do, stay."""
    control.simulator.gate.anyone = control.simulator.merchant
    keys, uuid = ask(control, "GET /keys"), ask(control, "POST /orders")[1]["uuid"]
    control.faults.lose_answer()
    assert ask(control, "POST /reset") == keys
    assert ask(control, f"GET /orders/{uuid}")[0] == 404
    assert control.faults.planned == ()
    assert control.simulator.gate.anyone is control.simulator.merchant


WRONG: list[tuple[str, Any, int]] = [
    ("GET /nothing", None, 404),
    ("GET /orders/unknown", None, 404),
    ("POST /orders/unknown/settle", None, 404),
    ("POST /orders/unknown/auto-refund", None, 404),
    ("DELETE /keys", None, 405),
    ("POST /orders", {"type": "selling"}, 400),
    ("POST /orders", {"type": []}, 400),
    ("POST /orders", {"status": "paid"}, 400),
    ("POST /orders", {"status": {}}, 400),
    ("POST /orders", {"total_price": "a lot"}, 400),
    ("POST /orders", {"total_price": True}, 400),
    ("POST /orders", {"total_price": None}, 400),
    ("POST /orders", {"total_price": 1.005}, 400),
    ("POST /orders", {"total_price": -1}, 400),
    ("POST /orders", {"status": "partially_refunded", "refunded": "100.00"}, 400),
    ("POST /orders", {"price": 1}, 400),
    ("POST /orders", {"merchant": 3}, 400),
    ("POST /orders", {"merchant": []}, 400),
    ("POST /orders", [], 400),
    ("POST /endpoints", {}, 400),
    ("POST /endpoints", {"url": 1}, 400),
    ("POST /faults", {"fault": "explode"}, 400),
    ("POST /faults", {"fault": []}, 400),
    ("POST /faults", {"fault": "lose_answer", "operation": "refnud"}, 400),
    ("POST /faults", {"fault": "lose_answer", "operation": {}}, 400),
    ("POST /faults", {"fault": "lose_answer", "seconds": 1}, 400),
    ("POST /faults", {"fault": "answer", "status": 200}, 400),
    ("POST /faults", {"fault": "answer"}, 400),
    ("POST /faults", {"fault": "answer", "status": 503, "headers": {"Retry-After": 1}}, 400),
    ("POST /faults", {"fault": "answer", "status": 503, "headers": [1]}, 400),
    ("POST /faults", {"fault": "delay", "seconds": "long"}, 400),
    ("POST /deliveries/mode", {"mode": "float"}, 400),
    ("POST /deliveries/mode", {"mode": "reorder", "seed": [1]}, 400),
    ("POST /deliveries/mode", {"mode": "late", "shortest": "x"}, 400),
    ("POST /clock", {}, 400),
    ("POST /clock", {"advance": "60"}, 400),
    ("POST /clock", {"advance": -1}, 400),
    ("POST /clock", {"advance": 10**30}, 400),
    ("GET /deliveries?after=first", None, 400),
]


@pytest.mark.parametrize(("line", "body", "expected"), WRONG)
def test_what_is_asked_wrongly_is_said(
    control: Control, line: str, body: Any, expected: int
) -> None:
    """A status of the 400s and a text, whatever it was."""
    status, answer = ask(control, line, body)
    assert (status, list(answer)) == (expected, ["error"])
    assert answer["error"]


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"NaN", b"[" * 100_000, b'"text"', b"null"])
def test_bodies_that_are_no_objects(control: Control, raw: bytes) -> None:
    """400, whatever the bytes."""
    assert ask(control, "POST /orders", raw=raw)[0] == 400
