"""A story's drawing: who stands where, what stands under what, and that all of it fits."""

from typing import Any

import pytest

from points_conformance.judging.step import Step
from points_conformance.report.diagram import WIDTH, Diagram, diagram


def step(said: str = "asked", **fields: Any) -> Step:
    """A call of the kit."""
    return Step(**{"teller": "kit", "hearer": "server", "said": said} | fields)


def drawn(*steps: Step, got: str = "") -> Diagram:
    """The drawing of a story that has one."""
    found = diagram(steps, got)
    assert found is not None
    return found


def test_nothing_is_drawn_of_nothing() -> None:
    """Neither without steps nor where nobody speaks to anybody."""
    assert diagram(()) is None
    assert diagram((step(hearer=""),)) is None


def test_who_asks_stands_left() -> None:
    """In the order in which they speak; the last one's name ends at its line."""
    who = drawn(step(), step(teller="server", hearer="kit")).lifelines
    assert [(one.text, one.end) for one in who] == [("kit", False), ("server", True)]
    assert who[0].x < who[1].x <= WIDTH


def test_an_arrow_goes_from_who_tells_to_who_hears_and_back() -> None:
    """A call to the right, its answer to the left, a webhook from right to left."""
    found = drawn(step(answer="HTTP 200"), step(teller="server", hearer="kit", event=True))
    ways = [(arrow.kind, arrow.x1 < arrow.x2) for arrow in found.arrows]
    assert ways == [("call", True), ("answer", False), ("event", False)]


def test_a_lost_answer_does_not_arrive() -> None:
    """Its arrow ends half way."""
    call, lost = drawn(step(answer="no answer", lost=True)).arrows
    assert lost.kind == "lost"
    assert call.x1 < lost.x2 < call.x2


def test_all_stands_under_what_was_before() -> None:
    """No two lines of text at one height, and nothing under the edge."""
    found = drawn(step("word " * 40, answer="HTTP 200 " * 20, after="left"), step(), got="wrong")
    heights = [text.y for text in found.texts]
    assert heights == sorted(set(heights))
    assert max(heights) <= found.height


@pytest.mark.parametrize("said", ["word " * 60, "W" * 300, "ثلاثة " * 60])
def test_no_line_is_wider_than_the_drawing(said: str) -> None:
    """Whatever is said: it is wrapped, words that are too long in their middle."""
    found = drawn(step(said, answer=said, after=said), step(said, hearer=""), got=said)
    assert all(len(text.text) * 7.3 <= WIDTH - 28 for text in found.texts)


def test_times_are_told_where_they_matter() -> None:
    """Not of what all happens at once."""
    assert drawn(step(at=0.0), step(at=0.01)).texts[0].text == "asked"
    assert drawn(step(at=0.0), step(at=1.5)).texts[1].text == "1.50 s asked"


def test_it_ends_with_what_is_wrong() -> None:
    """What came of it, unless the last step says so already."""
    assert [text.text for text in drawn(step(), got="200").texts][-1] == "✗ 200"
    last = drawn(step(after="0.01 too much", wrong=True), got="200").texts[-1]
    assert (last.text, last.kind) == ("✗ 0.01 too much", "wrong")


def test_it_is_told_in_words() -> None:
    """For those who cannot see it."""
    words = drawn(step("refund", answer="HTTP 200", after="40 left"), step("note", hearer="")).words
    assert words == "kit to server: refund, HTTP 200, 40 left; note"
