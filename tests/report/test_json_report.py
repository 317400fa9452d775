"""report.json: valid by its published schema, the same for the same run, never an old green."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.report import samples

from points_conformance.contract import specs
from points_conformance.judging.verdict import Trouble
from points_conformance.report import json_report
from points_conformance.report.run import RunReport

SCHEMA = json.loads(specs.text("report.schema.json"))
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True)

REPORTS = {
    "failing": samples.failing(),
    "passing": samples.passing(),
    "partial": samples.partial(),
    "partial and failing": samples.failing(partial=True),
    "stale": samples.passing(trouble=Trouble(stale=("x",))),
    "ours": samples.passing(trouble=Trouble(ours=("x",))),
    "strict": samples.failing(strict=True),
    "empty": samples.report(),
    "scoped": samples.passing(scope=("cancel.*",)),
}


@pytest.mark.parametrize("name", REPORTS)
def test_what_is_written_is_valid(name: str) -> None:
    """Every kind of run."""
    content = json.loads(json_report.render(REPORTS[name]))
    assert [str(error) for error in VALIDATOR.iter_errors(content)] == []


def test_the_schema_is_one() -> None:
    """By its own meta-schema."""
    jsonschema_rs.meta.validate(SCHEMA)


def put(*path: Any, value: Any) -> Callable[[Any], None]:
    """A change of one value inside a report."""

    def change(content: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        *(lambda content, key=key: content.pop(key) for key in SCHEMA["required"]),
        *(
            lambda content, key=key: content["rules"][0].pop(key)
            for key in SCHEMA["$defs"]["rule"]["required"]
        ),
        *(
            lambda content, key=key: content["rules"][1]["evidence"].pop(key)
            for key in SCHEMA["$defs"]["evidence"]["required"]
        ),
        put("verdict", value="green"),
        put("verdict", value="conformant"),
        put("exit_status", value=0),
        put("exit_status", value=4),
        put("subject", value="server"),
        put("profile", value="quick"),
        put("seed", value="0"),
        put("scope", value="all"),
        put("scope", value=[]),
        put("started", value="yesterday"),
        put("seconds", value=-1),
        put("calls", value=1.5),
        put("versions", value={"python": "3.11"}),
        put("counts", "passed", value=-1),
        put("counts", "skipped", value=1),
        put("readings", "cancel-settled/approved", value=True),
        put("rules", 0, "verdict", value="ok"),
        put("rules", 0, "level", value="MAY"),
        put("rules", 0, "evidence", value="broken"),
        put("rules", 0, "id", value="a rule"),
        put("rules", 1, "level", value="SHOULD"),
        put("rules", 4, "reason", value=""),
        put("rules", 1, "evidence", "story", value="cancel it twice"),
    ],
)
def test_a_wrong_report_is_refused(change: Callable[[Any], None]) -> None:
    """The schema says no to each."""
    content = samples.failing().to_json()
    change(content)
    assert not VALIDATOR.is_valid(content)


def test_a_partial_report_cannot_be_conformant() -> None:
    """Nor one with something stale or without a rule, by the schema as well as by the code."""
    content = samples.passing().to_json()
    assert VALIDATOR.is_valid(content)
    assert not VALIDATOR.is_valid(content | {"partial": True})
    assert not VALIDATOR.is_valid(content | {"stale": ["x"]})
    assert not VALIDATOR.is_valid(content | {"rules": []})


def test_more_than_the_schema_knows_is_welcome() -> None:
    """Later versions may add to a report."""
    assert VALIDATOR.is_valid(samples.passing().to_json() | {"later": 1})


def test_the_same_run_gives_the_same_text() -> None:
    """Readings are sorted and seconds rounded, so that reports can be compared as text."""
    turned = dict(reversed(samples.READINGS.items()))
    text = json_report.render(samples.failing())
    assert json_report.render(samples.failing(readings=turned)) == text
    assert json.loads(text)["seconds"] == 1.833
    assert list(json.loads(text)["readings"]) == sorted(samples.READINGS)


def test_a_rule_is_told_whole() -> None:
    """All that a program may want of a failed rule."""
    assert samples.failing().to_json()["rules"][1] == {
        "id": "cancel.second-is-refused",
        "level": "MUST",
        "verdict": "failed",
        "reason": "",
        "absence": None,
        "lacks": "",
        "accepted": "",
        "statement": "A cancelled order MUST refuse another cancel and stay as it is.",
        "sources": [
            "Refunds & Cancellations, Cancel an order",
            "inferred, final statuses are final",
        ],
        "core": False,
        "prerequisite": False,
        "network": False,
        "after": ["cancel.new-order"],
        "needs": [],
        "calls": 3,
        "seconds": 0.25,
        "readings": {},
        "moves": [],
        "evidence": {
            "title": "a second cancel was accepted",
            "expected": "400, and the order still cancelled",
            "got": "200, order_status cancelled",
            "story": ["make an order of 100.00 SAR", "cancel it", "cancel it again"],
            "curl": list(samples.EVIDENCE.curl),
            "exchanges": ["POST /orders/5f3c/cancel -> 200"],
            "steps": [],
            "rounds": "",
            "cost": None,
            "command": "points-conformance api --base-url https://sandbox.papp.sa/api/v1 "
            "--profile standard --seed 0 --select cancel.second-is-refused",
        },
    }


def begun(path: Path, report: RunReport) -> Any:
    """What report.json says before the first request."""
    json_report.begin(path, report)
    return json.loads(path.read_text(encoding="utf-8"))


def test_before_the_first_request_the_report_is_inconclusive(tmp_path: Path) -> None:
    """So that an interrupted run leaves no old green behind."""
    path = tmp_path / "reports" / "report.json"
    json_report.write(path, samples.passing())
    content = begun(path, samples.passing())
    assert (content["verdict"], content["partial"]) == ("inconclusive", True)
    assert (content["exit_status"], content["rules"]) == (2, [])
    assert content["interrupted"] == "the run is not finished"
    assert VALIDATOR.is_valid(content)


def test_half_a_surrogate_pair_does_not_break_the_file(tmp_path: Path) -> None:
    """A server may send one; a strict reader of JSON would refuse the whole report."""
    path = tmp_path / "report.json"
    json_report.write(path, samples.passing(notes=("a \ud83d b",)))
    assert json.loads(path.read_bytes())["notes"] == ["a ? b"]
