"""report.md: the run in short, for a comment on a pull request or the summary of a job.

What a target said stands in code only, where neither HTML nor a mention nor an image works.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from points_conformance.judging.verdict import Result, RunVerdict, Verdict
from points_conformance.report.run import RunReport, grouped_by_reason, rerun_command
from points_conformance.report.text import counted, plain, shortened

__all__ = ["render"]

#: A comment may have 65,536 characters; failures beyond these are named alone.
_ROOM: Final = 30_000

#: A job summary may have 1 MiB; what is shortened elsewhere stays far below.
_MOST: Final = 900_000

_SIGN: Final[Mapping[RunVerdict, str]] = {
    RunVerdict.CONFORMANT: "✅",
    RunVerdict.NOT_CONFORMANT: "❌",
    RunVerdict.INCONCLUSIVE: "⚠️",
}


def render(report: RunReport) -> str:
    """The text of report.md."""
    blocks = (
        [
            f"## {_SIGN[report.verdict]} points-conformance {report.subject}: "
            f"{_code(report.headline)}"
        ],
        [_code(report.summary)],
        [f"Judged: {_code(report.target)}"],
        _causes(report),
        _failures(report),
        _items(map(_code, report.because)),
        _grouped("Against advice", report.of(Verdict.ADVICE), reason=False),
        _grouped("Known failures", report.of(Verdict.KNOWN)),
        _grouped("In error (the kit itself failed)", report.of(Verdict.ERROR)),
        _grouped("Blocked", report.of(Verdict.BLOCKED)),
        _grouped("Denied: equipped for, and not exercised", report.coverage.denied),
        _grouped("Accepted unexercised", report.coverage.accepted),
        _grouped("Not exercised: lacking", report.coverage.lacking),
        _folded(
            "Readings", [f"{_code(k)}: {_code(v)}" for k, v in sorted(report.readings.items())]
        ),
        _folded("Readings that differ between seeds", [_code(line) for line in report.differing]),
        _folded("Net effect", [_code(line) for line in report.effect]),
    )
    return _within("\n\n".join("\n".join(block) for block in blocks if block)) + "\n"


def _within(text: str) -> str:
    """The text, or as many of its lines as GitHub takes."""
    if len(text.encode()) <= _MOST:
        return text
    kept = text.encode()[:_MOST].decode("utf-8", "ignore").rsplit("\n", 1)[0]
    return f"{kept}\n\n(cut here: the whole is in report.json)"


def _causes(report: RunReport) -> list[str]:
    """What is most likely wrong, else what may be at once; of what is merely the nearest that is
    known the first alone.
    """
    causes, several = report.diagnosis.causes, report.diagnosis.several
    likely = report.diagnosis.likely
    word = "most likely" if likely else "perhaps" if several else "nearest known fault"
    lines = [
        f"- {word}: {_code(cause.title)} "
        f"(explains {len(cause.explains)} of {cause.of} broken rules)"
        for cause in likely or (causes if several else causes[:1])
    ]
    return ["**Cause** (a hint)", "", *lines] if lines else []


def _failures(report: RunReport) -> list[str]:
    lines: list[str] = []
    rest: list[str] = []
    for result in report.of(Verdict.FAILED):
        failure = _failure(report, result)
        if len("\n".join([*lines, *failure])) < _ROOM:
            lines += failure
        else:
            rest.append(_code(result.rule.id))
    if rest:
        lines += ["", f"Not shown here: {counted(len(rest), 'failed rule')}: {', '.join(rest)}."]
    return lines[1:]


def _failure(report: RunReport, result: Result) -> list[str]:
    rule, evidence = result.rule, result.evidence
    lines = [f"### {_code(rule.id)} ({rule.level})", "", rule.statement, ""]
    lines += [f"- source: {'; '.join(map(str, rule.sources))}"]
    if evidence is None:
        lines += [f"- reason: {_code(result.reason)}"]
    else:
        rounds = f" ({evidence.rounds})" if evidence.rounds else ""
        lines += [f"- expected: {_code(evidence.expected)}"]
        lines += [f"- got: {_code(evidence.got)}{rounds}"]
        lines += [f"- costs: {_code(evidence.cost.text)}"] if evidence.cost else []
        lines += [f"- step {n}: {_code(step)}" for n, step in enumerate(evidence.story, start=1)]
    found_by = report.found_by(rule.id)
    lines += [f"- {found_by}"] if found_by else []
    again = rerun_command(report, rule.id)
    return ["", *lines, "", *_fenced([*(evidence.curl if evidence else ()), again])]


def _grouped(title: str, results: Sequence[Result], *, reason: bool = True) -> list[str]:
    items = [_code(result.rule.id) for result in results]
    if reason:
        groups = grouped_by_reason(results).items()
        items = [f"{_code(why)}: {', '.join(map(_code, ids))}" for why, ids in groups]
    return _folded(f"{title} ({len(results)})", items)


def _folded(title: str, items: Sequence[str]) -> list[str]:
    if not items:
        return []
    head = f"<details><summary>{title}</summary>"
    return [head, "", *_items(items), "", "</details>"]


def _items(items: Iterable[str]) -> list[str]:
    return [f"- {item}" for item in items]


def _code(text: str) -> str:
    """The text as inline code, fenced by more backticks than any run of them inside it."""
    line = " ".join(plain(shortened(text)).split()) or " "
    fence = _fence(line, 1)
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def _fenced(texts: Sequence[str]) -> list[str]:
    lines = [plain(text) for text in texts]
    fence = _fence("\n".join(lines), 3)
    return [f"{fence}sh", *lines, fence]


def _fence(text: str, least: int) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)
