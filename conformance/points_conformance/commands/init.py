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
#: The secret of made-up webhooks: whoever runs the tests may set another in the environment.
_MADE_UP: Final = "made-up-for-tests-0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Stack:
    """What a project is written in: the files that show it, and examples in its language."""

    name: str
    shown_by: tuple[str, ...]
    url: str = "http://127.0.0.1:8000/webhooks/points"
    client: str = "./refund"


#: The first one counts: a server in PHP or Python often has a package.json for its pages.
STACKS: Final = (
    Stack("Python", ("pyproject.toml", "setup.py", "requirements.txt", "manage.py")),
    Stack("PHP", ("composer.json",), client="php refund.php"),
    Stack("Node", ("package.json",), "http://127.0.0.1:3000/webhooks/points", "node refund.mjs"),
)
_PLAIN: Final = Stack("any language", ())


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
    python = stack.name == "Python"
    words = {
        "judge": _TEST if python else _SCRIPT,
        "run": f"python -m pytest {_TEST} --points-known-failures {_KNOWN}"
        " --points-report-dir points-conformance-report"
        if python
        else f"sh {_SCRIPT}",
        "prepare": prepare,
        "known": _KNOWN,
        "secret": _MADE_UP,
        "version": __version__,
        "url": stack.url,
        "client": stack.client,
    }
    if python:
        yield Starter(_TEST, _filled("python", words), "CONSUMER, CLIENT, or both")
    else:
        what = "CONSUMER_URL and STATE_URL, CLIENT_COMMAND, or both"
        yield Starter(_SCRIPT, _filled("shell", words), what, executable=True)
    path = gitlab_file if ci == "gitlab" else ".github/workflows/points-conformance.yml"
    what = "how the application is made ready; POINTS_CONFORMANCE if your index does not have it"
    if path.startswith(".gitlab/"):
        what += f"; and in .gitlab-ci.yml: include: {{local: {path}}}"
    yield Starter(path, _filled(ci, words), what)
    yield Starter(_KNOWN, _filled("known", words))


def _filled(name: str, words: Mapping[str, str]) -> str:
    text = files(__package__).joinpath("starters", f"{name}.txt").read_text("utf-8")
    for word, value in words.items():
        text = text.replace(f"<<{word}>>", value)
    return text


def _prepare(stack: Stack, folder: Path) -> str:
    """The line of CI that makes the application ready: what is not known is to be filled in."""
    if stack.name != "Python":
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
        has_gitlab = (folder / ".gitlab-ci.yml").exists()
        prepare = _prepare(stack, folder)
    except OSError as error:
        _refuse(f"the folder cannot be read: {error.strerror}")
    planned = starters(
        stack,
        ci or ("gitlab" if has_gitlab else "github"),
        prepare=prepare,
        gitlab_file=".gitlab/points-conformance.yml" if has_gitlab else ".gitlab-ci.yml",
    )
    click.echo(f"for {stack.name}:")
    written = [starter for starter in planned if _written(folder, starter)]
    to_fill = [f"  {starter.path}: {starter.fill_in}" for starter in written if starter.fill_in]
    if to_fill:
        judge = f"python -m pytest {_TEST}" if stack.name == "Python" else f"sh {_SCRIPT}"
        click.echo("\n".join(["fill in:", *to_fill, f"then run: {judge}"]))


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
