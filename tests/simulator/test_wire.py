"""The wire to URLs: connections serve again, slow answers are not waited for, and closing it leaves
nothing behind, whatever an attempt was doing.
"""

import gc
import random
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from points_conformance.simulator.delivery import receivers
from points_conformance.simulator.delivery.receivers import Wire


def test_closing_leaves_no_coroutine(monkeypatch: pytest.MonkeyPatch) -> None:
    """At any moment of making a connection: one left behind fails a test that runs later."""
    left: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: left.append(unraisable.object))
    moments = random.Random("moments")
    with socket.socket() as listener, warnings.catch_warnings():
        warnings.simplefilter("error")
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        for _ in range(60):
            wire = Wire(timeout=5)
            under_way = [wire._send(httpx.Request("POST", url)) for _ in range(3)]
            time.sleep(moments.uniform(0, 0.005))
            wire.close()
            assert [reply.result().status for reply in under_way] == [None] * 3
        gc.collect()
    assert not left


#: Answers that are whole, one whose body never ends, and one that is long.
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ENDLESS = b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\nstill"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + b"x" * 900_000


@contextmanager
def receiver(answer: bytes) -> Iterator[tuple[str, list[int]]]:
    """A URL where every request is answered so; how many requests each connection brought."""
    brought: list[int] = []

    def serve(connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            while b"\r\n\r\n" in connection.recv(65536):
                brought[number] += 1
                connection.sendall(answer)

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            brought.append(0)
            threading.Thread(target=serve, args=(connection, len(brought) - 1), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook", brought
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(("answer", "status"), [(WHOLE, 200), (EMPTY, 204)])
def test_one_connection_serves_attempts_that_follow_each_other(answer: bytes, status: int) -> None:
    """Making one costs sender and receiver more than what is told."""
    with receiver(answer) as (url, brought):
        wire = Wire()
        replies = [wire.tell(httpx.Request("POST", url)) for _ in range(3)]
        wire.close()
    assert [reply.status for reply in replies] == [status] * 3
    assert brought == [3]


def test_a_connection_that_waited_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver may be about to close it, and what was told then would be told to nobody."""
    monkeypatch.setattr(receivers, "_IDLE", 0.05)
    with receiver(WHOLE) as (url, brought):
        wire = Wire()
        wire.tell(httpx.Request("POST", url))
        time.sleep(0.2)
        assert wire.tell(httpx.Request("POST", url)).status == 200
        wire.close()
    assert brought == [1, 1]


@pytest.mark.parametrize(("answer", "status"), [(ENDLESS, 202), (LONG, 200)])
def test_the_status_counts_however_long_the_rest_takes(answer: bytes, status: int) -> None:
    """It is waited for no longer than a moment, and read no further than a little."""
    with receiver(answer) as (url, brought):
        wire = Wire()
        replies = [wire.tell(httpx.Request("POST", url)) for _ in range(2)]
        wire.close()
    assert [(reply.status, reply.error) for reply in replies] == [(status, None)] * 2
    assert all(reply.seconds < 2 for reply in replies)
    assert brought == [1, 1]
