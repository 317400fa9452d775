"""Dialects: every shipped one builds, every field has readings, mistakes are named."""

from dataclasses import FrozenInstanceError, fields
from typing import get_args, get_type_hints

import pytest

from points_conformance.contract.dialect import DIALECTS, Dialect, DialectError, dialect_from

READINGS: dict[str, tuple[str, ...]] = {
    name: get_args(hint) for name, hint in get_type_hints(Dialect).items()
}
EVERY_READING = [(name, reading) for name, readings in READINGS.items() for reading in readings]


@pytest.mark.parametrize("name", list(DIALECTS))
def test_a_shipped_dialect_holds_only_known_readings(name: str) -> None:
    """Each shipped dialect passes the very check that a user's own would."""
    shipped = DIALECTS[name]
    readings = {field.name: getattr(shipped, field.name) for field in fields(Dialect)}
    assert dialect_from(readings) == shipped


def test_the_shipped_dialects_are_the_documented_four() -> None:
    """Users name them on the command line: none appears or vanishes unnoticed."""
    assert list(DIALECTS) == ["default", "lenient", "strict", "minimal"]


def test_the_default_dialect_is_the_plain_one() -> None:
    """Without a word, the plainest reading is spoken."""
    assert DIALECTS["default"] == Dialect() == dialect_from({})


def test_the_shipped_dialects_differ() -> None:
    """No shipped dialect is another one by a second name."""
    assert len(set(DIALECTS.values())) == len(DIALECTS)


@pytest.mark.parametrize("name", list(READINGS))
def test_a_field_has_at_least_two_readings(name: str) -> None:
    """A matter with one reading is not disputed."""
    readings = READINGS[name]
    assert len(set(readings)) == len(readings) >= 2


@pytest.mark.parametrize(("name", "reading"), EVERY_READING)
def test_every_reading_can_be_chosen(name: str, reading: str) -> None:
    """Each reading of each field builds, and touches no other field."""
    chosen = Dialect().with_(**{name: reading})
    others = [field.name for field in fields(Dialect) if field.name != name]
    assert getattr(chosen, name) == reading
    assert [getattr(chosen, other) for other in others] == [
        getattr(Dialect(), other) for other in others
    ]


def test_an_unknown_field_is_refused_by_name() -> None:
    """The message names the culprit and what there is instead."""
    with pytest.raises(DialectError, match=r"'amount_nul'.*amount_null"):
        Dialect().with_(amount_nul="422")


@pytest.mark.parametrize("name", list(READINGS))
def test_an_unknown_reading_is_refused_with_the_choices(name: str) -> None:
    """The message names the field, the wrong reading and every right one."""
    with pytest.raises(DialectError, match=f"{name} cannot be 'sideways'") as caught:
        dialect_from({name: "sideways"})
    assert str(caught.value).endswith(", ".join(READINGS[name]))


def test_a_dialect_is_a_value() -> None:
    """Nobody changes a shared dialect by accident."""
    with pytest.raises(FrozenInstanceError):
        DIALECTS["default"].amount_zero = "400"  # type: ignore[misc]
