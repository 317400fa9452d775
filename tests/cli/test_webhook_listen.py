"""``--webhook-listen``: the real command hears a server's webhooks and leaves nothing behind."""

import contextlib
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.command import Ended, ended, run, start
from tests.second_server import SecondServer

from points_conformance.judging.journal import read_journal
from points_conformance.simulator.clock import SystemClock
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.mounts.sandbox import Sandbox
from points_conformance.targets.api.clean import clean_up

WEBHOOKS = ("--select", "webhook.*", "--select", "reading.webhook*")
#: A hook that has the sandbox make orders and refund them by itself.
HOOKS = """
import httpx, os

CONTROL = os.environ["POINTS_CONTROL"]

def pytest_points_make_order(config, type, order_status, total_price):
    fields = {"type": type, "status": order_status, "total_price": str(total_price)}
    return httpx.post(f"{CONTROL}/orders", json=fields).json()["uuid"]

def pytest_points_auto_refund(config, order_uuid):
    return httpx.post(f"{CONTROL}/orders/{order_uuid}/auto-refund").status_code == 200
"""


@contextlib.contextmanager
def sandbox(mode: Mapping[str, Any] | None = None) -> Iterator[Sandbox]:
    """The simulator behind a port, with deliveries of a kind."""
    faults = Faults(Simulator(clock=SystemClock()))
    with Sandbox(faults, courier=Courier(faults, reach="loopback")) as served:
        if mode is not None:
            faults.deliveries.late(0.2, 0.5)
            faults.deliveries.reorder()
            faults.deliveries.repeat()
        yield served


def judge_sandbox(folder: Path, served: Sandbox, *arguments: str) -> Ended:
    """The command on a sandbox, with its hooks."""
    (folder / "rig.py").write_text(HOOKS, "utf-8")
    return run(
        folder, "api", "--base-url", served.base_url, "--webhook-listen", "127.0.0.1:0",
        *arguments, "--", "-p", "rig",
        key=served.simulator.merchant.key,
        POINTS_CONTROL=served.control_url,
        POINTS_OTHER_API_KEY=served.simulator.other.key,
    )  # fmt: skip


def judge_second(folder: Path, server: SecondServer, *arguments: str) -> Ended:
    """The command on the second server, with orders of every kind to use up."""
    server.orders_file(folder / "orders.json", 20)
    return run(
        folder, "api", "--base-url", server.base_url, "--webhook-listen", "127.0.0.1:0",
        "--orders", "orders.json", *arguments,
        key=server.key, POINTS_OTHER_API_KEY=server.other_key,
    )  # fmt: skip


def not_fine(outcome: Ended, *verdicts: str) -> dict[str, str]:
    """The webhook rules with another verdict, and why."""
    return {
        row["id"]: f"{row['verdict']}: {row['reason']}"
        for row in outcome.report["rules"]
        if "webhook" in row["id"] and row["verdict"] not in ("passed", "observed", *verdicts)
    }


@pytest.mark.slow
def test_the_sandbox_is_conformant_and_every_webhook_rule_exercised(tmp_path: Path) -> None:
    """Nothing is registered afterwards, and no secret is in the report."""
    with sandbox() as served:
        outcome = judge_sandbox(tmp_path, served, *WEBHOOKS)
        assert served.simulator.merchant.endpoints == []
    assert outcome.status == 0, outcome.out
    assert not_fine(outcome) == {}
    written = [p.read_text("utf-8") for p in (tmp_path / "points-conformance-report").iterdir()]
    assert not any("whsec_" in text for text in written)


@pytest.mark.slow
def test_late_shuffled_and_repeated_deliveries_are_conformant(tmp_path: Path) -> None:
    """Repeats after a 2xx are advice at most; the run stays within 45 seconds."""
    started = time.perf_counter()
    with sandbox({"bad": "post"}) as served:
        outcome = judge_sandbox(tmp_path, served, *WEBHOOKS)
    assert outcome.status == 0, outcome.out
    assert not_fine(outcome, "advice") == {}
    assert time.perf_counter() - started < 60


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dialect", "mode"),
    [
        ("plain", "prompt"),
        ("plain", "late"),
        ("plain", "shuffled"),
        ("plain", "repeated"),
        ("awkward", "shuffled"),
    ],
)
def test_the_second_server_is_conformant(tmp_path: Path, dialect: str, mode: str) -> None:
    """In both its dialects and however it delivers; only auto-refunds cannot be triggered."""
    with SecondServer(dialect, delivery_mode=mode) as server:
        outcome = judge_second(tmp_path, server, *WEBHOOKS, "--deselect", "webhook.*timeout")
    assert outcome.status == 0, outcome.out
    wrong = not_fine(outcome, "advice" if mode == "repeated" else "")
    assert {id_ for id_ in wrong if "auto-refund" not in id_} == set()


@pytest.mark.parametrize(
    ("defect", "rule"),
    [
        ("webhook-missing-on-second-partial", "webhook.each-part-is-told"),
        ("webhook-cumulative-amount", "webhook.refund-amount"),
        ("webhook-integer-id", "webhook.order-id"),
        ("webhook-wrong-secret", "webhook.secret"),
    ],
)
def test_the_second_servers_defects_are_found(tmp_path: Path, defect: str, rule: str) -> None:
    """By the rule that is about them."""
    with SecondServer("plain", defect) as server:
        outcome = judge_second(tmp_path, server, "--select", rule)
    assert outcome.status == 1, outcome.out
    assert outcome.verdict(rule) == "failed"


def test_nothing_that_arrives_is_no_verdict(tmp_path: Path) -> None:
    """A tunnel that leads nowhere: not exercised, with the reason."""
    with SecondServer() as server:
        outcome = judge_second(
            tmp_path, server, "--select", "webhook.refund-is-told", "--webhook-grace", "0.5",
            "--webhook-url", "http://127.0.0.1:9/nowhere",
        )  # fmt: skip
    assert outcome.status == 2
    assert outcome.verdict("webhook.refund-is-told") == "not exercised"
    assert "no webhook of any order came" in outcome.reason("webhook.refund-is-told")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_that_clean_does_not_find(
    tmp_path: Path, sent: signal.Signals
) -> None:
    """The registration is gone, or in the journal and gone after clean."""
    with SecondServer() as server:
        process = start(
            tmp_path, "api", "--base-url", server.base_url, "--webhook-listen", "127.0.0.1:0",
            key=server.key,
        )  # fmt: skip
        _wait_for_an_endpoint(server)
        process.send_signal(sent)
        outcome = ended(process, tmp_path)
        assert outcome.status == 2
        journal = tmp_path / "points-conformance-report" / "journal.jsonl"
        assert any(entry["kind"] == "endpoint" for entry in read_journal(journal))
        if _endpoints(server):
            clean_up(journal, {"POINTS_API_KEY": server.key})
        assert _endpoints(server) == []


def _wait_for_an_endpoint(server: SecondServer) -> None:
    until = time.monotonic() + 20
    while not _endpoints(server) and time.monotonic() < until:
        time.sleep(0.05)
    assert _endpoints(server)


def _endpoints(server: SecondServer) -> list[Any]:
    headers = {"x-api-key": server.key}
    answer = httpx.get(f"{server.base_url}/webhooks", headers=headers, trust_env=False)
    rows: list[Any] = answer.json()["data"]
    return rows


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--webhook-listen", "nonsense"), "no HOST:PORT"),
        (("--webhook-listen", "127.0.0.1:99999"), "no port"),
        (("--webhook-url", "https://a.example"), "--webhook-listen"),
        (("--webhook-listen", "127.0.0.1:0", "--webhook-url", "a.example"), "--webhook-url"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_sent(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Exit status 2, a line, and no call."""
    with SecondServer() as server:
        outcome = run(tmp_path, "api", "--base-url", server.base_url, *arguments, key=server.key)
        assert server.shop.orders == {}
    assert outcome.status == 2
    assert words in outcome.err + outcome.out


def test_a_taken_port_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    """Exit status 2, a line, and no call."""
    with socket.create_server(("127.0.0.1", 0)) as taken, SecondServer() as server:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        outcome = run(
            tmp_path, "api", "--base-url", server.base_url, "--webhook-listen", listen,
            key=server.key,
        )  # fmt: skip
        assert server.shop.orders == {}
    assert outcome.status == 2
    assert "cannot listen" in outcome.err + outcome.out


def test_a_far_server_needs_a_public_address(tmp_path: Path) -> None:
    """It cannot send anything to this machine's loopback."""
    outcome = run(
        tmp_path, "api", "--base-url", "https://points.example", "--webhook-listen", "127.0.0.1:0"
    )
    assert outcome.status == 2
    assert "--webhook-url" in outcome.err + outcome.out
