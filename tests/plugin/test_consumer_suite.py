"""``ConsumerSuite`` in an integrator's own project."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.command import environment

SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
SUITE = """
import pytest
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.suite import ConsumerSuite

SHOP = SampleConsumer("whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345")
CONSUMER = {consumer}


class TestOurConsumer(ConsumerSuite):
    @pytest.fixture
    def points_consumer(self):
        return CONSUMER
"""
CONFTEST = """
def pytest_points_consumer_state(config, order_id):
    import test_shop
    return test_shop.SHOP.state(order_id)


def pytest_points_consumer_order(config, order):
    assert order["id"]
    return True
"""


def run_suite(
    folder: Path, consumer: str, *arguments: str, conftest: str = CONFTEST, seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """The integrator's pytest run."""
    (folder / "test_shop.py").write_text(SUITE.format(consumer=consumer), encoding="utf-8")
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
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
        timeout=seconds,
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


def test_a_state_hook_that_returns_nonsense_later_is_inconclusive(tmp_path: Path) -> None:
    """The state was promised: it is not exercised, and not green."""
    later = """
ASKED = []


def pytest_points_consumer_state(config, order_id):
    import test_shop
    ASKED.append(order_id)
    return test_shop.SHOP.state(order_id) if len(ASKED) < 25 else {"status": "approved"}
"""
    done = run_suite(tmp_path, "SHOP", conftest=later)
    assert done.returncode == 2, done.stdout + done.stderr
    report = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert report["verdict"] == "inconclusive"
    reasons = {row["reason"] for row in report["rules"] if row["verdict"] == "not exercised"}
    assert any("must be a ConsumerState or None, not {'status': 'approved'}" in r for r in reasons)


ONLY_REFUNDS = 'lambda request: {} if b"refund" in request.content else SHOP(request)'


def test_a_function_that_exits_is_a_finding(tmp_path: Path) -> None:
    """SystemExit in a consumer function: neither exit status 3 nor green."""
    done = run_suite(tmp_path, ONLY_REFUNDS.format("__import__('sys').exit(0)"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "500" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("consumer", "status"),
    [
        ("lambda request: __import__('time').sleep(30) or 204", 2),
        (ONLY_REFUNDS.format("__import__('time').sleep(30) or 204"), 1),
    ],
)
def test_a_function_that_hangs_30_s_ends_in_bounded_time(
    tmp_path: Path, consumer: str, status: int
) -> None:
    """It cannot be judged where it always hangs; else it is a finding."""
    rules = ("-k", "acknowledges-refunded or answers-in-time or second-partial")
    done = run_suite(tmp_path, consumer, *rules, seconds=150)
    assert done.returncode == status, done.stdout + done.stderr
    assert re.search("no answer in (10|25) s", done.stdout)
