"""What came since somebody looked last, for rules that close a run and may look before that."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from points_conformance.judging.exchange import Exchange
from points_conformance.targets.api.order import TestOrder

__all__ = ["News", "each_once"]


@dataclass(frozen=True, slots=True)
class News:
    """``heard``: the orders of which something was told. ``told``: those of them, and of earlier
    ones, whose rule is decided, so that nothing more is asked of them. ``calls``: all that were
    made.
    """

    heard: Sequence[TestOrder] = ()
    told: Sequence[TestOrder] = ()
    calls: Sequence[Exchange] = ()


def each_once(orders: Iterable[Sequence[TestOrder]]) -> list[TestOrder]:
    """The orders of several news, none of them twice."""
    return list({order.uuid: order for some in orders for order in some}.values())
