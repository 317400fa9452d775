"""However much happened before, a call costs no more, and what is kept is bounded."""

import json
from collections.abc import Iterator

import httpx
import pytest

from points_conformance.plugin.points import mounted
from points_conformance.simulator import Request, Simulator
from points_conformance.simulator.delivery.courier import Courier, CourierError
from points_conformance.simulator.world import Order

MOST = 5


@pytest.fixture
def simulator() -> Simulator:
    """One that remembers a handful of deliveries."""
    simulator = Simulator()
    simulator.world.deliveries.most = MOST
    return simulator


def call(simulator: Simulator, method: str, path: str, **body: object) -> int:
    """The status of one call."""
    headers = {"x-api-key": simulator.merchant.key}
    request = Request(method, f"/api/v1{path}", headers, json.dumps(body).encode())
    return simulator.handle(request).status


def happen(simulator: Simulator, times: int) -> None:
    """Cause so many events."""
    for _ in range(times):
        simulator.auto_refund(simulator.make_order("replacing").uuid)


class Uncounted(dict[str, Order]):
    """Orders that nobody may look through."""

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("an operation looks at every order")

    keys = values = items = __iter__  # type: ignore[assignment]


def test_no_operation_looks_at_every_order() -> None:
    """So that it costs the same with one order and with 100,000."""
    simulator = Simulator()
    new, approved = simulator.make_order(status="new"), simulator.make_order()
    simulator.world.orders = Uncounted(simulator.world.orders)
    product = {"product_name": "a", "product_price": 10, "quantity": 1}
    earning = {"total_price": 10, "order_number": "A-1", "products": [product]}
    checkout = f"/orders/checkout/{simulator.merchant.public_key}"
    calls = [
        ("POST", "/orders/earning", earning | {"phone_number": "512345678"}),
        ("POST", checkout, earning | {"order_number": "B"}),
        ("GET", f"/orders/{new.uuid}", {}),
        ("POST", f"/orders/{new.uuid}/authorize", {}),
        ("POST", f"/orders/{new.uuid}/capture", {}),
        ("POST", f"/orders/{approved.uuid}/refund", {"amount": 1}),
        ("POST", f"/orders/{approved.uuid}/status", {"status": "delivered"}),
        ("POST", f"/orders/{simulator.make_order(status='new').uuid}/cancel", {}),
        ("POST", f"/orders/{simulator.make_order('replacing', 'new').uuid}/complete", {}),
    ]
    for method, path, body in calls:
        assert call(simulator, method, path, **body) == 200, path


def test_a_number_is_used_once_by_each_merchant() -> None:
    """Whether the order came by a call or was put there."""
    simulator = Simulator()
    number = simulator.make_order().number
    assert simulator.world.has_number(simulator.merchant, number)
    assert not simulator.world.has_number(simulator.other, number)


def test_of_many_deliveries_the_newest_are_kept(simulator: Simulator) -> None:
    """Each has its number; how many are gone is told."""
    happen(simulator, MOST + 3)
    assert [delivery.number for delivery in simulator.deliveries] == [4, 5, 6, 7, 8]
    assert (simulator.deliveries.dropped, simulator.deliveries.total) == (3, 8)
    assert [delivery.number for delivery in simulator.deliveries.after(6)] == [7, 8]
    assert len(simulator.deliveries.after(1)) == MOST


def test_more_events_than_are_kept_are_sent(simulator: Simulator) -> None:
    """As long as they are sent before they are too many."""
    heard: list[httpx.Request] = []
    courier = Courier(simulator)
    courier.deliver_to(lambda request: heard.append(request) or 200)
    for _ in range(4):
        happen(simulator, MOST)
        courier.settle()
    assert len({request.content for request in heard}) == 4 * MOST
    courier.close()


def test_what_was_dropped_before_it_was_sent_is_said(simulator: Simulator) -> None:
    """An error, once; the rest is sent."""
    heard: list[httpx.Request] = []
    courier = Courier(simulator)
    courier.deliver_to(lambda request: heard.append(request) or 200)
    happen(simulator, MOST + 1)
    with pytest.raises(CourierError, match="settle more often"):
        courier.settle()
    courier.settle()
    assert len(heard) == MOST
    courier.close()


def test_what_nobody_was_to_be_told_is_dropped_in_silence(simulator: Simulator) -> None:
    """Events from before there was a receiver."""
    heard: list[httpx.Request] = []
    courier = Courier(simulator)
    happen(simulator, MOST + 1)
    courier.deliver_to(lambda request: heard.append(request) or 200)
    happen(simulator, 1)
    courier.settle()
    assert len(heard) == 1
    courier.close()


def test_a_test_that_looks_at_fewer_than_there_were_is_warned() -> None:
    """And is told how many are gone."""
    with mounted() as points:
        points.simulator.world.deliveries.most = MOST
        happen(points.simulator, MOST)
        assert len(points.deliveries) == MOST
        happen(points.simulator, 2)
        with pytest.warns(UserWarning, match="the newest 5; 2 older ones are gone"):
            assert points.deliveries.dropped == 2
