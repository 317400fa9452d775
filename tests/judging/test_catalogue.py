"""The catalogue refuses what would make a run lie, and selects what was asked for."""

from typing import Any

import pytest

from points_conformance.judging.catalogue import Catalogue, CatalogueError, Registrar, build
from points_conformance.judging.rule import Level, Profile, Rule, Source, inferred, promised, source
from points_conformance.subjects import Subject

MUST, SHOULD = Level.MUST, Level.SHOULD


def rule(
    id_: str,
    level: Level = MUST,
    *,
    statement: str = "It MUST.",
    sources: tuple[Source, ...] = (),
    **fields: Any,
) -> Rule:
    """A rule that checks nothing."""
    return Rule(
        id=id_,
        level=level,
        statement=statement,
        sources=sources,
        subject=Subject.API,
        check=print,
        **fields,
    )


def built(*rules: Rule) -> Catalogue:
    """A catalogue of these rules, where one need and one page are known."""
    return build(Subject.API, rules, needs={"webhook inbox"}, pages={"Webhooks"})


def ids(rules: Any) -> list[str]:
    """The IDs, in order."""
    return [rule.id for rule in rules]


CATALOGUE = built(
    rule("cancel.new", profile=Profile.SMOKE),
    rule("cancel.second", after=("cancel.new",), aliases=("cancel.twice",)),
    rule("cancel.race", profile=Profile.DEEP, aliases=("cancel.contest",)),
    rule("refund.part", SHOULD),
    rule("run.sums", closing=True, aliases=("cancel.sums",)),
)


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ((rule("a.x"), rule("a.x")), "two rules have the ID 'a.x'"),
        ((rule("a.x"), rule("a.y", aliases=("a.x",))), "two rules have the ID 'a.x'"),
        ((rule("a.y", aliases=("a.x",)), rule("a.x")), "two rules have the ID 'a.x'"),
        ((rule("a.y", aliases=("o",)), rule("a.x", aliases=("o",))), "two rules have the ID 'o'"),
        ((rule("a.x", after=("a.z",)),), "a.x comes after 'a.z', which no rule has"),
        (
            (rule("a.y", SHOULD), rule("a.x", after=("a.y",))),
            "a.x comes after a.y, which is no MUST",
        ),
        ((rule("a.x", after=("a.x",)),), "a circle of rules: a.x -> a.x"),
        (
            (rule("a.x", after=("a.y",)), rule("a.y", after=("a.z",)), rule("a.z", after=("a.x",))),
            "a circle of rules: a.x -> a.y -> a.z -> a.x",
        ),
        (
            (rule("a.x", closing=True), rule("a.y", after=("a.x",))),
            "a.y comes after a.x, which closes the run",
        ),
        (
            (rule("a.x", needs=("webhook inbox", "webhok inbox")),),
            "a.x needs 'webhok inbox', which no target offers",
        ),
        (
            (rule("a.x", sources=(source("Webhooks"), source("Webhoks", "Headers"))),),
            "a.x cites 'Webhoks', which is no page of the documentation",
        ),
        (
            (rule("a.x", statement="It MUST not move."),),
            "a.x says 'MUST not': write MUST NOT",
        ),
        (
            (rule("a.x", SHOULD, statement="It MUST move and SHOULD not stay."),),
            "a.x says 'SHOULD not': write SHOULD NOT",
        ),
    ],
)
def test_a_catalogue_that_cannot_be_run_is_refused(rules: tuple[Rule, ...], complaint: str) -> None:
    """Doubles, circles, and names and words that are unknown are named."""
    with pytest.raises(CatalogueError) as caught:
        built(*rules)
    assert str(caught.value) == complaint


def test_a_rule_stands_after_those_it_comes_after() -> None:
    """Else the order is the one that the rules are written in."""
    catalogue = built(rule("a.z", after=("a.y",)), rule("a.x"), rule("a.y"))
    assert ids(catalogue) == ["a.y", "a.z", "a.x"]
    assert len(catalogue) == 3


def test_what_no_page_says_cites_none() -> None:
    """A promise and an inference have a text of their own; needs and pages that are known pass."""
    sources = (promised("no double refunds"), inferred("money is exact"), source("Webhooks"))
    assert ids(built(rule("a.x", sources=sources, needs=("webhook inbox",)))) == ["a.x"]


def test_closing_rules_are_last() -> None:
    """They judge the evidence of the whole run, so nothing may follow them."""
    catalogue = built(rule("a.sum", closing=True), rule("a.x"), rule("a.y"))
    assert ids(catalogue) == ["a.x", "a.y", "a.sum"]


def test_a_rule_is_found_by_its_id_and_its_old_id() -> None:
    """A renamed rule keeps its old ID as an alias."""
    assert CATALOGUE["cancel.second"] is CATALOGUE["cancel.twice"]


def test_an_unknown_id_is_refused_by_name() -> None:
    """The complaint names the ID and says where all of them are."""
    with pytest.raises(CatalogueError, match=r"no rule has the ID 'cancel.thrid'; see"):
        CATALOGUE["cancel.thrid"]


ALL = ["cancel.new", "cancel.second", "refund.part", "run.sums"]


@pytest.mark.parametrize(
    ("profile", "select", "deselect", "chosen"),
    [
        (Profile.SMOKE, (), (), ["cancel.new"]),
        (Profile.STANDARD, (), (), ALL),
        (Profile.DEEP, (), (), [*ALL[:3], "cancel.race", *ALL[3:]]),
        (Profile.STANDARD, ("cancel.*",), (), ["cancel.new", "cancel.second"]),
        (Profile.STANDARD, ("refund.*", "cancel.new"), (), ["cancel.new", "refund.part"]),
        (Profile.STANDARD, (), ("cancel.*",), ["refund.part", "run.sums"]),
        (Profile.STANDARD, ("cancel.*",), ("cancel.new",), ["cancel.second"]),
        # A name is a wish: it is granted in every profile.
        (Profile.SMOKE, ("cancel.race",), (), ["cancel.race"]),
        (Profile.SMOKE, ("cancel.contest",), (), ["cancel.race"]),
        (Profile.STANDARD, ("cancel.twice",), (), ["cancel.second"]),
        (Profile.STANDARD, (), ("cancel.twice",), ["cancel.new", "refund.part", "run.sums"]),
        (Profile.STANDARD, (), ("cancel.race",), ALL),
        # run.sums had an ID in the family of cancels once: a glob means what is called so now.
        (Profile.STANDARD, ("cancel.s*",), (), ["cancel.second"]),
        (Profile.STANDARD, (), ("cancel.sums",), ALL[:3]),
    ],
)
def test_a_selection_is_what_was_asked_for(
    profile: Profile, select: tuple[str, ...], deselect: tuple[str, ...], chosen: list[str]
) -> None:
    """Globs choose within the profile, IDs and old IDs beyond it, deselecting wins."""
    assert ids(CATALOGUE.select(profile, select, deselect)) == chosen


@pytest.mark.parametrize(
    ("select", "deselect", "complaint"),
    [
        (("cancle.*",), (), "no rule of api matches 'cancle.*'"),
        (("cancel.twic?",), (), "no rule of api matches 'cancel.twic?'"),
        (("cancel.*", "nothing"), (), "no rule of api matches 'nothing'"),
        ((), ("nothing",), "no rule of api matches 'nothing'"),
        (("cancel.new",), ("cancel.*",), "the selection is empty: nothing would be judged"),
        ((), ("*",), "the selection is empty: nothing would be judged"),
        (("*.race",), (), "'*.race' matches only rules of a larger profile"),
        (("cancel.new", "*.race"), (), "'*.race' matches only rules of a larger profile"),
        (("CANCEL.NEW",), (), "no rule of api matches 'CANCEL.NEW'"),
    ],
)
def test_a_selection_that_judges_nothing_is_refused(
    select: tuple[str, ...], deselect: tuple[str, ...], complaint: str
) -> None:
    """A pattern that does nothing is a mistake, never a green run."""
    with pytest.raises(CatalogueError) as caught:
        CATALOGUE.select(Profile.STANDARD, select, deselect)
    assert str(caught.value) == complaint


def test_prerequisites_are_found_however_far_back() -> None:
    """A selected rule brings all that it comes after, in the catalogue's order."""
    catalogue = built(rule("a.x"), rule("a.y", after=("a.x",)), rule("a.z", after=("a.y",)))
    assert ids(catalogue.with_prerequisites([catalogue["a.z"]])) == ["a.x", "a.y", "a.z"]


def test_the_first_paragraph_of_the_docstring_is_the_statement() -> None:
    """Wrapped lines are joined; what follows an empty line is for maintainers."""
    register = Registrar(Subject.API)

    @register("a.x", MUST, after="a.y", needs="webhook inbox", calls=4)
    def it_holds() -> None:
        """It MUST
        hold.

        Why, for us.
        """

    [made] = register.rules
    assert made.statement == "It MUST hold."
    assert (made.after, made.needs) == (("a.y",), ("webhook inbox",))
    assert [made.bound(profile) for profile in Profile] == [4, 4, 4]


def test_a_rule_says_what_differs_from_its_family() -> None:
    """Sources and terms are the family's, one by one, unless the rule gives its own."""
    register = Registrar(Subject.API, source("Webhooks"), after="a.x", needs="inbox", calls=4)

    def it_holds() -> None:
        """It MUST hold."""

    register("a.y", MUST)(it_holds)
    register("a.x", MUST, inferred("so"), after=(), calls=2)(it_holds)
    like, unlike = register.rules
    assert (like.sources, like.after, like.needs) == ((source("Webhooks"),), ("a.x",), ("inbox",))
    assert (unlike.sources, unlike.after, unlike.needs) == ((inferred("so"),), (), ("inbox",))
    assert [made.bound(Profile.SMOKE) for made in register.rules] == [4, 2]


def test_a_check_without_a_docstring_is_refused() -> None:
    """A rule that says nothing could not be reported."""

    def silent() -> None: ...

    with pytest.raises(CatalogueError, match="silent states no rule: it has no docstring"):
        Registrar(Subject.API)("a.x", MUST)(silent)
