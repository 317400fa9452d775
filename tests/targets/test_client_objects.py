"""How an object is made to do one operation, and what its results and errors mean."""

import asyncio
import threading
import time
import urllib.error
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from email.message import Message
from http.client import IncompleteRead
from typing import Any

import httpx
import pytest
import requests

from points_conformance.targets.client.case import Operation, cancel, refund
from points_conformance.targets.client.objects import ObjectClients
from points_conformance.targets.client.outcome import ClientOutcome, Unmapped, outcome_of
from points_conformance.targets.client.runners import Meeting, Said

DONE, REFUSED, UNKNOWN = ClientOutcome.DONE, ClientOutcome.REFUSED, ClientOutcome.UNKNOWN
PART = refund("25.00", "One item came back")


def meeting(ca_file: str | None = None) -> Meeting:
    """An API that nobody calls."""
    return Meeting("http://127.0.0.1:9/api/v1", "sk_test_madeUp", "a-uuid", ca_file)


# ---------------------------------------------------------------------- an object
class Shop:
    """A client that does what it was made with."""

    def __init__(self, base_url: str, api_key: str, act: Callable[..., Any]) -> None:
        self.base_url, self.api_key, self._act = base_url, api_key, act

    def refund(self, uuid: str, **more: Any) -> Any:
        """Whatever it does."""
        return self._act("refund", uuid, **more)

    def cancel(self, uuid: str, **more: Any) -> Any:
        """The same."""
        return self._act("cancel", uuid, **more)


def objects(act: Callable[..., Any], **options: Any) -> ObjectClients:
    """Clients that act so."""
    return ObjectClients(lambda base_url, key: Shop(base_url, key, act), **options)


def said_by_object(
    act: Callable[..., Any], operations: Sequence[Operation] = (PART,), **options: Any
) -> list[Said]:
    """What an object that acts so says of operations, one after the other."""
    with objects(act, **options).open(meeting()) as client:
        return [client(operation) for operation in operations]


def raising(error: BaseException) -> Callable[..., Any]:
    """An act that raises."""

    def act(*_: Any, **__: Any) -> Any:
        raise error

    return act


def test_an_object_is_asked_by_its_methods() -> None:
    """What is not asked for is not passed; the amount is a Decimal with its decimals."""
    calls: list[Any] = []
    said = said_by_object(
        lambda *words, **more: calls.append((*words, more)),
        [refund("25.00", "Why"), refund(), cancel(), cancel("Off")],
    )
    assert calls == [
        ("refund", "a-uuid", {"amount": Decimal("25.00"), "reason": "Why"}),
        ("refund", "a-uuid", {}),
        ("cancel", "a-uuid", {}),
        ("cancel", "a-uuid", {"reason": "Off"}),
    ]
    assert str(calls[0][2]["amount"]) == "25.00"
    assert {s.outcome for s in said} == {DONE}


def test_an_async_object_has_one_loop_for_all_operations_of_a_case() -> None:
    """So that a connection that it keeps lives on; another case has a loop of its own."""
    loops: list[Any] = []

    async def act(*_: Any, **__: Any) -> str:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())
        return "refused"

    clients = objects(act)
    for _ in range(2):
        with clients.open(meeting()) as client:
            assert [client(PART).outcome for _ in range(2)] == [REFUSED, REFUSED]
    assert loops[0] is loops[1] is not loops[2] is loops[3]
    assert all(loop.is_closed() for loop in loops)


def response(status: int) -> httpx.Response:
    """An answer of httpx'."""
    return httpx.Response(status, request=httpx.Request("POST", "http://x/"))


def httpx_error(status: int) -> Exception:
    """What ``raise_for_status`` raises."""
    return httpx.HTTPStatusError("no", request=response(status).request, response=response(status))


def requests_error(status: int) -> Exception:
    """What the same of requests raises."""
    answer = requests.Response()
    answer.status_code = status
    return requests.HTTPError("no", response=answer)


def urllib_error(status: int) -> Exception:
    """What urllib raises by itself."""
    error = urllib.error.HTTPError("http://x/", status, "no", Message(), None)
    error.close()
    return error


class LibraryError(Exception):
    """An error of somebody's own, with the status on it."""

    def __init__(self, status: int) -> None:
        super().__init__("no")
        self.status = status


@pytest.mark.parametrize("made", [httpx_error, requests_error, urllib_error, LibraryError])
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, REFUSED), (404, REFUSED), (422, REFUSED), (499, REFUSED),
        (408, UNKNOWN), (429, UNKNOWN), (302, UNKNOWN), (500, UNKNOWN), (503, UNKNOWN),
    ],
)  # fmt: skip
def test_an_error_with_a_status_is_the_apis(
    made: Callable[[int], Exception], status: int, outcome: ClientOutcome
) -> None:
    """4xx is a refusal, but for 408 and 429; whatever else is unknown."""
    assert outcome_of(None, made(status)) is outcome


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadTimeout("slow"), httpx.ConnectError("none"), httpx.RemoteProtocolError("half"),
        requests.ConnectionError("none"), requests.Timeout("slow"),
        requests.exceptions.ChunkedEncodingError("half"),
        urllib.error.URLError("none"), IncompleteRead(b"half"),
        TimeoutError(), ConnectionResetError(), OSError("something"),
    ],
    ids=lambda error: f"{type(error).__module__}.{type(error).__name__}",
)  # fmt: skip
def test_what_libraries_raise_for_the_network_is_unknown(error: Exception) -> None:
    """Nobody knows what became of the call."""
    assert outcome_of(None, error) is UNKNOWN


@pytest.mark.parametrize("result", [None, True, {}, 0, "", "paid", 2.5], ids=repr)
def test_whatever_is_returned_is_done(result: object) -> None:
    """But one of the three words, and False."""
    assert outcome_of(result, None) is DONE


@pytest.mark.parametrize("outcome", list(ClientOutcome))
def test_an_outcome_or_its_word_is_taken_as_it_is(outcome: ClientOutcome) -> None:
    """In either spelling."""
    assert outcome_of(outcome, None) is outcome
    assert outcome_of(str(outcome), None) is outcome


def test_false_and_other_errors_say_none_of_the_three() -> None:
    """``False`` may mean either; an error of the client's own is a crash."""
    with pytest.raises(Unmapped, match="returned False"):
        outcome_of(False, None)
    with pytest.raises(Unmapped, match="it raised KeyError: 'data'"):
        outcome_of(None, KeyError("data"))


def test_what_says_none_of_the_three_is_kept_in_words() -> None:
    """With what it came from; sys.exit() as well, and what cannot be printed."""

    class Unprintable:
        def __repr__(self) -> str:
            raise ValueError("never")

    def crash(*_: Any, **__: Any) -> None:
        try:
            raise ValueError("inner")
        except ValueError as error:
            raise KeyError("outer") from error

    (crashed,) = said_by_object(crash)
    assert (crashed.outcome, crashed.hung) == (None, False)
    assert crashed.output == "raised KeyError: 'outer'; from ValueError: inner"
    (left,) = said_by_object(raising(SystemExit(1)))
    assert (left.outcome, left.how, left.hung) == (None, "it raised SystemExit: 1", False)
    (shown,) = said_by_object(lambda *_, **__: Unprintable())
    assert (shown.outcome, shown.how) == (
        DONE, "returned a Unprintable that cannot be shown: never",
    )  # fmt: skip


def test_an_outcome_function_of_the_users_decides() -> None:
    """It may return an outcome or its word; what is neither, and its own crash, is said."""

    def outcome(result: object, error: BaseException | None) -> Any:
        if error is not None:
            raise error
        return result

    answers = iter([UNKNOWN, "refused", "paid", None])
    said = said_by_object(lambda *_, **__: next(answers), [PART] * 4, outcome=outcome)
    assert [s.outcome for s in said] == [UNKNOWN, REFUSED, None, None]
    assert said[1].outcome is REFUSED
    assert "'paid' is not a valid ClientOutcome" in said[2].how
    (crashed,) = said_by_object(raising(KeyError("x")), outcome=outcome)
    assert (crashed.outcome, crashed.hung) == (None, False)
    assert crashed.how == "points_client_outcome raised KeyError: 'x', of what raised KeyError: 'x'"


def test_a_maker_that_raises_is_heard() -> None:
    """Like a method that does."""

    def make(base_url: str, api_key: str) -> object:
        raise ConnectionRefusedError(base_url)

    with ObjectClients(make).open(meeting()) as client:
        assert client(PART).outcome is UNKNOWN


def test_a_method_that_never_ends_is_left_behind() -> None:
    """So are the operations after it; the end of the run waits for none."""
    held = threading.Event()
    try:
        started = time.monotonic()
        said = said_by_object(lambda *_, **__: held.wait(30), [PART, PART], timeout=0.3)
        assert [s.how for s in said] == [
            "did not end within 0.3 s",
            "the operation before it never ended",
        ]
        assert {(s.outcome, s.hung) for s in said} == {(None, True)}
        clients = objects(lambda *_, **__: held.wait(30), timeout=30)
        threading.Timer(0.2, clients.end).start()
        with clients.open(meeting()) as client:
            assert client(PART).hung
        assert time.monotonic() - started < 10
    finally:
        held.set()


def test_ca_file_is_passed_where_it_is_taken() -> None:
    """By name, or by ``**``; to others it is never passed."""
    given: list[Any] = []

    def named(base_url: str, key: str, *, ca_file: str | None = None) -> Shop:
        given.append(ca_file)
        return Shop(base_url, key, lambda *_, **__: None)

    def anything(base_url: str, key: str, **more: Any) -> Shop:
        given.append(more)
        return Shop(base_url, key, lambda *_, **__: None)

    takes = []
    plain = objects(lambda *_, **__: None)
    for clients in (ObjectClients(named), ObjectClients(anything), plain):
        takes.append(clients.takes_ca)
        with clients.open(meeting(ca_file="/ca.pem")) as client:
            assert client(PART).outcome is DONE
    assert (takes, given) == ([True, True, False], ["/ca.pem", {"ca_file": "/ca.pem"}])


def test_what_is_printed_and_logged_is_kept_while_watched(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also from other threads, at INFO; afterwards all is as before."""
    import logging

    def act(*_: Any, **__: Any) -> None:
        print("a line")
        logging.getLogger("shop").info("a note")

    clients = objects(act)
    level = logging.getLogger().level
    with clients.watched() as printed, clients.open(meeting()) as client:
        client(PART)
        kept = printed()
    assert ("a line" in kept, "a note" in kept) == (True, True)
    assert logging.getLogger().level == level
    assert capsys.readouterr().out == ""


# ---------------------------------------------------------------------- several at once
def together(act: Callable[..., Any]) -> list[Said]:
    """What an object says of an operation on each of three orders, at the same moment."""
    with objects(act).open(meeting()) as client, ThreadPoolExecutor(3) as pool:
        return list(pool.map(lambda uuid: client(PART, uuid), ("a", "b", "c")))


def test_operations_of_several_orders_are_under_way_at_once() -> None:
    """Each in a thread of its own."""
    meets = threading.Barrier(3)

    def act(kind: str, uuid: str, **_: Any) -> str:
        meets.wait(5)
        return {"a": "done", "b": "refused"}.get(uuid, "unknown")

    assert [said.outcome for said in together(act)] == [DONE, REFUSED, UNKNOWN]


def test_async_operations_of_several_orders_share_a_loop() -> None:
    """As they do in a server; who waits for another one is not left alone."""
    arrived: list[str] = []

    async def act(kind: str, uuid: str, **_: Any) -> str:
        arrived.append(uuid)
        for _ in range(500):
            if len(arrived) == 3:
                return "refused"
            await asyncio.sleep(0.01)
        return "unknown"

    assert [said.outcome for said in together(act)] == [REFUSED] * 3


def test_an_exit_in_an_async_operation_is_its_own() -> None:
    """It neither ends the loop nor the others' operations."""

    async def act(kind: str, uuid: str, **_: Any) -> str:
        await asyncio.sleep(0.05)
        if uuid == "a":
            raise SystemExit(1)
        return "done"

    first, *others = together(act)
    assert first.outcome is None
    assert "SystemExit" in first.how
    assert [said.outcome for said in others] == [DONE, DONE]
