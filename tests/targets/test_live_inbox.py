"""The receiver of a live run: what comes is kept as it came, without any secret."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.second_server import SecondServer
from tests.waiting import eventually

from points_conformance.contract.money import sar
from points_conformance.judging.finding import NotExercised
from points_conformance.targets.api import inbox as inbox_module
from points_conformance.targets.api.build import LiveSettings, live_target
from points_conformance.targets.api.live_inbox import ListenError, LiveInbox, parse_listen
from points_conformance.targets.api.patience import Awaited
from points_conformance.targets.api.received import MAIN
from points_conformance.targets.api.reply import Said
from points_conformance.targets.api.target import ApiTarget

UUID = "0b0f7a3e-5f4d-4a52-9d8e-2f6a6d0f9a11"
OTHER = "0b0f7a3e-5f4d-4a52-9d8e-2f6a6d0f9a22"
SECRET = "s" * 30 + "e" * 30
#: A delivery of it that nobody waits for.
EVENT: dict[str, Any] = {
    "json": {"event": "refunded", "order": {"id": UUID}},
    "timeout": 0.5,
    "trust_env": False,
}


@pytest.fixture
def inbox() -> Iterator[LiveInbox]:
    """An inbox on a free port that waits only briefly, with one order that is ours."""
    inbox = LiveInbox(("127.0.0.1", 0), grace=0.3, retry_within=0.3)
    inbox.trust(MAIN, SECRET)
    inbox.know(UUID, "N-1")
    yield inbox
    inbox.stop()


def send(inbox: LiveInbox, place: str = MAIN, **order: Any) -> httpx.Response:
    """Deliver a refunded event."""
    payload = {"event": "refunded", "order": {"id": UUID, **order}}
    headers = {"X-Webhook-Secret": SECRET, "X-Webhook-Event": "refunded"}
    return httpx.post(inbox.url(place), json=payload, headers=headers, trust_env=False)


def test_a_delivery_is_kept_as_it_came(inbox: LiveInbox) -> None:
    """Bytes, headers and place, and whether the secret was right; never the secret itself."""
    assert send(inbox, reason="x").status_code == 200
    (one,) = inbox.waited_for(UUID, "refunded")
    assert one.order == {"id": UUID, "reason": "x"}
    assert one.headers["x-webhook-event"] == "refunded"
    assert one.secret_right
    assert not one.secret_shown
    assert SECRET not in repr(one)


def test_a_wrong_or_missing_secret_is_noted(inbox: LiveInbox) -> None:
    """Neither is the registered one."""
    for headers in ({}, {"X-Webhook-Secret": SECRET[::-1]}):
        payload = {"event": "refunded", "order": {"id": UUID}}
        httpx.post(inbox.url(), json=payload, headers=headers, trust_env=False)
    assert [one.secret_right for one in inbox.of(UUID)] == [False, False]


def test_a_secret_in_the_body_is_noted_and_replaced(inbox: LiveInbox) -> None:
    """The finding shows that it stood there, not what it is."""
    send(inbox, leak=f"it is {SECRET}")
    (one,) = inbox.of(UUID)
    assert one.secret_shown
    assert SECRET.encode() not in one.body
    assert b"$POINTS_WEBHOOK_SECRET" in one.body


def test_an_event_is_found_by_the_orders_number_where_its_id_is_wrong(inbox: LiveInbox) -> None:
    """A server that tells an integer as id has told, only wrongly."""
    send(inbox, id=17, order_number="N-1")
    assert [one.order["id"] for one in inbox.of(UUID)] == [17]


def test_an_event_may_come_before_its_order_is_known(inbox: LiveInbox) -> None:
    """The server may tell of an order before it answers the call that makes it."""
    other = UUID[::-1]
    send(inbox, id=other)
    assert inbox.of(UUID) == []
    inbox.know(other, None)
    assert len(inbox.of(other)) == 1


def test_waiting_ends_when_the_event_comes(inbox: LiveInbox) -> None:
    """Not when the grace time is over."""
    inbox.grace = 20.0
    threading.Timer(0.1, send, [inbox]).start()
    started = time.perf_counter()
    assert len(inbox.waited_for(UUID, "refunded")) == 1
    assert time.perf_counter() - started < 10


def test_an_event_wakes_who_waits_for_its_order_and_nobody_else(
    inbox: LiveInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many that wait each looks at all that came so far: of a run's events most are others'."""
    monkeypatch.setattr(inbox_module, "_SLICE", 30.0)
    inbox.grace = 30.0
    inbox.know(OTHER, "N-2")
    looks: list[str] = []
    named = inbox._named

    def counted(uuid: str, event: str, place: str | None) -> list[Any]:
        looks.append(uuid)
        return named(uuid, event, place)

    monkeypatch.setattr(inbox, "_named", counted)
    waiting = threading.Thread(target=inbox.waited_for, args=(UUID, "refunded"))
    waiting.start()
    eventually(lambda: len(looks) >= 2)
    before = len(looks)
    send(inbox, id=OTHER)
    assert len(inbox.of(OTHER)) == 1
    time.sleep(0.1)
    assert len(looks) == before
    send(inbox)
    waiting.join(timeout=10)
    assert not waiting.is_alive()


def test_who_waits_for_whatever_comes_is_woken_by_all(
    inbox: LiveInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A last look is for several orders."""
    monkeypatch.setattr(inbox_module, "_SLICE", 30.0)
    inbox.grace = 30.0
    late = [(UUID, "refunded", 1), (OTHER, "refunded", 1)]
    waiting = threading.Thread(target=inbox.rest_again, args=(late,))
    inbox.know(OTHER, "N-2")
    waiting.start()
    send(inbox)
    send(inbox, id=OTHER)
    waiting.join(timeout=10)
    assert not waiting.is_alive()


def test_identical_repeats_count_once_when_waiting(inbox: LiveInbox) -> None:
    """Two equal deliveries are one event; both are kept."""
    send(inbox)
    send(inbox)
    assert len(inbox.waited_for(UUID, "refunded", 2)) == 1
    assert len(inbox.of(UUID)) == 2


def test_events_come_oldest_first_whatever_is_repeated(inbox: LiveInbox) -> None:
    """The first attempt of each counts."""
    for reason in ("one", "two", "one", "three", "two"):
        send(inbox, reason=reason)
    told = inbox.waited_for(UUID, "refunded", 3)
    assert [event.order["reason"] for event in told] == ["one", "two", "three"]


def test_an_event_later_than_the_grace_is_late_and_not_missing(inbox: LiveInbox) -> None:
    """It is looked for once more; only what never comes is missing."""
    send(inbox, reason="one")
    threading.Timer(inbox.grace * 1.8, send, [inbox], {"reason": "two"}).start()
    assert len(inbox.waited_for(UUID, "refunded", 2)) == 2


def test_a_sender_with_a_queue_is_waited_for_while_it_moves(inbox: LiveInbox) -> None:
    """As long as events of other orders come, ours may be behind them."""
    inbox.grace = 1.0

    def deliver() -> None:
        for uuid in (*["another's"] * 12, UUID):
            time.sleep(inbox.grace / 4)
            body = json.dumps({"event": "refunded", "order": {"id": uuid}})
            inbox.record(MAIN, {}, body.encode())

    sender = threading.Thread(target=deliver)
    sender.start()
    told = inbox.waited_for(UUID, "refunded")
    sender.join()
    assert len(told) == 1


def test_what_never_comes_is_waited_for_at_length_once(inbox: LiveInbox) -> None:
    """A server that loses every event of a kind costs the grace time an order after that."""
    send(inbox, id="somebody else's")
    assert inbox.waited_for(UUID, "refunded") == []
    started = time.perf_counter()
    assert inbox.waited_for(UUID, "refunded") == []
    assert time.perf_counter() - started < inbox.patience


def test_silence_is_not_exercised_and_waited_for_once(inbox: LiveInbox) -> None:
    """Where nothing at all ever came nothing can be said, and only the first rule waits."""
    with pytest.raises(NotExercised, match="no webhook of any order"):
        inbox.waited_for(UUID, "refunded")
    inbox.grace = 20.0
    started = time.perf_counter()
    with pytest.raises(NotExercised):
        inbox.waited_for(UUID, "refunded")
    assert time.perf_counter() - started < 5


def test_a_missing_event_among_others_is_no_silence(inbox: LiveInbox) -> None:
    """An event of a foreign order proves that the way here is open."""
    send(inbox, id="somebody else's")
    assert inbox.waited_for(UUID, "refunded") == []


def test_answers_as_told(inbox: LiveInbox) -> None:
    """Statuses and redirects in turn, then 200."""
    inbox.answer(UUID, "refunded", [500, 302, 404])
    assert [send(inbox).status_code for _ in range(4)] == [500, 302, 404, 200]
    assert [one.answered for one in inbox.of(UUID)] == [500, 302, 404, 200]


def test_a_connection_is_dropped_or_left_hanging(inbox: LiveInbox) -> None:
    """Both are recorded, and the next attempt is accepted."""
    inbox.answer(UUID, "refunded", ["drop", "hang"])
    with pytest.raises(httpx.RemoteProtocolError):
        send(inbox)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(inbox.url(), json={"event": "refunded", "order": {"id": UUID}}, timeout=0.3)
    assert send(inbox).status_code == 200
    assert [one.answered for one in inbox.of(UUID)] == ["drop", "hang", 200]


def test_a_dropped_connection_lets_no_hanging_delivery_go(inbox: LiveInbox) -> None:
    """What stands behind the one that hangs is held up all the same."""
    inbox.answer(UUID, "refunded", ["hang"], "alone")
    inbox.answer(UUID, "refunded", ["drop"])

    def hang() -> None:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(inbox.url("alone"), **EVENT)

    hanging = threading.Thread(target=hang)
    hanging.start()
    eventually(lambda: len(inbox.heard(UUID, "alone")) == 1)
    with pytest.raises(httpx.RemoteProtocolError):
        send(inbox)
    time.sleep(0.1)  # in which the inbox sees that the dropped connection is over
    hung = inbox.heard(UUID, "alone")[0].at
    assert inbox._patience.is_held_up(hung + 0.1)
    hanging.join()
    eventually(lambda: not inbox._patience.is_held_up(hung + 0.1))


def test_what_is_late_at_rest_is_waited_for_until_it_is_there(inbox: LiveInbox) -> None:
    """No longer; and what does not come until the last look is over."""
    send(inbox)
    started = time.monotonic()
    late = threading.Timer(0.2, send, [inbox], {"left_amount": 1})
    late.start()
    inbox.rest_again([(UUID, "refunded", 2)])
    late.join()
    assert len(inbox.heard(UUID)) == 2
    assert time.monotonic() - started < inbox.patience
    inbox.rest_again([(UUID, "refunded", 3)])
    assert time.monotonic() - started >= inbox.patience


def test_of_a_kind_that_is_known_to_be_missing_nothing_is_waited_for_at_rest(
    inbox: LiveInbox,
) -> None:
    """It was waited for once: others have had the time that events take here."""
    inbox.grace = 3.0
    send(inbox)
    inbox._patience.missed(Awaited("another order", "cancelled", 1, MAIN))
    started = time.monotonic()
    inbox.rest_again([(UUID, "cancelled", 1)])
    assert time.monotonic() - started < inbox.patience / 2


def test_attempts_without_a_stated_time_are_not_exercised(inbox: LiveInbox) -> None:
    """Off loopback nobody knows when a retry is due."""
    inbox.retry_within = None
    with pytest.raises(NotExercised, match="--webhook-retry-within"):
        inbox.wait_for_attempts(UUID, "refunded", 2)


def test_strangers_do_not_get_in(inbox: LiveInbox) -> None:
    """Another path is 404, another method 405, a huge body 413."""
    origin = inbox.url().split("/points/")[0]
    assert httpx.post(f"{origin}/main", json={}).status_code == 404
    assert httpx.get(inbox.url()).status_code == 405
    assert httpx.post(inbox.url(), content=b"x" * 2_000_000).status_code == 413


@pytest.mark.parametrize("text", ["", "8080", "localhost", "::1:80", "h:port", "h:70000", ":80"])
def test_what_is_no_address_is_named(text: str) -> None:
    """With what to say instead."""
    with pytest.raises(ListenError, match="--webhook-listen"):
        parse_listen(text)


def test_a_taken_port_is_named(inbox: LiveInbox) -> None:
    """Before anything is sent."""
    with pytest.raises(ListenError, match="cannot listen"):
        LiveInbox(("127.0.0.1", inbox.port))


# ---------------------------------------------------------------------- registering
@pytest.fixture(params=["plain", "awkward"])
def server(request: pytest.FixtureRequest) -> Iterator[SecondServer]:
    """Somebody else's implementation of the API."""
    with SecondServer(request.param) as server:
        yield server


def target_of(server: SecondServer, inbox: LiveInbox) -> ApiTarget:
    """The server as a target with this inbox."""
    environment = {"POINTS_API_KEY": server.key}
    return live_target(LiveSettings(base_url=server.base_url, environment=environment, inbox=inbox))


def test_it_registers_names_the_others_and_is_removed(
    server: SecondServer, inbox: LiveInbox
) -> None:
    """Somebody else's endpoint is named without its query, and left alone."""
    api = target_of(server, inbox)
    api.endpoints.open("the shop", "http://127.0.0.1:9/hook?token=1")
    api.endpoints._run.open.clear()  # as if the user had registered it
    (line,) = inbox.register(api)
    assert "'the shop' at http://127.0.0.1/hook" in line
    assert "token" not in line
    order = api.refundable()
    api.refund(order, amount=sar(100))
    assert inbox.waited_for(order.uuid, "refunded")[0].secret_right
    shown = "".join(exchange.answer for exchange in api.exchanges)
    assert all(row["secret"] not in shown for row in api.endpoints.listed())
    assert inbox.close(api) == []
    assert [row["name"] for row in api.endpoints.listed()] == ["the shop"]
    api.client.close()


def test_a_refused_registration_leaves_the_target_without_inbox(
    server: SecondServer, inbox: LiveInbox
) -> None:
    """The rules say why they are not exercised."""
    api = target_of(server, inbox)
    api.endpoints.open("first", inbox.url())
    inbox.register(api)
    with pytest.raises(NotExercised, match="did not register our webhook endpoint: HTTP 400"):
        api.webhooks()
    api.client.close()


def test_an_endpoint_whose_answer_was_lost_is_found_by_its_url(
    server: SecondServer, inbox: LiveInbox
) -> None:
    """It is removed although nobody knows its uuid."""
    api = target_of(server, inbox)
    inbox.register(api)
    api.endpoints._run.open.clear()
    assert inbox.close(api) == []
    assert api.endpoints.listed() == []
    api.client.close()


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_delivery_is_accepted_with_any_2xx(inbox: LiveInbox, status: int) -> None:
    """As a consumer may answer; 204 has no content, and no length of it."""
    inbox.answer(UUID, "refunded", [status])
    answer = send(inbox)
    assert (answer.status_code, answer.content) == (status, b"")
    assert ("content-length" in answer.headers) is (status != 204)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_delivery_is_answered_with_a_body(inbox: LiveInbox, chunked: bool) -> None:
    """Whole, or in chunks; it is accepted either way."""
    inbox.answer(UUID, "refunded", [Said(202, b'{"queued": 1}', chunked=chunked)])
    answer = send(inbox)
    assert (answer.status_code, answer.json()) == (202, {"queued": 1})
    assert ("transfer-encoding" in answer.headers) is chunked
    assert inbox.of(UUID)[0].accepted
