"""The recipes of CONTRIBUTING.md are true: the files exist, and the small ones are done here."""

import importlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.report import samples

from points_conformance import suite
from points_conformance.cli import main as command
from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.defect import Seeds
from points_conformance.judging.catalogue import build
from points_conformance.judging.judge import Judge
from points_conformance.judging.rule import Level, Profile, inferred
from points_conformance.judging.verdict import Verdict
from points_conformance.ledger import Booked, Command
from points_conformance.report import write
from points_conformance.report.write import WRITTEN, begin_all, write_all
from points_conformance.rules.api.expect import expect
from points_conformance.rules.api.family import family
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.world import Order
from points_conformance.subjects import Subject, catalogue, part
from points_conformance.targets.api.build import embedded_target
from points_conformance.targets.api.target import ApiTarget

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "conformance" / "points_conformance"
RECIPES = [
    "rule",
    "defect",
    "disputed matter",
    "event",
    "report format",
    "subject",
    "page of the documents",
]


def recipes() -> Iterator[tuple[str, str]]:
    """Title and text of each recipe."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    yield from re.findall(r"^## An? (.+?)\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)


def test_there_is_a_recipe_for_whatever_is_added() -> None:
    """Seven of them."""
    assert [title for title, _ in recipes()] == RECIPES


@pytest.mark.parametrize("title", RECIPES)
def test_every_file_that_a_recipe_names_exists(title: str) -> None:
    """Paths in the package, the checkout or the subjects' folders; placeholders aside."""
    text = dict(recipes())[title]
    listed = text.partition("Touches: ")[2].partition("\n\n")[0]
    paths = [name for name in re.findall(r"`([\w./<>*-]+)`", listed) if re.search("[./]", name)]
    assert paths
    for path in paths:
        for subject in Subject if "<subject>" in path else ("",):
            glob = re.sub(r"<(?!subject)\w+>", "*", path).replace("<subject>", subject)
            assert [*PACKAGE.glob(glob), *ROOT.glob(glob)], glob


# ---------------------------------------------------------------------- a rule, and its defect
rule = family(inferred("a recipe"))


@rule("recipe.refund-in-full", Level.MUST, calls=4)
def a_refund_of_all_gives_all_back(api: ApiTarget) -> None:
    """A refund of all MUST give all back."""
    order = api.order()
    expect(api.refund(order)).shows(OrderStatus.FULLY_REFUNDED)
    expect(api.read(order)).shows(OrderStatus.FULLY_REFUNDED)


def test_a_rule_is_a_function() -> None:
    """Registered in its family, it is in the catalogue, and a faithful server keeps it."""
    shipped = catalogue()
    grown = build(Subject.API, [*shipped, *rule.rules])
    assert len(grown) == len(shipped) + 1
    target = embedded_target()
    judge = Judge(build(Subject.API, rule.rules), profile=Profile.SMOKE)
    result = judge.judge("recipe.refund-in-full", target)
    assert result.verdict is Verdict.PASSED, result.reason


seed = Seeds(ServerDefect)


@seed.on(Desk.decide, "recipe-refunds-nothing", "recipe.refund-in-full")
def refunds_nothing(desk: Desk, order: Order, command: Command) -> Booked:
    """A refund is accepted and not carried out."""
    booked = Desk.decide(desk, order, command)
    return replace(booked, ledger=order.ledger)


def test_a_defect_is_a_function() -> None:
    """In the place of one method; the rule that it names catches it."""
    (defect,) = seed.defects
    assert (defect.id, defect.seam) == ("recipe-refunds-nothing", "desk")
    judge = Judge(build(Subject.API, rule.rules), profile=Profile.SMOKE)
    result = judge.judge("recipe.refund-in-full", embedded_target(parts=defect.parts))
    assert result.verdict is Verdict.FAILED
    assert defect.must_fail(result.rule.id)


def test_a_report_format_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file is written with the others, and an older one goes before a run."""
    monkeypatch.setattr(write, "FOR_OTHERS", (*write.FOR_OTHERS, "report.txt"))
    monkeypatch.setitem(WRITTEN, "report.txt", lambda report: f"verdict: {report.verdict.value}\n")
    report = samples.failing()
    write_all(report, tmp_path)
    assert (tmp_path / "report.txt").read_text("utf-8") == "verdict: not conformant\n"
    begin_all(report, tmp_path)
    assert not (tmp_path / "report.txt").exists()


@pytest.mark.parametrize("subject", Subject)
def test_a_subject_is_a_row_and_its_folders(subject: Subject) -> None:
    """What the row names is there, and so are its command and its suite."""
    who = subject.who
    for name in (who.options, who.settings, who.run, who.seeded):
        assert part(name) is not None
    for floor in ("rules", "targets", "defects"):
        importlib.import_module(f"points_conformance.{floor}.{subject}")
    assert subject.value in command.commands
    judged = [getattr(one, "points_subject", "") for one in vars(suite).values()]
    assert subject.value in judged
    assert (PACKAGE / "suite" / f"run_{subject}.py").exists()
