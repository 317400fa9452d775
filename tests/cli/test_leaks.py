"""No secret in any file, log or process list, and nothing that a terminal obeys, of the command."""

from __future__ import annotations

import base64
import contextlib
import json
import shlex
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.cli.command import Ended, Listener, always, answer, ended, listening, run, start
from tests.second_server import SecondServer

from points_conformance.judging.visible import visible

KEY = "sk_live/Zq83+LmN0pQrStUv=WxYz"
SECRET = "whsec_Gh72kLmN/pQrS+tUvWxYz01"
#: What follows every uuid.
BEHIND = f"-{KEY.encode().hex()}"
ESCAPE, LINK, TURN = "\x1b[32mconformant\x1b[0m", "\x1b]8;;http://evil\x07see\x1b]8;;\x07", "\u202e"


def spellings(secret: str) -> set[str]:
    """The ways to write a secret that must be nowhere, in lower case."""
    raw = secret.encode()
    inner = [
        base64.b64encode(bytes(n) + raw).decode()[4 : 4 * ((n + len(raw)) // 3)] for n in range(3)
    ]
    plain = {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), raw.hex(), *inner}
    plain |= {"".join(f"%{byte:02x}" for byte in raw)}
    plain |= {text.translate(str.maketrans("+/", "-_")) for text in inner}
    return {text.lower() for text in plain}


def leaks(done: Ended, secret: str) -> list[str]:
    """Where a secret stands in what the run left."""
    texts = {"out": done.out, "err": done.err}
    for path in done.folder.rglob("*"):
        if path.is_file():
            texts[str(path)] = path.read_text("utf-8", "replace")
    return [
        f"{name}: {spelling}"
        for name, text in texts.items()
        for spelling in spellings(secret)
        if spelling in text.lower()
    ]


def assert_clean(done: Ended, secret: str = KEY) -> None:
    """No secret, and nothing that a terminal obeys, in the output and in every file."""
    assert "Traceback" not in done.out + done.err
    assert leaks(done, secret) == []
    assert visible(done.out) == done.out
    assert visible(done.err) == done.err


def echoes() -> str:
    """All that a bad server makes of the key, in one text."""
    raw = KEY.encode()
    ways = [
        KEY, base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), raw.hex(),
        raw.hex().upper(), quote(KEY, safe=""), "".join(f"%{byte:02X}" for byte in raw),
        *(base64.b64encode(b"x" * n + raw + b"tail").decode() for n in range(3)),
    ]  # fmt: skip
    return " ".join([*ways, ESCAPE, LINK, TURN])


class Echo:
    """Passes calls on to a good server, and writes the key and escapes into what it answers."""

    def __init__(self, behind: SecondServer, client: httpx.Client) -> None:
        self.behind = behind
        self.client = client

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """One call."""
        path = handler.path.replace(f"/{quote(KEY, safe='')}", "", 1).replace(BEHIND, "")
        headers = {k: v for k, v in handler.headers.items() if k.lower() in ("content-type",)}
        if handler.headers.get("x-api-key") == KEY:
            headers["x-api-key"] = self.behind.key
        told = self.client.request(
            handler.command,
            self.behind.base_url.removesuffix("/api/v1") + path,
            headers=headers,
            content=handler.body,  # type: ignore[attr-defined]
        )
        answer(handler, told.status_code, self.spoilt(handler, told.json()))

    def spoilt(self, handler: BaseHTTPRequestHandler, told: Any) -> Any:
        """The answer with the key in its message, its order and another endpoint's name."""
        told["message"] = echoes()
        _spoil(told)
        if handler.path.partition("?")[0].endswith("/webhooks") and handler.command == "GET":
            told["data"] = [*_rows(told), self.another()]
        return told

    @staticmethod
    def another() -> dict[str, str]:
        """An endpoint of somebody else."""
        url = f"https://example.com/{base64.urlsafe_b64encode(KEY.encode()).decode()}/{KEY}"
        return {"uuid": KEY.encode().hex(), "name": echoes(), "url": url, "status": "active"}


def _spoil(node: Any) -> None:
    """Every uuid holds the key, and every cancelled order's status does."""
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, dict | list):
            _spoil(value)
    if isinstance(node, dict) and isinstance(node.get("uuid"), str):
        node["uuid"] += BEHIND
    if isinstance(node, dict) and node.get("order_status") == "cancelled":
        node["order_status"] = echoes()


def _rows(told: Any) -> list[Any]:
    data = told.get("data")
    return data if isinstance(data, list) else list(data.get("data", []))


@contextlib.contextmanager
def echoing() -> Iterator[Listener]:
    """A server that echoes, whose base URL has the key in its path."""
    with (
        httpx.Client(trust_env=False) as client,
        SecondServer() as behind,
        listening(Echo(behind, client)) as listener,
    ):
        listener.base_url = f"http://127.0.0.1:{listener.port}/{quote(KEY, safe='')}/api/v1"
        yield listener


def test_a_server_that_echoes_the_key_in_every_way_gets_it_into_no_file(tmp_path: Path) -> None:
    """Base64, base64url, hex of either case, URL-encoded; in messages, statuses, uuids, names and
    URLs of other endpoints, in the base URL's path: neither report, journal nor terminal has it,
    and no escape sequence either.
    """
    with echoing() as server:
        arguments = ["--base-url", server.base_url, "--webhook-listen", "127.0.0.1:0"]
        done = run(tmp_path, "api", *arguments, "--profile", "smoke", "-v", key=KEY)
    assert done.status in (1, 2), done.out + done.err
    assert "FAILED" in done.out
    assert "$POINTS_API_KEY" in done.out
    assert "are also told to these registered endpoints" in done.out
    assert (tmp_path / "points-conformance-report" / "journal.jsonl").exists()
    assert_clean(done)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process table of Linux")
def test_no_key_is_in_the_list_of_processes(tmp_path: Path) -> None:
    """Neither of the run nor of what it starts, Schemathesis and clients say."""
    client = (
        "echo $POINTS_API_KEY >>keys;"
        "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$f; done >>seen 2>/dev/null; exit 11"
    )
    sandboxed = ["client", "--command", shlex.join(["sh", "-c", client])]
    done = run(
        tmp_path, *sandboxed, "--profile", "smoke", "--select", "client.exact-amount", key=KEY
    )
    seen = (tmp_path / "seen").read_text("utf-8", "replace")
    assert "client/keeper.py" in seen, done.out
    with SecondServer() as server:
        select = ["--select", "schema.no-server-error", "--select", "auth.*"]
        process = start(tmp_path, "api", "--base-url", server.base_url, *select, key=server.key)
        while process.poll() is None:
            seen += "".join(_command_lines())
            time.sleep(0.05)
        ended(process, tmp_path)
    assert "points-conformance" in seen
    assert server.key not in seen
    keys = (tmp_path / "keys").read_text("utf-8").split()
    assert keys
    assert not [key for key in [KEY, *keys] if key in seen]


def _command_lines() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_text("utf-8", "replace")


# ---------------------------------------------------------------------- consumers
def said() -> str:
    """What a bad consumer makes of the secret."""
    raw = SECRET.encode()
    ways = [SECRET, base64.b64encode(raw).decode(), raw.hex(), quote(SECRET, safe="")]
    return " ".join([*ways, ESCAPE, TURN])


def bad_consumer(state: object, order_status: int = 200) -> Any:
    """Answers deliveries with 200, orders and states with what it should not say."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "GET":
            answer(handler, 200, state)
        else:
            status = order_status if handler.path.startswith("/orders") else 200
            answer(handler, status, {"said": said()})

    return respond


@pytest.mark.parametrize(
    ("state", "order_status", "word"),
    [
        ({"status": said()}, 200, "leads nowhere"),
        ({"order_status": said(), "refunded_amount": 0}, 200, "is none of"),
        ({"order_status": "refunded", "refunded_amount": 1, "x": said()}, 200, "The state was"),
        ({}, 500, "--order-url"),
    ],
)
def test_a_state_that_holds_the_secret_is_cut_wherever_it_is_shown(
    tmp_path: Path, state: object, order_status: int, word: str
) -> None:
    """A wrong pointer shows the state's JSON, an --order-url what it answered: cut and cleaned."""
    with listening(bad_consumer(state, order_status)) as listener:
        url = f"http://127.0.0.1:{listener.port}/hook"
        arguments = ["--url", url, "--state-url", "/states/{order_id}", "--order-url", "/orders"]
        done = run(tmp_path, "consumer", *arguments, key=None, POINTS_WEBHOOK_SECRET=SECRET)
    assert done.status == 2
    assert word in done.err
    assert "$POINTS_WEBHOOK_SECRET" in done.err
    assert_clean(done, SECRET)


def test_a_replay_shows_no_secret_and_no_escape(tmp_path: Path) -> None:
    """Neither of the state that is read, nor of a story that somebody else wrote."""
    headers = {"X-Webhook-Secret": "$POINTS_WEBHOOK_SECRET"}
    body = json.dumps({"order": {"id": "0b0f7a3e-5f4d-4a52-9d8e-2f6a6d0f9a11"}})
    story = {
        "deliveries": [{"method": "POST", "headers": headers, "body": body}],
        "expected": ESCAPE,
        "got": said(),
    }
    (tmp_path / "story.json").write_text(json.dumps({**story, "got": TURN}))
    with listening(bad_consumer({"order_status": said(), "refunded_amount": said()})) as listener:
        url = f"http://127.0.0.1:{listener.port}/hook"
        arguments = ["--url", url, "--state-url", "/states/{order_id}", "--replay", "story.json"]
        done = run(tmp_path, "consumer", *arguments, key=None, POINTS_WEBHOOK_SECRET=SECRET)
    assert "expected: \\x1b[32mconformant" in done.out
    assert "order " in done.out
    assert_clean(done, SECRET)


# ---------------------------------------------------------------------- before and beside a run
@pytest.mark.parametrize("status", [302, 400])
def test_what_refuses_a_run_is_cleaned(tmp_path: Path, status: int) -> None:
    """A redirect's address holds whatever a server likes, the base URL the key."""
    location = f"http://evil/{KEY.encode().hex()}?a=%1b\u009b"
    with listening(always(status, {"message": echoes()}, Location=location)) as listener:
        base_url = f"http://127.0.0.1:{listener.port}/{quote(KEY, safe='')}"
        done = run(tmp_path, "api", "--base-url", base_url, key=KEY)
    assert done.status == 2
    assert "$POINTS_API_KEY" in done.err
    assert_clean(done)


def test_diff_and_clean_print_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    """A report and a journal are files: others may have written them."""
    old = {"subject": "api", "verdict": "conformant", "readings": {}, "rules": []}
    rules = [{"id": f"x{ESCAPE}", "verdict": "failed", "reason": TURN}]
    new = {**old, "rules": rules, "readings": {LINK: TURN}, "target": ESCAPE}
    (tmp_path / "old.json").write_text(json.dumps(old))
    (tmp_path / "new.json").write_text(json.dumps(new))
    (tmp_path / "other.json").write_text(json.dumps({**old, "subject": ESCAPE}))
    for second in ("new.json", "other.json"):
        done = run(tmp_path, "diff", "old.json", second, key=KEY)
        assert "\\x1b[32m" in done.out + done.err
        assert visible(done.out + done.err) == done.out + done.err
    lines = [
        {"kind": "run", "base_url": f"http://127.0.0.1:9/{ESCAPE}"},
        {"kind": "order made", "order_number": f"1{ESCAPE}", "uuid": f"{TURN}x"},
    ]
    (tmp_path / "journal.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = run(tmp_path, "clean", "journal.jsonl", key=KEY)
    assert "\\u202ex (1\\x1b[32m" in done.out
    assert visible(done.out + done.err) == done.out + done.err
