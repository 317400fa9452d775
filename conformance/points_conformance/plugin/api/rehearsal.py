"""A run against the embedded simulator that notes which orders its rules ask for."""

from collections import Counter
from collections.abc import Iterable

from points_conformance.contract.money import sar
from points_conformance.judging.catalogue import Catalogue
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Rule
from points_conformance.plugin.settings import Settings
from points_conformance.targets.api.build import embedded_target
from points_conformance.targets.api.calling import Calling
from points_conformance.targets.api.order import Made, Wanted
from points_conformance.targets.api.sources import OrderSource

__all__ = ["orders_needed"]


class _Noting(OrderSource):
    """Gives what another source gives, and counts it."""

    def __init__(self, source: OrderSource) -> None:
        self.made = 0
        self.given: Counter[str] = Counter()
        self._source = source

    def make(self, wanted: Wanted, api: Calling) -> Made | None:
        """What the source makes."""
        made = self._source.make(wanted, api)
        if made is not None and not wanted.fresh:
            total = f"of {sar(wanted.total)} SAR" if wanted.exact else "of 1 SAR or more"
            self.given[f"{made.status.value} {made.kind.value}, {total}"] += 1
        return made


def orders_needed(catalogue: Catalogue, rules: Iterable[Rule], settings: Settings) -> list[str]:
    """How many orders of which status, type and total an orders file should hold, in lines.

    Where a rule takes any type, an earning one is counted; a replacing one does as well.
    """
    target = embedded_target(seed=settings.seed)
    target.loopback = settings.of.on_loopback
    source = _Noting(target.sources[0])
    target.sources[:] = [source]
    judge = Judge(catalogue, seed=settings.seed, profile=settings.profile)
    for rule in rules:
        judge.judge(rule.id, target)
    target.client.close()
    return [f"  {count} {words}" for words, count in sorted(source.given.items())]
