"""Waiting for what another thread brings about."""

import time
from collections.abc import Callable

__all__ = ["eventually"]


def eventually(holds: Callable[[], bool]) -> None:
    """It does within ten seconds."""
    patience = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < patience, "it never came true"
        time.sleep(0.002)
