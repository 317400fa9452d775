"""Faults and answers that the tests of good and wrong clients share, and what became of them."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import httpx

from points_conformance.contract.names import OrderStatus
from points_conformance.defects.client_sample import SampleClient
from points_conformance.plugin.points import Points
from points_conformance.simulator import Order
from points_conformance.simulator.faults import Faults
from points_conformance.targets.client_outcome import ClientOutcome

DONE, REFUSED, UNKNOWN = ClientOutcome.DONE, ClientOutcome.REFUSED, ClientOutcome.UNKNOWN
PART = Decimal("19.99")
UUID = "3f1c9a52-7b0e-4c1d-9a64-5d2e8f70b1a1"
Client = type[SampleClient]
Plan = Callable[[Faults], None]

#: What can become of a refund or cancel, by whether it is carried out.
CARRIED_OUT: dict[str, Plan] = {
    "answer lost": lambda faults: faults.lose_answer("any"),
    "500 after": lambda faults: faults.answer("any", 500, carried_out=True),
    "502 after": lambda faults: faults.answer("any", 502, carried_out=True, body=b"<html>"),
    "503 after": lambda faults: faults.answer("any", 503, carried_out=True),
    "504 after": lambda faults: faults.answer("any", 504, carried_out=True),
    "slow": lambda faults: faults.delay("any", 0.5),
}
NOT_CARRIED_OUT: dict[str, Plan] = {
    "request lost": lambda faults: faults.lose_request("any"),
    "500 before": lambda faults: faults.answer("any", 500),
    "502 before": lambda faults: faults.answer("any", 502, body=b"<html>"),
    "503 before": lambda faults: faults.answer("any", 503),
    "504 before": lambda faults: faults.answer("any", 504),
    "request timeout": lambda faults: faults.answer("any", 408),
}
OPERATIONS = ["cancel", "full", "part", "second part", "remainder"]


def quick(make: Client) -> Client:
    """The same client with less patience."""

    class Quick(make):  # type: ignore[valid-type, misc]
        timeout = make.timeout and make.timeout * 0.2
        backoff = 0.01

    return Quick


def made(points: Points, operation: str) -> Order:
    """An order that the operation fits."""
    if operation == "cancel":
        return points.order(status="new")
    again = operation in ("second part", "remainder")
    return points.order(status="partially_refunded" if again else "approved")


def asked(make: Client, points: Points, order: Order, operation: str) -> ClientOutcome:
    """What a client says of the operation."""
    client = make(points.base_url, points.key)
    if operation == "cancel":
        return client.cancel(order.uuid)
    return client.refund(order.uuid, PART if "part" in operation else None)


def moved(before: Any, order: Order, operation: str) -> int:
    """How often the operation was carried out, by the books."""
    if operation == "cancel":
        return int(order.ledger.status is OrderStatus.CANCELLED)
    back = order.ledger.refunded - before.refunded
    each = 1999 if "part" in operation else before.left
    assert back % each == 0
    return back // each


def times_and_word(
    make: Client, points: Points, plan: Plan, operation: str
) -> tuple[int, ClientOutcome]:
    """How often it was carried out under a fault, and what the client says."""
    order = made(points, operation)
    before = order.ledger
    with fault_on(points, plan, "cancel" if operation == "cancel" else "refund"):
        said = asked(make, points, order, operation)
    return moved(before, order, operation), said


@contextmanager
def fault_on(points: Points, plan: Plan, operation: str) -> Iterator[None]:
    """A fault of the writing call, whatever operation it was written for."""
    plan(points.faults)
    for fault in points.faults.planned:
        fault.operation = operation
    yield
    points.faults.clear()


def counting(make: Client) -> Any:
    """The same client, which keeps when it sent what."""

    class Counting(make):  # type: ignore[valid-type, misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.sent: list[float] = []

        def send(self, *call: Any) -> Any:
            self.sent.append(time.monotonic())
            return super().send(*call)

    return Counting


def order_json(**changed: Any) -> dict[str, Any]:
    """A success envelope with an order."""
    order = {"uuid": UUID, "order_status": "fully_refunded"} | changed
    return {"status": True, "message": None, "appended_data": [], "data": order}


LIES: dict[str, httpx.Response] = {
    "status false": httpx.Response(200, json=order_json() | {"status": False}),
    "status 1": httpx.Response(200, json=order_json() | {"status": 1}),
    "unchanged": httpx.Response(200, json=order_json(order_status="approved")),
    "a part of a whole": httpx.Response(200, json=order_json(order_status="partially_refunded")),
    "another order": httpx.Response(200, json=order_json(uuid=UUID.replace("3", "4"))),
    "no data": httpx.Response(200, json={"status": True, "message": "ok", "appended_data": {}}),
    "no object": httpx.Response(200, json=[]),
    "unknown status": httpx.Response(200, json=order_json(order_status="archived")),
    "a list for a status": httpx.Response(200, json=order_json(order_status=["fully_refunded"])),
    "html": httpx.Response(200, html="<h1>Sign in</h1>"),
    "truncated": httpx.Response(200, content=json.dumps(order_json())[:-3]),
    "bytes": httpx.Response(200, content=b"\xff\xfe{"),
    "deep": httpx.Response(200, content=b"[" * 100_000),
    "empty": httpx.Response(204),
    "accepted": httpx.Response(202, json=order_json()),
    "elsewhere": httpx.Response(307, headers={"location": "http://127.0.0.1:1/"}),
}
