"""The command that crashes a consumer and starts it anew."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from points_conformance.judging.finding import Denied, NotExercised
from points_conformance.targets.consumer import restart
from points_conformance.targets.consumer.build import ConsumerOptions, build_consumer
from points_conformance.targets.consumer.restart import RestartCommand, until_it_answers


def python(code: str) -> RestartCommand:
    """A command that is Python."""
    return RestartCommand([sys.executable, "-c", code], os.environ)


def client(answers: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """A client whose calls go there."""
    return httpx.Client(transport=httpx.MockTransport(answers))


def test_it_does_not_wait_for_what_it_starts() -> None:
    """The consumer keeps the standard output open for as long as it lives."""
    started = time.monotonic()
    python("import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()'])")()
    python("import subprocess; subprocess.Popen(['sleep', '5'])")()
    assert time.monotonic() - started < 5


def test_a_command_that_fails_is_denied_with_its_last_words() -> None:
    """Which is no finding: the consumer was never crashed."""
    with pytest.raises(Denied, match="ended with status 3: no such container"):
        python("import sys; print('no such container'); sys.exit(3)")()


def test_a_command_that_does_not_return_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs the consumer in the foreground."""
    monkeypatch.setattr(restart, "_SECONDS", 0.3)
    with pytest.raises(Denied, match="in the background"):
        python("import time; time.sleep(60)")()


def test_it_is_waited_for_until_somebody_answers() -> None:
    """No connection, and a gateway before it, are nobody; whatever else is the consumer."""
    calls: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        if len(calls) < 2:
            raise httpx.ConnectError("refused")
        return httpx.Response(502 if len(calls) < 3 else 405)

    until_it_answers(client(answers), "http://c.test/", 1.0)
    assert calls == ["GET"] * 3


def test_who_does_not_come_back_is_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for ever."""
    monkeypatch.setattr(restart, "_SECONDS", 0.2)
    with pytest.raises(Denied, match="does not answer"):
        until_it_answers(client(lambda request: httpx.Response(503)), "http://c.test/", 1.0)


def test_without_the_command_nothing_is_said_of_crashes() -> None:
    """And what to give is."""
    target = build_consumer(ConsumerOptions(), "secret", function=lambda request: 204)
    with pytest.raises(NotExercised, match="--restart-command"):
        target.crash()


@contextlib.contextmanager
def listener() -> Iterator[tuple[str, str]]:
    """A process that listens; its URL, and the code of a command that ends it."""
    code = "import socket as s; x = s.create_server(('127.0.0.1', 0)); print(x.getsockname()[1])"
    words = [sys.executable, "-c", f"{code}; import sys; sys.stdout.flush(); input()"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout
        port = process.stdout.readline().strip()
        yield f"http://127.0.0.1:{port}/webhook", f"import os; os.kill({process.pid}, 9)"
        process.kill()


def test_a_crash_that_ends_nothing_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a connection that outlives it; and where nobody listened nothing is said."""
    monkeypatch.setattr(restart, "_CONNECTING", 0.3)
    with listener() as (url, ends_it):
        idle = RestartCommand([sys.executable, "-c", ""], os.environ, url)
        idle()
        assert idle.outlived
        idle.outlived = False
        idle()
        assert (
            not idle.outlived
        )  # looked at once: a connection holds up who does one thing at a time
        real = RestartCommand([sys.executable, "-c", ends_it], os.environ, url)
        real()
        assert not real.outlived
    nobody = RestartCommand([sys.executable, "-c", ""], os.environ, url)
    nobody()
    assert not nobody.outlived
