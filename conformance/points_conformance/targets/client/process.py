"""The processes of a client that is a command: run, read, and ended with all that they started."""

import contextlib
import errno
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["Ended", "Processes"]

#: Of what a process prints so much is kept, in bytes; the rest is thrown away.
_MOST: Final = 4_000_000
#: Seconds for what a killed process leaves in its pipe.
_LAST_WORDS: Final = 2.0
#: Seconds that a command's last helpers, the end of a pipe say, may take to go.
_ENDING: Final = 0.3
#: On Linux each command has a process beside it that ends all that it leaves behind.
_KEEPER: Final = Path(__file__).with_name("keeper.py")
_KEPT: Final = sys.platform == "linux" and bool(sys.executable)
#: Seconds that a keeper may take to begin, and to end what it keeps.
_KEEPING: Final = 10.0
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

    def run(self, argv: Sequence[str], environment: Mapping[str, str], timeout: float) -> Ended:
        """Run one, for ``timeout`` seconds at most. Raises ``OSError`` where it cannot be started.

        Where there is no keeper, what leaves the command's process group is not found.
        """
        report, told = os.pipe() if _KEPT else (-1, -1)
        try:
            words = [*_keeper(told, timeout), *argv] if _KEPT else argv
            process = self._start(words, environment, told)
        except OSError:
            _close(report)
            raise
        finally:
            _close(told)
        read: list[bytes] = []
        reader = threading.Thread(target=_drain, args=(process, read), daemon=True)
        reader.start()
        try:
            status, seconds, left = _kept(report, timeout) if _KEPT else _waited(process, timeout)
        finally:
            _end(process)
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

    def _start(self, argv: Sequence[str], environment: Mapping[str, str], told: int) -> _Process:
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
                pass_fds=(told,) if told >= 0 else (),
            )
            self._running.add(process)
            return process


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


def _keeper(told: int, timeout: float) -> list[str]:
    """The words that start a keeper; what it keeps follows them."""
    python = [sys.executable, "-I", "-S", str(_KEEPER)]
    return [*python, str(told), str(os.getpid()), str(timeout)]


def _kept(report: int, timeout: float) -> tuple[int | None, float, int]:
    """What a keeper tells: status, seconds, and how many processes were left.

    Raises ``OSError`` where the command could not be started.
    """
    with open(report, "rb", buffering=0) as pipe:
        waiting = select.poll()
        waiting.register(pipe, select.POLLIN)
        text = pipe.read() if waiting.poll((timeout + _KEEPING) * 1000) else b""
    if not text:  # ended before it could say anything
        return -signal.SIGKILL, 0.0, 0
    told: dict[str, Any] = json.loads(text)
    if "errno" in told:
        raise OSError(told["errno"], os.strerror(told["errno"]))
    return told["status"], told["seconds"], told["left"]


def _waited(process: _Process, timeout: float) -> tuple[int | None, float, int]:
    """The same of a process that nobody keeps."""
    started = time.monotonic()
    status = _status(process, timeout)
    seconds = time.monotonic() - started
    return status, seconds, 0 if status is None else _outlived(process.pid)


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


def _end(process: _Process) -> None:
    """End whatever is left of a process."""
    if not _KEPT or _status(process, _LAST_WORDS) is None:
        _kill(process)
    if _status(process, _LAST_WORDS) is None:
        process.kill()
        process.wait()


def _kill(process: _Process) -> None:
    """End a process and its group, which outlives it. A keeper ends what it keeps, and goes."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if _KEPT:
            process.terminate()
        elif hasattr(os, "killpg"):
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
