"""What came since somebody looked last, for rules that close a run and may look before that."""

from collections.abc import Sequence
from dataclasses import dataclass

from points_conformance.judging.exchange import Exchange
from points_conformance.targets.api.order import TestOrder

__all__ = ["News"]


@dataclass(frozen=True, slots=True)
class News:
    """``heard``: the orders of which something was told. ``told``: those of them, and of earlier
    ones, whose rule is decided, so that nothing more is asked of them. ``calls``: all that were
    made.
    """

    heard: Sequence[TestOrder] = ()
    told: Sequence[TestOrder] = ()
    calls: Sequence[Exchange] = ()
