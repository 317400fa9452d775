"""No false alarm on clients: the good ones pass, with many seeds.

``python -m tests.quality.client_soundness --seeds 10``.
"""

import sys

import click

from points_conformance.defects.client.trial import GOOD, run_sound_client
from points_conformance.judging.rule import Profile

__all__: list[str] = []


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--profile", type=click.Choice([p.value for p in Profile]), default="standard")
def main(seeds: int, profile: str) -> None:
    """Run the suite against the good clients; status 1 for a false alarm."""
    alarms = 0
    for seed in range(seeds):
        found, _ = run_sound_client(profile=Profile(profile), seed=seed)
        for alarm in found:
            alarms += 1
            click.echo(f"seed {seed}: {alarm}")
    click.echo(f"{len(GOOD) * seeds} runs, {alarms} false alarms")
    sys.exit(1 if alarms else 0)


if __name__ == "__main__":
    main()
