"""The order in which rules find the most for the calls that they make."""

from typing import Any

from tests.judging import toys

from points_conformance.judging.catalogue import build
from points_conformance.judging.finders import finding_order
from points_conformance.judging.rule import Profile, Rule


def rule(name: str, calls: int = 1, **terms: Any) -> Rule:
    """A rule that makes so many calls."""
    return toys.rule(name, calls={Profile.STANDARD: calls}, **terms)


def order(rules: list[Rule], *faults: str) -> list[str]:
    """The order, without the family; of each fault the names of the rules that it fails."""
    failed = [{f"toy.{name}" for name in fault.split()} for fault in faults]
    ids = finding_order(build("api", rules), Profile.STANDARD, failed)
    return [id_.removeprefix("toy.") for id_ in ids]


def test_who_finds_more_for_a_call_comes_first() -> None:
    """Not who finds more."""
    rules = [rule("many", 10), rule("few", 2)]
    assert order(rules, "many", "many", "many", "few") == ["few", "many"]


def test_what_is_found_already_counts_for_nothing() -> None:
    """A second rule that finds the same comes after one that finds something new."""
    rules = [rule("finds-three"), rule("finds-two-of-them"), rule("finds-another", 3)]
    assert order(
        rules, "finds-three finds-two-of-them", "finds-three finds-two-of-them", "finds-three",
        "finds-another",
    ) == ["finds-three", "finds-another", "finds-two-of-them"]  # fmt: skip


def test_a_rule_pays_for_what_it_comes_after() -> None:
    """And what that finds is its own; it stands right before."""
    rules = [rule("dear", 9), rule("after", after=("toy.dear",)), rule("other", 4)]
    assert order(rules, "after", "other") == ["other", "dear", "after"]
    assert order(rules, "after", "after", "after", "other") == ["dear", "after", "other"]


def test_who_holds_others_up_pays_for_what_they_could_call_meanwhile() -> None:
    """It comes behind what finds as much for many more calls, but not behind the dearest."""
    rules = [rule("stalls", 3, holds_up=True), rule("dear", 20), rule("dearest", 100)]
    assert order(rules, "stalls", "dear", "dearest") == ["dear", "stalls", "dearest"]


def test_what_a_closing_rule_tells_early_is_also_found_by_what_it_comes_after() -> None:
    """It tells as soon as that is decided; what only closes a run hurries nobody."""
    for glance in (None, lambda target, news: None):
        last = rule("last", closing=True, after=("toy.before",), glance=glance)
        found = order([rule("before", 5), rule("other", 2), last], "last", "last", "last", "other")
        assert found == (["other", "before"] if glance is None else ["before", "other"])


def test_what_may_be_told_early_is_not_found_before_it_is() -> None:
    """A closing rule tells only some of what it finds early: who finds the same still counts."""
    last = rule("last", closing=True, after=("toy.one",), glance=lambda target, news: None)
    rules = [rule("one"), rule("few", 4), rule("many", 5), last]
    assert order(rules, "last many", "last many", "few") == ["one", "many", "few"]


def test_of_those_that_find_nothing_the_cheapest_comes_first() -> None:
    """All of them are in it, but what closes a run, and what the profile leaves out."""
    rules = [rule("dear", 3), rule("cheap"), rule("last", closing=True)]
    assert order([*rules, rule("deep", profile=Profile.DEEP)]) == ["cheap", "dear"]


def test_rules_that_nobody_knows_are_nobodys_finders() -> None:
    """A fault of another catalogue changes nothing."""
    assert order([rule("a"), rule("b", 2)], "unknown b", "unknown") == ["b", "a"]


def test_a_rule_costs_what_it_was_seen_to_make() -> None:
    """Where that is known; it may be far below what it makes at most."""
    rules = [rule("bound-of-nine", 9), rule("two", 2)]
    faults = [{"toy.bound-of-nine"}, {"toy.two"}]
    catalogue = build("api", rules)
    seen = finding_order(catalogue, Profile.STANDARD, faults, {"toy.bound-of-nine": 1})
    assert seen == ("toy.bound-of-nine", "toy.two")
    assert finding_order(catalogue, Profile.STANDARD, faults) == ("toy.two", "toy.bound-of-nine")
