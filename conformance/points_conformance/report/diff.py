"""Two reports of one subject compared: what got worse, better, newly read, and by which cause."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from points_conformance.judging.verdict import RunVerdict, Verdict
from points_conformance.report.text import plain

__all__ = ["DiffError", "Difference", "diff", "diff_lines", "likely_causes", "load_report"]

Report = Mapping[str, Any]

#: The verdict of a rule that a report does not have.
_ABSENT: Final = "absent"

_GOOD: Final = frozenset({Verdict.PASSED, Verdict.OBSERVED})
_BAD: Final = frozenset({Verdict.FAILED})

_RANK: Final = {
    RunVerdict.CONFORMANT.value: 0,
    RunVerdict.INCONCLUSIVE.value: 1,
    RunVerdict.NOT_CONFORMANT.value: 2,
}

#: What must be the same in both for the comparison to say all.
_CONDITIONS: Final = ("target", "profile", "scope", "seed", "seeds", "strict")


class DiffError(ValueError):
    """The two cannot be compared: a file is no report, or their subjects differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One line each. ``causes`` came or went; ``other`` is neither worse nor better; ``notes`` are
    differing conditions.
    """

    causes: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    better: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """1 if anything got worse, else 0."""
        return 1 if self.worse else 0


def load_report(path: Path) -> dict[str, Any]:
    """Read a report.json. Raises :class:`DiffError` with one line where the file is none."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise DiffError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise DiffError(f"{path}: is not JSON: name a report.json") from None
    if not _is_report(content):
        raise DiffError(f"{path}: is no report of points-conformance: name a report.json")
    ids = Counter(rule["id"] for rule in content["rules"])
    twice = [id_ for id_, count in ids.items() if count > 1]
    if twice:
        raise DiffError(f"{path}: {twice[0]!a} stands there twice: which verdict counts?")
    report: dict[str, Any] = content
    return report


def _is_report(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and isinstance(content.get("subject"), str)
        and content.get("verdict") in [*_RANK]
        and isinstance(content.get("readings"), dict)
        and isinstance(content.get("rules"), list)
        and all(
            isinstance(rule, dict)
            and isinstance(rule.get("id"), str)
            and isinstance(rule.get("verdict"), str)
            for rule in content["rules"]
        )
    )


def diff(old: Report, new: Report) -> Difference:
    """Compare two reports. Raises :class:`DiffError` where their subjects differ."""
    if old["subject"] != new["subject"]:
        raise DiffError(f"the subjects differ: {old['subject']} and {new['subject']}")
    found: dict[str, list[str]] = {
        "causes": [],
        "worse": [],
        "better": [],
        "read": [],
        "other": [],
    }
    for changes in (_cause_changes, _verdict_changes, _rule_changes, _reading_changes):
        for kind, line in changes(old, new):
            found[kind].append(line)
    return Difference(
        **{kind: tuple(lines) for kind, lines in found.items()}, notes=tuple(_conditions(old, new))
    )


def _verdict_changes(old: Report, new: Report) -> Iterator[tuple[str, str]]:
    was, now = old["verdict"], new["verdict"]
    if was != now:
        better = "better" if now == RunVerdict.CONFORMANT else "other"
        yield ("worse" if _RANK[now] > _RANK[was] else better), f"verdict: {was} -> {now}"


def _rule_changes(old: Report, new: Report) -> Iterator[tuple[str, str]]:
    before = {rule["id"]: rule for rule in old["rules"]}
    after = {rule["id"]: rule for rule in new["rules"]}
    for id_ in [*before, *(id_ for id_ in after if id_ not in before)]:
        was = before.get(id_, {}).get("verdict", _ABSENT)
        now = after.get(id_, {}).get("verdict", _ABSENT)
        if was != now:
            reason = after.get(id_, {}).get("reason")
            yield _change(was, now), f"{id_}: {was} -> {now}" + (f" ({reason})" if reason else "")


def _change(was: str, now: str) -> str:
    """What a change of verdict means. Lost sight of is worse only where it was good before."""
    if now in _BAD:
        return "worse"
    if was in _GOOD and now not in _GOOD:
        return "worse"
    if was not in _GOOD and now in _GOOD and was != _ABSENT:
        return "better"
    if was in _BAD and now == Verdict.ADVICE:
        return "better"
    return "other"


def _reading_changes(old: Report, new: Report) -> Iterator[tuple[str, str]]:
    before, after = old["readings"], new["readings"]
    for key in sorted({*before, *after}):
        if key not in before:
            yield "read", f"reading {key}: {after[key]}"
        elif key not in after:
            yield "worse", f"reading {key}: {before[key]} -> not read any more"
        elif before[key] != after[key]:
            yield "worse", f"reading {key}: {before[key]} -> {after[key]}"


def likely_causes(report: Report) -> dict[str, str] | None:
    """The likely causes of what failed, by ID, the first of several for the same; ``None`` of a
    report from before there were any.
    """
    told = report.get("causes")
    if not isinstance(told, list):
        return None
    rows = [row for row in told if isinstance(row, dict) and row.get("likely") is True]
    rows = [row for number, row in enumerate(rows) if number == 0 or row.get("beside") is True]
    return {str(row.get("id")): str(row.get("title")) for row in rows}


def _cause_changes(old: Report, new: Report) -> Iterator[tuple[str, str]]:
    before, after = likely_causes(old), likely_causes(new)
    if before is None or after is None:
        return
    for id_, title in after.items():
        if id_ not in before:
            yield "causes", f"new cause: {title} ({id_})"
    for id_, title in before.items():
        if id_ not in after:
            yield "causes", f"gone: {title} ({id_})"


def _conditions(old: Report, new: Report) -> Iterator[str]:
    for name in _CONDITIONS:
        was, now = old.get(name), new.get(name)
        if was != now:
            yield f"{name}: {_shown(was)} -> {_shown(now)}"
    for report, which in ((old, "old"), (new, "new")):
        if report.get("partial"):
            yield f"the {which} report is partial"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def diff_lines(difference: Difference) -> list[str]:
    """What ``points-conformance diff`` prints."""
    lines: list[str] = []
    for title, entries in (
        ("most likely causes that came or went", difference.causes),
        ("worse", difference.worse),
        ("better", difference.better),
        ("newly read", difference.read),
        ("changed, neither better nor worse", difference.other),
        ("not judged under the same conditions", difference.notes),
    ):
        if entries:
            lines += [f"{title}:", *(f"  {plain(entry)}" for entry in entries), ""]
    counts = f"{len(difference.worse)} worse, {len(difference.better)} better"
    return [*lines, f"{counts}, {len(difference.read)} newly read"]
