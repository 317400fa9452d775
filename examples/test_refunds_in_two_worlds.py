"""The same six tests against the simulator, and against a live sandbox before a release.

.. code-block:: sh

    pytest examples/test_refunds_in_two_worlds.py
    POINTS_API_KEY=… pytest examples/test_refunds_in_two_worlds.py --points-live \\
        --points-base-url https://sandbox.papp.sa \\
        --points-webhook-listen 0.0.0.0:9000 --points-webhook-url https://tunnel.example

All that makes them run in both: they call ``points.base_url`` with ``points.key``, ask
``points.read`` in place of the books, and ``points.settle()`` before they look at webhooks.
"""

import json
from decimal import Decimal

import httpx


def call(points, order, operation, **body):
    """Your code: one call about an order."""
    return httpx.post(
        f"{points.base_url}/orders/{order.uuid}/{operation}",
        headers={"x-api-key": points.key},
        json=body,
        timeout=30,
    )


def status_of(answer):
    """The order's status, as an answer has it."""
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["order_status"]


def test_a_full_refund(points):
    """Without an amount everything goes back."""
    order = points.order(total_price="100.00")

    answer = call(points, order, "refund", reason="Damaged")

    assert status_of(answer) == "fully_refunded"
    assert points.read(order)["order_status"] == "fully_refunded"


def test_a_partial_refund(points):
    """A part goes back, and the rest of the order stays."""
    order = points.order(total_price="150.75")

    answer = call(points, order, "refund", amount=25.00, reason="One item returned")

    assert status_of(answer) == "partially_refunded"
    assert points.read(order)["order_status"] == "partially_refunded"


def test_a_second_partial_refund(points):
    """The parts add up to the whole, to the halala."""
    order = points.order(total_price="0.30")

    first = call(points, order, "refund", amount=0.10, reason="One item returned")
    second = call(points, order, "refund", amount=0.20, reason="The other one as well")

    assert status_of(first) == "partially_refunded"
    assert status_of(second) == "fully_refunded"


def test_a_cancel(points):
    """An order that nobody has captured is cancelled."""
    order = points.order(status="new")

    answer = call(points, order, "cancel", reason="Out of stock")

    assert status_of(answer) == "cancelled"
    assert points.read(order)["order_status"] == "cancelled"


def test_a_second_full_refund_is_refused(points):
    """Nothing goes back twice."""
    order = points.order()
    assert call(points, order, "refund", reason="Damaged").status_code == 200

    answer = call(points, order, "refund", reason="Damaged")

    assert answer.status_code == 400
    assert points.read(order)["order_status"] == "fully_refunded"


def test_the_webhook_handler_hears_of_each_refund(points):
    """Your handler is given each delivery as it came; its answer is what the API is told."""
    given_back = []

    def handler(request):
        if request.headers["X-Webhook-Secret"] != endpoint.secret:
            return 401
        payload = json.loads(request.content, parse_float=Decimal, parse_int=Decimal)
        if payload["event"] == "refunded":
            given_back.append((payload["order"]["id"], payload["order"]["refund_amount"]))
        return 204

    endpoint = points.deliver_to(handler)
    order = points.order(total_price="100.00")
    call(points, order, "refund", amount=12.50, reason="One item returned")
    call(points, order, "refund", amount=30, reason="Another one")
    points.settle()

    assert set(given_back) == {(order.uuid, Decimal("12.5")), (order.uuid, Decimal(30))}
