"""The inbox of a live run: an HTTP receiver in a thread of its own, registered with the server."""

import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from points_conformance.judging.finding import Denied, Finding, NetworkTrouble
from points_conformance.simulator.mounts.asgi import CUT
from points_conformance.simulator.mounts.thread_server import PortTakenError
from points_conformance.targets.api.endpoints import SECRET_NAME, endpoint_of, others
from points_conformance.targets.api.inbox import Inbox
from points_conformance.targets.api.listener import Message, Receive, Send, listener_at
from points_conformance.targets.api.received import MAIN
from points_conformance.targets.api.reply import Reply, Said
from points_conformance.targets.guard import can_be_called

if TYPE_CHECKING:
    from points_conformance.targets.api.target import ApiTarget

__all__ = [
    "FAR_GRACE",
    "NEAR_GRACE",
    "NEAR_RETRY",
    "ListenError",
    "LiveInbox",
    "check_public_url",
    "parse_listen",
]

#: Seconds that an event, and a repeated attempt, may take on this machine; and an event elsewhere.
NEAR_GRACE: Final = 3.0
FAR_GRACE: Final = 30.0
NEAR_RETRY: Final = 15.0
_NAME: Final = "points-conformance"
_LARGEST_BODY: Final = 1024 * 1024
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened on


RawHeaders = list[tuple[bytes, bytes]]


class ListenError(ValueError):
    """An address that cannot be listened on. The text says why and what to give instead."""


def parse_listen(text: str) -> tuple[str, int]:
    """``HOST:PORT`` (``[::1]:0`` for IPv6). Raises :class:`ListenError`."""
    host, colon, port = text.strip().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not host or (":" in host and not bracketed):
        raise ListenError(f"--webhook-listen {text!r} is no HOST:PORT; say 127.0.0.1:0")
    if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        raise ListenError(f"--webhook-listen {text!r}: {port!r} is no port from 0 to 65535")
    return host, int(port)


def check_public_url(listen: tuple[str, int], url: str, *, near: bool) -> None:
    """Whether a server, on this machine or not, can reach the listener at ``url`` or by itself.

    Raises :class:`ListenError`.
    """
    parts = urlsplit(url if can_be_called(url) else "")
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query):
        raise ListenError(f"--webhook-url {url!r} is not the URL of a listener: https://host/path")
    if not url and not near:
        raise ListenError(
            f"the server cannot send webhooks to {listen[0]} on this machine: give the public "
            "address of a tunnel to it with --webhook-url"
        )


class LiveInbox(Inbox):
    """Listens at once; :meth:`register` tells the server, :meth:`close` has it forgotten.

    Each run has addresses that nobody can guess, so that what comes is the server's. Raises
    :class:`ListenError` where it cannot listen.
    """

    def __init__(
        self,
        listen: tuple[str, int],
        *,
        public_url: str = "",
        grace: float = NEAR_GRACE,
        retry_within: float | None = NEAR_RETRY,
        clock: Callable[[], float] = time.monotonic,
        reachable: bool = False,
    ) -> None:
        token = secrets.token_hex(12)
        self._path = re.compile(rf"/points/{token}/([a-z0-9-]+)")
        self._token = token
        try:
            self._listener = listener_at(*listen, token, self._serve)
        except PortTakenError as error:
            raise ListenError(f"--webhook-listen: {error}") from None
        self._server = self._listener.server
        origin = public_url.rstrip("/") or self._origin()
        super().__init__(
            f"{origin}/points/{token}",
            grace=grace,
            retry_within=retry_within,
            clock=clock,
            reachable=reachable,
        )
        #: Why nothing can be received, where the server refused to register this inbox.
        self.refused = ""

    def _origin(self) -> str:
        host = _WILDCARDS.get(self._server.host, self._server.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.port}"

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.port

    # ------------------------------------------------------------------ registering
    def register(self, api: "ApiTarget") -> list[str]:
        """Have the server send events here; who else will hear them, in lines.

        Refused, the target is without an inbox and says why.
        """
        # What came is kept as it came but for secrets: it is judged.
        self.redact = api.redact.cut
        try:
            heard_by = list(map(api.redact, others(api.endpoints.listed(), self.is_ours)))
            answer = api.endpoints.open(_NAME, self.url())
            secret = endpoint_of(answer).get("secret")
            refused = "" if answer.accepted else f"HTTP {answer.status}"
        except (Denied, Finding, NetworkTrouble) as error:
            heard_by, secret, refused = [], None, api.redact(str(error))
        if refused:
            self.refused = f"the server did not register our webhook endpoint: {refused}"
            api.without_inbox(self.refused)
        elif isinstance(secret, str):
            self.trust(MAIN, secret)
            api.redact.add(SECRET_NAME, secret)
        return heard_by

    def is_ours(self, url: str) -> bool:
        """Whether a registered address is one of this run's."""
        return url.startswith(self.base_url)

    def close(self, api: "ApiTarget") -> list[str]:
        """Remove what was registered and stop listening; what could not be removed, in lines."""
        try:
            left = api.endpoints.remove_all(self.is_ours)
            if api.keys.other is not None:
                left += api.other_endpoints.remove_all(self.is_ours)
            return left
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop listening."""
        self._listener.remove(self._token)

    # ------------------------------------------------------------------ receiving
    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            return
        match = self._path.search(scope["path"])
        if match is None or scope["method"] != "POST" or len(body) > _LARGEST_BODY:
            await _say(send, 404 if match is None else 405 if len(body) <= _LARGEST_BODY else 413)
            return
        reply = await self.arrived(match[1], scope["headers"], body)
        if isinstance(reply, int):
            await _say(send, reply, f"{self.url(match[1])}-elsewhere")
            return
        if reply == "drop":
            scope["state"][CUT]()
        while (await receive())["type"] != "http.disconnect":
            pass
        if reply == "hang":
            self.let_go()

    async def arrived(self, place: str, headers: RawHeaders, body: bytes) -> Reply:
        """What becomes of one attempt, and how it is answered."""
        read = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in headers}
        return self.record(place, read, body)


async def _body(receive: Receive) -> bytes | None:
    """The body, one byte above the limit where it is larger; ``None`` if its sender has gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")[: _LARGEST_BODY + 1 - len(body)]
        if not message.get("more_body", False):
            return bytes(body)


async def _say(send: Send, status: Reply, elsewhere: str = "") -> None:
    body = status.body if isinstance(status, Said) else b""
    headers = []
    if body:
        headers.append((b"content-type", b"application/json"))
    if status != 204 and not (isinstance(status, Said) and status.chunked):
        headers.append((b"content-length", str(len(body)).encode()))
    if isinstance(status, int) and 300 <= status < 400:
        headers.append((b"location", elsewhere.encode()))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    if body:
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
