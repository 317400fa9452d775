"""Hypothesis against a world with memory: orders are used up, money moves, calls cost.

A story is drawn whole (nothing that is drawn depends on an answer), then told to the target on
fresh orders, and remembered by value: the same story is never told twice, and a replay raises the
recorded finding. Shrinking has a budget of its own: on loopback as many calls again, elsewhere what
finding left over. Beyond it a candidate is not told and counts as not failing; the finding stands.
"""

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from unittest import mock

from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Finding
from points_conformance.judging.judged import Judged
from points_conformance.judging.slots import parked

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Look", "draw", "search"]

#: What Hypothesis has as a whole, and what is replaced in it for us, is one thread's at a time.
_drawing = threading.RLock()
#: The one that all threads share, once the first has drawn.
_randoms: list[Any] = []

Drawn = TypeVar("Drawn")
Story = TypeVar("Story", bound=Hashable)


#: So many stories are drawn at a time: more than a standard run has of any rule.
_AT_A_TIME: Final = 256
#: And so many are told before they are looked at, at first.
_FIRST: Final = 8

#: What is looked at once it may be there: it makes no calls, and raises the story's finding.
Look = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Told:
    """A story that was told and is not looked at yet; its calls are from here to there."""

    look: Look
    calls: tuple[int, int]


class _Teller:
    """Tells stories once each, within the calls that the rule may make."""

    def __init__(self, target: Judged, tell: "Callable[[Any], Look | None]", calls: int) -> None:
        self.target = target
        self.tell = tell
        self.known: dict[Hashable, Finding | _Told | None] = {}
        self.found: Finding | None = None
        self.stopped: Exception | None = None
        self._end = target.budget.spent + calls
        self._shrinking = calls

    def __call__(self, story: Hashable) -> None:
        """Raise the story's finding, if it has one."""
        self.begin(story)
        told = self.known.get(story)
        if isinstance(told, _Told):
            first, end = told.calls
            calls = self._calls(first, end)
            told = self._tried(told.look, calls) if self.stopped is None else None
            self.known[story] = told
        if isinstance(told, Finding):
            raise told

    def begin(self, story: Hashable) -> bool:
        """Tell a story, and look later; whether it is known by now to have a finding."""
        if story not in self.known:
            if self.stopped is not None or self.target.budget.spent >= self._end:
                return False
            first = len(self.target.exchanges)
            looks: list[Look | None] = []
            found = self._tried(lambda: looks.append(self.tell(story)), self._calls(first))
            look, end = looks[0] if looks else None, len(self.target.exchanges)
            self.known[story] = found if look is None else _Told(look, (first, end))
        return isinstance(self.known[story], Finding)

    def _calls(self, first: int, end: int | None = None) -> Callable[[], tuple[Exchange, ...]]:
        """A story's calls, fetched when they are asked for."""
        return lambda: tuple(self.target.exchanges[first:end])

    def _tried(self, step: Look, calls: Callable[[], tuple[Exchange, ...]]) -> Finding | None:
        try:
            step()
        except Finding as finding:
            if self.found is None and self.target.loopback:
                self._end = self.target.budget.spent + self._shrinking
            finding.exchanges = finding.exchanges or calls()
            self.found = finding
            return finding
        except Exception as error:
            # Nothing to shrink: an order that is missing, the network, or our own fault.
            self.stopped = error
        return None


def search(
    target: Judged,
    strategy: "SearchStrategy[Story]",
    tell: "Callable[[Story], Look | None]",
    *,
    examples: int,
    longest: int,
) -> None:
    """Tell up to ``examples`` stories of at most ``longest`` calls each, and shrink what fails.

    ``tell`` may return what is to be looked at later, so that many stories wait at the same time.
    Raises the smallest story's :class:`Finding`, or whatever kept stories from being told.
    """
    calls = max(target.allowance - longest, longest)
    teller = _Teller(target, tell, calls)
    stories: dict[Story, tuple[int, int]] = {}
    for count, seed in _drawings(examples, target.seed):

        def keep(story: Story, drawing: tuple[int, int] = (count, seed)) -> None:
            stories.setdefault(story, drawing)

        draw(strategy, keep, examples=count, seed=seed)
    for some in _in_parts(list(stories)):
        for story in some:
            if teller.begin(story):
                break
        for story in some:
            try:
                teller(story)
            except Finding:
                # The same are drawn again, and told from memory up to this one, which is shrunk.
                count, seed = stories[story]
                draw(strategy, teller, examples=count, seed=seed)
                raise
    if teller.stopped is not None:
        raise teller.stopped


def _in_parts(stories: Sequence[Story]) -> Iterator[Sequence[Story]]:
    """A few, then twice as many, and so on: each part waits at the same time, and what the first
    ones show is found before all are told.
    """
    first, size = 0, _FIRST
    while first < len(stories):
        yield stories[first : first + size]
        first, size = first + size, 2 * size


def _drawings(examples: int, seed: int) -> Iterator[tuple[int, int]]:
    """How many are drawn at a time, and by which seed: Hypothesis keeps all that it ever drew."""
    for number, first in enumerate(range(0, examples, _AT_A_TIME)):
        yield min(examples - first, _AT_A_TIME), seed + number


def draw(
    strategy: "SearchStrategy[Drawn]", tell: Callable[[Drawn], None], *, examples: int, seed: int
) -> None:
    """Tell up to so many examples, the same for the same seed, and shrink what fails.

    Every setting is explicit, so that nobody's profile reaches in. One thread draws at a time.
    Raises what the smallest raised.
    """
    import hypothesis
    from hypothesis import Phase, Verbosity, given, settings

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
        report_multiple_bugs=False,
        stateful_step_count=50,
        suppress_health_check=(),
        verbosity=Verbosity.quiet,
        backend="hypothesis",
    )
    @given(strategy)
    def told(example: Drawn) -> None:
        tell(example)

    with _one_at_a_time(), _only_our_draws(), _one_random():
        told()


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _drawing.acquire(blocking=False):
        with parked():
            _drawing.acquire()
    try:
        yield
    finally:
        _drawing.release()


@contextlib.contextmanager
def _only_our_draws() -> Iterator[None]:
    """Keep constants of whatever modules are loaded out of what is drawn.

    Hypothesis mixes in numbers and texts that it finds in local source files: the same seed would
    tell other stories in another project, or when one rule runs alone. No setting turns that off.
    """
    from hypothesis.internal.conjecture import providers

    empty = type(providers._local_constants)()
    cache = type(providers.CONSTANTS_CACHE)(1024)
    with (
        mock.patch.object(providers, "_get_local_constants", return_value=empty),
        mock.patch.object(providers, "CONSTANTS_CACHE", cache),
    ):
        yield


@contextlib.contextmanager
def _one_random() -> Iterator[None]:
    """Let all threads that draw share what Hypothesis makes for each: to take a new one into its
    care it collects all garbage and goes through all of memory, which cost as much as the calls.
    Each drawing has a seed of its own, and Hypothesis puts it back as it was.
    """
    from hypothesis import core

    of_this_thread = core.threadlocal
    if of_this_thread._hypothesis_global_random is None and _randoms:
        of_this_thread._hypothesis_global_random = _randoms[0]
    try:
        yield
    finally:
        if not _randoms:
            _randoms.append(of_this_thread._hypothesis_global_random)
