"""The processes of a client that is a command: run, read, and ended with all that they started."""

import contextlib
import errno
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Ended", "Processes"]

#: Of what a process prints so much is kept, in bytes; the rest is thrown away.
_MOST: Final = 4_000_000
#: Seconds for what a killed process leaves in its pipe.
_LAST_WORDS: Final = 2.0
#: Seconds that a command's last helpers, the end of a pipe say, may take to go.
_ENDING: Final = 0.3
_Process = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended. ``status`` is ``None`` where it had to be ended, negative for a signal.

    ``left``: how many processes it had left behind when it was over, at least.
    """

    status: int | None
    seconds: float
    output: str
    left: int


class Processes:
    """Runs processes, several side by side, until :meth:`end`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[_Process] = set()
        self._over = False

    def run(
        self, argv: Sequence[str], environment: Mapping[str, str], timeout: float, *marks: str
    ) -> Ended:
        """Run one, for ``timeout`` seconds at most. Raises ``OSError`` where it cannot be started.

        ``marks`` are variables of its environment that no other process has together.
        """
        started = time.monotonic()
        process = self._start(argv, environment)
        read: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(process, read), daemon=True)
        reader.start()
        status = _status(process, timeout)
        seconds = time.monotonic() - started
        mine = [f"{name}={environment[name]}" for name in marks]
        left = _end(process, mine, running=status is None)
        with self._lock:
            self._running.discard(process)
        reader.join(_LAST_WORDS)
        return Ended(status, seconds, b"".join(read).decode("utf-8", "replace"), left)

    def end(self) -> None:
        """End all that runs; whatever is to be started later is not."""
        with self._lock:
            self._over = True
            running = list(self._running)
        for process in running:
            _kill(process)

    def _start(self, argv: Sequence[str], environment: Mapping[str, str]) -> _Process:
        with self._lock:
            if self._over:
                raise OSError(errno.ECANCELED, "the run is over")
            process = subprocess.Popen(  # noqa: S603 - running the user's command is the purpose
                argv,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
            return process


def _status(process: _Process, timeout: float) -> int | None:
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        return None


def _drain(process: _Process, into: list[bytes]) -> None:
    """Read all that is printed, so that the process never waits for us; keep the first of it."""
    assert process.stdout is not None
    left = _MOST
    with process.stdout as pipe:
        while part := os.read(pipe.fileno(), 65536):
            if left > 0:
                into.append(part[:left])
                left -= len(part)


def _end(process: _Process, marks: Sequence[str], *, running: bool) -> int:
    """End whatever is left of a process; how many it left behind when it was over by itself."""
    left = _outlived(process.pid) if not running else 0
    _kill(process)
    process.wait(_LAST_WORDS)
    strays = _marked(marks)
    for pid in strays:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return max(left, len(strays))


def _kill(process: _Process) -> None:
    """End a process and its group, which outlives it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _outlived(group: int) -> int:
    """Whether a group lives on after its first process; what is just ending is let end."""
    patience = time.monotonic() + _ENDING
    while (lives := _group_lives(group)) and time.monotonic() < patience:
        time.sleep(_ENDING / 10)
    return lives


def _group_lives(group: int) -> int:
    if not hasattr(os, "killpg"):
        return 0
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return 0
    return 1


def _marked(marks: Sequence[str]) -> list[int]:
    """Processes whose environment has all marks: they left the group (Linux alone)."""
    wanted = {mark.encode() for mark in marks}
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if wanted <= set(entry.read_bytes().split(b"\0")):
                found.append(int(entry.parent.name))
    return found
