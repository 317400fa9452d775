"""ctrf.json: the run in the Common Test Report Format, for dashboards. A test for each rule."""

import json
from collections.abc import Mapping
from typing import Any, Final

from points_conformance.judging.verdict import Result, RunVerdict, Verdict
from points_conformance.report.run import RunReport, rerun_command
from points_conformance.report.text import plain

__all__ = ["render"]

_STATUS: Final[Mapping[Verdict, str]] = {
    Verdict.PASSED: "passed",
    Verdict.OBSERVED: "passed",
    Verdict.ADVICE: "passed",
    Verdict.FAILED: "failed",
    Verdict.ERROR: "failed",
    Verdict.KNOWN: "skipped",
    Verdict.BLOCKED: "skipped",
    Verdict.NOT_EXERCISED: "skipped",
}


def render(report: RunReport) -> str:
    """The text of ctrf.json. As in junit.xml, what says nothing either way has a test of its own
    that fails: without it a file without failures would be read as green.
    """
    tests = [_test(report, result) for result in report.results]
    if report.verdict is not RunVerdict.CONFORMANT:
        tests += [
            {"name": "the whole", "status": "failed", "duration": 0, "message": plain(reason)}
            for reason in report.because
        ]
    content = {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "generatedBy": "points-conformance",
        "results": {
            "tool": {"name": "points-conformance", "version": report.versions.get("kit", "")},
            "summary": _summary(report, tests),
            "tests": tests,
            "extra": {
                "verdict": report.verdict.value,
                "subject": report.subject.value,
                "target": plain(report.target),
                "profile": report.profile.value,
                "seeds": report.seeds_said,
                "causes": [cause.to_json() for cause in report.diagnosis.causes],
            },
        },
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _summary(report: RunReport, tests: list[dict[str, Any]]) -> dict[str, int]:
    """Counts by status; ``start`` and ``stop`` in milliseconds since 1970."""
    statuses = [test["status"] for test in tests]
    start = int(report.started.timestamp() * 1000)
    counts = {name: statuses.count(name) for name in ("passed", "failed", "pending", "skipped")}
    stop = start + round(report.seconds * 1000)
    return {"tests": len(tests), **counts, "other": 0, "start": start, "stop": stop}


def _test(report: RunReport, result: Result) -> dict[str, Any]:
    rule, evidence = result.rule, result.evidence
    test: dict[str, Any] = {
        "name": rule.id,
        "status": _status(report, result),
        "duration": round(result.seconds * 1000),
        "rawStatus": result.verdict.value,
        "tags": [rule.level.value, rule.id.partition(".")[0]],
        "extra": {"statement": rule.statement, "sources": [str(one) for one in rule.sources]},
    }
    if evidence is not None:
        test["message"] = plain(f"{evidence.title}: got {evidence.got}")
        lines = [f"expected: {evidence.expected}", f"got: {evidence.got}", *evidence.story]
        test["trace"] = plain("\n".join([*lines, rerun_command(report, rule.id)]))
    elif result.reason:
        test["message"] = plain(result.reason)
    return test


def _status(report: RunReport, result: Result) -> str:
    if result.verdict is Verdict.ADVICE and report.strict:
        return "failed"
    return _STATUS[result.verdict]
