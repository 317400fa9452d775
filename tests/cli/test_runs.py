"""What a run does between its first call and its end: interrupts, secrets, the journal."""

from __future__ import annotations

import json
import signal
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import (
    KEY,
    Ended,
    Listener,
    always,
    answer,
    ended,
    listening,
    refusal,
    run,
    start,
)
from tests.second_server import SecondServer

SMOKE = ("--profile", "smoke")
#: What is quick and can be repeated: races cannot, long searches are proven elsewhere.
QUICK = ("--select", "auth.*", "--select", "envelope.*", "--select", "refund.*",
         "--select", "cancel.*")  # fmt: skip
OTHER, PUBLIC = "sk_other_zyxwvutsrqponmlk", "pk_public_aaaabbbbccccdddd"
SECRET = "whsec_" + "q1w2e3r4t5y6u7i8o9p0" * 2


def wait_for(what: Any, seconds: float = 20.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def slow(handler: BaseHTTPRequestHandler) -> None:
    """An API that takes its time."""
    time.sleep(0.3)
    elsewhere(handler)


def elsewhere(handler: BaseHTTPRequestHandler) -> None:
    """An API that knows nobody's order and makes none."""
    if handler.path.endswith("/earning"):
        answer(handler, 422, refusal("Invalid") | {"errors": {"phone_number": ["needed"]}})
    else:
        answer(handler, 404, refusal("Order not found"))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_is_never_green(tmp_path: Path, end: signal.Signals) -> None:
    """Ctrl-C is 2; even after a kill the report on disk is inconclusive and partial."""
    with listening(slow) as listener:
        process = start(tmp_path, "api", "--base-url", listener.base_url, *SMOKE)
        wait_for(lambda: len(listener.calls) > 4 or process.poll() is not None)
        process.send_signal(end)
        done = ended(process, tmp_path)
    assert done.status == (2 if end is signal.SIGINT else -signal.SIGKILL), done
    assert done.report["partial"] is True
    assert done.report["verdict"] in ("inconclusive", "not conformant")
    assert done.report["exit_status"] == 2
    assert "Traceback" not in done.err + done.out


def judged(done: Ended) -> object:
    """All that two runs must agree on."""
    rows = [(r["id"], r["verdict"], r["readings"], r["prerequisite"]) for r in done.report["rules"]]
    report = done.report
    return report["verdict"], report["exit_status"], report["counts"], report["readings"], rows


# ---------------------------------------------------------------------- the same again
@pytest.mark.parametrize("at_once", ["1", "8"])
def test_the_same_seed_sends_the_same_requests(tmp_path: Path, at_once: str) -> None:
    """But for order numbers and uuids, two runs cannot be told apart at the server; side by side
    but for their order.
    """

    def told() -> list[tuple[str, str]]:
        calls = []
        with SecondServer("plain") as server:
            api = server._listener.api
            answered = api.answer

            def note(request: Any) -> Any:
                path = [part if len(part) < 20 else "ID" for part in request.path.split("/")]
                body = request.body.decode(errors="replace")
                if request.path.endswith("/earning") and body.startswith('{"phone'):
                    body = json.dumps({**json.loads(body), "order_number": "N"})
                calls.append((f"{request.method} {'/'.join(path)}", body))
                return answered(request)

            api.answer = note  # type: ignore[method-assign]
            done = run(
                tmp_path, "api", "--base-url", server.base_url, *SMOKE, "--seed", "5",
                *QUICK, "--side-by-side", at_once, key=server.key,
            )  # fmt: skip
            verdicts.append(judged(done))
        return calls if at_once == "1" else sorted(calls)

    verdicts: list[object] = []
    assert told() == told()
    assert verdicts[0] == verdicts[1]


# ---------------------------------------------------------------------- secrets
def test_no_run_tells_a_secret(tmp_path: Path) -> None:
    """Failing, crashing: no file and no output holds a key, a secret, or a piece of one."""
    (tmp_path / "crash.py").write_text(
        "from points_conformance.subjects import catalogue\n"
        "def crash(api):\n"
        "    api.call('GET', '/orders/x', key=api.keys.private[:-1])\n"
        "    raise RuntimeError(f'{api.keys.private} {api.keys.other[3:]}')\n"
        "object.__setattr__(catalogue()['envelope.error'], 'check', crash)\n"
    )

    def echo(handler: BaseHTTPRequestHandler) -> None:
        key = handler.headers.get("x-api-key") or ""
        text = f"no order for {key} {key.upper()} {key[4:]} {OTHER[:-2]} {SECRET}"
        status = 200 if handler.path.endswith("/earning") else 404
        order = {"uuid": "0b5e", "order_status": "approved", "type": 1, "total_price": 100}
        body = {"status": status == 200, "message": text, "appended_data": {}, "data": order}
        answer(handler, status, body, X_Key=key)

    with listening(echo) as listener:
        done = run(
            tmp_path, "api", "--base-url", listener.base_url, *SMOKE, "--", "-p", "crash", "-vv",
            POINTS_OTHER_API_KEY=OTHER, POINTS_PUBLIC_KEY=PUBLIC, POINTS_WEBHOOK_SECRET=SECRET,
        )  # fmt: skip
    assert done.status == 3, done
    assert done.report["counts"]["failed"] > 0
    assert done.report["counts"]["error"] == 1
    texts = [done.out, done.err]
    folder = tmp_path / "points-conformance-report"
    texts += [path.read_text("utf-8", "replace") for path in folder.iterdir()]
    assert len(texts) == 8  # five reports and a journal
    for text in texts:
        for secret in (KEY, OTHER, SECRET):
            half = len(secret) // 2 + 1
            for at in range(len(secret) - half):
                assert secret[at : at + half].lower() not in text.lower()


# ---------------------------------------------------------------------- journal and bounds
def test_the_journal_is_written_before_each_order_is_made(tmp_path: Path) -> None:
    """A run's first line names the server; an order's line is on disk when its call arrives."""
    journal = tmp_path / "points-conformance-report" / "journal.jsonl"
    seen: list[list[dict[str, Any]]] = []
    with SecondServer("plain") as server:
        api = server._listener.api
        answered = api.answer

        def note(request: Any) -> Any:
            if request.path.endswith("/earning") and b"Conformance run" in request.body:
                lines = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
                number = json.loads(request.body)["order_number"]
                assert lines[-1]["kind"] == "order"
                assert lines[-1]["order_number"] == number
                seen.append(lines)
            calls.append(request.path)
            return answered(request)

        calls: list[str] = []
        api.answer = note  # type: ignore[method-assign]
        done = run(
            tmp_path, "api", "--base-url", server.base_url, *SMOKE, "--select", "refund.*",
            key=server.key,
        )  # fmt: skip
        base_url = server.base_url
        assert server.failures == []
    assert done.status == 0, done
    assert seen[0][0]["kind"] == "run"
    assert seen[0][0]["base_url"] == base_url
    made = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    uuids = [line["uuid"] for line in made if line["kind"] == "order made"]
    assert len(uuids) == len(seen) == len(set(uuids))
    assert f"{len(uuids)} orders made, 0 given ones used" in done.report["effect"]
    bound = int(done.report["plan"][1].split("at most ")[1].split()[0])
    assert len(calls) <= bound
    assert done.report["calls"] == len(calls)


def test_a_skipped_order_is_named(tmp_path: Path) -> None:
    """An order of the file that is not as the file says is left alone and told."""
    with SecondServer("plain") as server:
        row = server.make_order(total_price="99.00")
        (tmp_path / "o.json").write_text(json.dumps([row | {"total_price": "98.00"}]))
        done = run(
            tmp_path, "api", "--base-url", server.base_url, "--orders", "o.json",
            "--select", "refund.full", key=server.key,
        )  # fmt: skip
        assert server.ledger(row["uuid"]) == ()
    assert any(row["uuid"] in note and "99.00" in note for note in done.report["notes"])
    assert row["uuid"] in done.out


def test_a_given_order_whose_first_refund_is_refused_is_not_a_finding(tmp_path: Path) -> None:
    """It may be outside the window, or settled: not exercised, and asked."""
    order = {"uuid": "u-1", "type": 1, "order_status": "approved", "total_price": 100}

    def old(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.endswith("/orders/u-1"):
            answer(handler, 200, {"status": True, "message": None, "data": order})
        elif "u-1" in handler.path:
            answer(handler, 400, refusal("Too late"))
        else:
            elsewhere(handler)

    (tmp_path / "o.json").write_text(json.dumps([order]))
    with listening(old) as listener:
        done = run(
            tmp_path, "api", "--base-url", listener.base_url, "--orders", "o.json",
            "--select", "refund.full",
        )  # fmt: skip
    assert done.status == 2, done
    assert done.verdict("refund.full") == "not exercised"
    assert "window" in done.reason("refund.full")


# ---------------------------------------------------------------------- the network
def network(folder: Path, respond: Any, rule: str = "refund.full") -> tuple[Ended, Listener]:
    """Judge a rule on a server that knows one order."""
    order = {"uuid": "u-1", "type": 1, "order_status": "approved", "total_price": 100}
    (folder / "o.json").write_text(json.dumps([order]))

    def handle(handler: BaseHTTPRequestHandler) -> None:
        if "u-1" not in handler.path:
            elsewhere(handler)
        elif handler.command == "GET" and not respond(handler):
            answer(handler, 200, {"status": True, "message": None, "data": order})
        elif handler.command == "POST" and not respond(handler):
            full = order | {"order_status": "fully_refunded"}
            answer(handler, 200, {"status": True, "message": None, "data": full})

    with listening(handle) as listener:
        done = run(
            folder, "api", "--base-url", listener.base_url, "--orders", "o.json", "--select", rule
        )
        return done, listener


def count(listener: Listener, method: str) -> int:
    """Calls about the order."""
    return sum(call == method and "u-1" in path for call, path in listener.calls)


@pytest.mark.parametrize("status", [503, None])
def test_a_post_that_the_network_loses_is_not_sent_again(
    tmp_path: Path, status: int | None
) -> None:
    """A gateway's error and a dropped connection block the rule: inconclusive, and said so."""

    def respond(handler: BaseHTTPRequestHandler) -> bool:
        if handler.command == "GET":
            return False
        if status is None:
            handler.close_connection = True
        else:
            answer(handler, status, "<html>", "text/html")
        return True

    done, listener = network(tmp_path, respond)
    assert done.status == 2, done
    assert done.verdict("refund.full") == "blocked"
    assert count(listener, "POST") == 1
    assert "network" in " ".join(done.report["because"])


def test_a_get_that_the_network_loses_is_sent_again(tmp_path: Path) -> None:
    """One 502 and one dropped connection do not keep an order from being read."""
    troubles = ["drop", "502"]

    def respond(handler: BaseHTTPRequestHandler) -> bool:
        if handler.command == "POST" or not troubles:
            return False
        if troubles.pop() == "drop":
            handler.close_connection = True
        else:
            answer(handler, 502, {})
        return True

    done, listener = network(tmp_path, respond)
    assert troubles == []
    assert count(listener, "POST") == 1
    assert "no answer" not in done.reason("refund.full")


def test_a_server_error_is_a_finding(tmp_path: Path) -> None:
    """500 is the server's own fault: exit 1."""

    def respond(handler: BaseHTTPRequestHandler) -> bool:
        if handler.command == "POST":
            answer(handler, 500, refusal("Server error"))
        return handler.command == "POST"

    done, _ = network(tmp_path, respond)
    assert done.status == 1, done
    assert "server error" in done.reason("refund.full")


def test_a_redirect_in_the_middle_is_a_finding_and_not_followed(tmp_path: Path) -> None:
    """Whoever is pointed to hears nothing."""
    with listening(always(200, {})) as other:

        def respond(handler: BaseHTTPRequestHandler) -> bool:
            if handler.command == "POST":
                answer(handler, 308, {}, Location=other.base_url)
            return handler.command == "POST"

        done, _ = network(tmp_path, respond)
        assert other.calls == []
    assert done.status == 1, done
    assert "redirects" in done.reason("refund.full")
