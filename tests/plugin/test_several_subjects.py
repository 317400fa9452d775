"""An integrator's project that judges its consumer, its client and the API in one pytest run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.command import environment

SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
SUITES = """
import pytest
from points_conformance.defects.client.sample import SampleClient
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.suite import ApiSuite, ClientSuite, ConsumerSuite

SHOP = SampleConsumer("whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345")


class TestTheApi(ApiSuite):
    pass


class TestOurConsumer(ConsumerSuite):
    @pytest.fixture
    def points_consumer(self):
        return {consumer}


class TestOurClient(ClientSuite):
    @pytest.fixture
    def points_api_client(self):
        return {client}


def test_something_of_ours():
    assert {fine}
"""
CONFTEST = """
def pytest_points_consumer_state(config, order_id):
    import test_shop
    return test_shop.SHOP.state(order_id)
"""
#: A rule or two of each.
FEW = "cancel.new-order or second-partial-refund or client.cancel or refund.full or of_ours"
SUBJECTS = ["api", "client", "consumer"]


def run_all(
    folder: Path,
    *arguments: str,
    consumer: str = "SHOP",
    client: str = "SampleClient",
    fine: bool = True,
) -> subprocess.CompletedProcess[str]:
    """The integrator's pytest run."""
    suites = SUITES.format(consumer=consumer, client=client, fine=fine)
    (folder / "test_shop.py").write_text(suites, encoding="utf-8")
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "points_conformance.plugin", "-k", FEW),
            *("--points-report-dir=report", "--points-profile=smoke", *arguments),
        ],
        cwd=folder,
        env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", POINTS_WEBHOOK_SECRET=SECRET),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def verdicts(folder: Path) -> dict[str, str]:
    """What the reports say of each subject."""
    found = {}
    for path in sorted((folder / "report").glob("*/report.json")):
        report = json.loads(path.read_text("utf-8"))
        assert report["subject"] == path.parent.name
        found[report["subject"]] = report["verdict"]
    return found


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "two workers"])
def test_each_subject_has_a_report_of_its_own(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """And the run ends well where all are conformant."""
    done = run_all(tmp_path, *workers)
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(tmp_path) == dict.fromkeys(SUBJECTS, "conformant")
    assert sum(line.startswith("conformant in the scope") for line in done.stdout.splitlines()) == 6
    assert not (tmp_path / "report" / "report.json").exists()


def test_what_one_breaks_is_not_the_others(tmp_path: Path) -> None:
    """A consumer that cannot be judged leaves the run inconclusive, and the others judged."""
    done = run_all(tmp_path, consumer="lambda request: 500")
    assert done.returncode == 2, done.stdout
    assert verdicts(tmp_path)["client"] == verdicts(tmp_path)["api"] == "conformant"
    assert verdicts(tmp_path)["consumer"] == "inconclusive"


def test_a_wrong_client_fails_the_run(tmp_path: Path) -> None:
    """Though consumer and API are right."""
    done = run_all(tmp_path, client="lambda base_url, key: object()")
    assert done.returncode == 1, done.stdout
    assert verdicts(tmp_path) == {
        "api": "conformant", "client": "not conformant", "consumer": "conformant",
    }  # fmt: skip


def test_the_projects_own_failures_count(tmp_path: Path) -> None:
    """Where every subject is conformant."""
    done = run_all(tmp_path, fine=False)
    assert done.returncode == 1, done.stdout
    assert verdicts(tmp_path) == dict.fromkeys(SUBJECTS, "conformant")
    assert "1 failed" in done.stdout


def test_one_subject_alone_keeps_the_folder(tmp_path: Path) -> None:
    """Others that nothing is asked of say nothing."""
    done = run_all(tmp_path, "test_shop.py::TestOurClient")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))["subject"] == "client"
    )
