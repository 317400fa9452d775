"""The simulator behind a port, one kind of whose answers is spoilt."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.cli.command import Ended, Listener, listening, run

from points_conformance.simulator import Request, Response, Simulator

#: Sends something else in the place of the answer, and says whether it did.
Spoil = Callable[[BaseHTTPRequestHandler, Response], bool]


def spoilt(simulator: Simulator, spoil: Spoil) -> contextlib.AbstractContextManager[Listener]:
    """The simulator's answers but for those that ``spoil`` sends."""
    one_at_a_time = threading.Lock()

    def respond(handler: BaseHTTPRequestHandler) -> None:
        path, _, query = handler.path.partition("?")
        headers = {name.lower(): value for name, value in handler.headers.items()}
        body: bytes = getattr(handler, "body", b"")
        with one_at_a_time:
            response = simulator.handle(Request(handler.command, path, headers, body, query))
        if not spoil(handler, response):
            send(handler, response.status, response.body, **response.headers)

    return listening(respond)


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """An answer of bytes."""
    handler.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        if name.lower() != "content-length" or name == "Content-Length":
            handler.send_header(name, value)
    handler.end_headers()
    with contextlib.suppress(OSError):  # whoever asked may have heard enough
        handler.wfile.write(body)


def judged(folder: Path, simulator: Simulator, spoil: Spoil, *arguments: Any) -> Ended:
    """The command on such a server, with its merchant's key."""
    with spoilt(simulator, spoil) as server:
        return run(
            folder, "api", "--base-url", server.base_url, *arguments, key=simulator.merchant.key
        )
