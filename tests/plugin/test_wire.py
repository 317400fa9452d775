"""Outcomes on the way from the process that judges to all others."""

import json

from points_conformance.judging.step import Step
from points_conformance.judging.verdict import Cost, Evidence, Outcome, OutcomeKind
from points_conformance.plugin.wire import outcome_from, outcome_to

EVIDENCE = Evidence(
    title="too much",
    expected="400",
    got="200",
    story=("one", "two"),
    curl=("curl",),
    exchanges=("POST",),
    led_by=("a.rule",),
    steps=(Step(teller="kit", hearer="server", said="refund", at=0.5, wrong=True),),
    cost=Cost(amount="1.00", unit="SAR", of="9.00", loses="merchant", text="1.00 SAR"),
)


def test_an_outcome_arrives_as_it_was_sent() -> None:
    """With its evidence, what is laid to others, and the way that its calls led."""
    sent = Outcome(
        rule="a.rule",
        kind=OutcomeKind.BROKEN,
        evidence=EVIDENCE,
        attributed={"b.rule": EVIDENCE},
        moves=("new > cancel > cancelled",),
        readings={"matter": "reading"},
    )
    assert outcome_from(json.loads(json.dumps(outcome_to(sent)))) == sent
