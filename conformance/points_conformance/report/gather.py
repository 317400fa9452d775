"""The reports that are to be joined: read, checked, and held against each other."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from points_conformance import __version__
from points_conformance.contract.specs import text as shipped
from points_conformance.report.diff import DiffError, load_report
from points_conformance.report.joined import JoinedReport, in_words, join, judgings_of
from points_conformance.report.text import plain, shortened
from points_conformance.subjects import Subject, catalogue

if TYPE_CHECKING:
    from jsonschema_rs import Validator

__all__ = ["Gathered", "gather"]

#: What must be the same in all, so that they are of one thing.
_SAME: Final = ("subject", "target", "profile", "scope", "strict")


@dataclass(kw_only=True)
class Gathered:
    """What can be joined, by its place; why the whole is not green whatever that says; notes."""

    contents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def joined(self) -> JoinedReport | None:
        """The one report; ``None`` where there is nothing to join."""
        if not self.contents:
            return None
        contents = list(self.contents.values())
        known = catalogue(Subject(contents[0]["subject"]))
        return join(contents, known, stopped=self.stopped, notes=self.notes)


def gather(places: Iterable[tuple[str, Path]]) -> Gathered:
    """Read the report of each place, given with its name."""
    gathered = Gathered()
    for name, path in places:
        try:
            content = _read(path)
        except DiffError as error:
            gathered.stopped.append(f"{name}: {_without(str(error), path)}")
            continue
        if content["partial"] and not content["rules"]:
            gathered.stopped.append(f"{name}: nothing was judged: {_why(content)}")
            continue
        if strange := _differs(gathered.contents, content):
            gathered.stopped.append(f"{name}: {strange}")
            continue
        gathered.contents[name] = content
        if content["partial"]:
            gathered.stopped.append(f"{name} is partial: {_why(content)}")
    gathered.notes += _twice(gathered.contents.values())
    return gathered


def _read(path: Path) -> dict[str, Any]:
    """A whole report of this kit. Raises :class:`DiffError`."""
    content = load_report(path)
    error = next(iter(_schema().iter_errors(content)), None)
    if error is not None:
        where = "/".join(map(str, error.instance_path)) or "its top"
        raise DiffError(f"{path}: is no whole report: {plain(where)} is not as it should be")
    if content["versions"]["kit"] != __version__:
        raise DiffError(
            f"{path}: was judged by version {plain(content['versions']['kit'])}, this is "
            f"{__version__}: join reports with the version that made them"
        )
    known = {rule.id for rule in catalogue(Subject(content["subject"]))}
    unknown = [row["id"] for row in content["rules"] if row["id"] not in known]
    if unknown:
        raise DiffError(f"{path}: names {plain(unknown[0])}, which is no rule of this kit")
    return content


@cache
def _schema() -> "Validator":
    import json

    # Here, for whoever joins nothing must not load it.
    import jsonschema_rs

    schema = json.loads(shipped("report.schema.json"))
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def _differs(contents: Mapping[str, Mapping[str, Any]], content: Mapping[str, Any]) -> str:
    """Why a report is of something else than the first; empty where it is not."""
    for name, first in list(contents.items())[:1]:
        for key in _SAME:
            if content[key] != first[key]:
                return (
                    f"is of another {key} ({_shown(content[key])}) than {name} "
                    f"({_shown(first[key])}), and is left out"
                )
    return ""


def _why(content: Mapping[str, Any]) -> str:
    return shortened(plain(content["interrupted"]), 300)


def _shown(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return shortened(plain(text), 100)


def _twice(contents: Iterable[Mapping[str, Any]]) -> list[str]:
    times = Counter(judging.seed for content in contents for judging in judgings_of(content))
    twice: Sequence[int] = [seed for seed, count in times.items() if count > 1]
    return [f"{in_words(twice)}: judged more than once, counted as one"] if twice else []


def _without(said: str, path: Path) -> str:
    """An error's words, whose place is named already."""
    return re.sub(rf"^{re.escape(str(path))}: ", f"{path.name} ", said)
