"""Live servers of this machine, and an integrator's project whose tests run against them."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.command import COMMAND, environment
from tests.second_server import SecondServer

ROOT = Path(__file__).parents[2]
SIX = (ROOT / "examples" / "test_refunds_in_two_worlds.py").read_text(encoding="utf-8")
#: Orders that no call of the API makes: of ``serve`` by its control API, of the third by its rig.
HOOK = """
import json, os, urllib.request

def posted(url, body):
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)

def pytest_points_make_order(config, type, order_status, total_price):
    kind, url = os.environ["RIG"].split(" ")
    if order_status == "approved":
        return None  # as a shop does, by the earning endpoint
    if kind == "control":
        body = {"type": type, "status": order_status, "total_price": str(total_price)}
        return posted(url + "/orders", body)["uuid"]
    number = 1 if type == "earning" else 2
    body = {"type": number, "status": order_status, "total": int(total_price * 100)}
    return posted(url + "/rig/orders", body)["data"]
"""


@dataclass(frozen=True)
class Server:
    """A live server: where it is, with which key, and where its orders come from."""

    base_url: str
    key: str
    rig: str = ""
    options: tuple[str, ...] = ()


@contextlib.contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(PYTHONPATH=str(ROOT)), stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def third(folder: Path, *options: str) -> Iterator[Server]:
    """The third server, with its database in the folder."""
    module = (sys.executable, "-m", "tests.third_server", str(folder / "shop.sqlite"))
    with started(*module, *options) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield Server(told["base_url"], told["key"], f"rig {told['origin']}")


@contextlib.contextmanager
def second(folder: Path) -> Iterator[Server]:
    """The second server, with an orders file: of its new orders nobody else can have one made."""
    orders = folder / "orders.json"
    with SecondServer() as server:
        rows = [server.make_order("earning", "new", "100.00") for _ in range(2)]
        orders.write_text(json.dumps(rows), encoding="utf-8")
        yield Server(server.base_url, server.key, options=("--points-orders", str(orders)))


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """``points-conformance serve``."""
    with started(*COMMAND, "serve", "--port", "0") as process:
        assert process.stdout is not None
        said = ""
        while "curl" not in said:
            said += process.stdout.readline()
        url, key, control = (
            re.search(pattern, said)[1]  # type: ignore[index]
            for pattern in (r"BASE_URL=(\S+)", r"POINTS_API_KEY=(\S+)", r"control API: (\S+)")
        )
        yield Server(url, key, f"control {control}")


SERVERS = {"serve": serve, "second": second, "third": third}


@dataclass(frozen=True)
class Ended:
    """How pytest ended."""

    status: int
    out: str
    outcomes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shop:
    """A folder with an integrator's tests."""

    folder: Path

    def write(self, **files: str) -> None:
        """Files by their name without ``.py``; ``ini`` is pytest.ini."""
        for name, text in {"ini": "[pytest]\n", **files}.items():
            path = self.folder / ("pytest.ini" if name == "ini" else f"{name}.py")
            path.write_text(text, encoding="utf-8")

    def start(
        self, server: Server | None, *arguments: str, plugins: tuple[str, ...] = (), **more: str
    ) -> subprocess.Popen[str]:
        """Start the integrator's pytest; against a server it is a live run."""
        live: tuple[str, ...] = ()
        variables: dict[str, str] = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **more}
        if server is not None:
            live = ("--points-live", "--points-base-url", server.base_url, *server.options)
            variables = {"POINTS_API_KEY": server.key, "RIG": server.rig, **variables}
        named = [f"-p{name}" for name in ("points_conformance.plugin", *plugins)]
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-v", "-rs", *named, *live, *arguments],
            cwd=self.folder,
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def pytest(
        self, server: Server | None, *arguments: str, plugins: tuple[str, ...] = (), **more: str
    ) -> Ended:
        """Run it to its end."""
        process = self.start(server, *arguments, plugins=plugins, **more)
        out, _ = process.communicate(timeout=120)
        rows = re.findall(
            r"::(\w+(?:\[[^\]]*\])?) (PASSED|FAILED|SKIPPED|ERROR)"
            r"|(PASSED|FAILED|SKIPPED|ERROR) \S+::(\w+(?:\[[^\]]*\])?) *$",
            out,
            re.MULTILINE,
        )
        return Ended(process.returncode, out, {a or d: (b or c).lower() for a, b, c, d in rows})


LISTEN = ("--points-webhook-listen", "127.0.0.1:0")
