"""Never a status 0 by accident: the user's code that ends the process, old reports, full disks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.cli.command import (
    COMMAND,
    Ended,
    always,
    environment,
    listening,
    minded,
    refusal,
    run,
    start,
)
from tests.report import samples

from points_conformance.commands.report_folder import folder_of
from points_conformance.report import write as report_write
from points_conformance.report.names import FOR_OTHERS

FEW = ("--select", "auth.valid-key", "--select", "refund.full")
SCHEMA = Path(__file__).parents[2] / "specs" / "report.schema.json"
SECRET = "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
REPORT = "points-conformance-report"


def not_green(done: Ended) -> None:
    """Status 2, a line that says why, and no green on disk."""
    assert done.status == 2, done
    assert "Traceback" not in done.err
    assert len(done.err.strip().splitlines()) <= 4
    path = done.folder / REPORT / "report.json"
    if path.exists():
        assert done.report["verdict"] == "inconclusive"
        assert done.report["exit_status"] == 2
        assert done.report["partial"] is True


def pytest_of_theirs(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The integrator's own pytest, with the same report folder."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "points_conformance.plugin"),
            *(f"--points-report-dir={REPORT}", *arguments),
        ],
        cwd=folder,
        env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", POINTS_WEBHOOK_SECRET=SECRET),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# ---------------------------------------------------------------------- code that ends the process
EXITS = ["os._exit(0)", "sys.exit(0)", "raise SystemExit"]


@pytest.mark.parametrize("how", EXITS)
@pytest.mark.parametrize(
    "where",
    [
        "def pytest_points_make_order(config):",
        "def pytest_configure(config):",
        "def pytest_sessionfinish(session):",
        "def pytest_unconfigure(config):",
        "if True:",
    ],
)
def test_a_plugin_of_theirs_that_ends_the_process(tmp_path: Path, where: str, how: str) -> None:
    """In a hook, or while a plugin of ``-- -p`` is loaded: the status is never 0."""
    (tmp_path / "rig.py").write_text(f"import os, sys\n{where}\n    {how}\n")
    done = run(tmp_path, *FEW, "--", "-p", "rig", key=None)
    if done.status == 3:  # pytest's own word for a plugin that exits while it is configured
        assert "rig.py" in done.err
        assert not (tmp_path / REPORT / "report.json").exists()
    else:
        not_green(done)


@pytest.mark.parametrize("how", EXITS)
@pytest.mark.parametrize("where", ["if True:", "def app(scope, receive, send):"])
def test_an_application_that_ends_the_process(tmp_path: Path, where: str, how: str) -> None:
    """In a module of ``--app``: while it is imported, or when a delivery comes."""
    (tmp_path / "shop.py").write_text(
        f"import os, sys\n{where}\n    {how}\napp = globals().get('app')\n"
    )
    done = run(
        tmp_path, "consumer", "--app", "shop:app", "--app-interface", "asgi", "--profile", "smoke",
        key=None, POINTS_WEBHOOK_SECRET=SECRET,
    )  # fmt: skip
    assert done.status in (1, 2), done
    if (tmp_path / REPORT / "report.json").exists():
        assert done.report["verdict"] != "conformant"


@pytest.mark.parametrize("how", ["sys.exit(0)", "raise SystemExit", "os._exit(0)"])
def test_a_client_under_pytest_that_ends_the_process(tmp_path: Path, how: str) -> None:
    """SystemExit is a finding; ``os._exit`` ends pytest itself, and no green report is left."""
    (tmp_path / "test_client.py").write_text(
        "import os, sys, pytest\n"
        "from points_conformance.suite import ClientSuite\n"
        "class Client:\n"
        "    def __init__(self, base_url, api_key): pass\n"
        f"    def cancel(self, order_uuid, reason=None): {how}\n"
        f"    def refund(self, order_uuid, amount=None, reason=None): {how}\n"
        "class TestClient(ClientSuite):\n"
        "    @pytest.fixture\n"
        "    def points_api_client(self): return Client\n"
    )
    done = pytest_of_theirs(tmp_path, "--points-select=client.cancel")
    told = json.loads((tmp_path / REPORT / "report.json").read_text("utf-8"))
    if how == "os._exit(0)":
        assert (told["verdict"], told["partial"]) == ("inconclusive", True)
    else:
        assert done.returncode == 1, done.stdout
        assert told["verdict"] == "not conformant"


def test_a_consumer_function_that_exits_answers_500(tmp_path: Path) -> None:
    """A consumer under pytest that raises SystemExit: a finding, never a pass."""
    (tmp_path / "test_shop.py").write_text(
        "import sys, pytest\n"
        "from points_conformance.suite import ConsumerSuite\n"
        "class TestShop(ConsumerSuite):\n"
        "    @pytest.fixture\n"
        "    def points_consumer(self): return lambda request: sys.exit(0)\n"
    )
    done = pytest_of_theirs(tmp_path, "--points-profile=smoke")
    assert done.returncode in (1, 2), done.stdout
    told = json.loads((tmp_path / REPORT / "report.json").read_text("utf-8"))
    assert told["verdict"] != "conformant"


def test_pytest_that_collects_only_says_nothing_of_a_server(tmp_path: Path) -> None:
    """An option after ``--`` that keeps pytest from running the tests is no green run."""
    done = run(tmp_path, *FEW, "--", "--collect-only", key=None)
    assert done.status == 2, done


# ---------------------------------------------------------------------- signals
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_reach_the_process_that_judges(tmp_path: Path, sent: signal.Signals) -> None:
    """The run is interrupted: status 2, a partial report, and nothing goes on judging."""

    def slow(handler: Any) -> None:
        time.sleep(0.3)
        always(404, refusal("Not found"))(handler)

    with listening(slow) as listener:
        with minded(sent):
            process = start(tmp_path, "api", "--base-url", listener.base_url)
        end = time.monotonic() + 40
        while not listener.calls and time.monotonic() < end:
            time.sleep(0.02)
        process.send_signal(sent)
        process.communicate(timeout=40)
        count = len(listener.calls)
        time.sleep(1)
        assert len(listener.calls) <= count + 1
    assert process.returncode == 2
    report = json.loads((tmp_path / REPORT / "report.json").read_text("utf-8"))
    assert report["partial"] is True
    assert "interrupted" in " ".join(report["because"])


def test_ctrl_c_of_a_terminal_is_one_interrupt(tmp_path: Path) -> None:
    """It reaches the parent and the process that judges: the run still ends in order, with 2."""

    def slow(handler: Any) -> None:
        time.sleep(0.3)
        always(404, refusal("Not found"))(handler)

    with listening(slow) as listener:
        process = subprocess.Popen(
            [*COMMAND, "api", "--base-url", listener.base_url],
            cwd=tmp_path,
            env=environment(POINTS_API_KEY="sk_test_nobody"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        end = time.monotonic() + 40
        while not listener.calls and time.monotonic() < end:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=40)
    assert process.returncode == 2, out + err
    assert "Traceback" not in out + err


# ---------------------------------------------------------------------- an old green
def old_green(folder: Path, name: str = REPORT) -> None:
    """The report of a run that was conformant."""
    where = folder / name
    where.mkdir()
    (where / "report.json").write_text(
        '{"verdict": "conformant", "exit_status": 0, "partial": false}'
    )
    for other in FOR_OTHERS:
        (where / other).write_text("conformant")
    (where / "journal.jsonl").write_text("{}\n")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("api", "--base-url", "http://127.0.0.1:9"), 2),
        (("--unknown",), 2),
        (("api", "--profile", "smok"), 2),
        (("api", "--seed"), 2),
        (("--known-failures", "broken.toml"), 2),
        (("--select", "no.such-rule"), 2),
        (("api", "--base-url", "https://api.papp.sa"), 2),
        (("--", "-p", "no_such_plugin"), 2),
        (("client", "--command", "no-such-client"), 2),
        (("client",), 2),
        (("consumer", "--app", "no_such:app"), 2),
        (("--dry-run", *FEW), 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_an_old_green_report_does_not_stand(
    tmp_path: Path, arguments: tuple[str, ...], status: int
) -> None:
    """The next command fails before it begins (no key, unknown option, broken known failures,
    nothing selected, production refused, plugin missing, client not found): no older green is
    left in its folder.
    """
    old_green(tmp_path)
    (tmp_path / "broken.toml").write_text("[[known]\n")
    done = run(tmp_path, *arguments, key=None)
    assert done.status == status, done
    told = done.report
    assert (told["verdict"], told["exit_status"], told["partial"]) == ("inconclusive", 2, True)
    assert told["because"]
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema_rs.validator_for(schema).validate(told)
    left = {path.name for path in (tmp_path / REPORT).iterdir()}
    assert left <= {"report.json", "journal.jsonl"}


@pytest.mark.parametrize(
    ("option", "broken", "status"),
    [
        ("--points-profile=smok", "", 2),
        ("--points-base-url=http://127.0.0.1:9", "", 2),
        ("--points-dry-run", "", 0),
        ("-q", "import nothing_of_this_name", 2),
    ],
)
def test_an_old_green_report_does_not_stand_under_pytest(
    tmp_path: Path, option: str, broken: str, status: int
) -> None:
    """``--points-report-dir`` names a folder as well: refused settings, a dry run, tests of theirs
    that cannot be collected.
    """
    old_green(tmp_path)
    (tmp_path / "test_broken.py").write_text(broken)
    (tmp_path / "test_points.py").write_text(
        "from points_conformance.suite import ApiSuite\n\nclass TestPoints(ApiSuite):\n    pass\n"
    )
    done = pytest_of_theirs(tmp_path, option, "--points-select=refund.full")
    assert done.returncode == status, done.stdout
    told = json.loads((tmp_path / REPORT / "report.json").read_text("utf-8"))
    assert (told["verdict"], told["exit_status"]) == ("inconclusive", 2)
    page = tmp_path / REPORT / "report.md"
    assert not page.exists() or "inconclusive" in page.read_text("utf-8")


@pytest.mark.parametrize("arguments", [("--report-dir", "mine"), ("--report-dir=mine",)])
def test_the_folder_that_is_named_is_the_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """And another one is left alone."""
    old_green(tmp_path)
    old_green(tmp_path, "mine")
    assert run(tmp_path, *arguments, "--unknown", key=None).status == 2
    assert "conformant" in (tmp_path / REPORT / "report.md").read_text()
    assert json.loads((tmp_path / "mine" / "report.json").read_text())["verdict"] == "inconclusive"


def test_a_report_is_what_its_schema_says(tmp_path: Path) -> None:
    """That of a real run, as well as the samples."""
    done = run(tmp_path, *FEW, key=None)
    assert done.status == 0, done
    jsonschema_rs.validator_for(json.loads(SCHEMA.read_text("utf-8"))).validate(done.report)


def test_help_touches_nothing_and_no_folder_is_made(tmp_path: Path) -> None:
    """Who asks how it is used has not begun; a refused or dry run makes no folder."""
    for arguments in (("--unknown",), ("--dry-run", *FEW), ("api", "--help")):
        run(tmp_path, *arguments, key=None)
    assert list(tmp_path.iterdir()) == []
    old_green(tmp_path)
    for arguments in (("--help",), ("--version",), ("api", "--help"), ("rules",)):
        assert run(tmp_path, *arguments, key=None).status == 0
    assert "conformant" in (tmp_path / REPORT / "report.md").read_text()
    assert json.loads((tmp_path / REPORT / "report.json").read_text())["verdict"] == "conformant"


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        ([], REPORT),
        (["--report-dir", "a"], "a"),
        (["--report-dir=a", "--report-dir", "b"], "b"),
        (["--report-dir"], REPORT),
        (["--strict", "--", "--points-report-dir=c"], "c"),
        (["--help"], None),
        (["--replay=story.json"], None),
    ],
)
def test_the_folder_is_found_whatever_else_is_wrong(words: list[str], folder: str | None) -> None:
    """As the command itself would read it."""
    assert folder_of(words) == (None if folder is None else Path(folder))


# ---------------------------------------------------------------------- disks
FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
from points_conformance.cli import main
main({arguments!r})
"""


@pytest.mark.parametrize("size", [56, 4096])
def test_a_full_disk_leaves_no_conformant_report(tmp_path: Path, size: int) -> None:
    """A report.json of 56 bytes with "conformant" in it: instead nothing, or a whole one; exit 2
    with the reason.
    """
    done = subprocess.run(
        [sys.executable, "-B", "-c", FULL.format(size=size, arguments=[*FEW])],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done
    assert "cannot be written" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    folder = tmp_path / REPORT
    if (folder / "report.json").exists():
        assert json.loads((folder / "report.json").read_text("utf-8"))["verdict"] == "inconclusive"
    assert {path.name for path in folder.iterdir()} <= {"report.json"}


def test_what_cannot_be_written_for_people_leaves_the_report_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """report.json is the last: a disk that is full before it keeps it inconclusive."""
    report = samples.passing()
    report_write.begin_all(report, tmp_path)

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "report.html").write_text("half")
    monkeypatch.setattr(report_write, "write_atomically", full)
    with pytest.raises(OSError, match="No space"):
        report_write.write_all(report, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["verdict"] == "inconclusive"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_report_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file in its place, or a folder where report.json should be: exit 2 and one line."""
    (tmp_path / "file").write_text("")
    done = run(tmp_path, *FEW, "--report-dir", "file", key=None)
    assert done.status == 2, done
    assert len(done.err.strip().splitlines()) == 1
    (tmp_path / REPORT / "report.json").mkdir(parents=True)
    done = run(tmp_path, *FEW, key=None)
    assert done.status == 2, done
    assert "cannot be written" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_a_report_folder_in_which_the_journal_is_a_folder(tmp_path: Path) -> None:
    """Exit 2 and one line, and no call is made."""
    (tmp_path / REPORT / "journal.jsonl").mkdir(parents=True)
    with listening(always(404, refusal("Not found"))) as listener:
        done = run(tmp_path, "api", "--base-url", listener.base_url)
        assert listener.calls == []
    assert done.status == 2, done
    assert "no journal can be kept" in done.out + done.err
    assert "Traceback" not in done.out + done.err
