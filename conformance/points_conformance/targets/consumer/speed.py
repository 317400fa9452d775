"""How fast a consumer takes deliveries and makes something of them, and how long to wait by that.

Two things are measured. What an effect takes though nothing is waiting (``lag``: a poller, a
delay), and what each delivery more adds to that (``per_job``: the worker of a queue).
"""

import contextlib
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from points_conformance.judging.finding import Denied

__all__ = ["LONGEST_WAIT", "Promised", "Speed", "Turnstile", "waiting_time"]

#: Seconds for which a consumer may turn one delivery or read away with 429.
LONGEST_WAIT: Final = 60.0
#: What 429 without Retry-After asks for.
_A_MOMENT: Final = 1.0
#: How often in a row what was promised may fail.
_IN_A_ROW: Final = 5
#: So much slower than what was turned away.
_SLOWER: Final = 1.25


class Turnstile:
    """Keeps the pace that a consumer asks for by 429. What was turned away was not taken: it comes
    again after the wait, as any sender would have it, and says nothing about the consumer.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.gap = 0.0
        self._clock = clock
        self._sleep = sleep
        self._free = 0.0
        self._closed_until = 0.0
        self._taken: deque[float] = deque(maxlen=1000)
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for the next place. Raises :class:`Denied` for as long as nobody is let in."""
        with self._lock:
            now = self._clock()
            if self._closed_until > now:
                left = self._closed_until - now
                raise Denied(f"the consumer asked not to be called for another {left:.0f} s (429)")
            place = max(self._free, now)
            self._free = place + self.gap
        if place > now:
            self._sleep(place - now)

    def through(
        self, call: Callable[[], httpx.Response], *, in_place: bool = False
    ) -> httpx.Response:
        """The answer to a call that was let in. ``in_place``: its place was waited for already.
        Raises :class:`Denied` where it is turned away for too long.
        """
        until = self._clock() + LONGEST_WAIT
        while True:
            if not in_place:
                self.wait()
            in_place = False
            answer = call()
            if answer.status_code != 429:
                self._taken.append(self._clock())
                return answer
            self._turned_away(answer.headers.get("retry-after", ""), until)

    def _turned_away(self, retry_after: str, until: float) -> None:
        seconds = waiting_time(retry_after)
        with self._lock:
            now = self._clock()
            if now + seconds > until:
                self._closed_until = now + min(seconds, 3600.0)
                raise Denied(
                    f"the consumer turns calls away with 429 for more than {LONGEST_WAIT:.0f} s: "
                    "let more of them in where it is tested"
                )
            taken = sum(at > now - seconds for at in self._taken)
            slower = max(self.gap * _SLOWER, _SLOWER * seconds / (taken + 1))
            self.gap = max(self.gap, min(slower, _SLOWER * seconds))
            self._free = max(self._free, now + seconds)


def waiting_time(retry_after: str) -> float:
    """The seconds that Retry-After asks for, as such or as a date, and at least a moment."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return _A_MOMENT
    return _A_MOMENT if math.isnan(seconds) else max(seconds, 0.05)


class Promised:
    """Something of the user's that rules need: a state, a way to tell of orders. Where it failed
    several times in a row it is not asked any more: each time might take as long as it may.
    """

    def __init__(self) -> None:
        self._failed = 0
        self._why = ""

    @contextlib.contextmanager
    def asked(self) -> Iterator[None]:
        """Notes how it went. Raises :class:`Denied` with the last reason once it is given up."""
        if self._failed >= _IN_A_ROW:
            raise Denied(f"{self._why} (given up after {self._failed} times in a row)")
        try:
            yield
        except Denied as error:
            self._failed, self._why = self._failed + 1, str(error)
            raise
        self._failed = 0


class Speed:
    """What was measured of a consumer so far; ``bound`` is how many seconds a run may take."""

    def __init__(self, bound: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.bound = bound
        self.lag = 0.0
        self.per_job = 0.0
        #: Deliveries whose effect may still be to come.
        self.pending = 0
        #: The longest that one delivery by itself was waited for.
        self.slowest = 0.0
        #: What a read of a state takes.
        self.reading = 0.0
        self._answers = 0
        self._answering = 0.0
        self._clock = clock
        self._started: float | None = None

    @property
    def queues(self) -> bool:
        """Whether effects come after the answer."""
        return self.lag > 0.05 or self.per_job > 0.01

    def check(self) -> None:
        """Raises :class:`Denied` once the run has taken as long as it may."""
        now = self._clock()
        if self._started is None:
            self._started = now
        if now - self._started > self.bound:
            raise Denied(
                f"the run's bound of {self.bound:.0f} s is used up, for this consumer takes "
                f"{self.cost():.2g} s a delivery: name rules with --select, or take a smaller "
                "--profile"
            )

    def answered(self, seconds: float, *, accepted: bool) -> None:
        """One delivery, by itself, was answered."""
        self._answers += 1
        self._answering += seconds
        self.slowest = max(self.slowest, seconds)
        self.pending += accepted

    def cost(self, gap: float = 0.0) -> float:
        """Seconds that a delivery takes, its effect included."""
        mean = self._answering / self._answers if self._answers else 0.0
        return max(mean, gap) + self.per_job

    def patience(self, settle: float) -> float:
        """How long nothing need move before nothing more is to come."""
        return settle + 2 * self.lag + 3 * self.per_job * self.pending

    def showed(self, waited: float) -> None:
        """All effects of what is pending took so long to show."""
        if self.pending >= 3:
            self.per_job = max(self.per_job, (waited - self.lag) / (self.pending - 1))
        self.lag = max(self.lag, waited - self.per_job * max(self.pending - 1, 0))

    def begin_anew(self) -> None:
        """What was measured so far was no measure: a first call loads what the others use."""
        self.lag = self.per_job = 0.0
        self.pending = 0
