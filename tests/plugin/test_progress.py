"""What is told of a judging while it lasts. The clock is ours where time alone is meant."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import COMMAND, environment
from tests.defects.threaded import serving
from tests.plugin.terminal import Terminal, on_a_terminal, shown

from points_conformance.defects.api.seeded import SEEDED
from points_conformance.judging.rule import Level, Rule
from points_conformance.judging.verdict import Absence, Result, Verdict
from points_conformance.plugin.progress import Progress, Standing, seconds_left, told_of
from points_conformance.plugin.screen import LiveLine, PlainLines, Silent, screen_for


def result(verdict: Verdict, reason: str = "it is so", id_: str = "refund.sum-bounded") -> Result:
    """A result of a rule that is made up."""
    made_up = Rule(
        id=id_, level=Level.MUST, statement="", sources=(), subject="api", check=lambda api: None
    )
    return Result(rule=made_up, verdict=verdict, reason=reason)


FAILED = result(Verdict.FAILED)


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.now


class Kept(io.StringIO):
    """A file whose text is there after it was closed."""

    text = ""

    def close(self) -> None:
        """Keep the text."""
        self.text = self.text or self.getvalue()
        super().close()


# ---------------------------------------------------------------------- words
@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing(0, 1, 0), "0 of 1 rule, 0 calls"),
        (Standing(3, 20, 9, running=("a.b",)), "3 of 20 rules, 9 calls: a.b"),
        (
            Standing(3, 20, 9, "deliveries", ("a.b", "a.c", "a.d"), 61.2),
            "3 of 20 rules, 9 deliveries, at most 62 s left: a.b, a.c, a.d",
        ),
        (
            Standing(3, 20, 9, running=("a", "b", "c", "d", "e"), left=121),
            "3 of 20 rules, 9 calls, at most 3 min left: a, b, c and 2 more",
        ),
    ],
)
def test_the_line_says_how_far_it_is_and_what_is_running(standing: Standing, words: str) -> None:
    """At most three names; seconds are rounded up."""
    assert str(standing) == words


@pytest.mark.parametrize(
    ("elapsed", "calls", "most_calls", "bound", "left"),
    [
        (5, 0, 100, None, None),  # nothing was seen yet
        (10, 50, 100, None, 10),
        (10, 50, None, None, None),
        (10, 0, None, 300, 290),
        (10, 50, 100, 12, 2),
        (10, 120, 100, None, 0),
        (400, 0, None, 300, 0),
    ],
)
def test_seconds_left_follow_from_the_bounds_of_the_run(
    elapsed: float, calls: int, most_calls: int | None, bound: float | None, left: float | None
) -> None:
    """The calls that are left at the pace so far, or what is left of the seconds."""
    assert seconds_left(elapsed, calls, most_calls, bound) == left


@pytest.mark.parametrize(
    ("verdict", "line"),
    [
        (Verdict.FAILED, "failed  refund.sum-bounded: it is so"),
        (Verdict.ADVICE, "advice  refund.sum-bounded: it is so"),
        (Verdict.ERROR, "error   refund.sum-bounded: it is so"),
        *((v, "") for v in Verdict if v not in (Verdict.FAILED, Verdict.ADVICE, Verdict.ERROR)),
    ],
)
def test_only_what_is_broken_is_told_at_once(verdict: Verdict, line: str) -> None:
    """Not what is known, blocked, observed or not exercised."""
    assert told_of(result(verdict)) == line


@pytest.mark.parametrize(
    ("told", "line"),
    [
        ({}, "denied  refund.sum-bounded: it is so"),
        ({"accepted": "our merchant has no parts"}, ""),
        ({"unreached": True}, ""),
        ({"reason": "comes after refund.full, which was not exercised: it is so"}, ""),
        ({"absence": Absence.LACKING}, ""),
    ],
)
def test_a_denied_rule_is_told_at_once(told: dict[str, Any], line: str) -> None:
    """It makes the run inconclusive; not what is accepted, or follows from what is told already."""
    denied = replace(result(Verdict.NOT_EXERCISED), absence=Absence.DENIED)
    assert told_of(replace(denied, **told)) == line


def test_only_the_first_denied_rule_is_told() -> None:
    """A switched-off merchant denies many rules for one reason."""
    file = Kept()
    progress = Progress(PlainLines(file), rules=2)
    for name in ("refund.partial", "refund.zero"):
        denied = result(Verdict.NOT_EXERCISED, "refused with 422", name)
        progress.ended(name, [replace(denied, absence=Absence.DENIED)], 3)
    progress.ended("refund.sum-bounded", [FAILED], 4)
    progress.close()
    assert file.text.splitlines() == [
        "denied  refund.partial: refused with 422",
        "failed  refund.sum-bounded: it is so",
    ]


def test_what_is_told_at_once_is_one_short_line_that_no_terminal_obeys() -> None:
    """Whatever a target said."""
    line = told_of(result(Verdict.FAILED, "one\r\ntwo \x1b[31m" + "x" * 1000))
    assert line.startswith("failed  refund.sum-bounded: one two ")
    assert len(line) < 250
    assert line.isprintable()


# ---------------------------------------------------------------------- plain lines
def test_a_plain_line_comes_every_ten_seconds() -> None:
    """From the first wait on; in between nothing, and no control character ever."""
    clock, file = Clock(), Kept()
    progress = Progress(PlainLines(file), rules=2, clock=clock)
    with progress.shown():
        progress.begun("refund.full")
        for _ in range(250):
            clock.now += 0.1
            progress.tick()
    clock.now += 100
    progress.tick()  # nobody waits
    progress.close()
    assert file.text == "0 of 2 rules, 0 calls: refund.full\n" * 2


def test_a_broken_rule_is_told_once_and_when_it_is_found() -> None:
    """Also where it is the result of two turns."""
    file = Kept()
    progress = Progress(PlainLines(file), rules=2)
    with progress.shown():
        progress.begun("refund.full")
        progress.ended("refund.full", [FAILED, FAILED, result(Verdict.PASSED)], 3)
        assert file.getvalue() == "failed  refund.sum-bounded: it is so\n"
        progress.ended("refund.sum-bounded", [FAILED], 4)
    progress.close()
    assert file.text == "failed  refund.sum-bounded: it is so\n"


def test_what_is_found_while_others_write_waits() -> None:
    """Until somebody waits for the judging, or the end."""
    file = Kept()
    progress = Progress(PlainLines(file), rules=2)
    progress.ended("refund.full", [FAILED], 3)
    progress.tick()
    assert file.getvalue() == ""
    with progress.shown():
        assert file.getvalue() == "failed  refund.sum-bounded: it is so\n"
    progress.ended("refund.other", [result(Verdict.ADVICE, id_="refund.other")], 3)
    progress.close()
    assert file.text.splitlines()[1:] == ["advice  refund.other: it is so"]


def test_a_line_that_others_began_is_ended_first() -> None:
    """Once."""
    file = Kept()
    progress = Progress(PlainLines(file, lambda: 4), rules=1)
    with progress.shown():
        progress.ended("a", [FAILED], 1)
        progress.ended("b", [result(Verdict.FAILED, id_="b.c")], 1)
    progress.close()
    assert file.text == "\nfailed  refund.sum-bounded: it is so\nfailed  b.c: it is so\n"


def test_many_threads_tear_nothing() -> None:
    """Each line is whole, all of them come, and all rules are done."""
    file = Kept()
    progress = Progress(PlainLines(file), rules=800)

    def judge(number: int) -> None:
        for turn in range(100):
            id_ = f"made.up-{number}-{turn}"
            progress.begun(id_)
            progress.tick()
            progress.ended(id_, [result(Verdict.FAILED, id_=id_)], turn)

    threads = [threading.Thread(target=judge, args=(number,)) for number in range(8)]
    with progress.shown():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert progress.standing() == Standing(800, 800, 99)
    progress.close()
    every = {f"failed  made.up-{n}-{t}: it is so" for n in range(8) for t in range(100)}
    assert (len(file.text.splitlines()), set(file.text.splitlines())) == (800, every)


def test_a_reader_that_is_gone_is_no_matter() -> None:
    """``points-conformance | head -1``: the verdict does not hang on who listens."""
    read, write = os.pipe()
    os.close(read)
    progress = Progress(PlainLines(os.fdopen(write, "w", encoding="utf-8")), rules=1)
    with progress.shown():
        progress.ended("a", [FAILED], 1)
    progress.close()


# ---------------------------------------------------------------------- a terminal
def on_terminal(alone: bool, drive: Callable[[Progress, Clock], None], before: str = "") -> str:
    """What was written to a terminal on which others had written something before."""
    terminal, clock = Terminal(columns=60), Clock()
    terminal.file.write(before)
    terminal.file.flush()
    screen = LiveLine(
        os.fdopen(os.dup(terminal.theirs), "w", encoding="utf-8"), lambda: len(before), alone=alone
    )
    progress = Progress(screen, rules=2, clock=clock)
    drive(progress, clock)
    if alone:
        progress.close()
    terminal.file.write("others")
    terminal.file.flush()
    progress.close()
    return terminal.closed()


def two_turns(progress: Progress, clock: Clock) -> None:
    """One broken rule, and looks before and after it."""
    with progress.shown():
        progress.begun("refund.full")
        clock.now += 2
        progress.tick()
        progress.ended("refund.full", [FAILED], 3)
        progress.begun("refund." + "x" * 80)
        progress.tick()


def test_the_live_line_changes_in_its_place_and_is_gone_in_the_end() -> None:
    """What was told stays above it; it is cut to the width, and no cursor is hidden."""
    written = on_terminal(True, two_turns)
    assert "0 of 2 rules, 0 calls: refund.full" in written
    assert "1 of 2 rules, 3 calls: refund.xxxx" in written
    assert "x" * 60 not in written
    assert "\x1b[?" not in written
    assert shown(written) == ["failed  refund.sum-bounded: it is so", "others"]


def test_beside_others_the_live_line_leaves_their_line_as_it_was() -> None:
    """Their dots go on where they were; what is told ends their line first."""

    def wait(progress: Progress, clock: Clock) -> None:
        with progress.shown():
            clock.now += 2
            progress.tick()

    written = on_terminal(False, wait, before="tests ...")
    assert "0 of 2 rules" in written
    assert shown(written) == ["tests ...others"]
    assert shown(on_terminal(False, two_turns, before="tests ...")) == [
        "tests ...",
        "failed  refund.sum-bounded: it is so",
        "others",
    ]


def test_beside_others_a_short_wait_shows_no_line() -> None:
    """It would only flicker."""

    def wait(progress: Progress, clock: Clock) -> None:
        for _ in range(50):
            with progress.shown():
                clock.now += 0.5
                progress.tick()

    assert on_terminal(False, wait) == "others"


@pytest.mark.parametrize(
    ("variables", "crowded", "kind"),
    [
        ({"TERM": "xterm"}, False, LiveLine),
        ({"TERM": "xterm", "NO_COLOR": ""}, False, LiveLine),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, PlainLines),
        ({"TERM": "dumb"}, False, PlainLines),
        ({"TERM": "xterm"}, True, PlainLines),
    ],
)
def test_a_terminal_has_a_live_line_unless_it_is_told_otherwise(
    variables: dict[str, str], crowded: bool, kind: type
) -> None:
    """``NO_COLOR``, ``TERM=dumb``, and tests that print."""
    terminal = Terminal()
    screen = screen_for(terminal.file, variables, crowded=crowded)
    assert type(screen) is kind
    screen.close()
    terminal.closed()


def test_a_file_has_plain_lines_and_what_is_neither_has_silence(tmp_path: Path) -> None:
    """A test that catches the output in memory, a process without one."""
    with (tmp_path / "log").open("w") as file:
        screen = screen_for(file, {"TERM": "xterm"})
        assert type(screen) is PlainLines
        screen.close()
    assert type(screen_for(io.StringIO(), {})) is Silent
    assert type(screen_for(None, {})) is Silent


# ---------------------------------------------------------------------- the command, and pytest
TOLD = "failed  refund.sum-bounded: more goes back than is left: expected a refund of 40.01 to be"
SUITE = """
from points_conformance.suite import ApiSuite

def test_ours():
    assert True

class TestPoints(ApiSuite):
    pass
"""
RULES = ("refund.full", "refund.sum-bounded")


@pytest.fixture(scope="module")
def wrong() -> Iterator[tuple[str, str]]:
    """The base URL and the key of a server that refunds more than is left."""
    with serving(SEEDED.named("sum-not-checked")) as (simulator, base_url):
        yield base_url, simulator.merchant.key


def the_command(base_url: str, *arguments: str) -> list[str]:
    """Judge two rules."""
    selected = [word for rule in RULES for word in ("--select", rule)]
    return [*COMMAND, "api", "--base-url", base_url, *selected, *arguments]


def the_suite(folder: Path, base_url: str, *arguments: str) -> list[str]:
    """Judge two rules in an integrator's own pytest run."""
    (folder / "test_points.py").write_text(SUITE)
    selected = [word for rule in RULES for word in ("--points-select", rule)]
    pytest_ = [sys.executable, "-m", "pytest", "-p", "points_conformance", "--tb=no"]
    return [*pytest_, "--points-base-url", base_url, *selected, *arguments]


def variables(key: str, **more: str) -> dict[str, str]:
    """Those of a run."""
    return environment(POINTS_API_KEY=key, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **more)


def piped(command: Sequence[str], folder: Path, key: str) -> str:
    """What a command writes into a pipe."""
    return subprocess.run(
        command,
        cwd=folder,
        env=variables(key, TERM="xterm"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout


def test_the_command_tells_a_broken_rule_at_once(tmp_path: Path, wrong: tuple[str, str]) -> None:
    """After the plan and before the verdict, once, without a dot or a control character."""
    out = piped(the_command(wrong[0]), tmp_path, wrong[1])
    lines = out.splitlines()
    [told] = [number for number, line in enumerate(lines) if line.startswith(TOLD)]
    assert lines[told - 1].startswith("  orders come from")
    assert lines[told + 1 : told + 3] == ["", ""]
    assert lines[told + 3].startswith("not conformant")
    assert "\x1b" not in out


def test_a_rule_that_was_not_asked_for_is_told_too(tmp_path: Path, wrong: tuple[str, str]) -> None:
    """It came before one that was, and keeps it from saying anything."""
    command = [*COMMAND, "api", "--base-url", wrong[0], "--select", "refund.two-equal-parts"]
    lines = piped(command, tmp_path, wrong[1]).splitlines()
    assert sum(line.startswith(TOLD) for line in lines) == 1


def test_the_command_on_a_terminal_has_a_line_that_is_gone_in_the_end(
    tmp_path: Path, wrong: tuple[str, str]
) -> None:
    """The child that judges has the terminal of its parent."""
    slow = ["--rate", "20"]
    status, written = on_a_terminal(
        the_command(wrong[0], *slow), tmp_path, variables(wrong[1], TERM="xterm")
    )
    assert status == 1
    assert re.search(r"\d of 2 rules, \d+ calls", written)
    lines = shown(written)
    assert not [line for line in lines if " of 2 rules," in line and "calls" in line[:30]]
    assert sum(line.startswith(TOLD) for line in lines) == 1


def test_what_cuts_a_run_off_is_said_on_a_line_of_its_own(
    tmp_path: Path, wrong: tuple[str, str]
) -> None:
    """The user's code ends the process while the live line stands there."""
    bye = "import os, threading\nthreading.Timer(2.0, lambda: os._exit(0)).start()\n"
    (tmp_path / "bye.py").write_text(bye)
    status, written = on_a_terminal(
        [*COMMAND, "api", "--base-url", wrong[0], "--rate", "5", "--", "-p", "bye"],
        tmp_path,
        variables(wrong[1], TERM="xterm"),
    )
    assert status == 2
    *_, line, said = shown(written)
    assert re.match(r"\d+ of \d+ rules, ", line)
    assert said.startswith("points-conformance: code that was run by the judging ended its proces")


def test_a_dumb_terminal_gets_no_line_that_changes(tmp_path: Path, wrong: tuple[str, str]) -> None:
    """Nothing moves its cursor."""
    _, written = on_a_terminal(
        the_command(wrong[0], "--rate", "20"), tmp_path, variables(wrong[1], TERM="dumb")
    )
    assert TOLD in written
    assert not re.search(r"\x1b\[\d*[AKC]", written)


@pytest.mark.parametrize("own", [False, True], ids=["the command", "pytest"])
def test_with_q_nothing_is_told_before_the_end(
    tmp_path: Path, wrong: tuple[str, str], own: bool
) -> None:
    """The result says it all."""
    command = the_suite(tmp_path, wrong[0], "-q") if own else the_command(wrong[0], "--", "-q")
    out = piped(command, tmp_path, wrong[1])
    assert "\nfailed  " not in out
    assert "not conformant in the scope" in out


def test_pytest_tells_a_broken_rule_at_once_and_keeps_its_line(
    tmp_path: Path, wrong: tuple[str, str]
) -> None:
    """On a line of its own, while the first test has all rules judged; and the letters of the tests
    go on.
    """
    lines = piped(the_suite(tmp_path, wrong[0]), tmp_path, wrong[1]).splitlines()
    [told] = [number for number, line in enumerate(lines) if line.startswith(TOLD)]
    assert lines[told - 1] == "test_points.py ."
    assert lines[told + 1].split() == [".F", "[100%]"]


def test_one_by_one_a_broken_rule_is_told_in_its_own_test(
    tmp_path: Path, wrong: tuple[str, str]
) -> None:
    """``--points-side-by-side=1``."""
    command = the_suite(tmp_path, wrong[0], "--points-side-by-side=1")
    lines = piped(command, tmp_path, wrong[1]).splitlines()
    [told] = [number for number, line in enumerate(lines) if line.startswith(TOLD)]
    assert lines[told - 1] == "test_points.py .."
    assert lines[told + 1].split() == ["F", "[100%]"]


def test_pytest_with_v_keeps_name_and_verdict_of_a_test_together(
    tmp_path: Path, wrong: tuple[str, str]
) -> None:
    """What is told between them does not part them."""
    lines = piped(the_suite(tmp_path, wrong[0], "-v"), tmp_path, wrong[1]).splitlines()
    name = "test_points.py::TestPoints::test_rule[refund.full]"
    [told] = [number for number, line in enumerate(lines) if line.startswith(TOLD)]
    assert lines[told - 1].rstrip() == name
    assert lines[told + 1].split()[:2] == [name, "PASSED"]


def test_pytest_that_catches_nothing_is_told_of_it_too(
    tmp_path: Path, wrong: tuple[str, str]
) -> None:
    """``-s``."""
    status, written = on_a_terminal(
        the_suite(tmp_path, wrong[0], "-s"), tmp_path, variables(wrong[1], TERM="xterm")
    )
    assert status == 1
    assert f"\n{TOLD}" in written.replace("\r", "")
