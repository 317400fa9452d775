"""How often the right cause is named, by the shipped signatures: docs/causes.md has the figures."""

import pytest
from tests.quality.causes import (
    hidden,
    left_out,
    measured,
    measured_at_once,
    overconfident,
)
from tests.quality.strangers import STRANGERS, diagnosed

from points_conformance.judging.rule import Profile
from points_conformance.subjects import Subject

SUBJECTS = pytest.mark.parametrize("subject", list(Subject))


def test_a_relative_is_named_of_a_defect_that_was_never_seen() -> None:
    """First in 85 of 100 cases where there is a near one, among three in 95. Of consumers there are
    few such cases.
    """
    rows = [measured(subject, "a defect left out", left_out(subject)) for subject in Subject]
    cases = sum(row.cases for row in rows)
    assert sum(row.first for row in rows) >= 0.85 * cases, rows
    assert sum(row.three for row in rows) >= 0.95 * cases, rows
    assert all(row.first >= 0.75 * row.cases for row in rows), rows


@SUBJECTS
def test_the_right_one_is_named_though_a_fifth_of_the_rules_is_hidden(subject: Subject) -> None:
    """What was not exercised speaks against nobody."""
    row = measured(subject, "hidden", hidden(subject))
    assert row.first >= 0.9 * row.cases, row
    assert row.three >= 0.95 * row.cases, row


@SUBJECTS
@pytest.mark.parametrize("number", [2, 3])
def test_of_several_at_once_one_is_named_and_mostly_all(subject: Subject, number: int) -> None:
    """All in three of four cases, and nearly nothing likely that is not there."""
    one, all_of_them, likely = measured_at_once(subject, number, cases=60)
    assert one.first >= 0.9 * one.cases, one
    assert all_of_them.first >= 0.75 * all_of_them.cases, all_of_them
    assert likely.first >= 0.95 * likely.cases, likely


@SUBJECTS
def test_what_has_no_relative_is_seldom_given_a_cause(subject: Subject) -> None:
    """One in ten at most is called likely."""
    named, strangers = overconfident(subject)
    assert len(named) <= 0.1 * strangers, named


@pytest.mark.parametrize("name", STRANGERS)
def test_a_made_up_server_is_given_no_cause_with_confidence(name: str) -> None:
    """Ten mistakes of which the catalogue has none; each breaks something, or this says nothing."""
    failed, found = diagnosed(name, Profile.STANDARD)
    assert failed
    assert found.likely == []


def test_there_are_ten_of_them() -> None:
    """As many as the documentation says."""
    assert len(STRANGERS) == 10
