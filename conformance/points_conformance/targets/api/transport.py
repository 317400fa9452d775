"""The embedded simulator as an httpx transport: the same client code, no sockets."""

import httpx

from points_conformance.simulator import Request, Simulator

__all__ = ["SimulatorTransport"]


class SimulatorTransport(httpx.BaseTransport):
    """Hands every request to a simulator's core."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One call, answered at once."""
        answer = self.simulator.handle(
            Request(
                method=request.method,
                path=request.url.path,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=request.read(),
                query=request.url.query.decode("ascii"),
                spelt=frozenset(name.decode("ascii") for name, _ in request.headers.raw),
            )
        )
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)
