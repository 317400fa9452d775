"""The stacks of the example projects: what each needs, and by which words it is judged."""

import importlib.util
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
#: The stacks whose examples are to be run, by their names; "required" is all of them.
ASKED = os.environ.get("POINTS_EXAMPLES", "").split()


@dataclass(frozen=True)
class Stack:
    """A folder with a careful consumer and client, and naive ones.

    ``lacks`` tells what is not installed here; ``clients`` are the commands of both clients.
    """

    name: str
    lacks: Callable[[], list[str]]
    clients: tuple[str, str]

    @property
    def folder(self) -> Path:
        """Where it is."""
        return EXAMPLES / f"{self.name}_shop"


def asked_for(name: str, lacks: Callable[[], list[str]]) -> None:
    """Go on where the example is asked for; what it lacks then is an error."""
    if not {name, "required"} & set(ASKED):
        pytest.skip(f"{name} is not in POINTS_EXAMPLES")
    if missing := lacks():
        pytest.fail(f"the example cannot be run: not installed: {', '.join(missing)}")


def packages(*names: str) -> Callable[[], list[str]]:
    """Which of these Python packages are not there."""
    return lambda: [name for name in names if importlib.util.find_spec(name) is None]


def programs(*names: str) -> Callable[[], list[str]]:
    """Which of these programs are not there."""
    return lambda: [name for name in names if shutil.which(name) is None]


def php() -> list[str]:
    """PHP, and the extensions that Debian has in packages of their own."""
    if shutil.which("php") is None:
        return ["php"]
    asked = ["php", "-r", "echo json_encode(get_loaded_extensions());"]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True)
    there = json.loads(told.stdout)
    return [f"the extension {name}" for name in ("pdo_sqlite", "curl") if name not in there]


STACKS = (
    Stack("fastapi", packages("fastapi"), ("python refund.py", "python naive_refund.py")),
    Stack("django", packages("django"), ("python manage.py points_refund", "")),
    Stack("express", programs("node", "npm"), ("node refund.js", "node naive_refund.js")),
    Stack("php", php, ("php refund.php", "php naive_refund.php")),
)

if __name__ == "__main__":
    # For the shell: the stacks that could be run here, and on a second line why others cannot.
    print(*(stack.name for stack in STACKS if not stack.lacks()))
    print(*(f"{stack.name} ({', '.join(stack.lacks())})" for stack in STACKS if stack.lacks()))
