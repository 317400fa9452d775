"""A loopback proxy that loses some calls, as networks and gateways do, the same for the same seed.

A call that is lost may have been carried out before: a reset, 502, 503 and 504 come before the
server hears of it or after. 429 comes before, and says how long to wait (less than 2 s).
Webhooks do not pass here.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from points_conformance.simulator.mounts.asgi import CUT, Message, Receive, Send
from points_conformance.simulator.mounts.thread_server import ThreadServer

__all__ = ["FAULTS", "FlakyProxy"]

#: What may befall a call, "after" it was carried out or before.
FAULTS = (
    "late",
    "reset before",
    "reset after",
    "429",
    *(f"{status} {when}" for status in (502, 503, 504) for when in ("before", "after")),
)
_HOP_BY_HOP = {b"connection", b"content-length", b"date", b"host", b"server", b"transfer-encoding"}


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


class FlakyProxy:
    """Stands before a server while the ``with`` block lasts. ``rate`` of the calls meet a fault.

    ``befell`` counts what happened, by its name in :data:`FAULTS`.
    """

    def __init__(self, origin: str, *, seed: int, rate: float | None = None) -> None:
        chance = random.Random(f"rate {seed}")
        self.rate = chance.uniform(0.02, 0.05) if rate is None else rate
        self.befell: Counter[str] = Counter()
        self._origin = origin
        self._seed = seed
        self._calls = 0
        self._upstream: httpx.AsyncClient | None = None
        self._server = ThreadServer(self._serve, name="flaky-proxy")

    @property
    def origin(self) -> str:
        """Scheme, host and port of the proxy."""
        return self._server.origin

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()

    def fault_of(self, number: int) -> tuple[str, float]:
        """What befalls the call of this number (nothing: empty), and a number of seconds for it."""
        chance = random.Random(f"{self._seed} {number}")
        if chance.random() >= self.rate:
            return "", 0.0
        return chance.choice(FAULTS), chance.uniform(0.0, 0.5)

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        self._calls += 1
        fault, seconds = self.fault_of(self._calls)
        self.befell[fault] += bool(fault)
        call = _Call(
            scope["method"],
            scope["raw_path"].decode() + (f"?{q}" if (q := scope["query_string"].decode()) else ""),
            [pair for pair in scope["headers"] if pair[0] not in _HOP_BY_HOP],
            await _body(receive),
        )
        if fault == "late":
            await asyncio.sleep(seconds)
        response = None if fault == "429" or fault.endswith("before") else await self._pass_on(call)
        if fault.startswith("reset"):
            scope["state"][CUT]()
            while (await receive())["type"] != "http.disconnect":
                pass
        elif fault[:3].isdigit():
            await _gateways(send, int(fault[:3]), seconds)
        elif response is not None:
            headers = [pair for pair in response.headers.raw if pair[0].lower() not in _HOP_BY_HOP]
            await _answer(send, response.status_code, headers, response.content)

    async def _pass_on(self, call: _Call) -> httpx.Response:
        if self._upstream is None:
            self._upstream = httpx.AsyncClient(
                trust_env=False,
                timeout=30.0,
                # A kept connection that the server has just closed would be a fault of our own.
                limits=httpx.Limits(max_keepalive_connections=0),
            )
        return await self._upstream.request(
            call.method, self._origin + call.path, headers=call.headers, content=call.body
        )


async def _gateways(send: Send, status: int, seconds: float) -> None:
    """The answer of a gateway: HTML, and when to come again where it may come again."""
    headers = [(b"content-type", b"text/html")]
    if status in (429, 503):
        headers.append((b"retry-after", b"%.1f" % seconds if status == 429 else b"1"))
    await _answer(send, status, headers, b"<html><body>Gateway</body></html>")


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    start: dict[str, Any] = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body
