"""The result in short: verdict, cause, story, cost and the line to paste, within 25 lines."""

from dataclasses import replace

import pytest
from tests.report.samples import failing, passing, report, rule

from points_conformance.judging.causes import Fault, Sign
from points_conformance.judging.rule import Rule
from points_conformance.judging.step import Step
from points_conformance.judging.verdict import Cost, Evidence, Result, Verdict
from points_conformance.report.brief import brief_lines
from points_conformance.report.run import RunReport
from points_conformance.report.screen import colour_of

STEPS = tuple(
    Step(
        teller="kit",
        hearer="server",
        said=f"POST /orders/A/refund amount {n}0.00, reason The customer changed their mind",
        answer="HTTP 200 partially_refunded",
        after=f"{n} SAR more than was paid",
    )
    for n in range(1, 10)
)
COST = Cost(
    amount="40.01",
    unit="SAR",
    of="100.00",
    loses="merchant",
    text="40.01 SAR more than was paid, on one order of 100.00 SAR: the merchant loses it",
)
EVIDENCE = Evidence(
    title="more goes back than is left",
    expected="a refund of 40.01 to be refused: 40.00 SAR are left",
    got="HTTP 200, order_status 'fully_refunded'",
    steps=STEPS,
    curl=("curl -sS https://sandbox.papp.sa/api/v1/orders",),
    cost=COST,
)
RULES = [rule(f"refund.fact-{n}") for n in range(17)]
SIGN = Sign.of(EVIDENCE)


def fault(id_: str, rules: list[Rule]) -> Fault:
    """A fault that makes these rules fail as the sample finding does."""
    return Fault(id=id_, title=f"{id_} is wrong.", fails={r.id: {SIGN: 1.0} for r in rules})


def broken(*rules: Rule) -> list[Result]:
    """These rules failed, all others held."""
    return [
        Result(rule=r, verdict=Verdict.FAILED, evidence=EVIDENCE, reason=EVIDENCE.title)
        if r in rules
        else Result(rule=r, verdict=Verdict.PASSED)
        for r in RULES
    ]


def one_cause(**fields: object) -> RunReport:
    """A live run in which all rules failed by one fault."""
    given = {
        "target": "https://sandbox.papp.sa/api/v1",
        "results": broken(*RULES),
        "faults": (fault("sum", RULES), fault("other", RULES[:1])),
        "effect": ("96 calls", "24 orders made", "12 refunded in part or in full"),
        "notes": ("2 given orders were skipped: not approved",),
    }
    return report(**(given | fields))


def as_text(run: RunReport, width: int = 80) -> str:
    """The lines as one text."""
    return "\n".join(brief_lines(run, width))


def rows(run: RunReport, width: int = 80) -> int:
    """How many rows of a terminal it takes: what is to be pasted is broken by that alone."""
    return sum(-(-max(len(line), 1) // width) for line in brief_lines(run, width))


def test_a_run_with_one_cause_takes_25_rows_at_most() -> None:
    """Though it fails 17 rules; three rows are left for what follows."""
    assert rows(one_cause()) <= 22


def test_it_tells_cause_story_cost_and_the_line_to_paste() -> None:
    """In this order; verdict and coverage first, the verdict last."""
    text = as_text(one_cause())
    told = [
        "not conformant: 17 of 17 rules",
        "most likely: sum is wrong.",
        "17 of 17 broken rules: refund.fact-0",
        "expected",
        "got",
        "9. refund A 90.00",
        "merchant: 40.01 SAR, on one order of 100.00 SAR",
        "points-conformance api --base-url https://sandbox.papp.sa/api/v1",
        "net effect: 96 calls",
        "\nnot conformant (",
    ]
    places = [text.find(words) for words in told]
    assert -1 not in places, told[places.index(-1)]
    assert places == sorted(places)


def test_only_the_line_to_paste_is_longer_than_the_terminal() -> None:
    """The rest is wrapped or cut."""
    long = [line for line in brief_lines(one_cause(), 80) if len(line) > 80]
    assert [line.split()[0] for line in long] == ["again"]


def test_the_answer_of_a_step_is_not_cut() -> None:
    """What was sent is cut before what came of it."""
    (last,) = [line for line in brief_lines(one_cause(), 80) if " 9. " in line]
    assert last.endswith("9. refund A 90.00 -> partially_refunded (9 SAR more than was paid)")


def test_several_that_may_be_there_at_once_are_all_told() -> None:
    """As a guess: much of what each shows is shown, and not nearly all."""
    other = Sign(SIGN.title, "HTTP 500")
    faults = tuple(
        Fault(id=f"part-{n}", title=f"Part {n} is wrong.", fails={r.id: {other: 1.0}})
        for n, r in enumerate(RULES[:3])
    )
    held = (fault("elsewhere", RULES[5:9]),)
    text = as_text(one_cause(results=broken(*RULES[:3]), faults=faults + held))
    assert "no cause that is known fits well; perhaps several at once:" in text
    assert all(f"Part {n} is wrong." in " ".join(text.split()) for n in range(3))
    assert "most likely" not in text


def test_what_fits_nothing_says_so() -> None:
    """And the shortest story is told all the same."""
    text = as_text(one_cause(faults=()))
    assert "no cause that is known fits well" in text
    assert "most likely" not in text
    assert "again" in text
    assert "and 12 failed rules more" in text


def test_what_the_cause_leaves_is_named() -> None:
    """Two rules that it does not explain."""
    run = one_cause(faults=(fault("sum", RULES[:15]),))
    text = as_text(run)
    assert "15 of 17 broken rules" in text
    assert "not explained:\n  refund.fact-15: more goes back than is left\n" in text


def test_two_causes_are_both_told() -> None:
    """The one that explains more first."""
    run = one_cause(faults=(fault("one", RULES[:10]), fault("two", RULES[10:])))
    text = as_text(run)
    assert text.index("most likely: one is wrong.") < text.index("also likely: two is wrong.")


def test_a_green_run_says_what_would_exercise_more() -> None:
    """Each reason once, with how many rules wait for it."""
    text = as_text(passing())
    assert text.startswith("conformant: ")
    assert "not exercised (2): no webhook inbox: give --webhook-listen" in text
    assert "most likely" not in text


def test_what_decides_beside_rules_is_told() -> None:
    """A known failure that is stale, and notes."""
    text = as_text(failing())
    assert "why: known failure auth.missing-key: does not fail any more" in text
    assert "note: 2 given orders were skipped" in text


def test_an_error_of_the_kit_asks_to_be_reported() -> None:
    """It is nobody's fault but ours."""
    error = Result(rule=RULES[0], verdict=Verdict.ERROR, reason="the kit failed: KeyError: 'x'")
    text = as_text(report(results=[error]))
    assert "ERROR refund.fact-0: the kit failed: KeyError: 'x'" in text
    assert "please report this" in text


def test_advice_counts_where_strict() -> None:
    """It is what failed then."""
    advised = replace(broken(RULES[0])[0], verdict=Verdict.ADVICE)
    assert "advice: refund.fact-0" in as_text(report(results=[advised]))
    assert "again" in as_text(report(results=[advised], strict=True))


def test_what_a_target_says_commands_no_terminal() -> None:
    """An escape is spelt out."""
    evil = replace(EVIDENCE, title="\x1b[31mred", got="\x1b[2J", steps=())
    results = [Result(rule=RULES[0], verdict=Verdict.FAILED, evidence=evil)]
    assert "\x1b" not in as_text(report(results=results))


@pytest.mark.parametrize(
    ("line", "colour"),
    [
        ("not conformant: 1 of 2 rules", "red"),
        ("conformant: 2 of 2 rules", "green"),
        ("inconclusive: 2 of 2 rules", "yellow"),
        ("most likely: it", "bold"),
        ("  expected  most likely", ""),
    ],
)
def test_the_verdict_and_the_cause_stand_out(line: str, colour: str) -> None:
    """Nothing else does."""
    assert colour_of(line) == colour
