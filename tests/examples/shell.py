"""A shell in the folder of an example, as its README says to use one."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.command import COMMAND, Ended, environment

SECRET = "made-up-for-tests-0123456789abcdef"


@dataclass(frozen=True)
class Shell:
    """With the kit and this Python first on the path, and a port of its own in ``PORT``."""

    folder: Path
    port: int

    def run(self, *words: object, seconds: float = 240, **variables: str) -> Ended:
        """Run to its end, and end what it left in its session."""
        with subprocess.Popen(
            [str(word) for word in words],
            cwd=self.folder,
            env=environment(**self.variables, **variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                out, _ = process.communicate(timeout=seconds)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return Ended(process.returncode, out, "", self.folder)

    @property
    def variables(self) -> dict[str, str]:
        """What the READMEs export."""
        first = os.pathsep.join([str(Path(COMMAND[0]).parent), os.environ["PATH"]])
        return {"PATH": first, "PORT": str(self.port), "POINTS_WEBHOOK_SECRET": SECRET}

    def start(self) -> None:
        """The shop, as its README says, until it listens."""
        given = environment(**self.variables)
        subprocess.run(["sh", "crash.sh"], cwd=self.folder, env=given, timeout=60, check=True)
        patience = time.monotonic() + 30
        while time.monotonic() < patience:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        pytest.fail((self.folder / "shop.log").read_text("utf-8"))

    @property
    def pid(self) -> int:
        """The shop's process, which leads a group of its own."""
        return int((self.folder / "shop.pid").read_text("utf-8"))

    def end(self) -> None:
        """The shop, with all of its processes, if it was started."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
