"""How many points a refund reverses.

The exact rounding is documented nowhere (Refunds & Cancellations says "in proportion"; its example
counts whole riyals), so every rounding is a reading.

All functions work on the *sum* refunded so far: that is why neither the order of partial refunds
nor their splitting can change how many points are reversed in the end.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from points_conformance.contract.money import HALALAS_PER_RIYAL

__all__ = ["points_tolerance", "reversed_points"]


def _per_riyal(points: int, total: int, refunded: int) -> int:
    """The documentation's example: 150.75 SAR and 3000 points are 20 points a whole riyal."""
    whole = total - total % HALALAS_PER_RIYAL
    return min(points, refunded * points // (whole or total))


_ROUNDINGS: Mapping[str, Callable[[int, int, int], int]] = MappingProxyType(
    {
        "per-riyal": _per_riyal,
        "half-up": lambda points, total, refunded: (2 * refunded * points + total) // (2 * total),
        "down": lambda points, total, refunded: refunded * points // total,
        "up": lambda points, total, refunded: -(-refunded * points // total),
    }
)


def reversed_points(points: int, total: int, refunded: int, *, rounding: str) -> int:
    """Points reversed once ``refunded`` of ``total`` halalas have gone back.

    All of them when everything has gone back, none when nothing has, monotonic between.
    """
    if refunded >= total:
        return points
    return _ROUNDINGS[rounding](points, total, refunded)


def points_tolerance(points: int | Decimal, total: int) -> Decimal:
    """How far one refund's points may be from the exact proportion: the points of one riyal,
    and one point for rounding.

    The documentation's example is 2.49 points off (497.51 in proportion, 500 shown) where a riyal
    is worth about 20.
    """
    riyal = Decimal(points) * HALALAS_PER_RIYAL / total if total else Decimal(points)
    return riyal + 1
