"""Rules side by side: when each begins, what runs beside what, and that verdicts stay the same."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tests.judging.toys import rule
from tests.waiting import eventually

from points_conformance.judging import side_by_side
from points_conformance.judging.brisk import Brisk
from points_conformance.judging.catalogue import CatalogueError, build
from points_conformance.judging.finding import Denied, Finding
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import ALL, Profile, Rule
from points_conformance.judging.side_by_side import Errands, SideBySide
from points_conformance.judging.slots import parked
from points_conformance.judging.verdict import OutcomeKind
from points_conformance.targets.api.build import embedded_target
from points_conformance.targets.api.target import ApiTarget

Check = Callable[[ApiTarget], Any]
#: Far above what any of these takes, so that a test ends.
LONG = 10.0


class Diary:
    """Who began and ended, in order, and how many were at work at most."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def writing(self, name: str, does: Check = lambda api: None) -> Check:
        """A check that is written down."""

        def check(api: ApiTarget) -> Any:
            with self._lock:
                self.lines.append(f"+{name}")
                self._now += 1
                self.most = max(self.most, self._now)
            try:
                return does(api)
            finally:
                with self._lock:
                    self.lines.append(f"-{name}")
                    self._now -= 1

        return check

    def alone(self, name: str) -> bool:
        """Whether nothing else was at work while this was."""
        begun = self.lines.index(f"+{name}")
        return self.lines[begun + 1] == f"-{name}" and not {
            line[1:] for line in self.lines[:begun] if line[0] == "+"
        } - {line[1:] for line in self.lines[:begun] if line[0] == "-"}


def judged(rules: Sequence[Rule], most: int = 4, **options: Any) -> tuple[Judge, list[str]]:
    """Judge all of them; the judge, and in which order they were decided."""
    catalogue = build("api", rules)
    judge, decided = Judge(catalogue), list[str]()
    SideBySide(judge, embedded_target(), most, decided=decided.append, **options).run(
        [one.id for one in catalogue]
    )
    return judge, decided


class Slow(Brisk):
    """A target whose answers are waited for, from the first on."""

    @property
    def is_slow(self) -> bool:
        """Always."""
        return True


class Fast(Brisk):
    """A target that answers at once, whatever the machine is busy with."""

    @property
    def is_slow(self) -> bool:
        """Never."""
        return False


def waits(api: ApiTarget) -> None:
    """Be at work for a moment."""
    time.sleep(0.05)


def breaks(api: ApiTarget) -> None:
    """Find something."""
    raise Finding("broken", expected="whole", got="broken")


# ---------------------------------------------------------------------- how many at once
@pytest.mark.parametrize("most", [1, 2, 4])
def test_at_most_so_many_are_at_work(most: int) -> None:
    """And so many are, where there are enough."""
    diary = Diary()
    judged([rule(f"r{n}", diary.writing(f"r{n}", waits)) for n in range(8)], most)
    assert diary.most == most


def test_who_waits_gives_the_place_up() -> None:
    """With one waiter and two places, both places are at work meanwhile."""
    meet = threading.Barrier(2, timeout=LONG)
    over = threading.Event()

    def waiter(api: ApiTarget) -> None:
        with parked():
            assert over.wait(LONG)

    def worker(api: ApiTarget) -> None:
        meet.wait()
        over.set()

    judge, _ = judged([rule("waits", waiter), rule("a", worker), rule("b", worker)], most=2)
    assert {outcome.kind for outcome in judge.outcomes.values()} == {OutcomeKind.HELD}


def test_who_comes_back_waits_for_a_place() -> None:
    """No more are at work than may be, also where many have waited for the same thing."""
    diary, over = Diary(), threading.Event()

    def waiter(api: ApiTarget) -> None:
        with parked():
            assert over.wait(LONG)
        diary.writing("x", waits)(api)

    rules = [rule(f"w{n}", waiter) for n in range(6)]
    judged([*rules, rule("sets", lambda api: over.set())], most=2)
    assert diary.most <= 2


# ---------------------------------------------------------------------- what comes when
def test_a_rule_begins_when_those_it_comes_after_are_decided() -> None:
    """Whatever else could run."""
    diary = Diary()
    rules = [
        rule("first", diary.writing("first", waits)),
        rule("second", diary.writing("second", waits), after=("toy.first",)),
        rule("third", diary.writing("third"), after=("toy.second",)),
        rule("other", diary.writing("other", waits)),
    ]
    judged(rules)
    order = [line for line in diary.lines if "other" not in line]
    assert order == ["+first", "-first", "+second", "-second", "+third", "-third"]


def test_what_looks_back_waits_for_that_only_where_it_runs() -> None:
    """Selected alone it runs at once; selected together it comes behind."""
    diary = Diary()
    rules = [
        rule("left", diary.writing("left", waits)),
        rule("looks", diary.writing("looks"), behind=("toy.left",)),
    ]
    judged(rules)
    assert diary.lines == ["+left", "-left", "+looks", "-looks"]
    catalogue = build("api", rules)
    SideBySide(Judge(catalogue), embedded_target(), 4).run(["toy.looks"])
    assert diary.lines[4:] == ["+looks", "-looks"]


def test_what_needs_the_target_for_itself_runs_alone() -> None:
    """Nothing begins beside it, and it begins when nothing is at work."""
    diary = Diary()
    rules = [rule(f"r{n}", diary.writing(f"r{n}", waits)) for n in range(6)]
    judged([rule("race", diary.writing("race", waits), alone=ALL), *rules])
    assert diary.alone("race")


def test_two_that_need_the_same_for_themselves_do_not_run_at_once() -> None:
    """Others run beside them."""
    diary = Diary()
    rules = [rule(f"r{n}", diary.writing("r", waits), alone="endpoints") for n in range(3)]
    judged(rules)
    assert diary.most == 1


def test_what_closes_the_run_comes_last_and_in_order() -> None:
    """One by one, when all others are decided."""
    diary = Diary()
    rules = [rule(f"r{n}", diary.writing(f"r{n}", waits)) for n in range(4)]
    closing = [rule(f"c{n}", diary.writing(f"c{n}", waits), closing=True) for n in range(2)]
    judged([*closing, *rules])
    assert diary.lines[-4:] == ["+c0", "-c0", "+c1", "-c1"]


class Telling:
    """A target of which something is new, once or several times, from when it is first asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int = 1) -> None:
        self.news = ["an order"] * times
        monkeypatch.setattr(side_by_side, "_GLANCE", 0.0)
        monkeypatch.setattr(ApiTarget, "news", lambda api, decided: self._asked())

    def _asked(self) -> list[str]:
        return [self.news.pop()] if self.news else []


def glances(api: ApiTarget, news: Sequence[str]) -> None:
    """Find something in what is new."""
    assert news == ["an order"]
    raise Finding("seen early", expected="nothing", got=news[0])


def test_what_a_closing_rule_is_sure_of_is_told_before_its_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once, while others are at work; and in its turn it is judged all the same."""
    Telling(monkeypatch, times=9)
    lines: list[str] = []

    def goes_on(api: ApiTarget) -> None:
        eventually(lambda: "toy.last failed" in lines)
        time.sleep(0.3)

    long = rule("long", goes_on)
    closing = rule("last", breaks, closing=True, glance=glances, after=("toy.first",))
    catalogue = build("api", [rule("first"), long, closing])
    judge = Judge(catalogue)
    SideBySide(
        judge,
        embedded_target(),
        2,
        decided=lambda id_: lines.append(f"{id_} decided"),
        glimpsed=lambda result: lines.append(f"{result.rule.id} {result.verdict.value}"),
    ).run([one.id for one in catalogue])
    assert lines.count("toy.last failed") == 1
    assert lines[-3:] == ["toy.last failed", "toy.long decided", "toy.last decided"]
    assert judge.outcomes["toy.last"].reason.startswith("broken")


def test_news_are_kept_until_a_rule_may_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it comes after takes its time; what came meanwhile is looked at then."""
    told = Telling(monkeypatch)
    seen: list[str] = []
    first = rule("first", lambda api: time.sleep(0.3))
    long = rule("long", lambda api: eventually(lambda: bool(seen)))
    closing = rule("last", closing=True, glance=glances, after=("toy.first",))
    catalogue = build("api", [first, long, closing])
    SideBySide(
        Judge(catalogue), embedded_target(), 2, glimpsed=lambda result: seen.append(result.rule.id)
    ).run([one.id for one in catalogue])
    assert not told.news
    assert seen == ["toy.last"]


def test_a_glance_that_fails_is_told_in_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends nothing that is under way."""
    Telling(monkeypatch)

    def fails(api: ApiTarget, news: Sequence[str] = ()) -> None:
        raise ZeroDivisionError

    long = rule("long", lambda api: time.sleep(0.3))
    judge, decided = judged([long, rule("last", fails, closing=True, glance=fails)])
    assert decided == ["toy.long", "toy.last"]
    assert judge.outcomes["toy.last"].kind is OutcomeKind.CRASHED


def test_nothing_is_glimpsed_behind_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule says nothing then, early or late."""
    Telling(monkeypatch)
    seen: list[str] = []
    long = rule("long", lambda api: time.sleep(0.3))
    closing = rule("last", closing=True, glance=glances, after=("toy.first",))
    catalogue = build("api", [rule("first", breaks), long, closing])
    SideBySide(
        Judge(catalogue), embedded_target(), 2, glimpsed=lambda result: seen.append(result.rule.id)
    ).run([one.id for one in catalogue])
    assert seen == []


def test_what_waits_long_begins_first() -> None:
    """With what it comes after, before all that is short."""
    diary = Diary()
    rules = [
        *(rule(f"s{n}", diary.writing(f"s{n}", waits)) for n in range(4)),
        rule("before", diary.writing("before")),
        rule("waits", diary.writing("waits"), after=("toy.before",), waits=True),
    ]
    judged(rules, most=2)
    assert diary.lines[0] == "+before"
    assert diary.lines.index("+waits") < diary.lines.index("+s2")


def test_what_makes_many_calls_lets_what_is_short_begin_first() -> None:
    """So that most of what is broken is found at once."""
    diary = Diary()
    rules = [
        rule("story", diary.writing("story", waits), long=True),
        *(rule(f"s{n}", diary.writing(f"s{n}", waits)) for n in range(3)),
    ]
    judged(rules, most=2)
    assert "+story" not in diary.lines[:4]


def test_where_a_target_is_slow_what_makes_the_most_calls_begins_before_what_is_short() -> None:
    """Else the run would be as long as both; the others that make many calls still come last."""
    diary = Diary()
    rules = [
        *(rule(f"s{n}", diary.writing(f"s{n}", waits)) for n in range(3)),
        rule("search", diary.writing("search", waits), long=True, calls={Profile.STANDARD: 5}),
        rule("story", diary.writing("story", waits), long=True, calls={Profile.STANDARD: 9}),
    ]
    judged(rules, most=2, brisk=Slow)
    assert "+story" in diary.lines[:2]
    begun = [line for line in diary.lines if line[0] == "+"]
    assert begun[-1] == "+search"


def test_where_a_target_is_slow_what_the_longest_comes_after_begins_before_what_is_short() -> None:
    """Else the longest would wait for it behind all that is short."""
    diary = Diary()
    rules = [
        *(rule(f"s{n}", diary.writing(f"s{n}", waits)) for n in range(4)),
        rule("first", diary.writing("first", waits)),
        rule("story", diary.writing("story", waits), long=True, after=("toy.first",)),
    ]
    judged(rules, most=2, finders=[f"toy.s{n}" for n in range(4)], brisk=Slow)
    begun = [line for line in diary.lines if line[0] == "+"]
    assert begun.index("+first") < 2
    assert begun.index("+story") < begun.index("+s3")


def test_where_a_target_is_slow_what_needs_it_for_itself_comes_before_all_that_is_long() -> None:
    """With what it comes after: what is long would keep it waiting till the end of the run."""
    diary = Diary()
    rules = [
        *(rule(f"l{n}", diary.writing(f"l{n}", waits), long=True) for n in range(2)),
        *(rule(f"s{n}", diary.writing(f"s{n}", waits)) for n in range(3)),
        rule("first", diary.writing("first", waits), long=True),
        rule("race", diary.writing("race", waits), alone=ALL, after=("toy.first",)),
    ]
    judged(rules, most=2, finders=["toy.l0", "toy.l1"], brisk=Slow)
    begun = [line[1:] for line in diary.lines if line[0] == "+"]
    assert begun[0] == "first"
    assert begun.index("race") < min(begun.index("l0"), begun.index("l1"))
    assert diary.alone("race")


def test_what_is_long_and_at_work_when_a_target_turns_slow_keeps_nothing_short_waiting() -> None:
    """What needs the target for itself waits for it, and the others go on."""
    over, diary = threading.Event(), Diary()

    class Turning(Brisk):
        """Slow once what is long has begun."""

        @property
        def is_slow(self) -> bool:
            return "+long" in diary.lines

    rules = [
        rule("long", diary.writing("long", lambda api: over.wait(LONG)), long=True),
        rule("race", diary.writing("race"), alone=ALL),
        *(rule(f"s{n}", diary.writing(f"s{n}", waits)) for n in range(2)),
        rule("last", diary.writing("last", lambda api: over.set()), after=("toy.s0", "toy.s1")),
    ]
    judged(rules, most=2, finders=["toy.long", "toy.race"], brisk=Turning)
    assert diary.lines.index("-last") < diary.lines.index("-long") < diary.lines.index("+race")


def test_only_where_a_target_is_slow_as_many_are_at_work_as_may_be() -> None:
    """One that answers at once is kept busy by four: of more each would take longer."""
    for brisk, most in ((Fast, 4), (Slow, 8)):
        diary = Diary()
        judged([rule(f"s{n}", diary.writing(f"s{n}", waits)) for n in range(12)], 8, brisk=brisk)
        assert diary.most == most


def test_what_needs_the_target_for_itself_comes_before_what_makes_many_calls() -> None:
    """Races are short, and what they find is told early: what is short ends first, meanwhile."""
    diary = Diary()
    rules = [
        *(rule(f"l{n}", diary.writing(f"l{n}", waits), long=True) for n in range(3)),
        rule("race", diary.writing("race", waits), alone=ALL),
        *(rule(f"s{n}", diary.writing(f"s{n}", waits)) for n in range(3)),
    ]
    judged(rules, most=2)
    begun = [line[1] for line in diary.lines if line[0] == "+"]
    assert begun == [*"sssrlll"]
    assert diary.alone("race")


def test_what_takes_turns_begins_before_what_is_short() -> None:
    """One after the other they take the longest."""
    diary = Diary()
    rules = [
        *(rule(f"s{n}", diary.writing(f"s{n}", waits)) for n in range(4)),
        *(rule(f"t{n}", diary.writing(f"t{n}", waits), alone="endpoints") for n in range(2)),
    ]
    judged(rules, most=2)
    assert diary.lines[0] == "+t0"
    assert diary.lines.index("+t1") < diary.lines.index("+s3")


def test_what_holds_others_up_lets_those_that_take_turns_and_find_more_end_first() -> None:
    """What they wait for would come late, one after the other; but not those that come after it."""
    diary = Diary()
    rules = [
        rule("stalls", diary.writing("stalls"), holds_up=True),
        *(rule(f"t{n}", diary.writing(f"t{n}", waits), alone="endpoints") for n in range(4)),
        rule("looks-back", diary.writing("back"), alone="endpoints", after=("toy.stalls",)),
    ]
    judged(rules, finders=["toy.t0", "toy.t1", "toy.looks-back", "toy.stalls"])
    assert diary.lines.index("+stalls") > diary.lines.index("-t1")
    assert diary.lines.index("+stalls") < diary.lines.index("-t2")
    assert diary.lines.index("+back") > diary.lines.index("-stalls")


def test_who_finds_the_most_begins_first() -> None:
    """Though it makes many calls or needs the target for itself; whom nobody knows comes after."""
    diary = Diary()
    rules = [
        rule("s", diary.writing("s", waits)),
        rule("b", diary.writing("b", waits)),
        rule("l", diary.writing("l", waits), long=True, after=("toy.b",)),
        rule("r", diary.writing("r", waits), alone=ALL),
    ]
    judged(rules, most=2, finders=["toy.r", "toy.l", "toy.b"])
    begun = [line[1] for line in diary.lines if line[0] == "+"]
    assert begun == [*"rbsl"]
    assert diary.alone("r")


def test_the_smallest_profiles_rules_begin_before_other_short_ones() -> None:
    """They find most for few calls; the catalogue has them first."""
    diary = Diary()
    rules = [
        rule("s0", diary.writing("s0", waits)),
        rule("s1", diary.writing("s1", waits), profile=Profile.SMOKE),
    ]
    judged(rules, most=2)
    assert diary.lines[0] == "+s1"


# ---------------------------------------------------------------------- what it comes to
def test_where_orders_touch_each_other_all_take_turns() -> None:
    """What each finds is its own then."""
    diary = Diary()
    rules = [rule(f"r{n}", diary.writing(f"r{n}", waits)) for n in range(4)]
    judged([rule("apart", breaks, apart=True), *rules])
    assert diary.most == 1


def test_a_rule_that_is_accepted_unexercised_says_so_while_the_run_lasts() -> None:
    """Nobody is told of it as of one that is denied."""

    def denies(api: ApiTarget) -> None:
        raise Denied("refused with 422")

    catalogue = build("api", [rule("denied", denies), rule("accepted", denies)])
    judge = Judge(catalogue, accepted={"toy.accepted": "our merchant has none"})
    SideBySide(judge, embedded_target(), 2).run([one.id for one in catalogue])
    said = {one.id: judge.result(one).accepted for one in catalogue}
    assert said == {"toy.denied": "", "toy.accepted": "our merchant has none"}


def test_a_broken_rule_holds_up_those_after_it() -> None:
    """As one after the other."""
    diary = Diary()
    judge, decided = judged(
        [rule("broken", breaks), rule("after", diary.writing("after"), after=("toy.broken",))]
    )
    assert diary.lines == []
    assert "toy.after" not in judge.outcomes
    assert sorted(decided) == ["toy.after", "toy.broken"]


def test_calls_are_counted_for_the_rule_that_makes_them() -> None:
    """Whatever others spend meanwhile."""

    def reads(times: int) -> Check:
        def check(api: ApiTarget) -> None:
            for _ in range(times):
                api.read("00000000-0000-4000-8000-000000000000")

        return check

    judge, _ = judged([rule(f"r{n}", reads(n)) for n in range(1, 9)])
    counted = {id_: outcome.calls for id_, outcome in judge.outcomes.items()}
    assert counted == {f"toy.r{n}": n for n in range(1, 9)}


# ---------------------------------------------------------------------- the user's own thread
def test_an_errand_runs_on_the_thread_that_judges() -> None:
    """Whichever rule asks for it; it returns or raises to that rule."""
    errands, threads = Errands(), list[int]()

    def asks(api: ApiTarget) -> None:
        assert errands.run(lambda: threads.append(threading.get_ident()) or 7) == 7
        with pytest.raises(KeyError):
            errands.run(lambda: {}["nothing"])

    judge, _ = judged([rule(f"r{n}", asks) for n in range(4)], errands=errands)
    assert {outcome.kind for outcome in judge.outcomes.values()} == {OutcomeKind.HELD}
    assert set(threads) == {threading.get_ident()}


def test_what_ends_an_errand_is_for_who_asked() -> None:
    """Also a hook that would end the process: the other rules go on."""
    errands = Errands()

    def ends() -> None:
        raise SystemExit(7)

    def asks(api: ApiTarget) -> None:
        with pytest.raises(SystemExit):
            errands.run(ends)

    judge, _ = judged([rule("asks", asks), rule("other", waits)], errands=errands)
    assert {outcome.kind for outcome in judge.outcomes.values()} == {OutcomeKind.HELD}


def test_an_interrupt_lets_no_further_call_be_made() -> None:
    """What was asked for before it came back is all."""
    errands, made = Errands(), threading.Event()
    calls: list[int] = []

    def goes_on(api: ApiTarget) -> None:
        made.wait(LONG)
        for _ in range(50):
            calls.append(api.read("00000000-0000-4000-8000-000000000000").status)
            time.sleep(0.01)

    def interrupted() -> None:
        raise KeyboardInterrupt

    def interrupts(api: ApiTarget) -> None:
        made.set()
        errands.run(interrupted)

    with pytest.raises(KeyboardInterrupt):
        judged([rule("goes-on", goes_on), rule("interrupts", interrupts)], errands=errands)
    assert len(calls) < 50


# ---------------------------------------------------------------------- the catalogue's part
def test_a_rule_looks_back_on_earlier_ones_alone() -> None:
    """Else one after the other would not be the same: it is placed behind them, where it can be."""
    looks, left = rule("looks", waits, behind=("toy.left",)), rule("left", waits)
    assert [one.id for one in build("api", [looks, left])] == ["toy.left", "toy.looks"]
    with pytest.raises(CatalogueError, match="looks back"):
        build("api", [looks])
    with pytest.raises(CatalogueError, match="circle"):
        build("api", [looks, rule("left", waits, behind=("toy.looks",))])
