"""Time as it is passed in: the simulator never looks at the machine's clock by itself."""

from datetime import UTC, datetime, timedelta
from typing import Protocol, runtime_checkable

__all__ = ["Clock", "ManualClock", "MovableClock", "ShiftedClock", "SystemClock"]


class Clock(Protocol):
    """Whatever tells the time in UTC."""

    def now(self) -> datetime:
        """The time, with a time zone."""
        ...


@runtime_checkable
class MovableClock(Clock, Protocol):
    """A clock that can be moved forward."""

    def advance(self, seconds: float) -> None:
        """Move the clock by ``seconds``, which may not be negative."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time now, UTC."""
        return datetime.now(UTC)


class ShiftedClock:
    """A clock that goes as the machine's does, ahead of it by whatever it was moved."""

    def __init__(self, ahead: timedelta = timedelta(0)) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        """The machine's time and what this clock is ahead, UTC."""
        return datetime.now(UTC) + self.ahead

    def advance(self, seconds: float) -> None:
        """Move the clock by ``seconds``, which may not be negative. Raises :class:`OverflowError`
        where there would be no such year."""
        _forward(seconds)
        ahead = self.ahead + timedelta(seconds=seconds)
        # A year of leeway: the clock goes on while the sandbox does.
        _ = datetime.now(UTC) + ahead + timedelta(days=366)
        self.ahead = ahead


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
        _forward(seconds)
        self._now += timedelta(seconds=seconds)


def _forward(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("a clock does not run backwards")
