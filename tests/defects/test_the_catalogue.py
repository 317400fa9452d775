"""The catalogue of defects: each one is small, named, and says who should catch it."""

import re

import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api.defect import ServerDefect, with_answer
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.defects.catalogue import caught_by, chosen
from points_conformance.defects.defect import DefectError, Seeds
from points_conformance.defects.seeded import build
from points_conformance.judging.rule import Profile
from points_conformance.simulator.core import Parts, Simulator
from points_conformance.simulator.desk import Desk
from points_conformance.subjects import Subject, catalogue

RULES = [rule.id for rule in catalogue()]


def seeded(id_: str, *caught: str) -> ServerDefect:
    """A defect that does nothing wrong."""
    return ServerDefect(id=id_, summary="It does.", seam="desk", parts=Parts(), caught_by=caught)


def test_there_are_many() -> None:
    """The self-check is worth what its defects are worth."""
    assert len(SEEDED.defects) >= 80


@pytest.mark.parametrize("defect", SEEDED.defects, ids=lambda defect: defect.id)
def test_a_defect_is_well_declared(defect: ServerDefect) -> None:
    """A kebab-case ID, a sentence, one seam, rules that exist, a dialect that exists."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", defect.id)
    assert defect.summary.endswith(".")
    assert "\n" not in defect.summary
    assert defect.seam
    assert defect.parts != Parts()
    assert defect.dialect in DIALECTS
    # By name: a rule that is said to catch a defect is proven to.
    assert set(defect.caught_by) <= set(RULES)


def test_every_family_is_in_the_catalogue() -> None:
    """Each module of the table gives some."""
    assert len(SEEDED.defects) > 3 * len(SEEDED.families)


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        ([seeded("a", "x.y"), seeded("a", "x.z")], "two defects have the ID 'a'"),
        ([seeded("a")], "no rule is said to catch 'a'"),
    ],
)
def test_a_catalogue_that_would_lie_is_refused(found: list[ServerDefect], complaint: str) -> None:
    """Doubles, defects that nobody catches."""
    with pytest.raises(DefectError) as caught:
        build(found)
    assert str(caught.value) == complaint


def test_a_part_is_seeded_where_it_belongs() -> None:
    """The seam is read from the class that is derived from; the docstring is the summary."""
    seed = Seeds(ServerDefect)

    @seed("slow", "race.*", related="story.*", profile=Profile.DEEP)
    class Slow(Desk):
        """It
        is slow.

        Not for reports.
        """

    [defect] = seed.defects
    assert (defect.seam, defect.parts.desk) == ("desk", Slow)
    assert defect.summary == "It is slow."
    assert (defect.caught_by, defect.related) == (("race.*",), ("story.*",))
    assert [defect.may_fail(id_) for id_ in ("race.x", "story.y", "refund.z")] == [
        True,
        True,
        False,
    ]


def test_a_function_takes_the_place_of_a_method() -> None:
    """Of the class that its first argument is annotated with; the rest of it is as it was."""
    seed = Seeds(ServerDefect)

    @seed.on(Desk.cancel_reason, "shouts", "cancel.given-reason", related="webhook.*")
    def shouts(desk: Desk, reason: str | None) -> str:
        """A reason is told in capitals."""
        return Desk.cancel_reason(desk, reason).upper()

    [defect] = seed.defects
    assert (defect.seam, defect.summary) == ("desk", "A reason is told in capitals.")
    simulator = Simulator(parts=defect.parts)
    assert simulator.desk.cancel_reason("late") == "LATE"
    assert type(simulator.desk).decide is Desk.decide
    with pytest.raises(DefectError, match="stranger does not say by its first argument whose"):

        @seed.on(Desk.cancel_reason, "stranger", "cancel.given-reason")
        def stranger(desk: object, reason: str | None) -> str:
            """It is wrong."""
            return ""


def test_what_takes_no_part_is_refused() -> None:
    """A class that derives from no part, an unknown dialect, or a defect without a word, is a
    mistake.
    """
    seed = Seeds(ServerDefect)
    with pytest.raises(DefectError, match="Stranger is no variant of a part; parts: forms, gate"):

        @seed("stranger", "race.*")
        class Stranger:
            """It is wrong."""

    with pytest.raises(DefectError, match="Silent does not say what it does wrong"):

        @seed("silent", "race.*")
        class Silent(Desk): ...

    with pytest.raises(DefectError, match="'odd-one' speaks 'odd', which is no dialect"):

        @seed("odd-one", "race.*", dialect="odd")
        class Odd(Desk):
            """It is wrong."""

    with pytest.raises(DefectError, match="no operation is named 'undo'"):
        with_answer("undo", lambda sim, call: None)  # type: ignore[arg-type, return-value]


def test_defects_are_found_by_name_and_by_glob() -> None:
    """An unknown name or glob is refused, whoever is asked; without a glob all are meant."""
    assert SEEDED.named("cancel-twice").id == "cancel-twice"
    assert [defect.id for defect in SEEDED.matching(["cancel-tw*"])] == ["cancel-twice"]
    assert SEEDED.matching([]) == list(SEEDED.defects)
    with pytest.raises(DefectError, match="no defect has the ID 'x'"):
        SEEDED.named("x")
    with pytest.raises(DefectError, match=r"no defect matches 'x\*'"):
        chosen(Subject, ["cancel-*", "x*"])


def test_a_rule_knows_what_it_catches() -> None:
    """What ``points-conformance rules ID`` shows."""
    assert "cancel-twice" in caught_by("cancel.second-is-refused")
    assert caught_by("reading.body-list") == []
