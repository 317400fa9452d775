"""Seeds over the processes of pytest-xdist: the part of the command's own pytest."""

import contextlib
import io
import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

import pytest

from points_conformance.commands.one_seed import TOLD, Done, ManySeeds
from points_conformance.report.atomic import write_atomically

__all__ = ["spread"]

_TEST: Final = "points_conformance.commands.run_seed"


def spread(seeds: ManySeeds, tell: Callable[[Done], None]) -> str:
    """Judge with each seed on some worker; ``tell`` hears of each that ended. Why it ended before
    all were judged, if so.
    """
    # By names that other machines know too, and apart from whatever the folder configures.
    args = [f"--config-file={os.devnull}", "--noconftest", "--pyargs", "--capture=no"]
    args += ["-p", "xdist", "-p", "no:cacheprovider"]
    # One seed at a time: a judging is long, and a worker that has two more would keep others idle.
    args += ["--dist=load", "--maxschedchunk=1", *seeds.spread]
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    controller, said = _Controller(seeds, tell), io.StringIO()
    # What the command tells is all that is told, not what pytest says of its tests and workers.
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = int(pytest.main([*args, _TEST], plugins=[controller]))
    if status == pytest.ExitCode.INTERRUPTED:
        return "interrupted"
    if status in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        return "; ".join(["pytest-xdist failed", *said.getvalue().split("\n")[-4:]]).strip("; ")
    return controller.trouble


class _Controller:
    """The part of the command's own pytest: hands out the job, and hears of what was judged."""

    def __init__(self, seeds: ManySeeds, tell: Callable[[Done], None]) -> None:
        self._seeds, self._tell = seeds, tell
        self.trouble = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """What a worker is to do."""
        each = self._seeds.each
        node.workerinput[TOLD] = {"first": each[0], "last": each[-1], **asdict(self._seeds.job)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object | None) -> None:
        """A worker of pytest-xdist ended."""
        if getattr(node, "workeroutput", None) is None:
            self.trouble = f"a worker of pytest-xdist died: {error or 'no word from it'}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One seed was judged; the report of another machine's is brought here."""
        told = dict(report.user_properties).get(TOLD)
        if report.when == "call" and isinstance(told, dict):
            path = self._seeds.job.at(told["seed"]) / "report.json"
            if told["report"] and not path.exists():
                write_atomically(path, told["report"])
            self._tell(Done(told["seed"], told["status"], told["said"]))
