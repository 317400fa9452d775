"""The courier tells every receiver what happened, as often as it must and no more."""

import asyncio
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.waiting import eventually

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.simulator import Delivery, Request, Simulator
from points_conformance.simulator.delivery.courier import Courier, CourierError
from points_conformance.simulator.delivery.receivers import ReceiverError
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.mounts.respx import mounted
from points_conformance.simulator.mounts.sandbox import Sandbox


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture
def courier(simulator: Simulator) -> Iterator[Courier]:
    courier = Courier(simulator, wait=lambda _: None)
    yield courier
    courier.close()


def happen(simulator: Simulator, times: int = 1) -> None:
    """Cause so many events."""
    for _ in range(times):
        order = simulator.make_order(status="new")
        path, key = f"/api/v1/orders/{order.uuid}/cancel", simulator.merchant.key
        assert simulator.handle(Request("POST", path, {"x-api-key": key})).status == 200


def answers(delivery: Delivery) -> list[int | None]:
    return [attempt.status for attempt in delivery.attempts]


class Listener:
    """A receiver on a real port, which answers as it is told to."""

    def __init__(self, *plan: int) -> None:
        self.plan = list(plan)
        self.bodies: list[bytes] = []
        self.paths: list[str] = []

    def __enter__(self) -> "Listener":
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                listener.paths.append(self.path)
                listener.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                status = listener.plan.pop(0) if listener.plan else 200
                if status == 0:
                    time.sleep(3)
                    status = 200
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


# ---------------------------------------------------------------------- kinds of receivers
def asgi_app(heard: list[dict[str, Any]]) -> Starlette:
    async def hook(request: StarletteRequest) -> Response:
        heard.append({"body": await request.json(), "headers": dict(request.headers)})
        return JSONResponse({})

    return Starlette(routes=[Route("/hooks/points", hook, methods=["POST"])])


def wsgi_app(heard: list[dict[str, Any]]) -> Callable[..., Iterable[bytes]]:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/hooks/points":
            start_response("404 Not Found", [])
            return [b""]
        body = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        secret = environ["HTTP_X_WEBHOOK_SECRET"]
        heard.append({"body": body, "headers": {"x-webhook-secret": secret}})
        start_response("204 No Content", [])
        return [b""]

    return app


def function(heard: list[dict[str, Any]]) -> Callable[[httpx.Request], int]:
    def receive(request: httpx.Request) -> int:
        heard.append({"body": json.loads(request.content), "headers": dict(request.headers)})
        return 200

    return receive


def response_function(heard: list[dict[str, Any]]) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(function(heard)(request))


def async_function(heard: list[dict[str, Any]]) -> Any:
    async def receive(request: httpx.Request) -> int:
        await asyncio.sleep(0)
        return function(heard)(request)

    return receive


KINDS = pytest.mark.parametrize(
    "kind", [asgi_app, wsgi_app, function, response_function, async_function]
)
WAYS = pytest.mark.parametrize("awaited", [False, True], ids=["settle", "asettle"])


def settle(courier: Courier, awaited: bool) -> None:
    if awaited:
        asyncio.run(courier.asettle())
    else:
        courier.settle()


@KINDS
@WAYS
def test_every_kind_of_receiver_is_told(
    simulator: Simulator, courier: Courier, kind: Any, awaited: bool
) -> None:
    """Body, secret and path arrive, and the attempt is on record."""
    heard: list[dict[str, Any]] = []
    endpoint = courier.deliver_to(kind(heard), path="/hooks/points", secret="s3cret")
    happen(simulator)
    settle(courier, awaited)
    (told,) = heard
    (delivery,) = simulator.deliveries
    assert told["body"]["event"] == "cancelled"
    assert told["headers"]["x-webhook-secret"] == endpoint.secret == "s3cret"
    assert answers(delivery) in ([200], [204])
    assert delivery.attempts[0].error is None


@WAYS
def test_a_url_is_told(simulator: Simulator, courier: Courier, awaited: bool) -> None:
    """Over a socket, with the same bytes that were queued."""
    with Listener() as listener:
        courier.deliver_to(listener.url)
        happen(simulator, 2)
        settle(courier, awaited)
    assert listener.bodies == [delivery.body for delivery in simulator.deliveries]
    assert listener.paths == ["/hook"] * 2


@pytest.mark.parametrize(
    "nobody",
    [None, 5, {}, Simulator, lambda: 200, lambda a, b, c, d: 200],
    ids=["none", "number", "dict", "class", "no parameter", "four parameters"],
)
def test_what_cannot_be_told_is_named(courier: Courier, nobody: object) -> None:
    """The error says what was given and what may be."""
    with pytest.raises(ReceiverError, match=r"cannot deliver to .*: give a URL"):
        courier.deliver_to(nobody)


@pytest.mark.parametrize("result", [None, "200", True, 99])
def test_a_function_returns_a_status(simulator: Simulator, courier: Courier, result: Any) -> None:
    """Anything else is a mistake in the test, not a consumer that fails."""
    courier.deliver_to(lambda request: result)
    happen(simulator)
    with pytest.raises(ReceiverError, match=re.escape(f"returned {result!r}")):
        courier.settle()


@WAYS
def test_an_assertion_in_a_function_fails_the_test(
    simulator: Simulator, courier: Courier, awaited: bool
) -> None:
    """A test's own assertion is not taken for status 500."""

    def receive(request: httpx.Request) -> int:
        raise AssertionError("not what I expected")

    courier.deliver_to(receive)
    happen(simulator)
    with pytest.raises(AssertionError, match="not what I expected"):
        settle(courier, awaited)


@WAYS
@pytest.mark.parametrize("kind", ["asgi", "wsgi", "function"])
def test_an_error_in_a_receiver_is_500(
    simulator: Simulator, courier: Courier, kind: str, awaited: bool
) -> None:
    """As its server would answer; the error is on record."""

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("order")

    def wsgi(environ: Any, start_response: Any) -> Any:
        raise KeyError("order")

    def plain(request: httpx.Request) -> int:
        raise KeyError("order")

    courier.deliver_to({"asgi": asgi, "wsgi": wsgi, "function": plain}[kind])
    happen(simulator)
    settle(courier, awaited)
    (delivery,) = simulator.deliveries
    assert answers(delivery) == [500] * 3
    assert delivery.attempts[0].error == "KeyError('order')"


def test_settle_inside_a_loop_points_to_asettle(simulator: Simulator, courier: Courier) -> None:
    """An async receiver cannot be told blocking from within a running loop."""

    async def receive(request: httpx.Request) -> int:
        return 200

    async def test() -> None:
        courier.settle()

    courier.deliver_to(receive)
    happen(simulator)
    with pytest.raises(ReceiverError, match="await asettle"):
        asyncio.run(test())


def told(seen: list[str]) -> Callable[[httpx.Request], int]:
    """A receiver that notes the event."""

    def receive(request: httpx.Request) -> int:
        seen.append(json.loads(request.content)["event"])
        return 200

    return receive


# ---------------------------------------------------------------------- attempts
@pytest.mark.parametrize(
    ("dialect", "plan", "expected"),
    [
        ("default", [200], [200]),
        ("default", [503, 204], [503, 204]),
        ("default", [500] * 9, [500] * 3),
        ("default", [302, 404, 200], [302, 404, 200]),
        ("lenient", [500] * 9, [500] * 4),
        ("strict", [404, 200], [404]),
        ("strict", [500, 404, 200], [500, 404]),
    ],
)
def test_attempts(dialect: str, plan: list[int], expected: list[int]) -> None:
    """Again on anything but 2xx, three or four times in all; a 4xx as the dialect says."""
    simulator, bodies = Simulator(dialect=DIALECTS[dialect]), []
    courier = Courier(simulator)

    def receive(request: httpx.Request) -> int:
        bodies.append(request.content)
        return plan.pop(0)

    courier.deliver_to(receive)
    happen(simulator)
    courier.settle()
    courier.close()
    (delivery,) = simulator.deliveries
    assert answers(delivery) == expected
    assert set(bodies) == {delivery.body}


def test_a_redirect_is_not_followed(simulator: Simulator, courier: Courier) -> None:
    """A 3xx is no 2xx: the same URL is tried again."""
    with Listener(302, 200) as listener:
        courier.deliver_to(listener.url)
        happen(simulator)
        courier.settle()
    assert listener.paths == ["/hook", "/hook"]


def test_a_receiver_that_is_down_is_tried_again(simulator: Simulator, courier: Courier) -> None:
    """A refused connection is an attempt with an error."""
    courier.deliver_to("http://127.0.0.1:9/")
    happen(simulator)
    courier.settle()
    (delivery,) = simulator.deliveries
    assert answers(delivery) == [None] * 3
    assert all(a.error is not None and "ConnectError" in a.error for a in delivery.attempts)


def test_a_receiver_that_hangs_is_tried_again(simulator: Simulator) -> None:
    """One deadline for the whole attempt, long enough for a machine that stands still a while."""
    courier = Courier(simulator, timeout=3, pause=0)
    with Listener(0, 200) as listener:
        courier.deliver_to(listener.url)
        happen(simulator)
        courier.settle()
        courier.close()
    (delivery,) = simulator.deliveries
    assert answers(delivery) == [None, 200]
    assert delivery.attempts[0].error == "no answer in 3 s"
    assert 2.5 <= delivery.attempts[0].seconds < 20


def test_pauses_are_between_attempts(simulator: Simulator) -> None:
    """Not before the first and not after the last."""
    waits: list[float] = []
    courier = Courier(simulator, pause=7, wait=waits.append)
    courier.deliver_to(lambda request: 500)
    happen(simulator)
    courier.settle()
    courier.close()
    assert waits == [7, 7]


def test_a_deleted_endpoint_is_told_nothing(simulator: Simulator, courier: Courier) -> None:
    """Neither what was queued before, nor another attempt."""
    seen: list[str] = []

    def leaves(request: httpx.Request) -> int:
        seen.append("first")
        simulator.merchant.endpoints.clear()
        return 500

    courier.deliver_to(leaves)
    courier.deliver_to(told(seen))
    happen(simulator)
    courier.settle()
    assert seen == ["first"]
    assert answers(simulator.deliveries[1]) == []


# ---------------------------------------------------------------------- settling
def test_nothing_is_sent_before_settle(simulator: Simulator, courier: Courier) -> None:
    """Events wait, in order, and are sent once."""
    heard: list[dict[str, Any]] = []
    courier.deliver_to(function(heard))
    happen(simulator, 3)
    assert heard == []
    courier.settle()
    courier.settle()
    assert [told["body"]["order"]["id"] for told in heard] == [
        delivery.order_uuid for delivery in simulator.deliveries
    ]


@WAYS
def test_a_receiver_may_call_the_api(simulator: Simulator, courier: Courier, awaited: bool) -> None:
    """No lock is held while it is told, and what it causes is sent too."""
    heard: list[str] = []

    def receive(request: httpx.Request) -> int:
        heard.append(json.loads(request.content)["event"])
        other = threading.Thread(target=simulator.handle, args=(Request("GET", "/"),))
        other.start()
        other.join(5)
        assert not other.is_alive()
        if len(heard) < 3:
            happen(simulator)
            courier.settle()  # being told already: sent afterwards
        return 200

    courier.deliver_to(receive)
    happen(simulator)
    settle(courier, awaited)
    assert heard == ["cancelled"] * 3


def test_an_endless_story_is_an_error(simulator: Simulator, courier: Courier) -> None:
    """A receiver that causes an event whenever it is told is found out."""

    def receive(request: httpx.Request) -> int:
        happen(simulator)
        return 200

    courier.deliver_to(receive)
    happen(simulator)
    with pytest.raises(CourierError, match="1000 rounds"):
        courier.settle()


def test_a_reset_is_a_new_beginning(simulator: Simulator, courier: Courier) -> None:
    """What was queued before is gone, what comes after is sent."""
    heard: list[dict[str, Any]] = []
    courier.deliver_to(function(heard))
    happen(simulator)
    simulator.reset()
    courier.settle()
    assert heard == []
    courier.deliver_to(function(heard))
    happen(simulator)
    courier.settle()
    assert len(heard) == 1


def test_a_registered_endpoint_gets_a_receiver(simulator: Simulator, courier: Courier) -> None:
    """By its address; it is not registered twice."""
    heard: list[dict[str, Any]] = []
    registered = simulator.open_endpoint(simulator.merchant, "Shop", "https://shop.example/hook")
    assert courier.deliver_to(function(heard), url=registered.url) is registered
    happen(simulator)
    courier.settle()
    assert (len(heard), heard[0]["headers"]["host"]) == (1, "shop.example")


def test_an_event_before_the_receiver_is_not_for_it(simulator: Simulator, courier: Courier) -> None:
    """Endpoints hear what happens from then on."""
    heard: list[dict[str, Any]] = []
    happen(simulator)
    courier.deliver_to(function(heard))
    courier.settle()
    assert heard == []


def test_the_other_merchants_events_are_its_own(simulator: Simulator, courier: Courier) -> None:
    """A receiver hears its merchant only."""
    heard: list[dict[str, Any]] = []
    courier.deliver_to(function(heard), merchant=simulator.other)
    happen(simulator)
    courier.settle()
    assert heard == []


# ---------------------------------------------------------------------- the post's faults
def test_repeats_are_identical(simulator: Simulator) -> None:
    """Accepted, and sent twice more to the byte."""
    faults = Faults(simulator)
    bodies: list[bytes] = []
    courier = Courier(faults)

    def receive(request: httpx.Request) -> int:
        bodies.append(request.content)
        return 200

    courier.deliver_to(receive)
    faults.deliveries.repeat(2)
    happen(simulator)
    courier.settle()
    courier.close()
    assert bodies == [simulator.deliveries[0].body] * 3


def test_the_lost_are_on_record(simulator: Simulator) -> None:
    """No attempt arrives, and the record says why."""
    faults = Faults(simulator)
    heard: list[dict[str, Any]] = []
    courier = Courier(faults)
    courier.deliver_to(function(heard))
    faults.deliveries.lose(1)
    happen(simulator, 2)
    courier.settle()
    courier.close()
    assert len(heard) == 1
    assert [a.error for a in simulator.deliveries[0].attempts] == [
        "lost on the way (a fault on demand)"
    ]


def test_the_shuffled_arrive_in_another_order(simulator: Simulator) -> None:
    """All of them, each once."""
    faults = Faults(simulator)
    heard: list[dict[str, Any]] = []
    courier = Courier(faults)
    courier.deliver_to(function(heard))
    faults.deliveries.reorder(seed=1)
    happen(simulator, 6)
    courier.settle()
    courier.close()
    told = [one["body"]["order"]["id"] for one in heard]
    queued = [str(delivery.order_uuid) for delivery in simulator.deliveries]
    assert told != queued
    assert sorted(told) == sorted(queued)


@WAYS
def test_the_late_are_waited_for(simulator: Simulator, awaited: bool) -> None:
    """Real seconds, unless the courier was given another way to wait."""
    faults = Faults(simulator)
    courier = Courier(faults)
    courier.deliver_to(lambda request: 200)
    faults.deliveries.late(0.05)
    happen(simulator)
    started = time.perf_counter()
    settle(courier, awaited)
    courier.close()
    assert time.perf_counter() - started >= 0.05


# ---------------------------------------------------------------------- what may be reached
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:80/", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]:80/", True),
        ("http://localhost/", True),
        ("http://shop.localhost/", True),
        ("http://10.0.0.1/", False),
        ("http://127.0.0.1.example/", False),
        ("http://127.0.0.1@example.com/", False),
        ("http://localhost.example/", False),
        ("nonsense", False),
        ("http://[", False),
    ],
)
def test_a_url_of_this_machine_is_reached(courier: Courier, url: str, expected: bool) -> None:
    """Names and addresses of this machine, and no others that look like it."""
    with nullcontext() if expected else pytest.raises((ValueError, httpx.InvalidURL)):
        courier.deliver_to(url)


def test_a_url_elsewhere_is_refused(courier: Courier) -> None:
    """At once, by its name."""
    with pytest.raises(ValueError, match=r"'https://example.com/' is not a loopback address"):
        courier.deliver_to("https://example.com/")


def test_registered_urls_are_not_reached_unasked(simulator: Simulator, courier: Courier) -> None:
    """The fixture alone never uses the network."""
    with Listener() as listener:
        simulator.open_endpoint(simulator.merchant, "Shop", listener.url)
        happen(simulator)
        courier.settle()
    assert listener.bodies == []
    assert simulator.deliveries[0].attempts == []


def test_on_loopback_others_are_an_error_on_record(simulator: Simulator) -> None:
    """One attempt that says why it was none."""
    courier = Courier(simulator, reach="loopback")
    simulator.open_endpoint(simulator.merchant, "Shop", "https://shop.example/hook")
    happen(simulator)
    courier.settle()
    courier.close()
    (attempt,) = simulator.deliveries[0].attempts
    assert attempt.error == "https://shop.example/hook is not a loopback address"


def test_the_mount_lets_deliveries_out(simulator: Simulator, courier: Courier) -> None:
    """A URL is told while httpx is mounted."""
    with Listener() as listener, mounted(simulator):
        courier.deliver_to(listener.url)
        happen(simulator)
        courier.settle()
    assert len(listener.bodies) == 1


# ---------------------------------------------------------------------- in the background
def test_a_sandbox_sends_as_events_happen(simulator: Simulator) -> None:
    """Also when the receiver calls the API over the wire, and when a rig refunds by itself."""
    faults = Faults(simulator)
    courier = Courier(faults, reach="loopback")
    with Listener(503, 200) as listener, Sandbox(faults, courier=courier) as sandbox:
        key = {"x-api-key": simulator.merchant.key}
        with httpx.Client(base_url=sandbox.base_url, headers=key, trust_env=False) as client:
            client.post("webhooks", json={"name": "Shop", "url": listener.url})
            order = simulator.make_order()
            client.post(f"orders/{order.uuid}/refund", json={"amount": 5})
        eventually(lambda: len(listener.bodies) == 2)
        simulator.auto_refund(simulator.make_order("replacing").uuid)
        eventually(lambda: len(listener.bodies) == 3)
        courier.settle()
    assert [answers(delivery) for delivery in simulator.deliveries] == [[503, 200], [200]]


def test_an_assertion_in_the_background_is_told_on_closing(simulator: Simulator) -> None:
    """It fails whoever closes, since nobody else listens."""

    def receive(request: httpx.Request) -> int:
        raise AssertionError("not what I expected")

    courier = Courier(simulator)
    courier.deliver_to(receive)
    courier.start()
    happen(simulator)
    eventually(lambda: courier._failure is not None)
    with pytest.raises(AssertionError, match="not what I expected"):
        courier.close()


def test_closing_breaks_off_what_is_under_way(simulator: Simulator) -> None:
    """A hanging receiver keeps nobody."""
    courier = Courier(simulator, reach="loopback")
    with Listener(0) as listener:
        courier.deliver_to(listener.url)
        courier.start()
        happen(simulator)
        eventually(lambda: bool(listener.bodies))
        started = time.perf_counter()
        courier.close()
        assert time.perf_counter() - started < 5


def test_two_couriers_at_once_do_not_mix(simulator: Simulator) -> None:
    """settle() from two threads sends each delivery once."""
    heard: list[dict[str, Any]] = []
    courier = Courier(simulator)
    courier.deliver_to(function(heard))
    happen(simulator, 50)
    threads = [threading.Thread(target=courier.settle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    courier.close()
    assert len(heard) == 50


def test_the_dialects_attempts_are_all_covered() -> None:
    """Whatever a dialect may say, the courier understands."""
    assert {int(dialect.attempts) for dialect in DIALECTS.values()} | {int(Dialect().attempts)} == {
        3,
        4,
    }
