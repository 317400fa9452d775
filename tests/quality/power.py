"""Finding power: with how many of N seeds a subtle defect is found, by profile.

``python -m tests.quality.power --seeds 10``. The profiles are sized by these numbers.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import click

from points_conformance.defects.api.seeded import SEEDED
from points_conformance.defects.catalogue import chosen
from points_conformance.defects.defect import DefectError
from points_conformance.defects.trial import Trial
from points_conformance.judging.rule import Profile
from points_conformance.rules.api.generation.generator import kept_running
from points_conformance.subjects import Subject

__all__ = ["SUBTLE", "Power", "measure"]

#: Defects that need luck, many calls, or the right order of things.
SUBTLE: Final = (
    "sums-are-floats",
    "float-sums-block-the-rest",
    "cents-of-a-float-are-cut",
    "large-amounts-are-single-floats",
    "large-amounts-end-at-the-comma",
    "equal-parts-are-deduplicated",
    "the-20th-part-is-lost",
    "nearly-all-is-full",
    "points-remain-at-the-end",
    "refund-frees-the-order-before",
    "equal-orders-are-deduplicated",
    "refused-amount-shrinks-the-rest",
    "full-refunds-race",
    "cancels-race",
    "partial-refunds-race",
)


@dataclass(frozen=True, slots=True)
class Power:
    """In how many of the seeds a defect was found in a profile, and by which rules how often."""

    defect: str
    profile: Profile
    seeds: int
    found: int
    rules: Counter[str]

    def __str__(self) -> str:
        by = ", ".join(f"{rule_id} {times}" for rule_id, times in self.rules.most_common(4))
        return f"{self.found} of {self.seeds}" + (f"  ({by})" if by else "")


def measure(defect_id: str, profile: Profile, seeds: int) -> Power:
    """Try a defect with so many seeds."""
    with kept_running():
        defect = SEEDED.named(defect_id)
        trials = [SEEDED.tried(defect, profile=profile, seed=seed) for seed in range(seeds)]
    rules = Counter(rule_id for trial in trials for rule_id in _finders(trial))
    return Power(defect_id, profile, seeds, sum(trial.found for trial in trials), rules)


def _finders(trial: Trial) -> tuple[str, ...]:
    return (*trial.caught, *trial.related)


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--profile", "profiles", multiple=True, type=click.Choice([p.value for p in Profile]))
@click.option("--defect", "patterns", multiple=True, metavar="GLOB")
def main(seeds: int, profiles: Sequence[str], patterns: Sequence[str]) -> None:
    """Print in how many of N seeds each subtle defect is found; never fails a build by itself."""
    try:
        found = chosen([Subject.API], patterns)[Subject.API]
    except DefectError as error:
        click.echo(f"power: {error}", err=True)
        sys.exit(2)
    ids = [defect.id for defect in found] if patterns else list(SUBTLE)
    width = max(map(len, ids))
    for defect_id in ids:
        for profile in profiles or ("smoke", "standard"):
            power = measure(defect_id, Profile(profile), seeds)
            click.echo(f"{defect_id:{width}}  {profile:8}  {power}")


if __name__ == "__main__":
    main()
