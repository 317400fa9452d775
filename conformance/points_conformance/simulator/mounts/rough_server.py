"""An HTTP server that is as rough as a network: answers cut, reset, halved, late, or never sent.

Apart from the sandbox's own server, because what is wanted here lies below HTTP. One thread per
connection; h11 speaks HTTP, the socket is ours.
"""

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

import h11

from points_conformance.simulator.messages import Request, Response
from points_conformance.simulator.mounts.wire import raw_headers, request_from

__all__ = ["End", "RoughServer", "Sent"]

#: Seconds after which a connection is looked at again, and how long sending may take.
_TICK: Final = 0.05
_SENDING: Final = 10.0
#: What a client may send at most; a longer request is cut off.
_MOST: Final = 4 * 1024 * 1024
_RESET: Final = struct.pack("ii", 1, 0)
_Result = TypeVar("_Result")


class End(StrEnum):
    """How a connection goes on after a request."""

    KEPT = "kept"
    CLOSED = "closed"
    RESET = "reset"
    HALF = "half"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Sent:
    """What becomes of a request.

    ``response`` is sent after ``seconds`` where the connection is kept; half of it where ``end``
    is ``HALF``. Nothing is sent where the connection is closed, reset, or silent (until the client
    leaves or the server stops).
    """

    response: Response | None
    end: End = End.KEPT
    seconds: float = 0.0


class _Gone(Exception):
    """The connection has ended."""


class RoughServer:
    """Serves ``answer`` on a free port of this machine from :meth:`start` to :meth:`stop`.

    With ``context`` it speaks TLS; ``plain`` answers who speaks plain HTTP to it all the same.
    """

    def __init__(
        self,
        answer: Callable[[Request], Sent],
        *,
        context: ssl.SSLContext | None = None,
        plain: Callable[[Request], Sent] | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self._answer = answer
        self._plain = plain
        self._context = context
        self._stopped = threading.Event()
        #: Seconds for which it stood still at worst, because the process or the machine did: what a
        #: caller made of that says nothing of the caller.
        self.held_up = 0.0
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._listener.bind((host, 0))
        self.host, self.port = self._listener.getsockname()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._context else 'http'}://{self.host}:{self.port}"

    def start(self, *, after: float = 0.0) -> None:
        """Listen, at once or after so many seconds; a bound port that nobody listens on refuses."""
        if not after:
            self._listener.listen(64)
        self._run(lambda: self._serve(after))

    def stop(self) -> None:
        """End the server and every connection."""
        self._stopped.set()
        for thread in list(self._threads):
            thread.join(_SENDING)
        self._listener.close()

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="points-rough-server", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, after: float) -> None:
        if after:
            if self._stopped.wait(after):
                return
            self._listener.listen(64)
        looked = time.monotonic()
        while not self._stopped.is_set():
            called = select.select([self._listener], [], [], _TICK)[0]
            now = time.monotonic()
            self.held_up, looked = max(self.held_up, now - looked - _TICK), now
            if called:
                client, _ = self._listener.accept()
                self._run(lambda client=client: self._connection(client))  # type: ignore[misc]

    # ------------------------------------------------------------------ one connection
    def _connection(self, plain: socket.socket) -> None:
        # A client that leaves, or that will not have our certificate, is no fault of ours.
        with contextlib.suppress(OSError, _Gone, h11.ProtocolError), plain:
            plain.settimeout(_TICK)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is None:
                self._talk(plain, self._answer)
            elif self._plain is not None and not self._is_tls(plain):
                self._talk(plain, self._plain)
            else:
                self._talk_secretly(plain, self._context)

    def _is_tls(self, client: socket.socket) -> bool:
        """Whether the first byte is a handshake's."""
        return self._waited_for(lambda: client.recv(1, socket.MSG_PEEK)) in (b"\x16", b"")

    def _talk_secretly(self, plain: socket.socket, context: ssl.SSLContext) -> None:
        with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as client:
            self._waited_for(client.do_handshake)
            self._talk(client, self._answer)

    def _talk(self, client: socket.socket, answer: Callable[[Request], Sent]) -> None:
        http = h11.Connection(h11.SERVER)
        while True:
            reply = answer(self._request(client, http))
            self._pause(reply.seconds)
            self._send(client, http, reply)
            if http.our_state is h11.MUST_CLOSE:
                return
            http.start_next_cycle()

    def _request(self, client: socket.socket, http: h11.Connection) -> Request:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = http.next_event()
            if isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                path, _, query = head.target.partition(b"?")
                method = head.method.decode("latin-1")
                return request_from(
                    method, path.decode("latin-1"), query, list(head.headers), bytes(body)
                )
            elif event is h11.NEED_DATA and len(body) <= _MOST:
                if http.they_are_waiting_for_100_continue:
                    client.sendall(
                        http.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
                    )
                http.receive_data(self._received(client))
            else:
                raise _Gone

    def _received(self, client: socket.socket) -> bytes:
        return self._waited_for(lambda: client.recv(65536))

    def _waited_for(self, act: Callable[[], _Result]) -> _Result:
        """What it returns, tried tick by tick: a client that says nothing holds up no end."""
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                return act()
        raise _Gone

    def _pause(self, seconds: float) -> None:
        if seconds and self._stopped.wait(seconds):
            raise _Gone

    def _send(self, client: socket.socket, http: h11.Connection, reply: Sent) -> None:
        if reply.end is End.SILENT:
            while self._received(client):
                pass
        if reply.end is End.RESET:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        if reply.response is None or reply.end not in (End.KEPT, End.HALF):
            raise _Gone
        data = _bytes(http, reply.response)
        client.settimeout(_SENDING)
        client.sendall(data[: len(data) // 2] if reply.end is End.HALF else data)
        client.settimeout(_TICK)
        if reply.end is End.HALF:
            time.sleep(_TICK)  # so that the half arrives before the end does
            raise _Gone


def _bytes(http: h11.Connection, response: Response) -> bytes:
    head = h11.Response(status_code=response.status, headers=raw_headers(response))
    parts = (head, h11.Data(data=response.body), h11.EndOfMessage())
    return b"".join(http.send(part) or b"" for part in parts)
