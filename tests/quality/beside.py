"""Side by side the kit says what it says one by one: on every dialect, and on every defect.

``python -m tests.quality.beside --seed 0``. Of each run the verdicts are compared, rule by rule.
Defects of races are exempt: whether two calls meet is chance, one by one as well. What differs is
judged again: where a verdict comes both ways it is chance, too. A closing rule looks at the orders
of races; and the clock of the simulator is a second further with each look, the more the more rules
look at once.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import partial

import click
from tests.quality.runs import AT_ONCE, side_by_side

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.defects.api.seeded import SEEDED, judge_server
from points_conformance.judging.rule import Profile
from points_conformance.rules.api.generation.generator import kept_running
from points_conformance.simulator.core import Parts
from points_conformance.subjects import catalogue

__all__ = ["differences", "races", "tried"]

#: How often what differs is judged again, both ways.
_AGAIN = 12


def _verdicts(
    parts: Parts | None, dialect: Dialect, profile: Profile, seed: int, at_once: int
) -> Mapping[str, str]:
    rules = catalogue().select(profile)
    judged = judge_server(parts, dialect, rules=rules, profile=profile, seed=seed, at_once=at_once)
    return {result.rule.id: result.verdict.value for result in judged.results}


def differences(
    parts: Parts | None, dialect: Dialect, *, profile: Profile, seed: int = 0
) -> list[str]:
    """The rules that end otherwise with eight at once than one by one, however often they
    are judged again, each in a line.
    """
    numbers = (1, AT_ONCE)
    with kept_running():
        first = [_verdicts(parts, dialect, profile, seed, number) for number in numbers]
        seen = {id_: tuple({verdicts[id_]} for verdicts in first) for id_ in first[0]}
        for _ in range(_AGAIN):
            if not any(one.isdisjoint(many) for one, many in seen.values()):
                break
            for place, number in enumerate(numbers):
                for id_, verdict in _verdicts(parts, dialect, profile, seed, number).items():
                    seen[id_][place].add(verdict)
    return [
        f"{id_}: {', '.join(one)} one by one, {', '.join(many)} side by side"
        for id_, (one, many) in seen.items()
        if one.isdisjoint(many)
    ]


def races(defect: str) -> bool:
    """Whether a defect shows where calls meet."""
    return any(id_.startswith("race.") for id_ in SEEDED.named(defect).caught_by)


def tried(name: str, *, profile: Profile, seed: int) -> list[str]:
    """The differences of a dialect or a defect (``defect refund-twice``), each in a line; and where
    a run told early what its report does not say, that line: the others are compared all the same.
    """
    kind, _, id_ = name.partition(" ")
    parts, dialect = None, id_
    if kind == "defect":
        defect = SEEDED.named(id_)
        parts, dialect = defect.parts, defect.dialect
    try:
        return differences(parts, DIALECTS[dialect], profile=profile, seed=seed)
    except RuntimeError as told_early:
        return [str(told_early)]


def _names(patterns: Sequence[str]) -> list[str]:
    dialects = [] if patterns else [f"dialect {name}" for name in DIALECTS]
    tried = [f"defect {defect.id}" for defect in SEEDED.matching(patterns)]
    return dialects + [name for name in tried if not races(name.partition(" ")[2])]


@click.command()
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--profile", type=click.Choice([p.value for p in Profile]), default="standard")
@click.option("--defect", "patterns", multiple=True, metavar="GLOB", help="only these defects")
@click.option("-n", "workers", type=click.IntRange(1), default=2, show_default=True)
def main(seed: int, profile: str, patterns: tuple[str, ...], workers: int) -> None:
    """Compare; status 1 where a verdict differs."""
    judged = partial(tried, profile=Profile(profile), seed=seed)
    names, count = _names(patterns), 0
    for name, found in side_by_side(judged, names, workers):
        for line in found:
            count += 1
            click.echo(f"{name}: {line}")
    click.echo(f"{len(names)} pairs of runs, {count} verdicts differ")
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
