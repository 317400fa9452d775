"""One socket for all inboxes of this process that listen on one address.

A tunnel leads to one port: where suites and fixtures are in one run, both hear webhooks there.
"""

import re
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from points_conformance.simulator.mounts.thread_server import ThreadServer

__all__ = ["Listener", "Message", "Receive", "Send", "listener_at"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

#: Whose a request is: the token may stand anywhere in the path, after a tunnel's own.
_TOKEN: Final = re.compile(r"/points/([0-9a-f]+)/")
_LOCK: Final = threading.Lock()
_LISTENING: Final[dict[tuple[str, int], "Listener"]] = {}


class Listener:
    """Gives each request to the inbox whose token is in its path; 404 where there is none."""

    def __init__(self, host: str, port: int) -> None:
        self.server = ThreadServer(self._serve, host, port, name="points-inbox")
        self._asked = (host, port)
        self._inboxes: dict[str, App] = {}

    def add(self, token: str, inbox: App) -> None:
        """From now on an inbox hears what is sent to its token."""
        self._inboxes = {**self._inboxes, token: inbox}

    def remove(self, token: str) -> None:
        """An inbox is gone; the last one closes the socket."""
        with _LOCK:
            self._inboxes = {k: v for k, v in self._inboxes.items() if k != token}
            if self._inboxes:
                return
            _LISTENING.pop(self._asked, None)
        self.server.stop()

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        match = _TOKEN.search(scope["path"])
        inbox = self._inboxes.get(match[1]) if match else None
        if inbox is not None:
            await inbox(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 404, "headers": _EMPTY})
        await send({"type": "http.response.body", "body": b""})


_EMPTY: Final = [(b"content-length", b"0")]


def listener_at(host: str, port: int, token: str, inbox: App) -> Listener:
    """The listener of an address, with this inbox; port 0 is another one each time.

    Raises :class:`~points_conformance.simulator.mounts.thread_server.PortTakenError`.
    """
    with _LOCK:
        listener = _LISTENING.get((host, port))
        if listener is None:
            listener = Listener(host, port)
            listener.server.start()
            if port:
                _LISTENING[host, port] = listener
        listener.add(token, inbox)
    return listener
