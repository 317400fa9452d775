"""What a reversal leaves alone: two readings of one order compared, and their times. Pure.

Values are JSON with exact numbers, times are ISO 8601 with a zone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

__all__ = [
    "KEPT",
    "KEPT_IN_EVENTS",
    "Change",
    "changes",
    "emptied",
    "moment",
    "runs_back",
    "same",
    "zones_apart",
]

#: What REST shows of an order and no reversal owns.
KEPT: Final = (
    "id",
    "uuid",
    "order_number",
    "reference_number",
    "type",
    "total_price",
    "total_points",
    "metadata",
    "items",
    "created_at",
)
#: The same in events. Their ``id`` and ``type`` are spelt otherwise and have rules of their own;
#: which ``total_points`` they tell is open.
KEPT_IN_EVENTS: Final = (
    "order_number",
    "reference_number",
    "total_price",
    "metadata",
    "created_at",
)
#: The shortest difference between the clocks of two places; the largest one; and how far from a
#: whole number of them the times of one reversal may be.
_ZONE: Final = timedelta(minutes=15)
_FARTHEST: Final = timedelta(hours=26)
_APART: Final = timedelta(minutes=1)
#: One channel may show fractions of a second, the other cut or round them.
_ROUNDED: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Change:
    """A field that is not what it was."""

    field: str
    was: Any
    now: Any


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], fields: Iterable[str] = KEPT
) -> list[Change]:
    """The fields that both readings show, with another value. ``null`` is no value: nothing is
    said where there was none before, and see :func:`emptied`.
    """
    return [
        Change(name, before[name], after[name])
        for name in fields
        if before.get(name) is not None
        and after.get(name) is not None
        and not _same_field(name, before[name], after[name])
    ]


def emptied(
    before: Mapping[str, Any], after: Mapping[str, Any], fields: Iterable[str] = KEPT
) -> list[Change]:
    """The fields that had a value and are shown as ``null``, or as empty, now."""
    return [
        Change(name, before[name], after[name])
        for name in fields
        if name in after and before.get(name) not in (None, [], {}) and after[name] is None
    ]


def _same_field(name: str, was: Any, now: Any) -> bool:
    if name == "created_at":
        one, other = moment(was), moment(now)
        return one is None or other is None or abs(one - other) <= _ROUNDED
    if name == "items" and isinstance(was, list) and isinstance(now, list):
        # In which order a list without an order comes is its database's affair.
        return len(was) == len(now) and all(any(same(a, b) for b in now) for a in was)
    return same(was, now)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 and 1.0 are, 1 and true are not; an empty map may
    be written as an empty list.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if one in ({}, []) and other in ({}, []):
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def moment(value: object) -> datetime | None:
    """A timestamp as a point in time; ``None`` where it is none, or does not say its zone."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def runs_back(earlier: datetime, later: datetime) -> bool:
    """Whether the later reading shows an earlier time, by more than rounding explains."""
    return earlier - later > _ROUNDED


def zones_apart(one: datetime, other: datetime) -> timedelta | None:
    """The whole quarters of an hour that two times of one moment are apart; ``None`` where it is
    no zone that is between them: clocks may differ, and what waits in a queue is told later.
    """
    gap = abs(one - other)
    quarters = round(gap / _ZONE)
    if not quarters or gap > _FARTHEST or abs(gap - quarters * _ZONE) > _APART:
        return None
    return quarters * _ZONE
