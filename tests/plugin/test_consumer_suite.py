"""``ConsumerSuite`` in an integrator's own project."""

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.command import environment

SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
SUITE = """
import pytest
from points_conformance.defects.consumer_sample import SampleConsumer
from points_conformance.suite import ConsumerSuite

SHOP = SampleConsumer("whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345")


class TestOurConsumer(ConsumerSuite):
    @pytest.fixture
    def points_consumer(self):
        return {consumer}
"""
CONFTEST = """
def pytest_points_consumer_state(config, order_id):
    import test_shop
    return test_shop.SHOP.state(order_id)


def pytest_points_consumer_order(config, order):
    assert order["id"]
    return True
"""


def run_suite(folder: Path, consumer: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The integrator's pytest run."""
    (folder / "test_shop.py").write_text(SUITE.format(consumer=consumer), encoding="utf-8")
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "points_conformance", "-v"),
            *("--points-report-dir=report", "--points-profile=smoke", *arguments),
        ],
        cwd=folder,
        env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", POINTS_WEBHOOK_SECRET=SECRET),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_function_is_judged_with_hooks(tmp_path: Path) -> None:
    """One test per rule; the state comes from the hook; the report is about the consumer."""
    done = run_suite(tmp_path, "SHOP")
    assert done.returncode == 0, done.stdout + done.stderr
    name = "test_shop.py::TestOurConsumer::test_rule[consumer.second-partial-refund] PASSED"
    assert name in done.stdout
    report = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert (report["subject"], report["verdict"]) == ("consumer", "conformant")


def test_what_is_no_consumer_is_said_to_be_none(tmp_path: Path) -> None:
    """The run is not green."""
    done = run_suite(tmp_path, "object()", "-x")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "is it an ASGI or a WSGI application?" in done.stdout


def test_a_consumer_that_is_down_is_not_green(tmp_path: Path) -> None:
    """Every test is skipped with the reason; exit status 2."""
    done = run_suite(tmp_path, "'http://127.0.0.1:9/hook'")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "cannot be judged" in done.stdout
