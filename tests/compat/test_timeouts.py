"""A test of a rule that somebody's timeout ends: the run is never green for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.compat.project import RERUNS, TESTS, TIMEOUT, Ended, Project, shown

#: Hangs once, as it is told of its twelfth event, and is well again.
HANGING_CONSUMER = TESTS.replace(
    "def consumer(request):\n",
    "def consumer(request):\n    TOLD.append(request)\n"
    "    if len(TOLD) == 12:\n        time.sleep(6)\n",
).replace("import pytest\n", "import pytest\nimport time\n\nTOLD = []\n", 1)
HANGING_CLIENT = TESTS.replace(
    "def client(base_url, api_key):\n",
    "def client(base_url, api_key):\n    TOLD.append(api_key)\n"
    "    if len(TOLD) == 1:\n        time.sleep(6)\n",
).replace("import pytest\n", "import pytest\nimport time\n\nTOLD = []\n", 1)
FEW = "acknowledges or second-partial-refund or client.cancel or client.refund or client.lost"
HANGING = pytest.mark.parametrize(
    ("subject", "tests"), [("consumer", HANGING_CONSUMER), ("client", HANGING_CLIENT)]
)


def run(folder: Path, tests: str, *arguments: str, plugins: tuple[str, ...] = ()) -> Ended:
    """A run in which each test of the suite that hangs may take three seconds."""
    assert tests != TESTS
    suite = "class TestOurClient" if tests == HANGING_CLIENT else "class TestOurConsumer"
    mark = shown(0).splitlines()[0].partition("  #")[0].replace("900", "3")
    assert mark == "@pytest.mark.timeout(3)"  # as docs/other-plugins.md shows it
    tests = tests.replace(suite, f"{mark}\n{suite}")
    project = Project(folder, [TIMEOUT, *plugins], tests=tests, mark="@pytest.mark.skip")
    return project.run(*arguments, few=FEW)


def is_not_green(ended: Ended, subject: str) -> None:
    """It says that it was broken off, and exercised what it could not."""
    assert ended.status in (1, 2), ended.out
    told = ended.reports[subject]
    assert (told["verdict"], told["partial"]) == ("inconclusive", True), ended.out
    assert told["exit_status"] == 2


@HANGING
def test_a_signal(tmp_path: Path, subject: str, tests: str) -> None:
    """What was broken off is not begun again: no later test of the suite is judged."""
    ended = run(tmp_path, tests, "--timeout-method=signal")
    is_not_green(ended, subject)
    assert "the judging was broken off: Timeout (>3.0s)" in ended.out
    # What was judged before the other hung has its outcome: cases of a client begin side by side.
    suite = [how for name, how in ended.outcomes.items() if f"test_rule[{subject}." in name]
    ended_at = next(at for at, how in enumerate(suite) if how != "passed")
    assert "passed" not in suite[ended_at:]
    assert len(suite[ended_at:]) > 1
    other = {"consumer": "client", "client": "consumer"}[subject]
    assert ended.reports[other]["verdict"] == "conformant"


@HANGING
def test_a_signal_and_another_try(tmp_path: Path, subject: str, tests: str) -> None:
    """The second try would not hang; it makes nothing good."""
    arguments = ("--timeout-method=signal", "--reruns=2")
    is_not_green(run(tmp_path, tests, *arguments, plugins=(RERUNS,)), subject)


def test_a_thread(tmp_path: Path) -> None:
    """This method ends the whole process; what the run left on disk is inconclusive."""
    ended = run(tmp_path, HANGING_CONSUMER, "--timeout-method=thread")
    is_not_green(ended, "consumer")
    is_not_green(ended, "client")


def test_workers(tmp_path: Path) -> None:
    """The worker that judged tells the others."""
    ended = run(tmp_path, HANGING_CONSUMER, "--timeout-method=signal", "-n", "2", "-p", "xdist")
    is_not_green(ended, "consumer")
