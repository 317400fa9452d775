"""A wrong server over HTTP that answers calls at once, each in a thread. For tests alone.

The sandbox answers one call at a time, on its event loop, and there no race shows. By hand:
``python -m tests.defects.threaded DEFECT`` serves one on loopback until it is told to stop, each
endpoint with a queue of its own, and says in a line of JSON where, and with which keys; under
``/_points`` is the control API.
"""

import asyncio
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.simulator.clock import SystemClock
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.messages import Response
from points_conformance.simulator.mounts.asgi import Message, Receive, Send
from points_conformance.simulator.mounts.control import CONTROL_PREFIX, Control
from points_conformance.simulator.mounts.thread_server import ThreadServer
from points_conformance.simulator.mounts.wire import raw_headers, request_from
from points_conformance.simulator.world import Endpoint

__all__ = ["Lanes", "serving"]


class ThreadedApp:
    """The simulator as an ASGI application that hands each request to a thread of its own."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._control = Control(Faults.over(simulator))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        body = await _body(receive)
        request = request_from(
            scope["method"], scope["path"], scope["query_string"], scope["headers"], body
        )
        aside = self._control.handle(request)
        await _respond(aside or await asyncio.to_thread(self.simulator.handle, request), send)


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


class Lanes:
    """A courier for each endpoint: what one receiver keeps waiting holds up no other."""

    def __init__(self, simulator: Simulator, courier: type[Courier] = Courier) -> None:
        self._simulator = simulator
        self._made = _for_one(courier)
        #: A lane ends with its endpoint, but where a defect may send to what was removed.
        self._ends = courier is Courier
        self._lanes: dict[str, Courier] = {}

    def run(self, ended: Callable[[], bool]) -> None:
        """Send, to every endpoint that is registered meanwhile, until it has ended."""
        while not ended():
            with self._simulator.changed:
                self._simulator.changed.wait(0.02)
                ends = {e.uuid for m in self._simulator.world.merchants for e in m.endpoints}
            for uuid in ends:
                if uuid not in self._lanes:
                    self._lanes[uuid] = self._made(self._simulator, uuid)
                    self._lanes[uuid].start()
            for uuid in self._lanes.keys() - ends if self._ends else ():
                self._lanes.pop(uuid).close()
        for lane in self._lanes.values():
            lane.close()


def _for_one(courier: type[Courier]) -> Callable[[Simulator, str], Courier]:
    class Lane(courier):  # type: ignore[misc, valid-type]
        """Such a courier for one endpoint."""

        only = ""

        def _receiver(self, endpoint: Endpoint | None) -> Any:
            mine = endpoint is not None and endpoint.uuid == self.only
            return super()._receiver(endpoint) if mine else None

    def made(simulator: Simulator, uuid: str) -> Courier:
        lane = Lane(simulator, reach="loopback")
        lane.only = uuid
        return lane

    return made


def main(defect_id: str) -> None:
    """Serve a defect, deliveries to loopback included, until SIGINT or SIGTERM."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    defect = SEEDED.named(defect_id)
    with serving(defect) as (simulator, base_url):
        keys = {"key": simulator.merchant.key, "other_key": simulator.other.key}
        control = base_url.removesuffix("/api/v1") + CONTROL_PREFIX
        keys["public_key"] = simulator.merchant.public_key
        # In which status its earning endpoint makes orders.
        words = {"base_url": base_url, **keys, "earned": simulator.dialect.earning_starts}
        print(json.dumps({**words, "control": control}), flush=True)
        Lanes(simulator, defect.parts.courier or Courier).run(told.is_set)


if __name__ == "__main__":
    main(sys.argv[1])
