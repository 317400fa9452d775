"""Every rule of consumers can fail, and by the wrong consumers that it declares."""

import pytest

from points_conformance.defects.consumer_defect import ConsumerDefect
from points_conformance.defects.consumer_styles import OwnOrders
from points_conformance.defects.consumer_trial import judge_consumer
from points_conformance.defects.consumers import DEFECTS, consumer_caught_by
from points_conformance.rules.catalogue import catalogue
from points_conformance.rules.rule import Level, Subject
from points_conformance.rules.verdict import Verdict

RULES = catalogue(Subject.CONSUMER)
FINE = {Verdict.PASSED, Verdict.NOT_EXERCISED}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.id)
def test_a_wrong_consumer_is_found_by_its_rules_alone(defect: ConsumerDefect) -> None:
    """The declared rules fail, and none that they come after."""
    rules = [RULES[id_] for id_ in defect.caught_by]
    hangs = "answers-in-time" in str(defect.caught_by)
    results = judge_consumer(
        defect.make,
        rules,
        settle_seconds=0.3,
        timeout=0.3 if hangs else 10.0,
        told_first=defect.told_first,
    )
    verdicts = {result.rule.id: result.verdict for result in results}
    failed = {id_ for id_, verdict in verdicts.items() if verdict not in FINE}
    assert failed == set(defect.caught_by), [r.reason for r in results if r.reason]


def test_every_rule_catches_a_wrong_consumer() -> None:
    """Advice included: a rule that cannot fail is no rule."""
    rules = [rule.id for rule in RULES if rule.level is not Level.OBSERVE]
    assert [id_ for id_ in rules if not consumer_caught_by(id_)] == []
    assert len(DEFECTS) >= 25
    assert len(RULES) >= 30


def test_a_consumer_that_knows_only_its_own_orders_is_judged_all_the_same() -> None:
    """It is told of each first; that it takes in no others is advice."""
    results = judge_consumer(OwnOrders, told_first=True, settle_seconds=0.5)
    verdicts = {r.rule.id: r.verdict for r in results if r.verdict not in FINE}
    assert verdicts == {"consumer.takes-unknown-orders": Verdict.ADVICE}
