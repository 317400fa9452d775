"""``points-conformance consumer``: the real command, by URL and by application."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tests.cli.command import Ended, always, answer, listening, run

SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
EXAMPLES = Path(__file__).parents[2] / "examples"
STATE = ("--state-url", "/orders/{order_id}")
GOOD = ("--app", "consumer_good:app", "--url", "/webhooks/points", *STATE, "--state-unit", "halala")
NAIVE = ("--app", "consumer_naive:app", "--url", "/webhooks/points", *STATE)
SMOKE = ("--profile", "smoke")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with the example consumers."""
    for path in EXAMPLES.glob("consumer_*.py"):
        shutil.copy(path, tmp_path)
    return tmp_path


def judged(folder: Path, *arguments: object, secret: str = SECRET) -> Ended:
    """Run the command on a consumer."""
    return run(folder, "consumer", *arguments, key=None, POINTS_WEBHOOK_SECRET=secret)


# ---------------------------------------------------------------------- verdicts
@pytest.mark.slow
def test_the_good_example_is_conformant(shop: Path) -> None:
    """ASGI with its lifespan; 9 s on two idle cores; the secret is nowhere in the report."""
    started = time.monotonic()
    done = judged(shop, *GOOD, "--strict")
    assert done.status == 0, done.out + done.err
    assert time.monotonic() - started < 45
    assert "conformant: 61 of 61 rules that" in done.out
    for path in (shop / "points-conformance-report").rglob("*.*"):
        assert SECRET not in path.read_text(encoding="utf-8")


QUEUEING = """
import threading
import consumer_good
from consumer_good import app

BOOK, LOCK = consumer_good.book, threading.Lock()


def book(*told):
    with LOCK:
        BOOK(*told)


def later(digest, payload):
    for name in ("total_price", "refund_amount")[: 1 + ("refunded" in payload["event"])]:
        consumer_good.number(payload["order"][name])
    threading.Timer(0.3, book, (digest, payload)).start()


consumer_good.book = later
"""


@pytest.mark.slow
def test_a_queueing_consumer_is_conformant(shop: Path) -> None:
    """The good example, 0.3 s late; 26 s on two idle cores."""
    (shop / "consumer_queueing.py").write_text(QUEUEING, encoding="utf-8")
    started = time.monotonic()
    done = judged(shop, "--app", "consumer_queueing:app", *GOOD[2:], "--strict")
    assert done.status == 0, done.out + done.err
    assert time.monotonic() - started < 90


def test_the_documented_one_loses_the_second_refund(shop: Path) -> None:
    """WSGI; the story has at most four deliveries, is kept, and can be sent again."""
    done = judged(shop, *NAIVE, *SMOKE)
    assert done.status == 1, done.out + done.err
    failed = [rule["id"] for rule in done.report["rules"] if rule["verdict"] == "failed"]
    assert failed == ["consumer.second-partial-refund"]
    story = shop / "points-conformance-report" / "stories" / "consumer.second-partial-refund.json"
    assert len(json.loads(story.read_text("utf-8"))["deliveries"]) <= 4
    assert SECRET not in story.read_text("utf-8")
    again = judged(shop, *NAIVE, "--replay", story)
    assert again.status == 0, again.out
    assert "partially_refunded, refunded 25.00" in again.out
    assert again.out.count("-> 204") == 3


def test_without_a_probe_the_run_is_inconclusive(shop: Path) -> None:
    """And says which half was not tested."""
    done = judged(shop, *GOOD[:4], *SMOKE)
    assert done.status == 2, done.out + done.err
    assert done.report["verdict"] == "inconclusive"
    assert done.verdict("consumer.second-partial-refund") == "not exercised"
    assert any("the half that matters was not tested" in note for note in done.report["notes"])


@pytest.fixture
def by_url(shop: Path) -> Iterator[str]:
    """The good example as a server of its own, with a database that persists."""
    code = (
        "import uvicorn, socket, consumer_good as c; s = socket.socket(); s.bind(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True);"
        "uvicorn.Server(uvicorn.Config(c.app, log_level='critical')).run([s])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=shop,
        env={
            **os.environ,
            "POINTS_WEBHOOK_SECRET": SECRET,
            "SHOP_DATABASE": str(shop / "shop.db"),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    for _ in range(100):
        if (shop / "shop.db").exists():
            break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/webhooks/points"
    process.terminate()
    process.wait(10)
    process.stdout.close()


def test_a_consumer_behind_a_url_is_judged_twice_alike(shop: Path, by_url: str) -> None:
    """The ids are fresh in each run: a database that persists spoils nothing."""
    for seed in (0, 1):
        done = judged(
            shop, "--url", by_url, *STATE, "--state-unit", "halala", *SMOKE, "--seed", seed
        )
        assert done.status == 0, done.out + done.err


# ---------------------------------------------------------------------- exit status 2
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "no consumer: give --url URL or --app pkg.mod:app"),
        (("--url", "ftp://x/y"), "'ftp://x/y' is not a URL"),
        (("--url", "http://shop.example/hook"), "plain HTTP to shop.example"),
        (("--app", "consumer_good"), "names no application: give pkg.mod:app"),
        (("--app", "nowhere:app"), "nowhere cannot be imported"),
        (("--app", "consumer_good:nope"), "consumer_good has no nope"),
        ((*GOOD, "--app-interface", "cgi"), "--app-interface 'cgi' is none of auto, asgi, wsgi"),
        ((*GOOD, "--state-unit", "fils"), "--state-unit 'fils' is none of sar, halala"),
        ((*GOOD, "--state-url", "/orders"), "has no {order_id} in it"),
        ((*GOOD, "--state-status", "status"), "no JSON pointer: it starts with /"),
        ((*GOOD, "--state-map", "paid=bezahlt"), "--state-map 'paid=bezahlt': give OWN=OURS"),
        ((*GOOD, "--settle", "0s"), "--settle '0s' is no number"),
        ((*GOOD, "--select", "refund.*"), "no rule of consumer matches 'refund.*'"),
        ((*GOOD, "--replay", "none.json"), "--replay none.json cannot be read"),
    ],
)
def test_a_wrong_option_is_2_before_anything_is_sent(
    shop: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    """One or two plain lines."""
    done = judged(shop, *arguments)
    assert done.status == 2, done.out + done.err
    assert complaint in done.out + done.err
    assert "Traceback" not in done.out + done.err


@pytest.mark.parametrize("secret", ["", "two\nlines"])
def test_the_secret_must_be_one(shop: Path, secret: str) -> None:
    """Absent or with a line's end."""
    done = judged(shop, *GOOD, secret=secret)
    assert done.status == 2
    assert "POINTS_WEBHOOK_SECRET" in done.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((*GOOD, "--state-refunded", "/refund"), '"refunded_amount":0}'),
        ((*GOOD, "--state-map", "approved=cancelled"), "are the pointers and words right?"),
        ((*GOOD[:-2], "--state-unit", "sar"), "say --state-unit halala"),
        ((*GOOD, "--state-url", "/none/{order_id}"), "knows none of 3 orders"),
    ],
)
def test_what_cannot_be_read_is_2_and_not_thirty_findings(
    shop: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    """A wrong pointer, word or unit; the JSON is shown."""
    done = judged(shop, *arguments, "--settle", "0.5")
    assert done.status == 2, done.out + done.err
    assert complaint in done.out + done.err


def says_in_two_lines(done: Ended, *complaints: str) -> None:
    """It is exit status 2, and two plain lines are all that is said."""
    assert done.status == 2, done.out + done.err
    assert len(done.err.strip().splitlines()) == 2, done.err
    assert not done.out.strip() or done.out.strip().startswith("no tests ran in "), done.out
    for complaint in complaints:
        assert complaint in done.err


def test_a_wrong_path_is_2(shop: Path) -> None:
    """Where 404 is the answer to everything."""
    done = judged(shop, *GOOD, "--url", "/none")
    says_in_two_lines(done, "answers 404 to every delivery", "Give its whole URL, path included")


def test_a_consumer_that_is_down_or_knows_another_secret_is_2(shop: Path) -> None:
    """In two plain lines."""
    down = judged(shop, "--url", "http://127.0.0.1:9/hook")
    says_in_two_lines(down, "cannot be judged: ConnectError", "Start the consumer")
    with listening(always(401, {})) as consumer:
        other = judged(shop, "--url", f"http://127.0.0.1:{consumer.port}/hook")
    says_in_two_lines(other, "it knows another secret", "Set POINTS_WEBHOOK_SECRET")


def late(handler: BaseHTTPRequestHandler) -> None:
    """Answer too late."""
    time.sleep(11)
    answer(handler, 200, {})


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer with a byte a second; for ever, as far as this test goes."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    with contextlib.suppress(OSError):
        for _ in range(60):
            handler.wfile.write(b" ")
            time.sleep(1)


@pytest.mark.slow
def test_a_consumer_that_never_answers_is_2(shop: Path) -> None:
    """After one delivery of 25 s, whose answer drips a byte a second."""
    with listening(drip) as consumer:
        done = judged(shop, "--url", f"http://127.0.0.1:{consumer.port}/hook")
    says_in_two_lines(done, "no answer in 25 s", "Start the consumer")


@pytest.mark.slow
def test_a_consumer_that_answers_later_than_10_s_is_not_conformant(shop: Path) -> None:
    """Two deliveries show it, and no more are made: 21 s, of whatever is asked."""
    started = time.monotonic()
    with listening(late) as consumer:
        done = judged(shop, "--url", f"http://127.0.0.1:{consumer.port}/hook")
    assert done.status == 1, done.out + done.err
    assert done.report["verdict"] == "not conformant"
    assert done.verdict("consumer.answers-in-time") == "failed"
    reason = done.reason("consumer.answers-in-time")
    assert re.search(r"after 1\d\.\d s; late were 2 of 2 attempts", reason)
    assert time.monotonic() - started < 90


def test_a_dry_run_sends_nothing(shop: Path) -> None:
    """It prints the plan."""
    done = judged(shop, *GOOD, "--dry-run")
    assert done.status == 0, done.out + done.err
    assert "plan for application consumer_good:app" in done.out
