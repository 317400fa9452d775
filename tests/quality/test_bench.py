"""The bench measures and tells; no test rests on a figure."""

import re

import pytest
from tests.quality.bench.__main__ import DOCUMENT, MEASURES, document, parts_of, table
from tests.quality.bench.measuring import Row, Scale, in_turn

SMALL = Scale(rounds=1, calls=2, orders=10, many=20, runs=1, at_once=(1,), defects=1)
CHEAP = [name for name, measure in MEASURES.items() if measure.cheap]


@pytest.mark.parametrize("name", CHEAP)
def test_a_measure_has_figures(name: str) -> None:
    """Each that is cheap, once."""
    rows = list(MEASURES[name].rows(SMALL))
    assert rows
    assert all(re.search(r"\d", row.figure) for row in rows)


@pytest.mark.slow
def test_a_run_is_measured() -> None:
    """The embedded one, whole: its time, CPU and memory, and that it found nothing."""
    (row,) = MEASURES["embedded"].rows(SMALL)
    assert re.fullmatch(r"[\d.]+ s, [\d.]+ s of CPU, \d\d+ MB", row.figure)
    assert row.beside.endswith("calls: conformant")


def test_what_is_compared_is_measured_in_turn() -> None:
    """Each begins every other round; the ratio is how much faster the first is."""
    asked: list[str] = []

    def told(name: str, seconds: float) -> float:
        asked.append(name)
        return seconds

    assert in_turn(2, lambda: told("a", 2.0), lambda: told("b", 3.0)) == (2.0, 3.0, 1.5)
    assert asked == ["b", "a", "a", "b"]


def test_one_part_of_the_document_is_written_anew() -> None:
    """The others stay, in the order of the measures."""
    first, *_, last = MEASURES
    old = document({last: table(last, [Row("x", "1 s")]), first: table(first, [Row("y", "2 s")])})
    new = document({**parts_of(old), last: table(last, [Row("x", "3 s", "z", "0.50")])})
    assert list(parts_of(new)) == [first, last]
    assert parts_of(new)[first] == parts_of(old)[first]
    assert "| x | 3 s | z | 0.50 |" in new
    assert "| x | 1 s |" not in new


def test_the_document_has_measures_that_exist() -> None:
    """And says on what it was measured."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert set(parts_of(text)) <= set(MEASURES)
    assert re.search(r"\d+ cores \(.+\), \w+, Python 3\.\d+", text)
    contributing = DOCUMENT.parents[1] / "CONTRIBUTING.md"
    assert "(docs/speed.md)" in contributing.read_text(encoding="utf-8")
