"""``ApiSuite`` in an integrator's own project: their conftest, options, marks and exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import environment
from tests.second_server import SecondServer

SUITE = """
from points_conformance.suite import ApiSuite

class TestPoints(ApiSuite):
    pass
"""
OWN = """
def test_ours():
    assert True
"""
FEW = ("--points-select", "auth.valid-key", "--points-select", "refund.full")


@dataclass(frozen=True)
class Project:
    """A folder with an integrator's tests."""

    folder: Path

    def write(self, **files: str) -> None:
        """Files by their name without ``.py``; ``ini`` is pytest.ini."""
        for name, text in files.items():
            path = self.folder / ("pytest.ini" if name == "ini" else f"{name}.py")
            path.write_text(text)

    def pytest(self, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run pytest as the integrator does; plugins of others stay out, for they take time."""
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "points_conformance", *map(str, arguments)],
            cwd=self.folder,
            env=environment(**{"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def report(self) -> dict[str, Any]:
        """report.json in the folder ``report``."""
        report: dict[str, Any] = json.loads((self.folder / "report/report.json").read_text("utf-8"))
        return report


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with the suite and a test of its own."""
    project = Project(tmp_path)
    project.write(ini="[pytest]\n", test_points=SUITE, test_own=OWN)
    return project


# ---------------------------------------------------------------------- one test per rule
def test_every_rule_is_a_test_beside_the_users_own(project: Project) -> None:
    """IDs are the rules'; -k works on them; nothing is asked of a base URL in the environment."""
    done = project.pytest(
        "-v", "-k", "auth or ours", "--points-profile=smoke", "--points-report-dir=report",
        POINTS_BASE_URL="http://127.0.0.1:1",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "test_points.py::TestPoints::test_rule[auth.valid-key] PASSED" in done.stdout
    assert "test_own.py::test_ours PASSED" in done.stdout
    assert "test_rule[refund.full]" not in done.stdout
    assert "conformant" in done.stdout
    assert project.report["target"].startswith("embedded simulator")
    assert "rules left to pytest" in project.report["scope"][-1]


def test_ini_keys_are_the_options(project: Project) -> None:
    """Of the same names; the command line comes first."""
    project.write(
        ini="[pytest]\npoints_profile = smoke\npoints_seed = 7\npoints_report_dir = report\n"
        "points_select = auth.*\n    envelope.*\npoints_deselect = envelope.e*\n"
    )
    done = project.pytest("-q")
    assert done.returncode == 0, done.stdout
    report = project.report
    assert (report["profile"], report["seed"]) == ("smoke", 7)
    ids = {rule["id"] for rule in report["rules"]}
    assert {"auth.valid-key", "envelope.success"} <= ids
    assert not any(id_.startswith(("refund.", "envelope.e")) for id_ in ids)
    assert project.pytest("-q", "--points-seed=9").returncode == 0
    assert project.report["seed"] == 9


def test_a_wrong_option_is_a_plain_line_and_2(project: Project) -> None:
    """No trace, and the run is not green."""
    done = project.pytest("--points-profile=smok")
    assert done.returncode == 2, done.stdout
    assert "no profile 'smok'" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_collecting_alone_judges_nothing(project: Project) -> None:
    """--collect-only lists the tests, and says nothing else."""
    done = project.pytest("--collect-only", "-q", *FEW, "--points-report-dir=report")
    assert done.returncode == 0, done.stdout
    assert "test_rule[auth.valid-key]" in done.stdout
    assert "conformant" not in done.stdout
    assert not (project.folder / "report").exists()


def test_a_dry_run_judges_nothing(project: Project) -> None:
    """The plan and the orders needed are printed; exit 0."""
    done = project.pytest("--points-dry-run", *FEW)
    assert done.returncode == 0, done.stdout
    assert "plan for embedded" in done.stdout
    assert "orders needed" in done.stdout
    assert "conformant" not in done.stdout


# ---------------------------------------------------------------------- outcomes
SPOILED = """
import warnings
from points_conformance.subjects import catalogue
from points_conformance.judging.finding import Finding, NetworkTrouble, NotExercised

def raising(error):
    def check(api):
        raise error
    return check

def pytest_configure(config):
    for id_, error in {
        "auth.header-name": Finding("no good", expected="a", got="b"),
        "envelope.success": Finding("not right", expected="c", got="d"),
        "envelope.error": Finding("excused", expected="e", got="f"),
        "envelope.json": NotExercised("supply something"),
        "envelope.unknown-order": NetworkTrouble("the network is down"),
    }.items():
        object.__setattr__(catalogue()[id_], "check", raising(error))
"""
KNOWN = '[[known]]\nrule = "envelope.error"\nreason = "PAY-7"\n'
SPOILT = [
    word
    for rule in ("auth.header-name", "envelope.success", "envelope.error", "envelope.json",
                 "envelope.unknown-order")
    for word in ("--points-select", rule)
]  # fmt: skip


def test_verdicts_are_pytests_outcomes(project: Project) -> None:
    """Failed, xfailed, skipped with the reason, passed with a warning; and exit 1."""
    project.write(conftest=SPOILED)
    (project.folder / "known.toml").write_text(KNOWN)
    done = project.pytest("-v", "-rsx", *SPOILT, "--points-known-failures=known.toml")
    assert done.returncode == 1, done.stdout
    for words in (
        "test_rule[auth.header-name] PASSED",
        "test_rule[envelope.success] FAILED",
        "test_rule[envelope.error] XFAIL",
        "test_rule[envelope.json] SKIPPED",
        "test_rule[envelope.unknown-order] SKIPPED",
        "supply something",
        "PAY-7",
        "PointsAdvice: auth.header-name",
        "expected: c",
    ):
        assert words in done.stdout
    assert "judge.py" not in done.stdout.replace("session.py", "")


def test_advice_stays_a_warning_where_warnings_are_errors(project: Project) -> None:
    """A project's filters do not turn a SHOULD into a MUST; --points-strict does."""
    project.write(conftest=SPOILED, ini="[pytest]\nfilterwarnings = error\n")
    some = ("--points-select", "auth.header-name")
    advice = project.pytest(*some)
    assert advice.returncode == 0, advice.stdout
    assert "PointsAdvice: auth.header-name" in advice.stdout
    assert project.pytest(*some, "--points-strict").returncode == 1


@pytest.mark.parametrize(
    ("rule", "status"),
    [("envelope.json", 2), ("envelope.unknown-order", 2), ("envelope.success", 1)],
)
def test_the_session_ends_with_the_designs_status(project: Project, rule: str, status: int) -> None:
    """Where nothing was exercised all tests are skipped, and the run is not green."""
    project.write(conftest=SPOILED)
    assert project.pytest("--points-select", rule).returncode == status


def test_the_users_own_failure_is_never_lowered(project: Project) -> None:
    """A green suite beside a red test of theirs is red."""
    project.write(test_own="def test_ours():\n    assert False\n")
    done = project.pytest(*FEW)
    assert done.returncode == 1, done.stdout
    assert "2 passed" in done.stdout


def test_a_rule_that_the_project_skips_is_not_exercised(project: Project) -> None:
    """A mark of theirs is respected and said; without a core rule the run is inconclusive."""
    project.write(
        conftest="import pytest\n"
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n"
        "        if 'header-name' in item.name:\n"
        "            item.add_marker(pytest.mark.skip(reason='not ours'))\n"
    )
    done = project.pytest("--points-select", "auth.valid-key", "--points-select",
                          "auth.header-name", "--points-report-dir=report")  # fmt: skip
    assert done.returncode == 0, done.stdout
    (row,) = [rule for rule in project.report["rules"] if rule["id"] == "auth.header-name"]
    assert row["verdict"] == "not exercised"
    assert "not ours" in row["reason"]


# ---------------------------------------------------------------------- the user's own target
HOOKS = """
import json
from pathlib import Path

def pytest_points_make_order(config, type, order_status, total_price):
    with open("asked.jsonl", "a") as file:
        file.write(json.dumps([type, order_status, str(total_price)]) + "\\n")
    rows = json.loads(Path("orders.json").read_text())
    used = Path("used.txt").read_text().split() if Path("used.txt").exists() else []
    for row in rows:
        if row["uuid"] not in used and (row["type"], row["order_status"]) == (type, order_status):
            Path("used.txt").write_text(" ".join([*used, row["uuid"]]))
            return row["uuid"]

def pytest_points_auto_refund(config, order_uuid):
    Path("auto.txt").write_text(order_uuid)
    return False
"""


def test_their_hooks_and_fixture_are_used(project: Project) -> None:
    """Orders come from the hook; the server from a fixture; a journal is kept."""
    project.write(conftest=HOOKS)
    project.write(
        test_points="""
import os, pytest
from points_conformance.suite import ApiSuite

class TestPoints(ApiSuite):
    @pytest.fixture
    def points_api(self):
        return os.environ["OUR_SERVER"]
"""
    )
    with SecondServer("plain") as server:
        server.orders_file(project.folder / "orders.json", n_each=6)
        done = project.pytest(
            "-v", "--points-select", "cancel.new-order", "--points-select", "refund.full",
            "--points-select", "lifecycle.auto-refund-is-final", "--points-report-dir=report",
            OUR_SERVER=server.base_url, POINTS_API_KEY=server.key,
        )  # fmt: skip
        base_url = server.base_url
        assert not any("Conformance" in str(order) for order in server.shop.orders.values())
    assert done.returncode == 0, done.stdout
    assert "test_rule[cancel.new-order] PASSED" in done.stdout
    assert project.report["target"] == base_url
    asked = (project.folder / "asked.jsonl").read_text().splitlines()
    assert ["earning", "new", "100.00"] in [json.loads(line) for line in asked]
    assert (project.folder / "auto.txt").read_text()
    journal = (project.folder / "report" / "journal.jsonl").read_text().splitlines()
    assert json.loads(journal[0])["base_url"] == base_url
    assert server.key not in done.stdout


def test_a_points_target_of_theirs_is_used(project: Project) -> None:
    """A conftest may replace the session's target as well."""
    project.write(
        conftest="import os, pytest\n"
        "@pytest.fixture(scope='session')\n"
        "def points_target():\n"
        "    return os.environ['OUR_SERVER']\n"
    )
    with SecondServer("plain") as server:
        done = project.pytest(
            *FEW, "--points-report-dir=report",
            OUR_SERVER=server.base_url, POINTS_API_KEY=server.key,
        )  # fmt: skip
        assert len(server.shop.orders) > 1
    assert done.returncode == 0, done.stdout
    assert project.report["target"].startswith("http://127.0.0.1")


def test_a_server_that_cannot_be_judged_is_asked_once(project: Project) -> None:
    """All rules are skipped with the reason, nothing more is sent, and the session ends with 2."""
    done = project.pytest(
        *FEW, "-rs", "--points-base-url=http://127.0.0.1:9", POINTS_API_KEY="sk_test_nobody"
    )
    assert done.returncode == 2, done.stdout
    assert "cannot be reached" in done.stdout
    assert "2 skipped" in done.stdout


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("'http://192.0.2.1'", "use https"),
        ("'https://api.papp.sa'", "--allow-production"),
        ("object()", "points_api must be a base URL"),
    ],
)
def test_a_target_that_cannot_be_is_2_in_plain_words(
    project: Project, target: str, words: str
) -> None:
    """What a fixture returns is checked as an option is."""
    project.write(
        conftest=f"import pytest\n@pytest.fixture(scope='session')\ndef points_target():\n"
        f"    return {target}\n"
    )
    done = project.pytest(*FEW, POINTS_API_KEY="sk_test_nobody")
    assert done.returncode == 2, done.stdout
    assert words in done.stdout
    assert "Traceback" not in done.stdout


def test_one_run_judges_one_server(project: Project) -> None:
    """A second class on another server is not given the verdicts of the first."""
    project.write(
        test_points=SUITE + "\nimport pytest\nclass TestOther(ApiSuite):\n    @pytest.fixture\n"
        "    def points_api(self):\n        return 'http://127.0.0.1:9'\n"
    )
    done = project.pytest("-v", *FEW, POINTS_API_KEY="sk_test_nobody")
    assert done.returncode == 2, done.stdout
    assert "one run judges one server" in done.stdout
    assert "TestOther::test_rule[refund.full] PASSED" not in done.stdout


def test_a_hook_that_raises_is_theirs_and_2(project: Project) -> None:
    """Neither the server's fault nor the kit's."""
    project.write(
        conftest="def pytest_points_make_order(config):\n    raise RuntimeError('no database')\n"
    )
    done = project.pytest(*FEW)
    assert done.returncode == 2, done.stdout
    assert "pytest_points_make_order raised RuntimeError: no database" in done.stdout
    assert "please report" not in done.stdout


# ---------------------------------------------------------------------- workers
def test_workers_of_theirs_agree(project: Project) -> None:
    """pytest -n 2 in their project: the same verdicts, one report, one net effect."""
    some = ("--points-profile=smoke", "--points-select=auth.*", "--points-select=refund.*",
            "--points-seed=random", "--points-report-dir=report")  # fmt: skip
    reports = []
    for workers in ((), ("-p", "xdist", "-n", "2")):
        done = project.pytest("-q", *some, *workers)
        assert done.returncode == 0, done.stdout
        assert "conformant" in done.stdout
        reports.append([(rule["id"], rule["verdict"]) for rule in project.report["rules"]])
    assert reports[0] == reports[1]
    assert len(project.report["effect"]) == 3


# ---------------------------------------------------------------------- who does not ask
@pytest.mark.parametrize(("test", "status"), [("pass", 0), ("assert False", 1), (None, 5)])
def test_a_project_without_a_suite_is_untouched(
    tmp_path: Path, test: str | None, status: int
) -> None:
    """The plugin is installed and nothing of it is seen; no tests stay 5."""
    project = Project(tmp_path)
    project.write(
        ini="[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n"
    )
    if test is not None:
        project.write(test_own=f"def test_ours():\n    {test}\n")
    done = project.pytest(
        "-q",
        "--points-profile=nonsense",
        "-p",
        "no:schemathesis",
        "-p",
        "no:asyncio",  # which warns, by itself, where nobody says how long its loops last
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="",
    )
    assert done.returncode == status, done.stdout
    assert "points" not in done.stdout.replace("points-conformance", "").replace("pytest-of", "")
    assert "conformant" not in done.stdout
    assert {path.name for path in tmp_path.iterdir()} <= {
        "pytest.ini", "test_own.py", "__pycache__", ".pytest_cache",
    }  # fmt: skip
