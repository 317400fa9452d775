"""How a command is made to do one operation, and is ended with everything that it starts."""

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from points_conformance.targets.client.case import Operation, cancel, refund
from points_conformance.targets.client.outcome import ClientOutcome
from points_conformance.targets.client.runners import (
    CommandClients,
    CommandError,
    Meeting,
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


def test_what_is_not_asked_for_is_absent_and_only_our_own_names_are_replaced() -> None:
    """What we tell it by takes the place of the caller's; a bearer token or another of the user's
    variables that begins with POINTS_ reaches it like any other, and all goes past proxies.
    """
    callers = {
        "POINTS_AMOUNT": "999", "POINTS_REASON": "mine", "POINTS_API_KEY": "sk_live",
        "POINTS_BEARER_TOKEN": "t", "SHOP": "ours", "NO_PROXY": "intern",
    }  # fmt: skip
    where = meeting()
    environment = told(cancel(), where, **callers)
    assert {k: v for k, v in environment.items() if k.startswith("POINTS_")} == {
        "POINTS_OPERATION": "cancel",
        "POINTS_ORDER_UUID": "a-uuid",
        "POINTS_BASE_URL": "http://127.0.0.1:9/api/v1",
        "POINTS_API_KEY": where.key,
        "POINTS_BEARER_TOKEN": "t",
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
    """Whatever loses its parent is adopted by the process beside the command."""
    where = meeting()
    said = said_by(shell("setsid sleep 60 & sleep 0.2; exit 11"), where=where)
    assert (said.outcome, said.left > 0) == (UNKNOWN, True)
    assert with_key(where.key) == []


def _named(seconds: str) -> list[str]:
    """The processes that sleep for so many seconds, a number of this test's own."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if entry.read_bytes() == f"sleep\0{seconds}\0".encode():
                found.append(entry.parent.name)
    return found


@linux
@pytest.mark.parametrize(
    "script",
    [
        "env -i setsid {sleep} & exit 0",
        "env -i setsid {sleep} </dev/null >/dev/null 2>&1 & sleep 0.2; exit 0",
        "(cd / && env -i setsid sh -c '{sleep} & {sleep}' & ) ; exit 0",
    ],
)
def test_a_daemon_with_a_cleared_environment_is_counted_and_ended(script: str) -> None:
    """``env -i setsid``: in another session, another folder, without the key, twice forked."""
    seconds = f"60.{time.monotonic_ns()}"
    said = said_by(shell(script.replace("{sleep}", f"sleep {seconds}")))
    assert (said.outcome, said.left > 0) == (DONE, True)
    assert _named(seconds) == []


@linux
def test_a_daemon_of_a_command_that_hangs_is_ended() -> None:
    """When its time is over."""
    seconds = f"60.{time.monotonic_ns()}"
    said = said_by(shell(f"env -i setsid sleep {seconds} & sleep {seconds}"), timeout=0.4)
    assert said.hung
    assert _named(seconds) == []


@linux
def test_a_command_is_ended_where_the_kit_is_killed() -> None:
    """SIGKILL of the kit: nothing that it could still do, and nothing runs on."""
    seconds = f"60.{time.monotonic_ns()}"
    command = shell(f"env -i setsid sleep {seconds} & sleep {seconds}")
    script = (
        "import os; from points_conformance.targets.client.process import Processes;"
        f"Processes().run({shlex.split(command)!r}, dict(os.environ), 60)"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as kit:
        _until(lambda: len(_named(seconds)) == 2)
        kit.kill()
    _until(lambda: not _named(seconds))


def _until(holds: Callable[[], bool]) -> None:
    patience = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < patience
        time.sleep(0.02)


@linux
def test_a_command_sees_nothing_of_what_keeps_it() -> None:
    """No descriptor, no variable, no ignored or blocked signal of ours; a session of its own."""
    script = (
        "import os, signal, sys; assert os.getsid(0) == os.getpid();"
        "assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL;"
        "assert not signal.pthread_sigmask(signal.SIG_BLOCK, ());"
        "open_ = [fd for fd in range(3, 64) if os.path.exists(f'/proc/self/fd/{fd}')];"
        "print(open_, sorted(k for k in os.environ if k[:3] in ('LC_', 'PYT')))"
    )
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    said = said_by(shlex.join([sys.executable, "-I", "-S", "-c", script]), environment=environment)
    assert said.output.strip() == "[] ['LC_ALL']"


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
