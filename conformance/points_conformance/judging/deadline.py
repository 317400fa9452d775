"""A call that may take so long in all, however slowly its bytes drip.

The timeouts of HTTP clients are for one read each: a server that sends a byte now and then would
hold a run up for ever. So calls are made on threads that whoever asks can leave behind. A thread
for each call would cost as much as a fast answer: those that are free are used again.
"""

import os
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

import httpx

__all__ = ["within"]

Result = TypeVar("Result")
#: How long a free thread stays, in seconds.
_IDLE: Final = 1.0


def within(seconds: float | None, call: Callable[[], Result]) -> Result:
    """The call's result, or whatever it raises. Raises :class:`httpx.ReadTimeout` if it is late.

    A late call is left to itself on a thread that ends with it, or with the process; its client is
    closed then. Without ``seconds`` it is called right here.
    """
    if seconds is None:
        return call()
    caller = _free.take() or _Caller(_free)
    caller.calls.put(call)
    try:
        result, error = caller.ended.get(timeout=seconds)
    except BaseException as early:
        caller.calls.put(None)
        if isinstance(early, Empty):
            raise httpx.ReadTimeout(f"no whole answer within {seconds:.0f} s") from None
        raise
    _free.put(caller)
    if error is not None:
        raise error
    done: Result = result
    return done


class _Free:
    """The threads that have nothing to do."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: in a forked process no thread is left, and nobody will let go of a lock."""
        self._lock = threading.Lock()
        self._callers: list[_Caller] = []

    def take(self) -> "_Caller | None":
        """The one that was busy last."""
        with self._lock:
            return self._callers.pop() if self._callers else None

    def put(self, caller: "_Caller") -> None:
        """Its call has come to an end."""
        with self._lock:
            self._callers.append(caller)

    def dismiss(self, caller: "_Caller") -> bool:
        """Whether it may go: nobody has taken it meanwhile."""
        with self._lock:
            free = caller in self._callers
            if free:
                self._callers.remove(caller)
            return free


class _Caller:
    """A thread that makes calls, one at a time, until it is given up or not needed any more."""

    def __init__(self, free: _Free) -> None:
        #: What to call; ``None`` is the end.
        self.calls: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        #: What a call returned, or what it raised.
        self.ended: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self._free = free
        threading.Thread(target=self._run, name="points-call", daemon=True).start()

    def _run(self) -> None:
        while (call := self._next()) is not None:
            self.ended.put(_outcome(call))
            del call  # whatever it holds is not held until the next one

    def _next(self) -> Callable[[], Any] | None:
        try:
            return self.calls.get(timeout=_IDLE)
        except Empty:
            return None if self._free.dismiss(self) else self.calls.get()


def _outcome(call: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return call(), None
    except BaseException as error:
        return None, error


_free: Final = _Free()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free.forget)
