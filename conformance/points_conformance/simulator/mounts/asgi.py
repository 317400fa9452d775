"""The simulator as a plain ASGI application."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import anyio

from points_conformance.simulator.core import Simulator
from points_conformance.simulator.faults import Faults, Handled
from points_conformance.simulator.messages import Refusal, Request, Response
from points_conformance.simulator.mounts.wire import raw_headers, request_from

__all__ = ["CUT", "LARGEST_BODY", "PointsApp", "body_of", "gone_within", "respond"]

#: Bytes. A larger body is read to its end, so that its sender hears the answer, and not kept.
LARGEST_BODY: Final = 20 * 1024 * 1024
#: Where a server may leave a function that breaks the connection: in the scope's ``state``.
CUT: Final = "points.cut"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
#: Answers a request that is not the API's, or says ``None``.
Aside = Callable[[Request], Response | None]


class PointsApp:
    """The API, and whatever ``aside`` answers first (the control API of a test rig)."""

    def __init__(self, simulator: Simulator | Faults, *, aside: Aside | None = None) -> None:
        self.faults = Faults.over(simulator)
        self.aside = aside

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI protocol: HTTP, or the lifespan of the server."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            raise NotImplementedError(f"the Points API has no {scope['type']}")

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await body_of(receive)
        if body is None:
            return
        handled = self._handle(scope, body)
        if handled.seconds and await gone_within(handled.seconds, receive):
            return
        if handled.response is None:
            await _cut(scope, receive)
        else:
            await respond(handled.response, send)

    def _handle(self, scope: Message, body: bytes) -> Handled:
        if len(body) > LARGEST_BODY:
            return Handled(self.faults.simulator.presenter.refusal(Refusal(413, "Body too large")))
        query = scope.get("query_string", b"")
        request = request_from(scope["method"], scope["path"], query, scope["headers"], body)
        response = self.aside(request) if self.aside is not None else None
        return self.faults.handle(request) if response is None else Handled(response)


async def body_of(receive: Receive, largest: int = LARGEST_BODY) -> bytes | None:
    """The body, one byte above the limit where it is larger; ``None`` if its sender has gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")[: largest + 1 - len(body)]
        if not message.get("more_body", False):
            return bytes(body)


async def gone_within(seconds: float, receive: Receive) -> bool:
    """Wait; say at once if the client has gone meanwhile."""
    with anyio.move_on_after(seconds):
        await _disconnected(receive)
        return True
    return False


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def respond(response: Response, send: Send) -> None:
    """Send a whole response."""
    start = {"type": "http.response.start", "status": response.status}
    await send({**start, "headers": raw_headers(response)})
    await send({"type": "http.response.body", "body": response.body})


async def _cut(scope: Message, receive: Receive) -> None:
    """Break the connection without an answer, and leave once the server has noticed."""
    cut = scope.get("state", {}).get(CUT)
    if cut is None:
        raise ConnectionAbortedError("the connection was closed before an answer came")
    cut()
    await _disconnected(receive)


async def _lifespan(receive: Receive, send: Send) -> None:
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})
