"""Seeds over the processes of pytest-xdist: the part of the command's own pytest."""

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest

from points_conformance.commands.one_seed import TOLD, Done, Seeds
from points_conformance.report.atomic import write_atomically

__all__ = ["spread"]

_SUITE: Final = Path(__file__).parents[1] / "suite"
_TEST: Final = Path(__file__).with_name("run_seed.py")


def spread(seeds: Seeds, tell: Callable[[Done], None]) -> str:
    """Judge with each seed on some worker; ``tell`` hears of each that ended. Why it ended before
    all were judged, if so.
    """
    args = ["-c", str(_SUITE / "pytest.ini"), "--rootdir", str(_SUITE), "--capture=no"]
    args += ["-qq", "--no-header", "--no-summary", "-o", "console_output_style=classic"]
    args += ["-p", "xdist", "-p", "no:cacheprovider", "--disable-warnings"]
    # One seed at a time: a judging is long, and a worker that has two more would keep others idle.
    args += ["--dist=load", "--maxschedchunk=1", *seeds.spread]
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    controller = _Controller(seeds, tell)
    status = int(pytest.main([*args, str(_TEST)], plugins=[controller]))
    if status == pytest.ExitCode.INTERRUPTED:
        return "interrupted"
    return controller.trouble


class _Controller:
    """The part of the command's own pytest: hands out the job, and hears of what was judged."""

    def __init__(self, seeds: Seeds, tell: Callable[[Done], None]) -> None:
        self._seeds, self._tell = seeds, tell
        self.trouble = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self) -> tuple[str, str, str]:
        """No dots: the lines of the command are all that is told."""
        return "", "", ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Nor what pytest-xdist says of its workers' beginning."""
        session.config.pluginmanager.unregister(name="terminaldistreporter")

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
