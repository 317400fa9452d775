"""The ways to spell a request mean the same, and what is found in one of them says which it is."""

import pytest

from points_conformance.contract.money import halalas
from points_conformance.judging.finding import Finding, NotExercised
from points_conformance.rules.api.cells import cell
from points_conformance.rules.api.writings import AMOUNTS, TEXT, TOTAL, bodies
from points_conformance.simulator.messages import load_json

BODIES = bodies(TEXT)


@pytest.mark.parametrize("name", BODIES)
def test_every_body_says_the_same(name: str) -> None:
    """Whatever is escaped, where blanks stand, and in which order the fields come."""
    body, _ = BODIES[name]
    said = load_json(body.replace("AMOUNT", "0.07").encode())
    assert (halalas(said["amount"]), said["reason"]) == (7, TEXT)
    assert len(said) == 2


def test_no_two_bodies_are_written_the_same() -> None:
    """Each differs from the others, in itself or in its headers."""
    written = [(body, tuple(headers.items())) for body, headers in BODIES.values()]
    assert len(set(written)) == len(BODIES)


def test_amounts_can_be_told_apart() -> None:
    """Each is another amount, and some of the order is left after all of them."""
    amounts = [halalas(load_json(text.encode())) for text in AMOUNTS]
    assert len(set(amounts)) == len(AMOUNTS)
    assert sum(amounts) < TOTAL


def test_a_finding_names_its_cell() -> None:
    """In its title, on which known failures match, and in its text."""
    named = r"^refused: in Arabic: expected 200; got 400"
    with pytest.raises(Finding, match=named) as caught, cell("in Arabic"):
        raise Finding("refused", expected="200", got="400")
    assert caught.value.title == "refused: in Arabic"


def test_what_is_not_exercised_has_no_cell() -> None:
    """Only what is the target's fault."""
    with pytest.raises(NotExercised, match=r"^no order$"), cell("in Arabic"):
        raise NotExercised("no order")
