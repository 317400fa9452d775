"""The summary on the terminal, whole, line by line."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.report import samples

from points_conformance.judging.verdict import (
    Evidence,
    OutcomeKind,
    Result,
    Trouble,
    Verdict,
    settle,
)
from points_conformance.report.run import RunReport
from points_conformance.report.terminal import summary_lines
from points_conformance.report.text import WIDTH

EXPECTED = Path(__file__).with_name("expected")


@pytest.mark.parametrize(
    ("name", "report"),
    [
        ("failing", samples.failing()),
        ("passing", samples.passing()),
        ("partial", samples.partial()),
        ("strict", samples.failing(strict=True, target="embedded simulator", seed=7)),
    ],
)
def test_the_summary_is_as_expected(name: str, report: RunReport) -> None:
    """What a user reads after a run."""
    expected = (EXPECTED / f"terminal-{name}.txt").read_text(encoding="utf-8")
    assert summary_lines(report) == expected.splitlines()


def hostile(text: str) -> list[str]:
    """The summary of a run whose target chose all the text of a finding."""
    evidence = Evidence(title=text, expected=text, got=text, story=(text,), curl=(f"curl {text}",))
    result = Result(rule=samples.NEW, verdict=Verdict.FAILED, evidence=evidence)
    return summary_lines(
        samples.failing(results=[result], effect=(text,), notes=(text,), readings={"a": text})
    )


def test_a_target_cannot_command_the_terminal() -> None:
    """Escape sequences, carriage returns, turned text and half surrogates are spelt out."""
    said = "\n".join(hostile("a\x1b[2Jb\rc\u202ed\ud83de\x9bf"))
    assert "a\\x1b[2Jb\\rc\\u202ed\\ud83de\\u009bf" in said
    assert not set(said) & set("\x1b\r\u202e\ud83d\x9b")


def test_arabic_text_is_left_as_it_is() -> None:
    """Reasons and names are often Arabic."""
    assert "  got       ملغي" in hostile("ملغي")


def test_lines_are_wrapped_but_for_those_to_paste() -> None:
    """A curl line, a command or a TOML entry that is broken could not be pasted."""
    to_paste = ("  curl ", "  again ", "title = ", "            curl ")
    lines = [line for line in hostile("word " * 60) if not line.startswith(to_paste)]
    assert max(map(len, lines[:-1])) <= WIDTH
    assert not any("\n" in line for line in lines)


def test_a_word_without_end_is_wrapped_too() -> None:
    """A body without spaces must not push the rest off the screen."""
    to_paste = ("  curl ", "  again ", "title = ")
    lines = [line for line in hostile("x" * 500) if not line.startswith(to_paste)]
    assert max(map(len, lines[:-1])) <= WIDTH


def test_what_is_too_long_says_where_the_rest_is() -> None:
    """A page of HTML as an answer is not printed."""
    assert any("(400 more characters in report.json)" in line for line in hostile("x" * 1000))


def test_the_body_of_a_curl_line_may_span_lines() -> None:
    """Its later lines are not indented: they stand inside quotes."""
    assert hostile("-d '{\n}'")[-60:].count("}'") == 1


def test_an_error_asks_to_be_reported() -> None:
    """It is the kit's fault, and the command to see it again is there."""
    crash = samples.outcome(samples.NEW.id, OutcomeKind.CRASHED, reason="KeyError: 'x'")
    report = samples.report(results=settle((samples.NEW,), {samples.NEW.id: crash}))
    lines = summary_lines(report)
    assert "  reason    KeyError: 'x' (the kit itself failed: please report)" in lines
    assert lines[-1].startswith(
        "inconclusive: 0 of 1 rule that this run was equipped for (0 passed, 1 in error;"
    )


def test_prerequisites_are_listed_apart() -> None:
    """Nobody asked for them, and yet they were sent."""
    results = [replace(item, prerequisite=True) for item in samples.passing().results[:1]]
    lines = summary_lines(samples.report(results=[*results, *samples.passing().results[1:]]))
    start = lines.index("PREREQUISITES (not selected; selected rules come after them)")
    assert lines[start + 1] == "  cancel.new-order: passed"


def test_a_run_that_judged_nothing_says_why() -> None:
    """The last line alone would leave the user guessing."""
    lines = summary_lines(samples.report(trouble=Trouble(stopped=("no answer in 10 s",))))
    assert "  no answer in 10 s" in lines
    assert lines[-1].startswith("inconclusive: 0 of 0 rules that this run was equipped for (0 ")
