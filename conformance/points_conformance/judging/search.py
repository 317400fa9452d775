"""Hypothesis against a world with memory: orders are used up, money moves, calls cost.

A story is drawn whole (nothing that is drawn depends on an answer), then told to the target on
fresh orders, and remembered by value: the same story is never told twice, and a replay raises the
recorded finding. Shrinking has a budget of its own: on loopback as many calls again, elsewhere what
finding left over. Beyond it a candidate is not told and counts as not failing; the finding stands.
"""

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar
from unittest import mock

from points_conformance.judging.finding import Finding
from points_conformance.judging.judged import Judged
from points_conformance.judging.slots import parked

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["draw", "search"]

#: What Hypothesis has as a whole, and what is replaced in it for us, is one thread's at a time.
_drawing = threading.RLock()

Drawn = TypeVar("Drawn")
Story = TypeVar("Story", bound=Hashable)


class _Teller:
    """Tells stories once each, within the calls that the rule may make."""

    def __init__(self, target: Judged, tell: Callable[[Any], None], calls: int) -> None:
        self.target = target
        self.tell = tell
        self.known: dict[Hashable, Finding | None] = {}
        self.found: Finding | None = None
        self.stopped: Exception | None = None
        self._end = target.budget.spent + calls
        self._shrinking = calls

    def __call__(self, story: Hashable) -> None:
        """Raise the story's finding, if it has one."""
        if story not in self.known:
            if self.stopped is not None or self.target.budget.spent >= self._end:
                return
            self.known[story] = self._told(story)
        finding = self.known[story]
        if finding is not None:
            raise finding

    def _told(self, story: Hashable) -> Finding | None:
        first = len(self.target.exchanges)
        try:
            self.tell(story)
        except Finding as finding:
            if self.found is None and self.target.loopback:
                self._end = self.target.budget.spent + self._shrinking
            finding.exchanges = finding.exchanges or tuple(self.target.exchanges[first:])
            self.found = finding
            return finding
        except Exception as error:
            # Nothing to shrink: an order that is missing, the network, or our own fault.
            self.stopped = error
        return None


def search(
    target: Judged,
    strategy: "SearchStrategy[Story]",
    tell: Callable[[Story], None],
    *,
    examples: int,
    longest: int,
) -> None:
    """Tell up to ``examples`` stories of at most ``longest`` calls each, and shrink what fails.

    Raises the smallest story's :class:`Finding`, or whatever kept stories from being told.
    """
    calls = max(target.allowance - longest, longest)
    teller = _Teller(target, tell, calls)
    stories: dict[Story, None] = {}
    draw(strategy, stories.setdefault, examples=examples, seed=target.seed)
    try:
        for story in stories:
            teller(story)
    except Finding:
        # The same stories are drawn again, and told from memory up to this one, which is shrunk.
        draw(strategy, teller, examples=examples, seed=target.seed)
        raise
    if teller.stopped is not None:
        raise teller.stopped


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

    with _one_at_a_time(), _only_our_draws():
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
