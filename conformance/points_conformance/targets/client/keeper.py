"""Runs one command on Linux, and ends all that it started when it is over.

Also what left its session and cleared its environment: whatever loses its parent is adopted here.
And should the kit itself be killed, this ends the command and goes.

This file is run as a script, one process for each command, and imports nothing of the kit.
Arguments: the descriptor to report to, the kit's process, seconds, the command's words. The report
is one JSON object: ``status`` (``null``: its time was over), ``seconds``, ``left``; or ``errno``.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__: list[str] = []

#: Of prctl(2): a signal when the parent dies; to be given the orphans among one's descendants.
_PARENT_DEATH_SIGNAL, _CHILD_SUBREAPER = 1, 36
#: Seconds that a command's last helpers, the end of a pipe say, may take to go.
_ENDING = 0.3
#: Seconds for ending what was left.
_CLEARING = 2.0
_NAP = 0.01


#: What is waited for: the run is over, the command's time is, or somebody has ended.
_AWAITED = (signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD)


def main(report: int, kit: int, seconds: float, argv: list[str]) -> None:
    """Run, wait, report, end."""
    os.set_inheritable(report, False)
    # Held back and waited for: a handler may run just before a call that then waits for ever.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    _adopt()
    told: dict[str, Any] = {}
    pid = 0
    try:
        if os.getppid() != kit:
            return
        signal.setitimer(signal.ITIMER_REAL, seconds)
        started = time.monotonic()
        pid = _start(argv, before)
        ended, status = _waited(pid)
        if ended is signal.SIGALRM:
            told = {"status": None, "left": 0, "seconds": seconds}
        elif ended is signal.SIGCHLD:
            seconds = time.monotonic() - started
            told = {"status": status, "left": _outlived(), "seconds": seconds}
    except OSError as error:
        told = {"errno": error.errno}
    finally:
        _end_all(pid)
        if told:
            os.write(report, json.dumps(told).encode())


def _adopt() -> None:
    """Be given orphans, and be told of the kit's end; a Python without ctypes goes without."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import ctypes

        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
        prctl(_PARENT_DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)


def _start(argv: list[str], mask: set[int]) -> int:
    """Start the command in a session of its own. Raises ``OSError``."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(argv, write, mask)
    os.close(write)
    why = os.read(read, 16)
    os.close(read)
    if why:
        raise OSError(int(why), "")
    return pid


def _become(argv: list[str], write: int, mask: set[int]) -> None:
    """Be the command, with signals and environment as they were before Python saw them."""
    try:
        os.setsid()
        for name in ("SIGPIPE", "SIGXFSZ"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        rows = Path("/proc/self/environ").read_bytes().split(b"\0")
        environment = dict(row.split(b"=", 1) for row in rows if b"=" in row)
        os.execvpe(argv[0], argv, environment)  # noqa: S606 - running it is the purpose
    except OSError as error:
        os.write(write, str(error.errno).encode())
    finally:
        os._exit(127)


def _waited(pid: int) -> tuple[signal.Signals, int]:
    """What came first, and the command's exit status if that was its end, negative for a signal.
    Orphans that end meanwhile are fetched.
    """
    while (number := signal.sigwait(_AWAITED)) == signal.SIGCHLD:
        for ended, status in _ended():
            if ended == pid:
                return signal.SIGCHLD, os.waitstatus_to_exitcode(status)
    return signal.Signals(number), 0


def _ended() -> Iterator[tuple[int, int]]:
    """Fetch whoever has ended: each with its status."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            yield found


def _outlived() -> int:
    """How many processes live on; what is just ending is let end."""
    patience = time.monotonic() + _ENDING
    while (living := _fetched()) and time.monotonic() < patience:
        time.sleep(_NAP)
    return len(list(_children())) if living else 0


def _fetched() -> bool:
    """Fetch whoever has ended; whether anybody is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _end_all(group: int) -> None:
    """End every descendant: whose parent is ended becomes a child of ours."""
    patience = time.monotonic() + _CLEARING
    while True:
        with contextlib.suppress(OSError):
            if group:
                os.killpg(group, signal.SIGKILL)
        for child in _children():
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
        if not _fetched() or time.monotonic() > patience:
            return
        time.sleep(_NAP)


def _children() -> Iterator[int]:
    """The processes whose parent this one is."""
    me = str(os.getpid())
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold anything; state and parent follow it.
            if entry.read_text("utf-8", "replace").rpartition(")")[2].split()[1] == me:
                yield int(entry.parent.name)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
