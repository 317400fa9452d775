"""The result in short: what is wrong, most likely why, the shortest story, whom it costs, what to
do. All evidence is in the report, and in :mod:`points_conformance.report.terminal`'s lines.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from points_conformance.judging.causes import AT_MOST, Cause, Diagnosis
from points_conformance.judging.step import Step
from points_conformance.judging.verdict import Cost, Evidence, Result, RunVerdict, Verdict
from points_conformance.report.run import RunReport, grouped_by_reason, rerun_command
from points_conformance.report.text import counted, plain, wrapped

__all__ = ["brief_lines"]

_LABEL: Final = 12
#: Of a story its last steps are shown, so many at most.
_STEPS: Final = 4
#: So many failed rules without a cause are told, of several causes the rules of so many.
_ALONE: Final = 4
_NAMED: Final = 4
#: Another candidate is told where it fits worse by less.
_CLOSE: Final = 0.1
#: How notes begin that were told before the run.
_SAID_BEFORE: Final = "webhooks are received at "
#: So many lines of what is lacking, and of what is known.
_LISTED: Final = 4

#: A call on an order is told by what it does.
_ON_ORDER: Final = re.compile(r"^[A-Z]+ /orders/(\w+)/(\w+)(?: amount)?")
#: That a call was carried out is told by the status of its order.
_DONE: Final = re.compile(r"^HTTP (?:2\d\d (?=\w))?")


def brief_lines(report: RunReport, width: int = 80) -> list[str]:
    """The result in few lines; the first and the last have the verdict. Lines to paste are never
    broken.
    """
    blocks = (
        [
            *_rows(report.headline, 2, width),
            *_rows(_judged(report), 2, width),
        ],
        _why(report, width),
        _kit_failed(report, width),
        _advice(report, width),
        _beside(report, width),
    )
    lines = [line for block in blocks if block for line in ("", *block)][1:]
    return [*lines, *wrapped(report.told, hang="  ", width=width)]


def _judged(report: RunReport) -> str:
    how = f"profile {report.profile}, {report.seeds_said}"
    return f"points-conformance {report.subject}: {report.target}; {how}"


# ---------------------------------------------------------------------- why
def _why(report: RunReport, width: int) -> list[str]:
    """The causes, each with its rules; the story of the first; what no cause explains."""
    failed = _failed(report)
    if not failed:
        return []
    diagnosis = report.diagnosis
    told = [cause for cause in diagnosis.causes if cause.likely and not cause.beside][:1]
    told += [cause for cause in diagnosis.causes if cause.likely and cause.beside]
    lines: list[str] = []
    shown: set[str] = set()
    for number, cause in enumerate(told):
        word = "also likely" if number else "most likely"
        lines += wrapped(f"{word}: {cause.title}", hang="  ", width=width)
        lines.append(_labelled("explains", _explained(cause), width))
        best = _shortest(failed, cause.explains)
        if number == 0 and best is not None:
            lines += _story(report, best, width)
        shown |= set(cause.explains)
    lines += _or(diagnosis.causes, told, width)
    left = [result for result in failed if result.rule.id not in shown]
    if left and not told:
        lines += wrapped(_nothing_fits(diagnosis), hang="  ", width=width)
        best = _shortest(left, [result.rule.id for result in left])
        lines += _failure(best, width) if best else []
        lines += _story(report, best, width) if best else []
        left = [result for result in left if result is not best]
    elif left:
        lines += ["not explained:"]
    for result in left[:_ALONE]:
        lines += _failure(result, width)
    if more := len(left) - _ALONE:
        lines += [f"  and {counted(more, 'failed rule')} more"] if more > 0 else []
    return lines


def _failed(report: RunReport) -> list[Result]:
    """What makes the run fail."""
    advice = [Verdict.ADVICE] if report.strict else []
    return report.of(Verdict.FAILED, *advice)


def _explained(cause: Cause) -> str:
    more = len(cause.explains) - _NAMED
    named = ", ".join(cause.explains[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{len(cause.explains)} of {counted(cause.of, 'broken rule')}: {named}"


def _or(causes: Sequence[Cause], told: Sequence[Cause], width: int) -> list[str]:
    """Another candidate for the same, where it fits nearly as well."""
    others = [c for c in causes if c.likely and c not in told and told[0].fit - c.fit < _CLOSE]
    return [_labelled("or", c.title, width) for c in others[:1]]


def _nothing_fits(diagnosis: Diagnosis) -> str:
    if diagnosis.as_good > AT_MOST:
        return (
            f"no cause can be told: {diagnosis.as_good} that are known fit alike; "
            "more rules tell them apart"
        )
    said = "no cause that is known fits well"
    titles = [cause.title for cause in diagnosis.causes]
    if diagnosis.several:
        return f"{said}; perhaps several at once: {' '.join(titles)}"
    return f"{said}; the nearest: {titles[0]}" if titles else said


def _shortest(results: Iterable[Result], among: Iterable[str]) -> Result | None:
    """The failure whose story is told: one that moves money before others, then the shortest."""
    wanted = set(among)
    found = [r for r in results if r.rule.id in wanted and r.evidence is not None]
    return min(found, key=_length, default=None)


def _length(result: Result) -> tuple[bool, bool, int]:
    evidence = result.evidence
    if evidence is None:
        return True, True, 0
    steps = len(evidence.story) or len(evidence.steps)
    return evidence.cost is None, steps == 0, steps


# ---------------------------------------------------------------------- one failure
def _failure(result: Result, width: int) -> list[str]:
    said = result.evidence.title if result.evidence else result.reason
    return [_short(f"  {result.rule.id}: {said}", width)]


def _story(report: RunReport, result: Result, width: int) -> list[str]:
    evidence = result.evidence
    if evidence is None:
        return []
    told = (
        ("shown by", f"{result.rule.id}: {evidence.title}"),
        ("expected", evidence.expected),
        ("got", evidence.got),
    )
    lines = [_labelled(label, text, width) for label, text in told]
    lines += _steps(evidence, width)
    lines += [_labelled("costs", _cost(evidence.cost), width)] if evidence.cost else []
    again = plain(rerun_command(report, result.rule.id))
    return [*lines, f"  {'again':{_LABEL - 2}}{again}"]


def _line(text: str, most: int = 150) -> str:
    """The beginning of a text, on one line."""
    lead = " " if text.startswith(" ") else ""
    return lead + _cut(" ".join(text.split()), most)


def _cut(line: str, most: int) -> str:
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _steps(evidence: Evidence, width: int) -> list[str]:
    told = [_in_words(step) for step in evidence.steps] or [(step, "") for step in evidence.story]
    left_out = max(len(told) - _STEPS, 0)
    lines = []
    for number, (said, came) in enumerate(told[left_out:], start=left_out + 1):
        head = f"  {'story' if number == left_out + 1 else '':{_LABEL - 2}}{number}. "
        room = max(width - len(head) - len(came), 20)
        lines.append(_short(f"{head}{_short(_line(said), room)}{came}", width))
    return lines


def _in_words(step: Step) -> tuple[str, str]:
    """What was said, of which the end may be left out, and what came of it."""
    answer = f" -> {_DONE.sub('', step.answer)}" if step.answer else ""
    said = _ON_ORDER.sub(r"\2 \1", step.said.partition(", reason ")[0])
    return said, _line(answer + (f" ({step.after})" if step.after else ""))


def _cost(cost: Cost) -> str:
    return f"{cost.loses}: {cost.amount} {cost.unit}, on one order of {cost.of} {cost.unit}"


def _labelled(label: str, text: str, width: int) -> str:
    return _short(f"  {label:{_LABEL - 2}}{_line(text, width)}", width)


def _rows(text: str, most: int, width: int) -> list[str]:
    """The beginning of a text, in so many rows at most."""
    rows = wrapped(text, hang="  ", width=width)
    return rows if len(rows) <= most else [*rows[: most - 1], _cut(f"{rows[most - 1]} …", width)]


def _short(text: str, width: int) -> str:
    return _cut(plain(text), width)


# ---------------------------------------------------------------------- beside that
def _kit_failed(report: RunReport, width: int) -> list[str]:
    errors = report.of(Verdict.ERROR)
    lines = [_short(f"ERROR {r.rule.id}: {r.reason}", width) for r in errors[:_ALONE]]
    return [*lines, "the kit itself failed: please report this"] if lines else []


def _advice(report: RunReport, width: int) -> list[str]:
    advice = [] if report.strict else report.of(Verdict.ADVICE)
    if not advice:
        return []
    named = ", ".join(result.rule.id for result in advice)
    return [_short(f"advice: {named}", width)]


def _beside(report: RunReport, width: int) -> list[str]:
    """What else decides the verdict or is left behind, and where the rest stands."""
    known = [f"known: {r.rule.id}: {r.reason}" for r in report.of(Verdict.KNOWN)]
    because = report.because if report.verdict is not RunVerdict.CONFORMANT else []
    lines = [
        *(f"why: {reason}" for reason in because),
        *(f"seeds differ: {line}" for line in report.differing),
        *known[:_LISTED],
    ]
    told = [line for text in lines for line in _rows(_line(text, 300), 2, width)]
    # What was done to the target, and what is left there, is told whole.
    whole = [f"note: {note}" for note in report.notes if not note.startswith(_SAID_BEFORE)]
    whole += [f"net effect: {'; '.join(report.effect)}"] if report.effect else []
    effect = [line for text in whole for line in wrapped(plain(text), hang="  ", width=width)]
    return [*told, *effect, *_missing(report, width)]


def _missing(report: RunReport, width: int) -> list[str]:
    """What would exercise more, where nothing worse is to be done first."""
    if _failed(report) or report.of(Verdict.ERROR):
        return []
    groups = [*grouped_by_reason(report.coverage.lacking).items()]
    groups = [(reason, ids) for reason, ids in groups if not reason.startswith("comes after ")]
    lines = [f"not exercised ({len(ids)}): {reason}" for reason, ids in groups]
    more = len(lines) - _LISTED
    told = [row for line in lines[:_LISTED] for row in _rows(plain(line), 2, width)]
    return told + ([f"and {counted(more, 'reason')} more"] if more > 0 else [])
