"""Rules side by side: each on a thread of its own with its view of the target, so many at once.

Which rules run, and what each asks, is the same as one after the other; only when is not. A rule
begins when those it comes after are decided. What needs the target for itself runs alone; what
closes the run comes last, one by one. Where a rule finds that one order touches another, nothing
else may run beside: then all others take turns, so that what each finds is its own.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from points_conformance.judging.brisk import Brisk
from points_conformance.judging.judge import Judge
from points_conformance.judging.judged import Judged
from points_conformance.judging.rule import ALL, Rule
from points_conformance.judging.slots import Slots
from points_conformance.judging.verdict import OutcomeKind, Result

__all__ = ["Errands", "SideBySide"]

Done = TypeVar("Done")
#: CPython looks for a signal only between waits.
_SLICE: Final = 0.1
#: So many at once keep both this process and a target busy that answers at once: more of them would
#: only each take longer.
_FEW: Final = 4
#: Seconds between two looks at what closing rules would find.
_GLANCE: Final = 0.25
#: How long a broken-off run waits for the calls that are under way.
_ENDING: Final = 2.0


class Errands:
    """What has to happen on the thread that pytest runs on: the user's own hooks.

    A database connection, a framework's context: what the user wrote counts on its thread.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._owner = threading.get_ident()
        self._waiting: deque[tuple[Callable[[], Any], Future[Any]]] = deque()

    def run(self, errand: Callable[[], Done]) -> Done:
        """What the errand returns, or raise what it raises; awaited if this is another thread."""
        if threading.get_ident() == self._owner:
            return errand()
        future: Future[Done] = Future()
        with self.changed:
            self._waiting.append((errand, future))
            self.changed.notify_all()
        return future.result()

    @property
    def waiting(self) -> bool:
        """Whether there is any to run."""
        return bool(self._waiting)

    def do(self) -> bool:
        """Run the one that waits longest; whether there was any. What it raises is for who asked,
        but for an interrupt.
        """
        if not self._waiting:
            return False
        errand, future = self._waiting.popleft()
        try:
            future.set_result(errand())
        except BaseException as error:
            future.set_exception(error)
            if isinstance(error, KeyboardInterrupt):
                raise
        return True


class SideBySide:
    """Judges rules, at most ``most`` at once: fewer where answers come faster than one could ask.

    ``finders``: rules in the order in which they find the most. ``decided`` is told of each rule
    once its outcome is there, or it is held up; ``begun`` when it begins; ``glimpsed`` of what a
    closing rule is sure to find, once. All are called on the thread that judges. ``brisk`` is made
    when the first rule begins.
    """

    def __init__(
        self,
        judge: Judge,
        target: Judged,
        most: int,
        *,
        finders: Sequence[str] = (),
        errands: Errands | None = None,
        begun: Callable[[str], object] = lambda rule_id: None,
        decided: Callable[[str], object] = lambda rule_id: None,
        glimpsed: Callable[[Result], object] = lambda result: None,
        brisk: Callable[[], Brisk] = Brisk,
    ) -> None:
        self.judge = judge
        self.target = target
        self.errands = errands or Errands()
        self.slots = Slots(min(most, _FEW), self.errands.changed)
        self._most = most
        self._finders = {id_: place for place, id_ in enumerate(finders)}
        self._begun = begun
        self._told = decided
        self._glimpsed = glimpsed
        #: Closing rules of which nothing was seen yet, with the news that each has not looked at;
        #: and when they were last looked at.
        self._unseen: dict[str, list[Any]] = {}
        self._glanced = 0.0
        self._decided: dict[str, None] = {}
        self._running: dict[str, threading.Thread] = {}
        self._ended: deque[str] = deque()
        self._made_brisk = brisk
        self._brisk = brisk()
        #: Of each rule what is decided when it begins.
        self._before: dict[str, set[str]] = {}
        #: What needs the target for itself, and what makes the most calls; each with what is
        #: decided before. Where a target is slow they begin first: nothing that is long may be at
        #: work beside the former, and the latter is as long as the run.
        self._solitary: set[str] = set()
        self._longest: set[str] = set()
        self._broke: BaseException | None = None

    def run(self, ids: Sequence[str]) -> None:
        """Judge the rules, and those they come after."""
        catalogue = self.judge.catalogue
        rules = catalogue.with_prerequisites(catalogue[id_] for id_ in ids)
        apart = catalogue.with_prerequisites(rule for rule in rules if rule.apart)
        if self._most > 1:
            self._in_turn(apart)
        if self._most == 1 or any(rule.apart and self._is_broken(rule) for rule in apart):
            self._in_turn(rules)
            return
        try:
            self._unseen = {rule.id: [] for rule in rules if rule.glance is not None}
            self._spread([rule for rule in rules if not rule.closing])
        except BaseException:
            self._break_off()
            raise
        self._in_turn(rules)

    def _is_broken(self, rule: Rule) -> bool:
        outcome = self.judge.outcomes.get(rule.id)
        return outcome is not None and outcome.kind is OutcomeKind.BROKEN

    def _in_turn(self, rules: Sequence[Rule]) -> None:
        """One by one, those that are not decided yet."""
        for rule in rules:
            if rule.id not in self._decided:
                self._begun(rule.id)
                self.judge.judge(rule.id, self.target)
                self._decide(rule.id)

    def _decide(self, rule_id: str) -> None:
        self._decided[rule_id] = None
        self._told(rule_id)

    # ------------------------------------------------------------------ side by side
    def _spread(self, rules: Sequence[Rule]) -> None:
        waiting, self._brisk = self._sorted(rules), self._made_brisk()
        self._before = {rule.id: self._before_of(rule, rules) for rule in waiting}
        self._solitary = self._led_to(rule for rule in waiting if rule.alone == ALL)
        self._longest = self._led_to(self._longest_of(waiting))
        while waiting or self._running:
            for id_ in self._news():
                self._running.pop(id_).join()
                self._decide(id_)
            if self._broke is not None:
                raise self._broke
            if self.errands.do():
                continue
            self._glance()
            rule = self._next(waiting)
            if rule is not None:
                waiting.remove(rule)
                self._begin(rule)

    def _before_of(self, rule: Rule, rules: Sequence[Rule]) -> set[str]:
        """What it comes after, and of what is judged what it looks back on; where it holds others
        up also those that take turns and find more, for there one waits for the other as well.
        """
        before = {other.id for other in rules if other.id in rule.behind}.union(rule.after)
        if rule.holds_up:
            takers = [other for other in rules if other.alone not in ("", ALL)]
            before |= {other.id for other in takers if self._goes_before(other, rule)}
        return before

    def _goes_before(self, rule: Rule, other: Rule) -> bool:
        """Whether it finds no less, and does not come after the other."""
        comes_after = other in self.judge.catalogue.with_prerequisites([rule])
        return self._rank(rule) <= self._rank(other) and not comes_after

    def _glance(self) -> None:
        """Tell at once what closing rules are sure to find."""
        now = time.monotonic()
        if now - self._glanced < _GLANCE or not self._unseen:
            return
        self._glanced = now
        latest = self.target.news(self._decided.keys())
        for id_, news in list(self._unseen.items()):
            news.extend(latest)
            if not news or not self.judge.may_glance(id_):
                continue
            result = self.judge.glance(id_, self.target, news)
            self._unseen[id_] = []
            if result is not None:
                del self._unseen[id_]
                self._glimpsed(result)

    def _sorted(self, rules: Sequence[Rule]) -> list[Rule]:
        """The rules that are not decided, in the order in which they begin if they may: what waits
        long, then what takes turns with others of its kind, then who finds the most; each with what
        it comes after, and what waits with what it looks back on. Of what nobody has recorded, what
        is short begins before what needs the target for itself, and what makes many calls is last.
        """
        rules = sorted(rules, key=self._rank)
        seen_by_waiting = {id_ for rule in rules if rule.waits for id_ in rule.behind}
        seen = [rule for rule in rules if rule.id in seen_by_waiting]
        waiting = [rule for rule in rules if rule.waits]
        turns = [rule for rule in rules if rule.alone not in ("", ALL)]
        with_prerequisites = self.judge.catalogue.with_prerequisites
        order = dict.fromkeys(
            before.id
            for rule in (*seen, *waiting, *turns, *rules)
            for before in with_prerequisites([rule])
        )
        return [self.judge.catalogue[id_] for id_ in order if id_ not in self._decided]

    def _rank(self, rule: Rule) -> tuple[int, bool, bool]:
        return self._finders.get(rule.id, len(self._finders)), rule.long, rule.alone == ALL

    def _longest_of(self, rules: Sequence[Rule]) -> Sequence[Rule]:
        """What the run is as long as, where every answer takes long."""
        profile, loopback = self.judge.profile, self.target.loopback
        long = [rule for rule in rules if rule.long]
        return sorted(long, key=lambda rule: -rule.bound(profile, loopback=loopback))[:1]

    def _led_to(self, rules: Iterable[Rule]) -> set[str]:
        """The rules, and whatever is decided before they begin."""
        ids, found = {rule.id for rule in rules}, set[str]()
        while ids:
            found |= ids
            ids = set().union(*(self._before.get(id_, ()) for id_ in ids)) - found
        return found

    def _news(self) -> list[str]:
        """The rules that have ended."""
        with self.errands.changed:
            ended = list(self._ended)
            self._ended.clear()
        return ended

    def _next(self, waiting: Sequence[Rule]) -> Rule | None:
        """The first rule that may begin now, its place taken; a moment's wait where none may."""
        with self.errands.changed:
            for rule in self._in_line(waiting):
                if not self._decided.keys() >= self._before[rule.id]:
                    continue
                if self.slots.take(rule):
                    return rule
                if rule.alone == ALL and not (self._brisk.is_slow and self._long_at_work):
                    # It is next: those at work come to their end first.
                    break
            if not self._ended and not self.errands.waiting:
                self.errands.changed.wait(_SLICE)
        return None

    def _in_line(self, waiting: Sequence[Rule]) -> Sequence[Rule]:
        """The rules in the order in which they may begin now."""
        if not self._brisk.is_slow:
            return waiting
        self.slots.most = self._most
        first = self._solitary | self._longest
        if any(rule.alone == ALL for rule in waiting):
            waiting = [one for one in waiting if not one.long or one.id in self._solitary]
        return sorted(waiting, key=lambda rule: rule.id not in first)

    @property
    def _long_at_work(self) -> bool:
        return any(self.judge.catalogue[id_].long for id_ in self._running)

    def _begin(self, rule: Rule) -> None:
        self._begun(rule.id)
        thread = threading.Thread(
            target=self._judge, args=(rule,), name=f"points-{rule.id}", daemon=True
        )
        self._running[rule.id] = thread
        thread.start()

    def _judge(self, rule: Rule) -> None:
        try:
            with self.slots.seated(rule):
                self.judge.judge(rule.id, self.target)
        except BaseException as error:
            self._broke = error
        finally:
            with self.errands.changed:
                self._ended.append(rule.id)
                self.errands.changed.notify_all()

    def _break_off(self) -> None:
        """Let no further call be made, and those under way come to an end for a moment."""
        self.target.budget.stop("the run was broken off")
        for thread in self._running.values():
            with contextlib.suppress(RuntimeError):
                thread.join(_ENDING / len(self._running))
