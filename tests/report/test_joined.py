"""Several judgings as one report: the worst verdict counts, and every finding says who found it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema_rs
import pytest
from tests.report import samples

from points_conformance.contract.specs import text
from points_conformance.judging.catalogue import build
from points_conformance.judging.verdict import Absence, Evidence, OutcomeKind, RunVerdict
from points_conformance.report.joined import JoinedReport, join, spelt
from points_conformance.report.markdown import render as as_markdown
from points_conformance.report.terminal import summary_lines
from points_conformance.report.write import write_all
from points_conformance.subjects import Subject

RULES = build(Subject.API, list(samples.RULES))
SCHEMA = jsonschema_rs.validator_for(json.loads(text("report.schema.json")), validate_formats=True)


def joined(*reports: Any, **fields: Any) -> JoinedReport:
    """Reports, or what report.json has of them, as one."""
    contents = [one if isinstance(one, dict) else one.to_json() for one in reports]
    return join(contents, RULES, **fields)


def failing(seed: int, title: str = samples.EVIDENCE.title) -> Any:
    """A run in which one rule failed, and nothing else is wrong."""
    evidence = Evidence(title=title, expected="400", got="200", story=("cancel it twice",))
    found = samples.outcomes_of_failing_run() | {
        samples.SECOND.id: samples.outcome(samples.SECOND.id, OutcomeKind.BROKEN, evidence=evidence)
    }
    known = {samples.LISTED.id: "PAY-123"}
    return samples.report(seed=seed, results=samples.results(found, known))


def row(report: JoinedReport, id_: str) -> dict[str, Any]:
    """What report.json says of a rule."""
    found: dict[str, Any] = next(r for r in report.to_json()["rules"] if r["id"] == id_)
    return found


def test_the_worst_verdict_counts() -> None:
    """One seed that fails is enough, whatever the others say."""
    report = joined(samples.passing(seed=0), failing(1), samples.passing(seed=2))
    assert (report.verdict, report.exit_status) == (RunVerdict.NOT_CONFORMANT, 1)
    green = joined(samples.passing(seed=0), samples.passing(seed=2))
    assert (green.verdict, green.exit_status) == (RunVerdict.CONFORMANT, 0)


def test_a_seed_that_is_inconclusive_makes_the_whole_so() -> None:
    """Though other seeds exercised the rule that it could not."""
    found = {rule.id: samples.outcome(rule.id) for rule in samples.RULES}
    found[samples.THIRD.id] = samples.outcome(
        samples.THIRD.id, OutcomeKind.MISSING, reason="none came", absence=Absence.DENIED
    )
    report = joined(samples.passing(seed=0), samples.report(seed=1, results=samples.results(found)))
    assert row(report, samples.THIRD.id)["verdict"] == "passed"
    assert (report.verdict, report.exit_status) == (RunVerdict.INCONCLUSIVE, 2)
    assert any("none came (seed 1)" in reason for reason in report.because)


def test_each_finding_says_which_seeds_found_it_and_shows_the_first_ones() -> None:
    """Its evidence, and the command that finds that again."""
    report = joined(failing(7, "seen by seed 7"), samples.passing(seed=0), failing(3, "by seed 3"))
    second = row(report, samples.SECOND.id)
    assert second["found_by"] == {"seeds": [3, 7], "of": 3}
    assert second["seeds"] == {"passed": [0], "failed": [3, 7]}
    assert second["evidence"]["title"] == "by seed 3"
    assert "--seed 3 " in second["evidence"]["command"]
    assert row(report, samples.NEW.id)["found_by"] is None


def test_what_any_seed_exercised_is_exercised() -> None:
    """What none did is not, and says why."""
    found = samples.outcomes_of_failing_run() | {
        samples.DEFAULT.id: samples.outcome(samples.DEFAULT.id)
    }
    report = joined(samples.passing(seed=0), samples.report(seed=1, results=samples.results(found)))
    assert row(report, samples.DEFAULT.id)["verdict"] == "passed"
    given = row(report, samples.GIVEN.id)
    assert (given["verdict"], given["reason"]) == ("not exercised", samples.NO_INBOX)


def test_readings_that_differ_between_seeds_are_listed() -> None:
    """Each with its seeds; what all read alike is not."""
    other = samples.READINGS | {"cancel-settled/captured": "refused"}
    report = joined(
        samples.passing(seed=0), samples.passing(seed=1), samples.passing(seed=2, readings=other)
    )
    assert report.differing == [
        "cancel-settled/captured: accepted (seeds 0, 1) or refused (seed 2)"
    ]
    assert report.readings["cancel-settled/captured"] == "accepted or refused"
    assert "READINGS THAT DIFFER BETWEEN SEEDS" in summary_lines(report)


def test_calls_and_effects_add_up() -> None:
    """Of all seeds, and again of reports that are joined already."""
    effect = ("6 calls", "worth 10.50 SAR at most")
    each = [samples.passing(seed=seed, effect=effect) for seed in range(3)]
    report = joined(joined(*each[:2]).to_json(), each[2])
    assert report.calls == 3 * 212
    assert list(report.effect) == ["18 calls", "worth 31.50 SAR at most"]


def test_a_joined_report_fits_the_shipped_schema_and_joins_again_to_the_same() -> None:
    """So machines may join what they have before they are joined."""
    each = [failing(0), samples.passing(seed=1), failing(2), samples.passing(seed=3)]
    at_once = joined(*each).to_json()
    in_steps = joined(joined(*each[2:]).to_json(), joined(*each[:2]).to_json()).to_json()
    assert not list(SCHEMA.iter_errors(at_once))
    assert in_steps == at_once


@pytest.mark.parametrize("each", [samples.passing(seed=0), failing(0)])
def test_what_is_missing_never_makes_a_green(each: Any) -> None:
    """The exit status is 2, the report partial; a failure that was found stays one."""
    report = joined(each, stopped=["seed 1: its report cannot be read"])
    assert (report.exit_status, report.partial) == (2, True)
    assert report.verdict is not RunVerdict.CONFORMANT
    assert "seed 1: its report cannot be read" in report.because
    assert not list(SCHEMA.iter_errors(report.to_json()))


def test_seeds_are_told_in_short() -> None:
    """In runs."""
    assert spelt([7, 1, 2, 3, 5, 4, 9, 10]) == "1..5, 7, 9, 10"
    assert spelt([-2, -1, 0]) == "-2..0"


def test_every_file_says_by_how_many_seeds_a_failure_was_found(tmp_path: Path) -> None:
    """report.html, report.md, junit.xml and the terminal."""
    report = joined(samples.passing(seed=0), failing(1))
    write_all(report, tmp_path)
    said = "found by 1 of 2 seeds: 1"
    for name in ("report.html", "report.md", "junit.xml"):
        assert said in (tmp_path / name).read_text("utf-8"), name
    assert said in "\n".join(summary_lines(report))
    assert "seeds 0, 1" in (tmp_path / "report.html").read_text("utf-8")
    assert as_markdown(report).count(said) == 1


def test_the_junit_of_a_whole_without_failures_that_proves_nothing_is_no_green(
    tmp_path: Path,
) -> None:
    """A case in error stands for what is missing; what a target says cannot break the XML."""
    report = joined(samples.passing(seed=0), stopped=["seed 1: <no> report\x1b"])
    write_all(report, tmp_path)
    suite = Xml.parse(tmp_path / "junit.xml").getroot()[0]
    errors = [case.find("error") for case in suite.findall("testcase")]
    told = [error.get("message") for error in errors if error is not None]
    assert told == ["seed 1: <no> report\\x1b"]
    assert (suite.get("errors"), suite.get("failures")) == ("1", "0")


def test_the_story_of_the_seed_that_is_told_from_ends_the_moves() -> None:
    """The lifecycle's drawing shows where it ended, whatever other seeds walked after it."""
    found = samples.outcomes_of_failing_run()
    found[samples.SECOND.id] = replace(found[samples.SECOND.id], moves=("a > b > c", "c > d > e"))
    broken = samples.failing(results=samples.results(found))
    held = {
        rule.id: samples.outcome(rule.id, moves=("c > d > e", "x > y > z"))
        for rule in samples.RULES
    }
    report = joined(broken, samples.failing(seed=1, results=samples.results(held)))
    (second,) = [one for one in report.results if one.rule.id == samples.SECOND.id]
    assert second.moves == ("x > y > z", "a > b > c", "c > d > e")
