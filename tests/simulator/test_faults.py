"""Faults happen to the calls they were planned for, as often as planned."""

from typing import Any

import pytest

from points_conformance.simulator import Delivery, Order, Request, Simulator
from points_conformance.simulator.faults import OPERATION_NAMES, FaultError, Faults, Handled
from points_conformance.simulator.operations import OPERATIONS


@pytest.fixture
def faults() -> Faults:
    return Faults(Simulator())


@pytest.fixture
def order(faults: Faults) -> Order:
    return faults.simulator.make_order()


def call(faults: Faults, order: Order, name: str = "refund", body: bytes = b"") -> Handled:
    path = f"/api/v1/orders/{order.uuid}" + ("" if name == "get" else f"/{name}")
    method = "GET" if name == "get" else "POST"
    return faults.handle(Request(method, path, {"x-api-key": faults.simulator.merchant.key}, body))


def status(handled: Handled) -> int | None:
    return None if handled.response is None else handled.response.status


def test_without_faults_nothing_changes(faults: Faults, order: Order) -> None:
    """The answer is the simulator's, at once."""
    handled = call(faults, order)
    assert (status(handled), handled.seconds) == (200, 0)


def test_a_lost_answer_is_carried_out(faults: Faults, order: Order) -> None:
    """The money has gone back and nobody was told."""
    faults.lose_answer("refund")
    assert status(call(faults, order)) is None
    assert order.ledger.left == 0


def test_a_lost_request_is_not_carried_out(faults: Faults, order: Order) -> None:
    """It looks the same, and nothing happened."""
    faults.lose_request("refund")
    assert status(call(faults, order)) is None
    assert order.ledger.refunded == 0


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_an_answer_is_replaced(faults: Faults, order: Order, code: int, carried_out: bool) -> None:
    """The status is what was planned, before or after the call was carried out."""
    faults.answer("refund", code, carried_out=carried_out, headers={"Retry-After": "1"})
    handled = call(faults, order)
    assert handled.response is not None
    assert (status(handled), handled.response.headers["Retry-After"]) == (code, "1")
    assert handled.response.json()["status"] is False
    assert (order.ledger.left == 0) is carried_out


def test_a_body_of_ones_own(faults: Faults, order: Order) -> None:
    """A gateway's page in place of the envelope."""
    faults.answer("any", 502, body=b"<html>", headers={"Content-Type": "text/html"})
    handled = call(faults, order)
    assert handled.response is not None
    assert (handled.response.body, dict(handled.response.headers)) == (
        b"<html>",
        {"Content-Type": "text/html"},
    )


def test_a_delay_is_after_the_call(faults: Faults, order: Order) -> None:
    """The call is carried out and its answer is to come later."""
    faults.delay("refund", 2.5)
    handled = call(faults, order)
    assert (status(handled), handled.seconds, order.ledger.left) == (200, 2.5, 0)


def test_a_fault_is_for_its_operation_alone(faults: Faults, order: Order) -> None:
    """Reading an order does not use up a fault of refunds."""
    faults.lose_answer("refund")
    assert status(call(faults, order, "get")) == 200
    assert status(call(faults, order, "refund")) is None


def test_a_fault_ends_after_its_times(faults: Faults, order: Order) -> None:
    """Two times means two times, then all is well."""
    faults.answer("get", 503, times=2)
    assert [status(call(faults, order, "get")) for _ in range(3)] == [503, 503, 200]
    assert faults.planned == ()


def test_a_fault_without_end_is_cleared(faults: Faults, order: Order) -> None:
    """times=None lasts until clear()."""
    faults.lose_request("any", times=None)
    assert [status(call(faults, order, "get")) for _ in range(3)] == [None] * 3
    faults.clear()
    assert status(call(faults, order, "get")) == 200


def test_faults_happen_in_the_order_they_were_planned(faults: Faults, order: Order) -> None:
    """One call meets one fault."""
    faults.answer("get", 500)
    faults.lose_answer("any")
    assert [status(call(faults, order, "get")) for _ in range(3)] == [500, None, 200]


PATHS = {
    "get": ("GET", "/orders/x"),
    "earning": ("POST", "/orders/earning"),
    "checkout": ("POST", "/orders/checkout/pk"),
    "webhooks": ("DELETE", "/webhooks/x"),
} | {
    name: ("POST", f"/orders/x/{name}")
    for name in ("cancel", "refund", "authorize", "capture", "complete", "status")
}


@pytest.mark.parametrize("name", sorted(set(OPERATION_NAMES) - {"any"}))
def test_each_name_meets_its_own_call(faults: Faults, name: str) -> None:
    """A fault by name meets the call of that name and no other."""
    faults.answer(name, 599, times=None)
    met = [
        other
        for other, (method, path) in PATHS.items()
        if status(faults.handle(Request(method, f"/api/v1{path}"))) == 599
    ]
    assert met == [name]


def test_every_call_of_the_api_has_a_name() -> None:
    """A new operation is a new name here."""
    named = [pattern for name, pattern in OPERATION_NAMES.items() if name != "any"]
    for operation in OPERATIONS:
        path = operation.path.pattern.replace("([^/]*)", "x").replace("(", "").replace(")", "")
        call = f"{operation.method} /api/v1{path}"
        assert any(pattern.fullmatch(call) for pattern in named), call


@pytest.mark.parametrize(
    ("misuse", "said"),
    [
        (lambda f: f.lose_answer("refnud"), "'refnud'.*refund"),
        (lambda f: f.answer("refund", 200), "200"),
        (lambda f: f.answer("refund", True), "True"),
        (lambda f: f.answer("refund", "503"), "'503'"),
        (lambda f: f.lose_answer(times=0), "times cannot be 0"),
        (lambda f: f.lose_answer(times=1.5), "times cannot be 1.5"),
        (lambda f: f.delay("refund", -1), "seconds cannot be -1"),
        (lambda f: f.delay("refund", float("nan")), "seconds cannot be nan"),
        (lambda f: f.deliveries.lose(0), "times cannot be 0"),
        (lambda f: f.deliveries.repeat(-1), "times cannot be -1"),
        (lambda f: f.deliveries.late(2, 1), "longest cannot be 1"),
    ],
)
def test_misuse_names_what_is_wrong(faults: Faults, misuse: Any, said: str) -> None:
    """The error carries the value and what it may be, and plans nothing."""
    with pytest.raises(FaultError, match=said):
        misuse(faults)
    assert faults.planned == ()


# ---------------------------------------------------------------------- the post
@pytest.fixture
def deliveries(faults: Faults) -> list[Delivery]:
    for _ in range(6):
        call(faults, faults.simulator.make_order())
    return faults.simulator.deliveries


def test_a_reliable_post_changes_nothing(faults: Faults, deliveries: list[Delivery]) -> None:
    """In order, at once, each once."""
    parcels = faults.deliveries.arrange(deliveries)
    assert [parcel.delivery for parcel in parcels] == deliveries
    assert {(parcel.lost, parcel.late, parcel.extra) for parcel in parcels} == {(False, 0.0, 0)}


def test_the_next_ones_are_lost(faults: Faults, deliveries: list[Delivery]) -> None:
    """A counted loss is over once counted."""
    faults.deliveries.lose(2)
    assert [p.lost for p in faults.deliveries.arrange(deliveries)] == [True] * 2 + [False] * 4


def test_one_is_lost_where_nothing_is_said(faults: Faults, deliveries: list[Delivery]) -> None:
    """lose() is lose(1)."""
    faults.deliveries.lose()
    assert sum(p.lost for p in faults.deliveries.arrange(deliveries)) == 1


def test_every_third_is_lost(faults: Faults, deliveries: list[Delivery]) -> None:
    """Counted over rounds."""
    faults.deliveries.lose(every=3)
    first, second = deliveries[:2], deliveries[2:]
    lost = [p.lost for part in (first, second) for p in faults.deliveries.arrange(part)]
    assert lost == [False, False, True] * 2


def test_chosen_ones_are_lost(faults: Faults, deliveries: list[Delivery]) -> None:
    """A predicate picks."""
    faults.deliveries.lose(when=lambda delivery: delivery.number == 2)
    assert [p.lost for p in faults.deliveries.arrange(deliveries)].index(True) == 1


def test_a_shuffle_is_the_same_for_the_same_seed(
    faults: Faults, deliveries: list[Delivery]
) -> None:
    """Out of order, and reproducible."""
    faults.deliveries.reorder(seed=3)
    once = [p.delivery for p in faults.deliveries.arrange(deliveries)]
    faults.deliveries.reorder(seed=3)
    assert [p.delivery for p in faults.deliveries.arrange(deliveries)] == once
    assert once != deliveries
    assert set(once) == set(deliveries)


def test_lateness_is_drawn_from_its_range(faults: Faults, deliveries: list[Delivery]) -> None:
    """Seconds between the two given."""
    faults.deliveries.late(1, 2, seed=1)
    late = [p.late for p in faults.deliveries.arrange(deliveries)]
    assert all(1 <= seconds <= 2 for seconds in late)
    assert len(set(late)) > 1
