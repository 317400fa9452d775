"""The command's server: ready-to-paste lines, clean ends, and no surprise for the network."""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.simulator import Simulator
from points_conformance.simulator.mounts.sandbox import PortTakenError, Sandbox
from points_conformance.simulator.mounts.serve import PublicAddressError, serve


@contextmanager
def serving(**options: object) -> Iterator[list[str]]:
    """The lines that were printed, while it serves on a free port in a thread."""
    lines: list[str] = []
    until = threading.Event()
    arguments = {"port": 0, **options, "echo": lines.append, "until": until}
    thread = threading.Thread(target=serve, kwargs=arguments)
    thread.start()
    try:
        while not any(line.startswith("curl") for line in lines) and thread.is_alive():
            time.sleep(0.002)
        yield lines
    finally:
        until.set()
        thread.join(10)


def exported(lines: list[str]) -> dict[str, str]:
    pairs = (line.removeprefix("export ").partition("=") for line in lines if "export " in line)
    return {name: value for name, _, value in pairs}


def test_what_it_prints_can_be_pasted() -> None:
    """Keys, addresses and a refund that works as printed."""
    with serving(seed=5) as lines:
        given = exported(lines)
        assert set(given) == {
            "POINTS_BASE_URL",
            "POINTS_API_KEY",
            "POINTS_PUBLIC_KEY",
            "POINTS_OTHER_API_KEY",
        }
        control = next(line for line in lines if line.startswith("control API: "))
        keys = httpx.get(control.removeprefix("control API: ") + "/keys").json()
        assert [merchant["key"] for merchant in keys] == [
            given["POINTS_API_KEY"],
            given["POINTS_OTHER_API_KEY"],
        ]
        words = shlex.split(next(line for line in lines if line.startswith("curl ")))
        headers = dict(words[i + 1].split(": ") for i, w in enumerate(words) if w == "-H")
        answer = httpx.post(words[3], headers=headers, content=words[words.index("-d") + 1])
    assert answer.json()["data"]["order_status"] == "partially_refunded"


def test_keys_follow_the_seed() -> None:
    """The same seed, the same keys; another, others."""
    assert exported_keys(1) == exported_keys(1) != exported_keys(2)


def exported_keys(seed: int) -> tuple[str, str]:
    with serving(seed=seed) as lines:
        return exported(lines)["POINTS_API_KEY"], exported(lines)["POINTS_PUBLIC_KEY"]


def test_the_dialect_is_spoken() -> None:
    """A strict server refuses what a strict server refuses."""
    with serving(dialect=DIALECTS["strict"]) as lines:
        given = exported(lines)
        answer = httpx.get(
            f"{given['POINTS_BASE_URL']}/orders/no-uuid",
            headers={"x-api-key": given["POINTS_API_KEY"]},
        )
    assert answer.status_code == int(DIALECTS["strict"].malformed_uuid)


def test_without_control_there_is_none() -> None:
    """Switched off it is 404."""
    with serving(control=False) as lines:
        base = exported(lines)["POINTS_BASE_URL"].removesuffix("/api/v1")
        assert httpx.get(f"{base}/_points/keys").status_code == 404


def test_the_page_is_where_it_says(tmp_path: Path) -> None:
    """Kept in a file or not; switched off with the control API, and then it is not told of."""
    for store in (None, tmp_path / "sandbox.db"):
        with serving(store=store) as lines:
            page = next(line for line in lines if line.startswith("page: "))
            answer = httpx.get(page.removeprefix("page: "), trust_env=False)
        assert "<h1>Points sandbox</h1>" in answer.text
        assert "150.75 of 150.75 SAR left" in answer.text
    with serving(control=False) as lines:
        base = exported(lines)["POINTS_BASE_URL"].removesuffix("/api/v1")
        assert httpx.get(base + "/", trust_env=False).status_code == 404
        assert not any(line.startswith("page: ") for line in lines)


def test_its_clock_is_moved_by_a_test_rig() -> None:
    """Forward, ahead of the machine's; new orders say so."""
    with serving() as lines:
        base = exported(lines)["POINTS_BASE_URL"].removesuffix("/api/v1")
        moved = httpx.post(f"{base}/_points/clock", json={"advance": 86_400}, trust_env=False)
        page = httpx.get(base + "/", trust_env=False).text
    assert moved.status_code == 200
    assert "1 d ahead of this machine" in page


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_a_public_address_needs_leave(host: str) -> None:
    """It is refused by name before anything listens."""
    with pytest.raises(PublicAddressError, match=re.escape(host)):
        serve(host, 0)


def test_a_taken_port_is_an_error() -> None:
    """By its own class, with the address."""
    with Sandbox(Simulator()) as other, pytest.raises(PortTakenError, match=str(other.port)):
        serve(port=other.port)


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX here")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_cleanly(number: int) -> None:
    """Exit status 0 and nothing on standard error, also with a client connected."""
    program = "from points_conformance.simulator.mounts.serve import serve; serve(port=0)"
    with subprocess.Popen(
        [sys.executable, "-u", "-W", "error", "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("curl"):
            lines.append(process.stdout.readline().rstrip("\n"))
        with httpx.Client() as client:
            client.get(exported(lines)["POINTS_BASE_URL"] + "/webhooks")
            process.send_signal(number)
            _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
