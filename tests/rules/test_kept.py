"""What a reversal leaves alone: two readings of one order, and the times in them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from points_conformance.rules.api.kept import (
    changes,
    emptied,
    moment,
    runs_back,
    same,
    zones_apart,
)

NOON = datetime.fromisoformat("2026-04-20T12:00:00Z")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, Decimal("1.00")),
        ({}, []),
        ({"a": {"b": []}}, {"a": {"b": {}}}),
        ([1, "x", None], [Decimal(1), "x", None]),
        (True, True),
    ],
)
def test_json_may_be_written_in_several_ways(one: Any, other: Any) -> None:
    """A number with and without decimals, an empty map as a list."""
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        ("1", 1),
        ({"a": {"b": 1}}, {"a": '{"b": 1}'}),
        ({"a": 1}, {"a": 1, "b": None}),
        ([1, 2], [2, 1]),
        ({}, None),
    ],
)
def test_what_is_another_value_is_none_of_these(one: Any, other: Any) -> None:
    """True is not 1, a map's text is no map, a list has an order."""
    assert not same(one, other)
    assert not same(other, one)


@pytest.mark.parametrize(
    "after", [{}, {"metadata": None}, {"metadata": {"a": 1}}, {"metadata": {"a": Decimal("1.0")}}]
)
def test_what_is_not_shown_or_shown_as_null_is_no_change(after: dict[str, Any]) -> None:
    """All fields are optional; whether null stands for a value is another matter."""
    assert changes({"metadata": {"a": 1}}, after) == []


@pytest.mark.parametrize("before", [{}, {"metadata": None}])
def test_what_had_no_value_may_get_one(before: dict[str, Any]) -> None:
    """A reference may come later than the order."""
    assert changes(before, {"metadata": {"a": 1}}) == []


def test_the_fields_that_changed_are_named_with_both_values() -> None:
    """Whatever else is the same."""
    before = {"id": 7, "type": 1, "metadata": {"a": 1}, "order_status": "approved"}
    found = changes(before, before | {"id": 8, "order_status": "fully_refunded"})
    assert [(change.field, change.was, change.now) for change in found] == [("id", 7, 8)]


def test_items_may_come_in_another_order() -> None:
    """A list of a database without one; but no item is lost, and none is another."""
    items = [{"product_name": name, "quantity": 1} for name in "ab"]
    assert changes({"items": items}, {"items": items[::-1]}) == []
    assert changes({"items": items}, {"items": items[:1]})
    assert changes({"items": items}, {"items": [items[0], {"product_name": "b", "quantity": 2}]})


@pytest.mark.parametrize(
    ("shown", "held"),
    [
        ("2026-04-20T12:00:00Z", True),
        ("2026-04-20T12:00:00.999999Z", True),
        ("2026-04-20T15:00:00+03:00", True),
        ("2026-04-20T12:00:00", True),
        ("2026-04-20T15:00:00Z", False),
        ("2026-04-20T12:00:10Z", False),
    ],
)
def test_a_moment_is_the_same_however_fine_and_in_whatever_zone(shown: str, held: bool) -> None:
    """What does not say its zone cannot be compared."""
    found = changes({"created_at": NOON.isoformat()}, {"created_at": shown})
    assert (found == []) is held


@pytest.mark.parametrize("value", [None, 7, "", "yesterday", "2026-04-20", "2026-04-20 12:00:00"])
def test_what_is_no_moment_is_none(value: object) -> None:
    """A date alone, a text, a time without a zone."""
    assert moment(value) is None


def test_a_value_shown_as_null_is_emptied() -> None:
    """What had none, or an empty one, is not."""
    assert [change.field for change in emptied({"metadata": {"a": 1}}, {"metadata": None})]
    for before in ({}, {"metadata": None}, {"metadata": []}, {"metadata": {}}):
        assert emptied(before, {"metadata": None}) == []
    assert emptied({"metadata": {"a": 1}}, {}) == []


@pytest.mark.parametrize(
    ("gap", "quarters"),
    [
        ("0:00:00", 0),
        ("0:00:59", 0),
        ("0:07:00", 0),
        ("0:14:50", 1),
        ("0:20:00", 0),
        ("3:00:00", 12),
        ("3:00:40", 12),
        ("3:01:30", 0),
        ("5:45:00", 23),
        ("26:30:00", 0),
    ],
)
def test_a_zone_is_whole_quarters_of_an_hour(gap: str, quarters: int) -> None:
    """A clock that is off, or a queue that is long, is no zone."""
    hours, minutes, seconds = map(int, gap.split(":"))
    later = NOON + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    expected = timedelta(minutes=15) * quarters if quarters else None
    assert zones_apart(NOON, later) == zones_apart(later, NOON) == expected


def test_times_go_back_by_more_than_rounding() -> None:
    """An answer with microseconds, and a read without them."""
    assert not runs_back(NOON, NOON)
    assert not runs_back(NOON + timedelta(microseconds=999_999), NOON)
    assert not runs_back(NOON, NOON + timedelta(hours=3))
    assert runs_back(NOON + timedelta(seconds=3), NOON)
