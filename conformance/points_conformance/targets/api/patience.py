"""How long an event is waited for before it is called missing. Pure: times are passed in, in
seconds; nothing is ever waited for here.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

from points_conformance.contract.limits import DELIVERY_TIMEOUT_SECONDS

__all__ = ["LAST_LOOK", "Awaited", "Patience"]

#: What has not come within the grace time is looked for once more, for so many grace times: nothing
#: documented bounds how long an event takes, and only what never comes is missing.
LAST_LOOK: Final = 2
#: And again as long as others arrive, for a sender may have a queue, but at most so often.
_MOST_LOOKS: Final = 5
#: How long a hanging delivery may hold others up: its timeout, and the repeat after it.
_LONGEST_HANG: Final = DELIVERY_TIMEOUT_SECONDS + 1.0
#: A delivery that hangs holds nothing up elsewhere where others come so long after it.
_PAST: Final = 1.0
#: What is missing once is given so many times what events take here, and at least so many seconds.
_SLACK: Final = 3
_BRISK: Final = 1.0


@dataclass(frozen=True, slots=True)
class Awaited:
    """Events of an order that are waited for: so many that differ, at one endpoint or any."""

    order: str
    event: str
    count: int
    place: str | None

    @property
    def kind(self) -> tuple[str, bool, str | None]:
        """What is the same of every order: which event, the first or a later one, and where."""
        return self.event, self.count > 1, self.place


@dataclass(slots=True)
class Patience:
    """What a run has seen of how long events take, and what it concludes.

    ``grace`` is what an event may take; ``now`` when the run began.
    """

    grace: float
    now: float
    #: When the latest delivery came (but to places with a queue of their own), and when the latest
    #: call was made that may be told.
    arrived_at: float = field(init=False)
    stirred_at: float = field(init=False)
    #: The longest that an event took that was waited for.
    slowest: float = 0.0
    _hanging: dict[Hashable, tuple[float, str]] = field(default_factory=dict)
    #: Places that are seen to have a queue of their own, and when the latest delivery came there.
    _apart: dict[str, float] = field(default_factory=dict)
    _let_go_at: float = float("-inf")
    _missed: set[Awaited] = field(default_factory=set)
    _in_vain: set[Hashable] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.arrived_at = self.stirred_at = self.now

    @property
    def whole(self) -> float:
        """Seconds after which an event that has not come may be said to be missing."""
        return self.grace * (1 + LAST_LOOK)

    # ------------------------------------------------------------------ what is seen
    def arrived(
        self, digest: Hashable, now: float, *, place: str = "", hangs: bool = False
    ) -> None:
        """A delivery came to a place; it ``hangs`` where we do not answer it. That it is repeated
        later says nothing of others.
        """
        if hangs:
            self._hanging[digest] = now, place
        elif place in self._apart:
            self._apart[place] = now
        elif digest not in self._hanging:
            self.arrived_at = now

    def let_go(self, now: float) -> None:
        """The sender gave a hanging delivery up; what stood behind it, if anything, comes now.

        Where others came all the while, only what goes to the same place can stand behind it: how
        long that takes says nothing of what goes elsewhere.
        """
        if self.is_held_up(now):
            self.arrived_at = now
        for since, place in self._hanging.values():
            if place and since > self._let_go_at and self.arrived_at - since >= _PAST:
                self._apart.setdefault(place, now)
        self._let_go_at = now

    def came(self, begun: float, now: float) -> None:
        """What was waited for since ``begun`` came."""
        if not self.is_held_up(now) and begun > self._let_go_at:
            self.slowest = max(self.slowest, now - begun)

    def missed(self, awaited: Awaited) -> None:
        """It was waited for in vain."""
        self._missed.add(awaited)
        self._in_vain.add(awaited.kind)

    # ------------------------------------------------------------------ what is concluded
    def is_missing(
        self, awaited: Awaited, begun: float, now: float, *, looked: float | None = None
    ) -> bool:
        """Whether what was asked for at ``begun``, and is ``looked`` for since then or since later,
        does not come any more.

        As long as others come, or one is held up, it is late: what a sender has in its queue is not
        missing. Where one of its kind was waited for in vain, the next is given the time that
        events take here.
        """
        if awaited in self._missed:
            return True
        if self.is_held_up(now):
            return False
        if awaited.kind in self._in_vain:
            return now - begun >= min(self.grace, max(_BRISK, _SLACK * self.slowest))
        return self.is_quiet(begun, now, looked=looked, place=awaited.place)

    def is_late(self, begun: float, seconds: float, now: float) -> bool:
        """Whether what may take so many ``seconds`` has not come, and nothing holds it up."""
        return now - begun >= seconds and not self.is_held_up(now)

    def is_quiet(
        self, begun: float, now: float, *, looked: float | None = None, place: str | None = None
    ) -> bool:
        """Whether the last look since ``begun`` is over, and nothing came in all of it, to this
        ``place`` or any that shares its queue; or so many were taken since somebody ``looked``.
        """
        look = self.grace * LAST_LOOK
        if now - (begun if looked is None else looked) >= self.grace + look * _MOST_LOOKS:
            return True
        return now - begun >= self.whole and now - self._latest(place) >= look

    def _latest(self, place: str | None) -> float:
        """When the latest delivery came that may stand in one queue with what goes to a place;
        ``None``: to any.
        """
        apart = (at for other, at in self._apart.items() if place in (None, other))
        return max([self.arrived_at, *apart])

    def is_held_up(self, now: float) -> bool:
        """Whether a delivery hangs here, by our own doing, and nothing has come since: others may
        stand in a queue behind it.
        """
        return any(
            self._let_go_at < since and self.arrived_at <= since and now - since < _LONGEST_HANG
            for since, _ in self._hanging.values()
        )
