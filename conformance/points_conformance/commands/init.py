"""``points-conformance init``: the files that a project starts with, by what its folder shows."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, NoReturn

import click

from points_conformance import __version__

__all__ = ["STACKS", "Stack", "Starter", "init", "stack_of", "starters"]

_KNOWN: Final = "points-known-failures.toml"
_TEST: Final = "tests/test_points_conformance.py"
_SCRIPT: Final = "points-conformance.sh"
_GITHUB: Final = ".github/workflows/points-conformance.yml"
_GITLAB: Final = ".gitlab-ci.yml"
_GITLAB_INCLUDED: Final = ".gitlab/points-conformance.yml"
#: The job that a GitLab file of ours has.
_JOB: Final = "points-conformance:"
#: The secret of made-up webhooks: whoever runs the tests may set another in the environment.
_MADE_UP: Final = "made-up-for-tests-0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Stack:
    """What a project is written in: the files that show it, and examples in its language.

    ``template``, ``judge``, ``run``: what its consumer and client are judged by, and the command.
    """

    name: str
    shown_by: tuple[str, ...]
    url: str = "http://127.0.0.1:8000/webhooks/points"
    client: str = "./refund"
    template: str = "shell"
    judge: str = _SCRIPT
    run: str = f"sh {_SCRIPT}"
    fill_in: str = "CONSUMER_URL and STATE_URL, CLIENT_COMMAND, or both"


_PYTHON: Final = Stack(
    "Python",
    ("pyproject.toml", "setup.py", "requirements.txt", "manage.py"),
    template="python",
    judge=_TEST,
    run=f"python -m pytest {_TEST}",
    fill_in="CONSUMER, CLIENT, or both",
)
#: The first one counts: a server in PHP or Python often has a package.json for its pages.
STACKS: Final = (
    _PYTHON,
    Stack("PHP", ("composer.json",), client="php refund.php"),
    Stack("Node", ("package.json",), "http://127.0.0.1:3000/webhooks/points", "node refund.mjs"),
)
_PLAIN: Final = Stack("any language", ())
#: What pytest has to be told in CI: the script says it itself.
_IN_CI: Final = f" --points-known-failures {_KNOWN} --points-report-dir points-conformance-report"


@dataclass(frozen=True, slots=True)
class Starter:
    """A file to write: its path in the project, its text, and what has to be filled in."""

    path: str
    text: str
    fill_in: str = ""
    executable: bool = False


def stack_of(names: Iterable[str]) -> Stack:
    """What a folder with these files is written in."""
    there = set(names)
    return next((stack for stack in STACKS if there.intersection(stack.shown_by)), _PLAIN)


def starters(stack: Stack, ci: str, *, prepare: str, gitlab_file: str) -> Iterator[Starter]:
    """The files of a project. ``prepare``: the line of CI that makes the application ready."""
    words = {
        "judge": stack.judge,
        "run": stack.run + (_IN_CI if stack is _PYTHON else ""),
        "prepare": prepare,
        "known": _KNOWN,
        "secret": _MADE_UP,
        "version": __version__,
        "url": stack.url,
        "client": stack.client,
    }
    text = _filled(stack.template, words)
    yield Starter(stack.judge, text, stack.fill_in, executable=stack is not _PYTHON)
    path = gitlab_file if ci == "gitlab" else _GITHUB
    what = "how the application is made ready; POINTS_CONFORMANCE if your index does not have it"
    if path == _GITLAB_INCLUDED:
        what += f"; and in {_GITLAB}: include: {{local: {path}}}"
    yield Starter(path, _filled(ci, words), what)
    yield Starter(_KNOWN, _filled("known", words))


def _filled(name: str, words: Mapping[str, str]) -> str:
    text = files(__package__).joinpath("starters", f"{name}.txt").read_text("utf-8")
    for word, value in words.items():
        text = text.replace(f"<<{word}>>", value)
    return text


def _prepare(stack: Stack, folder: Path) -> str:
    """The line of CI that makes the application ready: what is not known is to be filled in."""
    if stack is not _PYTHON:
        return 'echo "fill in - install the application, and start it in the background"'
    if (folder / "requirements.txt").exists():
        return "python -m pip install -r requirements.txt"
    project = folder / "pyproject.toml"
    if project.exists() and "[build-system]" in project.read_text("utf-8", errors="replace"):
        return "python -m pip install ."
    return 'echo "fill in - install the application"'


@click.command()
@click.option("--ci", type=click.Choice(["github", "gitlab"]), help="whose CI file is written")
def init(ci: str | None) -> None:
    """Write what this folder's project starts with: a test or script, a CI file, known failures.

    Without --ci the CI file is GitLab's where there is a .gitlab-ci.yml, else GitHub's. A file that
    exists is left as it is.
    """
    folder = Path()
    try:
        stack = stack_of(path.name for path in folder.iterdir())
        gitlab = folder / _GITLAB
        others = gitlab.read_text("utf-8", errors="replace") if gitlab.exists() else ""
        prepare = _prepare(stack, folder)
    except OSError as error:
        _refuse(f"the folder cannot be read: {error.strerror}")
    planned = starters(
        stack,
        ci or ("gitlab" if others else "github"),
        prepare=prepare,
        # Beside what is there already, unless that was written here.
        gitlab_file=_GITLAB if not others or _JOB in others else _GITLAB_INCLUDED,
    )
    click.echo(f"for {stack.name}:")
    written = [starter for starter in planned if _written(folder, starter)]
    to_fill = [f"  {starter.path}: {starter.fill_in}" for starter in written if starter.fill_in]
    if to_fill:
        click.echo("\n".join(["fill in:", *to_fill, f"then run: {stack.run}"]))


def _written(folder: Path, starter: Starter) -> bool:
    """Write a file, unless there is one of that name."""
    path = folder / starter.path
    if os.path.lexists(path):
        click.echo(f"  kept {starter.path}: it is there already")
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(starter.text)
        if starter.executable:
            path.chmod(path.stat().st_mode | 0o111)
    except OSError as error:
        _refuse(f"{starter.path} cannot be written: {error.strerror}")
    click.echo(f"  wrote {starter.path}")
    return True


def _refuse(text: str) -> NoReturn:
    click.echo(f"points-conformance: {text}", err=True)
    sys.exit(2)
