"""What a run will do at most, before its first call. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from points_conformance.judging.catalogue import Catalogue
from points_conformance.judging.rule import Level, Profile, Rule
from points_conformance.judging.share import Share

__all__ = ["CAPS", "OVERHEAD", "Plan", "plan"]

#: The most calls of a run off loopback.
CAPS = {Profile.SMOKE: 120, Profile.STANDARD: 600}
#: Calls beside the rules: the look before the run, and the inbox's registration and removal.
OVERHEAD = 10
#: Calls that a listed order costs which turns out to be of no use.
AGAIN = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules that are to run, the bound on calls (in words: on ``unit``), and the IDs of those
    that it leaves out.
    """

    rules: tuple[Rule, ...]
    calls: int
    left_out: frozenset[str] = frozenset()
    unit: str = "calls"
    loopback: bool = True

    def lines(self) -> list[str]:
        """The plan in words. Every order costs at least a call to make and one to use."""
        orders = max(self.calls - OVERHEAD, 0) // 2
        rules = [rule for rule in self.rules if rule.id not in self.left_out]
        riyals = max((rule.largest(loopback=self.loopback) for rule in rules), default=0)
        lines = [
            f"{len(self.rules)} rules, at most {self.calls} {self.unit}",
            f"at most {orders} orders made or used up, each of at most {riyals:,} SAR",
        ]
        needs = sorted({need for rule in self.rules for need in rule.needs})
        if needs:
            lines.append(f"some rules need: {', '.join(needs)}")
        if self.left_out:
            families = Counter(id_.partition(".")[0] for id_ in sorted(self.left_out))
            told = ", ".join(f"{family} ({count})" for family, count in families.items())
            lines.append(
                f"{len(self.left_out)} rules do not fit into these calls and are left out, so that "
                f"the run will be inconclusive: {told}"
            )
        return lines

    @property
    def why_left_out(self) -> str:
        """What is said of each rule that is left out."""
        return (
            f"the run's bound of {self.calls} calls leaves it out: take --profile deep, or name "
            "the rule with --select"
        )


def plan(
    catalogue: Catalogue,
    selected: Sequence[Rule],
    profile: Profile,
    *,
    loopback: bool,
    listed: int = 0,
    unit: str = "calls",
    share: Share | None = None,
) -> Plan:
    """What the selected rules and those they come after cost at most.

    Each of the ``listed`` orders may be turned away, so that a rule begins anew with the next.

    Off loopback the profile's cap holds, of which this run may have a ``share``: see
    :func:`_chosen`.
    """
    rules = catalogue.with_prerequisites(selected)
    calls = OVERHEAD + sum(rule.bound(profile, loopback=loopback) for rule in rules)
    cap = None if loopback else CAPS.get(profile)
    if cap is not None and share is not None:
        cap = share.calls(cap)
    if cap is None or calls <= cap:
        more = AGAIN * listed
        bound = calls + more if cap is None else min(calls + more, cap)
        return Plan(tuple(selected), bound, unit=unit, loopback=loopback)
    chosen = _chosen(catalogue, selected, profile, cap - OVERHEAD)
    left_out = frozenset(rule.id for rule in selected if rule.id not in chosen)
    return Plan(tuple(selected), cap, left_out, unit, loopback)


def _chosen(
    catalogue: Catalogue, selected: Sequence[Rule], profile: Profile, calls: int
) -> set[str]:
    """The rules that a bound on calls has room for, with what they come after.

    Core rules and those of the smallest profile are in whatever their bounds add up to, for what
    several of them look at is brought about once. Then every family has its turn, and MUSTs come
    before advice and readings: no family goes without because it stands late in the catalogue.
    """
    first = [r for r in selected if r.core or r.within(Profile.SMOKE, loopback=False)]
    others = [rule for rule in selected if rule not in first]
    chosen: set[str] = set()
    for rule in [*first, *_in_turn(others)]:
        more = [r for r in catalogue.with_prerequisites([rule]) if r.id not in chosen]
        cost = sum(r.bound(profile, loopback=False) for r in more)
        if rule in first or cost <= calls:
            chosen.update(r.id for r in more)
            calls -= cost
    return chosen


def _in_turn(rules: Sequence[Rule]) -> Iterator[Rule]:
    """The rules of each level, one family after the other, over and over."""
    for level in Level:
        families: dict[str, list[Rule]] = {}
        for rule in rules:
            if rule.level is level:
                families.setdefault(rule.family, []).append(rule)
        for row in zip_longest(*families.values()):
            yield from (rule for rule in row if rule is not None)
