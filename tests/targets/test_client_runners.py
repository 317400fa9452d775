"""How a client is made to do one operation: a command with everything it starts, or an object."""

import asyncio
import json
import os
import shlex
import sys
import threading
import time
import tracemalloc
import urllib.error
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from email.message import Message
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from points_conformance.targets.client_case import Operation, cancel, refund
from points_conformance.targets.client_outcome import ClientOutcome, Unmapped, outcome_of
from points_conformance.targets.client_runners import (
    CommandClients,
    CommandError,
    Meeting,
    ObjectClients,
    Said,
)

DONE, REFUSED, UNKNOWN = ClientOutcome.DONE, ClientOutcome.REFUSED, ClientOutcome.UNKNOWN
PART = refund("25.00", "One item came back")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads the process table of Linux")
posix = pytest.mark.skipif(os.name != "posix", reason="a POSIX shell")


def meeting(name: str = "one", ca_file: str | None = None) -> Meeting:
    """An API that nobody calls; the key is this test's own."""
    key = f"sk_test_{os.getpid()}_{time.monotonic_ns()}_{name}"
    return Meeting("http://127.0.0.1:9/api/v1", key, "a-uuid", ca_file)


def said_by(
    command: str,
    operation: Operation = PART,
    *,
    timeout: float = 10,
    where: Meeting | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Said:
    """What a command says of one operation."""
    with CommandClients(command, environment, timeout=timeout).open(where or meeting()) as client:
        return client(operation)


def shell(script: str) -> str:
    """A command that is a line of sh."""
    return shlex.join(["sh", "-c", script])


def python(script: str) -> str:
    """A command that is a line of Python, started as fast as it can be."""
    return shlex.join([sys.executable, "-S", "-E", "-c", script])


def with_key(key: str) -> list[str]:
    """Command lines of all processes that know this key."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if key.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text("utf-8", "replace"))
        except OSError:
            continue
    return found


# ---------------------------------------------------------------------- exit statuses
@posix
@pytest.mark.parametrize(("status", "outcome"), [(0, DONE), (10, REFUSED), (11, UNKNOWN)])
def test_three_exit_statuses_say_what_came_of_it(status: int, outcome: ClientOutcome) -> None:
    """0 done, 10 refused, 11 unknown."""
    said = said_by(shell(f"echo hello; echo there >&2; exit {status}"))
    assert (said.outcome, said.how, said.left, said.hung) == (
        outcome, f"exit status {status}", 0, False,
    )  # fmt: skip
    assert said.output == "hello\nthere\n"
    assert 0 < said.seconds < 5


@posix
@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("exit 1", "exit status 1"),
        ("exit 2", "exit status 2"),
        ("exit 12", "exit status 12"),
        ("kill -TERM $$", "ended by signal 15"),
    ],
)
def test_every_other_end_is_none_of_the_three(script: str, how: str) -> None:
    """And is said as it was."""
    said = said_by(shell(script))
    assert (said.outcome, str(said)) == (None, how)


def test_a_command_that_vanishes_is_said_to_be_gone(tmp_path: Path) -> None:
    """It was there when the run began."""
    program = tmp_path / "client"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    clients = CommandClients(str(program), os.environ)
    program.unlink()
    with clients.open(meeting()) as client:
        assert str(client(PART)) == "could not be run: No such file or directory"


# ---------------------------------------------------------------------- commands that are none
def _wrong_commands(folder: Path) -> dict[str, str]:
    plain = folder / "notes.txt"
    plain.write_text("no program", encoding="utf-8")
    return {
        "": "--command is empty",
        "   ": "--command is empty",
        "no-such-program-here --x": "no-such-program-here was not found",
        str(folder / "none.py"): "none.py was not found",
        str(plain): "is not executable: chmod +x it",
        str(folder): "is a folder",
        'sh -c "exit': "cannot be read: No closing quotation",
    }


def test_what_cannot_be_run_is_one_plain_line(tmp_path: Path) -> None:
    """Before anything is run."""
    said = {}
    wrong = _wrong_commands(tmp_path)
    for command in wrong:
        with pytest.raises(CommandError) as caught:
            CommandClients(command, os.environ)
        said[command] = str(caught.value)
    assert all(part in said[command] for command, part in wrong.items()), said
    assert not [line for line in said.values() if "\n" in line]


# ---------------------------------------------------------------------- what it is told
_TELL = (
    "import json,os,sys; print(json.dumps([dict(os.environ), sys.stdin.read(),"
    " os.path.realpath(os.getcwd())]))"
)


def told(operation: Operation, where: Meeting, **more: str) -> dict[str, str]:
    """The environment that a command gets."""
    said = said_by(python(_TELL), operation, where=where, environment=os.environ | more)
    environment, stdin, folder = json.loads(said.output)
    assert (stdin, folder) == ("", str(Path.cwd().resolve()))
    return dict(environment)


def ours(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that are the kit's, or about authorities."""
    also = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE")
    return {k: v for k, v in environment.items() if k.startswith("POINTS_") or k in also}


def test_a_command_is_told_all_in_its_environment() -> None:
    """Everything where something is asked for; nothing on standard input."""
    where = meeting(ca_file="/some/ca.pem")
    assert ours(told(PART, where)) == {
        "POINTS_OPERATION": "refund",
        "POINTS_ORDER_UUID": "a-uuid",
        "POINTS_AMOUNT": "25.00",
        "POINTS_REASON": "One item came back",
        "POINTS_BASE_URL": "http://127.0.0.1:9/api/v1",
        "POINTS_API_KEY": where.key,
        "POINTS_CA_FILE": "/some/ca.pem",
        "SSL_CERT_FILE": "/some/ca.pem",
        "NODE_EXTRA_CA_CERTS": "/some/ca.pem",
        "CURL_CA_BUNDLE": "/some/ca.pem",
    }


def test_what_is_not_asked_for_is_absent_and_nothing_is_inherited() -> None:
    """None of the caller's POINTS_* variables reaches a client; the rest does, past proxies."""
    callers = {
        "POINTS_AMOUNT": "999", "POINTS_REASON": "mine", "POINTS_API_KEY": "sk_live",
        "POINTS_WEBHOOK_SECRET": "s", "SHOP": "ours", "NO_PROXY": "intern",
    }  # fmt: skip
    where = meeting()
    environment = told(cancel(), where, **callers)
    assert {k: v for k, v in environment.items() if k.startswith("POINTS_")} == {
        "POINTS_OPERATION": "cancel",
        "POINTS_ORDER_UUID": "a-uuid",
        "POINTS_BASE_URL": "http://127.0.0.1:9/api/v1",
        "POINTS_API_KEY": where.key,
    }
    assert environment["SHOP"] == "ours"
    assert environment["NO_PROXY"] == "intern,127.0.0.1,localhost"
    assert environment["no_proxy"].endswith("127.0.0.1,localhost")


# ---------------------------------------------------------------------- rough commands
def test_a_command_that_prints_without_end_is_read_and_forgotten() -> None:
    """20 MB do not stop it, nor fill our memory; the first of it is kept."""
    script = "import os\nfor _ in range(320): os.write(1, b'x' * 65536)\nos._exit(10)"
    tracemalloc.start()
    try:
        said = said_by(python(script))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (said.outcome, len(said.output)) == (REFUSED, 4_000_000)
    assert most < 16_000_000


@posix
def test_a_command_that_hangs_is_ended_with_its_children() -> None:
    """When its time is over, and not much later."""
    where = meeting()
    said = said_by(shell("sleep 60 & sleep 60"), timeout=0.4, where=where)
    assert (said.outcome, said.how, said.hung) == (None, "did not end within 0.4 s", True)
    assert 0.4 <= said.seconds < 3
    assert with_key(where.key) == []


@posix
def test_a_child_that_stays_is_counted_and_ended() -> None:
    """It also holds the pipe open: nobody waits for that."""
    where = meeting()
    started = time.monotonic()
    said = said_by(shell("sleep 60 & exit 0"), where=where)
    assert (said.outcome, said.left > 0) == (DONE, True)
    assert time.monotonic() - started < 5
    assert with_key(where.key) == []


@linux
def test_a_child_that_leaves_its_session_is_counted_and_ended() -> None:
    """It is known by the key in its environment."""
    where = meeting()
    said = said_by(shell("setsid sleep 60 & sleep 0.2; exit 11"), where=where)
    assert (said.outcome, said.left > 0) == (UNKNOWN, True)
    assert with_key(where.key) == []


@linux
@pytest.mark.parametrize("same", ["key", "port"])
def test_nobody_elses_children_are_ended(same: str) -> None:
    """Another case's client runs on, also of another run with the same seed: it has that key."""
    mine = meeting("mine")
    others = replace(mine, base_url="http://127.0.0.1:8/api/v1")
    if same == "port":
        others = replace(mine, key="sk_test_another")
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(said_by, shell("sleep 0.6; exit 10"), where=others)
        time.sleep(0.2)
        assert said_by(shell("sleep 60 & exit 0"), where=mine).left > 0
        assert other.result().outcome is REFUSED


@posix
def test_the_end_of_a_run_ends_commands_at_once() -> None:
    """What runs is ended with its children, and nothing more is started."""
    where = meeting()
    clients = CommandClients(shell("sleep 60 & sleep 60"), os.environ, timeout=60)
    with ThreadPoolExecutor(1) as pool, clients.open(where) as client:
        running = pool.submit(client, PART)
        time.sleep(0.3)
        clients.end()
        assert running.result(3).how == "ended by signal 9"
        assert str(client(PART)) == "could not be run: the run is over"
    assert with_key(where.key) == []


# ---------------------------------------------------------------------- an object
class Shop:
    """A client that does what it was made with."""

    def __init__(self, base_url: str, api_key: str, act: Callable[..., Any]) -> None:
        self.base_url, self.api_key, self._act = base_url, api_key, act

    def refund(self, uuid: str, **more: Any) -> Any:
        """Whatever it does."""
        return self._act("refund", uuid, **more)

    def cancel(self, uuid: str, **more: Any) -> Any:
        """The same."""
        return self._act("cancel", uuid, **more)


def objects(act: Callable[..., Any], **options: Any) -> ObjectClients:
    """Clients that act so."""
    return ObjectClients(lambda base_url, key: Shop(base_url, key, act), **options)


def said_by_object(
    act: Callable[..., Any], operations: Sequence[Operation] = (PART,), **options: Any
) -> list[Said]:
    """What an object that acts so says of operations, one after the other."""
    with objects(act, **options).open(meeting()) as client:
        return [client(operation) for operation in operations]


def raising(error: BaseException) -> Callable[..., Any]:
    """An act that raises."""

    def act(*_: Any, **__: Any) -> Any:
        raise error

    return act


def test_an_object_is_asked_by_its_methods() -> None:
    """What is not asked for is not passed; the amount is a Decimal with its decimals."""
    calls: list[Any] = []
    said = said_by_object(
        lambda *words, **more: calls.append((*words, more)),
        [refund("25.00", "Why"), refund(), cancel(), cancel("Off")],
    )
    assert calls == [
        ("refund", "a-uuid", {"amount": Decimal("25.00"), "reason": "Why"}),
        ("refund", "a-uuid", {}),
        ("cancel", "a-uuid", {}),
        ("cancel", "a-uuid", {"reason": "Off"}),
    ]
    assert str(calls[0][2]["amount"]) == "25.00"
    assert {s.outcome for s in said} == {DONE}


def test_an_async_object_has_one_loop_for_all_operations_of_a_case() -> None:
    """So that a connection that it keeps lives on; another case has a loop of its own."""
    loops: list[Any] = []

    async def act(*_: Any, **__: Any) -> str:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())
        return "refused"

    clients = objects(act)
    for _ in range(2):
        with clients.open(meeting()) as client:
            assert [client(PART).outcome for _ in range(2)] == [REFUSED, REFUSED]
    assert loops[0] is loops[1] is not loops[2] is loops[3]
    assert all(loop.is_closed() for loop in loops)


def response(status: int) -> httpx.Response:
    """An answer of httpx'."""
    return httpx.Response(status, request=httpx.Request("POST", "http://x/"))


def httpx_error(status: int) -> Exception:
    """What ``raise_for_status`` raises."""
    return httpx.HTTPStatusError("no", request=response(status).request, response=response(status))


def requests_error(status: int) -> Exception:
    """What the same of requests raises."""
    answer = requests.Response()
    answer.status_code = status
    return requests.HTTPError("no", response=answer)


def urllib_error(status: int) -> Exception:
    """What urllib raises by itself."""
    error = urllib.error.HTTPError("http://x/", status, "no", Message(), None)
    error.close()
    return error


class LibraryError(Exception):
    """An error of somebody's own, with the status on it."""

    def __init__(self, status: int) -> None:
        super().__init__("no")
        self.status = status


@pytest.mark.parametrize("made", [httpx_error, requests_error, urllib_error, LibraryError])
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, REFUSED), (404, REFUSED), (422, REFUSED), (499, REFUSED),
        (408, UNKNOWN), (429, UNKNOWN), (302, UNKNOWN), (500, UNKNOWN), (503, UNKNOWN),
    ],
)  # fmt: skip
def test_an_error_with_a_status_is_the_apis(
    made: Callable[[int], Exception], status: int, outcome: ClientOutcome
) -> None:
    """4xx is a refusal, but for 408 and 429; whatever else is unknown."""
    assert outcome_of(None, made(status)) is outcome


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("slow"), httpx.ConnectError("none"), httpx.RemoteProtocolError("half"),
        requests.ConnectionError("none"), requests.Timeout("slow"),
        requests.exceptions.ChunkedEncodingError("half"),
        urllib.error.URLError("none"), IncompleteRead(b"half"),
        TimeoutError(), ConnectionResetError(), OSError("something"),
    ],
    ids=lambda error: f"{type(error).__module__}.{type(error).__name__}",
)  # fmt: skip
def test_what_libraries_raise_for_the_network_is_unknown(error: Exception) -> None:
    """Nobody knows what became of the call."""
    assert outcome_of(None, error) is UNKNOWN


@pytest.mark.parametrize("result", [None, True, {}, 0, "", "paid", 2.5], ids=repr)
def test_whatever_is_returned_is_done(result: object) -> None:
    """But one of the three words, and False."""
    assert outcome_of(result, None) is DONE


@pytest.mark.parametrize("outcome", list(ClientOutcome))
def test_an_outcome_or_its_word_is_taken_as_it_is(outcome: ClientOutcome) -> None:
    """In either spelling."""
    assert outcome_of(outcome, None) is outcome
    assert outcome_of(str(outcome), None) is outcome


def test_false_and_other_errors_say_none_of_the_three() -> None:
    """``False`` may mean either; an error of the client's own is a crash."""
    with pytest.raises(Unmapped, match="returned False"):
        outcome_of(False, None)
    with pytest.raises(Unmapped, match="it raised KeyError: 'data'"):
        outcome_of(None, KeyError("data"))


def test_what_says_none_of_the_three_is_kept_in_words() -> None:
    """With what it came from; sys.exit() as well, and what cannot be printed."""

    class Unprintable:
        def __repr__(self) -> str:
            raise ValueError("never")

    def crash(*_: Any, **__: Any) -> None:
        try:
            raise ValueError("inner")
        except ValueError as error:
            raise KeyError("outer") from error

    (crashed,) = said_by_object(crash)
    assert (crashed.outcome, crashed.hung) == (None, False)
    assert crashed.output == "raised KeyError: 'outer'; from ValueError: inner"
    (left,) = said_by_object(raising(SystemExit(1)))
    assert (left.outcome, left.how, left.hung) == (None, "it raised SystemExit: 1", False)
    (shown,) = said_by_object(lambda *_, **__: Unprintable())
    assert (shown.outcome, shown.how) == (
        DONE, "returned a Unprintable that cannot be shown: never",
    )  # fmt: skip


def test_an_outcome_function_of_the_users_decides() -> None:
    """It may return an outcome or its word; what is neither, and its own crash, is said."""

    def outcome(result: object, error: BaseException | None) -> Any:
        if error is not None:
            raise error
        return result

    answers = iter([UNKNOWN, "refused", "paid", None])
    said = said_by_object(lambda *_, **__: next(answers), [PART] * 4, outcome=outcome)
    assert [s.outcome for s in said] == [UNKNOWN, REFUSED, None, None]
    assert said[1].outcome is REFUSED
    assert "'paid' is not a valid ClientOutcome" in said[2].how
    (crashed,) = said_by_object(raising(KeyError("x")), outcome=outcome)
    assert (crashed.outcome, crashed.hung) == (None, False)
    assert crashed.how == "points_client_outcome raised KeyError: 'x', of what raised KeyError: 'x'"


def test_a_maker_that_raises_is_heard() -> None:
    """Like a method that does."""

    def make(base_url: str, api_key: str) -> object:
        raise ConnectionRefusedError(base_url)

    with ObjectClients(make).open(meeting()) as client:
        assert client(PART).outcome is UNKNOWN


def test_a_method_that_never_ends_is_left_behind() -> None:
    """So are the operations after it; the end of the run waits for none."""
    held = threading.Event()
    try:
        started = time.monotonic()
        said = said_by_object(lambda *_, **__: held.wait(30), [PART, PART], timeout=0.3)
        assert [s.how for s in said] == [
            "did not end within 0.3 s",
            "the operation before it never ended",
        ]
        assert {(s.outcome, s.hung) for s in said} == {(None, True)}
        clients = objects(lambda *_, **__: held.wait(30), timeout=30)
        threading.Timer(0.2, clients.end).start()
        with clients.open(meeting()) as client:
            assert client(PART).hung
        assert time.monotonic() - started < 3
    finally:
        held.set()


def test_ca_file_is_passed_where_it_is_taken() -> None:
    """By name, or by ``**``; to others it is never passed."""
    given: list[Any] = []

    def named(base_url: str, key: str, *, ca_file: str | None = None) -> Shop:
        given.append(ca_file)
        return Shop(base_url, key, lambda *_, **__: None)

    def anything(base_url: str, key: str, **more: Any) -> Shop:
        given.append(more)
        return Shop(base_url, key, lambda *_, **__: None)

    takes = []
    plain = objects(lambda *_, **__: None)
    for clients in (ObjectClients(named), ObjectClients(anything), plain):
        takes.append(clients.takes_ca)
        with clients.open(meeting(ca_file="/ca.pem")) as client:
            assert client(PART).outcome is DONE
    assert (takes, given) == ([True, True, False], ["/ca.pem", {"ca_file": "/ca.pem"}])


def test_what_is_printed_and_logged_is_kept_while_watched(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also from other threads, at INFO; afterwards all is as before."""
    import logging

    def act(*_: Any, **__: Any) -> None:
        print("a line")
        logging.getLogger("shop").info("a note")

    clients = objects(act)
    level = logging.getLogger().level
    with clients.watched() as printed, clients.open(meeting()) as client:
        client(PART)
        kept = printed()
    assert ("a line" in kept, "a note" in kept) == (True, True)
    assert logging.getLogger().level == level
    assert capsys.readouterr().out == ""
