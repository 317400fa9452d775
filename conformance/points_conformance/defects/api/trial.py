"""One run of the suite against one wrong server, and what it shows of the kit."""

import time
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.defects.api.catalogue import expected
from points_conformance.defects.api.defect import GENERATED, Defect
from points_conformance.defects.declared import Declared
from points_conformance.judging.catalogue import Catalogue
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import Absence, OutcomeKind, Result, Verdict, settle
from points_conformance.simulator.core import Parts
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.api.build import embedded_target

__all__ = [
    "Trial",
    "false_alarms",
    "held_against",
    "judged",
    "run_against",
    "run_sound",
    "try_defect",
]

_FAILING = frozenset({Verdict.FAILED, Verdict.ADVICE})


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


def judged(
    parts: Parts | None,
    dialect: Dialect,
    *,
    rules: Sequence[Rule],
    profile: Profile,
    seed: int = 0,
    among: Catalogue | None = None,
) -> tuple[list[Result], frozenset[str]]:
    """The results of the rules (and of those they come after) against a simulator of these parts,
    and the IDs of all rules whose own check found something, laid to others or not.
    """
    among = among or catalogue()
    target = embedded_target(dialect, seed=seed, parts=parts)
    judge = Judge(among, seed=seed, profile=profile)
    try:
        for rule in rules:
            judge.judge(rule.id, target)
    finally:
        target.client.close()
    results = settle(among.with_prerequisites(rules), judge.outcomes)
    broken = {id_ for id_, o in judge.outcomes.items() if o.kind is OutcomeKind.BROKEN}
    return results, frozenset(broken)


def run_against(
    defect: Defect, *, profile: Profile, seed: int = 0, rules: Sequence[Rule] | None = None
) -> tuple[list[Result], frozenset[str]]:
    """What the suite says of a defect; all rules of the profile unless some are named."""
    chosen = catalogue().select(profile) if rules is None else rules
    return judged(defect.parts, DIALECTS[defect.dialect], rules=chosen, profile=profile, seed=seed)


def run_sound(
    dialect: Dialect, *, profile: Profile, seed: int = 0
) -> tuple[tuple[str, ...], float]:
    """The false alarms of a run against the sound simulator of a dialect, and its seconds."""
    started = time.perf_counter()
    rules = catalogue().select(profile)
    results, _ = judged(None, dialect, rules=rules, profile=profile, seed=seed)
    return false_alarms(results, dialect), time.perf_counter() - started


def false_alarms(results: Iterable[Result], dialect: Dialect) -> tuple[str, ...]:
    """What a run against a sound server of a dialect found all the same, in words.

    A SHOULD counts in the default dialect alone: a dialect may well not follow advice. A denied
    rule counts as well, for the run would be inconclusive, as it must be where a merchant has
    partial refunds switched off.
    """
    switched_off = dialect.partial_refunds == "off"
    adverse = {Verdict.FAILED, Verdict.ERROR}
    if dialect == DIALECTS["default"]:
        adverse |= {Verdict.ADVICE}
    return tuple(
        f"{r.rule.id}: {r.reason}"
        for r in results
        if r.verdict in adverse or (r.absence is Absence.DENIED and not switched_off)
    )


def try_defect(
    defect: Defect, *, profile: Profile, seed: int = 0, rules: Sequence[Rule] | None = None
) -> Trial:
    """Run the suite against a defect and hold it against what is declared."""
    started = time.perf_counter()
    results, broken = run_against(defect, profile=profile, seed=seed, rules=rules)
    # What is merely advised is not followed by every conformant dialect.
    advised = {r.rule.id for r in results if r.verdict is Verdict.ADVICE}
    idle = advised if defect.dialect != "default" else set()
    trial = held_against(defect, results, broken, profile=profile, idle=idle)
    return replace(trial, seed=seed, seconds=time.perf_counter() - started)


def held_against(
    defect: Declared,
    results: Sequence[Result],
    broken: Set[str],
    *,
    profile: Profile,
    idle: Set[str] = frozenset(),
) -> Trial:
    """A run's results against what is declared of the defect. ``broken``: the rules whose own check
    found something; ``idle``: those whose failing says nothing.
    """
    failing = [r.rule.id for r in results if r.verdict in _FAILING]
    # A check that lays all it found to others is blocked in the report, and found it all the same.
    seen = [r.rule.id for r in results if r.rule.id in broken or r.rule.id in failing]
    forestalled = _forestalled(results, seen)
    must = expected(defect, (r.rule.id for r in results if r.rule.id not in forestalled), profile)
    caught = [id_ for id_ in must if id_ in seen]
    # What closes a run judges all that any rule has done: every defect may show there as well.
    closing = {r.rule.id for r in results if r.rule.closing}
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


def _forestalled(results: Iterable[Result], seen: Sequence[str]) -> set[str]:
    """Rules that were held up by a generated one that found something, as it does with some seeds.

    Each rule comes after those that it rests on.
    """
    made_up = {id_ for id_ in seen if any(fnmatchcase(id_, glob) for glob in GENERATED)}
    held_up: set[str] = set()
    for result in results:
        before = made_up.union(held_up).intersection(result.rule.after)
        if before and result.verdict is Verdict.BLOCKED and result.rule.id not in seen:
            held_up.add(result.rule.id)
    return held_up


def _with(results: Iterable[Result], verdict: Verdict) -> tuple[str, ...]:
    return tuple(result.rule.id for result in results if result.verdict is verdict)


def _missed(defect: Declared, must: Sequence[str], seen: Sequence[str]) -> tuple[str, ...]:
    """Declared rules that found nothing. Of a glob's rules one is enough."""
    missed = []
    for pattern in defect.caught_by:
        meant = [id_ for id_ in must if fnmatchcase(id_, pattern)]
        if meant and not any(id_ in seen for id_ in meant):
            missed.append(pattern)
    return tuple(missed)
