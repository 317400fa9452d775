"""No false alarm on clients: the good ones pass, with many seeds.

``python -m tests.quality.client_soundness --seeds 10``.
"""

from functools import partial

import click
from tests.quality.runs import count_alarms

from points_conformance.defects.client.seeded import SEEDED
from points_conformance.judging.rule import Profile

__all__: list[str] = []


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--profile", type=click.Choice([p.value for p in Profile]), default="standard")
def main(seeds: int, profile: str) -> None:
    """Run the suite against the good clients; status 1 for a false alarm."""
    count_alarms(
        (f"seed {seed}", partial(sound, Profile(profile), seed))
        for seed in range(seeds)
        for sound in SEEDED.sound
    )


if __name__ == "__main__":
    main()
