"""Dialect, matters and readings say the same: whatever is disputed is one row."""

from dataclasses import fields

import pytest

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.lifecycle import Action, disputed
from points_conformance.contract.matters import MATTERS, Matter, matter
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Level, Profile
from points_conformance.subjects import catalogue
from points_conformance.targets.api.build import embedded_target

READINGS = {rule.id: rule for rule in catalogue() if rule.level is Level.OBSERVE}
READ = [row for row in MATTERS if row.reading is not None]


def test_every_field_of_the_dialect_is_one_row_and_every_row_but_two_a_field() -> None:
    """In the dialect's order. What a redirect does the simulator does not vary, and which fields an
    order shows is as it was made.
    """
    named = [row.field for row in MATTERS if row.field]
    assert sorted(named) == sorted(field.name for field in fields(Dialect))
    assert [row.name for row in MATTERS if not row.field] == ["webhook-redirect", "order-fields"]


def test_names_are_unique() -> None:
    """A report has one line for each."""
    assert len({row.name for row in MATTERS}) == len(MATTERS)


def test_every_observing_rule_reads_a_row() -> None:
    """And no row names a rule that there is not."""
    assert {row.reading for row in READ} == set(READINGS)


@pytest.mark.parametrize("row", READ, ids=lambda row: row.name)
def test_a_rule_reads_the_matter_and_states_the_text_of_its_row(row: Matter) -> None:
    """What is printed by both is the same."""
    rule = READINGS[str(row.reading)]
    assert rule.matter == row.name.partition("/")[0]
    assert rule.statement.startswith(f"{row.text} is read")


@pytest.mark.parametrize("row", MATTERS, ids=lambda row: row.name)
def test_a_row_has_a_reading_or_says_why_not(row: Matter) -> None:
    """Never both, never neither."""
    assert (row.reading is None) is bool(row.unread)


def test_what_no_rule_reads_is_known() -> None:
    """A matter that falls out of sight does so here, by name."""
    assert [row.field for row in MATTERS if row.reading is None] == [
        "refund_settled",
        "partial_refunds",
        "used_order_number",
        "points_rounding",
        "earning_starts",
        "validation_body",
        "empty_map",
        "order_depth",
        "rest_fields",
        "rest_date",
    ]


@pytest.mark.parametrize("action", Action)
def test_a_disputed_arrow_has_a_row(action: Action) -> None:
    """And its field is read."""
    assert all(matter(arrow.field).reading for arrow in disputed(action).values())


def test_what_a_run_reads_is_called_as_the_rows_say() -> None:
    """A matter's name, or that and the kind of input. All are read in process."""
    judge = Judge(catalogue(), profile=Profile.STANDARD)
    target = embedded_target(Dialect())
    wanted = ("reading.", "refund.", "cancel.", "webhook.")  # what closes a run looks at all these
    results = [judge.judge(rule.id, target) for rule in catalogue() if rule.id.startswith(wanted)]
    keys = {key for result in results for key in result.readings}
    for row in READ:
        assert any(key == row.name or key.startswith(f"{row.name}/") for key in keys), row.name
    for key in keys:
        assert any(key == row.name or key.startswith(f"{row.name}/") for row in READ), key
