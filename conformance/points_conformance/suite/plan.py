"""What a run will do at most, before its first call. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from points_conformance.rules.catalogue import Catalogue
from points_conformance.rules.rule import Profile, Rule

__all__ = ["CAPS", "OVERHEAD", "Plan", "plan"]

#: The most calls of a run off loopback.
CAPS = {Profile.SMOKE: 120, Profile.STANDARD: 600}
#: Calls beside the rules: the look before the run, and the inbox's registration and removal.
OVERHEAD = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules that run, those that the run's bound leaves out, and the bound on calls."""

    rules: tuple[Rule, ...]
    beyond: tuple[Rule, ...]
    calls: int

    def lines(self) -> list[str]:
        """The plan in words. Every order costs at least a call to make and one to use."""
        orders = max(self.calls - OVERHEAD, 0) // 2
        riyals = max((rule.riyals for rule in self.rules), default=0)
        lines = [
            f"{len(self.rules)} rules, at most {self.calls} calls",
            f"at most {orders} orders made or used up, each of at most {riyals:,} SAR",
        ]
        if self.beyond:
            lines.append(f"{len(self.beyond)} rules beyond the bound of calls are left out")
        return lines


def plan(
    catalogue: Catalogue, selected: Sequence[Rule], profile: Profile, *, loopback: bool
) -> Plan:
    """Which of the selected rules fit into the bound of calls: core ones first, then those of the
    smaller profiles, each with the rules that it comes after.
    """
    cap = None if loopback else CAPS.get(profile)
    sizes = list(Profile)
    urgent = sorted(selected, key=lambda rule: (not rule.core, sizes.index(rule.profile)))
    chosen: dict[str, Rule] = {}
    calls = OVERHEAD
    beyond = []
    for rule in urgent:
        fresh = [r for r in catalogue.with_prerequisites([rule]) if r.id not in chosen]
        cost = sum(r.bound(profile, loopback=loopback) for r in fresh)
        if cap is not None and calls + cost > cap:
            beyond.append(rule)
            continue
        calls += cost
        chosen |= {r.id: r for r in fresh}
    ids = {rule.id for rule in selected}
    rules = tuple(rule for rule in catalogue if rule.id in chosen and rule.id in ids)
    left_out = {rule.id for rule in beyond} - set(chosen)
    return Plan(rules, tuple(rule for rule in catalogue if rule.id in left_out), calls)
