"""The comment on a pull request, whole, line by line."""

from pathlib import Path

import pytest
from tests.report import samples

from points_conformance.judging.causes import Cause, Diagnosis
from points_conformance.judging.verdict import Evidence, Result, Verdict
from points_conformance.report import markdown
from points_conformance.report.run import RunReport

EXPECTED = Path(__file__).with_name("expected")
CAUSE = Cause(
    id="cancels-twice",
    title="A cancelled order is cancelled again.",
    explains=("cancel.second-is-refused",),
    of=2,
    fit=0.8,
)


@pytest.fixture(autouse=True)
def _one_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that no recording changes, of whatever failed."""
    diagnosis = property(lambda self: Diagnosis(causes=(CAUSE,) if self.of(Verdict.FAILED) else ()))
    monkeypatch.setattr(RunReport, "diagnosis", diagnosis)


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("failing", samples.failing()),
        ("passing", samples.passing()),
        ("partial", samples.partial()),
    ],
)
def test_the_comment_is_as_expected(name: str, report: RunReport) -> None:
    """What a reviewer reads."""
    expected = (EXPECTED / f"report-{name}.md").read_text(encoding="utf-8")
    assert markdown.render(report).splitlines() == expected.splitlines()


def failed(text: str, id_: str = "cancel.new-order") -> Result:
    """A failure in the target's own words."""
    evidence = Evidence(title=text, expected=text, got=text, story=(text,), curl=(f"curl {text}",))
    return Result(rule=samples.rule(id_), verdict=Verdict.FAILED, evidence=evidence)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@everyone", "- got: `@everyone`"),
        ("<img src=x>", "- got: `<img src=x>`"),
        ("a `b` c", "- got: ``a `b` c``"),
        ("`", "- got: `` ` ``"),
        ("a\n# b", "- got: `a # b`"),
        ("", "- got: ` `"),
    ],
)
def test_what_a_target_said_stays_code(text: str, shown: str) -> None:
    """Else it could mention people, show images or end the report."""
    assert shown in markdown.render(samples.failing(results=[failed(text)])).splitlines()


def test_backticks_do_not_end_the_commands() -> None:
    """The fence is longer than any run of backticks in it."""
    lines = markdown.render(samples.failing(results=[failed("```\n# out\n````")])).splitlines()
    assert lines.count("`````sh") == lines.count("`````") == 1


def test_many_failures_are_named_but_not_all_told() -> None:
    """A comment has a limit of length."""
    results = [failed("x" * 5000, f"cancel.n{number}") for number in range(60)]
    text = markdown.render(samples.failing(results=results))
    assert text.count("### `cancel.n") == 4
    assert "Not shown here: 56 failed rules: `cancel.n4`, `cancel.n5`" in text
    assert len(text) < 65_536
