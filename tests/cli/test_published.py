"""What is published of the rules: the same records for people and for programs."""

import json
from typing import Any

from points_conformance.commands.published import (
    catalogue_lines,
    rule_text,
    rules_json,
    rules_markdown,
)
from points_conformance.judging.rule import Level, Profile, Rule, inferred, source
from points_conformance.subjects import Subject

PAGE = source("Refunds & Cancellations", "Cancel an order")


def rule(id_: str, level: Level = Level.MUST, **fields: Any) -> Rule:
    """A rule that checks nothing."""
    given: dict[str, Any] = {
        "statement": "It holds.",
        "sources": (PAGE,),
        "subject": Subject.API,
        "check": print,
    }
    return Rule(id=id_, level=level, **(given | fields))


PLAIN = rule("cancel.new-order")
FULL = rule(
    "cancel.default-reason",
    statement="A cancel without a reason MUST be told with the default reason.",
    sources=(PAGE, inferred("cancel.new-order")),
    after=("cancel.new-order",),
    needs=("webhook inbox",),
    core=True,
    profile=Profile.STANDARD,
    calls={Profile.STANDARD: 4, Profile.DEEP: 12},
    closing=True,
    matter="reason-absent",
    aliases=("cancel.reason",),
)
ELSEWHERE = rule("consumer.repeats", Level.SHOULD, subject=Subject.CONSUMER, profile=Profile.DEEP)
CAUGHT_BY = {"cancel.default-reason": ("reason-lost", "reason-of-another")}


def test_a_rule_is_told_whole() -> None:
    """What ``rules ID`` prints; calls only of the profiles that it runs in."""
    assert rule_text(FULL, CAUGHT_BY).split("\n") == [
        "cancel.default-reason (MUST, core: without it no run is conclusive)",
        "  A cancel without a reason MUST be told with the default reason.",
        "",
        "  Sources  Refunds & Cancellations, Cancel an order; inferred, cancel.new-order",
        "  After    cancel.new-order",
        "  Needs    webhook inbox",
        "  Reads    reason-absent",
        "  When     at the end of the run, over all its evidence",
        "  Profile  standard and up",
        "  Calls    at most 4 in standard, 12 in deep",
        "  Catches  reason-lost, reason-of-another",
        "  Formerly cancel.reason",
    ]


def test_what_is_empty_is_not_told() -> None:
    """A plain rule is a few lines."""
    assert rule_text(PLAIN).split("\n") == [
        "cancel.new-order (MUST)",
        "  It holds.",
        "",
        "  Source   Refunds & Cancellations, Cancel an order",
        "  Profile  standard and up",
    ]


def test_the_catalogue_is_listed_by_subject() -> None:
    """ID, level, statement; subjects apart."""
    assert catalogue_lines([PLAIN, FULL, ELSEWHERE]) == [
        "api: a server of the Points API",
        "  cancel.new-order       MUST     It holds.",
        "  cancel.default-reason  MUST     A cancel without a reason MUST be told with the default "
        "reason.",
        "",
        "consumer: a consumer of its webhooks",
        "  consumer.repeats       SHOULD   It holds.",
    ]
    assert catalogue_lines([]) == []


def test_markdown_has_every_rule_under_its_subject() -> None:
    """The head explains the levels; the rest is one section a rule."""
    text = rules_markdown([PLAIN, FULL, ELSEWHERE], CAUGHT_BY)
    assert text.startswith("# Rules\n\nGenerated from the rules in the code: do not edit.\n")
    body = text[text.index("## `api`") :]
    assert body.split("\n") == [
        "## `api`: a server of the Points API",
        "",
        "### `cancel.new-order`",
        "",
        "**MUST**. It holds.",
        "",
        "- Source: Refunds & Cancellations, Cancel an order",
        "- Profile: standard and up",
        "",
        "### `cancel.default-reason`",
        "",
        "**MUST**, core. A cancel without a reason MUST be told with the default reason.",
        "",
        "- Sources: Refunds & Cancellations, Cancel an order; inferred, cancel.new-order",
        "- After: `cancel.new-order`",
        "- Needs: webhook inbox",
        "- Reads: `reason-absent`",
        "- When: at the end of the run, over all its evidence",
        "- Profile: standard and up",
        "- Calls: at most 4 in standard, 12 in deep",
        "- Catches: `reason-lost`, `reason-of-another`",
        "- Formerly: `cancel.reason`",
        "",
        "## `consumer`: a consumer of its webhooks",
        "",
        "### `consumer.repeats`",
        "",
        "**SHOULD**. It holds.",
        "",
        "- Source: Refunds & Cancellations, Cancel an order",
        "- Profile: deep",
        "",
    ]


def test_json_has_the_same_as_data() -> None:
    """A list of records, in the catalogue's order."""
    records = json.loads(rules_json([PLAIN, FULL], CAUGHT_BY))["rules"]
    assert [record["id"] for record in records] == ["cancel.new-order", "cancel.default-reason"]
    assert records[1] == {
        "id": "cancel.default-reason",
        "subject": "api",
        "level": "MUST",
        "statement": "A cancel without a reason MUST be told with the default reason.",
        "sources": [
            {"page": "Refunds & Cancellations", "heading": "Cancel an order"},
            {"page": "inferred", "heading": "cancel.new-order"},
        ],
        "core": True,
        "after": ["cancel.new-order"],
        "needs": ["webhook inbox"],
        "matter": "reason-absent",
        "closing": True,
        "profile": "standard",
        "far_profile": "standard",
        "calls": {"smoke": 0, "standard": 4, "deep": 12},
        "seconds": {},
        "catches": ["reason-lost", "reason-of-another"],
        "aliases": ["cancel.reason"],
    }
