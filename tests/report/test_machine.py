"""The lifecycle as a run walked it."""

import pytest
from tests.report import samples

from points_conformance.contract.lifecycle import ARROWS
from points_conformance.judging.verdict import Result, Verdict
from points_conformance.report.machine import Cell, cells, edges, places

PART = "approved > refund part > partially_refunded"
REST = "partially_refunded > refund rest > fully_refunded"
CANCEL = "approved > cancel > cancelled"
TWICE = "fully_refunded > refund rest > refused"


def result(verdict: Verdict, *moves: str) -> Result:
    """A rule whose calls led so."""
    return Result(rule=samples.NEW, verdict=verdict, moves=moves)


def went(*results: Result) -> dict[str, str]:
    """How each arrow went that was tried."""
    return {
        f"{cell.at} > {cell.action} > {cell.to}": cell.went
        for cell in cells(results)
        if cell.went != "not tried"
    }


def test_every_entry_of_the_table_is_told_and_every_arrow_drawn() -> None:
    """None is forgotten when one is added: it has a row, and a place in the drawing."""
    table = cells(())
    assert len(table) == sum(len(row) for row in ARROWS.values())
    assert {cell.went for cell in table} == {"not tried"}
    assert {place.status for place in places()} == {status.value for status in ARROWS}
    drawn = [cell for edge in edges(table) for cell in edge.cells]
    assert sorted(map(str, drawn)) == sorted(str(cell) for cell in table if cell.to != "refused")


def test_what_held_passed() -> None:
    """Each arrow on the way, refusals too."""
    assert went(result(Verdict.PASSED, PART, REST, TWICE)) == dict.fromkeys(
        (PART, REST, TWICE), "passed"
    )


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.ADVICE, Verdict.KNOWN])
def test_a_broken_rule_fails_where_its_story_ends(verdict: Verdict) -> None:
    """What it walked before is exercised."""
    assert went(result(verdict, PART, REST)) == {PART: "exercised", REST: "failed"}


def test_the_worst_counts() -> None:
    """A failure beside any number of rules that held; what held before what was read."""
    held, broken = result(Verdict.PASSED, REST), result(Verdict.FAILED, REST)
    assert went(held, broken, held) == {REST: "failed"}
    assert went(result(Verdict.OBSERVED, REST), held) == {REST: "passed"}


def test_what_is_refused_and_was_done_failed() -> None:
    """Wherever it stands in the story of a broken rule."""
    done = "fully_refunded > refund rest > fully_refunded"
    assert went(result(Verdict.FAILED, done, CANCEL))[TWICE] == "failed"


def test_a_refusal_for_another_reason_tells_nothing_of_the_status() -> None:
    """A refund of a wrong amount is refused: the arrow was not walked."""
    assert went(result(Verdict.PASSED, "approved > refund part > refused")) == {}


def test_a_disputed_arrow_may_go_either_way() -> None:
    """Accepted or refused, it was walked."""
    for move in (CANCEL, "approved > cancel > refused"):
        assert went(result(Verdict.PASSED, move)) == {CANCEL: "passed"}


def test_what_is_no_move_is_passed_over() -> None:
    """A report of other hands may hold anything."""
    assert went(result(Verdict.PASSED, "nonsense", "a > b > c")) == {}


def test_an_edge_is_as_its_worst_arrow() -> None:
    """Several actions that lead to the same are one line."""
    auto = Cell("approved", "auto-refund", "fully_refunded", open=False, went="not tried")
    rest = Cell("approved", "refund rest", "fully_refunded", open=False, went="failed")
    (edge,) = edges([auto, rest])
    assert edge.went == "failed"
    assert edge.labels == ["○ auto", "✗ rest"]
    assert edge.tip.startswith("translate(242 410) rotate(")
