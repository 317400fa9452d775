"""Testing a client that is not httpx: the fixture `points_sandbox` listens on a real port."""

import json
import urllib.error
import urllib.request

import pytest


def refund(base_url: str, uuid: str, **body: object) -> str:
    """Your code, here with the standard library: refund, and return the order's status."""
    request = urllib.request.Request(
        f"{base_url}/orders/{uuid}/refund",
        data=json.dumps(body).encode(),
        headers={"x-api-key": "any", "Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        status: str = json.load(answer)["data"]["order_status"]
        return status


def test_two_parts_make_a_whole(points_sandbox):
    """A refund of the remainder ends in fully_refunded, with nothing left."""
    order = points_sandbox.order(total_price="0.30")

    assert refund(points_sandbox.base_url, order.uuid, amount=0.1) == "partially_refunded"
    assert refund(points_sandbox.base_url, order.uuid, amount=0.2) == "fully_refunded"

    assert points_sandbox.ledger(order.uuid).left == 0


def test_a_server_that_is_busy(points_sandbox):
    """503 before anything was carried out: the order is untouched."""
    order = points_sandbox.order()
    points_sandbox.faults.answer("refund", 503, headers={"Retry-After": "1"})

    with pytest.raises(urllib.error.HTTPError) as caught:
        refund(points_sandbox.base_url, order.uuid)

    assert (caught.value.code, caught.value.headers["Retry-After"]) == (503, "1")
    assert points_sandbox.ledger(order.uuid).refunded == 0
    caught.value.close()
