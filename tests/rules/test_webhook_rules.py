"""The webhook rules in process: no false alarm, every one can fail, silence is no verdict."""

from collections.abc import Sequence

import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api import (
    deliveries,
    endpoint_life,
    endpoints,
    payloads,
    webhooks,
)
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.judging.finding import Finding
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.verdict import OutcomeKind, Result, Verdict
from points_conformance.rules.api import webhook_retries
from points_conformance.simulator.core import Parts
from points_conformance.subjects import catalogue
from points_conformance.targets.api.build import embedded_target

FAMILIES = (webhooks, payloads, deliveries, endpoints, endpoint_life)
DEFECTS = [defect for family in FAMILIES for defect in family.seed.defects]
CATALOGUE = catalogue()
RULES = [rule for rule in CATALOGUE if rule.id.startswith(("webhook.", "reading.webhook"))]
#: Rules of other families that bring about what the closing rules look at.
STORIES = [
    CATALOGUE[id_]
    for id_ in (
        "refund.smallest-amount",
        "refund.no-reason-needed",
        "refund.second-full-is-refused",
        "cancel.second-is-refused",
        "cancel.given-reason",
        "cancel.default-reason",
        "lifecycle.auto-refund-is-final",
        "lifecycle.shipping-is-not-money",
    )
]


def judged(
    rules: Sequence[Rule], dialect: str = "default", parts: Parts | None = None
) -> tuple[list[Result], set[str]]:
    """The results, and which checks found something."""
    judge = Judge(CATALOGUE, profile=Profile.STANDARD)
    target = embedded_target(DIALECTS[dialect], parts=parts)
    ids = {rule.id for rule in rules}
    results = [judge.judge(rule.id, target) for rule in CATALOGUE if rule.id in ids]
    found = judge.outcomes.values()
    return results, {one.rule for one in found if one.kind is OutcomeKind.BROKEN}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_dialect_is_blamed(dialect: str) -> None:
    """Every webhook rule is exercised in process, retries included, and holds."""
    results, _ = judged([*STORIES, *RULES], dialect)
    verdicts = {r.rule.id: (r.verdict, r.reason) for r in results if r.rule in RULES}
    fine = (Verdict.PASSED, Verdict.OBSERVED)
    assert {id_: why for id_, why in verdicts.items() if why[0] not in fine} == {}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.id.startswith("webhook.")],
                         ids=lambda rule: rule.id)  # fmt: skip
def test_every_webhook_rule_catches_a_defect(rule: Rule) -> None:
    """A rule that cannot fail says nothing."""
    assert any(rule.id in defect.caught_by for defect in DEFECTS)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.id)
def test_a_defect_is_caught(defect: ServerDefect) -> None:
    """By every rule that is said to catch it, and by none that has nothing to do with it."""
    results, broken = judged([*STORIES, *RULES], defect.dialect, defect.parts)
    ids = {result.rule.id for result in results}
    assert set(defect.caught_by) & ids <= broken
    assert {id_ for id_ in broken if not defect.may_fail(id_)} == set()
    assert [r.reason for r in results if r.verdict is Verdict.ERROR] == []


def test_what_a_dialect_does_is_read() -> None:
    """Attempts and client errors are readings, never findings."""
    for dialect, attempts, repeated in (("default", "3", "repeated"), ("strict", "3", "given up"),
                                        ("lenient", "4", "repeated")):  # fmt: skip
        results, _ = judged(RULES, dialect)
        readings = {k: v for result in results for k, v in result.readings.items()}
        assert readings["webhook-attempts"] == attempts
        assert readings["webhook-client-error"] == repeated


@pytest.mark.parametrize(
    ("others", "place"), [(["webhook.every-endpoint"], "hanging"), ([], "main")]
)
def test_a_delivery_hangs_at_an_endpoint_of_its_own(others: list[str], place: str) -> None:
    """Where every endpoint is known to be told: it holds up nothing at the run's own."""
    api = embedded_target()
    judge = Judge(CATALOGUE, seed=0, profile=Profile.STANDARD)
    for id_ in (*others, "webhook.retry-after-timeout"):
        judge.judge(id_, api)
    inbox = api.webhooks()
    heard = [one for order in api.whole.orders for one in inbox.of(order.uuid, None)]
    assert {one.place for one in heard if one.answered == "hang"} == {place}


@pytest.mark.parametrize("rule", ["third-attempt", "retry-same-bytes", "retry-same-headers"])
def test_a_delivery_that_never_comes_is_a_finding(
    rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of none at all it is said that it is not attempted; the kit does not fail."""
    nothing_comes = lambda api, *_: (api.order(), [])  # noqa: E731
    monkeypatch.setattr(webhook_retries, "failed_deliveries", nothing_comes)
    with pytest.raises(Finding, match="a delivery that keeps failing is not attempted"):
        CATALOGUE[f"webhook.{rule}"].check(embedded_target())
