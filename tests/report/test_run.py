"""What a run says of itself, and how one rule of it is judged again."""

import shlex
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tests.report import samples

from points_conformance.judging.rule import Profile
from points_conformance.judging.verdict import RunVerdict, Trouble, Verdict, settle
from points_conformance.report.run import grouped_by_reason, rerun_command
from points_conformance.subjects import Subject

LIVE = "https://sandbox.papp.sa/api/v1"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "api --base-url simulator --profile standard --seed 0"),
        ({"target": LIVE}, f"api --base-url {LIVE} --profile standard --seed 0"),
        ({"seed": 7, "profile": Profile.DEEP}, "api --base-url simulator --profile deep --seed 7"),
        ({"strict": True}, "api --base-url simulator --profile standard --seed 0 --strict"),
        (
            {"arguments": ("--dialect", "literal")},
            "api --base-url simulator --dialect literal --profile standard --seed 0",
        ),
        (
            {"target": LIVE, "arguments": ("--orders", "my orders.json")},
            f"api --base-url {LIVE} --orders 'my orders.json' --profile standard --seed 0",
        ),
        (
            {"target": LIVE, "arguments": ("--base-url", "http://127.0.0.1:8787")},
            "api --base-url http://127.0.0.1:8787 --profile standard --seed 0",
        ),
        (
            {"subject": Subject.CONSUMER, "target": "http://127.0.0.1:9/hook?a=b&c=d"},
            "consumer --url 'http://127.0.0.1:9/hook?a=b&c=d' --profile standard --seed 0",
        ),
        (
            {
                "subject": Subject.CONSUMER,
                "target": "app shop:app",
                "arguments": ("--app", "shop:app"),
            },
            "consumer --app shop:app --profile standard --seed 0",
        ),
        (
            {"subject": Subject.CLIENT, "arguments": ("--command", "node pay.js; rm -r x")},
            "client --command 'node pay.js; rm -r x' --profile standard --seed 0",
        ),
    ],
)
def test_one_command_judges_a_rule_again(fields: dict[str, Any], words: str) -> None:
    """Same subject, target, profile and seed; quoted for a shell. Never by accident a live one."""
    command = rerun_command(samples.report(**fields), "cancel.new-order")
    assert command == f"points-conformance {words} --select cancel.new-order"
    assert shlex.split(command)[-1] == "cancel.new-order"


def test_the_rules_that_lead_there_are_selected_too() -> None:
    """The rule itself first; each once."""
    evidence = replace(samples.EVIDENCE, led_by=("story.orders-at-once", "refund.full"))
    outcomes = samples.outcomes_of_failing_run()
    outcomes[samples.SECOND.id] = replace(outcomes[samples.SECOND.id], evidence=evidence)
    report = samples.report(results=settle(samples.RULES, outcomes))
    assert rerun_command(report, samples.SECOND.id).endswith(
        "--seed 0 --select cancel.second-is-refused --select story.orders-at-once "
        "--select refund.full"
    )
    assert rerun_command(report, samples.NEW.id).endswith(" --select cancel.new-order")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "points-conformance api --base-url simulator --profile standard --seed 0"),
        (
            {"select": ("cancel.*", "envelope.*"), "deselect": ("cancel.x",)},
            "points-conformance api --base-url simulator --profile standard --seed 0 "
            "--select 'cancel.*' --select 'envelope.*' --deselect cancel.x",
        ),
        (
            {"select": ("cancel.*",), "begun_with": ("pytest",)},
            "pytest --points-profile standard --points-seed 0 --points-select 'cancel.*'",
        ),
    ],
)
def test_where_orders_touch_each_other_it_takes_the_whole_run(
    fields: dict[str, Any], words: str
) -> None:
    """But for the rule that says so: it is found alone."""
    rules = [replace(r, apart=r.id == samples.SECOND.id) for r in samples.RULES]
    results = settle(rules, samples.outcomes_of_failing_run())
    report = samples.report(results=results, **fields)
    assert rerun_command(report, "envelope.appended-data") == words
    assert rerun_command(report, samples.SECOND.id).endswith("select cancel.second-is-refused")


def test_what_came_after_the_dashes_comes_there_again() -> None:
    """Hooks that are loaded with -p make the orders."""
    report = samples.report(passed_on=("-p", "my rig"))
    command = rerun_command(report, "cancel.new-order")
    assert command.endswith(" --select cancel.new-order -- -p 'my rig'")


def test_under_their_own_pytest_the_command_is_pytests() -> None:
    """For their fixtures are there alone; secret words of theirs are not repeated."""
    words = ("pytest", "-p", "rig", "--shop-token", "hunter2", "--api-key=hunter2", "--keys")
    report = samples.report(begun_with=words, suite="t/test_api.py::TestApi", seed=3)
    assert rerun_command(report, "cancel.new-order") == (
        "pytest -p rig --shop-token REDACTED --api-key=REDACTED --keys --points-profile standard "
        "--points-seed 3 --points-select cancel.new-order t/test_api.py::TestApi"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:hunter2@pay.example/api", "https://REDACTED@pay.example/api"),
        ("https://hunter2@pay.example/api", "https://REDACTED@pay.example/api"),
        ("https://pay.example/h?token=hunter2&a=b", "https://pay.example/h?token=REDACTED&a=b"),
        ("https://pay.example/h?a=b&api_key=hunter2", "https://pay.example/h?a=b&api_key=REDACTED"),
        ("https://pay.example/h?a=b", "https://pay.example/h?a=b"),
        ("https://pay.example/a@b", "https://pay.example/a@b"),
    ],
)
def test_secrets_in_a_url_are_in_no_report(url: str, shown: str) -> None:
    """They are cut when the report is made, so that no writer of reports can forget to."""
    report = samples.failing(target=url, arguments=("--webhook-url", url))
    assert report.target == shown
    assert report.arguments == ("--webhook-url", shown)
    assert "hunter2" not in str(report.to_json())


@pytest.mark.parametrize(
    ("fields", "summary"),
    [
        (
            {},
            "conformant: 6 of 6 rules that this run was equipped for; it lacked webhook inbox (2) "
            "(5 passed, 2 not exercised, 1 observed; seed 0, profile standard, 1.8 s, 212 calls)",
        ),
        (
            {"scope": ("cancel.*", "not cancel.race")},
            "conformant in the scope cancel.*, not cancel.race: 6 of 6 rules that this run was "
            "equipped for; it lacked webhook inbox (2) (5 passed, 2 not exercised, 1 observed; "
            "seed 0, profile standard, 1.8 s, 212 calls)",
        ),
        (
            {"partial": True, "calls": 1, "seconds": 0},
            "inconclusive (partial): 6 of 6 rules that this run was equipped for; it lacked "
            "webhook inbox (2) (5 passed, 2 not exercised, 1 observed; seed 0, "
            "profile standard, 0.0 s, 1 call)",
        ),
        (
            {"results": ()},
            "inconclusive: 0 of 0 rules that this run was equipped for "
            "(0 passed; seed 0, profile standard, 1.8 s, 212 calls)",
        ),
    ],
)
def test_the_summary_is_one_line(fields: dict[str, Any], summary: str) -> None:
    """Verdict, scope, counts, and what it takes to have the same again."""
    assert samples.passing(**fields).summary == summary


def test_prerequisites_are_counted_apart() -> None:
    """The counts are of what was asked for."""
    settled = settle(
        (samples.NEW, samples.SECOND),
        {id_: samples.outcome(id_) for id_ in (samples.NEW.id, samples.SECOND.id)},
        prerequisites=[samples.NEW.id],
    )
    report = samples.report(results=settled, scope=(samples.SECOND.id,))
    assert (
        ": 1 of 1 rule that this run was equipped for (1 passed; prerequisites: 1 passed; "
        in report.summary
    )
    assert report.to_json()["counts"]["passed"] == 1
    assert report.to_json()["prerequisites"]["passed"] == 1


def test_an_unfinished_run_is_never_conformant() -> None:
    """Even where all that ran held and nobody said what stopped it."""
    report = samples.passing(partial=True)
    assert (report.verdict, report.exit_status) == (RunVerdict.INCONCLUSIVE, 2)
    assert report.because == ["the run is not finished"]


def test_a_stopped_run_says_why_in_its_own_words() -> None:
    """The caller's words come first, ours where there are none."""
    report = samples.partial(trouble=Trouble(stopped=("a worker died",)))
    assert report.because == ["a worker died"]
    assert samples.partial().because == ["interrupted from the keyboard"]


def test_our_own_fault_is_called_that() -> None:
    """A reader must not look for it in the target."""
    report = samples.passing(trouble=Trouble(ours=("KeyError: 'x'",)))
    assert (report.verdict, report.exit_status) == (RunVerdict.INCONCLUSIVE, 3)
    assert report.because == ["the kit itself failed: KeyError: 'x'"]


def test_strict_makes_advice_count() -> None:
    """As on the command line."""
    results = [item for item in samples.failing().results if item.verdict is not Verdict.FAILED]
    assert samples.report(results=results).verdict is RunVerdict.CONFORMANT
    assert samples.report(results=results, strict=True).verdict is RunVerdict.NOT_CONFORMANT


def test_the_start_is_told_in_utc() -> None:
    """Wherever the run was."""
    riyadh = datetime(2026, 11, 22, 15, 30, tzinfo=timezone(timedelta(hours=3)))
    assert samples.report(started=riyadh).to_json()["started"] == "2026-11-22T12:30:00Z"


def test_rules_that_share_a_reason_are_listed_together() -> None:
    """So that what one missing inbox hides takes one line."""
    missing = samples.failing().of(Verdict.NOT_EXERCISED)
    assert grouped_by_reason(missing) == {
        samples.NO_INBOX: ["cancel.default-reason", "cancel.given-reason"]
    }
