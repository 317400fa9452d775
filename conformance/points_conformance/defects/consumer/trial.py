"""A run of the consumers' rules against a consumer in this process, and what it shows of them."""

import time
from collections.abc import Sequence
from dataclasses import replace

from points_conformance.contract.limits import DELIVERY_TIMEOUT_SECONDS
from points_conformance.defects.api.trial import Trial, held_against
from points_conformance.defects.consumer.defect import ConsumerDefect
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import Result, Verdict, settle
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.consumer.build import ConsumerOptions, build_consumer
from points_conformance.targets.consumer.calibration import look_first

__all__ = ["SECRET", "judge_consumer", "run_sound_consumer", "try_consumer"]

SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"  # noqa: S105 - of nobody


def judge_consumer(
    make: type[SampleConsumer],
    rules: Sequence[Rule] | None = None,
    *,
    seed: int = 0,
    profile: Profile = Profile.STANDARD,
    settle_seconds: float = 2.0,
    timeout: float = DELIVERY_TIMEOUT_SECONDS,
    told_first: bool = False,
) -> list[Result]:
    """The results of the rules, and of those they come after. Raises ``Unjudgeable``.

    ``told_first``: the consumer learns of each order by its own checkout.
    """
    among = catalogue(Subject.CONSUMER)
    rules = among.select(profile) if rules is None else rules
    consumer = make(SECRET)
    target = build_consumer(
        ConsumerOptions(settle=settle_seconds),
        SECRET,
        function=consumer,
        state_hook=consumer.state,
        order_hook=(lambda case: consumer.told_of(case.id)) if told_first else None,
        timeout=timeout,
    )
    judge = Judge(among, seed=seed, profile=profile)
    try:
        look_first(target)
        for rule in rules:
            judge.judge(rule.id, target)
    finally:
        target.client.close()
    return settle(among.with_prerequisites(rules), judge.outcomes)


def try_consumer(
    defect: ConsumerDefect,
    *,
    profile: Profile,
    seed: int = 0,
    rules: Sequence[Rule] | None = None,
) -> Trial:
    """Run the suite against a wrong consumer and hold it against what is declared.

    All of them book at once, so that nothing is waited for.
    """
    started = time.perf_counter()
    results = judge_consumer(
        defect.make,
        rules,
        seed=seed,
        profile=profile,
        settle_seconds=0.3,
        timeout=defect.timeout,
        told_first=defect.told_first,
    )
    trial = held_against(defect, results, frozenset(), profile=profile)
    seconds = time.perf_counter() - started
    return replace(trial, seed=seed, seconds=seconds, subject=Subject.CONSUMER)


def run_sound_consumer(*, profile: Profile, seed: int = 0) -> tuple[tuple[str, ...], float]:
    """What fails on the good consumer, in words, and how long the run took. Advice counts."""
    started = time.perf_counter()
    results = judge_consumer(SampleConsumer, seed=seed, profile=profile)
    adverse = {Verdict.FAILED, Verdict.ADVICE, Verdict.ERROR}
    alarms = [f"{r.rule.id}: {r.reason}" for r in results if r.verdict in adverse]
    return tuple(alarms), time.perf_counter() - started
