"""A run of the consumers' rules against a consumer in this process."""

from collections.abc import Sequence

from points_conformance.defects.consumer_sample import SampleConsumer
from points_conformance.rules.catalogue import catalogue
from points_conformance.rules.rule import Profile, Rule, Subject
from points_conformance.rules.verdict import Result, settle
from points_conformance.suite.judge import Judge
from points_conformance.targets.consumer_build import ConsumerOptions, build_consumer
from points_conformance.targets.consumer_calibration import look_first

__all__ = ["SECRET", "judge_consumer"]

SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"  # noqa: S105 - of nobody


def judge_consumer(
    make: type[SampleConsumer],
    rules: Sequence[Rule] | None = None,
    *,
    seed: int = 0,
    profile: Profile = Profile.STANDARD,
    settle_seconds: float = 2.0,
    timeout: float = 10.0,
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
