"""``pytest --help`` stays short with us installed; ``--points-help`` tells all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from points_conformance.plugin.options import FIRST, FIXTURE_OPTIONS, every_option

EVERY = (*every_option(), *FIXTURE_OPTIONS)
PASSING = "def test_of_somebody():\n    pass\n"


def run(folder: Path, *arguments: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
    """pytest in somebody's project, with ours as the only plugin."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "points_conformance.plugin", *arguments],
        cwd=folder,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "",
            "COLUMNS": str(columns),
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("columns", [80, 120])
def test_pytests_help_tells_of_us_in_one_group_of_15_lines(tmp_path: Path, columns: int) -> None:
    """Wrapped lines count; nothing of ours stands anywhere else, and no key of the ini file."""
    done = run(tmp_path, "--help", columns=columns)
    assert done.returncode == 0, done.stderr
    group = re.search(r"^points-conformance:\n(?:.+\n)+", done.stdout, re.MULTILINE)
    assert group
    assert group[0].count("\n") <= 15
    told = re.findall(r"--points-([a-z-]+)", group[0])
    assert set(told) == FIRST | {"help"}
    assert "points" not in done.stdout.replace(group[0], "").lower()


@pytest.mark.parametrize(
    "arguments", [(), ("-q",), ("-p", "xdist", "-n", "2"), ("--help",), ("no-such-folder",)]
)
def test_points_help_tells_all_and_runs_nothing(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Every option with what it takes, what it means and its key."""
    (tmp_path / "test_somebodys.py").write_text("raise SystemExit(7)\n", encoding="utf-8")
    done = run(tmp_path, "--points-help", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    words = " ".join(done.stdout.split())
    for one in EVERY:
        takes = "" if one.kind == "flag" else f"={one.metavar}"
        assert f"--points-{one.name}{takes} (points_{one.key}) {one.help}" in words
    assert max(map(len, done.stdout.splitlines())) < 80
    assert "judges" not in re.findall(r"--points-([a-z-]+)", words)


def test_every_option_is_taken_though_help_is_silent(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the command line and as a key, with the values that are handed on."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    wanted: dict[str, object] = {"flag": True, "many": ["word"], "text": "word"}
    given = [
        f"--points-{one.name}" if one.kind == "flag" else f"--points-{one.name}=word"
        for one in EVERY
    ]
    config = pytester.parseconfig("-p", "points_conformance.plugin", *given)
    for one in EVERY:
        assert getattr(config.option, f"points_{one.key}") == wanted[one.kind], one
    written = [f"-opoints_{one.key}={'true' if one.kind == 'flag' else 'word'}" for one in EVERY]
    config = pytester.parseconfig("-p", "points_conformance.plugin", *written)
    for one in EVERY:
        assert config.getini(f"points_{one.key}") == wanted[one.kind], one
        assert getattr(config.option, f"points_{one.key}") is None


@pytest.mark.parametrize("name", ["--points-hel", "--points-prof=smoke", "--points-nothing"])
def test_an_unknown_option_is_refused(tmp_path: Path, name: str) -> None:
    """Also beside ``--points-help``: no abbreviation, no guess."""
    (tmp_path / "test_somebodys.py").write_text(PASSING, encoding="utf-8")
    for arguments in ((name,), (name, "--points-help")):
        done = run(tmp_path, *arguments)
        assert done.returncode == 4, done.stdout
        assert f"unrecognized arguments: {name}" in done.stderr


def test_whoever_asks_for_a_key_is_answered_under_help(tmp_path: Path) -> None:
    """A conftest that reads our keys breaks no ``pytest --help``."""
    (tmp_path / "conftest.py").write_text(
        "def pytest_unconfigure(config):\n    print('profile', config.getini('points_profile'))\n",
        encoding="utf-8",
    )
    done = run(tmp_path, "--help", "-o", "points_profile=deep")
    assert done.returncode == 0, done.stderr
    assert "profile deep" in done.stdout


def test_a_wrong_key_breaks_no_help(tmp_path: Path) -> None:
    """It is said when tests are run."""
    done = run(tmp_path, "--help", "-o", "points_strict=perhaps")
    assert done.returncode == 0, done.stderr
    assert "points-conformance:" in done.stdout
