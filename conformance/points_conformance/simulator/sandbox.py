"""The simulator behind a real port: uvicorn in a thread, for clients in any language."""

import asyncio
import os
import socket
import threading
from types import TracebackType
from typing import Any, Final, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from points_conformance.contract.limits import API_PREFIX
from points_conformance.simulator.asgi_mount import CUT, PointsApp
from points_conformance.simulator.control import CONTROL_PREFIX, Control
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.courier import Courier
from points_conformance.simulator.faults import Faults

__all__ = ["PortTakenError", "Sandbox"]

_STARTUP_SECONDS: Final = 10.0


class PortTakenError(OSError):
    """The address cannot be listened on, mostly because something else does."""


class Sandbox:
    """Serves a simulator while the ``with`` block lasts; ``port=0`` takes any free port.

    ``control`` adds the control API under :attr:`control_url`; ``courier`` sends deliveries as
    events happen, and is closed with the sandbox. With ``certfile`` and ``keyfile``
    (PEM) it speaks HTTPS. Raises :class:`PortTakenError` on entering.
    """

    def __init__(
        self,
        simulator: Simulator | Faults,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        control: bool = True,
        courier: Courier | None = None,
        certfile: str | os.PathLike[str] | None = None,
        keyfile: str | os.PathLike[str] | None = None,
    ) -> None:
        self.faults = Faults.over(simulator)
        self.simulator = self.faults.simulator
        self.courier = courier
        self.host, self.port = host, port
        self._scheme = "https" if certfile else "http"
        self._config = uvicorn.Config(
            PointsApp(self.faults, aside=Control(self.faults, enabled=control).handle),
            http=_Protocol,
            loop="asyncio",
            lifespan="off",
            ws="none",
            proxy_headers=False,
            # Whoever embeds this owns the logging.
            log_config=None,
            ssl_certfile=certfile,
            ssl_keyfile=keyfile,
        )

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self._scheme}://{host}:{self.port}"

    @property
    def base_url(self) -> str:
        """What a client takes for the API's address, with ``/api/v1``."""
        return self.origin + API_PREFIX

    @property
    def control_url(self) -> str:
        """Where the control API is."""
        return self.origin + CONTROL_PREFIX

    def __enter__(self) -> Self:
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._server = _Server(self._config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="points-sandbox", daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(_STARTUP_SECONDS):
            self.__exit__(None, None, None)
            raise RuntimeError("the sandbox did not start")
        if self.courier is not None:
            self.courier.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        self._thread.join(_STARTUP_SECONDS)
        if self.courier is not None:
            self.courier.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's algorithm off: 44 ms a call otherwise.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name != "nt":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as reason:
        listener.close()
        raise PortTakenError(f"cannot listen on {host}:{port}: {reason.strerror}") from None
    return listener


class _Server(uvicorn.Server):
    """uvicorn's server, started and stopped without its tenths of seconds."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._stopping = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Wait for the end."""
        await self._stop.wait()

    def stop(self) -> None:
        """Have the server end; from any thread."""
        self._loop.call_soon_threadsafe(self._stop.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close every connection, also those in the middle of a delayed answer."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)


class _Protocol(H11Protocol):
    """HTTP/1.1 that can break off and keeps no access log."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Leave the application a way to break the connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, CUT: transport.abort}
