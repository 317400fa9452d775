"""Two reports compared: the table of what counts as worse."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.report import samples

from points_conformance.report import json_report
from points_conformance.report.diff import DiffError, diff, diff_lines, load_report
from points_conformance.report.releases import diff_files


def report(rules: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """The part of a report.json that is compared."""
    return {
        "subject": "api",
        "verdict": "conformant",
        "readings": {},
        "rules": [{"id": id_, "verdict": verdict} for id_, verdict in (rules or {}).items()],
    } | fields


ABSENT = "absent"
VERDICTS = (
    "passed",
    "failed",
    "advice",
    "observed",
    "known",
    "blocked",
    "not exercised",
    "error",
    ABSENT,
)

#: Typed by hand: by the old verdict, the new ones that are worse and better; the rest is neither.
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "passed": (set(VERDICTS) - {"passed", "observed"}, set()),
    "observed": (set(VERDICTS) - {"passed", "observed"}, set()),
    "failed": (set(), {"passed", "observed", "advice"}),
    "advice": ({"failed"}, {"passed", "observed"}),
    "known": ({"failed"}, {"passed", "observed"}),
    "blocked": ({"failed"}, {"passed", "observed"}),
    "not exercised": ({"failed"}, {"passed", "observed"}),
    "error": ({"failed"}, {"passed", "observed"}),
    ABSENT: ({"failed"}, set()),
}


def one(verdict: str) -> dict[str, Any]:
    """A report with one rule, or none."""
    return report({} if verdict == ABSENT else {"x.one": verdict})


@pytest.mark.parametrize("new", VERDICTS)
@pytest.mark.parametrize("old", VERDICTS)
def test_a_changed_verdict_is_worse_better_or_neither(old: str, new: str) -> None:
    """Failed now and not before; lost sight of what was good before; the other way round."""
    worse, better = TABLE[old]
    found = diff(one(old), one(new))
    line = () if old == new else (f"x.one: {old} -> {new}",)
    assert found.worse == (line if new in worse else ())
    assert found.better == (line if new in better else ())
    assert found.other == (line if new not in worse | better else ())
    assert found.exit_status == (1 if new in worse else 0)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("conformant", "not conformant", "worse"),
        ("conformant", "inconclusive", "worse"),
        ("inconclusive", "not conformant", "worse"),
        ("not conformant", "inconclusive", "other"),
        ("not conformant", "conformant", "better"),
        ("inconclusive", "conformant", "better"),
    ],
)
def test_a_changed_verdict_of_the_run_counts(old: str, new: str, kind: str) -> None:
    """From conformant over inconclusive to not conformant it gets worse."""
    found = diff(report(verdict=old), report(verdict=new))
    assert getattr(found, kind) == (f"verdict: {old} -> {new}",)
    assert found.exit_status == (1 if kind == "worse" else 0)


@pytest.mark.parametrize(
    ("old", "new", "kind", "line"),
    [
        ({"a/b": "x"}, {"a/b": "y"}, "worse", "reading a/b: x -> y"),
        ({"a/b": "x"}, {}, "worse", "reading a/b: x -> not read any more"),
        ({}, {"a/b": "x"}, "read", "reading a/b: x"),
    ],
)
def test_a_changed_reading_is_worse_and_a_new_one_is_told(
    old: dict[str, str], new: dict[str, str], kind: str, line: str
) -> None:
    """So a release that silently changes undocumented behaviour is caught."""
    found = diff(report(readings=old), report(readings=new))
    assert getattr(found, kind) == (line,)
    assert found.exit_status == (0 if kind == "read" else 1)


def test_the_same_report_twice_is_no_difference() -> None:
    """A whole one, as it is written."""
    content = samples.failing().to_json()
    found = diff(content, content)
    assert diff_lines(found) == ["0 worse, 0 better, 0 newly read"]
    assert found.exit_status == 0


def test_differing_conditions_are_told() -> None:
    """A rule may be absent because another profile was run."""
    old = report(profile="standard", scope=["all"], partial=False)
    new = report(profile="smoke", scope=["cancel.*", "not cancel.race"], partial=True)
    assert diff(old, new).notes == (
        "profile: standard -> smoke",
        "scope: all -> cancel.*, not cancel.race",
        "the new report is partial",
    )


def test_differing_subjects_cannot_be_compared() -> None:
    """They are judged by other rules."""
    with pytest.raises(DiffError, match="the subjects differ: api and client"):
        diff(report(), report(subject="client"))


def test_the_lines_say_it_all_in_order() -> None:
    """Worse first, the counts last."""
    old = samples.passing().to_json()
    new = samples.failing(readings={**samples.READINGS, "reason-null": "accepted"}).to_json()
    assert diff_lines(diff(old, new)) == [
        "worse:",
        "  verdict: conformant -> not conformant",
        "  cancel.second-is-refused: passed -> failed",
        "  cancel.third-is-refused: passed -> blocked (comes after cancel.second-is-refused, which "
        "failed)",
        "  envelope.appended-data: passed -> advice",
        "  refund.sum-bounded: passed -> known (PAY-123: mended in the next release)",
        "",
        "newly read:",
        "  reading reason-null: accepted",
        "",
        "not judged under the same conditions:",
        "  target: embedded simulator (dialect default) -> https://sandbox.papp.sa/api/v1",
        "",
        "5 worse, 0 better, 1 newly read",
    ]


def test_control_characters_of_a_report_are_spelt_out() -> None:
    """A report may come from anywhere."""
    found = diff(report(readings={"a": "x"}), report(readings={"a": "\x1b[2J"}))
    assert "  reading a: x -> \\x1b[2J" in diff_lines(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"verdict": "conformant"}',
        json.dumps(report(verdict="green")),
        json.dumps(report(verdict=[])),
        json.dumps(report(readings=[])),
        json.dumps(report() | {"rules": [{"id": "x.one"}]}),
        json.dumps(report() | {"rules": ["x.one"]}),
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    """With one line that names it."""
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DiffError, match=r"name a report\.json") as caught:
        load_report(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_files_are_compared_with_the_status_to_exit_with(tmp_path: Path) -> None:
    """0 the same or better, 1 worse, 2 not comparable."""
    green, red, client = (tmp_path / f"{name}.json" for name in ("green", "red", "client"))
    json_report.write(green, samples.passing())
    json_report.write(red, samples.failing())
    client.write_text(json.dumps(report(subject="client")), encoding="utf-8")
    assert diff_files(green, green)[1] == 0
    assert diff_files(red, green)[1] == 0
    assert diff_files(green, red)[1] == 1
    assert diff_files(green, client) == (["the subjects differ: api and client"], 2)
    assert diff_files(green, tmp_path / "none.json")[1] == 2
    assert diff_files(tmp_path, green)[1] == 2


def test_a_report_in_which_a_rule_stands_twice_is_refused(tmp_path: Path) -> None:
    """Failed, then passed: the second would hide the first, and nothing would be worse."""
    twice = report()
    twice["rules"] = [{"id": "x.one", "verdict": v} for v in ("failed", "passed")]
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(report({"x.one": "passed"})), encoding="utf-8")
    new.write_text(json.dumps(twice), encoding="utf-8")
    lines, status = diff_files(old, new)
    assert status == 2
    assert lines == [f"{new}: 'x.one' stands there twice: which verdict counts?"]


def cause(id_: str, *, likely: bool = True, beside: bool = False) -> dict[str, Any]:
    """A cause as report.json has it."""
    return {"id": id_, "title": f"{id_} is wrong.", "likely": likely, "beside": beside}


def test_causes_that_came_and_went_are_told_first() -> None:
    """Of several candidates for the same the first; what is not likely is no cause."""
    old = report(causes=[cause("sum"), cause("another-for-the-same")])
    new = report(causes=[cause("part"), cause("key", beside=True), cause("far", likely=False)])
    difference = diff(old, new)
    assert difference.causes == (
        "new cause: part is wrong. (part)",
        "new cause: key is wrong. (key)",
        "gone: sum is wrong. (sum)",
    )
    assert diff_lines(difference)[0] == "most likely causes that came or went:"
    assert difference.exit_status == 0


def test_a_report_from_before_causes_says_nothing_of_them() -> None:
    """None is new because nobody looked."""
    assert diff(report(), report(causes=[cause("sum")])).causes == ()
