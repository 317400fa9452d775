"""Judgings of this machine that ask one server for orders, one at a time: of two earning calls at
once for one merchant the second may be refused with 429.
"""

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

__all__ = ["Turn", "turn_at"]

#: Makes what is entered around each call.
Turn = Callable[[], AbstractContextManager[object]]
#: Seconds to wait for the others: after that the server says itself whether it is too much.
_PATIENCE = 60.0


def turn_at(base_url: str, *, processes: int) -> Turn:
    """The turn at a server; no turns where nobody else judges."""
    if processes < 2:
        return contextlib.nullcontext
    name = hashlib.sha256(base_url.encode("utf-8", "replace")).hexdigest()[:16]
    return partial(_locked, Path(tempfile.gettempdir()) / f"points-conformance-{name}.lock")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    # Here, for most runs are by themselves.
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    with contextlib.suppress(Timeout, OSError):
        lock.acquire(timeout=_PATIENCE)
    try:
        yield
    finally:
        lock.release()
