"""The real command, in a process of its own, and small servers that are no Points API."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sysconfig
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMAND = [str(Path(sysconfig.get_path("scripts")) / "points-conformance")]
KEY = "sk_test_0123456789abcdefghijklmnop"
#: Variables of whoever runs these tests that the command would read.
_OURS = ("POINTS_", "PYTEST_", "HYPOTHESIS_", "COV_", "COVERAGE_", "GITHUB_")

Respond = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str
    folder: Path

    @property
    def report(self) -> dict[str, Any]:
        """report.json."""
        text = (self.folder / "points-conformance-report" / "report.json").read_text("utf-8")
        report: dict[str, Any] = json.loads(text)
        return report

    def verdict(self, rule: str) -> str:
        """The verdict of a rule."""
        return str(next(row["verdict"] for row in self.report["rules"] if row["id"] == rule))

    def reason(self, rule: str) -> str:
        """The reason that goes with it."""
        return str(next(row["reason"] for row in self.report["rules"] if row["id"] == rule))


def environment(**variables: str | None) -> dict[str, str]:
    """This process' environment without what the command would read, and with these."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
    return clean | {name: value for name, value in variables.items() if value is not None}


def start(
    folder: Path, *arguments: object, key: str | None = KEY, **variables: str
) -> subprocess.Popen[str]:
    """Start the command in a folder."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        env=environment(POINTS_API_KEY=key, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def minded(sent: signal.Signals) -> Iterator[None]:
    """What is started here ignores no such signal, as it would where tests run under nohup."""
    before = signal.getsignal(sent)
    if before is signal.SIG_IGN:
        signal.signal(sent, signal.SIG_DFL)
    yield
    signal.signal(sent, before)


def ended(process: subprocess.Popen[str], folder: Path) -> Ended:
    """Wait for a command."""
    try:
        out, err = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        with process:  # nothing of it is left to a later test
            process.kill()
        raise
    return Ended(process.returncode, out, err, folder)


def run(folder: Path, *arguments: object, key: str | None = KEY, **variables: str) -> Ended:
    """Run the command in a folder."""
    return ended(start(folder, *arguments, key=key, **variables), folder)


class Listener:
    """A server on loopback that answers however it is told, and notes who called."""

    def __init__(self, respond: Respond) -> None:
        self.calls: list[tuple[str, str]] = []
        self.at: list[float] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes: 40 ms between them

            def handle_any(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                self.body = self.rfile.read(length)
                listener.calls.append((self.command, self.path))
                respond(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.port = self.server.server_address[1]
        self.base_url = f"http://127.0.0.1:{self.port}/api/v1"

    @contextlib.contextmanager
    def serving(self) -> Iterator[Listener]:
        """Serve while the block lasts."""
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join(5)


def listening(respond: Respond) -> contextlib.AbstractContextManager[Listener]:
    """A listener that answers so."""
    return Listener(respond).serving()


def answer(
    handler: BaseHTTPRequestHandler,
    status: int,
    content: object,
    kind: str = "application/json",
    **headers: str,
) -> None:
    """Answer with JSON, or with a text of another kind."""
    body = (content if isinstance(content, str) else json.dumps(content)).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def always(status: int, content: object, kind: str = "application/json", **headers: str) -> Respond:
    """The same answer to every call."""
    return lambda handler: answer(handler, status, content, kind, **headers)


def refusal(message: str) -> dict[str, object]:
    """The error envelope."""
    return {"status": False, "message": message, "appended_data": {}}
