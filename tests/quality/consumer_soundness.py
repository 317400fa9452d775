"""No false alarm on consumers: good ones of every style pass, with many seeds.

``python -m tests.quality.consumer_soundness --seeds 10``.
"""

from fnmatch import fnmatchcase
from functools import partial

import click
from tests.quality.runs import count_alarms

from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.defects.consumer.seeded import judge_consumer
from points_conformance.defects.consumer.styles import STYLES
from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import Absence, Result, Verdict
from points_conformance.subjects import Subject, catalogue

__all__ = ["sound_consumer"]

_FINE = frozenset({Verdict.PASSED, Verdict.NOT_EXERCISED, Verdict.OBSERVED})


def sound_consumer(style: str, seed: int = 0, profile: Profile = Profile.STANDARD) -> list[str]:
    """What the kit says against a good consumer: nothing, or it is a false alarm.

    Advice counts, and so does a rule that made more calls than it says, or was not exercised though
    the run was equipped for it.
    """
    rules = catalogue(Subject.CONSUMER).select(profile)
    results = judge_consumer(STYLES[style], rules, seed=seed, profile=profile).results
    return [line for result in results for line in _alarms(result, profile, STYLES[style])]


def _alarms(result: Result, profile: Profile, style: type[SampleConsumer]) -> list[str]:
    rule = result.rule
    denied = result.absence is Absence.DENIED
    fine = (result.verdict in _FINE and not denied) or _is_due(result, style)
    lines = [] if fine else [f"{rule.id}: {result.reason}"]
    if not style.more_calls and result.calls > rule.bound(profile):
        lines.append(f"{rule.id}: {result.calls} calls, at most {rule.bound(profile)} were said")
    return lines


def _is_due(result: Result, style: type[SampleConsumer]) -> bool:
    """Whether it is advice that consumers of this style are given."""
    named = any(fnmatchcase(result.rule.id, glob) for glob in style.advised)
    return result.verdict is Verdict.ADVICE and named


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--profile", type=click.Choice([p.value for p in Profile]), default="standard")
def main(seeds: int, profile: str) -> None:
    """Run the suite against good consumers of every style; status 1 for a false alarm.

    Those that work slowly are judged with the first seed alone.
    """
    count_alarms(
        (f"{style} consumer, seed {seed}", partial(sound_consumer, style, seed, Profile(profile)))
        for style in STYLES
        for seed in range(1 if STYLES[style].slow else seeds)
    )


if __name__ == "__main__":
    main()
