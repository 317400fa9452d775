"""A subject is judged once in a run: by one judge, in one process, in whatever order is asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import environment
from tests.second_server import SecondServer

from points_conformance.judging.verdict import Outcome, OutcomeKind
from points_conformance.plugin.one_judging import DIED, SharedJudging, identity

#: A seeded defect judged in an integrator's project; ``points_target`` is made in every worker.
DEFECTIVE = """
import os
import pytest
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.targets.api.build import embedded_target
from points_conformance.suite import ApiSuite

class TestPoints(ApiSuite):
    pass

@pytest.fixture(scope="session")
def points_target():
    return embedded_target(parts=SEEDED.named(os.environ["DEFECT"]).parts)
"""
SUITE = """
from points_conformance.suite import ApiSuite

class TestPoints(ApiSuite):
    pass
"""
#: Tests in another order: reversed, or at random with a seed.
ORDER = """
import os, random

def pytest_collection_modifyitems(items):
    order = os.environ.get("ORDER")
    if order == "reversed":
        items.reverse()
    elif order:
        random.Random(order).shuffle(items)
"""
SPREAD = [("1", ""), ("4", ""), ("1", "reversed"), ("1", "7"), ("2", "reversed"), ("8", "8")]


def run(
    folder: Path, *arguments: str, workers: str = "1", **variables: str
) -> subprocess.CompletedProcess[str]:
    """The integrator's pytest, with workers of their own where there is more than one."""
    spread = () if workers == "1" else ("-p", "xdist", "-n", workers)
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "points_conformance.plugin", *spread),
            *("--points-report-dir=report", *arguments),
        ],
        cwd=folder,
        env=environment(
            PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", TMPDIR=str(shared(folder)), **variables
        ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def shared(folder: Path) -> Path:
    """Where temporary files of the run go."""
    path = folder / "tmp"
    path.mkdir(exist_ok=True)
    return path


def report(folder: Path) -> dict[str, Any]:
    """report.json."""
    told: dict[str, Any] = json.loads((folder / "report" / "report.json").read_text("utf-8"))
    return told


def verdicts(folder: Path) -> object:
    """All that must not depend on how tests are spread or ordered."""
    told = report(folder)
    rows = [(r["id"], r["verdict"], r["reason"], r["readings"]) for r in told["rules"]]
    return told["verdict"], told["exit_status"], told["effect"], rows


def write(folder: Path, **files: str) -> None:
    """Files of the project, by their name without ``.py``."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)


# ---------------------------------------------------------------------- spread and ordered
@pytest.mark.slow
@pytest.mark.parametrize(
    "defect",
    [
        "webhook-small-refund-missing",
        "webhook-refused-refund-told",
        "rest-without-amount-gives-all-again",
    ],
)
def test_failed_however_the_tests_are_spread_or_ordered(tmp_path: Path, defect: str) -> None:
    """Under the user's own ``-n 4``, or with tests in random order: what closes a run judges all
    that the run did.
    """
    write(tmp_path, test_points=DEFECTIVE, conftest=ORDER)
    found = []
    for workers, order in SPREAD[:4]:
        done = run(tmp_path, "--points-profile=smoke", workers=workers, DEFECT=defect, ORDER=order)
        assert done.returncode == 1, done.stdout + done.stderr
        assert report(tmp_path)["verdict"] == "not conformant"
        found.append(verdicts(tmp_path))
    assert found == found[:1] * len(found)


@pytest.mark.slow
def test_the_same_verdict_for_any_number_of_workers_and_any_order(tmp_path: Path) -> None:
    """Random order, ``-n 2``, ``-n 4``, ``-n 8``, with ``--select`` and ``--deselect`` of
    families.
    """
    write(tmp_path, test_points=SUITE, conftest=ORDER)
    some = ("--points-profile=smoke", "--points-select=refund.*", "--points-select=webhook.*",
            "--points-select=auth.*", "--points-deselect=auth.h*")  # fmt: skip
    found = []
    for workers, order in SPREAD:
        done = run(tmp_path, *some, workers=workers, ORDER=order)
        assert done.returncode == 0, done.stdout + done.stderr
        found.append(verdicts(tmp_path))
    assert found == found[:1] * len(found)
    assert list(shared(tmp_path).glob("points-*")) == []


def test_each_call_to_a_live_server_is_made_once(tmp_path: Path) -> None:
    """Two workers judge no more than one does, open one listener, and keep one journal."""
    write(tmp_path, test_points=SUITE)
    some = ("--points-profile=smoke", "--points-select=refund.*", "--points-select=webhook.refund*",
            "--points-webhook-listen=127.0.0.1:0")  # fmt: skip
    found = []
    for workers in ("1", "3"):
        with SecondServer("plain") as server:
            done = run(
                tmp_path, *some, f"--points-base-url={server.base_url}", workers=workers,
                POINTS_API_KEY=server.key,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            orders = len(server.shop.orders)
        journal = (tmp_path / "report" / "journal.jsonl").read_text("utf-8").splitlines()
        kinds = [json.loads(line)["kind"] for line in journal]
        (tmp_path / "report" / "journal.jsonl").unlink()
        assert kinds.count("run") == 1
        found.append((orders, report(tmp_path)["calls"], report(tmp_path)["effect"]))
    assert found[0] == found[1]


def test_a_consumer_with_an_app_fixture_is_judged_once(tmp_path: Path) -> None:
    """Each worker has a fixture of its own, and one of them gets the deliveries."""
    secret = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
    write(
        tmp_path,
        test_shop="import os, pytest\n"
        "from points_conformance.defects.consumer.sample import SampleConsumer\n"
        "from points_conformance.suite import ConsumerSuite\n"
        f"SHOP = SampleConsumer({secret!r})\n"
        "def receive(request):\n"
        "    open(f'got.{os.getpid()}', 'a').write('x')\n"
        "    return SHOP(request)\n"
        "class TestShop(ConsumerSuite):\n"
        "    @pytest.fixture\n"
        "    def points_consumer(self):\n"
        "        return receive\n",
        conftest="def pytest_points_consumer_state(config, order_id):\n"
        "    import test_shop\n    return test_shop.SHOP.state(order_id)\n",
    )
    done = run(
        tmp_path, "--points-profile=smoke", "--points-deselect=consumer.stories", workers="3",
        POINTS_WEBHOOK_SECRET=secret,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.glob("got.*"))) == 1
    assert report(tmp_path)["verdict"] == "conformant"


def test_one_run_judges_one_server_in_other_workers_too(tmp_path: Path) -> None:
    """A second class on another server is not shown the verdicts of the first."""
    write(
        tmp_path,
        test_points=SUITE + "\nimport pytest\nclass TestOther(ApiSuite):\n    @pytest.fixture\n"
        "    def points_api(self):\n        return 'http://127.0.0.1:9'\n",
    )
    done = run(
        tmp_path, "--points-select=auth.valid-key", "--points-select=refund.full", workers="2",
        POINTS_API_KEY="sk_test_nobody",
    )  # fmt: skip
    assert done.returncode == 2, done.stdout
    assert report(tmp_path)["verdict"] == "inconclusive"


# ---------------------------------------------------------------------- stops early
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_first_failure_that_ends_the_run_falsifies_nothing(tmp_path: Path, workers: str) -> None:
    """``-x`` with a wrong rule last: never green, whatever came before it."""
    write(tmp_path, test_points=DEFECTIVE, conftest=ORDER)
    done = run(
        tmp_path, "-x", "--points-profile=smoke", workers=workers,
        DEFECT="rest-without-amount-gives-all-again", ORDER="reversed",
    )  # fmt: skip
    assert done.returncode in (1, 2), done.stdout
    assert report(tmp_path)["verdict"] == "not conformant"


def test_a_mark_of_theirs_keeps_a_rule_from_being_judged(tmp_path: Path) -> None:
    """Also where another test asks first: what their ``skip`` leaves out is not sent."""
    write(
        tmp_path,
        test_points=SUITE,
        conftest="import pytest\n"
        "def pytest_collection_modifyitems(items):\n"
        "    items.reverse()\n"
        "    for item in items:\n"
        "        if 'header-name' in item.name:\n"
        "            item.add_marker(pytest.mark.skip(reason='not ours'))\n",
    )
    for workers in ("1", "2"):
        done = run(tmp_path, "--points-select=auth.*", workers=workers)
        assert done.returncode == 0, done.stdout
        (row,) = [r for r in report(tmp_path)["rules"] if r["id"] == "auth.header-name"]
        assert (row["verdict"], row["calls"]) == ("not exercised", 0)
        assert "not ours" in row["reason"]


# ---------------------------------------------------------------------- a worker that is killed
KILLED = """
import os, signal
from points_conformance.subjects import catalogue

def killing(check):
    def kill(api):
        os.kill(os.getpid(), signal.SIGKILL)
    return kill

def pytest_runtest_teardown(item):
    if os.environ["WHEN"] == "teardown" and hasattr(item.config, "workerinput"):
        os.kill(os.getpid(), signal.SIGKILL)

def pytest_collection_finish(session):
    if os.environ["WHEN"] == "collected" and hasattr(session.config, "workerinput"):
        os.kill(os.getpid(), signal.SIGKILL)

def pytest_sessionfinish(session):
    if os.environ["WHEN"] == "at the end" and hasattr(session.config, "workerinput"):
        os.kill(os.getpid(), signal.SIGKILL)

def pytest_configure(config):
    id_ = os.environ["WHEN"]
    if not hasattr(config, "workerinput"):
        return
    if id_ == "configured" and config.workerinput["workerid"] == "gw0":
        os.kill(os.getpid(), signal.SIGKILL)
    if "." in id_:
        rule = catalogue()[id_]
        object.__setattr__(rule, "check", killing(rule.check))
"""


MOMENTS = [
    "configured", "collected", "auth.valid-key", "refund.full", "refund.partial",
    "refund.sum-bounded", "teardown", "at the end",
]  # fmt: skip


@pytest.mark.parametrize("when", MOMENTS)
def test_a_worker_of_pytest_xdist_that_is_killed_is_never_green(tmp_path: Path, when: str) -> None:
    """kill -9 at eight moments: inconclusive or failed, and no second judge takes over; nor is an
    older green left where no worker lived to say what it would have judged.
    """
    write(tmp_path, test_points=SUITE, conftest=KILLED)
    (tmp_path / "report").mkdir()
    old = {"verdict": "conformant", "exit_status": 0, "partial": False}
    (tmp_path / "report" / "report.json").write_text(json.dumps(old))
    done = run(
        tmp_path, "--points-select=auth.*", "--points-select=refund.*", "--points-profile=smoke",
        workers="2", WHEN=when,
    )  # fmt: skip
    # All workers at each start: pytest fails what they were to run, or xdist itself breaks at it.
    statuses = (1, 2, 3) if when == "collected" else (2,)
    assert done.returncode in statuses, done.stdout + done.stderr
    told = report(tmp_path)
    assert (told["verdict"], told["exit_status"]) == ("inconclusive", 2)
    assert "a worker of pytest-xdist died" in " ".join(told["because"])
    assert list(shared(tmp_path).glob("points-*")) == []


# ---------------------------------------------------------------------- the folder
def test_the_others_notice_a_judge_that_died(tmp_path: Path) -> None:
    """The lock is released and the judging not finished: nobody begins a second one."""
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time\n"
            "from pathlib import Path\n"
            "from points_conformance.plugin.one_judging import SharedJudging\n"
            "assert (judging := SharedJudging(Path(sys.argv[1]))).claim()\n"
            "judging.judged('a.first', [])\n"
            "print('claimed', flush=True)\n"
            "time.sleep(60)\n",
            str(tmp_path / "run" / "api"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "claimed\n"
    here = SharedJudging(tmp_path / "run" / "api")
    assert not here.claim()
    assert here.wait(lambda account: "a.first" in account.turns).ended is None
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=10)
    assert here.wait(lambda account: "b.second" in account.turns).ended == DIED
    assert not here.claim()


def test_a_judging_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Only whole lines, in a folder that nobody else can open."""
    one, two = SharedJudging(tmp_path / "run" / "api"), SharedJudging(tmp_path / "run" / "api")
    assert one.claim()
    outcome = Outcome(rule="a.first", kind=OutcomeKind.HELD, reason="\ud800 ش", calls=3)
    one.judged("a.first", [outcome])
    path = tmp_path / "run" / "api" / "judging.jsonl"
    with path.open("a") as file:
        file.write('{"rule": "b.sec')
    assert two.account().turns == {"a.first": [outcome]}
    if os.name == "posix":
        assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
        assert path.parent.stat().st_mode & 0o777 == 0o700
    one.end()


def test_no_key_is_written_for_the_others(tmp_path: Path) -> None:
    """What is judged is told apart by a digest, and outcomes are redacted before."""
    assert "sk_" not in identity("https://shop.example/?key=sk_test_0123456789")
    assert identity("http://a") != identity("http://b")
    write(
        tmp_path,
        test_points=SUITE,
        conftest="import pathlib, shutil\n"
        "def pytest_runtest_teardown(item):\n"
        "    for path in pathlib.Path('tmp').glob('points-*/api/judging.jsonl'):\n"
        "        shutil.copy(path, 'kept.jsonl')\n",
    )
    with SecondServer("plain") as server:
        run(
            tmp_path, f"--points-base-url={server.base_url}", "--points-select=auth.*",
            workers="2", POINTS_API_KEY=server.key,
        )  # fmt: skip
    kept = (tmp_path / "kept.jsonl").read_text()
    assert "auth.valid-key" in kept
    assert server.key not in kept
