"""A rule's view of a target: what is its own, and that all else stays the run's."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api.seeded import judge_server
from points_conformance.defects.client.sample import SampleClient
from points_conformance.defects.client.seeded import judge_client
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.defects.consumer.seeded import judge_consumer
from points_conformance.judging.finding import Finding
from points_conformance.judging.judge import execute
from points_conformance.judging.rule import Profile, Rule
from points_conformance.subjects import catalogue
from points_conformance.targets.api.build import embedded_target
from points_conformance.targets.viewed import Viewed

#: What is a rule's own, and what leads to the run's.
OWN = {
    "rule",
    "seed",
    "allowance",
    "seconds",
    "began",
    "budget",
    "exchanges",
    "orders",
    "_whole",
}


def api() -> None:
    """All rules of an API."""
    judge_server(
        None,
        DIALECTS["default"],
        rules=catalogue().select(Profile.STANDARD),
        profile=Profile.STANDARD,
    )


def consumer() -> None:
    """All rules of a consumer."""
    judge_consumer(SampleConsumer)


def client() -> None:
    """The rules of a client that take no waiting."""
    judge_client(SampleClient, profile=Profile.SMOKE)


@pytest.fixture
def views(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every view that is given while a test runs."""
    given: list[Any] = []
    view = Viewed.view

    def noted(self: Viewed, **own: Any) -> Viewed:
        given.append(view(self, **own))
        return given[-1]

    monkeypatch.setattr(Viewed, "view", noted)
    return given


@pytest.mark.parametrize("run", [api, consumer, client])
def test_no_rule_replaces_what_is_the_runs(run: Callable[[], None], views: list[Any]) -> None:
    """Whatever rules do, all that is not a rule's own is the very object that the run has: two
    rules at once would not write over each other's.
    """
    run()
    assert len(views) > 10
    for view in views:
        shared = vars(view).keys() - OWN
        replaced = [name for name in shared if vars(view)[name] is not vars(view.whole)[name]]
        assert replaced == []


@pytest.mark.parametrize("run", [api, consumer])
def test_the_run_has_what_all_rules_did_in_order(run: Callable[[], None], views: list[Any]) -> None:
    """The exchanges of one rule after the other, each once and none copied."""
    run()
    whole = views[0].whole
    of_rules = [exchange for view in views for exchange in view.exchanges]
    recorded = whole.exchanges[-len(of_rules) :]
    assert recorded == list(of_rules)
    assert len({exchange.number for exchange in whole.exchanges}) == len(whole.exchanges)


def test_a_view_has_its_own_orders_and_the_run_has_all() -> None:
    """Also those that a source asks for: the calls are of the rule that wants the order."""
    target = embedded_target()
    one, other = (target.view(rule=name, seed=1, allowance=9) for name in ("one", "other"))
    orders = [one.order(), other.order()]
    assert (one.orders, other.orders, target.orders) == (orders[:1], orders[1:], orders)
    assert list(target.makers().values()) == ["one", "other"]
    assert one.makers() == target.makers()


def test_a_finding_shows_the_calls_of_its_rule_alone() -> None:
    """Calls of the rules before it say nothing of it."""
    target = embedded_target()
    target.read("00000000-0000-4000-8000-000000000001")

    def check(api: Any) -> None:
        api.read("00000000-0000-4000-8000-000000000002")
        raise Finding("wrong", expected="this", got="that")

    outcome = execute(_with(check), target)
    assert outcome.evidence is not None
    assert len(outcome.evidence.exchanges) == 1
    assert [exchange.number for exchange in target.exchanges] == [1, 2]


def _with(check: Callable[[Any], None]) -> Rule:
    """A rule with this check."""

    return replace(next(iter(catalogue())), check=check)
