"""Wrong consumers, and how one is judged."""

from collections.abc import Sequence
from typing import Final

from points_conformance.contract.limits import DELIVERY_TIMEOUT_SECONDS
from points_conformance.defects.consumer.defect import ConsumerDefect
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.defects.seeded import Seeded
from points_conformance.defects.trial import Judged, run_rules
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import Verdict
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.consumer.build import ConsumerOptions, build_consumer
from points_conformance.targets.consumer.calibration import look_first

__all__ = ["SECRET", "SEEDED", "judge_consumer"]

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
) -> Judged:
    """What the rules say of a consumer in this process. Raises ``Unjudgeable``.

    ``told_first``: the consumer learns of each order by its own checkout.
    """
    rules = catalogue(Subject.CONSUMER).select(profile) if rules is None else rules
    consumer = make(SECRET)
    target = build_consumer(
        ConsumerOptions(settle=settle_seconds),
        SECRET,
        function=consumer,
        state_hook=consumer.state,
        order_hook=(lambda case: consumer.told_of(case.id)) if told_first else None,
        timeout=timeout,
        restart=consumer.restart,
    )
    try:
        look_first(target)
        return run_rules(Subject.CONSUMER, target, rules, profile=profile, seed=seed)
    finally:
        target.client.close()


def _judged(defect: ConsumerDefect, rules: Sequence[Rule], profile: Profile, seed: int) -> Judged:
    """All of them book at once, so that nothing is waited for."""
    return judge_consumer(
        defect.make,
        rules,
        seed=seed,
        profile=profile,
        settle_seconds=0.3,
        timeout=defect.timeout,
        told_first=defect.told_first,
    )


def _sound(profile: Profile, seed: int) -> list[str]:
    """What fails on the good consumer. Advice counts."""
    judged = judge_consumer(SampleConsumer, seed=seed, profile=profile)
    adverse = {Verdict.FAILED, Verdict.ADVICE, Verdict.ERROR}
    return [f"{r.rule.id}: {r.reason}" for r in judged.results if r.verdict in adverse]


SEEDED: Final = Seeded[ConsumerDefect](
    subject=Subject.CONSUMER,
    families=("answers", "books", "payloads", "crashes"),
    judged=_judged,
    sound=(_sound,),
)
