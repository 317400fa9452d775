"""Stories: a broken step is laid to the rule that it breaks, and each is shrunk for itself."""

from collections.abc import Callable
from functools import cache

from points_conformance.contract.names import OrderStatus
from points_conformance.judging.judge import execute
from points_conformance.judging.verdict import Outcome, Verdict, settle
from points_conformance.ledger import Booked, Command, OrderLedger
from points_conformance.simulator.core import Parts
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.world import Order
from points_conformance.subjects import catalogue
from points_conformance.targets.api.build import embedded_target

STORY = "story.orders-at-once"


class RefundsCancelled(Desk):
    """Refunds an order that was cancelled."""

    def decide(self, order: Order, command: Command) -> Booked:
        """A cancelled order counts as approved."""
        if order.ledger.status is OrderStatus.CANCELLED:
            order.ledger = _with_status(order.ledger, OrderStatus.APPROVED)
        return super().decide(order, command)


class ForgetsTheFirstPart(RefundsCancelled):
    """Moreover, the books forget what went back in the first part."""

    def commit(self, order: Order, booked: Booked) -> None:
        """Write the new status and the old sum."""
        super().commit(order, booked)
        if order.ledger.status is OrderStatus.PARTIALLY_REFUNDED:
            from dataclasses import replace

            order.ledger = replace(order.ledger, refunded=0)


def _with_status(ledger: OrderLedger, status: OrderStatus) -> OrderLedger:
    from dataclasses import replace

    return replace(ledger, status=status)


@cache
def story_of(desk: Callable[..., Desk]) -> Outcome:
    """What the stories find, on a simulator with this desk. On sound ones they find nothing: see
    ``tests/quality/test_soundness.py``.
    """
    return execute(catalogue()[STORY], embedded_target(parts=Parts(desk=desk)))


def test_a_broken_step_is_laid_to_its_rule() -> None:
    """A refund of a cancelled order is the finding of that rule, shrunk to cancel and refund."""
    outcome = story_of(RefundsCancelled)
    assert "refund.cancelled-is-refused" in outcome.attributed
    story = outcome.attributed["refund.cancelled-is-refused"].story
    assert len(story) == 2
    assert "cancel must" in story[0]
    assert "refund" in story[1]


def test_several_broken_rules_are_found_in_one_run() -> None:
    """Two bugs are two findings, of two rules."""
    found = story_of(ForgetsTheFirstPart).attributed
    assert "refund.cancelled-is-refused" in found
    assert {"refund.sum-bounded", "refund.remainder-by-amount"} & set(found)


def test_the_story_itself_is_blocked_by_what_it_found() -> None:
    """One bug, one story: the broken rule failed, the stories say no more."""
    found = story_of(RefundsCancelled)
    rules = catalogue().with_prerequisites(catalogue()[id_] for id_ in (STORY, *found.attributed))
    target = embedded_target(parts=Parts(desk=RefundsCancelled))
    outcomes = {rule.id: execute(rule, target) for rule in rules if rule.id != STORY}
    outcomes[STORY] = found
    verdicts = {result.rule.id: result.verdict for result in settle(rules, outcomes)}
    assert verdicts["refund.cancelled-is-refused"] is Verdict.FAILED
    assert verdicts[STORY] is Verdict.BLOCKED
