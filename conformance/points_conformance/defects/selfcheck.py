"""The kit judged by its seeded defects: every one tried, and the matrix defect × rule."""

import atexit
import contextlib
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.catalogue import caught_by, matching, named
from points_conformance.defects.defect import Defect
from points_conformance.defects.trial import Trial, run_sound, try_defect
from points_conformance.rules.catalogue import catalogue
from points_conformance.rules.generation.generator import kept_running
from points_conformance.rules.rule import Level, Profile, Rule

__all__ = ["SelfCheck", "idle_rules", "minutes", "self_check"]

#: A run against a defect takes longer than one against the sound simulator: what is found is made
#: smaller, and races wait.
_LONGER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheck:
    """What the self-check came to.

    ``false_alarms``: what failed on the sound simulator. ``idle``: rules that caught nothing, of
    those that run in the profile and should; empty where only some defects were tried.
    """

    profile: Profile
    seed: int
    trials: tuple[Trial, ...]
    false_alarms: tuple[str, ...]
    idle: tuple[str, ...]

    @property
    def as_declared(self) -> bool:
        """Whether each defect was caught by whom it should, and by nobody else."""
        tried = all(trial.as_declared for trial in self.trials)
        return tried and not self.false_alarms and not self.idle

    def catches(self) -> dict[str, list[str]]:
        """Each rule of the profile, and the defects that it was declared to catch and caught."""
        rules: dict[str, list[str]] = {rule.id: [] for rule in _judging(self.profile)}
        for trial in self.trials:
            for rule_id in trial.caught:
                rules.setdefault(rule_id, []).append(trial.defect)
        return rules


def minutes(defects: int, *, sound_seconds: float, workers: int) -> int:
    """How many minutes the self-check takes at most."""
    return max(math.ceil(defects * sound_seconds * _LONGER / workers / 60), 1)


def self_check(
    patterns: Sequence[str] = (),
    *,
    profile: Profile = Profile.SMOKE,
    seed: int = 0,
    workers: int = 0,
    announce: Callable[[str], None] = lambda line: None,
) -> SelfCheck:
    """Try the defects whose IDs match, all without a pattern; 0 workers: as many as cores.

    Raises :class:`~points_conformance.defects.defect.DefectError` for a pattern that matches none.
    """
    chosen = matching(patterns)
    workers = min(workers or os.cpu_count() or 1, len(chosen))
    alarms, seconds = run_sound(DIALECTS["default"], profile=profile, seed=seed)
    bound = minutes(len(chosen), sound_seconds=seconds, workers=workers)
    announce(
        f"{len(chosen)} defects, profile {profile.value}, seed {seed}, {workers} at once: "
        f"at most {bound} minute{'s' if bound > 1 else ''}"
    )
    trials = tuple(_tried(chosen, profile, seed, workers))
    return SelfCheck(
        profile=profile,
        seed=seed,
        trials=trials,
        false_alarms=alarms,
        idle=() if patterns else idle_rules(profile, trials),
    )


def _tried(chosen: Sequence[Defect], profile: Profile, seed: int, workers: int) -> Iterator[Trial]:
    jobs = [(defect.id, profile, seed) for defect in chosen]
    if workers == 1:
        with kept_running():
            yield from map(_try, jobs)
        return
    # Not forked: the caller may have threads.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_keep_running) as pool:
        yield from pool.map(_try, jobs)


def _keep_running() -> None:
    """Schemathesis once a worker, not once a defect."""
    keeping = contextlib.ExitStack()
    keeping.enter_context(kept_running())
    atexit.register(keeping.close)


def _try(job: tuple[str, Profile, int]) -> Trial:
    defect_id, profile, seed = job
    return try_defect(named(defect_id), profile=profile, seed=seed)


def _judging(profile: Profile) -> list[Rule]:
    """The rules of a profile that can fail somebody."""
    return [rule for rule in catalogue().select(profile) if rule.level is not Level.OBSERVE]


def idle_rules(profile: Profile, trials: Iterable[Trial]) -> tuple[str, ...]:
    """The rules that caught nothing: MUST and SHOULD rules of the profile, but for those that are
    known to need more than this profile.
    """
    busy = {rule_id for trial in trials for rule_id in trial.caught}
    return tuple(
        rule.id for rule in _judging(profile) if rule.id not in busy and _could(rule, profile)
    )


def _could(rule: Rule, profile: Profile) -> bool:
    """Whether a defect that this rule catches is found in this profile, or none exists at all."""
    profiles = [named(id_).profile for id_ in caught_by(rule.id)]
    return not profiles or any(profile.includes(needed) for needed in profiles)
