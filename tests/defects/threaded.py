"""A wrong server over HTTP that answers calls at once, each in a thread. For tests alone.

The sandbox answers one call at a time, on its event loop, and there no race shows. By hand:
``python -m tests.defects.threaded DEFECT`` serves one on loopback until it is told to stop, and
says in a line of JSON where, and with which keys.
"""

import asyncio
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.simulator.clock import SystemClock
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.messages import Response
from points_conformance.simulator.mounts.asgi import Message, Receive, Send
from points_conformance.simulator.mounts.thread_server import ThreadServer
from points_conformance.simulator.mounts.wire import raw_headers, request_from

__all__ = ["serving"]


class ThreadedApp:
    """The simulator as an ASGI application that hands each request to a thread of its own."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        body = await _body(receive)
        request = request_from(
            scope["method"], scope["path"], scope["query_string"], scope["headers"], body
        )
        await _respond(await asyncio.to_thread(self.simulator.handle, request), send)


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


async def _respond(response: Response, send: Send) -> None:
    start: dict[str, Any] = {"type": "http.response.start", "status": response.status}
    await send({**start, "headers": raw_headers(response)})
    await send({"type": "http.response.body", "body": response.body})


@contextmanager
def serving(defect: ServerDefect) -> Iterator[tuple[Simulator, str]]:
    """The simulator with a defect switched on, and the base URL where it listens."""
    simulator = Simulator(dialect=DIALECTS[defect.dialect], parts=defect.parts, clock=SystemClock())
    server = ThreadServer(ThreadedApp(simulator), name="threaded")
    server.start()
    try:
        yield simulator, f"{server.origin}/api/v1"
    finally:
        server.stop()


def main(defect_id: str) -> None:
    """Serve a defect, deliveries to loopback included, until SIGINT or SIGTERM."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    defect = SEEDED.named(defect_id)
    with serving(defect) as (simulator, base_url):
        courier = (defect.parts.courier or Courier)(simulator, reach="loopback")
        courier.start()
        keys = {"key": simulator.merchant.key, "other_key": simulator.other.key}
        words = {"base_url": base_url, **keys, "public_key": simulator.merchant.public_key}
        print(json.dumps(words), flush=True)
        told.wait()
        courier.close()


if __name__ == "__main__":
    main(sys.argv[1])
