"""How the test of a rule ends: the text of its failure, the warning of its advice."""

import warnings
from collections.abc import Sequence

from points_conformance.judging.verdict import Result
from points_conformance.report.run import RunReport

__all__ = ["PointsAdvice", "advise", "exit_status", "failure_text"]


class PointsAdvice(UserWarning):
    """A SHOULD is broken. Never an error, whatever a project's filters make of warnings: for that
    there is ``--points-strict``.
    """


def advise(text: str) -> None:
    """Warn of advice, whatever a project's filters make of warnings."""
    try:
        warnings.warn(PointsAdvice(text), stacklevel=4)
    except PointsAdvice as advice:
        with warnings.catch_warnings():
            warnings.simplefilter("always", PointsAdvice)
            warnings.warn(advice, stacklevel=4)


def failure_text(result: Result) -> str:
    """What a failed test shows: the rule, its sources, expected and got, the story, the calls."""
    rule, evidence = result.rule, result.evidence
    sources = "; ".join(str(source) for source in rule.sources)
    lines = [f"{rule.id} ({rule.level.value}): {rule.statement}", f"source: {sources}"]
    if evidence is None:
        return "\n".join([*lines, result.reason])
    lines += [f"expected: {evidence.expected}", f"got: {evidence.got}", *evidence.story]
    return "\n".join([*lines, *evidence.exchanges, "", *evidence.curl])


def exit_status(reports: Sequence[RunReport], status: int, *, others_failed: bool) -> int:
    """What a pytest run exits with that judged one subject or several: the design's list, and the
    user's own failures are never lowered. ``status`` is pytest's.
    """
    ours = [report.exit_status for report in reports]
    stopped = any(report.trouble.stopped for report in reports)
    worst = next((code for code in _order(stopped) if code in ours), 0)
    if status not in (0, 1, 5):
        return max(worst, status)
    return 1 if worst in (0, 2) and others_failed and not stopped else worst


def _order(stopped: bool) -> tuple[int, ...]:
    """Our fault, what stopped a run, what is broken, what is inconclusive."""
    return (3, 2, 1) if stopped else (3, 1, 2)
