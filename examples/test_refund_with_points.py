"""Testing code that refunds orders: the fixture `points` is the API, no network, no keys.

`refund` stands for your own code. It reads the order before it tries again, since a refund whose
answer was lost may have been carried out.
"""

import asyncio
import json
from decimal import Decimal

import httpx
import httpx2
import pytest

BASE = "https://business.papp.sa/api/v1"
HEADERS = {"x-api-key": "whatever your tests use"}


def refund(uuid: str, amount: Decimal | None = None) -> str:
    """Your code: refund, and say in which status the order is now."""
    body = {} if amount is None else {"amount": float(amount)}
    with httpx.Client(base_url=BASE, headers=HEADERS) as client:
        try:
            answer = client.post(f"/orders/{uuid}/refund", json=body)
        except httpx.TransportError:
            answer = client.get(f"/orders/{uuid}")
        answer.raise_for_status()
        status: str = answer.json()["data"]["order_status"]
        return status


def test_part_of_an_order_goes_back(points):
    """The books show what was refunded, in halalas and points."""
    order = points.order(total_price="150.75")

    assert refund(order.uuid, Decimal("25.00")) == "partially_refunded"

    ledger = points.ledger(order.uuid)
    assert (ledger.refunded, ledger.left) == (2500, 12575)
    assert ledger.refunded_points == 500


def test_async_code(points):
    """The same fixture answers httpx.AsyncClient."""
    order = points.order()

    async def refund_all() -> int:
        async with httpx.AsyncClient(base_url=BASE, headers=HEADERS) as client:
            return (await client.post(f"/orders/{order.uuid}/refund")).status_code

    assert asyncio.run(refund_all()) == 200
    assert points.ledger(order.uuid).status == "fully_refunded"


def test_httpx2(points):
    """And httpx2."""
    order = points.order()

    answer = httpx2.post(f"{BASE}/orders/{order.uuid}/refund", headers=HEADERS)

    assert answer.status_code == 200


def test_a_lost_answer_is_not_refunded_twice(points):
    """The refund was carried out, its answer never came: your code must look before it retries."""
    order = points.order(total_price="100.00")
    points.faults.lose_answer("refund")

    assert refund(order.uuid, Decimal("40.00")) == "partially_refunded"

    assert points.ledger(order.uuid).refunded == 4000


def test_a_refused_refund_is_an_error(points):
    """A cancelled order is refused with 400, and nothing goes back."""
    order = points.order(status="cancelled")

    with pytest.raises(httpx.HTTPStatusError, match="400"):
        refund(order.uuid)

    assert points.ledger(order.uuid).refunded == 0


def test_your_webhook_handler_hears_of_it(points):
    """Deliver to your own handler: a function here, an ASGI or WSGI app just as well."""
    given_back: dict[str, float] = {}

    def handler(request: httpx.Request) -> int:
        if request.headers["X-Webhook-Secret"] != "s3cret":
            return 401
        payload = json.loads(request.content)
        if payload["event"] == "refunded":
            given_back[payload["order"]["id"]] = payload["order"]["refund_amount"]
        return 204

    points.deliver_to(handler, secret="s3cret")
    order = points.order()
    refund(order.uuid, Decimal("12.50"))
    points.settle()

    assert given_back == {order.uuid: 12.5}
