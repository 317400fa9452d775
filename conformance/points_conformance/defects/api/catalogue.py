"""Every seeded defect once, and which of them a rule catches."""

import importlib
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from typing import Final

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api.defect import Defect, DefectError
from points_conformance.defects.client.catalogue import client_caught_by
from points_conformance.defects.consumer.catalogue import consumer_caught_by
from points_conformance.defects.declared import Declared
from points_conformance.judging.rule import Profile

__all__ = ["build", "caught_by", "defects", "expected", "matching", "named"]

_FAMILIES: Final = (
    "cancel",
    "refund",
    "amounts",
    "reasons",
    "auth",
    "envelope",
    "isolation",
    "lifecycle",
    "points",
    "robust",
    "races",
    "schema",
    "webhooks",
    "endpoints",
)


def build(found: Iterable[Defect]) -> tuple[Defect, ...]:
    """Check the defects. Raises :class:`DefectError` for one that could not be judged by."""
    by_id: dict[str, Defect] = {}
    for defect in found:
        if defect.id in by_id:
            raise DefectError(f"two defects have the ID {defect.id!r}")
        if not defect.caught_by:
            raise DefectError(f"no rule is said to catch {defect.id!r}")
        if defect.dialect not in DIALECTS:
            raise DefectError(f"{defect.id!r} speaks {defect.dialect!r}, which is no dialect")
        by_id[defect.id] = defect
    return tuple(by_id.values())


@cache
def defects() -> tuple[Defect, ...]:
    """The shipped defects, family by family."""
    found: list[Defect] = []
    for family in _FAMILIES:
        module = importlib.import_module(f"points_conformance.defects.api.{family}")
        found += module.seed.defects
    return build(found)


def named(id_: str) -> Defect:
    """The defect of this ID. Raises :class:`DefectError`."""
    for defect in defects():
        if defect.id == id_:
            return defect
    raise DefectError(f"no defect has the ID {id_!r}")


def matching(patterns: Iterable[str]) -> list[Defect]:
    """The defects whose ID matches one of the globs, all without any. Raises where one does not
    match anything.
    """
    patterns = list(patterns)
    for pattern in patterns:
        if not any(fnmatchcase(defect.id, pattern) for defect in defects()):
            raise DefectError(f"no defect matches {pattern!r}")
    return [
        defect
        for defect in defects()
        if not patterns or any(fnmatchcase(defect.id, pattern) for pattern in patterns)
    ]


def caught_by(rule_id: str) -> list[str]:
    """The defects that a rule is declared to catch; the self-check proves that it does."""
    return (
        [
            defect.id
            for defect in defects()
            if any(fnmatchcase(rule_id, pattern) for pattern in defect.caught_by)
        ]
        + consumer_caught_by(rule_id)
        + client_caught_by(rule_id)
    )


def expected(defect: Declared, running: Iterable[str], profile: Profile) -> list[str]:
    """The rules of a run that must fail on this defect: none below its own profile."""
    if not profile.includes(defect.profile):
        return []
    return [
        rule_id
        for rule_id in running
        if any(fnmatchcase(rule_id, pattern) for pattern in defect.caught_by)
    ]
