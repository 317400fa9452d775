"""Which known fault explains what a run found."""

from points_conformance.judging.causes import Fault, Signs, diagnose, signs_of
from points_conformance.judging.rule import Level, Rule, inferred
from points_conformance.judging.verdict import Evidence, Result, Verdict


def fault(id_: str, **fails: str) -> Fault:
    """A fault that always makes these rules fail, each with this title."""
    by = {rule: {title: 1.0} for rule, title in fails.items()}
    return Fault(id=id_, title=f"{id_} is wrong.", fails=by)


SUM = fault("sum", a="too much", b="too much")
PART = fault("part", c="refused")
FAULTS = (SUM, PART, fault("other", d="refused"), fault("more", e="refused"))


def test_the_fault_whose_signature_it_is_comes_first_and_explains_all() -> None:
    """Same rules, same titles: it fits wholly, and nothing is unexplained."""
    found = diagnose(Signs(failed={"a": "too much", "b": "too much"}), FAULTS)
    first = found.causes[0]
    assert (first.id, first.explains, first.of, first.fit) == ("sum", ("a", "b"), 2, 1.0)
    assert first.likely
    assert found.unexplained == ()


def test_a_rule_that_should_have_failed_and_held_speaks_against_it() -> None:
    """Where it was not exercised it does not."""
    held = diagnose(Signs(failed={"a": "too much"}, held={"b"}), FAULTS).causes[0]
    unknown = diagnose(Signs(failed={"a": "too much"}), FAULTS).causes[0]
    assert held.fit < unknown.fit == 1.0


def test_what_fits_nothing_has_no_cause() -> None:
    """And is told as unexplained."""
    found = diagnose(Signs(failed={"z": "refused"}), FAULTS)
    assert (found.causes, found.unexplained) == ((), ("z",))


def test_the_same_rule_with_another_title_fits_less() -> None:
    """Titles tell apart what rule IDs cannot."""
    faults = (fault("high", a="too much"), fault("low", a="too little"))
    found = diagnose(Signs(failed={"a": "too little"}), faults)
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
    assert signs == Signs(failed={"a": "a broke", "b": "b broke"}, held=frozenset({"c"}))
