"""Whatever client a test uses, and however its handler works, the live world is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.worlds.live import HOOK, LISTEN, Server, Shop, serve, third

CLIENTS = """
import asyncio, json, sys, urllib.request
import httpx, httpx2, pytest, requests

def post(points, order, **body):
    return (f"{points.base_url}/orders/{order.uuid}/refund"), {"x-api-key": points.key}, body

def by_httpx(points, order, **body):
    url, headers, body = post(points, order, **body)
    assert httpx.post(url, headers=headers, json=body).status_code == 200

def by_httpx2(points, order, **body):
    url, headers, body = post(points, order, **body)
    assert httpx2.post(url, headers=headers, json=body).status_code == 200

def by_async(points, order, library=httpx, **body):
    url, headers, body = post(points, order, **body)
    async def call():
        async with library.AsyncClient() as client:
            assert (await client.post(url, headers=headers, json=body)).status_code == 200
    asyncio.run(call())

def by_async2(points, order, **body):
    by_async(points, order, httpx2, **body)

def by_requests(points, order, **body):
    url, headers, body = post(points, order, **body)
    assert requests.post(url, headers=headers, json=body).status_code == 200

def by_urllib(points, order, **body):
    url, headers, body = post(points, order, **body)
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200

CLIENTS = [by_httpx, by_httpx2, by_async, by_async2, by_requests, by_urllib]

@pytest.mark.parametrize("refund", CLIENTS)
def test_all_parts_are_told(points_sandbox, refund):
    points, heard = points_sandbox, []
    points.deliver_to(lambda request: heard.append(json.loads(request.content)) or 204)
    order = points.order(total_price="10.00")
    refund(points, order, amount=4)
    refund(points, order)
    points.settle()
    assert sorted(one["order"]["refund_amount"] for one in heard) == [4, 6]
    assert [one.event for one in points.deliveries] == ["refunded"] * 2
    assert {attempt.status for one in points.deliveries for attempt in one.attempts} == {204}
"""
HANDLERS = """
import json, sqlite3, urllib.request
import httpx, pytest

def refund(points, order, **body):
    url = f"{points.base_url}/orders/{order.uuid}/refund"
    answer = httpx.post(url, headers={"x-api-key": points.key}, json=body)
    assert answer.status_code == 200

def test_headers_and_bytes_as_they_came(points):
    seen = []
    end = points.deliver_to(lambda request: seen.append(request) or 200)
    order = points.order()
    refund(points, order)
    points.settle()
    (request,) = seen
    assert request.headers["X-Webhook-Secret"] == end.secret
    assert request.headers["X-Webhook-Event"] == "refunded"
    assert request.content == points.deliveries[0].body
    assert json.loads(request.content)["order"]["id"] == order.uuid
    assert points.deliveries[0].order_uuid == order.uuid

def test_a_refused_delivery_comes_again(points):
    answers, heard = [500, 204], []
    def handler(request):
        heard.append(request.content)
        return answers.pop(0)
    points.deliver_to(handler)
    refund(points, points.order())
    points.settle()
    assert len(heard) == 2 and len(set(heard)) == 1
    assert [attempt.status for attempt in points.deliveries[0].attempts] == [500, 204]

def test_in_the_thread_of_the_test(points):
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE told(body)")
    points.deliver_to(lambda request: base.execute("INSERT INTO told VALUES (1)") and 204)
    refund(points, points.order())
    points.settle()
    assert base.execute("SELECT * FROM told").fetchall() == [(1,)]
    base.close()

def test_an_assertion_in_a_handler_fails_the_test(points):
    def handler(request):
        assert request.method == "GET", "this one"
    points.deliver_to(handler)
    refund(points, points.order())
    with pytest.raises(AssertionError, match="this one"):
        points.settle()

def test_a_handler_that_calls_the_api(points):
    heard = []
    def handler(request):
        order = json.loads(request.content)["order"]
        heard.append(points.read(order["id"])["order_status"])
        if len(heard) == 1:
            class one: uuid = order["id"]
            refund(points, one)
        return 204
    points.deliver_to(handler)
    refund(points, points.order(), amount=1)
    points.settle()
    assert len(heard) == 2 and heard[-1] == "fully_refunded"

def test_asgi_and_wsgi(points):
    paths = []
    async def asgi(scope, receive, send):
        paths.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
    def wsgi(environ, start_response):
        paths.append(environ["PATH_INFO"])
        start_response("204 No Content", [])
        return []
    points.deliver_to(asgi, path="/hooks/points")
    points.deliver_to(wsgi, path="/w")
    refund(points, points.order())
    points.settle()
    assert sorted(paths) == ["/hooks/points", "/w"]

def test_nobody_elses_events_are_heard(points):
    heard = []
    points.deliver_to(lambda request: heard.append(request) or 204)
    body = json.dumps({"phone_number": "500000002", "total_price": 5, "order_number": "other-1",
        "products": [{"product_name": "a", "product_price": 5, "quantity": 1}]}).encode()
    headers = {"x-api-key": points.key, "Content-Type": "application/json"}
    url = f"{points.base_url}/orders/earning"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)):
        pass
    refund(points, points.order())
    points.settle()
    assert len(heard) == 1

def test_an_amount_of_nothing_is_told_by_nobody(points):
    points.deliver_to(lambda request: 204)
    assert points.read(points.order())["order_status"] == "approved"
    points.settle()
"""
PRODUCTION = """
import httpx, urllib.request, requests

def test_another_client(points):
    try:
        urllib.request.urlopen("https://api.papp.sa/api/v1/webhooks", timeout=1)
    except Exception:
        pass

def test_a_third_one(points):
    requests.get("https://BUSINESS.papp.sa/api/v1/webhooks", timeout=1)

def test_written_for_the_simulator(points):
    order = points.order()
    try:
        httpx.post(f"https://business.papp.sa/api/v1/orders/{order.uuid}/refund",
                   headers={"x-api-key": "any"})
    except Exception:
        pass

def test_a_key_for_somebody_else(points):
    httpx.get("https://example.invalid/", headers={"x-api-key": points.key})
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A project whose hook makes orders."""
    shop = Shop(tmp_path)
    shop.write(conftest=HOOK)
    return shop


@pytest.fixture(params=["third", "third inline", "serve"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Servers that deliver after they answer, before, and as the sandbox does."""
    if request.param == "serve":
        with serve(tmp_path) as server:
            yield server
    else:
        with third(tmp_path, *(["--inline"] * request.param.endswith("inline"))) as server:
            yield server


def test_every_client(shop: Shop, server: Server) -> None:
    """httpx and httpx2, sync and async, are seen; of others the order is read."""
    shop.write(conftest=HOOK, test_clients=CLIENTS)
    done = shop.pytest(server, *LISTEN)
    assert (done.status, set(done.outcomes.values())) == (0, {"passed"}), done.out
    assert len(done.outcomes) == 6


def test_every_handler(shop: Shop, server: Server, request: pytest.FixtureRequest) -> None:
    """Told in the test's own thread while it settles; its answer is what the server hears."""
    shop.write(conftest=HOOK, test_handlers=HANDLERS)
    # A server that delivers within the call cannot wait for the test: it is told 200 meanwhile.
    inline = "inline" in request.node.name
    done = shop.pytest(server, *LISTEN, *(("-k", "not comes_again") if inline else ()))
    assert (done.status, set(done.outcomes.values())) == (0, {"passed"}), done.out
    assert len(done.outcomes) == (7 if inline else 8)


def test_the_simulator_does_the_same(shop: Shop) -> None:
    """Both files."""
    shop.write(
        test_clients=CLIENTS,
        test_handlers=HANDLERS.replace("def test_nobody_elses", "def nobody_elses"),
    )
    done = shop.pytest(None)
    assert (done.status, set(done.outcomes.values())) == (0, {"passed"}), done.out
    assert len(done.outcomes) == 13


def test_a_projects_own_mocks_do_not_stand_in_the_way(shop: Shop, tmp_path: Path) -> None:
    """Of other hosts with respx: those are mocked, and the live server is called."""
    shop.write(
        conftest=HOOK,
        test_mocks=CLIENTS.replace(
            "def test_all_parts_are_told(points_sandbox, refund):",
            "def test_all_parts_are_told(points_sandbox, refund, respx_mock):\n"
            "    route = respx_mock.get('https://shop.example/').respond(204)\n"
            "    assert httpx.get('https://shop.example/').status_code == 204",
        ).replace(
            "[by_httpx, by_httpx2, by_async, by_async2, by_requests, by_urllib]",
            "[by_httpx, by_httpx2, by_async]",
        ),
    )
    with third(tmp_path) as server:
        done = shop.pytest(server, *LISTEN, plugins=("respx.plugin",))
    assert (done.status, set(done.outcomes.values())) == (0, {"passed"}), done.out


def test_no_other_points_host_is_called(shop: Shop, tmp_path: Path) -> None:
    """Neither production, whatever a test has written down, nor anybody with the key."""
    shop.write(test_production=PRODUCTION)
    with third(tmp_path) as server:
        done = shop.pytest(server)
    assert set(done.outcomes.values()) == {"failed"}, done.out
    assert done.out.count("the test calls business.papp.sa") == 2
    assert "the test calls api.papp.sa" in done.out
    assert "would send the key to example.invalid. Nothing was sent" in done.out
