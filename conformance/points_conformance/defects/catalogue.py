"""The defects of all subjects."""

from collections.abc import Iterable, Sequence
from typing import Any

from points_conformance.defects.defect import Defect, DefectError
from points_conformance.defects.seeded import Seeded
from points_conformance.subjects import Subject, part

__all__ = ["caught_by", "chosen", "seeded"]


def seeded(subject: Subject) -> Seeded[Any]:
    """What is known of a subject's defects."""
    found: Seeded[Any] = part(subject.who.seeded)
    return found


def caught_by(rule_id: str) -> list[str]:
    """The defects that a rule is declared to catch, whoever is wrong."""
    return [id_ for subject in Subject for id_ in seeded(subject).caught_by(rule_id)]


def chosen(subjects: Iterable[Subject], patterns: Sequence[str]) -> dict[Subject, list[Defect]]:
    """The matching defects of each subject that has any. Raises :class:`DefectError` where a
    pattern matches none.
    """
    subjects = list(subjects)
    for pattern in patterns:
        if not any(seeded(subject).matching([pattern]) for subject in subjects):
            raise DefectError(f"no defect matches {pattern!r}")
    found = {subject: seeded(subject).matching(patterns) for subject in subjects}
    return {subject: defects for subject, defects in found.items() if defects}
