"""What the fixtures hand out is plain to use and plain about mistakes."""

import asyncio
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from points_conformance.contract.money import MoneyError
from points_conformance.plugin.points import Points, mounted, sandboxed


@pytest.fixture
def points() -> Iterator[Points]:
    with mounted() as points:
        yield points


def refund(points: Points, uuid: str, *, key: str = "any", **body: Any) -> httpx.Response:
    url = f"{points.base_url}/orders/{uuid}/refund"
    return httpx.post(url, headers={"x-api-key": key}, json=body)


def told(heard: list[str]) -> Callable[[httpx.Request], int]:
    """A receiver that notes the event."""

    def receive(request: httpx.Request) -> int:
        heard.append(json.loads(request.content)["event"])
        return 200

    return receive


def test_any_key_is_the_merchants(points: Points) -> None:
    """A test needs no key of ours."""
    order = points.order(total_price="150.75")
    assert refund(points, order.uuid, amount=25).status_code == 200
    assert points.ledger(order.uuid).left == 12575
    assert points.ledger(order) == order.ledger


def test_no_key_is_still_refused(points: Points) -> None:
    """Forgetting the header is found."""
    assert httpx.get(f"{points.base_url}/webhooks").status_code == 400


def test_a_required_key_is_the_only_one(points: Points) -> None:
    """After require_key others are refused, but the second merchant's own."""
    order = points.order()
    assert points.require_key("sk_ours") == points.key == "sk_ours"
    assert refund(points, order.uuid, key="any").status_code == 400
    assert refund(points, order.uuid, key=points.other.key).status_code == 404
    assert refund(points, order.uuid, key="sk_ours").status_code == 200


def test_without_a_name_the_made_up_key_is_required(points: Points) -> None:
    """The merchant's own key."""
    assert points.require_key() == points.merchant.key
    assert refund(points, points.order().uuid, key=points.key).status_code == 200


@pytest.mark.parametrize("total", [Decimal("150.75"), "150.75"])
def test_an_order_in_any_state(points: Points, total: Any) -> None:
    """Money as Decimal or text; what has gone back is said or half."""
    order = points.order(
        type="replacing", status="partially_refunded", total_price=total, refunded="25.00"
    )
    assert (order.ledger.total, order.ledger.refunded) == (15075, 2500)
    assert points.order(total_price=3).ledger.total == 300


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"total_price": 19.99}, r"19\.99 is a float"),
        ({"total_price": "a lot"}, "'a lot' is not a number"),
        ({"total_price": "-1"}, "cannot cost -1"),
        ({"type": "selling"}, "type cannot be 'selling'; there are: earning, replacing"),
        ({"status": "paid"}, "status cannot be 'paid'; there are: new, approved"),
        ({"refunded": "1.00"}, "refunded goes with status 'partially_refunded', not 'approved'"),
        ({"status": "partially_refunded", "refunded": 0.5}, "0.5 is a float"),
    ],
)
def test_mistakes_are_named(points: Points, wrong: Any, said: str) -> None:
    """The value and what it may be; and nothing was made."""
    with pytest.raises(ValueError, match=said):
        points.order(**wrong)
    assert points.simulator.world.orders == {}


def test_float_money_is_a_money_error(points: Points) -> None:
    """The same class as everywhere."""
    with pytest.raises(MoneyError):
        points.order(total_price=0.1)  # type: ignore[arg-type]


def test_an_unknown_order_is_named(points: Points) -> None:
    """For the ledger and for auto-refunds."""
    with pytest.raises(LookupError, match="'nobody'"):
        points.ledger("nobody")
    with pytest.raises(LookupError, match="'nobody'"):
        points.auto_refund("nobody")


def test_an_auto_refund_is_told(points: Points) -> None:
    """The platform's own refund, with its event."""
    heard: list[str] = []
    points.deliver_to(told(heard))
    points.auto_refund(points.order(type="replacing"))
    points.settle()
    assert heard == ["auto_refunded"]


def test_an_auto_refund_that_cannot_be(points: Points) -> None:
    """Of an earning order it is a mistake in the test."""
    with pytest.raises(ValueError, match="replacing orders"):
        points.auto_refund(points.order().uuid)


def test_a_handler_may_call_the_api_while_it_is_told(points: Points) -> None:
    """It reads the order it was told of."""
    statuses: list[str] = []

    def handler(request: httpx.Request) -> int:
        uuid = json.loads(request.content)["order"]["id"]
        answer = httpx.get(f"{points.base_url}/orders/{uuid}", headers={"x-api-key": "any"})
        statuses.append(answer.json()["data"]["order_status"])
        return 204

    points.deliver_to(handler)
    refund(points, points.order().uuid)
    points.settle()
    assert statuses == ["fully_refunded"]
    assert [attempt.status for attempt in points.deliveries[0].attempts] == [204]


def test_asettle_awaits_a_handler(points: Points) -> None:
    """From a running loop, with an async handler."""
    heard: list[str] = []

    async def handler(request: httpx.Request) -> int:
        async with httpx.AsyncClient(headers={"x-api-key": "any"}) as client:
            answer = await client.get(f"{points.base_url}/webhooks")
        heard.append(answer.json()["data"][0]["url"])
        return 200

    points.deliver_to(handler, path="/hook")
    refund(points, points.order().uuid)
    asyncio.run(points.asettle())
    assert heard == ["https://receiver-1.test/hook"]


def test_waiting_costs_no_time(points: Points) -> None:
    """Late deliveries move the simulator's clock instead."""
    points.deliver_to(lambda request: 200)
    points.faults.deliveries.late(3600)
    refund(points, points.order().uuid)
    before = points.clock.now()
    points.settle()
    assert (points.clock.now() - before).total_seconds() > 3600


def test_faults_are_at_hand(points: Points) -> None:
    """A lost answer: unknown to the client, known to the ledger."""
    order = points.order()
    points.faults.lose_answer("refund")
    with pytest.raises(httpx.ReadError):
        refund(points, order.uuid)
    assert points.ledger(order.uuid).left == 0


@pytest.mark.parametrize("base", ["https://points.test", "https://points.test/api/v1/"])
def test_configured_base_urls_are_mounted_too(base: str) -> None:
    """With or without the prefix, and the first is base_url."""
    with mounted([base]) as points:
        assert points.base_url == "https://points.test/api/v1"
        assert refund(points, points.order().uuid).status_code == 200
        answer = httpx.get("https://business.papp.sa/api/v1/webhooks", headers={"x-api-key": "x"})
        assert answer.status_code == 200


def test_behind_a_port_it_is_the_same() -> None:
    """For clients that are not httpx: refund, ledger, events."""
    heard: list[str] = []
    with sandboxed() as points:
        order = points.order()
        points.deliver_to(told(heard))
        call = urllib.request.Request(
            f"{points.base_url}/orders/{order.uuid}/refund",
            data=b'{"amount": 1}',
            headers={"x-api-key": "any"},
        )
        with urllib.request.urlopen(call) as answer:
            assert answer.status == 200
        points.settle()
        points.faults.answer("refund", 503)
        with pytest.raises(urllib.error.HTTPError, match="503") as caught:
            urllib.request.urlopen(call)
        caught.value.close()
    assert (heard, points.ledger(order).refunded) == (["refunded"], 100)


def test_nothing_heavy_is_imported_before_use() -> None:
    """The module itself loads no HTTP library."""
    program = (
        "import sys, points_conformance.plugin.points as p\n"
        "heavy = {'respx', 'httpx', 'httpcore', 'starlette', 'uvicorn', 'anyio', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
