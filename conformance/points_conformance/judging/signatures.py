"""The fault dictionary as a file: the signature of each recorded fault, by subject. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from points_conformance.judging.causes import Fault, Sign
from points_conformance.judging.rule import Profile

__all__ = ["Recorded", "Signature"]

_FORMAT: Final = 2
_ABOUT: Final = "Written by `points-conformance selfcheck --record`: never edit."

#: For each rule how many runs failed it so.
Fails = Mapping[str, Mapping[Sign, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What one fault made fail, with each of these seeds. ``mark``: a hash of its declaration."""

    title: str
    mark: str
    seeds: tuple[int, ...]
    fails: Fails = field(default_factory=dict)

    def only(self, rules: Set[str]) -> Self:
        """The same, of these rules alone."""
        return replace(self, fails={id_: by for id_, by in self.fails.items() if id_ in rules})

    def with_run(self, seed: int, failed: Mapping[str, Sign]) -> Self:
        """The same with what failed in one more run, and how."""
        fails = {id_: dict(by) for id_, by in self.fails.items()}
        for id_, sign in failed.items():
            by = fails.setdefault(id_, {})
            by[sign] = by.get(sign, 0) + 1
        return replace(self, seeds=tuple(sorted({*self.seeds, seed})), fails=fails)

    def fault(self, id_: str) -> Fault:
        """The fault that it is of."""
        runs = len(self.seeds)
        fails = {
            rule: {sign: count / runs for sign, count in by.items()}
            for rule, by in self.fails.items()
        }
        return Fault(id=id_, title=self.title, fails=fails)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A recording. ``rules``: a hash of the declaration of each rule that was judged, and
    ``signatures``: of each fault, both by subject. ``calls``: how many each rule of the API makes
    where nothing is wrong; ``order``: as they find the most, for they run side by side.
    """

    profile: Profile = Profile.STANDARD
    seeds: tuple[int, ...] = ()
    rules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    signatures: Mapping[str, Mapping[str, Signature]] = field(default_factory=dict)
    calls: Mapping[str, int] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    def faults(self, subject: str) -> tuple[Fault, ...]:
        """The faults of a subject."""
        return tuple(s.fault(id_) for id_, s in self.signatures.get(subject, {}).items())

    @classmethod
    def read(cls, text: str) -> Self:
        """The recording in the text of a file."""
        content = json.loads(text)
        signs = [Sign(*row) for row in content["signs"]]
        return cls(
            profile=Profile(content["profile"]),
            seeds=tuple(content["seeds"]),
            rules=content["rules"],
            signatures={
                subject: {id_: _read(row, signs) for id_, row in rows.items()}
                for subject, rows in content["signatures"].items()
            },
            calls=content["calls"],
            order=tuple(content["order"]),
        )

    def text(self) -> str:
        """The text of the file: a line for each fault, so that a change can be read. How rules fail
        is told once, and named by its number.
        """
        signs = sorted({sign for s in self._each() for by in s.fails.values() for sign in by})
        number = {sign: str(at) for at, sign in enumerate(signs)}
        signatures = {
            subject: _lines({id_: _row(s, number) for id_, s in by_id.items()}, 2)
            for subject, by_id in self.signatures.items()
        }
        rules = {subject: _compact(marks) for subject, marks in self.rules.items()}
        content = {
            "about": _compact(_ABOUT),
            "format": _compact(_FORMAT),
            "profile": _compact(self.profile.value),
            "seeds": _compact(self.seeds),
            "calls": _compact(self.calls),
            "order": _compact(self.order),
            "signs": _listed(signs),
            "rules": _object(rules, 1),
            "signatures": _object(signatures, 1),
        }
        return _object(content, 0) + "\n"

    def _each(self) -> Iterable[Signature]:
        return (s for by_id in self.signatures.values() for s in by_id.values())


def _read(row: Mapping[str, Any], signs: Sequence[Sign]) -> Signature:
    fails = {
        rule: {signs[int(number)]: count for number, count in by.items()}
        for rule, by in row["fails"].items()
    }
    return Signature(title=row["title"], mark=row["mark"], seeds=tuple(row["seeds"]), fails=fails)


def _row(signature: Signature, number: Mapping[Sign, str]) -> dict[str, Any]:
    fails = {
        rule: {number[sign]: by[sign] for sign in sorted(by)}
        for rule, by in sorted(signature.fails.items())
    }
    seeds = list(signature.seeds)
    return {"title": signature.title, "mark": signature.mark, "seeds": seeds, "fails": fails}


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _lines(rows: Mapping[str, Any], depth: int) -> str:
    return _object({id_: _compact(row) for id_, row in rows.items()}, depth)


def _listed(rows: Sequence[Any]) -> str:
    return "[\n" + ",\n".join(f"  {_compact(row)}" for row in rows) + "\n ]"


def _object(texts: Mapping[str, str], depth: int) -> str:
    indent = " " * depth
    lines = [f"{indent} {_compact(key)}:{text}" for key, text in texts.items()]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}" if lines else "{}"
