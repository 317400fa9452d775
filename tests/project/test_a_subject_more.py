"""A subject more is a row and modules of its own: a toy is added to a copy of the package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = """
    TOY = Who(
        name="toy",
        judged="a toy that says a word",
        help="Judge a toy by --word.",
        families="plain",
        options="plugin.toy.options:OPTIONS",
        settings="plugin.toy.settings:read",
        run="plugin.toy.run:ToyRun",
        seeded="defects.toy.seeded:SEEDED",
    )
"""
MODULES = {
    "rules/toy/plain.py": '''
from points_conformance.judging.catalogue import Registrar
from points_conformance.judging.finding import Finding
from points_conformance.judging.rule import Level, inferred
from points_conformance.subjects import Subject

rule = Registrar(Subject.TOY, inferred("a toy greets"), calls=1)


@rule("toy.greets", Level.MUST)
def greets(toy):
    """A toy MUST say hello."""
    if toy.word != "hello":
        raise Finding("no greeting", expected="hello", got=toy.word)
''',
    "targets/toy/target.py": """
from points_conformance.judging.budget import Budget
from points_conformance.judging.redaction import Redactor
from points_conformance.targets.viewed import Viewed


class Toy(Viewed):
    def __init__(self, word):
        super().__init__()
        self.word, self.budget, self.redact, self.loopback = word, Budget(), Redactor({}), True
""",
    "plugin/toy/options.py": """
from points_conformance.plugin.options import Option

OPTIONS = (Option("word", "what the toy says", environment="TOY_WORD"),)
""",
    "plugin/toy/settings.py": """
from dataclasses import dataclass

from points_conformance.plugin.settings import SettingsError, SubjectSettings, words_of


@dataclass(frozen=True)
class ToySettings(SubjectSettings):
    word: str = ""

    @property
    def target(self):
        return f"the toy that says {self.word}"

    @property
    def arguments(self):
        return words_of(self, "word")


def read(option, environment, *, command):
    if not option("word"):
        raise SettingsError("no toy: give --word WORD")
    return ToySettings(option("word"))
""",
    "plugin/toy/run.py": """
from points_conformance.plugin.subject import SubjectRun
from points_conformance.targets.effect import Effect
from points_conformance.targets.toy.target import Toy


class ToyRun(SubjectRun):
    def __init__(self, run):
        self.run = run

    def made(self):
        return Toy(self.run.settings.of.word)

    def given(self, given):
        return self.made()

    def plan_lines(self):
        return ["plan: to listen"]

    def orders_needed(self):
        return ["orders needed: none"]

    def effect_lines(self, effect):
        return ["nothing was done to it"]

    def close(self):
        return Effect(), []
""",
    "defects/toy/seeded.py": """
from points_conformance.defects.seeded import Seeded
from points_conformance.subjects import Subject

SEEDED = Seeded(subject=Subject.TOY, families=(), judged=print, sound=())
""",
    "suite/run_toy.py": """
class TestToy:
    points_subject = "toy"

    def test_rule(self, points_rule, points_judge):
        points_judge(points_rule, None)
""",
}


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which nothing was changed but a row, and nothing added but the modules."""
    folder = tmp_path_factory.mktemp("grown")
    package = folder / "conformance" / "points_conformance"
    shutil.copytree(ROOT / "conformance" / "points_conformance", package)
    (folder / "specs").symlink_to(ROOT / "specs")
    table = package / "subjects.py"
    rows, beside, rest = table.read_text("utf-8").partition("\n\n\ndef part(")
    table.write_text(rows + ROW + beside + rest, "utf-8")
    for name, text in MODULES.items():
        path = package / name
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text, "utf-8")
    return folder


def command(grown: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command of the grown checkout."""
    start = "import sys; from points_conformance.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", start, *arguments],
        cwd=grown,
        env={**os.environ, "PYTHONPATH": str(grown / "conformance"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "verdict"),
    [
        (("--word", "hello"), {}, 0, "conformant"),
        (("--word", "bye"), {}, 1, "not conformant"),
        ((), {"TOY_WORD": "hello"}, 0, "conformant"),
    ],
)
def test_it_is_judged_and_reported(
    grown: Path,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    status: int,
    verdict: str,
) -> None:
    """Its command, its option, its variable, its rule, its report."""
    done = command(grown, "toy", *arguments, **environment)
    assert done.returncode == status, done
    report = json.loads((grown / "points-conformance-report" / "report.json").read_text("utf-8"))
    assert (report["subject"], report["verdict"]) == ("toy", verdict)
    if status == 1:
        assert "points-conformance toy --word bye --profile standard" in done.stdout


def test_its_wrong_usage_is_said(grown: Path) -> None:
    """In a line, with status 2."""
    done = command(grown, "toy")
    assert (done.returncode, done.stderr) == (2, "points-conformance: no toy: give --word WORD\n")


def test_it_stands_with_the_others(grown: Path) -> None:
    """In the help, in the catalogue, and among the options of pytest."""
    assert "Judge a toy by --word." in command(grown, "--help").stdout
    assert "A toy MUST say hello." in command(grown, "rules", "toy.greets").stdout
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "points_conformance.plugin", "--points-help"],
        cwd=grown,
        env={
            **os.environ,
            "PYTHONPATH": str(grown / "conformance"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "--points-word=TEXT" in done.stdout
