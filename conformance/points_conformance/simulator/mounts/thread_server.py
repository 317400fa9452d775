"""An ASGI application behind a real port: uvicorn in a thread of its own."""

import asyncio
import os
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, Literal

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from points_conformance.simulator.mounts.asgi import CUT

__all__ = ["App", "PortTakenError", "ThreadServer"]

_STARTUP_SECONDS: Final = 10.0
Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class PortTakenError(OSError):
    """The address cannot be listened on, mostly because something else does."""


class ThreadServer:
    """Serves an application from :meth:`start` to :meth:`stop`; ``port=0`` takes any free port.

    With ``certfile`` and ``keyfile`` (PEM) it speaks HTTPS. An application may break off a
    connection by the function that it finds in its scope's state as ``CUT``.
    """

    def __init__(
        self,
        app: App,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        certfile: str | os.PathLike[str] | None = None,
        keyfile: str | os.PathLike[str] | None = None,
        name: str = "points-server",
        lifespan: Literal["auto", "off"] = "off",
    ) -> None:
        self.host, self.port = host, port
        self._name = name
        self._thread: threading.Thread | None = None
        self._scheme = "https" if certfile else "http"
        self._config = uvicorn.Config(
            app,
            interface="asgi3",
            http=_Protocol,
            loop="asyncio",
            lifespan=lifespan,
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

    def start(self) -> None:
        """Listen and serve. Raises :class:`PortTakenError`."""
        # Here and not in the thread: a certificate that cannot be read is the caller's to hear of.
        if not self._config.loaded:
            self._config.load()
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._server = _Server(self._config)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name=self._name, daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(_STARTUP_SECONDS):
            self.stop()
            raise RuntimeError("the server did not start")
        if self._server.should_exit:
            self._thread.join(_STARTUP_SECONDS)
            raise RuntimeError("the application's lifespan failed")

    def stop(self) -> None:
        """End the server and every connection."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._server.stop()
            thread.join(_STARTUP_SECONDS)


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
        await self.lifespan.shutdown()


class _Protocol(H11Protocol):
    """HTTP/1.1 that can break off and keeps no access log."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Leave the application a way to break the connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, CUT: transport.abort}
