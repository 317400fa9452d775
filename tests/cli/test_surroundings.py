"""The command in odd surroundings: it works as usual, or says in a line why it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.command import COMMAND, Ended, environment, run
from tests.second_server import SecondServer

ONE_RULE = ("--select", "auth.valid-key")
RIG = "def pytest_configure(config):\n    print('the rig is here')\n"


def refused(done: Ended, *words: str) -> None:
    """Exit 2 and one plain line."""
    assert done.status == 2, done
    assert "Traceback" not in done.out + done.err
    assert "INTERNALERROR" not in done.out + done.err
    lines = [line for line in (done.out + done.err).splitlines() if " " in line]
    lines = [line for line in lines if not line.startswith("no tests ran")]
    assert 1 <= len(lines) <= 2, lines
    for word in words:
        assert word in done.err


@pytest.mark.parametrize("name", ["code", "json", "select"])
def test_a_module_of_the_folder_never_stands_for_pythons_own(tmp_path: Path, name: str) -> None:
    """pytest imports code.py's namesake, and much else is imported late."""
    (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    done = run(tmp_path, *ONE_RULE, key=None)
    assert done.status == 0, done
    assert done.verdict("auth.valid-key") == "passed"


def test_modules_of_the_folder_are_found_all_the_same(tmp_path: Path) -> None:
    """-- -p module, and --app module:application."""
    (tmp_path / "rig.py").write_text(RIG)
    done = run(tmp_path, *ONE_RULE, "--", "-p", "rig", "-s", key=None)
    assert done.status == 0, done
    assert "the rig is here" in done.out
    (tmp_path / "shop.py").write_text("raise RuntimeError('the shop is here')\n")
    done = run(
        tmp_path, "consumer", "--app", "shop:app", "--url", "/x", key=None,
        POINTS_WEBHOOK_SECRET="whsec_0123456789abcdef",
    )  # fmt: skip
    assert "the shop is here" in done.out + done.err


@pytest.mark.parametrize("arguments", [ONE_RULE, ("rules",), ("api", "--dry-run")])
def test_without_docstrings_it_says_so(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Rules are stated in docstrings, which PYTHONOPTIMIZE=2 leaves out."""
    refused(run(tmp_path, *arguments, key=None, PYTHONOPTIMIZE="2"), "PYTHONOPTIMIZE=2")


def test_without_docstrings_it_says_so_under_pytest_too(tmp_path: Path) -> None:
    """And no rule is judged."""
    (tmp_path / "test_api.py").write_text(
        "from points_conformance.suite import ApiSuite\n\n\nclass TestApi(ApiSuite):\n    pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-OO", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done
    assert "PYTHONOPTIMIZE=2" in done.stdout
    assert "INTERNALERROR" not in done.stdout
    assert "passed" not in done.stdout


@pytest.mark.parametrize("subject", ["api", "client", "live", "pytest"])
def test_warnings_as_errors_change_nothing(tmp_path: Path, subject: str) -> None:
    """PYTHONWARNINGS=error, which some set for all they run, and ``-W error`` for pytest."""
    if subject == "pytest":
        done = run(tmp_path, "--profile", "smoke", "--", "-W", "error", key=None)
        assert done.status == 0, done
    elif subject == "live":
        with SecondServer("plain") as server:
            done = run(
                tmp_path, "api", "--base-url", server.base_url, "--profile", "smoke",
                "--webhook-listen", "127.0.0.1:0", key=server.key, PYTHONWARNINGS="error",
            )  # fmt: skip
        assert done.status in (0, 2), done
    elif subject == "client":
        done = run(
            tmp_path, "client", "--command", f"{sys.executable} -c raise(SystemExit(11))",
            "--select", "client.single-*", "--profile", "smoke", key=None, PYTHONWARNINGS="error",
        )  # fmt: skip
    else:
        done = run(tmp_path, "--profile", "smoke", key=None, PYTHONWARNINGS="error")
        assert done.status == 0, done
    assert "Warning" not in done.out + done.err
    assert done.status != 3, done


@pytest.mark.skipif(os.name == "nt", reason="a folder in use cannot be deleted there")
@pytest.mark.parametrize("arguments", ["--select auth.valid-key", "api --dry-run", "rules"])
def test_in_a_folder_that_was_deleted_it_says_so(tmp_path: Path, arguments: str) -> None:
    """Where a report cannot be written; what needs no folder works."""
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", f"rmdir '{gone}' && exec '{COMMAND[0]}' {arguments}"],
        cwd=gone, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    ended = Ended(done.returncode, done.stdout, done.stderr, tmp_path)
    if done.returncode != 0:
        refused(ended, "the current folder is gone")
    else:
        assert "Traceback" not in done.stderr
        assert arguments != "--select auth.valid-key"


def test_a_journal_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    """Before the first call: nothing is made that could not be cleaned up."""
    (tmp_path / "points-conformance-report" / "journal.jsonl").mkdir(parents=True)
    with SecondServer("plain") as server:
        done = run(tmp_path, "api", "--base-url", server.base_url, *ONE_RULE, key=server.key)
        assert server.failures == []
    assert done.status == 2, done
    assert "no journal can be kept in" in done.err
    assert "Traceback" not in done.out + done.err
    assert done.report["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    "row",
    [
        '"uuid": "u-\\ud800"',
        '"total_points": 1e9999999',
        '"total_points": ' + "9" * 5000,
        '"total_points": NaN',
        '"total_points": Infinity',
        '"total_points": 0.5',
        '"total_points": "many"',
        '"total_price": 1e9999999',
        '"order_number": "\\udfff"',
        '"order_number": {}',
    ],
    ids=lambda row: row[:26],
)
def test_an_orders_file_that_no_program_can_take_is_2(tmp_path: Path, row: str) -> None:
    """At once, in one line that names the file."""
    text = '"uuid": "u-1", "type": "earning", "order_status": "new", "total_price": 10, ' + row
    (tmp_path / "orders.json").write_text(f"[{{{text}}}]")
    done = run(tmp_path, "api", "--base-url", "http://127.0.0.1:9", "--orders", "orders.json")
    refused(done, "orders.json")
    assert len(done.err) < 500


def test_what_is_loaded_is_no_garbage_to_look_for(tmp_path: Path) -> None:
    """While rules are judged garbage is collected as ever, but not from what was there before."""
    (tmp_path / "rig.py").write_text(
        "import gc\n\n"
        "def pytest_runtest_call(item):\n"
        "    print('collects:', gc.isenabled(), gc.get_freeze_count() > 10_000)\n"
    )
    done = run(tmp_path, *ONE_RULE, "--", "-p", "rig", "-s", key=None)
    assert done.status == 0, done
    assert "collects: True True" in done.out
