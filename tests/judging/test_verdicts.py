"""Verdicts are tables: every row of them, with made-up outcomes."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points_conformance.judging.coverage import coverage
from points_conformance.judging.rule import Level, Rule
from points_conformance.judging.verdict import (
    Absence,
    Evidence,
    Outcome,
    OutcomeKind,
    Result,
    RunVerdict,
    Trouble,
    Verdict,
    exit_status,
    inconclusive_because,
    run_verdict,
    settle,
)
from points_conformance.subjects import Subject

V = Verdict
EVIDENCE = Evidence(title="a title", expected="one", got="two")


def rule(id_: str = "x.one", level: Level = Level.MUST, **fields: Any) -> Rule:
    """A rule that checks nothing."""
    return Rule(
        id=id_,
        level=level,
        statement="It MUST.",
        sources=(),
        subject=Subject.API,
        check=print,
        **fields,
    )


def outcome(kind: OutcomeKind, id_: str = "x.one", **fields: Any) -> Outcome:
    """What a check came to."""
    return Outcome(rule=id_, kind=kind, **fields)


def result(verdict: Verdict, level: Level = Level.MUST, core: bool = False, **f: Any) -> Result:
    """A result without evidence."""
    return Result(rule=rule(level=level, core=core), verdict=verdict, **f)


@pytest.mark.parametrize(
    ("level", "kind", "known", "verdict"),
    [
        (Level.MUST, OutcomeKind.HELD, None, V.PASSED),
        (Level.MUST, OutcomeKind.BROKEN, None, V.FAILED),
        (Level.MUST, OutcomeKind.BROKEN, "listed", V.KNOWN),
        (Level.MUST, OutcomeKind.MISSING, None, V.NOT_EXERCISED),
        (Level.MUST, OutcomeKind.NETWORK, None, V.BLOCKED),
        (Level.MUST, OutcomeKind.CRASHED, None, V.ERROR),
        (Level.SHOULD, OutcomeKind.HELD, None, V.PASSED),
        (Level.SHOULD, OutcomeKind.BROKEN, None, V.ADVICE),
        (Level.SHOULD, OutcomeKind.BROKEN, "listed", V.KNOWN),
        (Level.OBSERVE, OutcomeKind.READ, None, V.OBSERVED),
        (Level.OBSERVE, OutcomeKind.MISSING, None, V.NOT_EXERCISED),
        # Being listed excuses a failure alone.
        (Level.MUST, OutcomeKind.HELD, "listed", V.PASSED),
        (Level.MUST, OutcomeKind.CRASHED, "listed", V.ERROR),
        (Level.MUST, OutcomeKind.NETWORK, "listed", V.BLOCKED),
        (Level.MUST, OutcomeKind.MISSING, "listed", V.NOT_EXERCISED),
    ],
)
def test_an_outcome_gives_its_verdict(
    level: Level, kind: OutcomeKind, known: str | None, verdict: Verdict
) -> None:
    """Level, outcome and list decide together."""
    listed = {} if known is None else {"x.one": known}
    [settled] = settle([rule(level=level)], {"x.one": outcome(kind)}, known=listed)
    assert settled.verdict is verdict


def test_a_rule_without_an_outcome_was_not_exercised() -> None:
    """Nothing is skipped in silence."""
    [settled] = settle([rule()], {})
    assert (settled.verdict, settled.reason) == (V.NOT_EXERCISED, "the run ended before it")


def test_a_result_keeps_what_the_check_left() -> None:
    """Evidence, readings, calls, seconds and reason go from the outcome into the result."""
    left = outcome(
        OutcomeKind.BROKEN,
        evidence=EVIDENCE,
        readings={"a": "b"},
        calls=3,
        seconds=0.5,
        reason="why",
    )
    [settled] = settle([rule()], {"x.one": left})
    assert (settled.evidence, settled.readings) == (EVIDENCE, {"a": "b"})
    assert (settled.calls, settled.seconds, settled.reason) == (3, 0.5, "why")


def test_a_known_failure_says_the_reason_it_is_listed_for() -> None:
    """The reader sees why it is accepted, and still what was found."""
    broken = outcome(OutcomeKind.BROKEN, reason="other", evidence=EVIDENCE)
    [settled] = settle([rule()], {"x.one": broken}, known={"x.one": "PAY-1"})
    assert (settled.reason, settled.evidence) == ("PAY-1", EVIDENCE)


def chain(first: Outcome, known: Mapping[str, str] | None = None) -> list[Result]:
    """Three rules, each after the one before; the later two would have held."""
    rules = [rule("x.one"), rule("x.two", after=("x.one",)), rule("x.three", after=("x.two",))]
    outcomes = {
        "x.one": first,
        "x.two": outcome(OutcomeKind.HELD, "x.two"),
        "x.three": outcome(OutcomeKind.HELD, "x.three"),
    }
    return settle(rules, outcomes, known=known)


@pytest.mark.parametrize(
    ("kind", "known", "verdicts"),
    [
        (OutcomeKind.HELD, {}, (V.PASSED, V.PASSED, V.PASSED)),
        (OutcomeKind.BROKEN, {}, (V.FAILED, V.BLOCKED, V.BLOCKED)),
        (OutcomeKind.BROKEN, {"x.one": "PAY-1"}, (V.KNOWN, V.BLOCKED, V.BLOCKED)),
        (OutcomeKind.CRASHED, {}, (V.ERROR, V.BLOCKED, V.BLOCKED)),
        (OutcomeKind.NETWORK, {}, (V.BLOCKED, V.BLOCKED, V.BLOCKED)),
        (OutcomeKind.MISSING, {}, (V.NOT_EXERCISED, V.NOT_EXERCISED, V.NOT_EXERCISED)),
    ],
)
def test_what_a_rule_comes_after_decides_whether_it_can_say_anything(
    kind: OutcomeKind, known: Mapping[str, str], verdicts: tuple[Verdict, ...]
) -> None:
    """Failed, known, in error and blocked ones block, those not exercised leave it so, and on."""
    assert tuple(item.verdict for item in chain(outcome(kind), known)) == verdicts


@pytest.mark.parametrize(
    ("kind", "known", "reason"),
    [
        (OutcomeKind.BROKEN, {}, "comes after x.one, which failed"),
        (OutcomeKind.BROKEN, {"x.one": "y"}, "comes after x.one, which is a known failure"),
        (OutcomeKind.CRASHED, {}, "comes after x.one, which is in error"),
        (OutcomeKind.NETWORK, {}, "comes after x.one, which is blocked"),
        (OutcomeKind.MISSING, {}, "comes after x.one, which was not exercised: no inbox"),
    ],
)
def test_a_held_up_rule_says_by_what(
    kind: OutcomeKind, known: Mapping[str, str], reason: str
) -> None:
    """The reason names the rule before it and, where something is missing, what to supply."""
    assert chain(outcome(kind, reason="no inbox"), known)[1].reason == reason


def test_the_networks_trouble_is_handed_on_to_the_rules_after() -> None:
    """What could not be judged for the network's sake is told apart, however far behind."""
    assert [item.network for item in chain(outcome(OutcomeKind.NETWORK))] == [True, True, True]
    assert [item.network for item in chain(outcome(OutcomeKind.BROKEN))] == [False] * 3


def test_a_failure_before_it_weighs_more_than_something_missing() -> None:
    """A rule after both is blocked, not merely not exercised."""
    rules = [rule("x.one"), rule("x.two"), rule("x.three", after=("x.one", "x.two"))]
    outcomes = {
        "x.one": outcome(OutcomeKind.MISSING),
        "x.two": outcome(OutcomeKind.BROKEN, "x.two"),
    }
    assert settle(rules, outcomes)[2].verdict is V.BLOCKED


def test_a_prerequisite_is_marked() -> None:
    """What ran for another's sake can be listed apart."""
    settled = settle([rule("x.one"), rule("x.two")], {}, prerequisites=["x.one"])
    assert [item.prerequisite for item in settled] == [True, False]


OURS = Trouble(ours=("the worker broke",))
STOPPED = Trouble(stopped=("interrupted",))
STALE = Trouble(stale=("passes again",))
PASSED, FAILED, ADVICE = result(V.PASSED), result(V.FAILED), result(V.ADVICE, Level.SHOULD)
ERROR, KNOWN, OBSERVED = result(V.ERROR), result(V.KNOWN), result(V.OBSERVED, Level.OBSERVE)
LACKING, DENIAL = Absence.LACKING, Absence.DENIED
MISSING = result(V.NOT_EXERCISED, reason="no inbox", absence=LACKING)
CORE_MISSING = result(V.NOT_EXERCISED, core=True, reason="no probe", absence=LACKING)
DENIED = result(V.NOT_EXERCISED, reason="ran dry", absence=DENIAL)
DENIED_SHOULD = result(V.NOT_EXERCISED, Level.SHOULD, reason="ran dry", absence=DENIAL)
DENIED_READING = result(V.NOT_EXERCISED, Level.OBSERVE, reason="ran dry", absence=DENIAL)
DENIED_CORE = result(V.NOT_EXERCISED, core=True, reason="ran dry", absence=DENIAL)
ACCEPTED = result(V.NOT_EXERCISED, reason="ran dry", absence=DENIAL, accepted="PAY-1")
ACCEPTED_CORE = result(
    V.NOT_EXERCISED, core=True, reason="ran dry", absence=DENIAL, accepted="PAY-1"
)
BEFORE_DENIED = result(V.NOT_EXERCISED, reason="ran dry", absence=DENIAL, prerequisite=True)
CORE_BLOCKED_ON_KNOWN = result(V.BLOCKED, core=True)
BLOCKED = result(V.BLOCKED)
NET = result(V.BLOCKED, network=True, reason="502")
NET_SHOULD = result(V.BLOCKED, Level.SHOULD, network=True, reason="502")
NET_CORE = result(V.BLOCKED, core=True, network=True, reason="502")
BEFORE_PASSED = result(V.PASSED, prerequisite=True)
BEFORE_FAILED = result(V.FAILED, prerequisite=True)
BEFORE_MISSING = result(V.NOT_EXERCISED, core=True, prerequisite=True)
NONE = Trouble()

C, N, I = RunVerdict.CONFORMANT, RunVerdict.NOT_CONFORMANT, RunVerdict.INCONCLUSIVE  # noqa: E741

ROWS: list[tuple[str, Sequence[Result], Trouble, bool, int, RunVerdict]] = [
    ("all held", [PASSED], NONE, False, 0, C),
    ("no results", [], NONE, False, 2, I),
    ("no results, strict", [], NONE, True, 2, I),
    ("prerequisites alone", [BEFORE_PASSED], NONE, False, 2, I),
    ("a MUST failed", [PASSED, FAILED], NONE, False, 1, N),
    ("a SHOULD failed", [PASSED, ADVICE], NONE, False, 0, C),
    ("a SHOULD failed, strict", [PASSED, ADVICE], NONE, True, 1, N),
    ("only readings", [OBSERVED], NONE, False, 0, C),
    ("a known failure", [PASSED, KNOWN], NONE, False, 0, C),
    ("a known failure, strict", [PASSED, KNOWN], NONE, True, 0, C),
    ("blocked on a known failure", [KNOWN, BLOCKED], NONE, False, 0, C),
    ("core blocked on a known failure", [KNOWN, CORE_BLOCKED_ON_KNOWN], NONE, False, 0, C),
    ("something not exercised", [PASSED, MISSING], NONE, False, 0, C),
    ("a MUST was denied", [PASSED, DENIED], NONE, False, 2, I),
    ("a SHOULD was denied", [PASSED, DENIED_SHOULD], NONE, False, 2, I),
    ("a reading was denied", [PASSED, DENIED_READING], NONE, False, 2, I),
    ("a core rule was denied", [PASSED, DENIED_CORE], NONE, False, 2, I),
    ("denied, and a MUST failed", [DENIED, FAILED], NONE, False, 1, N),
    ("denied, and stale", [PASSED, DENIED], STALE, False, 1, N),
    ("denied, and stopped", [PASSED, DENIED], STOPPED, False, 2, I),
    ("denied, and the kit failed", [PASSED, DENIED], OURS, False, 3, I),
    ("denied, and accepted", [PASSED, ACCEPTED], NONE, False, 0, C),
    ("a core rule denied, and accepted", [PASSED, ACCEPTED_CORE], NONE, False, 0, C),
    ("one accepted, another denied", [PASSED, ACCEPTED, DENIED], NONE, False, 2, I),
    ("nothing exercised, and accepted", [ACCEPTED], NONE, False, 2, I),
    ("a prerequisite was denied", [PASSED, BEFORE_DENIED], NONE, False, 0, C),
    ("core not exercised", [PASSED, CORE_MISSING], NONE, False, 2, I),
    ("core not exercised, a MUST failed", [CORE_MISSING, FAILED], NONE, False, 1, N),
    ("core prerequisite not exercised", [PASSED, BEFORE_MISSING], NONE, False, 0, C),
    ("nothing exercised", [MISSING], NONE, False, 2, I),
    ("all blocked", [BLOCKED], NONE, False, 2, I),
    ("only prerequisites exercised", [BEFORE_PASSED, MISSING], NONE, False, 2, I),
    ("the network blocked a MUST", [PASSED, NET], NONE, False, 2, I),
    ("the network blocked a core MUST", [PASSED, NET_CORE], NONE, False, 2, I),
    ("the network blocked a SHOULD", [PASSED, NET_SHOULD], NONE, False, 0, C),
    ("the network blocked, a MUST failed", [NET, FAILED], NONE, False, 1, N),
    ("a prerequisite failed", [BEFORE_FAILED, BLOCKED], NONE, False, 1, N),
    ("the kit failed in a check", [PASSED, ERROR], NONE, False, 3, I),
    ("the kit failed, and a MUST", [ERROR, FAILED], NONE, False, 3, N),
    ("the kit failed beside the rules", [PASSED], OURS, False, 3, I),
    ("the kit failed, nothing judged", [], OURS, False, 3, I),
    ("stopped", [PASSED], STOPPED, False, 2, I),
    ("stopped before anything", [], STOPPED, False, 2, I),
    ("stopped after a failure", [FAILED], STOPPED, False, 2, N),
    ("the kit failed and stopped", [PASSED], Trouble(ours="x", stopped="y"), False, 3, I),
    ("stale", [PASSED], STALE, False, 1, N),
    ("stale and inconclusive", [CORE_MISSING], STALE, False, 1, N),
    ("stale and stopped", [PASSED], Trouble(stopped="x", stale="y"), False, 2, N),
    ("stale, nothing judged", [], STALE, False, 2, N),
]


@pytest.mark.parametrize(
    ("results", "trouble", "strict", "status", "verdict"),
    [pytest.param(*row[1:], id=row[0]) for row in ROWS],
)
def test_a_run_has_its_exit_status_and_verdict(
    results: Sequence[Result], trouble: Trouble, strict: bool, status: int, verdict: RunVerdict
) -> None:
    """3 our fault, 2 stopped, 1 broken or stale, 2 inconclusive, 0: the first that matches."""
    assert exit_status(results, trouble, strict=strict) == status
    assert run_verdict(results, trouble, strict=strict) is verdict


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_conformant_and_zero_are_the_same(
    row: tuple[str, Sequence[Result], Trouble, bool, int, RunVerdict],
) -> None:
    """No run exits with 0 and says another verdict, or the other way round."""
    _, results, trouble, strict, _, _ = row
    zero = exit_status(results, trouble, strict=strict) == 0
    assert zero is (run_verdict(results, trouble, strict=strict) is RunVerdict.CONFORMANT)


@pytest.mark.parametrize(
    ("results", "reasons"),
    [
        ([PASSED, MISSING], []),
        ([PASSED, CORE_MISSING], ["x.one is core and not exercised: no probe"]),
        ([PASSED, NET_CORE], ["x.one is core and blocked: 502"]),
        ([PASSED, NET], ["x.one was blocked by the network: 502"]),
        ([PASSED, NET_SHOULD], []),
        ([PASSED, BEFORE_MISSING], []),
        ([KNOWN, CORE_BLOCKED_ON_KNOWN], []),
        ([PASSED, DENIED], ["x.one was denied: ran dry"]),
        ([PASSED, DENIED_CORE], ["x.one is core and not exercised: ran dry"]),
        ([PASSED, ACCEPTED], []),
        ([MISSING], ["no rule was exercised"]),
        ([], ["no rule was exercised"]),
        ([ADVICE], []),
    ],
)
def test_an_inconclusive_run_says_why(results: Sequence[Result], reasons: list[str]) -> None:
    """Each reason names the rule and what it lacked."""
    assert inconclusive_because(results) == reasons


def test_many_rules_denied_for_one_reason_are_one_line() -> None:
    """A cap that leaves out a hundred rules is one reason, not a hundred."""
    rules = [rule(f"x.{number}") for number in range(5)]
    denied = [
        Result(rule=one, verdict=V.NOT_EXERCISED, reason="the cap", absence=DENIAL) for one in rules
    ]
    assert inconclusive_because([PASSED, *denied]) == [
        "x.0, x.1, x.2 and 2 more were denied: the cap"
    ]


# ---------------------------------------------------------------------- coverage
def test_the_coverage_counts_what_was_asked_for() -> None:
    """Prerequisites are not counted, and a run is not equipped for what it lacks."""
    covered = coverage([PASSED, FAILED, KNOWN, BLOCKED, MISSING, DENIED, ACCEPTED, BEFORE_PASSED])
    assert (covered.selected, covered.equipped, covered.exercised) == (7, 6, 3)
    assert [len(covered.lacking), len(covered.denied), len(covered.accepted)] == [1, 1, 1]
    assert covered.text == "3 of 6 rules that this run was equipped for"


def test_the_coverage_names_what_was_lacking_and_the_families_that_were_denied() -> None:
    """In the first line of every result: in few words, the most frequent first."""
    inbox = result(V.NOT_EXERCISED, absence=LACKING, lacks="webhook inbox")
    second = result(V.NOT_EXERCISED, absence=LACKING, lacks="second merchant")
    assert coverage([inbox, second, inbox, DENIED, ACCEPTED]).gaps == [
        "it lacked webhook inbox (2), second merchant (1)",
        "denied: x (1)",
        "accepted unexercised: x (1)",
    ]


# ---------------------------------------------------------------------- lacking and denied
def test_absence_is_handed_on_to_the_rules_after() -> None:
    """What rests on a denied rule is denied, what rests on a lacking one is lacking."""
    for absence in Absence:
        settled = chain(outcome(OutcomeKind.MISSING, absence=absence, lacks="orders"))
        assert [item.absence for item in settled] == [absence] * 3
        assert [item.lacks for item in settled] == ["orders"] * 3


def test_only_what_was_denied_can_be_accepted() -> None:
    """What is lacking needs no leave, and no list excuses what the run never came to."""
    rules = [rule("x.one"), rule("x.two"), rule("x.three")]
    outcomes = {
        "x.one": outcome(OutcomeKind.MISSING, absence=DENIAL),
        "x.two": outcome(OutcomeKind.MISSING, "x.two", absence=LACKING),
    }
    accepted = dict.fromkeys(("x.one", "x.two", "x.three"), "PAY-1")
    settled = settle(rules, outcomes, accepted=accepted)
    assert [item.accepted for item in settled] == ["PAY-1", "", ""]
    assert exit_status(settled) == 2


IDS = ("x.one", "x.two", "x.three", "x.four")
RULES = [
    rule("x.one", core=True),
    rule("x.two", after=("x.one",)),
    rule("x.three", Level.SHOULD, after=("x.two",)),
    rule("x.four"),
]
KINDS = st.builds(
    lambda kind, absence: {"kind": kind, "absence": absence},
    st.sampled_from(OutcomeKind),
    st.sampled_from(Absence),
)


@settings(max_examples=500, deadline=None, database=None)
@given(
    kinds=st.fixed_dictionaries(dict.fromkeys(IDS, KINDS)),
    taken=st.sets(st.sampled_from(IDS), min_size=1),
    known=st.sets(st.sampled_from(IDS)),
    accepted=st.sets(st.sampled_from(IDS)),
    strict=st.booleans(),
)
def test_taking_away_an_outcome_never_turns_a_run_greener(
    kinds: Mapping[str, Mapping[str, Any]],
    taken: set[str],
    known: set[str],
    accepted: set[str],
    strict: bool,
) -> None:
    """Half a run is never green that the whole run was not, whatever its lists accept."""
    whole = {id_: Outcome(rule=id_, **facts) for id_, facts in kinds.items()}
    half = {id_: one for id_, one in whole.items() if id_ not in taken}

    def status(outcomes: Mapping[str, Outcome]) -> int:
        reasons = {id_: "PAY-1" for id_ in known if id_ in outcomes}
        lists = dict.fromkeys(accepted, "PAY-2")
        return exit_status(settle(RULES, outcomes, known=reasons, accepted=lists), strict=strict)

    if status(half) == 0:
        assert status(whole) == 0
