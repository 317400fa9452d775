"""Time as it is passed in: the simulator never looks at the machine's clock by itself."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]


class Clock(Protocol):
    """Whatever tells the time in UTC."""

    def now(self) -> datetime:
        """The time, with a time zone."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time now, UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when it is read or told to: the same story, the same timestamps.

    Each reading moves it by ``step`` seconds, so that no two events share a timestamp and two
    equal refunds can be told apart.
    """

    def __init__(
        self, start: datetime = datetime(2026, 1, 1, 9, tzinfo=UTC), *, step: float = 1.0
    ) -> None:
        self._now = start
        self._step = timedelta(seconds=step)

    def now(self) -> datetime:
        """The time; afterwards the clock is ``step`` seconds further."""
        now = self._now
        self._now += self._step
        return now

    def advance(self, seconds: float) -> None:
        """Move the clock by ``seconds``, which may not be negative."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self._now += timedelta(seconds=seconds)
