"""One judging of several: a command of its own, for one seed, that ends when this process does."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from points_conformance.commands.survivor import HELD_BY
from points_conformance.judging.share import SHARE

__all__ = ["TOLD", "Done", "Job", "ManySeeds", "judged"]

#: Seconds that a judging has to end after an interrupt: it takes back what it registered.
_PATIENCE: Final = 15.0
#: The name under which a worker of pytest-xdist is told its job, and tells what came of it.
TOLD: Final = "points_seed"
#: What a judging of one seed must not take for its own.
_OTHERS: Final = ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID")


@dataclass(frozen=True, slots=True)
class Job:
    """What every judging is told beside its seed; plain words, that travel to other machines."""

    subject: str
    words: list[str]
    passed_on: list[str]
    folder: str
    share: str

    def command(self, seed: int) -> list[str]:
        """The command of one judging, of this very Python."""
        python = [sys.executable, "-P", *(f"-W{option}" for option in sys.warnoptions)]
        code = "from points_conformance.cli import main; main(prog_name='points-conformance')"
        words = [*self.words, f"--seed={seed}", f"--report-dir={self.at(seed)}"]
        return [*python, "-c", code, self.subject, *words, "--", *self.passed_on]

    def at(self, seed: int) -> Path:
        """Its report folder."""
        return Path(self.folder) / f"seed-{seed}"


@dataclass(frozen=True, slots=True)
class Done:
    """One judging that ended, with the exit status of its command, and the last that it said."""

    seed: int
    status: int
    said: str


@dataclass(frozen=True, slots=True)
class ManySeeds:
    """All of a command. ``spread`` are the words for pytest-xdist, empty without it."""

    each: range
    job: Job
    spread: Sequence[str] = ()


def judged(job: Job, seed: int) -> Done:
    """Judge with one seed in a process of its own, which ends when this one does."""
    environment = {k: v for k, v in os.environ.items() if k not in _OTHERS} | {SHARE: job.share}
    held: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        if os.name == "posix":
            alive, hold = os.pipe()
            stack.callback(os.close, hold)
            stack.callback(os.close, alive)
            environment[HELD_BY] = str(alive)
            # A terminal's Ctrl-C comes to us alone: who is ended how is said here.
            held = {"pass_fds": (alive,), "process_group": 0}
        # No file that stays: what the user's own code prints may hold a secret.
        output = stack.enter_context(tempfile.TemporaryFile())
        process = subprocess.Popen(  # noqa: S603 - our own command
            job.command(seed),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            **held,
        )
        stack.callback(_end, process)
        status = process.wait()
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").split("\n")
    return Done(seed, status, next((line for line in reversed(lines) if line.strip()), ""))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Whatever ended the wait: no judging goes on unseen."""
    if process.poll() is not None:
        return
    try:
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        process.wait(_PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()
