"""Signals that ask a run to end: it ends what it started, as after Ctrl-C."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

__all__ = ["end_on_signals"]

_ASKING: Final = ("SIGTERM", "SIGHUP")


def end_on_signals() -> Callable[[], object]:
    """From now on such a signal interrupts the run, once; returns what puts back what was before.

    A signal that somebody else minds, or that is ignored (``nohup``), is left alone.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    numbers = [getattr(signal, name) for name in _ASKING if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]

    def interrupt(number: int, frame: FrameType | None) -> None:
        # A second one would break off the ending itself.
        for each in ours:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ours:
        signal.signal(number, interrupt)
    return lambda: [signal.signal(number, signal.SIG_DFL) for number in ours]
