"""Examples are run where they are asked for by POINTS_EXAMPLES: names of stacks ("php express"), or
"required" for all of them. What an example lacks is an error then; else these tests are skipped.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.examples.shell import Shell
from tests.examples.stacks import STACKS, Stack, asked_for
from tests.ports import steady_port

#: What the projects leave where they run, and what is fetched there.
_LEFT = shutil.ignore_patterns("node_modules", "shop.*", "__pycache__", ".*cache")


@pytest.fixture(params=STACKS, ids=lambda stack: stack.name)
def stack(request: pytest.FixtureRequest) -> Stack:
    """Each stack that is asked for."""
    asked: Stack = request.param
    asked_for(asked.name, asked.lacks)
    return asked


@pytest.fixture
def port() -> int:
    """For the shop, which crashes and comes back."""
    return steady_port()


@pytest.fixture
def nothing(tmp_path: Path, port: int) -> Shell:
    """An empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return Shell(folder, port)


@pytest.fixture
def project(stack: Stack, tmp_path: Path, port: int) -> Iterator[Shell]:
    """The stack's folder, as a clone has it, with what its package manager fetches."""
    folder = tmp_path / stack.folder.name
    shutil.copytree(stack.folder, folder, ignore=_LEFT)
    shell = Shell(folder, port)
    if stack.name == "express":
        fetched = shell.run("npm", "ci", "--no-audit", "--no-fund")
        assert fetched.status == 0, fetched.out
    yield shell
    shell.end()
