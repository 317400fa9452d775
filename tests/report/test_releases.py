"""Reports over time: a row for what changed, a column for each report."""

from pathlib import Path
from typing import Any

import pytest

from points_conformance.report.diff import DiffError
from points_conformance.report.releases import (
    Releases,
    as_html,
    as_lines,
    as_markdown,
    load_releases,
)


def report(verdict: str, reading: str, *causes: str, rule: str = "cancel.new-order") -> Any:
    """The part of a report.json that is compared."""
    return {
        "subject": "api",
        "verdict": "not conformant" if verdict == "failed" else "conformant",
        "readings": {"cancel-settled/captured": reading, "same": "as ever"},
        "rules": [
            {"id": rule, "verdict": verdict},
            {"id": "auth.missing-key", "verdict": "passed"},
        ],
        "causes": [
            {"id": id_, "title": f"{id_} is wrong.", "likely": True, "beside": n > 0}
            for n, id_ in enumerate(causes)
        ],
    }


THREE = Releases(
    ("v1", "v2", "v3"),
    (
        report("passed", "refused"),
        report("failed", "refused", "sum"),
        report("failed", "accepted", "sum", "part"),
    ),
)


def test_rules_readings_and_causes_that_changed_are_rows() -> None:
    """What is the same in all is none."""
    rows = {title: [(row.name, *row.cells) for row in rows] for title, rows in THREE.tables()}
    assert rows == {
        "verdicts": [("verdict", "conformant", "not conformant", "not conformant")],
        "most likely causes": [
            ("sum is wrong.", "", "likely", "likely"),
            ("part is wrong.", "", "", "likely"),
        ],
        "rules that changed": [("cancel.new-order", "passed", "failed", "failed")],
        "readings that changed": [("cancel-settled/captured", "refused", "refused", "accepted")],
    }


def test_the_exit_status_is_of_the_last_step() -> None:
    """A changed reading is worse; a failure that stayed is not."""
    assert THREE.latest.exit_status == 1
    assert THREE.latest.worse == ("reading cancel-settled/captured: refused -> accepted",)


def test_the_terminal_names_the_reports_then_what_changed() -> None:
    """Columns by number, for names may be long."""
    lines = as_lines(THREE)
    assert lines[:3] == ["1  v1", "2  v2", "3  v3"]
    assert "  cancel.new-order  passed            failed            failed" in lines
    assert "v3, since v2:" in lines
    assert lines[-1] == "1 worse, 0 better, 0 newly read"


def test_of_two_only_what_changed_is_told() -> None:
    """As ever."""
    two = Releases(("a", "b"), THREE.reports[:2])
    assert as_lines(two)[0] == "most likely causes that came or went:"


def test_markdown_is_tables() -> None:
    """What others said stands in code, in which no bar breaks a table."""
    odd = Releases(("v|1", "v2"), (report("passed", "`a|b`"), report("passed", "c")))
    text = as_markdown(odd)
    assert "| `cancel-settled/captured` | `’a∣b’` | `c` |" in text
    assert "| | `v∣1` | `v2` |" in text


def test_html_takes_nobodys_word_for_markup() -> None:
    """Names, readings, rules and causes are text."""
    evil = "<script>alert(1)</script>"
    page = as_html(
        Releases((evil, "v2"), (report("passed", evil, evil), report("failed", "c", rule=evil)))
    )
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "http" not in page


def test_reports_are_named_by_their_folders(tmp_path: Path) -> None:
    """Or wholly, where that is not enough; and one is too few."""
    import json

    paths = []
    for folder in ("v1", "v2", "other/v2"):
        path = tmp_path / folder / "report.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(report("passed", "refused")), encoding="utf-8")
        paths.append(path)
    assert load_releases(paths[:2]).names == ("v1", "v2")
    assert load_releases(paths).names == tuple(map(str, paths))
    with pytest.raises(DiffError, match="two reports or more"):
        load_releases(paths[:1])
