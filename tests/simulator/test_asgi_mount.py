"""The ASGI application is the simulator and no more."""

import asyncio
from typing import Any

import httpx
import pytest

from points_conformance.simulator import Simulator
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.messages import load_json
from points_conformance.simulator.mounts.asgi import CUT, LARGEST_BODY, PointsApp


class Conversation:
    """What an ASGI server says and hears."""

    def __init__(self, *said: dict[str, Any]) -> None:
        self.said = list(said)
        self.heard: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        return self.said.pop(0) if self.said else {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.heard.append(message)

    def with_(self, app: PointsApp, **scope: Any) -> "Conversation":
        whole = {"type": "http", "method": "GET", "path": "/", "headers": [], **scope}
        asyncio.run(app(whole, self.receive, self.send))
        return self


def chunk(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_client_of_asgi_reaches_the_api() -> None:
    """An in-process client cancels an order."""
    simulator = Simulator()
    order = simulator.make_order(status="new")

    async def cancel() -> httpx.Response:
        transport = httpx.ASGITransport(PointsApp(simulator))
        async with httpx.AsyncClient(transport=transport, base_url="http://points") as client:
            return await client.post(
                f"/api/v1/orders/{order.uuid}/cancel", headers={"x-api-key": simulator.merchant.key}
            )

    answer = asyncio.run(cancel())
    assert (answer.status_code, answer.json()["data"]["order_status"]) == (200, "cancelled")


def test_a_body_in_pieces_is_put_together() -> None:
    """Chunks make one body."""
    simulator = Simulator()
    order = simulator.make_order()
    Conversation(chunk(b'{"amou', more=True), chunk(b"", more=True), chunk(b'nt":1}')).with_(
        PointsApp(simulator),
        method="POST",
        path=f"/api/v1/orders/{order.uuid}/refund",
        headers=[(b"X-API-Key", simulator.merchant.key.encode())],
    )
    assert order.ledger.refunded == 100


def test_a_body_above_the_limit_is_413() -> None:
    """It is heard to its end, in bounded memory, and answered with an envelope."""
    piece = b"x" * (1 << 20)
    said = [chunk(piece, more=True) for _ in range(LARGEST_BODY // len(piece) + 2)]
    talk = Conversation(*said, chunk(b"")).with_(PointsApp(Simulator()), method="POST")
    start, body = talk.heard
    assert start["status"] == 413
    assert load_json(body["body"])["status"] is False


def test_a_body_of_the_largest_size_is_read() -> None:
    """The limit itself is allowed."""
    talk = Conversation(chunk(b" " * LARGEST_BODY)).with_(PointsApp(Simulator()), method="POST")
    assert talk.heard[0]["status"] == 404


def test_a_sender_that_left_is_not_obeyed() -> None:
    """Half a request changes nothing and is not answered."""
    simulator = Simulator()
    order = simulator.make_order()
    talk = Conversation(chunk(b"", more=True)).with_(
        PointsApp(simulator),
        method="POST",
        path=f"/api/v1/orders/{order.uuid}/refund",
        headers=[(b"x-api-key", simulator.merchant.key.encode())],
    )
    assert talk.heard == []
    assert order.ledger.refunded == 0


def test_any_byte_may_stand_in_a_header() -> None:
    """Bytes that are no text are no error of ours."""
    headers = [(b"x-api-key", b"\xff\xfe"), (b"x-api-key", "مفتاح".encode()), (b"", b"")]
    talk = Conversation(chunk(b"")).with_(
        PointsApp(Simulator()), path="/api/v1/webhooks", headers=headers, query_string=b"\xff=%ff"
    )
    assert talk.heard[0]["status"] == 400


def test_a_cut_breaks_the_connection() -> None:
    """The server's own way to break off is used, and nothing is sent."""
    faults, broken = Faults(Simulator()), []
    faults.lose_answer()
    talk = Conversation(chunk(b"")).with_(
        PointsApp(faults), state={CUT: lambda: broken.append(True)}
    )
    assert (talk.heard, broken) == ([], [True])


def test_a_cut_without_a_server_is_an_error() -> None:
    """Where there is no connection to break, the caller gets one that is broken."""
    faults = Faults(Simulator())
    faults.lose_answer()
    with pytest.raises(ConnectionAbortedError):
        Conversation(chunk(b"")).with_(PointsApp(faults))


def test_the_lifespan_is_spoken() -> None:
    """Start-up and shutdown are confirmed."""
    talk = Conversation({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    talk.with_(PointsApp(Simulator()), type="lifespan")
    assert [message["type"] for message in talk.heard] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


def test_a_websocket_is_refused() -> None:
    """The API has none."""
    with pytest.raises(NotImplementedError, match="websocket"):
        Conversation().with_(PointsApp(Simulator()), type="websocket")
