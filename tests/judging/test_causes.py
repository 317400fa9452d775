"""Which known fault explains what a run found."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from points_conformance.judging.causes import (
    Fault,
    Sign,
    Signs,
    diagnose,
    manner_of,
    signs_of,
)
from points_conformance.judging.rule import Level, Rule, inferred
from points_conformance.judging.verdict import Evidence, Result, Verdict


def fault(id_: str, **fails: str) -> Fault:
    """A fault that always makes these rules fail, each with this title."""
    by = {rule: {Sign(title): 1.0} for rule, title in fails.items()}
    return Fault(id=id_, title=f"{id_} is wrong.", fails=by)


def shows(held: str = "", **failed: str) -> Signs:
    """What a run showed: these rules failed with these titles, those held."""
    signs = {rule: Sign(title) for rule, title in failed.items()}
    return Signs(failed=signs, held=frozenset(held))


SUM = fault("sum", a="too much", b="too much")
PART = fault("part", c="refused")
FAULTS = (SUM, PART, fault("other", d="refused"), fault("more", e="refused"))


def test_the_fault_whose_signature_it_is_comes_first_and_explains_all() -> None:
    """Same rules, same titles: it fits wholly, and nothing is unexplained."""
    found = diagnose(shows(a="too much", b="too much"), FAULTS)
    first = found.causes[0]
    assert (first.id, first.explains, first.of, first.fit) == ("sum", ("a", "b"), 2, 1.0)
    assert first.likely
    assert found.unexplained == ()


@pytest.mark.parametrize("hash_seed", ["6", "26"])
def test_the_order_in_which_a_set_is_read_decides_nothing(hash_seed: str) -> None:
    """Two seeds of Python's hashes with which a plain sum of these weights came above 1."""
    test = test_the_fault_whose_signature_it_is_comes_first_and_explains_all.__name__
    code = f"from tests.judging import test_causes; test_causes.{test}()"
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        timeout=60,
    )


def test_a_rule_that_should_have_failed_and_held_speaks_against_it() -> None:
    """Where it was not exercised it does not."""
    held = diagnose(shows("b", a="too much"), FAULTS).causes[0]
    unknown = diagnose(shows(a="too much"), FAULTS).causes[0]
    assert held.fit < unknown.fit == 1.0


def test_what_fits_nothing_has_no_cause() -> None:
    """And is told as unexplained."""
    found = diagnose(shows("abcde", z="never seen"), FAULTS)
    assert (found.causes, found.unexplained) == ((), ("z",))


def test_the_same_rule_with_another_title_fits_less() -> None:
    """Titles tell apart what rule IDs cannot."""
    faults = (fault("high", a="too much"), fault("low", a="too little"))
    found = diagnose(shows(a="too little"), faults)
    assert [cause.id for cause in found.causes] == ["low", "high"]


def test_signs_are_what_failed_and_what_held() -> None:
    """What was blocked, or known of already, is neither."""

    def result(id_: str, verdict: Verdict) -> Result:
        rule = Rule(
            id=id_,
            level=Level.MUST,
            statement="",
            sources=(inferred("it"),),
            subject="api",
            check=print,
        )
        evidence = Evidence(title=f"{id_} broke", expected="", got="")
        return Result(rule=rule, verdict=verdict, evidence=evidence)

    signs = signs_of(
        [
            result("a", Verdict.FAILED),
            result("b", Verdict.ADVICE),
            result("c", Verdict.PASSED),
            result("d", Verdict.BLOCKED),
            result("e", Verdict.KNOWN),
        ]
    )
    assert signs == Signs(
        failed={"a": Sign("a broke"), "b": Sign("b broke")},
        advice=frozenset({"b"}),
        held=frozenset({"c"}),
    )


def test_two_faults_at_once_are_both_named() -> None:
    """Where both together fit better than any one, and each explains what the other does not."""
    found = diagnose(shows("de", a="too much", b="too much", c="refused"), FAULTS)
    assert [(cause.id, cause.beside) for cause in found.causes] == [("sum", False), ("part", True)]
    assert found.unexplained == ()


THREE = (SUM, PART, fault("told", d="told twice"), fault("more", e="refused"))


def test_three_faults_at_once_are_all_named() -> None:
    """Each explains what those before it leave, and shows all that it would."""
    found = diagnose(shows("e", a="too much", b="too much", c="refused", d="told twice"), THREE)
    assert {cause.id for cause in found.causes} == {"sum", "part", "told"}
    assert [cause.beside for cause in found.causes] == [False, True, True]
    assert found.causes[0].id == "sum"
    assert all(cause.likely for cause in found.causes)
    assert found.unexplained == ()


def test_many_symptoms_that_look_much_like_known_ones_are_no_likely_causes() -> None:
    """One bug that nobody knows may show as several that are known: told, as a guess."""
    manners = {"a": "HTTP 500", "b": "HTTP 500", "c": "HTTP 500"}
    faults = [
        Fault(id=rule, title=rule, fails={rule: {Sign(f"{rule} broke", "HTTP 200"): 1.0}})
        for rule in "abcde"
    ]
    signs = Signs(failed={rule: Sign(f"{rule} broke", how) for rule, how in manners.items()})
    found = diagnose(signs, faults)
    assert [cause.id for cause in found.causes] == ["a", "b", "c"]
    assert [cause.beside for cause in found.causes] == [False, True, True]
    assert found.likely == []
    assert set(found.unexplained) == {"a", "b", "c"}


def test_of_two_faults_the_one_that_breaks_what_is_binding_comes_first() -> None:
    """However much advice the other explains: a 403 where 404 is better may be meant."""
    signs = shows("de", a="too much", b="too much", c="refused")
    found = diagnose(replace(signs, advice=frozenset("ab")), FAULTS)
    assert [(cause.id, cause.beside) for cause in found.causes] == [("part", False), ("sum", True)]


def test_the_manner_tells_apart_what_titles_do_not() -> None:
    """The same rule and title: a 500 is another fault than a 200."""
    faults = [
        Fault(id=id_, title=id_, fails={"a": {Sign("accepted", manner): 1.0}})
        for id_, manner in (("ok", "HTTP 200"), ("crash", "HTTP 500"))
    ]
    found = diagnose(Signs(failed={"a": Sign("accepted", "HTTP 500")}), faults)
    assert found.causes[0].id == "crash"


def test_nothing_failed_nothing_is_named() -> None:
    """A green run has no cause."""
    assert diagnose(shows("abcde"), FAULTS).causes == ()


def test_without_recorded_faults_all_is_unexplained() -> None:
    """As in a run of rules that nothing was recorded of."""
    assert diagnose(shows(a="too much"), ()).unexplained == ("a",)


@pytest.mark.parametrize(
    ("expected", "got", "manner"),
    [
        ("a refusal", "HTTP 200, order_status 'approved'", "HTTP 200"),
        ("25.00 SAR go back", "50.00 SAR, by 2 calls", "more: 0 SAR, by 0 calls"),
        ("25.00 SAR go back", "0.00 SAR", "less: 0 SAR"),
        ("25.00 SAR", "25.00 SAR", "as much: 0 SAR"),
        ("an end", "waited 17 s for 5f3c2a10-0000-4000-8000-000000000000", "waited 0 s for 0"),
    ],
)
def test_the_manner_has_no_values(expected: str, got: str, manner: str) -> None:
    """So that two runs with other orders and amounts have the same."""
    assert manner_of(expected, got) == manner


def test_none_is_likely_where_too_many_fit_alike() -> None:
    """Of four faults that one rule cannot tell apart none is named before the others."""
    faults = [fault(id_, a="refused") for id_ in ("one", "two", "three", "four")]
    found = diagnose(shows(a="refused"), faults)
    assert (found.as_good, found.likely) == (4, [])
    assert [cause.id for cause in diagnose(shows(a="refused"), faults[:3]).likely] == [
        "one",
        "three",
        "two",
    ]


def test_of_those_that_fit_alike_the_one_comes_first_of_which_less_is_unknown() -> None:
    """It takes nothing for granted that was not seen."""
    faults = [fault("a-wide", a="refused", b="refused", c="refused"), fault("one", a="refused")]
    found = diagnose(shows(a="refused"), faults)
    assert [cause.id for cause in found.causes] == ["one", "a-wide"]
