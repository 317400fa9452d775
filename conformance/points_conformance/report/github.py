"""What GitHub Actions shows beside a run: annotations, and no commands but ours."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from points_conformance.judging.verdict import Result, Verdict
from points_conformance.report.run import RunReport, rerun_command
from points_conformance.report.text import counted, plain, shortened

__all__ = ["annotations", "harmless", "within_actions"]

#: GitHub shows at most so many of a step.
_MOST: Final = 10


def within_actions(environ: Mapping[str, str]) -> bool:
    """Whether this is a step of GitHub Actions."""
    return bool(environ.get("GITHUB_ACTIONS"))


def annotations(report: RunReport) -> Iterator[str]:
    """A line for the most likely cause, one for each broken rule, failures first."""
    wrong = report.of(Verdict.FAILED, Verdict.ERROR)
    advice = report.of(Verdict.ADVICE)
    likely = report.diagnosis.likely
    lines = [_command("error", "most likely", cause.title) for cause in likely[:1]]
    lines += [_of(report, result, "error") for result in wrong]
    lines += [_of(report, result, "error" if report.strict else "warning") for result in advice]
    yield from lines[:_MOST]
    if len(lines) > _MOST:
        more = counted(len(lines) - _MOST, "more annotation")
        yield _command("notice", "points-conformance", f"{more} in report.html")


def harmless(lines: Iterable[str]) -> Iterator[str]:
    """Lines of which none begins as a command of the runner does, whoever's words are in them."""
    for line in lines:
        begins = line.lstrip()
        yield f"| {line}" if begins.startswith("::") or "##[" in begins else line


def _of(report: RunReport, result: Result, kind: str) -> str:
    evidence = result.evidence
    if evidence is None:
        return _command(kind, result.rule.id, result.reason)
    cost = f"{evidence.cost.text}\n" if evidence.cost else ""
    text = (
        f"{result.rule.statement}\nexpected: {shortened(evidence.expected, 300)}\n"
        f"got: {shortened(evidence.got, 300)}\n{cost}again: {rerun_command(report, result.rule.id)}"
    )
    return _command(kind, f"{result.rule.id}: {evidence.title}", text)


def _command(kind: str, title: str, text: str) -> str:
    return f"::{kind} title={_escaped(title, property_=True)}::{_escaped(text)}"


def _escaped(text: str, *, property_: bool = False) -> str:
    """As the runner wants it; lines of ours are kept."""
    lines = "\n".join(map(plain, text.split("\n")))
    escaped = lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.replace(":", "%3A").replace(",", "%2C") if property_ else escaped
