"""Beside other plugins of pytest: the same verdicts, and every test ends as it does without."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.compat.project import (
    ASYNCIO,
    AUTO,
    DJANGO,
    RANDOMLY,
    RERUNS,
    TIMEOUT,
    Ended,
    Project,
    forgetful,
    needed,
)

from points_conformance.subjects import Subject, catalogue

#: The one test that does not run where nothing runs async tests.
ASYNC = "test_shop::test_from_a_loop"
SUBJECTS = {"api", "client", "consumer"}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """The project with no plugin but ours: every subject conformant, every test passed."""
    ended = Project(tmp_path_factory.mktemp("alone"), mark="@pytest.mark.skip").run()
    assert ended.status == 0, ended.out
    assert ended.verdicts.keys() == SUBJECTS
    assert all(told["verdict"] == "conformant" for told in ended.reports.values())
    assert ended.outcomes.pop(ASYNC) == "skipped"
    assert set(ended.outcomes.values()) == {"passed"}
    return ended


def is_the_same(ended: Ended, alone: Ended) -> None:
    """As without the plugin; and the async test is run."""
    assert ended.status == 0, ended.out
    outcomes = {name.replace("[asyncio]", ""): how for name, how in ended.outcomes.items()}
    assert outcomes == alone.outcomes | {ASYNC: "passed"}
    assert ended.verdicts == alone.verdicts


@pytest.mark.parametrize(
    ("plugin", "ini", "mark"),
    [
        (ASYNCIO, AUTO, ""),
        (ASYNCIO, AUTO.replace("auto", "strict"), "@pytest.mark.asyncio"),
        ("anyio", "anyio_mode = auto\n", ""),
        (
            "anyio",
            "",
            "@pytest.mark.parametrize('anyio_backend', ['asyncio'])\n@pytest.mark.anyio",
        ),
    ],
    ids=["asyncio auto", "asyncio strict", "anyio auto", "anyio marked"],
)
def test_a_plugin_that_runs_async_tests(
    tmp_path: Path, alone: Ended, plugin: str, ini: str, mark: str
) -> None:
    """Fixtures work in a sync test and in an async one; suites are judged as ever."""
    is_the_same(Project(tmp_path, [plugin], ini, mark=mark).run(), alone)


@pytest.mark.parametrize("seed", ["1", "20"])
def test_a_shuffled_run_is_reported_in_the_catalogues_order(
    tmp_path: Path, alone: Ended, seed: str
) -> None:
    """pytest-randomly reorders tests and seeds every generator anew before each."""
    ended = Project(tmp_path, [ASYNCIO, RANDOMLY], AUTO).run(f"--randomly-seed={seed}")
    is_the_same(ended, alone)
    assert list(ended.outcomes) != list(alone.outcomes)
    for subject, told in ended.reports.items():
        order = [rule.id for rule in catalogue(Subject(subject))]
        found = [row["id"] for row in told["rules"]]
        assert found == sorted(found, key=order.index)


@pytest.mark.parametrize("spread", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_a_rule_that_is_run_again_is_not_judged_anew(
    tmp_path: Path, spread: tuple[str, ...]
) -> None:
    """pytest-rerunfailures hides no broken rule, though this client is right the second time."""
    project = Project(tmp_path, ["xdist", ASYNCIO, RERUNS], AUTO, tests=forgetful())
    ended = project.run("--reruns=2", *spread)
    assert ended.status == 1, ended.out
    assert "2 rerun" in ended.out
    rule = "test_shop.TestOurClient::test_rule[client.cancel]"
    assert [name for name, how in ended.outcomes.items() if how == "failure"] == [rule]
    verdicts = {row["id"]: row["verdict"] for row in ended.reports["client"]["rules"]}
    assert verdicts["client.cancel"] == "failed"
    assert ended.reports["client"]["verdict"] == "not conformant"


def test_a_projects_own_flaky_test_is_its_own(tmp_path: Path) -> None:
    """What passes the second time leaves the run green, as pytest-rerunfailures means it."""
    flaky = "\nTRIED = []\n\n\ndef test_flaky():\n    TRIED.append(1)\n    assert len(TRIED) > 1\n"
    tests = Project(tmp_path).tests + flaky
    ended = Project(tmp_path, [ASYNCIO, RERUNS], AUTO, tests=tests).run("--reruns=1")
    assert ended.status == 0, ended.out
    assert "1 rerun" in ended.out


def test_all_of_them_at_once(tmp_path: Path, alone: Ended) -> None:
    """Every plugin that is installed, in a project that keeps a strict house."""
    needed(ASYNCIO, DJANGO, RANDOMLY, RERUNS, TIMEOUT)
    (tmp_path / "settings.py").write_text("SECRET_KEY = 'of a test'\n", encoding="utf-8")
    ini = (
        "addopts = --strict-markers --strict-config --reruns 1 --timeout 200 -n 2\n"
        "xfail_strict = true\npythonpath = .\nDJANGO_SETTINGS_MODULE = settings\n"
    )
    is_the_same(Project(tmp_path, ini=AUTO + ini, autoload=True).run(), alone)
