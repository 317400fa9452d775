"""How many calls a run may make, and how fast."""

import threading
import time
from collections.abc import Callable

__all__ = ["Budget", "BudgetSpent", "Pace"]


class BudgetSpent(Exception):
    """The run has made as many calls as it said it would at most."""


class Budget:
    """Counts calls and refuses one too many. ``limit`` is ``None`` where nothing bounds a run.

    ``beside`` are those of ``spent`` that the limit does not bound. A :meth:`part` counts what is
    paid by it and is paid for by the whole.
    """

    def __init__(self, limit: int | None = None, *, whole: "Budget | None" = None) -> None:
        self.limit = limit
        self.spent = 0
        self.beside = 0
        self._whole = whole
        self._stopped = ""
        self._lock = threading.Lock()

    def part(self) -> "Budget":
        """One rule's share: what others spend beside it is not counted in it."""
        return Budget(whole=self._whole or self)

    def stop(self, why: str) -> None:
        """Refuse whatever a part would pay for from now on."""
        self._stopped = why

    @property
    def made(self) -> int:
        """The calls that the limit bounds, so far."""
        return self.spent - self.beside

    def take(self) -> None:
        """Pay for one call. Raises :class:`BudgetSpent`."""
        if self._whole is not None:
            if self._whole._stopped:
                raise BudgetSpent(self._whole._stopped)
            self._whole.take()
        with self._lock:
            if self.limit is not None and self.spent - self.beside >= self.limit:
                raise BudgetSpent(f"the run's bound of {self.limit} calls is used up")
            self.spent += 1

    def note(self) -> None:
        """Count a call that the limit does not bound."""
        if self._whole is not None:
            self._whole.note()
        with self._lock:
            self.spent += 1
            self.beside += 1


class Pace:
    """At most ``rate`` calls a second; ``None`` is as fast as it goes.

    ``clock`` and ``sleep`` are passed in; both count seconds.
    """

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._clock = clock
        self._sleep = sleep
        self._free = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for the next free place."""
        ahead = self.claim()
        if ahead > 0:
            self._sleep(ahead)

    def hold(self, seconds: float) -> None:
        """Nobody calls for so long."""
        with self._lock:
            self._free = max(self._free, self._clock() + seconds)

    def claim(self) -> float:
        """Take the next free place; in how many seconds that is, for who waits in another way."""
        with self._lock:
            now = self._clock()
            place = max(self._free, now)
            self._free = place + self._gap
        return place - now
