"""The README's commands and examples are what they are run as."""

import html
import inspect
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from tests.project.picture import PICTURE
from tests.project.readme import README, blocks, command

from points_conformance.cli import main
from points_conformance.defects.consumer.seeded import SEEDED
from points_conformance.report import brief
from points_conformance.subjects import Subject, catalogue

ROOT = README.parent
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:schemathesis", "-p", "no:cacheprovider")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


class TestTheTwoCommands:
    """The README opens with them. ``.ci/run`` runs them, read from the README, in fresh copies."""

    def test_come_first_in_the_readme(self) -> None:
        """After the name, one sentence, and what each does."""
        head = README.read_text(encoding="utf-8").split("\n## ")[0]
        assert head.startswith("# points-conformance\n")
        assert command(1) in head
        assert command(2) in head

    @pytest.mark.parametrize("number", [1, 2])
    def test_need_python_and_nothing_else_of_ours(self, number: int) -> None:
        """A venv, an installation into it, and a command out of it."""
        steps = [shlex.split(step) for step in command(number).split(" && ")]
        assert steps[0] == ["python3", "-m", "venv", ".venv"]
        assert all(step[0].startswith(".venv/bin/") for step in steps[1:])

    def test_the_first_installs_what_judging_needs_and_judges(self) -> None:
        """The main job is the command without arguments."""
        assert '".[api]"' in command(1)
        assert command(1).endswith("/points-conformance")
        assert "api" in PROJECT["optional-dependencies"]

    def test_the_second_installs_what_the_tests_need_and_runs_them(self) -> None:
        """All of them: no selection."""
        assert '".[test]"' in command(2)
        assert command(2).endswith("/pytest -n auto --dist worksteal")
        assert "test" in PROJECT["optional-dependencies"]

    def test_ci_runs_what_the_readme_says(self) -> None:
        """It has no copy of its own."""
        script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        assert "tests/project/readme.py" in script
        assert command(1) not in script
        assert command(2) not in script


def own_command_lines() -> list[str]:
    """Every line of a shell block that calls our command."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("points-conformance ")]


@pytest.mark.parametrize("line", own_command_lines())
def test_every_command_line_is_one_that_the_command_takes(line: str) -> None:
    """Its options exist and take what they are given. Nothing is run."""
    name, *args = shlex.split(line)[1:]
    subcommand = main.commands[name]
    with subcommand.make_context(name, args, parent=click.Context(main)) as context:
        assert context.params


def example_run(folder: Path, examples: list[str]) -> str:
    """Run the examples together, as the one small project that they make up; what pytest says."""
    for block in examples:
        path = folder / block.splitlines()[0].removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(block, encoding="utf-8")
    done = subprocess.run(
        [*PYTEST, "-q", "--points-profile", "smoke"],
        cwd=folder,
        env={**os.environ, "POINTS_WEBHOOK_SECRET": "whsec_aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_python_examples_run(tmp_path: Path) -> None:
    """Together, in one project."""
    assert "\nconformant: " in example_run(tmp_path, blocks("python"))


def test_the_picture_is_of_a_run_as_they_are_told_today() -> None:
    """The rule and the cause that it names exist, and its lines are labelled as a report's are."""
    texts = re.findall(r"<text [^>]*>(.*?)</text>", PICTURE.read_text(encoding="utf-8"))
    told = html.unescape("".join(texts)).replace("\xa0", " ")
    (rule,) = set(re.findall(r"--select (\S+)", told))
    assert rule in {one.id for one in catalogue(Subject.CONSUMER)}
    assert f"shown by  {rule}: " in told
    causes = [defect.summary for defect in SEEDED.defects]
    assert any(f"most likely: {cause}" in told for cause in causes)
    labels = inspect.getsource(brief)
    for label in ("explains", "shown by", "expected", "got", "story", "costs", "again"):
        assert f"  {label}" in told
        assert label in labels
