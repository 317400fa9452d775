"""The circle of truth broken: a server that shares no code with the simulator, over real HTTP."""

from pathlib import Path

import pytest
from tests.second_server import SecondServer

from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import Result, Verdict
from points_conformance.subjects import catalogue
from points_conformance.targets.api.build import LiveSettings, live_target

#: A defect of the second server, and the rules of which at least one must find it.
FOUND_BY = {
    "float-ledger": "refund.sum-in-halalas",
    "double-full-refund": "refund.second-full-is-refused",
    "partial-sum-unbounded": "refund.sum-bounded",
    "zero-refunds-all": "refund.zero-moves-nothing",
    "race": "race.full-refunds",
    "foreign-order-refundable": "isolation.foreign-refund",
    "foreign-order-readable": "isolation.foreign-read",
    "foreign-order-cancellable": "isolation.foreign-cancel",
    "refund-of-cancelled": "refund.cancelled-is-refused",
    "cancel-twice": "cancel.second-is-refused",
    "cancel-of-refunded": "cancel.fully-refunded-is-refused",
    "stale-read": "refund.full",
    "truncated-halalas": "refund.halalas-not-cut",
    "large-amount-drops-halalas": "refund.large-amounts",
    "missing-key-accepted": "auth.missing-key",
    "remainder-stays-partial": "refund.remainder-by-amount",
    "refusal-mutates": "refund.above-left",
    "deep-series": "refund.many-parts",
    "reason-unbounded": "refund.reason-limit",
}


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Where an orders file goes."""
    return tmp_path / "orders.json"


def results(server: SecondServer, orders: Path, *patterns: str) -> dict[str, Result]:
    """Judge the server over HTTP with the rules that match."""
    server.orders_file(orders, n_each=8)
    environment = {"POINTS_API_KEY": server.key, "POINTS_OTHER_API_KEY": server.other_key}
    target = live_target(
        LiveSettings(base_url=server.base_url, environment=environment, orders=orders)
    )
    rules = catalogue().select(Profile.STANDARD, patterns)
    judge = Judge(catalogue())
    try:
        return {rule.id: judge.judge(rule.id, target) for rule in rules}
    finally:
        target.client.close()


@pytest.fixture(params=["plain", "awkward"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Both ways in which the second server reads what is disputed."""
    name: str = request.param
    return name


@pytest.mark.slow
def test_a_foreign_conformant_server_breaks_no_rule(dialect: str, orders: Path) -> None:
    """Nothing that the second server does is a failure, in either dialect."""
    with SecondServer(dialect) as server:
        judged = results(server, orders)
    wrong = {
        id_: result.reason
        for id_, result in judged.items()
        if result.verdict in (Verdict.FAILED, Verdict.ERROR, Verdict.BLOCKED)
    }
    assert wrong == {}
    assert sum(result.verdict is Verdict.PASSED for result in judged.values()) > 90


@pytest.mark.parametrize("defect", FOUND_BY)
def test_a_defect_of_a_foreign_server_is_found(defect: str, dialect: str, orders: Path) -> None:
    """Each bug built into the second server is found by the rule that is about it."""
    with SecondServer(dialect, defect=defect) as server:
        judged = results(server, orders, FOUND_BY[defect])
    assert judged[FOUND_BY[defect]].verdict is Verdict.FAILED
