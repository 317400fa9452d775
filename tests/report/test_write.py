"""The report directory is the old one or the new one, never half of each."""

import json
import os
from pathlib import Path

import pytest
from tests.report import samples

from points_conformance.report.atomic import write_atomically
from points_conformance.report.names import FILES
from points_conformance.report.write import begin_all, write_all


def names(folder: Path) -> list[str]:
    """All files of the folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def test_all_reports_are_written_and_nothing_else(tmp_path: Path) -> None:
    """No temporary file stays; the folder is made."""
    folder = tmp_path / "a" / "b"
    write_all(samples.failing(), folder)
    write_all(samples.passing(), folder)
    assert names(folder) == sorted(FILES)
    assert json.loads((folder / "report.json").read_bytes())["verdict"] == "conformant"
    assert "Conformant" in (folder / "report.html").read_text(encoding="utf-8")
    assert "conformant" in (folder / "report.md").read_text(encoding="utf-8")


def test_a_new_run_takes_away_what_the_old_one_left(tmp_path: Path) -> None:
    """An old green page beside a new, unfinished report.json would be believed."""
    write_all(samples.passing(), tmp_path)
    (tmp_path / "junit.xml").write_text("<testsuites/>", encoding="utf-8")
    (tmp_path / "ctrf.json").write_text("{}", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    begin_all(samples.report(), tmp_path)
    assert names(tmp_path) == ["notes.txt", "report.json"]
    assert json.loads((tmp_path / "report.json").read_bytes())["verdict"] == "inconclusive"


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step alone makes the new file visible."""
    path = tmp_path / "report.json"
    write_atomically(path, "old")

    def refuse(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, "new")
    assert names(tmp_path) == ["report.json"]
    assert path.read_text(encoding="utf-8") == "old"
