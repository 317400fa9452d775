"""In which order rules find the most: those that have found most faults for the calls that they
make come first. Pure.

It is the greedy answer to the min-sum set cover: what the rules before it find already counts for
nothing, and a rule pays for what it comes after, where that is not there yet.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Final

from points_conformance.judging.catalogue import Catalogue
from points_conformance.judging.rule import Profile, Rule

__all__ = ["finding_order"]

#: Who holds others up costs what they could call meanwhile.
_HELD_UP: Final = 30


def finding_order(
    catalogue: Catalogue,
    profile: Profile,
    faults: Iterable[Set[str]],
    calls: Mapping[str, int] | None = None,
) -> tuple[str, ...]:
    """The IDs of the rules that a profile judges, but for those that close a run. ``faults``: for
    each recorded fault the rules that it made fail; ``calls``: how many calls a rule makes, where
    that is known, else at most.
    """
    known = calls or {}
    costs = {
        rule.id: max(known.get(rule.id, rule.bound(profile)), 1) + _HELD_UP * rule.holds_up
        for rule in catalogue
    }
    rules = [rule for rule in catalogue.select(profile) if not rule.closing]
    found_by: dict[str, set[int]] = {rule.id: set() for rule in catalogue}
    #: What may be found once a rule is decided, by itself or by another: none of it counts as
    #: found, for of all that a closing rule finds it tells only some early.
    led_to: dict[str, set[int]] = {rule.id: set() for rule in catalogue}
    for number, failed in enumerate(faults):
        for id_ in failed & found_by.keys():
            found_by[id_].add(number)
            for leading in (id_, *_leading_to(catalogue[id_])):
                led_to[leading].add(number)
    order: dict[str, None] = {}
    found: set[int] = set()

    def worth(way: Sequence[Rule]) -> tuple[float, int]:
        """New faults by the call; of two that find as many, the one that costs less."""
        cost = sum(costs[rule.id] for rule in way)
        new = set().union(*(led_to[rule.id] for rule in way)) - found
        return len(new) / cost, -cost

    while len(order) < len(rules):
        ways = (_way(catalogue, rule, order) for rule in rules if rule.id not in order)
        best = max(ways, key=worth)
        order |= {rule.id: None for rule in best}
        found |= set().union(*(found_by[rule.id] for rule in best))
    return tuple(order)


def _leading_to(rule: Rule) -> tuple[str, ...]:
    """The rules behind which a closing one may tell what it finds before its turn."""
    return rule.after if rule.glance is not None else ()


def _way(catalogue: Catalogue, rule: Rule, order: Iterable[str]) -> list[Rule]:
    """A rule behind those that it comes after, where they are not in the order yet."""
    if not rule.after:
        return [rule]
    there = set(order)
    return [one for one in catalogue.with_prerequisites([rule]) if one.id not in there]
