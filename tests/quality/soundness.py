"""No false alarm: the sound simulator passes in every dialect, with many seeds.

``python -m tests.quality.soundness --seeds 20``. Beside the dialects that ship it
tries made-up ones: every reading of every field is one that a conformant server may follow.
"""

import random
from collections.abc import Iterator
from functools import partial
from typing import get_args, get_type_hints

import click
from tests.quality.runs import count_alarms

from points_conformance.contract.dialect import DIALECTS, Dialect, dialect_from
from points_conformance.defects.api.seeded import sound_server
from points_conformance.judging.rule import Profile
from points_conformance.rules.api.generation.generator import kept_running

__all__ = ["made_up_dialect", "sound"]


def sound(dialect: str | Dialect, seed: int = 0, profile: Profile = Profile.STANDARD) -> list[str]:
    """What the kit says against a sound server of this dialect: nothing, or it is a false alarm."""
    spoken = DIALECTS[dialect] if isinstance(dialect, str) else dialect
    return sound_server(spoken, profile, seed)


def made_up_dialect(seed: int) -> Dialect:
    """Any reading of every field, the same for the same seed."""
    chance = random.Random(seed)
    hints = get_type_hints(Dialect)
    return dialect_from({name: chance.choice(get_args(hint)) for name, hint in hints.items()})


def _tried(seeds: int, made_up: int) -> Iterator[tuple[str, Dialect, int]]:
    for name, dialect in DIALECTS.items():
        for seed in range(seeds):
            yield f"dialect {name}, seed {seed}", dialect, seed
    for seed in range(made_up):
        yield f"made-up dialect {seed}", made_up_dialect(seed), seed


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--made-up", type=click.IntRange(0), default=10, show_default=True)
@click.option("--profile", type=click.Choice([p.value for p in Profile]), default="standard")
def main(seeds: int, made_up: int, profile: str) -> None:
    """Run the suite against the sound simulator in every dialect; status 1 for a false alarm."""
    with kept_running():
        count_alarms(
            (name, partial(sound, dialect, seed, Profile(profile)))
            for name, dialect, seed in _tried(seeds, made_up)
        )


if __name__ == "__main__":
    main()
