"""One run of the rules against one thing that is wrong, and what it shows of the kit."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from points_conformance.defects.defect import Defect
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.side_by_side import SideBySide
from points_conformance.judging.verdict import OutcomeKind, Result, Verdict, settle
from points_conformance.subjects import Subject, catalogue

__all__ = ["Judged", "Trial", "expected", "held_against", "run_rules"]

_FAILING = frozenset({Verdict.FAILED, Verdict.ADVICE})


class Judged(NamedTuple):
    """The results of the rules and of those they come after, and the IDs of all rules whose own
    check found something, laid to others or not.
    """

    results: list[Result]
    broken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a run came to. Rule IDs, in the catalogue's order.

    ``caught``: declared, and found it. ``forestalled``: declared, and a generated rule that they
    come after found it first. ``related``: failed as well, as they may. ``missed``: declared, and
    found nothing. ``strangers``: failed, and have nothing to do with it. ``errors``: the kit itself
    failed.
    """

    defect: str
    seed: int
    profile: Profile
    caught: tuple[str, ...] = ()
    forestalled: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    seconds: float = 0.0
    subject: Subject = Subject.API

    @property
    def as_declared(self) -> bool:
        """Whether the kit said what it should, and no more."""
        return not (self.missed or self.strangers or self.errors)

    @property
    def found(self) -> bool:
        """Whether any rule saw anything wrong."""
        return bool(self.caught or self.related)


def run_rules(
    subject: Subject,
    target: Any,
    rules: Iterable[Rule],
    *,
    profile: Profile,
    seed: int = 0,
    at_once: int = 1,
) -> Judged:
    """Judge a target by the rules, in their order or so many at once."""
    among, rules = catalogue(subject), list(rules)
    judge = Judge(among, seed=seed, profile=profile)
    early: list[Result] = []
    SideBySide(judge, target, at_once, glimpsed=early.append).run([rule.id for rule in rules])
    results = settle(among.with_prerequisites(rules), judge.outcomes)
    broken = {id_ for id_, o in judge.outcomes.items() if o.kind is OutcomeKind.BROKEN}
    for seen in early:
        if seen.rule.id not in broken:
            raise RuntimeError(f"{seen.rule.id} was told early, and holds: {seen.reason}")
    return Judged(results, frozenset(broken))


def held_against(defect: Defect, judged: Judged, profile: Profile) -> Trial:
    """What came of a run, held against what is declared of the defect."""
    results, broken = judged
    failing = [r.rule.id for r in results if r.verdict in _FAILING]
    # A check that lays all it found to others is blocked in the report, and found it all the same.
    seen = [r.rule.id for r in results if r.rule.id in broken or r.rule.id in failing]
    forestalled = _forestalled(defect, results, seen)
    must = expected(defect, (r.rule.id for r in results if r.rule.id not in forestalled), profile)
    caught = [id_ for id_ in must if id_ in seen]
    # What closes a run judges all that any rule has done: every defect may show there as well.
    closing = {r.rule.id for r in results if r.rule.closing}
    # What is merely advised says nothing where advice need not be followed.
    idle = () if defect.follows_advice else _with(results, Verdict.ADVICE)
    others = [id_ for id_ in failing if id_ not in caught and id_ not in idle]
    return Trial(
        defect=defect.id,
        seed=0,
        profile=profile,
        caught=tuple(caught),
        forestalled=tuple(expected(defect, sorted(forestalled), profile)),
        related=tuple(id_ for id_ in others if id_ in closing or defect.may_fail(id_)),
        blocked=_with(results, Verdict.BLOCKED),
        missed=_missed(defect, must, seen),
        strangers=tuple(id_ for id_ in others if id_ not in closing and not defect.may_fail(id_)),
        errors=_with(results, Verdict.ERROR),
    )


def expected(defect: Defect, running: Iterable[str], profile: Profile) -> list[str]:
    """The rules of a run that must fail on this defect: none below its own profile."""
    if not profile.includes(defect.profile):
        return []
    return [rule_id for rule_id in running if defect.must_fail(rule_id)]


def _forestalled(defect: Defect, results: Iterable[Result], seen: Sequence[str]) -> Set[str]:
    """Rules that were held up by a generated one that found something, as it does with some seeds.

    Each rule comes after those that it rests on.
    """
    made_up = {id_ for id_ in seen if defect.made_up(id_)}
    held_up: set[str] = set()
    for result in results:
        before = made_up.union(held_up).intersection(result.rule.after)
        if before and result.verdict is Verdict.BLOCKED and result.rule.id not in seen:
            held_up.add(result.rule.id)
    return held_up


def _with(results: Iterable[Result], verdict: Verdict) -> tuple[str, ...]:
    return tuple(result.rule.id for result in results if result.verdict is verdict)


def _missed(defect: Defect, must: Sequence[str], seen: Sequence[str]) -> tuple[str, ...]:
    """Declared rules that found nothing. Of a glob's rules one is enough."""
    missed = []
    for pattern in defect.caught_by:
        meant = [id_ for id_ in must if fnmatchcase(id_, pattern)]
        if meant and not any(id_ in seen for id_ in meant):
            missed.append(pattern)
    return tuple(missed)
