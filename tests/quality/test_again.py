"""Running the command that a finding prints fails again, always: it names the rules, or the story,
that lead there.

A part of the defects that changes with the day, with the seed of the whole, which is
``python -m tests.quality.again``.
"""

import datetime
import json
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.cli.command import Ended, run
from tests.quality.again import Again, Judging, looked_for_again, main, selected

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api.seeded import SEEDED, judge_server
from points_conformance.defects.catalogue import seeded
from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import Result, Verdict
from points_conformance.report.run import RunReport
from points_conformance.subjects import Subject, catalogue

BROKEN = {Verdict.FAILED, Verdict.ADVICE}
API, CONSUMER, CLIENT = Subject.API, Subject.CONSUMER, Subject.CLIENT
#: So many days until each defect's first finding has been looked for again.
TURN = {API: 100, CONSUMER: 30, CLIENT: 50}
TODAY = datetime.datetime.now(datetime.UTC).toordinal()
TODAYS = [
    (subject, defect.id)
    for subject in Subject
    for number, defect in enumerate(seeded(subject).defects)
    if (number + TODAY) % TURN[subject] == 0
]


@pytest.mark.slow
@pytest.mark.parametrize(("subject", "defect"), TODAYS)
def test_todays_findings_fail_again(subject: Subject, defect: str) -> None:
    """The first finding of each of today's defects, and all that name other rules."""
    found = looked_for_again(subject, defect, profile=Profile.STANDARD)
    assert [str(again) for again in found if not again.fails] == []


@pytest.mark.parametrize(
    ("subject", "defect", "rule", "led_by", "seed"),
    [
        # What closes a run, and the rule whose order it is.
        (API, "webhook-small-refund-missing", "webhook.every-reversal-is-told", "refund.",
         0),
        # A story that is laid to a rule which passes by itself.
        (API, "cancel-then-refund-the-rest", "refund.cancelled-is-refused", "story.orders-at-once",
         2),
        # A server that shows another's order where there was one before.
        (API, "uuid-with-a-tail", "envelope.malformed-uuid", "", 0),
        # A consumer that answers nothing but 500 since an earlier rule.
        (CONSUMER, "consumer-broken-by-unknown-orders", "consumer.large-amount",
         "consumer.refund-before-approval", 0),
        # What a client does only in another rule's trouble.
        (CLIENT, "client-400-as-authentication-error", "client.tells-its-outcome", "client.",
         0),
    ],
)  # fmt: skip
def test_the_rules_that_lead_there_are_named(
    subject: Subject, defect: str, rule: str, led_by: str, seed: int
) -> None:
    """Each kind of finding that its rule does not make alone."""
    (again,) = looked_for_again(subject, defect, profile=Profile.STANDARD, seed=seed, only=[rule])
    assert again.fails, str(again)
    first, *others = selected(again.command)
    assert first == rule
    assert others
    assert any(other.startswith(led_by) for other in others)


@pytest.mark.slow
def test_where_orders_touch_each_other_it_is_the_whole_run() -> None:
    """What came before cannot be told from outside; alone most of these rules pass."""
    defect = "equal-orders-are-deduplicated"
    found = looked_for_again(API, defect, profile=Profile.STANDARD, every=True)
    assert [str(again) for again in found if again.verdict not in BROKEN] == []
    whole = [again.rule for again in found if not selected(again.command)]
    assert "refund.empty-list-body" in whole
    assert "isolation.equal-refunds" not in whole


def test_a_finding_of_calls_at_once_is_looked_for_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says in how many rounds it came; every other one is looked for once."""
    runs: Counter[str] = Counter()

    def seldom(report: RunReport, judging: Judging, command: str) -> Sequence[Result]:
        """It fails every third time, and is judged on a sound server else."""
        (rule,) = selected(command)
        runs[rule] += 1
        rules = [catalogue()[rule]]
        if runs[rule] % 3 == 0:
            return judging(rules, report.profile, report.seed).results
        return judge_server(None, DIALECTS["default"], rules=rules, profile=report.profile).results

    monkeypatch.setattr("tests.quality.again._run", seldom)
    look = partial(looked_for_again, API, profile=Profile.STANDARD, every=True)
    (race,) = look("full-refunds-race", only=["race.full-refunds"])
    (plain,) = look("cancel-is-a-no-op", only=["cancel.new-order"])
    assert (race.fails, plain.fails) == (True, False)
    assert (runs["race.full-refunds"] >= 3, runs["cancel.new-order"]) == (True, 1)


def test_without_them_it_passes() -> None:
    """A rule that closes the run has nothing to look at alone: so it is no matter of form."""
    rule = catalogue()["refund.cancelled-is-refused"]
    defect = SEEDED.named("cancel-then-refund-the-rest")
    dialect = DIALECTS[defect.dialect]
    results, _ = judge_server(defect.parts, dialect, rules=[rule], profile=Profile.STANDARD)
    assert {result.verdict for result in results} == {Verdict.PASSED}


def test_a_command_that_does_not_fail_again_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the command that tries them all: its status is 1, and its lines say which."""
    alone = "tests.quality.again.rerun_command"
    monkeypatch.setattr(alone, lambda report, rule: f"points-conformance api --select {rule}")
    monkeypatch.setattr("tests.quality.again._spread", map_here)
    done = CliRunner().invoke(
        main, ["--subject", "api", "--seed", "2", "--defect", "cancel-then-refund-the-rest"]
    )
    assert done.exit_code == 1
    assert "--select refund.cancelled-is-refused: passed" in done.output
    assert "1 defects, " in done.output


def map_here(
    look: Callable[[Any], list[Again]], jobs: Sequence[Any], workers: int | None
) -> Iterable[list[Again]]:
    """In this process, where what is patched is patched."""
    return map(look, jobs)


# ---------------------------------------------------------------------- the real command
@contextmanager
def served(defect: str) -> Iterator[Mapping[str, str]]:
    """A wrong server of its own: where it is, and its keys."""
    words = [sys.executable, "-m", "tests.defects.threaded", defect]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def on(where: Mapping[str, str], folder: Path, *words: str) -> Ended:
    """Run the command with the server's keys."""
    keys = {"POINTS_OTHER_API_KEY": where["other_key"], "POINTS_PUBLIC_KEY": where["public_key"]}
    return run(folder, *words, key=where["key"], **keys)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defect", "selection"),
    [
        ("webhook-small-refund-missing", ("--profile", "smoke")),
        ("cancel-then-refund-the-rest",
         ("--select", "refund.cancelled-is-refused", "--select", "story.*",
          "--select", "cancel.partially-refunded-is-bounded", "--select", "webhook.views-agree")),
    ],
)  # fmt: skip
def test_the_printed_command_fails_again_over_http(
    tmp_path: Path, defect: str, selection: tuple[str, ...]
) -> None:
    """As a shell reads it, with webhooks that come to a listener: what looks back, and a story."""
    listen = ("--webhook-listen", "127.0.0.1:0", "--webhook-grace", "1.5")
    with served(defect) as where:
        first = on(
            where, tmp_path, "api", "-v", "--base-url", where["base_url"], *listen, *selection
        )
        assert first.status == 1, first.out + first.err
        printed = {
            row["id"]: row["evidence"]["command"]
            for row in first.report["rules"]
            if row["verdict"] == "failed" and row["evidence"]["command"].count("--select") > 1
        }
        for rule, line in printed.items():
            assert f"again     {line}" in first.out
            _, *words = shlex.split(line)
            again = on(where, tmp_path, *words)
            assert again.status == 1, line + again.out + again.err
            assert again.verdict(rule) == "failed", line
    assert printed
