"""From an empty folder to a finding on the naive consumer, in at most five commands."""

import re
import time
from pathlib import Path

import pytest
from tests.examples.shell import Shell
from tests.examples.stacks import EXAMPLES, STACKS, Stack

#: What makes a script of commands that somebody could type.
_AROUND = ("set ", "here=", "export ", "trap ")


def commands(script: Path) -> list[str]:
    """What is typed."""
    text = script.read_text("utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [line for line in lines if not line.startswith(_AROUND)]


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
def test_there_are_at_most_five_commands(stack: Stack) -> None:
    """One in each line; the README says how many."""
    typed = commands(stack.folder / "from-nothing.sh")
    assert len(typed) <= 5
    assert not [line for line in typed if re.search(r"&&|;|\|", line)]
    words = {4: "four", 5: "five"}
    assert f"in {words[len(typed)]} commands" in (stack.folder / "README.md").read_text("utf-8")


@pytest.mark.slow
def test_they_end_with_a_finding(stack: Stack, nothing: Shell) -> None:
    """Exit status 1, and the second refund that is lost comes first."""
    started = time.monotonic()
    done = nothing.run("sh", stack.folder / "from-nothing.sh", "--profile", "smoke")
    seconds = time.monotonic() - started
    assert done.status == 1, done.out
    found = [line for line in done.out.splitlines() if line.startswith("failed ")]
    assert found[0].startswith("failed  consumer.second-partial-refund: ")
    print(f"{stack.name}: from an empty folder to a finding in {seconds:.0f} s")


def test_every_readme_is_short() -> None:
    """Twenty lines at most; each project has one."""
    folders = [path for path in EXAMPLES.iterdir() if path.is_dir() and path.name[0] not in "._"]
    assert len(folders) == 5
    for folder in folders:
        text = (folder / "README.md").read_text("utf-8")
        assert len(text.splitlines()) <= 20, folder
        for name in re.findall(r"`([\w./]+\.\w+)`", text):
            assert (folder / name).exists() or name == "changes.md", name


def test_the_lock_file_names_no_registry() -> None:
    """Where packages come from is the machine's to say; what they are, their digests say."""
    text = (EXAMPLES / "express_shop" / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in text
    assert text.count('"integrity"') == text.count('"node_modules/')
