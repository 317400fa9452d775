"""Every rule of consumers can fail, and by the wrong consumers that it declares."""

import datetime

import httpx
import pytest

from points_conformance.defects.consumer.answers import ThrowsOnOddOrders
from points_conformance.defects.consumer.books import BooksBeforeItFails, MarksBeforeItBooks
from points_conformance.defects.consumer.defect import ConsumerDefect
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.defects.consumer.seeded import SEEDED, judge_consumer
from points_conformance.defects.consumer.styles import FailsFirst, OwnOrders
from points_conformance.judging.finding import Unjudgeable
from points_conformance.judging.rule import Level, Profile
from points_conformance.judging.verdict import Absence, Verdict
from points_conformance.rules.consumer import stories as consumer_stories
from points_conformance.subjects import Subject, catalogue

#: So many days until the whole suite has run on each wrong consumer.
TURN = 30
TODAY = datetime.datetime.now(datetime.UTC).toordinal()
RULES = catalogue(Subject.CONSUMER)
FINE = {Verdict.PASSED, Verdict.NOT_EXERCISED}


@pytest.mark.parametrize("defect", SEEDED.defects, ids=lambda defect: defect.id)
def test_a_wrong_consumer_is_found_by_its_rules_alone(
    defect: ConsumerDefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The declared rules fail, and none that they come after."""
    # That it fails is the matter here, not how small its story gets.
    monkeypatch.setattr(consumer_stories, "_SHRINKING", 1.0)
    trial = SEEDED.tried(
        defect, profile=Profile.STANDARD, rules=[RULES[id_] for id_ in defect.caught_by]
    )
    assert sorted(trial.caught) == sorted(defect.caught_by)
    assert (trial.related, trial.blocked, trial.strangers, trial.errors) == ((), (), (), ())


@pytest.mark.slow
@pytest.mark.parametrize(
    "defect",
    [defect for number, defect in enumerate(SEEDED.defects) if (number + TODAY) % TURN == 0],
    ids=lambda defect: defect.id,
)
def test_the_whole_suite_says_what_is_declared(defect: ConsumerDefect) -> None:
    """One bug, one story: rules that have nothing to do with it do not fail. A part that
    rotates; the whole is ``points-conformance selfcheck --subject consumer --profile standard``.
    """
    trial = SEEDED.tried(defect, profile=Profile.STANDARD)
    assert trial.as_declared, (trial.missed, trial.strangers, trial.errors)


def test_every_rule_catches_a_wrong_consumer() -> None:
    """Advice included: a rule that cannot fail is no rule."""
    rules = [rule.id for rule in RULES if rule.level is not Level.OBSERVE]
    assert [id_ for id_ in rules if not SEEDED.caught_by(id_)] == []
    assert len(SEEDED.defects) >= 25
    assert len(RULES) >= 30


def test_a_consumer_that_knows_only_its_own_orders_is_judged_all_the_same() -> None:
    """It is told of each first; that it takes in no others is advice."""
    results = judge_consumer(OwnOrders, told_first=True, settle_seconds=0.5).results
    verdicts = {r.rule.id: r.verdict for r in results if r.verdict not in FINE}
    assert verdicts == {"consumer.takes-unknown-orders": Verdict.ADVICE}


def test_odd_orders_are_told_of_in_a_story() -> None:
    """A payload whose order is null is part of a finding, and no failure of the kit."""
    [*_, result] = judge_consumer(ThrowsOnOddOrders, [RULES["consumer.odd-values-no-5xx"]]).results
    assert result.verdict is Verdict.ADVICE
    assert result.evidence is not None
    assert result.evidence.story == ('POST {"event":"refunded","order":null} -> HTTP 500',)


# ---------------------------------------------------------------------- retries after a 5xx
RETRY = RULES["consumer.retry-after-5xx"]


def test_without_a_5xx_nothing_is_said_of_retries() -> None:
    """Not exercised, with what to do about it; no other rule waits for it."""
    [*_, result] = judge_consumer(SampleConsumer, [RETRY]).results
    assert result.verdict is Verdict.NOT_EXERCISED
    assert "database fail once" in result.reason
    assert not result.rule.core
    assert [rule.id for rule in RULES if RETRY.id in rule.after] == []


def test_a_5xx_that_is_made_good_passes() -> None:
    """The effect is there once."""
    [*_, result] = judge_consumer(FailsFirst, [RETRY]).results
    assert result.verdict is Verdict.PASSED


@pytest.mark.parametrize("wrong", [MarksBeforeItBooks, BooksBeforeItFails])
def test_what_a_5xx_spoils_is_one_story(wrong: type[SampleConsumer]) -> None:
    """Every refund ends wrong; the rule of retries fails, the rest is blocked."""
    results = judge_consumer(wrong, RULES.select(Profile.SMOKE), settle_seconds=0.3).results
    failed = [r.rule.id for r in results if r.verdict is Verdict.FAILED]
    assert failed == [RETRY.id]
    blocked = {r.rule.id: r.reason for r in results if r.verdict is Verdict.BLOCKED}
    assert blocked["consumer.full-refund"] == f"its stories break {RETRY.id}: see there"
    assert "consumer.second-partial-refund" in blocked


def test_a_wrong_end_is_its_own_rule_where_the_retries_were_not_judged() -> None:
    """With that rule left out the finding stands with the rule that came upon it."""
    [*_, result] = judge_consumer(
        MarksBeforeItBooks, [RULES["consumer.full-refund"]], settle_seconds=0.3
    ).results
    assert (result.rule.id, result.verdict) == ("consumer.full-refund", Verdict.FAILED)


# ---------------------------------------------------------------------- what cannot be judged
def test_who_drops_by_timestamp_is_told_that_and_nothing_else() -> None:
    """All orders of a second but one are unknown to it: its URL is right, and its key is not."""
    defect = SEEDED.named("consumer-timestamp-alone")
    results = judge_consumer(defect.make, RULES.select(Profile.SMOKE), settle_seconds=0.3).results
    failed = {r.rule.id: r.reason for r in results if r.verdict is Verdict.FAILED}
    assert list(failed) == ["consumer.same-second"]
    assert "a repeat is known by its content" in failed["consumer.same-second"]


def test_who_answers_late_is_judged_by_two_deliveries() -> None:
    """That is enough to fail; all that would wait as long is not exercised."""
    defect = SEEDED.named("consumer-answers-late")
    results = SEEDED.judged(defect, RULES.select(Profile.STANDARD), Profile.STANDARD, 0).results
    verdicts = {r.rule.id: r.verdict for r in results}
    assert verdicts.pop("consumer.answers-in-time") is Verdict.FAILED
    assert set(verdicts.values()) == {Verdict.NOT_EXERCISED, Verdict.BLOCKED}
    assert sum(r.calls for r in results) == 0


def test_who_never_answers_cannot_be_judged() -> None:
    """Whether there is a consumer at all is then the question."""

    class Never(SampleConsumer):
        def __call__(self, request: httpx.Request) -> int:
            self.sleep(5.5)
            return 204

    with pytest.raises(Unjudgeable, match="no answer in"):
        judge_consumer(Never, settle_seconds=0.3, timeout=0.1)


def test_who_acknowledges_before_it_reads_is_not_asked_to_refuse() -> None:
    """What it cannot read is in its queue; that it does not refuse it is advice."""

    class Raw(SampleConsumer):
        delay = 0.2

        def malformed(self, request: httpx.Request) -> int:
            return 202

    cut = RULES["consumer.cut-then-whole"]
    [*_, result] = judge_consumer(Raw, [cut]).results
    assert result.verdict is Verdict.NOT_EXERCISED
    assert result.absence is Absence.LACKING
