"""The command that a finding prints, run as it stands: it fails again, for every subject."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cli.command import Ended, environment, run
from tests.cli.test_client import LOST, RETRIES, SCRIPT, written
from tests.cli.test_consumer import EXAMPLES, NAIVE, SECRET
from tests.second_server import SecondServer


def printed(done: Ended, rule: str) -> str:
    """The command of a rule's finding; the same on the terminal and in every report."""
    row = next(row for row in done.report["rules"] if row["id"] == rule)
    command: str = row["evidence"]["command"]
    assert f"again     {command}" in done.out
    assert command in (done.folder / "points-conformance-report/report.md").read_text("utf-8")
    return command


def test_a_consumers_finding_fails_again(tmp_path: Path) -> None:
    """With the options that say where its state is."""
    for path in EXAMPLES.glob("consumer_naive.py"):
        shutil.copy(path, tmp_path)
    second = "consumer.second-partial-refund"
    words = ["consumer", *NAIVE, "--profile", "smoke", "--select", "consumer.*partial*"]
    done = run(tmp_path, *words, key=None, POINTS_WEBHOOK_SECRET=SECRET)
    command = printed(done, second)
    assert "--url /webhooks/points --state-url '/orders/{order_id}'" in command
    again = run(tmp_path, *shlex.split(command)[1:], key=None, POINTS_WEBHOOK_SECRET=SECRET)
    assert again.status == 1, again.out + again.err
    assert again.verdict(second) == "failed"


def test_a_clients_finding_fails_again(tmp_path: Path) -> None:
    """With its own command and the time that it is given."""
    client = written(tmp_path, SCRIPT + RETRIES)
    words = ["client", "--command", client, "--timeout", "20", "--select", LOST]
    done = run(tmp_path, *words, key=None)
    command = printed(done, LOST)
    assert "--timeout 20" in command
    again = run(tmp_path, *shlex.split(command)[1:], key=None)
    assert again.status == 1, again.out + again.err
    assert again.verdict(LOST) == "failed"


HOOK = """
import pathlib

def pytest_points_make_order(config, type, order_status, total_price):
    pathlib.Path("asked.txt").write_text(order_status)
"""


def test_all_that_a_servers_verdict_rests_on_is_in_the_command(tmp_path: Path) -> None:
    """How long a webhook may take, the rate, the known failures, and the user's own hooks."""
    (tmp_path / "rig.py").write_text(HOOK, "utf-8")
    (tmp_path / "known.toml").write_text(
        '[[known]]\nrule = "auth.unknown-key"\nreason = "ticket 1"\nexpires = 2099-01-01\n'
        "intermittent = true\n",
        "utf-8",
    )
    with SecondServer("plain") as server:
        options = ["--webhook-listen", "127.0.0.1:0", "--webhook-grace", "0.5"]
        options += ["--webhook-retry-within", "1.5", "--rate", "500"]
        options += ["--known-failures", "known.toml"]
        # A key that is another merchant's is taken for the second one's: a finding.
        words = ["api", "--base-url", server.base_url, *options, "--seed", "5"]
        words += ["--select", "isolation.foreign-refund", "--", "-p", "rig"]
        keys = {"POINTS_OTHER_API_KEY": server.key}
        done = run(tmp_path, *words, key=server.key, **keys)
        assert done.status == 1, done.out + done.err
        (tmp_path / "asked.txt").unlink()
        command = printed(done, "isolation.foreign-refund")
        for option in (" ".join(options[n : n + 2]) for n in range(2, len(options), 2)):
            assert option in command
        assert command.endswith("--select isolation.foreign-refund -- -p rig")
        again = run(tmp_path, *shlex.split(command)[1:], key=server.key, **keys)
    assert again.status == 1, again.out + again.err
    assert again.verdict("isolation.foreign-refund") == "failed"
    assert (tmp_path / "asked.txt").exists()


# ---------------------------------------------------------------------- their own pytest
CONFTEST = """
import pytest
from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.targets.api.build import embedded_target

def pytest_addoption(parser):
    parser.addoption("--defect")
    parser.addoption("--rig-token")

@pytest.fixture(scope="session")
def server(request):
    assert request.config.getoption("--rig-token") == "hunter2"
    return embedded_target(parts=SEEDED.named(request.config.getoption("--defect")).parts)
"""
SUITE = """
import pytest
from points_conformance.suite import ApiSuite

class TestPoints(ApiSuite):
    @pytest.fixture
    def points_api(self, server):
        return server
"""


def own_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as an integrator does, in a folder of the project."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_under_their_own_pytest_it_is_their_pytest_that_runs_again(tmp_path: Path) -> None:
    """For their fixtures and options are there alone; what chose tests is left out, and so are
    passwords.
    """
    tests = tmp_path / "tests"
    tests.mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\npoints_profile = smoke\n", "utf-8")
    (tests / "conftest.py").write_text(CONFTEST, "utf-8")
    (tests / "test_points.py").write_text(SUITE, "utf-8")
    words = ["pytest", "-p", "points_conformance", "tests", "-qx", "-k", "refund or told"]
    words += ["--defect", "webhook-small-refund-missing"]
    words += ["--rig-token=hunter2", "--points-seed=3"]
    first = own_pytest(tmp_path, *words, "--points-report-dir", "report")
    assert first.returncode == 2, first.stdout  # -x stopped it at the first failure
    report = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    told = "webhook.every-reversal-is-told"
    row = next(row for row in report["rules"] if row["id"] == told)
    command = row["evidence"]["command"]
    assert command.startswith("python -m pytest -p points_conformance -q --defect ")
    assert "--rig-token=REDACTED" in command
    assert "hunter2" not in first.stdout + json.dumps(report)
    assert command.endswith(" tests/test_points.py::TestPoints")
    assert f"--points-profile smoke --points-seed 3 --points-select {told} --points-sel" in command
    again = command.replace("REDACTED", "hunter2")
    second = own_pytest(tmp_path, *shlex.split(again)[2:])
    assert second.returncode == 1, second.stdout
    assert f"test_rule[{told}]" in second.stdout or "a reversal is not told" in second.stdout
    report = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    row = next(row for row in report["rules"] if row["id"] == told)
    assert row["verdict"] == "failed"
