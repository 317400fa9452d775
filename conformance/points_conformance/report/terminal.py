"""The summary at the end of a run, as plain lines.

Lines to paste (curl, the command that runs a rule again, known-failure entries) are never broken.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from points_conformance.judging.known import entries_for
from points_conformance.judging.verdict import Result, RunVerdict, Verdict
from points_conformance.report.run import RunReport, grouped_by_reason, rerun_command
from points_conformance.report.text import plain, shortened, wrapped

__all__ = ["summary_lines"]

_LABEL: Final = 12


def summary_lines(report: RunReport) -> list[str]:
    """All that is worth saying after a run; the first line and the last have the verdict."""
    blocks = (
        wrapped(report.headline, hang="  "),
        _header(report),
        *(_broken(report, result) for result in report.of(Verdict.FAILED)),
        *(_error(report, result) for result in report.of(Verdict.ERROR)),
        *(_broken(report, result) for result in report.of(Verdict.ADVICE)),
        _known(report),
        _grouped("BLOCKED", report.of(Verdict.BLOCKED)),
        _grouped("DENIED: equipped for, and not exercised", report.coverage.denied),
        _grouped("ACCEPTED UNEXERCISED", report.coverage.accepted),
        _grouped("NOT EXERCISED: lacking", report.coverage.lacking),
        _listed("READINGS", (f"{key} = {value}" for key, value in sorted(report.readings.items()))),
        _listed("READINGS THAT DIFFER BETWEEN SEEDS", report.differing),
        _listed("NET EFFECT", report.effect),
        _listed("NOTES", report.notes),
        _prerequisites(report),
        _listed("STALE", report.trouble.stale),
        _entries(report),
        _because(report),
    )
    lines = chain.from_iterable([*block, ""] for block in blocks if block)
    return [*lines, plain(report.summary)]


def _header(report: RunReport) -> list[str]:
    kit = ", ".join(f"{name} {version}" for name, version in sorted(report.versions.items()))
    how = f"profile {report.profile}, {report.seeds_said}, scope {', '.join(report.scope)}"
    return wrapped(f"points-conformance {report.subject}: {report.target}; {how}; {kit}", hang="  ")


def _broken(report: RunReport, result: Result) -> list[str]:
    """A failed rule with all that is known of it; advice in short, where it costs nothing."""
    failed = result.verdict is Verdict.FAILED
    whole = failed or report.strict
    lines = _headline("FAILED" if failed else "ADVICE", result)
    if whole:
        lines += _labelled("source", "; ".join(map(str, result.rule.sources)))
    lines += _evidence(result, whole=whole)
    if whole:
        lines += _labelled("seed", report.found_by(result.rule.id) or str(report.seed))
    return lines + _to_paste("again", [rerun_command(report, result.rule.id)])


def _evidence(result: Result, *, whole: bool) -> list[str]:
    evidence = result.evidence
    if evidence is None:
        return _labelled("reason", result.reason)
    rounds = f" ({evidence.rounds})" if evidence.rounds else ""
    lines = _labelled("finding", evidence.title + rounds)
    lines += _labelled("expected", evidence.expected)
    lines += _labelled("got", evidence.got)
    return lines + _steps(evidence.story) + _to_paste("curl", evidence.curl) if whole else lines


def _headline(word: str, result: Result) -> list[str]:
    rule = result.rule
    level = f"{rule.level}, prerequisite" if result.prerequisite else rule.level
    return wrapped(f"{word} {rule.id} ({level}): {rule.statement}", hang="  ")


def _labelled(label: str, text: str) -> list[str]:
    return wrapped(shortened(text), f"  {label:{_LABEL - 2}}", " " * _LABEL) if text else []


def _steps(story: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for number, step in enumerate(story, start=1):
        label = "story" if number == 1 else ""
        lines += wrapped(f"{number}. {step}", f"  {label:{_LABEL - 2}}", " " * (_LABEL + 3))
    return lines


def _to_paste(label: str, texts: Sequence[str]) -> list[str]:
    # What stands inside a quoted body must not be indented: only the first line of each is.
    broken = [f"{' ' * _LABEL}{plain(text)}" for text in texts]
    broken[:1] = [f"  {label:{_LABEL - 2}}{line.lstrip()}" for line in broken[:1]]
    return "\n".join(broken).split("\n") if broken else []


def _error(report: RunReport, result: Result) -> list[str]:
    lines = _headline("ERROR", result)
    lines += _labelled("reason", f"{result.reason} (the kit itself failed: please report)")
    return lines + _to_paste("again", [rerun_command(report, result.rule.id)])


def _known(report: RunReport) -> list[str]:
    known = report.of(Verdict.KNOWN)
    return _listed("KNOWN", (f"{result.rule.id}: {result.reason}" for result in known))


def _grouped(title: str, results: Sequence[Result]) -> list[str]:
    lines: list[str] = []
    for reason, ids in grouped_by_reason(results).items():
        lines += wrapped(shortened(reason), "  ", "    ")
        lines += wrapped(", ".join(ids), "      ")
    return [f"{title} ({len(results)})", *lines] if lines else []


def _listed(title: str, texts: Iterable[str]) -> list[str]:
    lines = [line for text in texts for line in wrapped(shortened(text), "  ", "    ")]
    return [title, *lines] if lines else []


def _prerequisites(report: RunReport) -> list[str]:
    """Which unselected rules ran because selected ones come after them."""
    ran = [f"{result.rule.id}: {result.verdict}" for result in report.prerequisites()]
    return _listed("PREREQUISITES (not selected; selected rules come after them)", ran)


def _entries(report: RunReport) -> list[str]:
    entries = entries_for(report.results, strict=report.strict)
    if not entries:
        return []
    return [
        "To accept what failed for now, give --known-failures a file with:",
        *entries.split("\n")[:-1],
    ]


def _because(report: RunReport) -> list[str]:
    if report.verdict is RunVerdict.CONFORMANT:
        return []
    stale = {*report.trouble.stale}
    return _listed("WHY", (reason for reason in report.because if reason not in stale))
