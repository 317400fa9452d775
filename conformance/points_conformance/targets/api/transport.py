"""The embedded simulator as an httpx transport: the same client code, no sockets."""

from email.utils import format_datetime

import httpx

from points_conformance.simulator import Simulator
from points_conformance.simulator.mounts.wire import raw_headers, request_from

__all__ = ["SimulatorTransport"]


class SimulatorTransport(httpx.BaseTransport):
    """Hands every request to a simulator's core."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One call, answered at once."""
        url = request.url
        answer = self.simulator.handle(
            request_from(request.method, url.path, url.query, request.headers.raw, request.read())
        )
        # As every HTTP server does, by the clock that it has.
        date = format_datetime(self.simulator.clock.now(), usegmt=True).encode()
        return httpx.Response(
            answer.status,
            headers=[*raw_headers(answer), (b"Date", date)],
            stream=httpx.ByteStream(answer.body),
        )
