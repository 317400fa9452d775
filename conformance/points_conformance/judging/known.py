"""Known failures, rules accepted unexercised, pinned readings: one TOML file that says what is
accepted, why, till when.

::

    [[known]]
    rule = "cancel.default-reason"
    reason = "PAY-123: the reason is empty until the next release"
    title = "the order has no reason"    # optional: only this finding, not any of the rule
    expires = 2027-01-31                 # optional: the last day on which it is accepted
    intermittent = true                  # optional: it may pass

    [[unexercised]]
    rule = "webhook.*"                   # a rule's ID, or a glob
    reason = "PAY-140: the sandbox sends no webhooks this week"
    expires = 2027-01-31                 # optional, as above

    [readings]
    "cancel-settled/approved" = "refused"
"""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from points_conformance.judging.rule import Rule
from points_conformance.judging.verdict import Outcome, OutcomeKind, Result, Verdict

__all__ = [
    "AcceptedGap",
    "KnownError",
    "KnownFailure",
    "KnownFailures",
    "accepting",
    "entries_for",
    "load_known",
    "matching",
    "pinned",
]

_KEYS: Final = ("rule", "reason", "title", "expires", "intermittent")
_GAP_KEYS: Final = ("rule", "reason", "expires")

#: What ready-made entries say where only a person can know.
_TO_FILL: Final = "TODO: say why this is accepted, and where it is tracked"


class KnownError(ValueError):
    """The file cannot be used: one line with the file, the entry and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailure:
    """A failure that is accepted. ``expires`` is the last day on which it is."""

    rule: str
    reason: str
    title: str | None = None
    expires: date | None = None
    intermittent: bool = False

    def lists(self, outcome: Outcome) -> bool:
        """Whether this is the failure that the entry means."""
        if outcome.kind is not OutcomeKind.BROKEN:
            return False
        title = outcome.evidence.title if outcome.evidence else None
        return self.title is None or self.title == title

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and today > self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedGap:
    """Rules that may stay unexercised though the run is equipped for them. ``rule`` is a glob."""

    rule: str
    reason: str
    expires: date | None = None

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and today > self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailures:
    """The content of one file. ``readings`` are the pinned ones, ``gaps`` what may be denied."""

    failures: tuple[KnownFailure, ...] = ()
    readings: Mapping[str, str] = field(default_factory=dict)
    gaps: tuple[AcceptedGap, ...] = ()


def load_known(path: Path, rules: Iterable[Rule] | None = None) -> KnownFailures:
    """Read the file. Raises :class:`KnownError` with one line for any mistake in it.

    ``rules``, of all the catalogues that the file may speak of, refuse unknown IDs; an old ID is
    taken for the present one.
    """
    content = _read(path)
    _refuse_others(content, ("known", "readings", "unexercised"), f"{path}")
    rules = None if rules is None else list(rules)
    names = None if rules is None else _names(rules)
    failures = tuple(
        _failure(entry, place, names) for entry, place in _entries(path, content, "known")
    )
    _refuse_doubles(path, failures)
    gaps = tuple(
        _gap(entry, place, names) for entry, place in _entries(path, content, "unexercised")
    )
    readings = _readings(path, content.get("readings", {}))
    if rules is not None:
        _refuse_unknown_matters(path, readings, rules)
    return KnownFailures(failures=failures, readings=readings, gaps=gaps)


def _entries(path: Path, content: Mapping[str, Any], key: str) -> list[tuple[dict[str, Any], str]]:
    """The entries of one list, each with its place in words."""
    entries = content.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise KnownError(f"{path}: {key} is no list of entries: head each with [[{key}]]")
    word = "entry" if key == "known" else f"{key} entry"
    return [
        (entry, _place(f"{path}: {word} {number}", entry))
        for number, entry in enumerate(entries, start=1)
    ]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise KnownError(f"{path}: cannot be read ({why}): check the path") from None
    except UnicodeDecodeError:
        raise KnownError(f"{path}: is not UTF-8: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise KnownError(f"{path}: is not TOML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise KnownError(f"{path}: is not TOML: it is nested too deeply") from None
    except ValueError as error:  # a path that no system can hold, a number of thousands of digits
        raise KnownError(f"{path!a}: cannot be read: {error}") from None


def _names(rules: Iterable[Rule]) -> dict[str, str]:
    return {name: rule.id for rule in rules for name in (rule.id, *rule.aliases)}


def _place(where: str, entry: Mapping[str, Any]) -> str:
    rule = entry.get("rule")
    return where + (f" ({rule})" if isinstance(rule, str) else "")


def _refuse_others(table: Mapping[str, Any], keys: Sequence[str], place: str) -> None:
    for key in table:
        if key not in keys:
            raise KnownError(f"{place}: unknown key {key!r}: use {', '.join(keys)}")


def _failure(entry: dict[str, Any], place: str, names: Mapping[str, str] | None) -> KnownFailure:
    _refuse_others(entry, _KEYS, place)
    rule = _text(entry, "rule", place, "name the rule by its ID")
    if names is not None and rule not in names:
        raise KnownError(f"{place}: no rule has this ID: see points-conformance rules")
    return KnownFailure(
        rule=names[rule] if names is not None else rule,
        reason=_text(entry, "reason", place, "say why this failure is accepted"),
        title=_text(entry, "title", place, "copy it from the report") if "title" in entry else None,
        expires=_day(entry.get("expires"), place),
        intermittent=_flag(entry.get("intermittent", False), place),
    )


def _gap(entry: dict[str, Any], place: str, names: Mapping[str, str] | None) -> AcceptedGap:
    _refuse_others(entry, _GAP_KEYS, place)
    rule = _text(entry, "rule", place, "name the rules by an ID or a glob")
    if names is not None and not any(fnmatchcase(name, rule) for name in names):
        raise KnownError(f"{place}: matches no rule: see points-conformance rules")
    return AcceptedGap(
        rule=rule,
        reason=_text(entry, "reason", place, "say why these may stay unexercised"),
        expires=_day(entry.get("expires"), place),
    )


def _text(entry: Mapping[str, Any], key: str, place: str, hint: str) -> str:
    value = entry.get(key)
    if isinstance(value, str) and value.strip():
        return value
    wrong = "is no text" if key in entry and not isinstance(value, str) else "is missing"
    raise KnownError(f"{place}: {key} {wrong}: {hint}")


def _day(value: Any, place: str) -> date | None:
    # TOML also has dates with a time of day, which Python takes for dates too.
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise KnownError(f"{place}: expires is no date: write it as expires = 2027-01-31") from None


def _flag(value: Any, place: str) -> bool:
    if isinstance(value, bool):
        return value
    raise KnownError(f"{place}: intermittent is neither true nor false")


def _refuse_doubles(path: Path, failures: Sequence[KnownFailure]) -> None:
    seen: dict[str, list[str | None]] = {}
    for number, failure in enumerate(failures, start=1):
        titles = seen.setdefault(failure.rule, [])
        # An entry without a title means any failure of the rule, so it overlaps with all others.
        if titles and (failure.title is None or {None, failure.title} & {*titles}):
            raise KnownError(
                f"{path}: entry {number} ({failure.rule}): the rule is listed before: "
                "keep one entry, or give each the title of another finding"
            )
        titles.append(failure.title)


def _readings(path: Path, table: Any) -> dict[str, str]:
    if not isinstance(table, dict):
        raise KnownError(f"{path}: readings is no table: head it with [readings]")
    for key, reading in table.items():
        if not isinstance(reading, str) or not reading.strip():
            raise KnownError(
                f'{path}: readings, {key!r}: is no text: write "matter/kind" = "reading"'
            )
    return dict(table)


def _refuse_unknown_matters(path: Path, readings: Mapping[str, str], rules: Iterable[Rule]) -> None:
    """What stands before the slash is a matter that some rule reads."""
    matters = {rule.matter.partition("/")[0] for rule in rules if rule.matter}
    for key in readings:
        if key.partition("/")[0] not in matters:
            near = get_close_matches(key.partition("/")[0], matters, n=1)
            hint = f": is it {near[0]!r}?" if near else ""
            raise KnownError(f"{path}: readings, {key!r}: no rule reads this matter{hint}")


def matching(
    known: KnownFailures,
    outcomes: Mapping[str, Outcome],
    today: date,
    *,
    rules: Iterable[Rule] | None = None,
) -> tuple[dict[str, str], list[str]]:
    """The failures that are listed and failed as listed, with their reasons; and what is stale.

    Stale is an entry that passes again (unless intermittent), whose last day is over, or, where
    ``rules`` are given, that names none of them. What did not run is neither.
    """
    ids = None if rules is None else frozenset(_names(rules).values())
    accepted: dict[str, str] = {}
    stale: list[str] = []
    for failure in known.failures:
        why = _stale_because(failure, outcomes.get(failure.rule), today, ids)
        if why:
            stale.append(f"known failure {failure.rule}: {why}")
        elif failure.rule in outcomes and failure.lists(outcomes[failure.rule]):
            accepted[failure.rule] = failure.reason
    return accepted, stale


def _stale_because(
    failure: KnownFailure, outcome: Outcome | None, today: date, ids: Collection[str] | None
) -> str:
    if ids is not None and failure.rule not in ids:
        return "no rule has this ID; correct the entry or remove it"
    if failure.expired(today):
        return f"expired after {failure.expires}; mend the target, or decide anew and set a new day"
    held = outcome is not None and outcome.kind in {OutcomeKind.HELD, OutcomeKind.READ}
    if held and not failure.intermittent:
        return "does not fail any more; remove the entry"
    return ""


def accepting(
    known: KnownFailures, rules: Iterable[Rule], today: date
) -> tuple[dict[str, str], list[str]]:
    """The rules that are accepted unexercised, with the reasons; and the entries that expired."""
    current = [gap for gap in known.gaps if not gap.expired(today)]
    accepted = {
        rule.id: gap.reason
        for rule in rules
        for gap in reversed(current)
        if any(fnmatchcase(name, gap.rule) for name in (rule.id, *rule.aliases))
    }
    expired = [
        f"unexercised {gap.rule}: expired after {gap.expires}; supply what it takes, or decide "
        "anew and set a new day"
        for gap in known.gaps
        if gap.expired(today)
    ]
    return accepted, expired


def pinned(
    known: KnownFailures, readings: Mapping[str, str], results: Sequence[Result]
) -> tuple[list[str], list[str]]:
    """The pinned readings that changed, and those that this run did not meet, one line each."""
    changed: list[str] = []
    unmet: list[str] = []
    for key, reading in known.readings.items():
        if key not in readings:
            unmet.append(f"pinned reading {key}: not exercised: {_unread_because(key, results)}")
        elif readings[key] != reading:
            changed.append(f"pinned reading {key}: expected {reading!r}; got {readings[key]!r}")
    return changed, unmet


def _unread_because(key: str, results: Sequence[Result]) -> str:
    matter = key.partition("/")[0]
    for result in results:
        if result.rule.matter in {key, matter}:
            if result.verdict in {Verdict.NOT_EXERCISED, Verdict.BLOCKED, Verdict.ERROR}:
                return f"{result.rule.id} is {result.verdict}: {result.reason}"
            return f"{result.rule.id} did not meet this kind of input"
    return "no rule of this run reads it"


def entries_for(results: Sequence[Result], *, strict: bool = False) -> str:
    """Entries to paste for the failures of a run (with ``strict`` for advice too). They load."""
    listed = {Verdict.FAILED, Verdict.ADVICE} if strict else {Verdict.FAILED}
    return "\n".join(_entry(result) for result in results if result.verdict in listed)


def _entry(result: Result) -> str:
    lines = ["[[known]]", f"rule = {_quoted(result.rule.id)}", f"reason = {_quoted(_TO_FILL)}"]
    if result.evidence and result.evidence.title.strip():
        lines.append(f"title = {_quoted(result.evidence.title)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if "\ud800" <= char <= "\udfff":
        return "\ufffd"  # Half a surrogate pair is no character in TOML.
    return char if char.isprintable() else f"\\U{ord(char):08x}"
