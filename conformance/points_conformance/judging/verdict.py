"""Verdicts: from what each check did to what the run says. Pure; each function is a table.

``settle`` gives every rule its verdict, ``run_verdict`` the run's, ``exit_status`` the command's.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum

from points_conformance.judging.rule import Level, Rule
from points_conformance.judging.step import Step

__all__ = [
    "Absence",
    "Cost",
    "Evidence",
    "Outcome",
    "OutcomeKind",
    "Result",
    "RunVerdict",
    "Trouble",
    "Verdict",
    "exit_status",
    "inconclusive_because",
    "run_verdict",
    "settle",
    "with_attributed",
]


class OutcomeKind(StrEnum):
    """What running one check came to, before anything else is looked at."""

    HELD = "held"
    BROKEN = "broken"
    READ = "read"
    MISSING = "missing"
    NETWORK = "network"
    CRASHED = "crashed"


class Absence(StrEnum):
    """Why a rule was not exercised: the run was never given what it needs, or it was given it and
    the target or the run did not deliver.
    """

    LACKING = "lacking"
    DENIED = "denied"


class Verdict(StrEnum):
    """What the report says of one rule."""

    PASSED = "passed"
    FAILED = "failed"
    ADVICE = "advice"
    OBSERVED = "observed"
    KNOWN = "known"
    BLOCKED = "blocked"
    NOT_EXERCISED = "not exercised"
    ERROR = "error"


class RunVerdict(StrEnum):
    """What the report says of the whole run, in its scope."""

    CONFORMANT = "conformant"
    NOT_CONFORMANT = "not conformant"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a finding costs on the order that shows it: ``40.01`` ``SAR`` ``of`` ``100.00``.

    ``loses``: who bears it. ``text``: the whole in words.
    """

    amount: str
    unit: str
    of: str
    loses: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A finding as the report keeps it: plain text, already redacted.

    ``curl`` are the story's calls to paste; ``exchanges`` the same with their answers; ``steps``
    the story as it is drawn. ``led_by``: the other rules that must run for the finding to show
    again. ``cost``: where money is moved.
    """

    title: str
    expected: str
    got: str
    story: tuple[str, ...] = ()
    curl: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    rounds: str = ""
    led_by: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What running one check came to. ``readings`` map a matter and kind of input to a reading.

    ``attributed``: what it found against other rules, by their IDs; ``late``: found by another one.
    ``absence``: of which kind a missing one is, and what the run ``lacks`` in two or three words.
    ``moves``: the states that its calls led through, as the subject calls them; each once, the
    latest last.
    """

    rule: str
    kind: OutcomeKind
    reason: str = ""
    absence: Absence | None = None
    lacks: str = ""
    evidence: Evidence | None = None
    readings: Mapping[str, str] = field(default_factory=dict)
    attributed: Mapping[str, Evidence] = field(default_factory=dict)
    late: bool = False
    moves: tuple[str, ...] = ()
    calls: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A rule with its verdict. ``prerequisite``: it ran for another rule's sake, unselected.

    ``accepted`` is why the user accepts that a denied rule was not exercised. ``unreached``: the
    run ended before it, or before a rule that it comes after.
    """

    rule: Rule
    verdict: Verdict
    reason: str = ""
    absence: Absence | None = None
    lacks: str = ""
    accepted: str = ""
    unreached: bool = False
    evidence: Evidence | None = None
    readings: Mapping[str, str] = field(default_factory=dict)
    moves: tuple[str, ...] = ()
    calls: int = 0
    seconds: float = 0.0
    prerequisite: bool = False
    network: bool = False


#: Verdicts of a rule that keep the rules after it from saying anything.
_BLOCKING = frozenset({Verdict.FAILED, Verdict.KNOWN, Verdict.ERROR, Verdict.BLOCKED})


def settle(
    rules: Sequence[Rule],
    outcomes: Mapping[str, Outcome],
    *,
    known: Mapping[str, str] | None = None,
    accepted: Mapping[str, str] | None = None,
    prerequisites: Iterable[str] = (),
) -> list[Result]:
    """The result of every rule, in the order given (each after the rules it comes after).

    ``known`` maps the IDs of failures that are listed and match to their reasons, ``accepted``
    those of rules that the user accepts unexercised, where they are denied. A rule without an
    outcome was not exercised: nothing is skipped in silence, and no list excuses it.
    """
    prerequisites = frozenset(prerequisites)
    outcomes = with_attributed(outcomes)
    late = {outcome.rule for outcome in outcomes.values() if outcome.late}
    present = frozenset(rule.id for rule in rules)
    results: dict[str, Result] = {}
    for rule in rules:
        outcome = outcomes.get(rule.id)
        result = (
            _held_up(rule, results, late)
            or _laid_to_others(rule, outcome, present)
            or _judged(rule, outcome, (known or {}).get(rule.id))
        )
        if outcome is not None:
            result = replace(
                result, moves=outcome.moves, calls=outcome.calls, seconds=outcome.seconds
            )
        if result.absence is Absence.DENIED and not result.unreached:
            result = replace(result, accepted=(accepted or {}).get(rule.id, ""))
        results[rule.id] = replace(result, prerequisite=rule.id in prerequisites)
    return list(results.values())


def with_attributed(outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """The outcomes, and what one check found against other rules as those rules' failures.

    A rule that failed by itself keeps its own story. Of a rule that held by itself the failure is
    ``late``: the rules that come after have run by then, and stand.
    """
    laid = dict(outcomes)
    for outcome in outcomes.values():
        for id_, evidence in outcome.attributed.items():
            own = laid.get(id_)
            if own is None or own.kind not in (OutcomeKind.BROKEN, OutcomeKind.CRASHED):
                laid[id_] = Outcome(
                    rule=id_,
                    kind=OutcomeKind.BROKEN,
                    reason=f"{evidence.title} (found by {outcome.rule})",
                    evidence=evidence,
                    calls=own.calls if own else 0,
                    seconds=own.seconds if own else 0.0,
                    late=own is not None,
                    moves=own.moves if own else (),
                )
    return laid


def _laid_to_others(rule: Rule, outcome: Outcome | None, present: frozenset[str]) -> Result | None:
    """A check that broke other rules alone: they failed, and it says no more."""
    if outcome is None or not outcome.attributed or not present.issuperset(outcome.attributed):
        return None
    reason = f"its stories break {', '.join(outcome.attributed)}: see there"
    return Result(rule=rule, verdict=Verdict.BLOCKED, reason=reason)


def _held_up(rule: Rule, results: Mapping[str, Result], late: Set[str]) -> Result | None:
    before = [results[id_] for id_ in rule.after if id_ in results and id_ not in late]
    for result in before:
        if result.verdict in _BLOCKING:
            reason = f"comes after {result.rule.id}, which {_word(result.verdict)}"
            return Result(rule=rule, verdict=Verdict.BLOCKED, reason=reason, network=result.network)
    for result in before:
        if result.verdict is Verdict.NOT_EXERCISED:
            # However long the chain, its first rule is named, so that one cause is told once.
            first = f"comes after {result.rule.id}, which was not exercised: {result.reason}"
            reason = result.reason if result.reason.startswith("comes after ") else first
            return Result(
                rule=rule,
                verdict=Verdict.NOT_EXERCISED,
                reason=reason,
                absence=result.absence,
                lacks=result.lacks,
                unreached=result.unreached,
            )
    return None


def _word(verdict: Verdict) -> str:
    return {
        Verdict.FAILED: "failed",
        Verdict.KNOWN: "is a known failure",
        Verdict.ERROR: "is in error",
    }.get(verdict, f"is {verdict.value}")


def _judged(rule: Rule, outcome: Outcome | None, known: str | None) -> Result:
    if outcome is None:
        return Result(
            rule=rule,
            verdict=Verdict.NOT_EXERCISED,
            reason="the run ended before it",
            absence=Absence.DENIED,
            unreached=True,
        )
    broken = Verdict.FAILED if rule.level is Level.MUST else Verdict.ADVICE
    verdict = {
        OutcomeKind.HELD: Verdict.PASSED,
        OutcomeKind.BROKEN: Verdict.KNOWN if known is not None else broken,
        OutcomeKind.READ: Verdict.OBSERVED,
        OutcomeKind.MISSING: Verdict.NOT_EXERCISED,
        OutcomeKind.NETWORK: Verdict.BLOCKED,
        OutcomeKind.CRASHED: Verdict.ERROR,
    }[outcome.kind]
    reason = known if verdict is Verdict.KNOWN and known else outcome.reason
    missing = verdict is Verdict.NOT_EXERCISED
    return Result(
        rule=rule,
        verdict=verdict,
        reason=reason,
        absence=(outcome.absence or Absence.LACKING) if missing else None,
        lacks=outcome.lacks if missing else "",
        evidence=outcome.evidence,
        readings=outcome.readings,
        network=outcome.kind is OutcomeKind.NETWORK,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What went wrong beside the rules.

    ``ours``: the kit failed. ``stopped``: wrong usage, interrupted, nothing selected, a worker
    died, or a target that cannot be judged. ``stale``: known failures or pinned readings that no
    longer hold.
    """

    ours: Sequence[str] = ()
    stopped: Sequence[str] = ()
    stale: Sequence[str] = ()


def exit_status(
    results: Sequence[Result], trouble: Trouble | None = None, *, strict: bool = False
) -> int:
    """3 our fault, 2 stopped, 1 broken or stale, 2 inconclusive, 0: the first that matches."""
    trouble = trouble or Trouble()
    verdicts = {result.verdict for result in results}
    if trouble.ours or Verdict.ERROR in verdicts:
        return 3
    if trouble.stopped or not any(not result.prerequisite for result in results):
        return 2
    if Verdict.FAILED in verdicts or trouble.stale or (strict and Verdict.ADVICE in verdicts):
        return 1
    return 2 if inconclusive_because(results) else 0


def run_verdict(
    results: Sequence[Result], trouble: Trouble | None = None, *, strict: bool = False
) -> RunVerdict:
    """The run's verdict. A broken rule is a fact even of a run that was stopped."""
    verdicts = {result.verdict for result in results}
    stale = bool(trouble and trouble.stale)
    if Verdict.FAILED in verdicts or stale or (strict and Verdict.ADVICE in verdicts):
        return RunVerdict.NOT_CONFORMANT
    if exit_status(results, trouble, strict=strict) == 0:
        return RunVerdict.CONFORMANT
    return RunVerdict.INCONCLUSIVE


def inconclusive_because(results: Sequence[Result]) -> list[str]:
    """Why a run without failures still says nothing: core rules without a verdict of their own,
    what the run was equipped for and did not get, MUSTs that the network blocked, or a run in
    which no rule at all was exercised.
    """
    own = [result for result in results if not result.prerequisite]
    reasons = [
        f"{result.rule.id} is core and {result.verdict.value}: {result.reason}"
        for result in own
        if result.rule.core and _says_nothing(result)
    ]
    reasons += _denied(own)
    reasons += [
        f"{result.rule.id} was blocked by the network: {result.reason}"
        for result in results
        if result.network and not result.rule.core and result.rule.level is Level.MUST
    ]
    exercised = {Verdict.PASSED, Verdict.ADVICE, Verdict.OBSERVED, Verdict.KNOWN, Verdict.FAILED}
    if not any(result.verdict in exercised for result in own):
        reasons.append("no rule was exercised")
    return reasons


def _says_nothing(result: Result) -> bool:
    """Whether a rule was not exercised, and nobody accepts that; or the network was in its way."""
    missing = result.verdict is Verdict.NOT_EXERCISED and not result.accepted
    return missing or (result.verdict is Verdict.BLOCKED and result.network)


def _denied(results: Sequence[Result]) -> list[str]:
    """One line for each reason why rules are denied; core ones have a line of their own."""
    ids: dict[str, list[str]] = {}
    for result in results:
        if result.absence is Absence.DENIED and not result.accepted and not result.rule.core:
            ids.setdefault(result.reason, []).append(result.rule.id)
    return [
        f"{', '.join(rules[:3])}{f' and {len(rules) - 3} more' if rules[3:] else ''} "
        f"{'was' if len(rules) == 1 else 'were'} denied: {reason}"
        for reason, rules in ids.items()
    ]
