"""Made-up runs, small enough to read as a whole in the expected files."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from points_conformance.judging.rule import Level, Profile, Rule, inferred, source
from points_conformance.judging.verdict import (
    Evidence,
    Outcome,
    OutcomeKind,
    Result,
    Trouble,
    settle,
)
from points_conformance.report.run import RunReport
from points_conformance.subjects import Subject

CANCEL = source("Refunds & Cancellations", "Cancel an order")


def rule(id_: str, level: Level = Level.MUST, **fields: Any) -> Rule:
    """A rule that checks nothing."""
    given: dict[str, Any] = {
        "statement": f"{id_} is a fact.",
        "sources": (CANCEL,),
        "subject": Subject.API,
        "check": print,
    }
    return Rule(id=id_, level=level, **(given | fields))


EVIDENCE = Evidence(
    title="a second cancel was accepted",
    expected="400, and the order still cancelled",
    got="200, order_status cancelled",
    story=("make an order of 100.00 SAR", "cancel it", "cancel it again"),
    curl=(
        'curl -X POST "$POINTS_BASE_URL/orders/5f3c/cancel" -H "x-api-key: $POINTS_API_KEY"',
        'curl -X POST "$POINTS_BASE_URL/orders/5f3c/cancel" -H "x-api-key: $POINTS_API_KEY" '
        "-H 'content-type: application/json' -d '{\"reason\":\"out of stock\"}'",
    ),
    exchanges=("POST /orders/5f3c/cancel -> 200",),
)
ADVICE = Evidence(title="no appended_data", expected="an object", got="null")

NEW = rule("cancel.new-order", core=True, statement="A new order MUST be cancellable.")
SECOND = rule(
    "cancel.second-is-refused",
    statement="A cancelled order MUST refuse another cancel and stay as it is.",
    after=("cancel.new-order",),
    sources=(CANCEL, inferred("final statuses are final")),
)
THIRD = rule("cancel.third-is-refused", after=("cancel.second-is-refused",))
ENVELOPE = rule("envelope.appended-data", Level.SHOULD)
DEFAULT = rule("cancel.default-reason", needs=("webhook inbox",))
GIVEN = rule("cancel.given-reason", needs=("webhook inbox",))
SETTLED = rule("reading.cancel-settled", Level.OBSERVE, matter="cancel-settled")
LISTED = rule("refund.sum-bounded")
RULES = (NEW, SECOND, THIRD, ENVELOPE, DEFAULT, GIVEN, SETTLED, LISTED)

NO_INBOX = "no webhook inbox: give --webhook-listen"
READINGS = {"cancel-settled/captured": "accepted", "cancel-settled/approved": "refused"}


def outcome(id_: str, kind: OutcomeKind = OutcomeKind.HELD, **fields: Any) -> Outcome:
    """What a check came to, with a few calls."""
    return Outcome(rule=id_, kind=kind, **({"calls": 3, "seconds": 0.25} | fields))


def outcomes_of_failing_run() -> dict[str, Outcome]:
    """One outcome of every kind that a target can bring about."""
    found = (
        outcome(NEW.id),
        outcome(SECOND.id, OutcomeKind.BROKEN, evidence=EVIDENCE),
        outcome(ENVELOPE.id, OutcomeKind.BROKEN, evidence=ADVICE),
        outcome(DEFAULT.id, OutcomeKind.MISSING, reason=NO_INBOX, calls=0),
        outcome(GIVEN.id, OutcomeKind.MISSING, reason=NO_INBOX, calls=0),
        outcome(SETTLED.id, OutcomeKind.READ, readings=READINGS),
        outcome(LISTED.id, OutcomeKind.BROKEN, evidence=ADVICE),
    )
    return {item.rule: item for item in found}


def report(**fields: Any) -> RunReport:
    """A run of the embedded simulator, unless said otherwise."""
    given: dict[str, Any] = {
        "subject": Subject.API,
        "target": "embedded simulator (dialect default)",
        "profile": Profile.STANDARD,
        "seed": 0,
        "started": datetime(2026, 11, 22, 12, 30, tzinfo=UTC),
        "versions": {"kit": "0.1.0", "python": "3.11.9"},
        "calls": 212,
        "seconds": 1.8334,
        "faults": (),
    }
    return RunReport(**(given | fields))


def results(
    outcomes: Mapping[str, Outcome], known: Mapping[str, str] | None = None
) -> list[Result]:
    """The results of all sample rules."""
    return settle(RULES, outcomes, known=known)


def failing(**fields: Any) -> RunReport:
    """A live run with a result of nearly every verdict."""
    known = {LISTED.id: "PAY-123: mended in the next release"}
    given: dict[str, Any] = {
        "target": "https://sandbox.papp.sa/api/v1",
        "results": results(outcomes_of_failing_run(), known),
        "readings": READINGS,
        "trouble": Trouble(stale=("known failure auth.missing-key: does not fail any more",)),
        "plan": ("at most 40 calls", "8 orders of 100.00 SAR"),
        "effect": ("8 orders made: 6 cancelled, 2 left approved",),
        "notes": ("2 given orders were skipped: not approved",),
    }
    return report(**(given | fields))


def passing(**fields: Any) -> RunReport:
    """A run in which all held that could be tried."""
    kinds = {
        SETTLED.id: OutcomeKind.READ,
        DEFAULT.id: OutcomeKind.MISSING,
        GIVEN.id: OutcomeKind.MISSING,
    }
    found = {
        item.id: outcome(
            item.id,
            kinds.get(item.id, OutcomeKind.HELD),
            reason=NO_INBOX if item.needs else "",
            readings=READINGS if item.matter else {},
        )
        for item in RULES
    }
    return report(**({"results": results(found), "readings": READINGS} | fields))


def partial(**fields: Any) -> RunReport:
    """A run that was interrupted after its first rule, which held."""
    given: dict[str, Any] = {
        "results": results({NEW.id: outcome(NEW.id)}),
        "partial": True,
        "interrupted": "interrupted from the keyboard",
    }
    return report(**(given | fields))
