"""The reports that are to be joined: what is missing, partial or strange is named."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from points_conformance import __version__
from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import Result, Verdict
from points_conformance.report.gather import Gathered, gather
from points_conformance.report.json_report import write
from points_conformance.report.run import RunReport
from points_conformance.subjects import Subject, catalogue

Change = Callable[[dict[str, Any]], object]


def passing(seed: int) -> RunReport:
    """A small green run of one shipped rule."""
    return RunReport(
        subject=Subject.API,
        target="http://127.0.0.1:8787/api/v1",
        profile=Profile.SMOKE,
        seed=seed,
        started=datetime(2026, 11, 22, tzinfo=UTC),
        versions={"kit": __version__},
        results=[Result(rule=catalogue()["auth.valid-key"], verdict=Verdict.PASSED)],
    )


def gathered(folder: Path, spoil: Callable[[Path], object] = lambda path: None) -> Gathered:
    """Two reports, the second of which is spoilt."""
    paths = [folder / str(seed) / "report.json" for seed in (0, 1)]
    for seed, path in enumerate(paths):
        write(path, passing(seed))
    spoil(paths[1])
    return gather((path.parent.name, path) for path in paths)


def changed(change: Change) -> Callable[[Path], object]:
    """Spoil what report.json holds."""

    def spoil(path: Path) -> None:
        content = json.loads(path.read_bytes())
        change(content)
        path.write_text(json.dumps(content), "utf-8")

    return spoil


def test_reports_of_one_target_are_joined(tmp_path: Path) -> None:
    """And nothing is said."""
    found = gathered(tmp_path)
    assert (found.stopped, found.notes) == ([], [])
    report = found.joined()
    assert report is not None
    assert (report.exit_status, report.seeds) == (0, [0, 1])


def _partial(content: dict[str, Any]) -> None:
    content.update(partial=True, interrupted="killed", verdict="inconclusive", exit_status=2)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (Path.unlink, "report.json cannot be read"),
        (lambda path: path.write_text("{", "utf-8"), "is not JSON"),
        (lambda path: path.write_text("{}", "utf-8"), "is no report of points-conformance"),
        (changed(lambda told: told.pop("calls")), "is no whole report"),
        (changed(lambda told: told.update(calls="many")), "is no whole report: calls"),
        (changed(_partial), "is partial: killed"),
        (changed(lambda told: (_partial(told), told["rules"].clear())), "nothing was judged"),
        (changed(lambda told: told.update(subject="client")), "no rule of this kit"),
        (changed(lambda told: told.update(target="other")), "another target (other)"),
        (changed(lambda told: told.update(profile="deep")), "another profile (deep)"),
        (changed(lambda told: told.update(scope=["selected a"])), "another scope (selected a)"),
        (changed(lambda told: told.update(strict=True)), "another strict (True)"),
        (changed(lambda told: told["versions"].update(kit="9.9")), "version 9.9"),
        (changed(lambda told: told["rules"][0].update(id="a.b")), "a.b, which is no rule"),
    ],
)
def test_what_cannot_be_joined_is_named_and_the_whole_is_not_green(
    tmp_path: Path, spoil: Callable[[Path], object], said: str
) -> None:
    """Whatever is wrong with one of the reports."""
    found = gathered(tmp_path, spoil)
    assert len(found.stopped) == 1
    assert found.stopped[0].startswith("1")
    assert said in found.stopped[0]
    report = found.joined()
    assert report is not None
    assert (report.exit_status, report.verdict, report.partial) == (2, "inconclusive", True)


def test_a_seed_that_was_judged_twice_is_said(tmp_path: Path) -> None:
    """It counts once."""
    found = gathered(tmp_path, changed(lambda told: told.update(seed=0)))
    assert found.notes == ["seed 0: judged more than once, counted as one"]
    report = found.joined()
    assert report is not None
    assert report.seeds == [0]


def test_of_nothing_nothing_is_joined(tmp_path: Path) -> None:
    """There is no subject to report of."""
    found = gather([("a", tmp_path / "report.json")])
    assert found.joined() is None
    assert found.stopped == ["a: report.json cannot be read (No such file or directory)"]
