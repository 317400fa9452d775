"""Every rule of consumers can fail, and no good consumer fails one."""

import httpx
import pytest

from points_conformance.defects.consumer_sample import SampleConsumer
from points_conformance.defects.consumer_trial import judge_consumer
from points_conformance.defects.consumers import DEFECTS, ConsumerDefect, consumer_caught_by
from points_conformance.rules import consumer_stories
from points_conformance.rules.catalogue import catalogue
from points_conformance.rules.rule import Level, Profile, Subject
from points_conformance.rules.verdict import Verdict

RULES = catalogue(Subject.CONSUMER)
FINE = {Verdict.PASSED, Verdict.NOT_EXERCISED}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.id)
def test_a_wrong_consumer_is_found_by_its_rules_alone(
    defect: ConsumerDefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The declared rules fail, and none that they come after."""
    # That it fails is the matter here, not how small its story gets.
    monkeypatch.setattr(consumer_stories, "_SHRINKING", 1.0)
    rules = [RULES[id_] for id_ in defect.caught_by]
    hangs = "answers-in-time" in str(defect.caught_by)
    results = judge_consumer(defect.make, rules, settle_seconds=0.3, timeout=0.3 if hangs else 10.0)
    verdicts = {result.rule.id: result.verdict for result in results}
    failed = {id_ for id_, verdict in verdicts.items() if verdict not in FINE}
    assert failed == set(defect.caught_by), [r.reason for r in results if r.reason]


def test_every_must_catches_a_defect() -> None:
    """A rule that cannot fail is no rule."""
    musts = [rule.id for rule in RULES if rule.level is Level.MUST]
    assert [id_ for id_ in musts if not consumer_caught_by(id_)] == []
    assert len(DEFECTS) >= 25
    assert len(RULES) >= 30


class Queueing(SampleConsumer):
    """Books long after its answer, as times in one process go."""

    delay = 0.08


class Strict(SampleConsumer):
    """Wants every header to be as documented."""

    def received(self, request: httpx.Request, payload: dict[str, object]) -> int | httpx.Response:
        """415 for what is no JSON."""
        if request.headers.get("content-type") != "application/json":
            return 415
        return super().received(request, payload)


class FailsFirst(SampleConsumer):
    """Answers 503 to every first attempt, whoever sends it, then books once."""

    def __call__(self, request: httpx.Request) -> int | httpx.Response:
        """Bad input included."""
        attempt = (request.method, request.content, str(request.headers))
        if attempt not in self.seen:
            self.seen.add(attempt)
            return 503
        return super().__call__(request)


class OwnOrders(SampleConsumer):
    """Knows only the orders of its own checkout; of others it wants to hear again."""

    def received(self, request: httpx.Request, payload: dict[str, object]) -> int | httpx.Response:
        """404 for an order of somebody else."""
        order = payload.get("order")
        if isinstance(order, dict) and order["id"] not in self.orders:
            return 404
        return super().received(request, payload)


def test_a_consumer_that_knows_only_its_own_orders_is_judged_all_the_same() -> None:
    """It is told of each first; that it takes in no others is advice."""
    results = judge_consumer(OwnOrders, told_first=True, settle_seconds=0.5)
    verdicts = {r.rule.id: r.verdict for r in results if r.verdict not in FINE}
    assert verdicts == {"consumer.takes-unknown-orders": Verdict.ADVICE}


@pytest.mark.parametrize(
    ("style", "seed"), [(SampleConsumer, 0), (SampleConsumer, 1), (Strict, 0), (FailsFirst, 1)]
)
def test_no_alarm_on_a_good_consumer(style: type[SampleConsumer], seed: int) -> None:
    """Inline and by content, strict, and one that wants everything twice."""
    results = judge_consumer(style, seed=seed)
    assert [r.rule.id for r in results if r.calls > r.rule.bound(Profile.STANDARD)] == []
    assert {r.rule.id: r.reason for r in results if r.verdict not in FINE} == {}


@pytest.mark.slow
def test_no_alarm_on_a_queueing_consumer() -> None:
    """Its effects come later than its answers."""
    results = judge_consumer(Queueing)
    assert {r.rule.id: r.reason for r in results if r.verdict not in FINE} == {}
