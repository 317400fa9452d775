"""The kit judged by its seeded defects: every one tried, and the matrix defect × rule."""

import atexit
import contextlib
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final

from points_conformance.defects.catalogue import chosen, seeded
from points_conformance.defects.defect import Defect
from points_conformance.defects.seeded import Seeded
from points_conformance.defects.trial import Trial
from points_conformance.judging.rule import Profile, Rule
from points_conformance.rules.api.generation.generator import kept_running
from points_conformance.subjects import Subject

__all__ = ["SelfCheck", "idle_rules", "keep_running", "minutes", "self_check"]

#: A run against a defect takes longer than one where nothing is wrong: what is found is made
#: smaller, and races wait.
_LONGER: Final = 4
_Job = tuple[Subject, str, Profile, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheck:
    """What the self-check came to.

    ``false_alarms``: what failed where nothing is wrong. ``idle``: rules that caught nothing, of
    those that run in the profile and should; empty where only some defects were tried.
    """

    profile: Profile
    seed: int
    subjects: tuple[Subject, ...]
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
        judging = [r for subject in self.subjects for r in seeded(subject).judging(self.profile)]
        rules: dict[str, list[str]] = {rule.id: [] for rule in judging}
        for trial in self.trials:
            for rule_id in trial.caught:
                rules.setdefault(rule_id, []).append(trial.defect)
        return rules


def minutes(runs: Iterable[tuple[int, float]], *, workers: int) -> int:
    """How many minutes the self-check takes at most: so many defects of each subject, and the
    seconds of a run where nothing is wrong.
    """
    seconds = sum(defects * sound for defects, sound in runs)
    return max(math.ceil(seconds * _LONGER / workers / 60), 1)


def self_check(
    patterns: Sequence[str] = (),
    *,
    subjects: Sequence[Subject] = tuple(Subject),
    profile: Profile = Profile.SMOKE,
    seed: int = 0,
    workers: int = 0,
    announce: Callable[[str], None] = lambda line: None,
) -> SelfCheck:
    """Try the defects whose IDs match, all without a pattern; 0 workers: as many as cores.

    Raises :class:`~points_conformance.defects.defect.DefectError` where none matches.
    """
    wrong = chosen(subjects, patterns)
    jobs = [(subject, d.id, profile, seed) for subject, many in wrong.items() for d in many]
    workers = min(workers or os.cpu_count() or 1, len(jobs))
    sound = {subject: _sound(seeded(subject), profile, seed) for subject in wrong}
    runs = [(len(many), sound[subject][1]) for subject, many in wrong.items()]
    announce(_announced(wrong, profile, seed, workers, minutes(runs, workers=workers)))
    trials = tuple(_tried(jobs, workers))
    return SelfCheck(
        profile=profile,
        seed=seed,
        subjects=tuple(wrong),
        trials=trials,
        false_alarms=tuple(alarm for alarms, _ in sound.values() for alarm in alarms),
        idle=() if patterns else idle_rules(wrong, profile, trials),
    )


def _sound(one: Seeded[Any], profile: Profile, seed: int) -> tuple[list[str], float]:
    """What fails where nothing is wrong, and the seconds of such a run."""
    started = time.perf_counter()
    alarms = [alarm for run in one.sound for alarm in run(profile, seed)]
    return alarms, (time.perf_counter() - started) / len(one.sound)


def _announced(
    wrong: Mapping[Subject, Sequence[Defect]],
    profile: Profile,
    seed: int,
    workers: int,
    bound: int,
) -> str:
    parts = ", ".join(f"{len(many)} of {subject.value}" for subject, many in wrong.items())
    number = sum(map(len, wrong.values()))
    return (
        f"{number} defects{f' ({parts})' if len(wrong) > 1 else ''}, profile {profile.value}, "
        f"seed {seed}, {workers} at once: at most {bound} minute{'s' if bound > 1 else ''}"
    )


def _tried(jobs: Sequence[_Job], workers: int) -> Iterator[Trial]:
    if workers == 1:
        with kept_running():
            yield from map(_try, jobs)
        return
    # Not forked: the caller may have threads.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=keep_running) as pool:
        yield from pool.map(_try, jobs)


def keep_running() -> None:
    """Schemathesis once a worker, not once a defect."""
    keeping = contextlib.ExitStack()
    keeping.enter_context(kept_running())
    atexit.register(keeping.close)


def _try(job: _Job) -> Trial:
    subject, id_, profile, seed = job
    return seeded(subject).tried(seeded(subject).named(id_), profile=profile, seed=seed)


def idle_rules(
    subjects: Iterable[Subject], profile: Profile, trials: Iterable[Trial]
) -> tuple[str, ...]:
    """The rules that caught nothing: MUST and SHOULD rules of the profile, but for those that are
    known to need more than this profile, that no defect can break, or that a generated rule came
    before with this seed.
    """
    busy = {rule_id for trial in trials for rule_id in (*trial.caught, *trial.forestalled)}
    return tuple(
        rule.id
        for one in map(seeded, subjects)
        for rule in one.judging(profile)
        if rule.id not in busy and rule.id not in one.unseeded and _could(one, rule, profile)
    )


def _could(one: Seeded[Any], rule: Rule, profile: Profile) -> bool:
    """Whether a defect that this rule catches is found in this profile, or none exists at all."""
    profiles = [defect.profile for defect in one.defects if defect.must_fail(rule.id)]
    return not profiles or any(profile.includes(needed) for needed in profiles)
