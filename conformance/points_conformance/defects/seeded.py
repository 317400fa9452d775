"""The subjects that the self-check judges the kit by: of each its defects, and how one is tried.

A subject more is an entry more in ``SEEDED``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api import catalogue as servers
from points_conformance.defects.api.defect import DefectError
from points_conformance.defects.api.trial import Trial, run_sound, try_defect
from points_conformance.defects.client import catalogue as clients
from points_conformance.defects.client.trial import run_sound_client, try_client
from points_conformance.defects.consumer import catalogue as consumers
from points_conformance.defects.consumer.trial import run_sound_consumer, try_consumer
from points_conformance.defects.declared import Declared
from points_conformance.judging.rule import Level, Profile, Rule
from points_conformance.subjects import Subject, catalogue

__all__ = ["SEEDED", "Seeded", "chosen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What the self-check needs to know of a subject.

    ``tried``: a run against the defect of an ID. ``sound``: what fails where nothing is wrong, and
    the seconds that this takes. ``unseeded``: rules that no defect can break, and why.
    """

    subject: Subject
    defects: Callable[[], Sequence[Declared]]
    tried: Callable[[str, Profile, int], Trial]
    sound: Callable[[Profile, int], tuple[tuple[str, ...], float]]
    unseeded: Mapping[str, str] = field(default_factory=dict)

    def judging(self, profile: Profile) -> list[Rule]:
        """The rules of a profile that can fail somebody."""
        rules = catalogue(self.subject).select(profile)
        return [rule for rule in rules if rule.level is not Level.OBSERVE]

    def matching(self, patterns: Iterable[str]) -> list[Declared]:
        """The defects whose ID matches one of the globs, all without any."""
        globs = list(patterns) or ["*"]
        return [d for d in self.defects() if any(fnmatchcase(d.id, glob) for glob in globs)]


SEEDED: Final[Mapping[Subject, Seeded]] = {
    Subject.API: Seeded(
        subject=Subject.API,
        defects=lambda: list(servers.defects()),
        tried=lambda id_, profile, seed: try_defect(servers.named(id_), profile=profile, seed=seed),
        sound=lambda profile, seed: run_sound(DIALECTS["default"], profile=profile, seed=seed),
    ),
    Subject.CONSUMER: Seeded(
        subject=Subject.CONSUMER,
        defects=lambda: consumers.DEFECTS,
        tried=lambda id_, profile, seed: try_consumer(
            consumers.named(id_), profile=profile, seed=seed
        ),
        sound=lambda profile, seed: run_sound_consumer(profile=profile, seed=seed),
    ),
    Subject.CLIENT: Seeded(
        subject=Subject.CLIENT,
        defects=lambda: clients.DEFECTS,
        tried=lambda id_, profile, seed: try_client(clients.named(id_), profile=profile, seed=seed),
        sound=lambda profile, seed: run_sound_client(profile=profile, seed=seed),
        unseeded={
            "client.generated": "what it finds is found by a rule of its own first",
            "client.leaves-nothing-running": "a client in this process has no processes",
        },
    ),
}


def chosen(subjects: Iterable[Subject], patterns: Sequence[str]) -> dict[Subject, list[Declared]]:
    """The matching defects of each subject that has any. Raises :class:`DefectError` where a
    pattern matches none, or no subject has any.
    """
    subjects = list(subjects)
    seeded = [SEEDED[subject] for subject in subjects if subject in SEEDED]
    if not seeded:
        raise DefectError(f"no defects of {', '.join(subjects)} are seeded yet")
    for pattern in patterns:
        if not any(one.matching([pattern]) for one in seeded):
            raise DefectError(f"no defect matches {pattern!r}")
    found = {one.subject: one.matching(patterns) for one in seeded}
    return {subject: defects for subject, defects in found.items() if defects}
