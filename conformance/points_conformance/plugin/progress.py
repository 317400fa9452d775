"""What is told of a judging while it lasts: a broken rule when it is found, and how far it is.

Several threads may judge: each tells what it begins and ends, and nothing that is told is torn. The
test framework takes what is written while a test runs; the screen writes past it, and only while
somebody waits for the judging (:meth:`Progress.shown`), for then nobody else writes.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from points_conformance.judging.verdict import Absence, Result, Verdict
from points_conformance.plugin.screen import Screen, Silent, screen_of
from points_conformance.plugin.subject import Run
from points_conformance.report.text import counted, plain
from points_conformance.subjects import Subject

__all__ = ["Progress", "Standing", "progress_of", "seconds_left", "told_of"]

#: Verdicts that are told when they are found, and the word for each.
_TOLD: Final = {Verdict.FAILED: "failed", Verdict.ERROR: "error", Verdict.ADVICE: "advice"}
#: The most characters of a reason that is told at once; all of it stands in the report.
_LONGEST: Final = 200
#: So many of the rules that are running are named.
_NAMED: Final = 3
#: Seconds between two looks at the clock.
_LOOK: Final = 0.2
#: Seconds are guessed by the calls so far once there are so many.
_ENOUGH_CALLS: Final = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a judging is. ``left`` is how many seconds it takes at most, where that is known;
    ``unit`` what the calls are, in the plural.
    """

    done: int
    rules: int
    calls: int
    unit: str = "calls"
    running: tuple[str, ...] = ()
    left: float | None = None

    def __str__(self) -> str:
        """``12 of 182 rules, 340 calls, at most 40 s left: refund.sum-bounded``."""
        parts = [f"{self.done} of {counted(self.rules, 'rule')}", f"{self.calls} {self.unit}"]
        if self.left is not None:
            parts.append(f"at most {_duration(self.left)} left")
        more = len(self.running) - _NAMED
        named = ", ".join(self.running[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        return ", ".join(parts) + (f": {named}" if named else "")


def _duration(seconds: float) -> str:
    """Whole seconds below two minutes, else whole minutes; rounded up, for it is a bound."""
    whole = int(-(-seconds // 1))
    return f"{whole} s" if whole < 120 else f"{-(-whole // 60)} min"


def told_of(result: Result) -> str:
    """One line on a rule that is broken, in which the kit failed, or that was denied, so that the
    run is inconclusive; empty for all others.
    """
    word = "denied" if _is_denied(result) else _TOLD.get(result.verdict)
    if word is None:
        return ""
    reason = plain(" ".join(result.reason.split()))
    short = reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]}…"
    return f"{word:7} {result.rule.id}: {short}"


def _is_denied(result: Result) -> bool:
    """By itself, in its turn, and nobody accepts it."""
    excused = result.accepted or result.unreached or result.reason.startswith("comes after ")
    return result.absence is Absence.DENIED and not excused


def seconds_left(
    elapsed: float, calls: int, most_calls: int | None = None, bound: float | None = None
) -> float | None:
    """How many seconds a run takes at most from now on: until its ``bound`` in seconds, or until
    all calls are made that it may make, as fast as so far. ``None`` where nothing says so yet.
    """
    known = [] if bound is None else [bound - elapsed]
    if most_calls is not None and calls >= _ENOUGH_CALLS:
        known.append(max(most_calls - calls, 0) * elapsed / calls)
    return max(min(known), 0.0) if known else None


class Progress:
    """Tells of one judging on a screen. Safe for threads.

    ``rules``: how many have their turn in all; ``most_calls``: the plan's bound on its ``unit``;
    ``seconds``: the run's own bound; each where it has one. ``clock`` counts seconds.
    """

    def __init__(
        self,
        screen: Screen | None = None,
        *,
        rules: int = 0,
        most_calls: int | None = None,
        unit: str = "calls",
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen or Silent()
        self._rules, self._unit = rules, unit
        self._most_calls, self._seconds = most_calls, seconds
        self._clock = clock
        self._started = clock()
        self._lock = threading.RLock()
        self._running: dict[str, None] = {}
        self._done: set[str] = set()
        self._told: set[str] = set()
        self._waiting: list[str] = []
        self._calls = 0
        self._shown = False
        self._ended = threading.Event()
        self._ticker: threading.Thread | None = None

    # ------------------------------------------------------------------ what the judging tells
    def begun(self, rule_id: str) -> None:
        """A rule has its turn."""
        with self._lock:
            self._running[rule_id] = None

    def ended(self, rule_id: str, results: Iterable[Result], calls: int) -> None:
        """A rule had its turn. ``results``: its own, and those of others that it brought about;
        ``calls``: how many the run has made so far.
        """
        with self._lock:
            self._running.pop(rule_id, None)
            self._done.add(rule_id)
            self._calls = max(self._calls, calls)
            for result in results:
                self._note(result)
            self._tell()

    def glimpsed(self, result: Result) -> None:
        """What a rule is sure to find is told before its turn, and not again then."""
        with self._lock:
            self._note(result)
            self._tell()

    def _note(self, result: Result) -> None:
        # What is denied to one rule mostly is to many, for one reason: the first is told.
        about = "denied" if _is_denied(result) else result.rule.id
        line = told_of(result)
        if line and about not in self._told:
            self._told.add(about)
            self._waiting.append(line)

    def standing(self) -> Standing:
        """How far it is now."""
        with self._lock:
            elapsed = self._clock() - self._started
            left = seconds_left(elapsed, self._calls, self._most_calls, self._seconds)
            return Standing(
                done=len(self._done),
                rules=self._rules,
                calls=self._calls,
                unit=self._unit,
                running=tuple(self._running),
                left=left,
            )

    # ------------------------------------------------------------------ when it is shown
    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """While somebody waits for the judging, and therefore writes nothing."""
        with self._lock:
            self._shown = True
            self._screen.enter(self._clock())
            self._tell()
        self._tick_by_itself()
        try:
            yield
        finally:
            with self._lock:
                self._tell()
                self._screen.leave()
                self._shown = False

    def tick(self) -> None:
        """Show how far it is, if it is time to."""
        with self._lock:
            if self._shown and not self._ended.is_set():
                self._screen.show(self.standing, self._clock())

    def close(self) -> None:
        """Nothing more is shown; what was found and not told yet is told now."""
        self._ended.set()
        with self._lock:
            self._shown = True
            self._tell()
            self._shown = False
            self._screen.close()
        if self._ticker is not None:
            self._ticker.join()
            self._ticker = None

    def _tell(self) -> None:
        if self._shown and self._waiting:
            self._screen.say(self._waiting)
            self._waiting = []

    def _tick_by_itself(self) -> None:
        if self._ticker is None and self._screen.ticks and not self._ended.is_set():
            self._ticker = threading.Thread(target=self._ticking, name="points-line", daemon=True)
            self._ticker.start()

    def _ticking(self) -> None:
        while not self._ended.wait(_LOOK):
            self.tick()


def progress_of(run: Run, rules: int, seconds: float | None) -> Progress:
    """That of a pytest run, in which the command has the terminal to itself. To be made while no
    test runs. What a plan's bound on a client counts is no call: its run is bounded in seconds.
    """
    by_calls = run.settings.subject is not Subject.CLIENT
    return Progress(
        screen_of(run.config, alone=bool(run.command)),
        rules=rules,
        most_calls=run.plan.calls if by_calls else None,
        unit=run.plan.unit.partition(";")[0],
        seconds=seconds,
    )
