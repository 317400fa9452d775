"""How the tests talk to the second server, and where its webhooks arrive."""

from __future__ import annotations

import http.client
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .server import SecondServer

DIALECTS = ("plain", "awkward")


class Reply(NamedTuple):
    """An answer over HTTP."""

    status: int
    body: Any
    headers: http.client.HTTPMessage

    @property
    def order(self) -> Any:
        """The order, wherever it sits."""
        return self.body["data"].get("data", self.body["data"])


class Delivery(NamedTuple):
    """A webhook as it arrived."""

    raw: bytes
    headers: dict[str, str]

    @property
    def event(self) -> str:
        """The name of the event."""
        return str(json.loads(self.raw)["event"])

    @property
    def order(self) -> Any:
        """The order of the event."""
        return json.loads(self.raw)["order"]


def send(
    server: SecondServer, method: str, path: str, body: object = None, key: str | None = ""
) -> Reply:
    """Call the server; an empty key stands for the first merchant's."""
    parts = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    headers = {} if key is None else {"x-api-key": key or server.key}
    raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    try:
        connection.request(method, parts.path + path, raw, headers)
        response = connection.getresponse()
        text = response.read()
        return Reply(response.status, json.loads(text) if text else None, response.headers)
    finally:
        connection.close()


def act(server: SecondServer, uuid: str, action: str, body: object = None, key: str = "") -> Reply:
    """Call an action on an order."""
    return send(server, "POST", f"/orders/{uuid}/{action}", body, key)


def status_of(server: SecondServer, uuid: str) -> str:
    """Read the status of an order."""
    return str(send(server, "GET", f"/orders/{uuid}").order["order_status"])


def made(server: SecondServer, action: str, body: object = None) -> int:
    """Call an action on a fresh approved order."""
    return act(server, server.make_order()["uuid"], action, body).status


class Inbox:
    """A webhook endpoint that keeps what arrives and answers as told."""

    def __init__(self) -> None:
        """Listen."""
        self.deliveries: list[Delivery] = []
        self.answers: list[int] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.deliveries.append(Delivery(raw, dict(self.headers)))
                self.send_response(inbox.answers.pop(0) if inbox.answers else 204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.listener.serve_forever, args=(0.02,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.listener.server_port}/hook"

    def wait(self, count: int, within: float = 5.0) -> list[Delivery]:
        """Wait for so many deliveries."""
        deadline = time.monotonic() + within
        while len(self.deliveries) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return list(self.deliveries)

    def close(self) -> None:
        """Stop listening."""
        self.listener.shutdown()
        self.listener.server_close()
        self.thread.join()


@contextmanager
def hooked(server: SecondServer) -> Iterator[Inbox]:
    """Register an inbox at the server."""
    inbox = Inbox()
    try:
        send(server, "POST", "/webhooks", {"name": "inbox", "url": inbox.url})
        yield inbox
    finally:
        inbox.close()
