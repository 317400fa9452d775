"""What a run will do at most, before its first call. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from points_conformance.rules.catalogue import Catalogue
from points_conformance.rules.rule import Profile, Rule, Subject

__all__ = ["CAPS", "OVERHEAD", "Plan", "plan"]

#: The most calls of a run off loopback.
CAPS = {Profile.SMOKE: 120, Profile.STANDARD: 600}
#: Calls beside the rules: the look before the run, and the inbox's registration and removal.
OVERHEAD = 10


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
