"""A thin parent of each judging: only a process that the user's code does not run in can say how
that ended. Their hooks, plugins and applications may end the process that judges, with any status.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

__all__ = ["HELD_BY", "survived"]

#: What is passed on to the process that judges; and what it ends by, we end by.
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP")
#: A terminal's Ctrl-C reaches both processes, and the parent passes it on: that is one, not two.
_ONE_INTERRUPT = 0.5
#: The variable with the number of a pipe that is open as long as who began this command lives.
HELD_BY = "POINTS_HELD_BY"
#: Seconds that a judging has to end when that does not.
_GENTLY = 10.0

Judging = Callable[[], int]


def survived(judge: Judging, left: Callable[[str], int]) -> int:
    """The status of a judging, which runs in a child of this process: 0 only where the judging
    itself said so at its end. Returns in both. ``left`` is told where it ended without a word.

    Where a system cannot fork, it is run here.
    """
    if not hasattr(os, "fork"):
        return _said(judge, left)
    sys.stdout.flush()
    sys.stderr.flush()
    word, say = os.pipe()
    alive, hold = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(word)
        os.close(hold)
        _end_with(alive)
        if os.environ.get(HELD_BY, "").isdigit():
            _end_with(int(os.environ[HELD_BY]), gently=True)
        _take_one_interrupt()
        status = _said(judge, left)
        if status == 0:
            os.write(say, b"0")
        return status
    os.close(say)
    os.close(alive)
    with _passing_on(child):
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return _status(ended, word, left)


def _said(judge: Judging, left: Callable[[str], int]) -> int:
    try:
        return judge()
    except SystemExit as ended:
        if ended.code not in (None, 0):
            raise
        return left("code that was run by the judging ended it with sys.exit(0)")


def _status(ended: int, word: int, left: Callable[[str], int]) -> int:
    if ended < 0:
        _end_the_line()
        _end_by(-ended)
        return left(f"the process that judged was ended by {signal.Signals(-ended).name}")
    os.set_blocking(word, False)  # a process that the user's code left may hold the other end
    with contextlib.suppress(BlockingIOError):
        if os.read(word, 1):
            return ended
    if ended == 0:
        _end_the_line()
    return ended or left("code that was run by the judging ended its process with status 0")


def _end_the_line() -> None:
    """A child that was cut off may have left a line on the terminal that says how far it was."""
    if sys.stdout is not None and sys.stdout.isatty():
        sys.stdout.write("\n")
        sys.stdout.flush()


# ---------------------------------------------------------------------- the parent
@contextlib.contextmanager
def _passing_on(child: int) -> Any:
    """Pass signals on to the child; an ignored one stays ignored."""

    def pass_on(number: int, frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    numbers = [getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)]
    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_by(number: int) -> None:
    """End by the signal that ended the child, where it was passed on: shells look at that."""
    if signal.Signals(number).name in _PASSED_ON:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


# ---------------------------------------------------------------------- the child
def _end_with(alive: int, *, gently: bool = False) -> None:
    """End when the parent does, however it does: nobody would hear of the verdict. ``gently``: with
    time to take back what was registered.
    """

    def watch() -> None:
        try:
            os.read(alive, 1)
        except OSError:
            return  # it is no pipe of ours
        if gently:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(_GENTLY)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="the parent's end", daemon=True).start()


def _take_one_interrupt() -> None:
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    last = -_ONE_INTERRUPT

    def interrupt(number: int, frame: Any) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _ONE_INTERRUPT:
            last = now
            signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
