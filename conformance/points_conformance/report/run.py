"""One run, as every report sees it: what was judged, how, and what came of it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

from points_conformance.judging.causes import Diagnosis, Fault, diagnose, signs_of
from points_conformance.judging.coverage import Coverage, coverage
from points_conformance.judging.exchange import quoted
from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import (
    Evidence,
    Result,
    RunVerdict,
    Trouble,
    Verdict,
    exit_status,
    inconclusive_because,
    run_verdict,
)
from points_conformance.report.causes import faults_of
from points_conformance.report.text import counted
from points_conformance.subjects import Subject

__all__ = ["RunReport", "grouped_by_reason", "rerun_command"]

#: The version of report.json's shape; a change that breaks readers raises it.
FORMAT: Final = 1

#: In a summary: first what held, then what is wrong, then what is merely told.
_WORDS: Final[Mapping[str, str]] = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "failed",
    Verdict.ERROR: "in error",
    Verdict.ADVICE: "against advice",
    Verdict.KNOWN: "known to fail",
    Verdict.BLOCKED: "blocked",
    Verdict.NOT_EXERCISED: "not exercised",
    Verdict.OBSERVED: "observed",
}
_OTHERS: Final = {verdict: word for verdict, word in _WORDS.items() if verdict != Verdict.PASSED}

_URL: Final = re.compile(r"https?://\S+")
_USERINFO: Final = re.compile(r"(?<=://)[^/?#@\s]*@")
_SECRET_PARAMETER: Final = re.compile(
    r"(?i)(?<=[?&])([^=&#\s]*(?:key|token|secret|signature|password|auth|sig)[^=&#\s]*)=[^&#\s]+"
)


_SECRET_OPTION: Final = re.compile(r"(?i)--?[\w-]*(?:key|token|secret|password|auth)[\w-]*(=?)")


def _without_secrets(text: str) -> str:
    """URLs without passwords and without what their query calls a key or a token."""
    return _SECRET_PARAMETER.sub(r"\1=REDACTED", _USERINFO.sub("REDACTED@", text))


def _words_without_secrets(words: Iterable[str]) -> Iterator[str]:
    """Options without the values of those that are called a key or a token."""
    follows = False
    for word in words:
        option = _SECRET_OPTION.match(word)
        if follows and not word.startswith("-"):
            yield "REDACTED"
        else:
            yield option[0] + "REDACTED" if option and option[1] else _without_secrets(word)
        follows = bool(option and option[0] == word)


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """All that the reports know of a run.

    ``target`` is a text ("embedded simulator (dialect default)") or the base URL. ``scope`` is
    ``("all",)``, or what was selected and deselected. ``interrupted`` says why a ``partial`` run is
    partial. ``arguments`` are the options that it takes to judge the same target again, beside its
    URL (``("--app", "shop:app")``), ``passed_on`` what the command was given for pytest, ``select``
    and ``deselect`` the patterns that it was given. Under the user's own pytest ``begun_with`` is
    its command line without its choice of tests, and ``suite`` the class whose tests were run.
    ``again``: commands that are known beforehand, by rule. ``faults``: the causes that come into
    question, where those are not the shipped ones. Passwords and keys in URLs are cut when
    the report is made.
    """

    subject: Subject
    target: str
    profile: Profile
    seed: int
    started: datetime
    versions: Mapping[str, str]
    scope: Sequence[str] = ("all",)
    strict: bool = False
    partial: bool = False
    interrupted: str = ""
    calls: int = 0
    seconds: float = 0.0
    readings: Mapping[str, str] = field(default_factory=dict)
    results: Sequence[Result] = ()
    trouble: Trouble = field(default_factory=Trouble)
    plan: Sequence[str] = ()
    effect: Sequence[str] = ()
    notes: Sequence[str] = ()
    arguments: Sequence[str] = ()
    passed_on: Sequence[str] = ()
    select: Sequence[str] = ()
    deselect: Sequence[str] = ()
    begun_with: Sequence[str] = ()
    suite: str = ""
    again: Mapping[str, str] = field(default_factory=dict)
    faults: Sequence[Fault] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", _without_secrets(self.target))
        for name in ("arguments", "passed_on", "begun_with"):
            object.__setattr__(self, name, tuple(_words_without_secrets(getattr(self, name))))

    @property
    def verdict(self) -> RunVerdict:
        """The verdict, in the run's scope."""
        return run_verdict(self.results, self._trouble, strict=self.strict)

    @property
    def exit_status(self) -> int:
        """What the command exits with."""
        return exit_status(self.results, self._trouble, strict=self.strict)

    @property
    def because(self) -> list[str]:
        """Why the run is not simply conformant, beside the rules that failed."""
        trouble = self._trouble
        reasons = [f"the kit itself failed: {line}" for line in trouble.ours]
        reasons += [*trouble.stopped, *trouble.stale]
        if self.verdict is RunVerdict.INCONCLUSIVE:
            stopped = bool(trouble.stopped)
            reached = [r for r in self.results if not (stopped and r.unreached)]
            reasons += inconclusive_because(reached)
        return reasons

    @property
    def _trouble(self) -> Trouble:
        """The trouble; a run that is not over counts as stopped, whoever forgot to say so."""
        if not self.partial or self.trouble.stopped:
            return self.trouble
        return replace(self.trouble, stopped=(self.interrupted or "the run is not finished",))

    @property
    def whole(self) -> bool:
        """Whether nothing was selected or deselected."""
        return tuple(self.scope) == ("all",)

    @property
    def coverage(self) -> Coverage:
        """How much of what the run was equipped for it exercised."""
        return coverage(self.results)

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """The most likely causes of what failed: a hint, that changes no verdict."""
        signs = signs_of(self.results)
        if not signs.failed:
            return Diagnosis()
        return diagnose(signs, faults_of(self.subject) if self.faults is None else self.faults)

    @property
    def headline(self) -> str:
        """The verdict, and how much was exercised: the first line of every result."""
        told = f"{self.headline_verdict}: {self.coverage.text}"
        return "; ".join([told, *self.coverage.gaps])

    @property
    def headline_verdict(self) -> str:
        """The verdict with its scope."""
        where = "" if self.whole else f" in the scope {_brief(self.scope)}"
        return f"{self.verdict}{where}{' (partial)' if self.partial else ''}"

    @property
    def seeds_said(self) -> str:
        """The seed in words."""
        return f"seed {self.seed}"

    def found_by(self, rule_id: str) -> str:
        """How many seeds found a rule broken, where there are several."""
        return ""

    @property
    def differing(self) -> list[str]:
        """Readings that differ between seeds, in lines."""
        return []

    @property
    def summary(self) -> str:
        """The run in one line: verdict, coverage, counts, how to have the same again."""
        return f"{self.headline} ({self._counted})"

    @property
    def told(self) -> str:
        """The same without the coverage, which was said before."""
        return f"{self.headline_verdict} ({self._counted})"

    @property
    def _counted(self) -> str:
        counts = _counts(self.selected())
        told = [f"{counts[Verdict.PASSED]} passed", *_in_words(counts, _OTHERS)]
        before = _in_words(_counts(self.prerequisites()), _WORDS)
        if before:
            told[-1] += f"; prerequisites: {', '.join(before)}"
        how = f"{self.seeds_said}, profile {self.profile}, {self.seconds:.1f} s"
        return f"{', '.join(told)}; {how}, {counted(self.calls, 'call')}"

    def of(self, *verdicts: Verdict) -> list[Result]:
        """The results with one of these verdicts, prerequisites included."""
        return [result for result in self.results if result.verdict in verdicts]

    def selected(self) -> list[Result]:
        """The results of the rules that were asked for."""
        return [result for result in self.results if not result.prerequisite]

    def prerequisites(self) -> list[Result]:
        """The results of rules that ran only because selected ones come after them."""
        return [result for result in self.results if result.prerequisite]

    def to_json(self) -> dict[str, Any]:
        """The content of report.json (``specs/report.schema.json``), in its fixed order."""
        covered, diagnosis = self.coverage, self.diagnosis
        return {
            "summary": self.summary,
            "format": FORMAT,
            "verdict": self.verdict.value,
            "exit_status": self.exit_status,
            "because": self.because,
            "exercised": covered.exercised,
            "equipped": covered.equipped,
            "lacking": len(covered.lacking),
            "denied": len(covered.denied),
            "accepted": len(covered.accepted),
            "subject": self.subject.value,
            "target": self.target,
            "profile": self.profile.value,
            "seed": self.seed,
            "scope": list(self.scope),
            "strict": self.strict,
            "partial": self.partial,
            "interrupted": self.interrupted,
            "started": f"{self.started.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "seconds": round(self.seconds, 3),
            "calls": self.calls,
            "versions": dict(sorted(self.versions.items())),
            "counts": _counts(self.selected()),
            "prerequisites": _counts(self.prerequisites()),
            "readings": dict(sorted(self.readings.items())),
            "stale": list(self.trouble.stale),
            "plan": list(self.plan),
            "effect": list(self.effect),
            "notes": list(self.notes),
            "causes": [cause.to_json() for cause in diagnosis.causes],
            "unexplained": list(diagnosis.unexplained),
            "rules": [_rule_to_json(self, result) for result in self.results],
        }


def _brief(scope: Sequence[str]) -> str:
    text = ", ".join(scope)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _counts(results: Iterable[Result]) -> dict[str, int]:
    verdicts = [result.verdict for result in results]
    return {verdict.value: verdicts.count(verdict) for verdict in Verdict}


def _in_words(counts: Mapping[str, int], words: Mapping[str, str]) -> list[str]:
    return [f"{counts[verdict]} {word}" for verdict, word in words.items() if counts[verdict]]


def _rule_to_json(report: RunReport, result: Result) -> dict[str, Any]:
    rule = result.rule
    return {
        "id": rule.id,
        "level": rule.level.value,
        "verdict": result.verdict.value,
        "reason": result.reason,
        "absence": result.absence.value if result.absence else None,
        "lacks": result.lacks,
        "accepted": result.accepted,
        "statement": rule.statement,
        "sources": [str(source) for source in rule.sources],
        "core": rule.core,
        "prerequisite": result.prerequisite,
        "network": result.network,
        "after": list(rule.after),
        "needs": list(rule.needs),
        "calls": result.calls,
        "seconds": round(result.seconds, 3),
        "readings": dict(sorted(result.readings.items())),
        "moves": list(result.moves),
        "evidence": _evidence_to_json(report, rule.id, result.evidence),
    }


def _evidence_to_json(
    report: RunReport, rule_id: str, evidence: Evidence | None
) -> dict[str, Any] | None:
    if evidence is None:
        return None
    return {
        "title": evidence.title,
        "expected": evidence.expected,
        "got": evidence.got,
        "story": list(evidence.story),
        "curl": list(evidence.curl),
        "exchanges": list(evidence.exchanges),
        "steps": [asdict(step) for step in evidence.steps],
        "rounds": evidence.rounds,
        "cost": asdict(evidence.cost) if evidence.cost else None,
        "command": rerun_command(report, rule_id),
    }


def rerun_command(report: RunReport, rule_id: str) -> str:
    """The one shell command that judges this rule again, and the rules whose calls led to what it
    found: all of them where one order touches another. Secrets stay in the environment.
    """
    if rule_id in report.again:
        return report.again[rule_id]
    if _orders_touch(report, rule_id):
        return " ".join(map(quoted, _begun(report, report.select, report.deselect)))
    return " ".join(map(quoted, _begun(report, _led_to(report, rule_id))))


def _begun(report: RunReport, select: Iterable[str], deselect: Iterable[str] = ()) -> list[str]:
    profile, seed = report.profile.value, str(report.seed)
    if report.begun_with:
        # The project's fixtures and hooks are there in its own pytest alone.
        words = [*report.begun_with, "--points-profile", profile, "--points-seed", seed]
        words += _chosen("--points-", select, deselect)
        return [*words, *([report.suite] if report.suite else [])]
    words = ["points-conformance", report.subject.value, *_target_again(report)]
    words += ["--profile", profile, "--seed", seed, *(["--strict"] if report.strict else [])]
    words += _chosen("--", select, deselect)
    return [*words, *(["--", *report.passed_on] if report.passed_on else [])]


def _chosen(dashes: str, select: Iterable[str], deselect: Iterable[str]) -> list[str]:
    words = [word for pattern in select for word in (f"{dashes}select", pattern)]
    return words + [word for pattern in deselect for word in (f"{dashes}deselect", pattern)]


def _orders_touch(report: RunReport, rule_id: str) -> bool:
    """Whether another rule found that an order touches another one."""
    broken = (Verdict.FAILED, Verdict.KNOWN)
    apart = {r.rule.id for r in report.results if r.rule.apart and r.verdict in broken}
    return bool(apart - {rule_id})


def _led_to(report: RunReport, rule_id: str) -> list[str]:
    """The rule, then those without which it finds nothing."""
    found = [r.evidence for r in report.results if r.rule.id == rule_id and r.evidence is not None]
    led_by = (id_ for evidence in found for id_ in evidence.led_by)
    return list(dict.fromkeys((rule_id, *led_by)))


def _target_again(report: RunReport) -> Sequence[str]:
    option, otherwise = report.subject.who.url, report.subject.who.otherwise
    if not option or option in report.arguments:
        return report.arguments
    if _URL.fullmatch(report.target):
        return (option, report.target, *report.arguments)
    return (option, otherwise, *report.arguments) if otherwise else report.arguments


def grouped_by_reason(results: Iterable[Result]) -> dict[str, list[str]]:
    """Rule IDs by the reason that they share, in the order of the first of each."""
    groups: dict[str, list[str]] = {}
    for result in results:
        groups.setdefault(result.reason or "no reason was given", []).append(result.rule.id)
    return groups
