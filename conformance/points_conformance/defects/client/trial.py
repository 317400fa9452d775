"""A run of the clients' rules against a client in this process, and what it shows of them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from points_conformance.defects.api.trial import Trial, held_against
from points_conformance.defects.client.defect import ClientDefect
from points_conformance.defects.client.sample import ReconcilingClient, SampleClient
from points_conformance.judging.judge import Judge, seed_of
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import Result, Verdict, settle
from points_conformance.rules.client.family import cases_of
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.client.runners import ObjectClients
from points_conformance.targets.client.target import ClientTarget

__all__ = ["GIVEN_UP", "GOOD", "judge_client", "run_sound_client", "try_client"]

#: Clients in which nothing is wrong.
GOOD: Final = (SampleClient, ReconcilingClient)
#: Seconds after which a wrong client is given up; the good ones need at most three.
GIVEN_UP: Final = 8.0
_ADVERSE: Final = frozenset({Verdict.FAILED, Verdict.ADVICE, Verdict.ERROR, Verdict.BLOCKED})


def judge_client(
    make: Callable[..., Any],
    rules: Sequence[Rule] | None = None,
    *,
    seed: int = 0,
    profile: Profile = Profile.STANDARD,
    timeout: float = 35.0,
) -> list[Result]:
    """The results of the rules, and of those they come after; ``timeout`` per operation."""
    among = catalogue(Subject.CLIENT)
    rules = among.select(profile) if rules is None else rules
    target = ClientTarget(ObjectClients(make, timeout=timeout), timeout=timeout, seed=seed)
    judge = Judge(among, seed=seed, profile=profile)
    wanted = among.with_prerequisites(rules)
    try:
        for rule in wanted:
            target.begin(cases_of(rule, seed_of(seed, rule.id), rule.bound(profile)))
        for rule in rules:
            judge.judge(rule.id, target)
    finally:
        target.close()
    return settle(wanted, judge.outcomes)


def try_client(
    defect: ClientDefect,
    *,
    profile: Profile,
    seed: int = 0,
    rules: Sequence[Rule] | None = None,
) -> Trial:
    """Run the suite against a wrong client and hold it against what is declared."""
    started = time.perf_counter()
    results = judge_client(defect.make, rules, seed=seed, profile=profile, timeout=GIVEN_UP)
    trial = held_against(defect, results, frozenset(), profile=profile)
    seconds = time.perf_counter() - started
    return replace(trial, seed=seed, seconds=seconds, subject=Subject.CLIENT)


def run_sound_client(*, profile: Profile, seed: int = 0) -> tuple[tuple[str, ...], float]:
    """What fails on the good clients, in words, and how long a run took. Advice counts."""
    started = time.perf_counter()
    alarms = [
        f"{make.__name__}: {result.rule.id}: {result.reason}"
        for make in GOOD
        for result in judge_client(make, seed=seed, profile=profile)
        if result.verdict in _ADVERSE
    ]
    return tuple(alarms), (time.perf_counter() - started) / len(GOOD)
