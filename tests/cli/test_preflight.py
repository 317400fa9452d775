"""Targets that cannot be judged: exit 2, plain lines, and nothing sent where nothing may be."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

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

SHORT = ("--select", "auth.valid-key")


def unjudgeable(done: Ended, *words: str) -> None:
    """Exit 2, two plain lines at most, an inconclusive report."""
    lines = [line for line in done.err.splitlines() if line.strip()]
    assert done.status == 2, done
    assert 1 <= len(lines) <= 2, done.err
    assert "Traceback" not in done.err + done.out
    assert KEY not in done.err + done.out
    for word in words:
        assert word in done.err
    assert done.report["verdict"] == "inconclusive"
    assert done.report["partial"] is True
    assert not (done.folder / "points-conformance-report" / "junit.xml").exists()


def judge(folder: Path, base_url: str, *arguments: str) -> Ended:
    """Judge a server, after an earlier run that was green."""
    reports = folder / "points-conformance-report"
    reports.mkdir()
    (reports / "report.json").write_text('{"verdict": "conformant", "partial": false}')
    (reports / "report.html").write_text("conformant")
    (reports / "junit.xml").write_text("<testsuites/>")
    done = run(folder, "api", "--base-url", base_url, *SHORT, *arguments)
    html = reports / "report.html"
    assert not html.exists() or "inconclusive" in html.read_text("utf-8")
    return done


def test_a_host_that_is_not_there(tmp_path: Path) -> None:
    """Nothing listens: said so, and the old green report is gone."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    unjudgeable(judge(tmp_path, f"http://127.0.0.1:{port}"), "cannot be reached")


def test_a_name_that_is_nobodys(tmp_path: Path) -> None:
    """A host name that does not resolve."""
    unjudgeable(judge(tmp_path, "https://points.invalid"), "cannot be reached")


def test_an_html_page(tmp_path: Path) -> None:
    """A page is no API, whatever its status and content type."""
    with listening(always(200, "<!doctype html><p>Hello", "text/plain")) as listener:
        unjudgeable(judge(tmp_path, listener.base_url), "HTML")
    assert len(listener.calls) == 1


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    """The host that is pointed to hears nothing, and so never sees the key."""
    with listening(always(200, {})) as other:
        to = f"{other.base_url}/orders?key={KEY}"
        with listening(always(307, {}, Location=to)) as listener:
            unjudgeable(judge(tmp_path, listener.base_url), "redirects", "$POINTS_API_KEY")
    assert len(listener.calls) == 1
    assert other.calls == []


def test_a_key_that_is_refused(tmp_path: Path) -> None:
    """The documented refusal of a key, 400 to every call, is said to be that."""
    with SecondServer("plain") as server:
        unjudgeable(judge(tmp_path, server.base_url), "refuses the key", "POINTS_API_KEY")


def test_a_wrong_path_prefix(tmp_path: Path) -> None:
    """404 to everything: the path is named as what to look at."""
    with listening(always(404, refusal("Not found"))) as listener:
        unjudgeable(judge(tmp_path, listener.base_url), "path prefix")
    assert len(listener.calls) <= 5


def test_hanging_and_dripping(tmp_path: Path) -> None:
    """No whole answer in ten seconds, however slowly its bytes come."""

    def hang(handler: BaseHTTPRequestHandler) -> None:
        over.wait(30)

    def drip_head(handler: BaseHTTPRequestHandler) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100:
            handler.wfile.write(bytes([byte]))
            if over.wait(0.5):
                return

    def drip_body(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"{")
            if over.wait(0.5):
                return

    over = threading.Event()
    listeners = [Listener(respond) for respond in (hang, drip_head, drip_body)]
    folders = [tmp_path / str(number) for number in range(3)]
    runs = []
    for listener, folder in zip(listeners, folders, strict=True):
        threading.Thread(target=listener.server.serve_forever, args=(0.01,), daemon=True).start()
        folder.mkdir()
        runs.append(start(folder, "api", "--base-url", listener.base_url, *SHORT))
    began = time.monotonic()
    try:
        for process, folder in zip(runs, folders, strict=True):
            unjudgeable(ended(process, folder), "did not answer within 10 s")
        assert time.monotonic() - began < 25
        assert [len(listener.calls) for listener in listeners] == [1, 1, 1]
    finally:
        over.set()
        for listener in listeners:
            listener.server.shutdown()
            listener.server.server_close()


@pytest.mark.slow
def test_a_server_that_answers_every_call_with_a_byte_a_second_for_ever_ends_the_run(
    tmp_path: Path,
) -> None:
    """A whole smoke run, which ends by itself: exit 2 and one line that says who was too slow."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.close_connection = True
        with contextlib.suppress(OSError):
            while not over.wait(1):
                handler.wfile.write(b" ")

    over = threading.Event()
    began = time.monotonic()
    try:
        with listening(drip) as listener:
            done = run(tmp_path, "api", "--base-url", listener.base_url, "--profile", "smoke")
            unjudgeable(done, listener.base_url, "did not answer within 10 s")
    finally:
        over.set()
    assert 10 <= time.monotonic() - began < 20
    assert len(listener.calls) == 1
    assert len(done.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "https://a..b", "https://.a.example", f"https://{'a' * 64}.example"],
)
def test_a_broken_base_url_is_refused_in_a_line(tmp_path: Path, url: str) -> None:
    """A broken bracket, an empty label, a leading dot, a label of 64."""
    refused = run(tmp_path, "api", "--base-url", url, *SHORT)
    assert refused.status == 2, refused
    assert len(refused.err.strip().splitlines()) == 1
    assert "has no valid host and port" in refused.err
    assert "Traceback" not in refused.out + refused.err


@pytest.mark.parametrize(
    "url",
    [
        "https://business.papp.sa",
        "http://API.papp.sa.:443/api/v1",
        "https://business\u3002papp\u3002sa",
    ],
)
def test_production_needs_leave(tmp_path: Path, url: str) -> None:
    """Nothing is sent to a production host, however it is spelt (tests/targets has all ways)."""
    done = run(tmp_path, "api", "--base-url", url)
    assert done.status == 2, done
    assert "--allow-production" in done.err
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "points-conformance-report" / "journal.jsonl").exists()


def test_plain_http_beyond_this_machine_is_refused(tmp_path: Path) -> None:
    """The key would travel in the open."""
    done = run(tmp_path, "api", "--base-url", "http://192.0.2.1")
    assert done.status == 2, done
    assert "use https" in done.err


@pytest.mark.parametrize("tail", ["", "/", "/api/v1", "/api/v1/"])
def test_the_base_url_is_taken_with_and_without_its_prefix(tmp_path: Path, tail: str) -> None:
    """Every call goes under /api/v1, once."""
    with listening(always(404, refusal("Not found"))) as listener:
        run(tmp_path, "api", "--base-url", f"http://127.0.0.1:{listener.port}{tail}", *SHORT)
    assert listener.calls
    assert all(path.startswith("/api/v1/") for _, path in listener.calls)
    assert not any("/api/v1/api/v1" in path for _, path in listener.calls)


def test_the_environment_stands_in_for_the_base_url_of_this_command_alone(tmp_path: Path) -> None:
    """`api` takes POINTS_BASE_URL; the bare command and `--base-url simulator` do not."""
    with listening(always(404, refusal("Not found"))) as listener:
        url = {"POINTS_BASE_URL": listener.base_url}
        assert run(tmp_path, *SHORT, **url).status == 0
        assert run(tmp_path, "api", "--base-url", "simulator", *SHORT, **url).status == 0
        assert listener.calls == []
        assert run(tmp_path, "api", *SHORT, **url).status == 2
        assert listener.calls


def test_a_dry_run_prints_the_plan_and_the_orders_and_sends_nothing(tmp_path: Path) -> None:
    """No call, no report, no journal; exit 0."""
    with listening(always(200, {})) as listener:
        done = run(
            tmp_path, "api", "--base-url", listener.base_url, "--profile", "smoke", "--dry-run"
        )
    assert done.status == 0, done
    assert listener.calls == []
    for words in ("plan for http://127.0.0.1", "at most", "orders needed", "approved earning, of"):
        assert words in done.out
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_of_the_environment_is_not_used(tmp_path: Path) -> None:
    """Only the named host is called."""
    with (
        listening(always(404, refusal("no"))) as proxy,
        listening(always(404, refusal("no"))) as listener,
    ):
        url = f"http://127.0.0.1:{proxy.port}"
        run(
            tmp_path, "api", "--base-url", listener.base_url, *SHORT,
            HTTP_PROXY=url, http_proxy=url, ALL_PROXY=url,
        )  # fmt: skip
    assert proxy.calls == []
    assert listener.calls


def test_the_report_is_inconclusive_before_the_first_call(tmp_path: Path) -> None:
    """Whoever reads it at the first call sees that the run is not over."""
    seen: list[dict[str, object]] = []

    def look(handler: BaseHTTPRequestHandler) -> None:
        path = tmp_path / "points-conformance-report" / "report.json"
        seen.append(json.loads(path.read_text("utf-8")))
        answer(handler, 404, refusal("no"))

    with listening(look) as listener:
        judge(tmp_path, listener.base_url)
    assert seen[0]["verdict"] == "inconclusive"
    assert seen[0]["partial"] is True
    assert seen[0]["rules"] == []
