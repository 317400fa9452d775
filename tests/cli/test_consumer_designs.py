"""Consumers of every honest design on a real port, and states that give out in the middle."""

import collections
import contextlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from tests.cli.command import Ended, Listener, answer, listening, run

from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.defects.consumer.styles import OwnOrders

SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
SMOKE = ("--profile", "smoke")
Handler = BaseHTTPRequestHandler
#: What becomes of a read of the state; ``False`` where it is answered as ever.
Spoils = Callable[[Handler, str], bool]


def delivered(shop: SampleConsumer, handler: Handler) -> int:
    """Hand the delivery to the consumer; its status."""
    body: bytes = handler.body  # type: ignore[attr-defined]
    told = shop(httpx.Request(handler.command, "/", headers=dict(handler.headers), content=body))
    return told if isinstance(told, int) else told.status_code


def show(shop: SampleConsumer, handler: Handler, order: str) -> None:
    """Answer with the order's state."""
    state = shop.state(order)
    shown = state and {"order_status": state.status, "refunded_amount": str(state.refunded)}
    answer(handler, 200 if shown else 404, shown)


def judged(folder: Path, port: int, *arguments: str) -> Ended:
    """Run the command on the consumer of that port."""
    url = f"http://127.0.0.1:{port}/webhooks/points"
    state = ("--state-url", "/orders/{order_id}", "--settle", "0.5")
    return run(
        folder,
        *("consumer", "--url", url, *state, *arguments),
        key=None,
        POINTS_WEBHOOK_SECRET=SECRET,
    )


# ---------------------------------------------------------------------- honest designs
def test_one_connection_at_a_time_is_served(tmp_path: Path) -> None:
    """A server with one thread that keeps its connections: who keeps one locks all others out."""
    shop = SampleConsumer(SECRET)

    class OneThread(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            self.body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.command == "GET":
                show(shop, self, self.path.rpartition("/")[2])
            else:
                time.sleep(0.02)
                answer(self, delivered(shop, self), "")

        do_GET = do_POST = do_PUT = handle_any  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), OneThread)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        rules = ("--select", "consumer.repeats-at-once", "--select", "consumer.answers-*")
        done = judged(tmp_path, server.server_address[1], *rules)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
    assert done.status == 0, done.out + done.err


@pytest.mark.slow
def test_who_answers_429_above_20_a_second_is_conformant(tmp_path: Path) -> None:
    """Deliveries and reads of the state alike; every one that was turned away comes again."""
    shop, taken, away = SampleConsumer(SECRET), collections.deque([0.0] * 20, maxlen=20), []

    def respond(handler: Handler) -> None:
        now = time.monotonic()
        if now - taken[0] < 1:
            away.append(now)
            answer(handler, 429, {}, Retry_After="1")
            return
        taken.append(now)
        if handler.command == "GET":
            show(shop, handler, handler.path.rpartition("/")[2])
        else:
            answer(handler, delivered(shop, handler), "")

    with listening(respond) as consumer:
        done = judged(tmp_path, consumer.port, *SMOKE)
        assert done.report["calls"] == len(consumer.calls)
    assert done.status == 0, done.out + done.err
    assert 1 <= len(away) < 20


# ---------------------------------------------------------------------- states that give out
def spoilt(status: int, content: object = "", kind: str = "text/plain", **headers: str) -> Spoils:
    """The state is answered so."""

    def spoil(handler: Handler, order: str) -> bool:
        answer(handler, status, content, kind, **headers)
        return True

    return spoil


def reset(handler: Handler, order: str) -> bool:
    """The connection is dropped."""
    handler.close_connection = True
    handler.connection.close()
    return True


WAYS: dict[str, Spoils] = {
    "500": spoilt(500),
    "503": spoilt(503),
    "401": spoilt(401),
    "429": spoilt(429, Retry_After="3600"),
    "302": spoilt(302, Location="/login"),
    "HTML": spoilt(200, "<html>log in</html>", "text/html"),
    "resets": reset,
    "drops the field": spoilt(200, {"order_status": "approved"}, "application/json"),
}


def with_state(spoils: Spoils, when: Callable[[SampleConsumer, int, str], bool]) -> Listener:
    """A good consumer whose state is spoilt at times: by the number of the read, and the order."""
    shop, reads = SampleConsumer(SECRET), [0]

    def respond(handler: Handler) -> None:
        if handler.command != "GET":
            answer(handler, delivered(shop, handler), "")
            return
        reads[0] += 1
        order = handler.path.rpartition("/")[2]
        if not (when(shop, reads[0], order) and spoils(handler, order)):
            show(shop, handler, order)

    return Listener(respond)


@pytest.mark.parametrize("way", WAYS)
def test_a_state_that_works_at_first_and_then_gives_out_is_inconclusive(
    tmp_path: Path, way: str
) -> None:
    """A consumer's state endpoint works through calibration and then answers 500, 503, 401, 429,
    302, HTML, resets, or drops the field: the state was promised.
    """
    with with_state(WAYS[way], lambda shop, read, order: read > 12).serving() as consumer:
        rules = ("--select", "consumer.second-partial-refund", "--select", "consumer.cancel")
        done = judged(tmp_path, consumer.port, *rules)
    assert done.status == 2, done.out + done.err
    assert done.report["verdict"] == "inconclusive"
    assert "failed" not in {row["verdict"] for row in done.report["rules"]}
    reasons = [row["reason"] for row in done.report["rules"]]
    assert any("the state could be read at first, and not now" in text for text in reasons) or (
        way == "429" and any("429" in text for text in reasons)
    )


def test_a_state_that_fails_only_for_auto_refunded_orders_is_inconclusive(tmp_path: Path) -> None:
    """All others are judged."""

    def auto_refunded(shop: SampleConsumer, read: int, order: str) -> bool:
        return order in {json.loads(key)["order"]["id"] for key in shop.seen if "auto_ref" in key}

    with with_state(WAYS["500"], auto_refunded).serving() as consumer:
        done = judged(tmp_path, consumer.port, *SMOKE)
    assert done.status == 2, done.out + done.err
    assert done.verdict("consumer.auto-refund") == "not exercised"
    assert done.verdict("consumer.second-partial-refund") == "passed"


@pytest.mark.slow
def test_a_state_that_drips_a_byte_a_second_ends(tmp_path: Path) -> None:
    """After 10 s, not for ever; the run is inconclusive."""

    def drips(handler: Handler, order: str) -> bool:
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(40):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.5)
        handler.close_connection = True
        return True

    with with_state(drips, lambda shop, read, order: read > 10).serving() as consumer:
        done = judged(tmp_path, consumer.port, "--select", "consumer.cancel")
    assert done.status == 2, done.out + done.err
    assert done.verdict("consumer.cancel") == "not exercised"


# ---------------------------------------------------------------------- orders told of
def test_an_order_url_that_gives_out_is_inconclusive(tmp_path: Path) -> None:
    """--order-url answers 500 from the 13th order on: the way to tell of orders was promised."""
    shop, told = OwnOrders(SECRET), []

    def respond(handler: Handler) -> None:
        if handler.command == "GET":
            show(shop, handler, handler.path.rpartition("/")[2])
        elif handler.path == "/orders":
            told.append(json.loads(handler.body)["id"])  # type: ignore[attr-defined]
            if len(told) < 13:
                shop.told_of(told[-1])
            answer(handler, 201 if len(told) < 13 else 500, {})
        else:
            answer(handler, delivered(shop, handler), "")

    with listening(respond) as consumer:
        done = judged(tmp_path, consumer.port, *SMOKE, "--order-url", "/orders")
    assert done.status == 2, done.out + done.err
    assert done.report["verdict"] == "inconclusive"
    assert "failed" not in {row["verdict"] for row in done.report["rules"]}
    assert 13 <= len(told) < 20


# ---------------------------------------------------------------------- replay
STORY = {
    "deliveries": [
        {
            "method": "POST",
            "headers": {
                "X-Webhook-Secret": "$POINTS_WEBHOOK_SECRET",
                "X-Webhook-Event": "completed",
            },
            "body": '{"event":"completed","order":{"id":"4f9d2a6e-1b3c-4d5e-8f70-112233445566"}}',
        }
    ],
    "expected": "x",
    "got": "y",
}


def replayed(folder: Path, story: object, port: int, *arguments: str) -> Ended:
    """Send a story again."""
    text = story if isinstance(story, str) else json.dumps(story)
    (folder / "story.json").write_text(text, encoding="utf-8")
    return judged(folder, port, *arguments, "--replay", "story.json")


def changed(**row: object) -> dict[str, object]:
    """The story with another delivery."""
    return {**STORY, "deliveries": [{**STORY["deliveries"][0], **row}]}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "story",
    [
        "", "[]", "null", "{", "7", '"x"', "[" * 3000, "{}",
        {"deliveries": []}, {"deliveries": {}}, {"deliveries": [7]}, {"deliveries": [{}]},
        changed(method="GET /x HTTP/1.1\r\n"), changed(method=7), changed(method=""),
        changed(headers=[]), changed(headers={"A": 7}), changed(headers={"A": "b\r\nC: d"}),
        changed(headers={"A\n": "b"}), changed(headers={"A": "ü"}),
        changed(body=7), changed(body="\ud800"),
    ],
)  # fmt: skip
def test_a_broken_story_is_2_and_one_line(tmp_path: Path, story: object) -> None:
    """--replay with broken stories: nothing is sent."""
    done = replayed(tmp_path, story, 9)
    assert done.status == 2, done.out + done.err
    assert "is no story of a run" in done.out + done.err
    assert len((done.out + done.err).strip().splitlines()) == 1


def test_a_replay_with_the_consumer_down_is_2_and_one_line(tmp_path: Path) -> None:
    """With what happened."""
    done = replayed(tmp_path, STORY, 9)
    assert done.status == 2
    assert "gives no answer to the story's delivery: ConnectError" in done.out + done.err
    assert len((done.out + done.err).strip().splitlines()) == 1


def test_a_replay_never_prints_the_secret(tmp_path: Path) -> None:
    """Neither a state that holds it nor a story with it in it; and nothing a terminal obeys."""

    def respond(handler: Handler) -> None:
        assert handler.command == "GET" or handler.headers["X-Webhook-Secret"] == SECRET
        status = f"{SECRET} \x1b[31m"
        answer(handler, 200, {"order_status": status, "refunded_amount": 0})

    story = {**STORY, "expected": SECRET}
    with listening(respond) as consumer:
        done = replayed(tmp_path, story, consumer.port)
    assert done.status == 0, done.out + done.err
    assert "order " in done.out
    assert SECRET not in done.out + done.err
    assert "\x1b" not in done.out + done.err
