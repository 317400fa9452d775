"""What CI systems read: junit.xml, CTRF, GitHub's annotations. And the bound of report.md."""

import json
import re
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from tests.report import samples

from points_conformance.judging.verdict import Cost, Evidence, Result, Verdict
from points_conformance.report import ctrf, junit, markdown
from points_conformance.report.github import annotations, harmless, within_actions
from points_conformance.report.run import RunReport

COST = Cost(amount="0.01", unit="SAR", of="100.00", loses="merchant", text="0.01 SAR too much")
COSTLY = Evidence(title="too much", expected="400", got="200", cost=COST)


def with_an_error() -> RunReport:
    """A run with a rule of nearly every verdict, and one in error."""
    results = [*samples.failing().results]
    third = next(n for n, one in enumerate(results) if one.rule is samples.THIRD)
    results[third] = Result(rule=samples.THIRD, verdict=Verdict.ERROR, reason="the kit failed")
    return samples.failing(results=results)


def cases(report: RunReport) -> dict[str, Xml.Element]:
    """The test cases of junit.xml by name."""
    suite = Xml.fromstring(junit.render(report))[0]
    return {case.get("name", ""): case for case in suite.findall("testcase")}


def told_tests(report: RunReport) -> dict[str, Any]:
    """The tests of ctrf.json by name."""
    return {test["name"]: test for test in json.loads(ctrf.render(report))["results"]["tests"]}


# ---------------------------------------------------------------------- junit.xml
def test_junit_tells_violations_errors_and_what_was_skipped_apart() -> None:
    """A broken MUST is a failure, the kit's own error an error; what says nothing is skipped."""
    tags = {
        name: [child.tag for child in case if child.tag != "properties"]
        for name, case in cases(with_an_error()).items()
    }
    assert tags[samples.SECOND.id] == ["failure"]
    assert tags[samples.THIRD.id] == ["error"]
    for rule in (samples.DEFAULT, samples.LISTED):
        assert tags[rule.id] == ["skipped"]
    for rule in (samples.NEW, samples.ENVELOPE, samples.SETTLED):
        assert tags[rule.id] == []


def test_junit_has_level_source_and_verdict_of_each_rule() -> None:
    """As properties, in the order in which they are told."""
    properties = cases(samples.failing())[samples.SECOND.id].findall("properties/property")
    assert [(one.get("name"), one.get("value")) for one in properties] == [
        ("level", "MUST"),
        ("source", "Refunds & Cancellations, Cancel an order"),
        ("source", "inferred, final statuses are final"),
        ("verdict", "failed"),
    ]


def test_junit_counts_what_it_has() -> None:
    """By kind, and in all."""
    suite = Xml.fromstring(junit.render(with_an_error()))[0]
    counted = {kind: suite.get(kind) for kind in ("tests", "failures", "errors", "skipped")}
    told = len(suite.findall("testcase/error"))
    assert counted == {
        "tests": str(len(suite.findall("testcase"))),
        "failures": "1",
        "errors": str(told),
        "skipped": "3",
    }


# ---------------------------------------------------------------------- CTRF
def test_ctrf_has_its_fixed_parts() -> None:
    """What every reader of the format asks for; times in milliseconds."""
    content = json.loads(ctrf.render(samples.failing()))
    assert content["reportFormat"] == "CTRF"
    assert re.fullmatch(r"\d+\.\d+\.\d+", content["specVersion"])
    summary = content["results"]["summary"]
    assert summary["stop"] - summary["start"] == 1833
    names = ("passed", "failed", "pending", "skipped", "other")
    assert sum(summary[name] for name in names) == summary["tests"]
    assert summary["tests"] == len(content["results"]["tests"])
    assert content["results"]["tool"]["name"] == "points-conformance"


def test_ctrf_tells_each_rule() -> None:
    """With its verdict, its level, what came of it and how to see it again."""
    told = told_tests(samples.failing())
    second = told[samples.SECOND.id]
    assert (second["status"], second["rawStatus"]) == ("failed", "failed")
    assert second["tags"] == ["MUST", "cancel"]
    assert second["message"] == f"{samples.EVIDENCE.title}: got {samples.EVIDENCE.got}"
    assert second["trace"].endswith("--select cancel.second-is-refused")
    assert told[samples.DEFAULT.id]["status"] == "skipped"
    assert told[samples.DEFAULT.id]["message"] == samples.NO_INBOX


@pytest.mark.parametrize("strict", [False, True])
def test_advice_fails_only_where_it_counts(strict: bool) -> None:
    """With --strict, in both formats."""
    report = samples.failing(strict=strict)
    assert told_tests(report)[samples.ENVELOPE.id]["status"] == ("failed" if strict else "passed")
    assert bool(cases(report)[samples.ENVELOPE.id].findall("failure")) is strict


def test_what_proves_nothing_is_no_green_in_either_format() -> None:
    """An unfinished run without a failure has a test that fails, and says why."""
    report = samples.partial()
    assert told_tests(report)["the whole"]["status"] == "failed"
    assert cases(report)["the whole"].findall("error")
    assert all(test["status"] != "failed" for test in told_tests(samples.passing()).values())


# ---------------------------------------------------------------------- GitHub
def test_annotations_are_written_within_github_actions_alone() -> None:
    """Where its variable is set."""
    assert within_actions({"GITHUB_ACTIONS": "true"})
    assert not within_actions({"GITHUB_ACTIONS": ""})
    assert not within_actions({"CI": "true"})


def test_each_broken_rule_is_annotated_failures_first() -> None:
    """Errors, then advice as a warning; with what to run."""
    lines = list(annotations(samples.failing()))
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning"]
    assert lines[0].startswith(
        "::error title=cancel.second-is-refused%3A a second cancel was accepted::"
    )
    assert "%0Aagain: points-conformance api" in lines[0]
    assert not list(annotations(samples.passing()))


def test_what_it_costs_is_annotated() -> None:
    """Where money is lost."""
    results = [Result(rule=samples.NEW, verdict=Verdict.FAILED, evidence=COSTLY)]
    assert "%0A0.01 SAR too much%0A" in next(annotations(samples.failing(results=results)))


def test_more_annotations_than_are_shown_are_counted() -> None:
    """GitHub shows ten; the eleventh line says how many there are more."""
    results = [
        Result(rule=samples.rule(f"many.rule-{n}"), verdict=Verdict.FAILED, evidence=COSTLY)
        for n in range(13)
    ]
    lines = list(annotations(samples.failing(results=results)))
    assert len(lines) == 11
    assert lines[-1] == "::notice title=points-conformance::3 more annotations in report.html"


def test_no_target_gives_the_runner_a_command() -> None:
    """A word of its own that would begin a line as a command does not; nor breaks ours."""
    hostile = "x%\r\n::add-mask::y, z"
    evidence = Evidence(title=hostile, expected=hostile, got=hostile)
    results = [Result(rule=samples.NEW, verdict=Verdict.FAILED, evidence=evidence)]
    (line,) = annotations(samples.failing(results=results))
    assert "\n" not in line
    assert "\r" not in line
    title = line.removeprefix("::error title=").partition("::")[0]
    assert not set(title) & set(":,")
    told = list(harmless(["  ::stop-commands::now", "##[error]x", "fine: a::b"]))
    assert told == ["|   ::stop-commands::now", "| ##[error]x", "fine: a::b"]


# ---------------------------------------------------------------------- report.md
def test_report_md_fits_into_the_summary_of_a_job() -> None:
    """Below 1 MiB, whatever there is to tell, failures first."""
    huge = Evidence(title="t", expected="e" * 5000, got="g" * 5000, curl=("c" * 100_000,))
    results = [
        Result(rule=samples.rule(f"many.rule-{n}"), verdict=Verdict.FAILED, evidence=huge)
        for n in range(300)
    ]
    notes = {f"key-{n}": "ق" * 600 for n in range(2000)}
    text = markdown.render(samples.failing(results=results, readings=notes))
    assert len(text.encode()) < 2**20
    assert text.endswith("(cut here: the whole is in report.json)\n")
    assert text.index("many.rule-0") < text.index("<details>")


def test_report_md_tells_what_it_costs() -> None:
    """In the failure's list."""
    results = [Result(rule=samples.NEW, verdict=Verdict.FAILED, evidence=COSTLY)]
    assert "- costs: `0.01 SAR too much`" in markdown.render(samples.failing(results=results))
