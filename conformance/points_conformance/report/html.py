"""report.html: the run for people, one file that needs no network.

What is wrong comes first, with its cause; then what else is to be told; what held is folded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from points_conformance.judging.causes import LIKELY, Cause
from points_conformance.judging.verdict import Result, RunVerdict, Verdict
from points_conformance.report.diagram import WIDTH, diagram
from points_conformance.report.machine import SIGNS, cells, edges, places
from points_conformance.report.run import RunReport, grouped_by_reason, rerun_command
from points_conformance.report.text import plain
from points_conformance.subjects import Subject

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render"]

_TEMPLATES: Final = Path(__file__).with_name("templates")

_MEANS: Final[Mapping[RunVerdict, str]] = {
    RunVerdict.CONFORMANT: (
        "Every binding rule that was tried held. What was not tried is listed below, with what it "
        "would take."
    ),
    RunVerdict.NOT_CONFORMANT: (
        "At least one binding rule is broken, or something that was accepted before has changed."
    ),
    RunVerdict.INCONCLUSIVE: (
        "This run proves nothing either way: too little could be tried. Why is said below."
    ),
}

#: What each verdict means, in the order in which the page tells them.
_VERDICTS_MEAN: Final[Mapping[Verdict, str]] = {
    Verdict.FAILED: "a MUST is broken",
    Verdict.ERROR: "the kit itself failed: please report it",
    Verdict.ADVICE: "a SHOULD is broken: allowed, but unwise",
    Verdict.BLOCKED: "not judged: a rule before it failed, or the network stood in the way",
    Verdict.NOT_EXERCISED: "not tried: the run lacked what it needs, or was denied it",
    Verdict.KNOWN: "fails as listed in the known failures",
    Verdict.OBSERVED: "the documentation leaves this open: recorded, not judged",
    Verdict.PASSED: "held",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Failed rules by the cause that explains them; without one, those that none explains.

    ``others``: what else may be the cause of the same. ``several``: it is one of several that may
    be there at once.
    """

    cause: Cause | None
    results: Sequence[Result]
    others: Sequence[Cause] = ()
    several: bool = False


def render(report: RunReport) -> str:
    """The page."""
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            run=report,
            told=report.to_json(),
            means=_MEANS[report.verdict],
            gaps=_gaps(report),
            because=[reason for reason in report.because if reason not in report.trouble.stale],
            verdicts_mean=_VERDICTS_MEAN,
            counts={verdict: len(report.of(verdict)) for verdict in _VERDICTS_MEAN},
            families=list(dict.fromkeys(_family(result) for result in report.results)),
            groups=_groups(report),
            of=report.of,
            missing=_missing(report),
            passed=_by_family(report.of(Verdict.PASSED)),
            family=_family,
            again=lambda result: rerun_command(report, result.rule.id),
            draw=lambda result: diagram(result.evidence.steps, result.evidence.got),
            width=WIDTH,
            likely=LIKELY,
            machine=_machine(report),
        )
    )


def _gaps(report: RunReport) -> str:
    """How much is missing, in short."""
    covered = report.coverage
    told = {"denied": covered.denied, "accepted": covered.accepted, "lacking": covered.lacking}
    counts = ", ".join(f"{len(rules)} {word}" for word, rules in told.items() if rules)
    return f"not exercised: {counts}" if counts else "what is missing"


def _environment() -> "Environment":
    # Jinja2 is imported here alone: pytest's start must not pay for it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )


def _visible(value: Any) -> Any:
    """Control characters and marks that turn the direction of text, spelt out. Markup is ours."""
    return plain(value) if type(value) is str else value


def _family(result: Result) -> str:
    return result.rule.id.partition(".")[0]


def _by_family(results: Iterable[Result]) -> dict[str, list[Result]]:
    families: dict[str, list[Result]] = {}
    for result in results:
        families.setdefault(_family(result), []).append(result)
    return families


def _groups(report: RunReport) -> list[Group]:
    """What failed, by its most likely cause; in each group the shortest story first."""
    left = {result.rule.id: result for result in report.of(Verdict.FAILED)}
    told, several = report.diagnosis.causes, report.diagnosis.several
    groups: list[Group] = []
    for cause in told:
        # Of several candidates for the same the first counts; what is beside it explains the rest.
        if groups and not cause.beside:
            continue
        explained = [left.pop(id_) for id_ in cause.explains if id_ in left]
        others = [] if groups or several else [one for one in told if one is not cause]
        if explained:
            results = _shortest_first(explained)
            groups.append(Group(cause=cause, results=results, others=others, several=several))
    if several:
        # Of those that explain as much, what costs money comes first.
        groups.sort(key=lambda group: (-len(group.results), not any(map(_costs, group.results))))
    if left:
        groups.append(Group(cause=None, results=_shortest_first(left.values())))
    return groups


def _costs(result: Result) -> bool:
    return result.evidence is not None and result.evidence.cost is not None


def _shortest_first(results: Iterable[Result]) -> list[Result]:
    """What costs money first, then by what there is to read; what shows no story comes last."""
    return sorted(results, key=_length)


def _length(result: Result) -> tuple[bool, bool, int]:
    evidence = result.evidence
    steps = len(evidence.steps) if evidence else 0
    return steps == 0, not _costs(result), steps


def _missing(report: RunReport) -> dict[str, list[tuple[str, list[Result]]]]:
    """What was not exercised, by kind and reason."""
    covered = report.coverage
    kinds = {
        "Denied: equipped for, and not exercised": covered.denied,
        "Accepted unexercised": covered.accepted,
        "Not exercised: lacking": covered.lacking,
        "Blocked": report.of(Verdict.BLOCKED),
    }
    return {title: _by_reason(results) for title, results in kinds.items() if results}


def _by_reason(results: Sequence[Result]) -> list[tuple[str, list[Result]]]:
    by_id = {result.rule.id: result for result in results}
    groups = grouped_by_reason(results).items()
    return [(reason, [by_id[id_] for id_ in ids]) for reason, ids in groups]


def _machine(report: RunReport) -> dict[str, Any] | None:
    """The lifecycle as the run walked it; of a server alone."""
    if report.subject is not Subject.API or not report.results:
        return None
    table = cells(report.results)
    return {"cells": table, "edges": list(edges(table)), "places": places(), "signs": SIGNS}
