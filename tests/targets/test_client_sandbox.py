"""The sandbox that a client meets: each fault is what its words say, on the call that it names."""

import contextlib
import json
import math
import ssl
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
import trustme

from points_conformance.contract.names import OrderStatus
from points_conformance.targets.client.case import Case, Fault, What, cancel, refund
from points_conformance.targets.client.sandbox import ClientSandbox, Seen

PART = refund("25.00", "One item came back")
#: Faults after which no answer is whole, and what httpx calls that.
_LOSSES: Mapping[What, type[httpx.RequestError]] = {
    What.CLOSED: httpx.RemoteProtocolError,
    What.RESET: httpx.ReadError,
    What.HALF: httpx.RemoteProtocolError,
    What.SILENT: httpx.ReadTimeout,
}


class Caller:
    """A client of the plainest kind: one request, as it is told."""

    def __init__(self, sandbox: ClientSandbox, http: httpx.Client) -> None:
        self.sandbox, self._http = sandbox, http

    def write(self, operation: str = "refund", body: str = '{"amount": 25.00}') -> httpx.Response:
        """A call that may change the order. Raises what httpx does."""
        return self._call("POST", f"/orders/{self.sandbox.uuid}/{operation}", body)

    def read(self) -> httpx.Response:
        """A read of the order."""
        return self._call("GET", f"/orders/{self.sandbox.uuid}")

    def _call(self, method: str, path: str, body: str | None = None) -> httpx.Response:
        headers = {"x-api-key": self.sandbox.key, "Content-Type": "application/json"}
        url = self.sandbox.base_url + path
        return self._http.request(method, url, content=body, headers=headers)


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """Made once, for it costs; no connection is kept."""
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(timeout=5, trust_env=False, limits=limits) as client:
        yield client


@contextlib.contextmanager
def meeting(case: Case, http: httpx.Client) -> Iterator[Caller]:
    """A caller at a sandbox of its own, in its first operation."""
    with ClientSandbox(case, 0) as sandbox:
        sandbox.begin(1)
        yield Caller(sandbox, http)


def case_of(*faults: Fault, **order: Any) -> Case:
    """A partial refund that meets these faults."""
    return Case(**{"operations": (PART,), "faults": faults} | order)


def status_of(answer: httpx.Response) -> str:
    """The order's status in an answer."""
    return str(answer.json()["data"]["order_status"])


# ---------------------------------------------------------------------- without faults
def test_without_faults_it_is_an_api_with_one_order(http: httpx.Client) -> None:
    """A read, a part, the rest; each call is noted with what it did."""
    with meeting(case_of(), http) as caller:
        assert status_of(caller.read()) == "approved"
        assert status_of(caller.write()) == "partially_refunded"
        assert status_of(caller.write(body="{}")) == "fully_refunded"
        seen, books = caller.sandbox.seen, caller.sandbox.books
    assert books.refunded == 100_00
    assert [(s.reads, s.writes, s.moved, s.status) for s in seen] == [
        (True, False, False, 200),
        (False, True, True, 200),
        (False, True, True, 200),
    ]
    assert [s.json() for s in seen] == [None, {"amount": 25}, {}]
    assert {(s.host, s.operation, s.happened) for s in seen} == {("api", 1, "")}
    assert all(0 <= s.at <= s.answered_at for s in seen)


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"status": OrderStatus.CANCELLED}, 400),
        ({"exists": False}, 404),
        ({"key": False}, 400),
    ],
    ids=["state", "nobody's", "key"],
)
def test_what_an_order_is_decides_on_the_refusal(
    http: httpx.Client, order: dict[str, Any], status: int
) -> None:
    """As the API refuses; nothing moves, and the key that was given is not taken."""
    with meeting(case_of(**order), http) as caller:
        assert caller.write().status_code == status
        assert caller.sandbox.books.refunded == 0


def test_rich_answers_have_what_newer_pages_show(http: httpx.Client) -> None:
    """Fields nobody asked for, an empty list, an integer, microseconds."""
    with meeting(case_of(rich=True), http) as caller:
        body = json.loads(caller.read().content)
    assert body["appended_data"] == []
    assert body["data"]["total_price"] == 100
    assert isinstance(body["data"]["total_price"], int)
    assert body["data"]["updated_at"].endswith(".123456Z")
    assert "status_label" in body["data"]


# ---------------------------------------------------------------------- each fault
@pytest.mark.parametrize("what", _LOSSES)
@pytest.mark.parametrize("carried_out", [True, False], ids=["done", "not done"])
def test_a_lost_answer_is_lost_whether_or_not_it_was_done(
    what: What, carried_out: bool, http: httpx.Client
) -> None:
    """No answer comes; the books, and what is noted, say whether it was carried out."""
    with meeting(case_of(Fault(what=what, carried_out=carried_out)), http) as caller:
        http.timeout = httpx.Timeout(0.3 if what is What.SILENT else 5)
        with pytest.raises(_LOSSES[what]):
            caller.write()
        http.timeout = httpx.Timeout(5)
        assert caller.sandbox.books.refunded == (25_00 if carried_out else 0)
        assert caller.sandbox.seen[0].moved is carried_out
        assert caller.write().status_code == 200, "the fault is for the first call alone"


def answered(case: Case, http: httpx.Client) -> tuple[httpx.Response, Seen, int]:
    """The answer to the first call, what was noted of it, and the halalas that moved."""
    with meeting(case, http) as caller:
        operation = case.operations[0]
        answer = caller.write(operation.kind, '{"amount": 25.00}' if operation.amount else "{}")
        return answer, caller.sandbox.seen[0], caller.sandbox.books.refunded


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("carried_out", [True, False], ids=["done", "not done"])
def test_an_error_is_an_error_envelope(status: int, carried_out: bool, http: httpx.Client) -> None:
    """With the status that it names."""
    fault = Fault(what=What.STATUS, status=status, carried_out=carried_out)
    answer, seen, moved = answered(case_of(fault), http)
    assert (answer.status_code, answer.json()["status"]) == (status, False)
    assert (seen.status, moved) == (status, 25_00 if carried_out else 0)
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("status", [0, 502])
def test_a_page_is_html(status: int, http: httpx.Client) -> None:
    """With 200, or the status that it names."""
    answer, _, moved = answered(case_of(Fault(what=What.HTML, status=status)), http)
    assert (answer.status_code, moved) == (status or 200, 0)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!doctype html>")


@pytest.mark.parametrize("carried_out", [True, False], ids=["done", "not done"])
def test_a_cut_off_answer_is_whole_to_http_and_no_json(
    carried_out: bool, http: httpx.Client
) -> None:
    """Half the text with the right length."""
    fault = Fault(what=What.TRUNCATED, carried_out=carried_out)
    answer, _, moved = answered(case_of(fault), http)
    assert (answer.status_code, moved) == (200, 25_00 if carried_out else 0)
    with pytest.raises(ValueError, match="line 1"):
        answer.json()


def test_status_false_says_so_with_200(http: httpx.Client) -> None:
    """And nothing is carried out."""
    answer, _, moved = answered(case_of(Fault(what=What.STATUS_FALSE)), http)
    assert (answer.status_code, answer.json()["status"], moved) == (200, False, 0)


def test_an_unchanged_order_is_shown_as_it_was(http: httpx.Client) -> None:
    """200, the envelope of success, the old status."""
    answer, _, moved = answered(case_of(Fault(what=What.UNCHANGED)), http)
    assert (answer.status_code, answer.json()["status"], moved) == (200, True, 0)
    assert status_of(answer) == "approved"


def test_an_answer_without_an_order_has_none(http: httpx.Client) -> None:
    """``data`` is empty."""
    answer, _, moved = answered(case_of(Fault(what=What.NO_ORDER)), http)
    assert (answer.status_code, answer.json()["data"], moved) == (200, {}, 0)


@pytest.mark.parametrize("carried_out", [True, False], ids=["done", "not done"])
def test_an_unknown_status_is_none_of_the_seven(carried_out: bool, http: httpx.Client) -> None:
    """In the order of an answer that is otherwise well."""
    fault = Fault(what=What.UNKNOWN_STATUS, carried_out=carried_out)
    answer, _, moved = answered(case_of(fault), http)
    assert (answer.status_code, moved) == (200, 25_00 if carried_out else 0)
    assert status_of(answer) not in set(OrderStatus)


def test_an_unknown_status_leaves_answers_without_an_order_alone(http: httpx.Client) -> None:
    """A call that no order is answered to is answered as ever."""
    with meeting(case_of(Fault(what=What.UNKNOWN_STATUS, carried_out=True)), http) as caller:
        made = caller.sandbox.base_url + "/webhooks"
        headers = {"x-api-key": caller.sandbox.key}
        hook = {"name": "n", "url": "https://shop.example/h"}
        caller.sandbox.begin(2)
        uuid = http.post(made, json=hook, headers=headers).json()["data"]["uuid"]
        caller.sandbox.begin(1)
        assert http.delete(f"{made}/{uuid}", headers=headers).status_code == 200


def test_a_slow_answer_is_late_and_true(http: httpx.Client) -> None:
    """It is carried out, for a slow answer is one."""
    started = time.monotonic()
    answer, seen, moved = answered(case_of(Fault(what=What.SLOW, seconds=0.3)), http)
    assert time.monotonic() - started >= 0.3
    assert (status_of(answer), moved) == ("partially_refunded", 25_00)
    assert seen.answered_at - seen.at >= 0.3


def test_what_is_late_is_carried_out_when_the_operation_is_over(http: httpx.Client) -> None:
    """No answer comes; nothing has moved until ``settle``, and then it has, once."""
    with meeting(case_of(Fault(what=What.LATE)), http) as caller:
        http.timeout = httpx.Timeout(0.3)
        with pytest.raises(httpx.ReadTimeout):
            caller.write()
        http.timeout = httpx.Timeout(5)
        assert status_of(caller.read()) == "approved"
        assert [caller.sandbox.close_books().refunded for _ in range(2)] == [25_00, 25_00]


@pytest.mark.parametrize("status", [0, 302, 307])
def test_a_redirect_leads_to_another_host_that_says_done(status: int, http: httpx.Client) -> None:
    """Whoever follows is noted apart, and nothing has moved."""
    with meeting(case_of(Fault(what=What.REDIRECT, status=status)), http) as caller:
        answer = caller.write()
        assert answer.status_code == (status or 307)
        there = httpx.URL(answer.headers["location"])
        assert (there.host, there.port) != ("127.0.0.1", httpx.URL(caller.sandbox.base_url).port)
        assert status_of(http.post(there, headers={"x-api-key": "k"})) == "fully_refunded"
        cancelled = str(there).replace("/refund", "/cancel")
        assert status_of(http.post(cancelled)) == "cancelled"
        assert [s.host for s in caller.sandbox.seen] == ["api", "elsewhere", "elsewhere"]
        assert caller.sandbox.books.refunded == 0


# ---------------------------------------------------------------------- Retry-After
def test_retry_after_is_sent_as_it_is_given(http: httpx.Client) -> None:
    """In seconds."""
    answer, _, _ = answered(case_of(Fault(what=What.STATUS, status=429, retry_after="2")), http)
    assert answer.headers["retry-after"] == "2"


def test_a_retry_after_date_lies_at_least_as_far_ahead(http: httpx.Client) -> None:
    """Dates have whole seconds: never less than was meant, and at most a second more."""
    fault = Fault(what=What.STATUS, status=429, retry_after="date", seconds=2)
    before = datetime.now(UTC)
    answer, _, _ = answered(case_of(fault), http)
    at = parsedate_to_datetime(answer.headers["retry-after"])
    assert answer.headers["retry-after"].endswith(" GMT")
    assert 2 <= (at - before).total_seconds() <= 3 + (datetime.now(UTC) - before).total_seconds()


# ---------------------------------------------------------------------- which call
def test_a_fault_meets_the_attempt_that_it_names(http: httpx.Client) -> None:
    """The second call; reads are not counted with calls."""
    with meeting(case_of(Fault(what=What.STATUS, status=503, attempt=2)), http) as caller:
        codes = [caller.write().status_code, caller.read().status_code]
        codes += [caller.write().status_code for _ in range(2)]
    assert codes == [200, 200, 503, 200]


def test_a_fault_for_always_lasts(http: httpx.Client) -> None:
    """From its attempt on, for its operation alone."""
    fault = Fault(what=What.STATUS, status=503, attempt=2, always=True)
    with meeting(case_of(fault, operations=(PART, PART)), http) as caller:
        codes = [caller.write(body='{"amount": 1}').status_code for _ in range(4)]
        caller.sandbox.begin(2)
        codes += [caller.write(body='{"amount": 1}').status_code for _ in range(3)]
    assert codes == [200, 503, 503, 503, 200, 200, 200]


def test_a_fault_meets_the_operation_that_it_names(http: httpx.Client) -> None:
    """Calls are counted anew in each."""
    fault = Fault(what=What.STATUS, status=503, operation=2)
    with meeting(case_of(fault, operations=(PART, PART)), http) as caller:
        codes = [caller.write().status_code]
        caller.sandbox.begin(2)
        codes += [caller.write().status_code for _ in range(2)]
        assert [s.operation for s in caller.sandbox.seen] == [1, 2, 2]
    assert codes == [200, 503, 200]


def test_a_fault_of_reads_meets_reads_alone(http: httpx.Client) -> None:
    """The read is not answered, the calls are; nothing else changes."""
    fault = Fault(what=What.STATUS, status=500, reads=True, always=True)
    with meeting(case_of(fault), http) as caller:
        codes = [caller.read().status_code, caller.write().status_code, caller.read().status_code]
        assert caller.sandbox.books.refunded == 25_00
    assert codes == [500, 200, 500]


# ---------------------------------------------------------------------- connections
def test_connections_are_refused_for_a_while_or_for_ever(http: httpx.Client) -> None:
    """A while later the API is there."""
    with meeting(case_of(refuses=math.inf), http) as caller, pytest.raises(httpx.ConnectError):
        caller.write()
    with meeting(case_of(refuses=0.3), http) as caller:
        with pytest.raises(httpx.ConnectError):
            caller.write()
        time.sleep(0.5)
        assert caller.write().status_code == 200


def test_plain_http_where_https_is_served_is_noted(http: httpx.Client) -> None:
    """As a request in clear, which moves nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with ClientSandbox(case_of(), 0, context) as sandbox:
        assert sandbox.base_url.startswith("https://127.0.0.1:")
        url = sandbox.base_url.replace("https://", "http://")
        headers = {"x-api-key": sandbox.key}
        answer = http.post(f"{url}/orders/{sandbox.uuid}/refund", headers=headers)
        assert (answer.status_code, sandbox.books.refunded) == (400, 0)
        assert [seen.host for seen in sandbox.seen] == ["in clear"]


# ---------------------------------------------------------------------- keys
def test_keys_are_a_function_of_case_and_seed() -> None:
    """The same for the same, so that a run can be repeated; others differ."""

    def of(case: Case, seed: int) -> tuple[str, str]:
        with ClientSandbox(case, seed) as sandbox:
            return sandbox.key, sandbox.uuid

    whats = (What.CLOSED, What.RESET, What.SILENT)
    cases = [case_of(), *(case_of(Fault(what=what)) for what in whats), case_of(key=False)]
    cases += [case_of(operations=(cancel(),), status=OrderStatus.NEW)]
    made = [of(case, seed) for case in cases for seed in (0, 1)]
    assert made == [of(case, seed) for case in cases for seed in (0, 1)]
    assert len({key for key, _ in made}) == len({uuid for _, uuid in made}) == len(made)


# ---------------------------------------------------------------------- several orders
THREE = case_of(
    operations=(PART, refund("25.00", order=2), refund("25.00", order=3)),
    others=(OrderStatus.CANCELLED, OrderStatus.APPROVED),
    at_once=True,
)


def test_calls_of_one_moment_are_of_the_operation_on_their_order(http: httpx.Client) -> None:
    """No answer is there before all have asked; each order has its own books."""
    with ClientSandbox(THREE, 0) as sandbox, ThreadPoolExecutor(3) as pool:
        for number in (1, 2, 3):
            sandbox.begin(number, number)
        headers = {"x-api-key": sandbox.key, "Content-Type": "application/json"}
        urls = [f"{sandbox.base_url}/orders/{uuid}/refund" for uuid in sandbox.uuids]
        answers = list(
            pool.map(lambda url: http.post(url, json={"amount": 25}, headers=headers), urls)
        )
        books = [sandbox.books_of(number).refunded for number in (1, 2, 3)]
    assert [answer.status_code for answer in answers] == [200, 400, 200]
    assert books == [25_00, 0, 25_00]
    assert sorted(seen.operation for seen in sandbox.seen) == [1, 2, 3]


def test_a_client_that_asks_in_turn_is_answered_all_the_same(http: httpx.Client) -> None:
    """It holds a lock, say: the others are not waited for without end."""
    with meeting(THREE, http) as caller:
        started = time.monotonic()
        assert status_of(caller.write()) == "partially_refunded"
    assert 0.4 < time.monotonic() - started < 5
