"""A subject that the kit is judged by: its defects, how one is tried, and what is sound."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Generic, TypeVar

from points_conformance.defects.defect import Defect, DefectError
from points_conformance.defects.trial import Judged, Trial, held_against
from points_conformance.judging.rule import Level, Profile, Rule
from points_conformance.subjects import Subject, catalogue, part

__all__ = ["Seeded", "build"]

D = TypeVar("D", bound=Defect)


def build(found: Iterable[D]) -> tuple[D, ...]:
    """Check the defects. Raises :class:`DefectError` for one that could not be judged by."""
    by_id: dict[str, D] = {}
    for defect in found:
        if defect.id in by_id:
            raise DefectError(f"two defects have the ID {defect.id!r}")
        if not defect.caught_by:
            raise DefectError(f"no rule is said to catch {defect.id!r}")
        by_id[defect.id] = defect
    return tuple(by_id.values())


@dataclass(frozen=True, kw_only=True)
class Seeded(Generic[D]):
    """What is known of a subject's defects.

    ``families``: the modules with them. ``judged``: a run of rules against one. ``sound``: runs
    against something in which nothing is wrong, each with what fails all the same, in words.
    ``calls``: how many calls each rule makes there, where that is what a rule costs.
    ``unseeded``: rules that no defect can break, and why.
    """

    subject: Subject
    families: tuple[str, ...]
    judged: Callable[[D, Sequence[Rule], Profile, int], Judged]
    sound: tuple[Callable[[Profile, int], Sequence[str]], ...]
    unseeded: Mapping[str, str] = field(default_factory=dict)
    calls: Callable[[Profile, int], Mapping[str, int]] | None = None

    @cached_property
    def defects(self) -> tuple[D, ...]:
        """The shipped defects, family by family."""
        seeds = [part(f"defects.{self.subject}.{family}:seed") for family in self.families]
        return build(defect for seed in seeds for defect in seed.defects)

    def named(self, id_: str) -> D:
        """The defect of this ID. Raises :class:`DefectError`."""
        for defect in self.defects:
            if defect.id == id_:
                return defect
        raise DefectError(f"no defect has the ID {id_!r}")

    def matching(self, patterns: Iterable[str]) -> list[D]:
        """The defects whose ID matches one of the globs, all without any."""
        globs = list(patterns) or ["*"]
        return [d for d in self.defects if any(fnmatchcase(d.id, glob) for glob in globs)]

    def caught_by(self, rule_id: str) -> list[str]:
        """The defects that a rule is declared to catch; the self-check proves that it does."""
        return [defect.id for defect in self.defects if defect.must_fail(rule_id)]

    def judging(self, profile: Profile) -> list[Rule]:
        """The rules of a profile that can fail somebody."""
        rules = catalogue(self.subject).select(profile)
        return [rule for rule in rules if rule.level is not Level.OBSERVE]

    def tried(
        self,
        defect: D,
        *,
        profile: Profile,
        seed: int = 0,
        rules: Sequence[Rule] | None = None,
    ) -> Trial:
        """Run the rules against a defect, all of the profile unless some are named, and hold what
        came of it against what is declared.
        """
        started = time.perf_counter()
        chosen = catalogue(self.subject).select(profile) if rules is None else rules
        trial = held_against(defect, self.judged(defect, chosen, profile, seed), profile)
        seconds = time.perf_counter() - started
        return replace(trial, subject=self.subject, seed=seed, seconds=seconds)
