"""Whole commands and servers for the bench, each in a process of its own."""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
from tests.cli.command import COMMAND, environment

__all__ = ["Run", "api_server", "bare", "first_told", "judged", "sandbox", "side_by_side"]

#: Orders that the server's own earning endpoint does not make, of one that has the control API.
_HOOKS = """
import os

import httpx

control = httpx.Client(base_url=os.environ["POINTS_CONTROL"], trust_env=False)

def posted(path, **fields):
    return control.post(path, json=fields).raise_for_status().json()

def pytest_points_make_order(config, type, order_status, total_price):
    if type == "earning" and order_status == os.environ["POINTS_EARNED"]:
        return None
    return posted("/orders", type=type, status=order_status, total_price=str(total_price))["uuid"]

def pytest_points_auto_refund(config, order_uuid):
    return bool(posted(f"/orders/{order_uuid}/auto-refund"))
"""
#: How a finding is told when it is found.
_FOUND = ("failed ", "advice ")
#: How a run tells that the server cannot be judged, where it tells of no finding before.
_ENDED = ("ERROR:", "inconclusive:", "denied ")
_LISTENING = ("--webhook-listen", "127.0.0.1:0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the command: wall and CPU seconds, the most memory of the process that judges in
    MB, and when the first finding was told (``None``: not before the end).
    """

    verdict: str
    calls: int
    seconds: float
    cpu: float
    megabytes: float
    first: float | None


def judged(*options: str, server: Mapping[str, str] | None = None, webhooks: bool = False) -> Run:
    """Judge a server, or without one the embedded simulator, in the standard profile."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        process = _judging(folder, options, server, webhooks=webhooks)
        held: list[float] = []
        threading.Thread(target=_watch, args=(process.pid, held), daemon=True).start()
        first = _first_finding(process, started)
        if process.stdout is not None:
            process.stdout.close()
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0  # it has been waited for
        seconds = time.perf_counter() - started
        report = json.loads(Path(folder, "points-conformance-report/report.json").read_text())
    return Run(
        verdict=report["verdict"],
        calls=report["calls"],
        seconds=seconds,
        cpu=used.ru_utime + used.ru_stime,
        megabytes=max(held, default=0.0),
        first=first,
    )


def first_told(server: Mapping[str, str]) -> float | None:
    """Seconds until the first finding of a server is told, webhooks judged, or that it cannot be
    judged; the run ends there. ``None``: it told of neither, to its end.
    """
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with _judging(folder, (), server, webhooks=True) as process:
            try:
                return _first_finding(process, started, to_the_end=False)
            finally:
                process.terminate()
                process.communicate()


def _judging(
    folder: str, options: Sequence[str], server: Mapping[str, str] | None, *, webhooks: bool
) -> subprocess.Popen[str]:
    """The command, judging, with its report in this folder."""
    keys: dict[str, str] = {}
    chosen = [*options]
    if server is not None:
        chosen += ["--base-url", server["base_url"], *(_LISTENING if webhooks else ())]
        names = {"key": "API_KEY", "other_key": "OTHER_API_KEY", "public_key": "PUBLIC_KEY"}
        keys = {f"POINTS_{variable}": server[name] for name, variable in names.items()}
        if "control" in server:
            Path(folder, "rig.py").write_text(_HOOKS, encoding="utf-8")
            keys |= {"POINTS_CONTROL": server["control"], "POINTS_EARNED": server["earned"]}
            keys["PYTHONPATH"] = _with(folder)
            chosen += ["--", "-p", "rig"]
    return subprocess.Popen(
        [*COMMAND, "api", *chosen],
        cwd=folder,
        env=_installed(**keys),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _with(folder: str) -> str:
    return os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))


def _watch(command: int, held: list[float]) -> None:
    """Note what the child of the command holds at most, which judges, as long as it lasts. That of
    Schemathesis, a child of its own, is larger and always the same.
    """
    with contextlib.suppress(OSError):
        while True:
            time.sleep(0.05)
            children = Path(f"/proc/{command}/task/{command}/children").read_text().split()
            for child in children[:1]:
                status = Path(f"/proc/{child}/status").read_text()
                peaks = re.findall(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
                held.extend(int(peak) / 1024 for peak in peaks)


def _first_finding(
    process: subprocess.Popen[str], started: float, *, to_the_end: bool = True
) -> float | None:
    """Read what a command says; after how many seconds it told of a finding (or, where it is not
    read to the end, that there will be none).
    """
    first, words = None, _FOUND if to_the_end else _FOUND + _ENDED
    for line in process.stdout or ():
        if first is None and line.lstrip().startswith(words):
            first = time.perf_counter() - started
            if not to_the_end:
                break
    return first


def _installed(**variables: str) -> dict[str, str]:
    """The environment of who installed the kit: compiled once, and not anew for each run."""
    return {k: v for k, v in environment(**variables).items() if k != "PYTHONDONTWRITEBYTECODE"}


@cache
def _knows(option: str) -> bool:
    shown = subprocess.run([*COMMAND, "api", "--help"], capture_output=True, text=True, check=True)
    return option in shown.stdout


def side_by_side(numbers: Sequence[int]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What it is called, and the options of it, for each number of rules at once; just one where
    the command has no such option.
    """
    if not _knows("--side-by-side"):
        yield "one after another", ()
        return
    for number in numbers:
        yield f"{number} side by side", ("--side-by-side", str(number))


# ---------------------------------------------------------------------- servers
@contextmanager
def _serving(*command: str) -> Iterator[Iterator[str]]:
    """The lines that a server says, while it serves."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=_installed()
    )
    stdout = process.stdout
    assert stdout is not None
    try:
        yield iter(stdout)
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def api_server(*arguments: str, defect: str = "") -> Iterator[dict[str, str]]:
    """The second server with these arguments, or the simulator with a seeded defect in threads:
    base URL and keys.
    """
    module = ["tests.defects.threaded", defect] if defect else ["tests.second_server", *arguments]
    with _serving(sys.executable, "-m", *module) as lines:
        told: dict[str, str] = json.loads(next(lines))
        yield told


@contextmanager
def sandbox() -> Iterator[tuple[str, str]]:
    """``serve``: the address of an order's refund, and a key."""
    with _serving(*COMMAND, "serve", "--port", "0") as lines:
        exported: dict[str, str] = {}
        while len(exported) < 2:
            name, _, value = next(lines).removeprefix("export ").strip().partition("=")
            if name in ("POINTS_BASE_URL", "POINTS_API_KEY"):
                exported[name] = value
        # What else it says is read, so that it never waits for a reader.
        threading.Thread(target=lambda: list(lines), daemon=True).start()
        base, key = exported["POINTS_BASE_URL"], exported["POINTS_API_KEY"]
        control = base.removesuffix("/api/v1") + "/_points/orders"
        order = httpx.post(control, json={"total_price": "1000000.00"}, trust_env=False).json()
        yield f"{base}/orders/{order['uuid']}/refund", key


@contextmanager
def bare(size: int) -> Iterator[str]:
    """uvicorn and one Starlette route with an answer of so many bytes: its address."""
    with _serving(sys.executable, "-m", "tests.quality.bench.bare_server", str(size)) as lines:
        yield next(lines).strip()
