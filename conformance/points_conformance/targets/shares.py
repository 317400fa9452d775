"""What the workers of one run share: the bound on calls, the pace, the orders that were given.

Each worker is a process of its own, so this lives in files of a folder that the run has to itself.
"""

import contextlib
import hashlib
import os
import time
from pathlib import Path

from filelock import FileLock

__all__ = ["Shares"]


class Shares:
    """Counters and claims under a lock that every worker respects."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._lock = FileLock(folder / "lock", thread_local=False)
        #: Held while an order is made: a merchant may make one at a time.
        self.making = FileLock(folder / "making", thread_local=False)

    def spend(self, limit: int | None) -> bool:
        """Pay for one call of the run; false where its bound is used up."""
        with self._lock:
            spent = int(self._read("calls"))
            if limit is not None and spent >= limit:
                return False
            self._write("calls", str(spent + 1))
        return True

    def place(self, gap: float) -> float:
        """Take the next place in the queue; how many seconds it is away."""
        with self._lock:
            now = time.time()
            place = max(self._read("free"), now)
            self._write("free", repr(place + gap))
        return place - now

    def claim(self, name: str) -> bool:
        """Whether nobody has claimed ``name`` before. It is the caller's from now on."""
        path = self.folder / hashlib.sha256(name.encode()).hexdigest()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        return True

    def _read(self, name: str) -> float:
        with contextlib.suppress(OSError, ValueError):
            return float((self.folder / name).read_text("ascii"))
        return 0.0

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "ascii")
