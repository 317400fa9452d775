"""``points-conformance selfcheck``: the matrix as a table and as JSON, and its exit status."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.quality import power

from points_conformance.commands.selfcheck import selfcheck
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.defects.catalogue import seeded
from points_conformance.defects.seeded import build
from points_conformance.defects.selfcheck import minutes
from points_conformance.judging.rule import Profile
from points_conformance.subjects import Subject


def run(*args: str) -> Result:
    """The command, in this process."""
    return CliRunner().invoke(selfcheck, [*args, "-n", "1"])


def test_what_is_as_declared_is_status_0(tmp_path: Path) -> None:
    """Announced, tabled, written."""
    matrix = tmp_path / "matrix.json"
    done = run("--defect", "cancel-twice", "--json", str(matrix))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "1 defects, profile smoke, seed 0, 1 at once: at most 1 minute",
        "defect        caught by",
        "cancel-twice  cancel.second-is-refused",
        "",
        "1 of 1 defects caught",
        "as declared",
    ]
    written = json.loads(matrix.read_text(encoding="utf-8"))
    assert (written["profile"], written["seed"], written["as_declared"]) == ("smoke", 0, True)
    [row] = written["defects"]
    assert row["caught_by"] == row["declared"] == ["cancel.second-is-refused"]
    catches = {rule["id"]: rule["catches"] for rule in written["rules"]}
    assert catches["cancel.second-is-refused"] == ["cancel-twice"]


def declared_otherwise(monkeypatch: pytest.MonkeyPatch, caught_by: str) -> None:
    """A catalogue of one defect, declared to be caught by another rule."""
    twice = SEEDED.named("cancel-twice")
    wrong = ServerDefect(
        id=twice.id, summary=twice.summary, seam="desk", parts=twice.parts, caught_by=(caught_by,)
    )
    monkeypatch.setitem(vars(SEEDED), "defects", build([wrong]))


def test_what_is_not_as_declared_is_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """A declared rule that found nothing, and a rule that failed without cause."""
    declared_otherwise(monkeypatch, "refund.second-full-is-refused")
    done = run("--defect", "cancel-twice")
    assert done.exit_code == 1
    assert done.output.splitlines()[2:] == [
        "cancel-twice  missed",
        "              ! not caught by: refund.second-full-is-refused",
        "              ! failed without cause: cancel.second-is-refused",
        "",
        "0 of 1 defects caught",
        "not as declared: 1 defects",
    ]


def test_a_rule_that_catches_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all defects tried, an idle rule fails the self-check."""
    declared_otherwise(monkeypatch, "cancel.second-is-refused")
    done = run("--subject", "api")
    assert done.exit_code == 1
    assert "! refund.full caught no defect" in done.output.splitlines()


def test_each_subject_has_a_table_of_its_own(tmp_path: Path) -> None:
    """Servers, then consumers; the JSON has them in one list."""
    matrix = tmp_path / "matrix.json"
    done = run("--defect", "*cancel-twice", "--defect", "*documented-key", "--json", str(matrix))
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "2 defects (1 of api, 1 of consumer), profile smoke, seed 0, 1 at once: at most 1 minute",
        "api:",
        "defect        caught by",
        "cancel-twice  cancel.second-is-refused",
        "",
        "consumer:",
        "defect                   caught by",
        "consumer-documented-key  consumer.second-partial-refund  (1 blocked)",
        "",
        "2 of 2 defects caught",
        "as declared",
    ]
    written = json.loads(matrix.read_text(encoding="utf-8"))
    assert written["subjects"] == ["api", "consumer"]
    assert [row["subject"] for row in written["defects"]] == ["api", "consumer"]
    catches = {rule["id"]: rule["catches"] for rule in written["rules"]}
    assert catches["consumer.second-partial-refund"] == ["consumer-documented-key"]


def test_one_subject_may_be_asked_for() -> None:
    """The globs are held against its defects alone."""
    done = run("--subject", "consumer", "--defect", "*refuses-refunds")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[1].startswith("defect ")
    wrong = run("--subject", "consumer", "--defect", "cancel-twice")
    assert wrong.exit_code == 2


def test_ids_are_unique_among_all_subjects() -> None:
    """A glob of one means no other's."""
    ids = [defect.id for subject in Subject for defect in seeded(subject).defects]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (("--subject", "shop"), "Invalid value for '--subject'"),
        (("--defect", "nothing-*"), "no defect matches 'nothing-*'"),
        (("--json", "no/such/folder/x.json"), "the matrix cannot go to no/such/folder/x.json"),
        (("--profile", "huge"), "Invalid value for '--profile'"),
        (("--seed", "many"), "Invalid value for '--seed'"),
    ],
)
def test_wrong_usage_is_status_2(args: tuple[str, ...], complaint: str) -> None:
    """Nothing is tried."""
    done = run(*args)
    assert done.exit_code == 2
    assert complaint in done.output


def test_the_minutes_are_an_upper_bound() -> None:
    """Never less than one, fewer with more workers."""
    assert minutes([(1, 0.2)], workers=1) == 1
    assert minutes([(200, 6.0)], workers=2) == 40
    assert minutes([(200, 6.0), (60, 5.0)], workers=2) == 50


def test_workers_of_their_own_say_the_same() -> None:
    """In processes, each in a fresh interpreter."""
    pair = ["--defect", "cancel-twice", "--defect", "default-reason-with-a-dot"]
    one = CliRunner().invoke(selfcheck, [*pair, "-n", "1"]).output.splitlines()[1:]
    two = CliRunner().invoke(selfcheck, [*pair, "-n", "2"]).output.splitlines()[1:]
    assert one == two


def test_power_says_in_how_many_seeds() -> None:
    """And by which rules."""
    found = power.measure("cancel-twice", Profile.SMOKE, 2)
    assert str(found) == "2 of 2  (cancel.second-is-refused 2)"


def test_subtle_defects_exist() -> None:
    """What is measured is in the catalogue."""
    assert len(power.SUBTLE) >= 12
    for id_ in power.SUBTLE:
        SEEDED.named(id_)
