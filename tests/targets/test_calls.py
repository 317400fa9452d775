"""How a call is paid, paced, tried again, or left alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import httpx
import pytest

from points_conformance.judging.budget import Budget, BudgetSpent, Pace
from points_conformance.judging.deadline import within
from points_conformance.judging.finding import Finding, NetworkTrouble
from points_conformance.targets.api.calls import Keys
from points_conformance.targets.api.target import ApiTarget

Answers = Iterator[httpx.Response | type[httpx.HTTPError]]


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def target(*answers: httpx.Response | type[httpx.HTTPError], clock: Clock) -> ApiTarget:
    """A target whose server answers so, one after the other; ``calls`` of its client count."""
    rest = iter(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        answer = next(rest)
        if isinstance(answer, httpx.Response):
            return answer
        raise answer("gone")

    return ApiTarget(
        base_url="http://127.0.0.1/api/v1",
        client=httpx.Client(transport=httpx.MockTransport(handle)),
        keys=Keys("sk_test"),
        sleep=clock.sleep,
        clock=clock,
    )


def busy(after: str | None = None) -> httpx.Response:
    """429, perhaps with a Retry-After."""
    return httpx.Response(429, headers={} if after is None else {"Retry-After": after})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_429_is_obeyed_and_any_call_sent_again(method: str) -> None:
    """It was not carried out: after the time that was asked for it may be sent again."""
    clock = Clock()
    api = target(busy("7"), busy(), httpx.Response(200), clock=clock)
    assert api.call(method, "/x").status == 200
    assert clock.slept == [7.0, 1.0]
    assert api.budget.spent == 3


def test_a_date_in_retry_after_is_obeyed() -> None:
    """HTTP allows a date as well."""
    clock = Clock()
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    assert target(busy(date), httpx.Response(200), clock=clock).call("GET", "/x").status == 200
    assert 15 < clock.slept[0] <= 20


@pytest.mark.parametrize("after", ["nan", "soon", "", "-5", "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_is_a_moment(after: str) -> None:
    """Whatever a server sends there, the kit does not break."""
    clock = Clock()
    target(busy(after), httpx.Response(200), clock=clock).call("GET", "/x")
    assert 0 < clock.slept[0] <= 1


def test_a_long_retry_after_ends_all_calls_until_then() -> None:
    """Nobody waits an hour, and nobody calls before it is over."""
    clock = Clock()
    api = target(busy("3600"), httpx.Response(200), clock=clock)
    with pytest.raises(NetworkTrouble, match="3600 s"):
        api.call("GET", "/x")
    clock.now += 3000
    with pytest.raises(NetworkTrouble, match="left alone for another 600 s"):
        api.call("POST", "/y")
    assert api.budget.spent == 1
    clock.now += 601
    assert api.call("GET", "/x").status == 200


def test_429_for_ever_is_the_networks_and_no_refusal() -> None:
    """A rule that expects a refusal must not take being turned away for one."""
    api = target(*[busy()] * 4, clock=Clock())
    with pytest.raises(NetworkTrouble, match="429"):
        api.call("POST", "/x")
    assert api.budget.spent == 4


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateways_error_is_the_networks(status: int) -> None:
    """A GET is sent again, a POST never: it may have been carried out."""
    clock = Clock()
    api = target(httpx.Response(status), httpx.Response(200), clock=clock)
    assert api.call("GET", "/x").status == 200
    api = target(httpx.Response(status), httpx.Response(200), clock=clock)
    with pytest.raises(NetworkTrouble, match=str(status)):
        api.call("POST", "/x")
    assert api.budget.spent == 1


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ConnectError]
)
def test_a_lost_call_is_the_networks(error: type[httpx.HTTPError]) -> None:
    """A GET is sent again, up to four times in all; a POST never."""
    clock = Clock()
    assert target(error, httpx.Response(200), clock=clock).call("GET", "/x").status == 200
    api = target(*[error] * 5, clock=clock)
    with pytest.raises(NetworkTrouble, match="network"):
        api.call("GET", "/x")
    assert api.budget.spent == 4
    api = target(error, httpx.Response(200), clock=clock)
    with pytest.raises(NetworkTrouble):
        api.call("POST", "/x")
    assert api.budget.spent == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308, 500, 501, 505])
def test_a_redirect_and_a_server_error_are_findings(status: int) -> None:
    """Wherever they come."""
    api = target(httpx.Response(status, headers={"location": "https://x"}), clock=Clock())
    with pytest.raises(Finding):
        api.call("GET", "/x")


def test_a_late_call_is_given_up() -> None:
    """However slowly its bytes come, a call has an end."""
    over = threading.Event()
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        within(0.1, over.wait)
    over.set()
    assert time.monotonic() - began < 5
    assert within(5, lambda: 7) == within(None, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)


def _slow_api(seconds: float, *, slow: str) -> ApiTarget:
    """A target one of whose operations answers later than a call may take."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(slow):
            time.sleep(seconds)
        return httpx.Response(200, json={})

    return ApiTarget(
        base_url="http://127.0.0.1/api/v1",
        client=httpx.Client(transport=httpx.MockTransport(handle)),
        keys=Keys("sk_test"),
        deadline=0.3,
    )


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_operation_whose_answers_never_end_is_not_asked_for_ever(method: str) -> None:
    """A late answer is not asked for again, and after three the operation is left alone: at half a
    minute each, a run of all rules would not end in a day. Others go on.
    """
    api = _slow_api(1.5, slow="/refund")
    for number in range(3):
        with pytest.raises(NetworkTrouble, match="no whole answer"):
            api.call(method, f"/orders/u-{number}/refund")
    assert api.budget.spent == 3
    with pytest.raises(NetworkTrouble, match="was not sent"):
        api.call(method, "/orders/u-9/refund")
    assert api.budget.spent == 3
    assert api.call("POST", "/orders/u-1/cancel").status == 200


def test_late_answers_of_any_operation_are_counted_together() -> None:
    """After ten nothing is asked any more."""
    api = _slow_api(0.8, slow="-late")
    api._deadline = 0.05
    for number in range(10):
        with pytest.raises(NetworkTrouble, match="no whole answer"):
            api.call("GET", f"/{number}-late")
    with pytest.raises(NetworkTrouble, match="was not sent"):
        api.call("GET", "/anything")


def test_the_rate_is_kept() -> None:
    """Five calls a second are a fifth of a second apart, and waiting earns nothing."""
    clock = Clock()
    pace = Pace(5, clock=clock, sleep=clock.sleep)
    starts = []
    for idle in (0.0, 0.0, 0.0, 10.0, 0.0, 0.0):
        clock.now += idle
        pace.wait()
        starts.append(clock.now)
    gaps = [after - before for before, after in pairwise(starts)]
    assert min(gaps) == pytest.approx(0.2)
    assert Pace(None, clock=clock, sleep=clock.sleep).wait() is None


def test_the_budget_is_never_overspent() -> None:
    """One call too many is refused, also from many threads."""
    budget = Budget(50)
    refused = []

    def spend() -> None:
        for _ in range(20):
            try:
                budget.take()
            except BudgetSpent:
                refused.append(1)

    _at_once([spend] * 5)
    assert budget.spent == 50
    assert len(refused) == 50


def _at_once(jobs: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_evidence_shows_what_is_accepted_where_that_is_not_the_usual() -> None:
    """A finding that comes of it can be seen again by its command line."""
    api = target(httpx.Response(200), httpx.Response(200), clock=Clock())
    usual = api.call("GET", "/orders/1")
    other = api.call("GET", "/orders/1", headers={"Accept": "*/*"})
    assert "Accept" not in usual.exchange.headers
    assert other.exchange.headers["Accept"] == "*/*"
