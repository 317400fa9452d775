"""Over HTTP a defect shows as it does in process."""

from decimal import Decimal

import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.defects.catalogue import named
from points_conformance.defects.defect import Defect
from points_conformance.defects.trial import run_against
from points_conformance.rules.catalogue import catalogue
from points_conformance.rules.rule import Profile, Rule
from points_conformance.rules.verdict import Verdict, settle
from points_conformance.simulator import Simulator
from points_conformance.simulator.clock import SystemClock
from points_conformance.simulator.sandbox import Sandbox
from points_conformance.suite.judge import Judge
from points_conformance.targets.build import LiveSettings, live_target


def failing_over_http(defect: Defect, rules: list[Rule]) -> set[str]:
    """What fails of the rules against a server of this defect."""
    simulator = Simulator(dialect=DIALECTS[defect.dialect], parts=defect.parts, clock=SystemClock())

    def make(kind: OrderType, status: OrderStatus, total: Decimal) -> str:
        return simulator.make_order(kind, status, total).uuid

    with Sandbox(simulator) as sandbox:
        environment = {
            "POINTS_API_KEY": simulator.merchant.key,
            "POINTS_OTHER_API_KEY": simulator.other.key,
            "POINTS_PUBLIC_KEY": simulator.merchant.public_key,
        }
        target = live_target(
            LiveSettings(base_url=sandbox.base_url, environment=environment), hook=make
        )
        judge = Judge(catalogue(), profile=Profile.STANDARD)
        for rule in rules:
            judge.judge(rule.id, target)
        target.client.close()
    results = settle(catalogue().with_prerequisites(rules), judge.outcomes)
    return {result.rule.id for result in results if result.verdict is Verdict.FAILED}


@pytest.mark.parametrize(
    "id_",
    [
        "cancel-twice",
        "full-refund-twice",
        "sum-not-checked",
        "equal-parts-are-deduplicated",
        "the-20th-part-is-lost",
        "zero-is-a-full-refund",
        "negative-is-booked",
        "sums-are-floats",
        "refund-with-public-key",
        "read-without-key",
        "others-can-refund",
        "refund-sets-every-orders-status",
        "success-is-false",
        "errors-are-html",
        "broken-json-is-a-full-refund",
        "emoji-crashes",
    ],
)
def test_a_defect_shows_over_http_as_in_process(id_: str) -> None:
    """The rules that should catch it do, and the same ones that do in process."""
    defect = named(id_)
    rules = [catalogue()[rule_id] for rule_id in defect.caught_by]
    rules = [rule for rule in rules if "webhook inbox" not in rule.needs]
    results, _ = run_against(defect, profile=Profile.STANDARD, rules=rules)
    in_process = {result.rule.id for result in results if result.verdict is Verdict.FAILED}
    assert in_process
    assert failing_over_http(defect, rules) == in_process
