"""Seeds over the processes of pytest-xdist: a test of its own for each, which judges in a child of
its worker. A plugin of the command's pytest and of its workers', and the file with that test.
"""

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest

from points_conformance.commands.one_seed import Done, Job, Seeds, judged
from points_conformance.report.atomic import write_atomically

__all__ = ["spread"]

_SUITE: Final = Path(__file__).parents[1] / "suite"
_TOLD: Final = "points_seed"


# ---------------------------------------------------------------------- the command
def spread(seeds: Seeds, tell: Callable[[Done], None]) -> str:
    """Judge with each seed on some worker; ``tell`` hears of each that ended. Why it ended before
    all were judged, if so.
    """
    args = ["-c", str(_SUITE / "pytest.ini"), "--rootdir", str(_SUITE), "-q", "--no-header"]
    args += ["-p", "xdist", "-p", __name__, "-p", "no:cacheprovider", "--disable-warnings"]
    # One seed at a time: a judging is long, and a worker that has two more would keep others idle.
    args += ["--dist=load", "--maxschedchunk=1", *seeds.spread]
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    controller = _Controller(seeds, tell)
    status = int(pytest.main([*args, f"{__file__}::test_seed"], plugins=[controller]))
    if status == pytest.ExitCode.INTERRUPTED:
        return "interrupted"
    return controller.trouble


class _Controller:
    """The part of the command's own pytest: hands out the job, and hears of what was judged."""

    def __init__(self, seeds: Seeds, tell: Callable[[Done], None]) -> None:
        self._seeds, self._tell = seeds, tell
        self.trouble = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """The lines of the command are all that is told, not those of pytest."""
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        config.pluginmanager.unregister(reporter)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """What a worker is to do."""
        each = self._seeds.each
        node.workerinput[_TOLD] = {"first": each[0], "last": each[-1], **asdict(self._seeds.job)}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object | None) -> None:
        """A worker of pytest-xdist ended."""
        if getattr(node, "workeroutput", None) is None:
            self.trouble = f"a worker of pytest-xdist died: {error or 'no word from it'}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One seed was judged; the report of another machine's is brought here."""
        told = dict(report.user_properties).get(_TOLD)
        if report.when == "call" and isinstance(told, dict):
            path = self._seeds.job.at(told["seed"]) / "report.json"
            if told["report"] and not path.exists():
                write_atomically(path, told["report"])
            self._tell(Done(told["seed"], told["status"], told["said"]))


# ---------------------------------------------------------------------- a worker
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each seed."""
    told = getattr(metafunc.config, "workerinput", {}).get(_TOLD)
    if told is not None and "points_one_seed" in metafunc.fixturenames:
        metafunc.parametrize("points_one_seed", range(told["first"], told["last"] + 1), ids=str)


@pytest.fixture
def points_job(request: pytest.FixtureRequest) -> Job:
    """What every judging is told."""
    told = getattr(request.config, "workerinput")[_TOLD]  # noqa: B009 - a worker's alone
    return Job(**{name: told[name] for name in Job.__slots__})


def test_seed(points_one_seed: int, points_job: Job, record_property: Any) -> None:
    """Judged, whatever came of it: that is the joined report's."""
    done = judged(points_job, points_one_seed)
    path = points_job.at(points_one_seed) / "report.json"
    text = path.read_text("utf-8") if path.exists() else ""
    record_property(_TOLD, {**asdict(done), "report": text})
