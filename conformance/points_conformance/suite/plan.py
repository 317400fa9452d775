"""What a run will do at most, before its first call; and which rules must share a worker. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from points_conformance.rules.catalogue import Catalogue
from points_conformance.rules.rule import Profile, Rule, Subject

__all__ = ["CAPS", "LONG", "OVERHEAD", "Plan", "groups", "plan", "repeats"]

#: The most calls of a run off loopback.
CAPS = {Profile.SMOKE: 120, Profile.STANDARD: 600}
#: Calls beside the rules: the look before the run, and the inbox's registration and removal.
OVERHEAD = 10
#: A rule of so many calls is worth a worker of its own, though it judges anew what it comes after.
LONG = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules that are to run, the bound on calls, and whether it may leave rules out."""

    rules: tuple[Rule, ...]
    calls: int
    capped: bool = False

    def lines(self) -> list[str]:
        """The plan in words. Every order costs at least a call to make and one to use."""
        orders = max(self.calls - OVERHEAD, 0) // 2
        riyals = max((rule.riyals for rule in self.rules), default=0)
        lines = [
            f"{len(self.rules)} rules, at most {self.calls} {self._unit}",
            f"at most {orders} orders made or used up, each of at most {riyals:,} SAR",
        ]
        needs = sorted({need for rule in self.rules for need in rule.needs})
        if needs:
            lines.append(f"some rules need: {', '.join(needs)}")
        if self.capped:
            lines.append("what does not fit into these calls is left out, and listed")
        return lines

    @property
    def _unit(self) -> str:
        """What is bounded: how often a consumer's state is read depends on its queue."""
        if any(rule.subject is Subject.CONSUMER for rule in self.rules):
            return "deliveries; orders told of, and reads of their state, come beside them"
        return "calls"


def plan(
    catalogue: Catalogue, selected: Sequence[Rule], profile: Profile, *, loopback: bool
) -> Plan:
    """What the selected rules and those they come after cost at most.

    Off loopback the profile's cap holds: rules are judged in the catalogue's order, and one whose
    own bound does not fit into what is left of it is not exercised.
    """
    rules = catalogue.with_prerequisites(selected)
    calls = OVERHEAD + sum(rule.bound(profile, loopback=loopback) for rule in rules)
    cap = None if loopback else CAPS.get(profile)
    if cap is None or calls <= cap:
        return Plan(tuple(selected), calls)
    return Plan(tuple(selected), cap, capped=True)


def groups(
    catalogue: Catalogue, selected: Sequence[Rule], profile: Profile, *, together: bool
) -> dict[str, str]:
    """Which rules one worker must judge, by a name for each group: the same verdicts for any n.

    Rules that come after one another build on one answer, so that they stay together; what closes
    the run looks back on all of it; and where orders are scarce (``together``) whoever is first
    has them. A long rule that nothing comes after may stand alone.
    """
    if together or any(rule.closing for rule in selected):
        return {rule.id: "all" for rule in selected}
    rules = catalogue.with_prerequisites(selected)
    before = {id_ for rule in rules for id_ in rule.after}
    roots: dict[str, str] = {}
    for rule in rules:
        joined = {roots[id_] for id_ in rule.after}
        if _stands_alone(rule, before, profile):
            roots[rule.id] = rule.id
            continue
        roots[rule.id] = min(joined, default=rule.id)
        roots.update({id_: roots[rule.id] for id_, root in roots.items() if root in joined})
    return {rule.id: roots[rule.id] for rule in selected}


def repeats(catalogue: Catalogue, selected: Sequence[Rule], profile: Profile) -> int:
    """How many more calls a run makes at most whose long rules stand alone."""
    if any(rule.closing for rule in selected):
        return 0
    before = {id_ for rule in catalogue.with_prerequisites(selected) for id_ in rule.after}
    return sum(
        sum(r.bound(profile) for r in catalogue.with_prerequisites([rule]) if r is not rule)
        for rule in selected
        if _stands_alone(rule, before, profile)
    )


def _stands_alone(rule: Rule, before: set[str], profile: Profile) -> bool:
    return rule.id not in before and rule.bound(profile) >= LONG
