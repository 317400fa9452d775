"""A process in which no thread runs for a while, as on a machine that is too busy."""

import ctypes

__all__ = ["stand_still"]


def stand_still(seconds: float) -> None:
    """Sleep, and let no other thread of this process run: the interpreter's lock is kept."""
    ctypes.PyDLL(None).usleep(int(seconds * 1_000_000))
