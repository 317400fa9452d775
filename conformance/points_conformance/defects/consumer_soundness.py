"""No false alarm on consumers: good ones of every style pass, with many seeds.

``python -m points_conformance.defects.consumer_soundness --seeds 10``.
"""

import sys

import click

from points_conformance.defects.consumer_styles import STYLES
from points_conformance.defects.consumer_trial import judge_consumer
from points_conformance.rules.catalogue import catalogue
from points_conformance.rules.rule import Profile, Subject
from points_conformance.rules.verdict import Result, Verdict

__all__ = ["sound_consumer"]

_FINE = frozenset({Verdict.PASSED, Verdict.NOT_EXERCISED, Verdict.OBSERVED})


def sound_consumer(style: str, seed: int = 0, profile: Profile = Profile.STANDARD) -> list[str]:
    """What the kit says against a good consumer: nothing, or it is a false alarm.

    Advice counts, and so does a rule that made more calls than it says.
    """
    rules = catalogue(Subject.CONSUMER).select(profile)
    results = judge_consumer(STYLES[style], rules, seed=seed, profile=profile)
    return [line for result in results for line in _alarms(result, profile)]


def _alarms(result: Result, profile: Profile) -> list[str]:
    rule = result.rule
    lines = [] if result.verdict in _FINE else [f"{rule.id}: {result.reason}"]
    if result.calls > rule.bound(profile):
        lines.append(f"{rule.id}: {result.calls} calls, at most {rule.bound(profile)} were said")
    return lines


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--profile", type=click.Choice([p.value for p in Profile]), default="standard")
def main(seeds: int, profile: str) -> None:
    """Run the suite against good consumers of every style; status 1 for a false alarm."""
    alarms = 0
    for style in STYLES:
        for seed in range(seeds):
            for alarm in sound_consumer(style, seed, Profile(profile)):
                alarms += 1
                click.echo(f"{style} consumer, seed {seed}: {alarm}")
    click.echo(f"{len(STYLES) * seeds} runs, {alarms} false alarms")
    sys.exit(1 if alarms else 0)


if __name__ == "__main__":
    main()
