"""The pages of the documentation as what they say to do: their blocks, and how one is carried out.

A page is a story, told from its top in an empty folder: a block that names a file is kept as that
file, a shell block is run, a text after it is what it must print, a diff changes the file before
it. What cannot be run where the tests are says so to its reader (:data:`NOT_RUN`).
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from tests.cli.command import environment

__all__ = [
    "NOT_RUN",
    "PAGES",
    "ROOT",
    "Block",
    "Stage",
    "blocks_of",
    "matches",
    "own_commands",
    "staged",
]

ROOT: Final = Path(__file__).parents[2]
_GENERATED: Final = ("_build", "project", "rules")
#: Whatever a reader is told to read, but what is generated when the site is built.
PAGES: Final = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "docs").rglob("*.md")
    if not set(_GENERATED) & set(path.relative_to(ROOT).parts)
)
#: The paragraph before a block that is not run, with the reason. Readers see it.
NOT_RUN: Final = re.compile(r"(?:^|\n)\*Not run by our tests: (.+?)\.\*$")
_NAMED: Final = re.compile(r"\A(?:<\?php\n)?(?:#|//) ([\w./-]+\.\w+)$", re.MULTILINE)
_IN_FILE: Final = re.compile(r"In `([\w./-]+)`:$")
#: What is there already where the tests run.
_INSTALLS: Final = re.compile(r"^(?:python3 -m venv .*|(?:\S*/)?pip install .*)$", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (\w+)=(\S+)$", re.MULTILINE)
_PORT: Final = re.compile(
    r"(?:(?<=127\.0\.0\.1:)|(?<=0\.0\.0\.0:)|(?<=--port )|(?<=PORT=))\d{4}(?!\d)"
)
_EXIT: Final = re.compile(r"^exit (\d):", re.MULTILINE)
#: Seconds that a block may take.
_MOST: Final = 300
_SECRET: Final = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"


#: No pytest plugin but ours, as in a project that has no other.
_VARIABLES: Final = {
    "POINTS_WEBHOOK_SECRET": _SECRET,
    "PYTEST_ADDOPTS": "-p no:schemathesis -p no:asyncio -p no:cacheprovider",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it is, its language, its text, and the paragraph before it."""

    page: str
    line: int
    language: str
    text: str
    lead: str = ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str:
        """The name of the file that it is, by its first line or the words before it; or nothing."""
        named = _NAMED.search("\n".join(self.text.split("\n", 2)[:2]))
        spoken = _IN_FILE.search(self.lead)
        return named[1] if named else spoken[1] if spoken else ""

    @property
    def not_run(self) -> str:
        """Why it is not run, as its reader is told."""
        said = NOT_RUN.search(self.lead)
        return said[1] if said else ""


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page of the project, from its top."""
    tokens = MarkdownIt().parse((ROOT / page).read_text(encoding="utf-8"))
    found, lead = [], ""
    for token in tokens:
        if token.type == "inline":
            lead = token.content
        elif token.type == "fence" and token.map is not None:
            text, line = token.content.removesuffix("\n"), token.map[0] + 1
            if not token.info.startswith("{"):
                found.append(Block(page, line, token.info, text, lead))
            lead = ""
    return found


def own_commands(block: Block) -> list[str]:
    """The lines of a shell block that call our command, what is broken into several joined."""
    joined = re.sub(r"\\\n\s*", "", block.text)
    return [line for line in joined.splitlines() if line.startswith("points-conformance ")]


def matches(told: str, printed: str) -> bool:
    """Whether a page tells what was printed. ``…`` is whatever; alone on a line, some lines."""
    lines = []
    for line in told.splitlines():
        some = line.strip() == "…"
        words = [re.escape(part) for part in line.rstrip().split("…")]
        lines.append(r"(?:.*\n)*?" if some else ".*".join(words) + r" *\n")
    return re.search(f"^{''.join(lines)}", f"{printed}\n", re.MULTILINE) is not None


@dataclass
class Stage:
    """Where a page is carried out: a folder, and what stands in for the world outside."""

    folder: Path
    variables: dict[str, str] = field(default_factory=_VARIABLES.copy)
    sandbox: str = ""
    _ports: dict[str, int] = field(default_factory=dict)
    _last: str = ""
    _groups: list[int] = field(default_factory=list)

    def carry_out(self, blocks: list[Block]) -> None:
        """All of a page; what does not come out as it says is an assertion that failed."""
        for block, after in zip(blocks, [*blocks[1:], None], strict=True):
            if block.not_run:
                continue
            if block.file:
                self._keep(block.file, block.text)
            elif block.language == "diff":
                self._change(block)
            elif block.language == "sh":
                self._run(block, after if after and after.language == "text" else None)
            else:
                assert block.language == "text", f"{block}: nobody knows what to do with it"

    def _keep(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(text) + "\n", encoding="utf-8")
        self._last = name

    def _change(self, block: Block) -> None:
        lines = block.text.splitlines()
        before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
        after = "\n".join(line[1:] for line in lines if not line.startswith("-"))
        path = self.folder / self._last
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{block}: {self._last} has no such lines"
        path.write_text(text.replace(before, after), encoding="utf-8")

    def _here(self, text: str) -> str:
        """The text with what is at hand in the place of what is elsewhere."""
        text = _PORT.sub(lambda port: str(self._port(port[0])), text)
        text = text.replace("0.0.0.0:", "127.0.0.1:")
        if self.sandbox:
            text = text.replace("https://sandbox.papp.sa", self.sandbox)
            text = text.replace(
                "https://your-tunnel.example", f"http://127.0.0.1:{self._port('9000')}"
            )
        return text

    def _port(self, told: str) -> int:
        if told not in self._ports:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self._ports[told] = free.getsockname()[1]
        return self._ports[told]

    def _run(self, block: Block, output: Block | None) -> None:
        script = self._here(block.text)
        exported = {name: value for name, value in _EXPORT.findall(script) if value != "…"}
        self.variables |= exported
        script = _EXPORT.sub("", script)
        script = "\n".join(
            line for line in script.splitlines() if not _INSTALLS.match(line.split(" && ")[-1])
        )
        runs_on = script.rstrip().endswith("&")
        printed = self.folder / f"printed-{block.line}.txt"
        with printed.open("wb") as file:
            process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=self.folder,
                env=environment(**self.variables)
                | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._groups.append(process.pid)
        status = process.wait(_MOST)
        told = self._here(output.text) if output else ""
        if runs_on:
            self._wait_for_ports(script)
            _until(lambda: matches(told, printed.read_text(encoding="utf-8")))
        text = printed.read_text(encoding="utf-8")
        exits = _EXIT.findall(told)
        assert status == (int(exits[-1]) if exits else 0), f"{block}: exit {status}\n{text}"
        assert matches(told, text), f"{output}: printed was\n{text}"

    def _wait_for_ports(self, script: str) -> None:
        """What runs on in the background listens where it says."""
        told = set(re.findall(r"(?<=127\.0\.0\.1:)\d+|(?<=--port )\d+|(?<=PORT=)\d+", script))
        for port in told & {str(one) for one in self._ports.values()}:
            assert _until(lambda port=port: _listens(int(port))), f"nothing listens on {port}"

    def serve(self) -> None:
        """Begin a sandbox, and know its keys."""
        port = self._port("sandbox")
        told = Block("", 1, "text", "…\n…OTHER_API_KEY=…")
        self._run(Block("", 0, "sh", f"points-conformance serve --port {port} &"), told)
        printed = (self.folder / "printed-0.txt").read_text(encoding="utf-8")
        keys = dict(re.findall(r"^export (\w+KEY)=(\S+)$", printed, re.MULTILINE))
        self.variables |= keys
        self.sandbox = f"http://127.0.0.1:{port}"

    def close(self) -> None:
        """End what runs on."""
        for group in self._groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def _until(happens: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait until it does; whether it did."""
    deadline = time.monotonic() + seconds
    while not (happened := happens()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return happened


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextlib.contextmanager
def staged(folder: Path, *, sandbox: bool) -> Iterator[Stage]:
    """A stage, beside a sandbox of this machine where the page speaks of one."""
    stage = Stage(folder)
    try:
        if sandbox:
            stage.serve()
        yield stage
    finally:
        stage.close()
