"""``docs/matrices.md`` says what is true: its rules and defects exist, and catch each other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from points_conformance.defects.defect import Defect
from points_conformance.subjects import Subject, catalogue, part

DOCUMENT = (Path(__file__).parents[2] / "docs" / "matrices.md").read_text(encoding="utf-8")
#: So many defects of different minds each matrix has at least.
LEAST = 5


@dataclass(frozen=True)
class Row:
    """A part of a matrix."""

    section: str
    matrix: str
    rules: tuple[str, ...]
    defects: tuple[str, ...]


def rows() -> Iterator[Row]:
    """The rows of all tables."""
    for section in re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[1:]:
        name = section.partition("\n")[0]
        for line in re.findall(r"^\| (?!matrix |---)(.+) \|$", section, re.MULTILINE):
            matrix, rules, defects = line.split(" | ")
            yield Row(name, matrix, names(rules), names(defects))


def names(cell: str) -> tuple[str, ...]:
    """What a cell has in backticks."""
    return tuple(re.findall(r"`([^`]+)`", cell))


ROWS = list(rows())
SECTIONS = sorted({row.section for row in ROWS})
RULES = {rule.id for subject in Subject for rule in catalogue(subject)}
DEFECTS: dict[str, Defect] = {
    defect.id: defect for subject in Subject for defect in part(subject.who.seeded).defects
}


def test_sections_are_numbered_and_in_order() -> None:
    """As ``## 1. Name``."""
    numbers = [int(n) for n in re.findall(r"^## (\d+)\. ", DOCUMENT, re.MULTILINE)]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == DOCUMENT.count("\n## ") == len(SECTIONS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.matrix)
def test_a_row_names_rules_and_defects_that_there_are(row: Row) -> None:
    """At least one of each."""
    assert row.rules
    assert row.defects
    assert set(row.rules) <= RULES
    assert set(row.defects) <= DEFECTS.keys()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.matrix)
def test_each_defect_of_a_row_is_caught_by_a_rule_of_it(row: Row) -> None:
    """As it is declared, and as the self-check holds."""
    for name in row.defects:
        defect = DEFECTS.get(name)
        assert defect is not None, name
        assert any(defect.must_fail(rule) for rule in row.rules), name


@pytest.mark.parametrize("section", SECTIONS)
def test_each_matrix_has_defects_of_several_minds(section: str) -> None:
    """Or nobody knows what its rules find."""
    assert len({name for row in ROWS if row.section == section for name in row.defects}) >= LEAST


@pytest.mark.parametrize("family", ["status", "race.pairs", "race.orders"])
def test_every_rule_of_a_matrix_is_in_the_table(family: str) -> None:
    """A rule that is generated for a new status has to be named, and needs a defect."""
    named = {rule for row in ROWS for rule in row.rules}
    assert {rule for rule in RULES if rule.startswith(family)} <= named
