"""Every command and block of the documents is carried out, or says to its reader that it is not.

Machinery and conventions: :mod:`tests.project.pages`.
"""

import ast
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Final

import click
import pytest
from tests.project.pages import (
    NOT_RUN,
    PAGES,
    ROOT,
    Block,
    blocks_of,
    matches,
    own_commands,
    staged,
)

from points_conformance.cli import main
from points_conformance.plugin import hooks

#: Pages whose blocks have a test of their own.
ELSEWHERE = {
    "docs/how-to-refund-safely.md": "test_how_to_refund_safely.py",
    "docs/in-ci.md": "test_in_ci.py",
    "docs/other-plugins.md": "../compat/project.py",
}
#: Pages in Arabic have the code of their originals (``test_arabic.py``).
ELSEWHERE |= {page: "test_arabic.py" for page in PAGES if page.startswith("docs/ar/")}
#: Blocks that nothing at hand can run; a new one is a decision.
NOT_RUN_AT_MOST: Final = 9
STORIES: Final = [page for page in PAGES if page not in ELSEWHERE and blocks_of(page)]


#: Pages that take longer than five seconds.
SLOW: Final = {
    f"docs/how-to/{name}.md"
    for name in (
        "consumers-in-python",
        "judge-a-server",
        "judge-your-client",
        "one-test-two-worlds",
    )
} | {"docs/tutorial.md"}
#: What a page runs that need not be here, and how that is told.
RUNTIMES: Final = {
    "docs/how-to/consumers-in-php.md": ["php", "-r", "new PDO('sqlite::memory:');"],
    "docs/how-to/consumers-in-node.md": ["node", "--version"],
}


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.slow] if page in SLOW else []) for page in STORIES],
)
def test_a_page_is_what_happens(page: str, tmp_path: Path) -> None:
    """From its top to its end, in an empty folder; skipped where its language is not at hand."""
    if not at_hand(RUNTIMES.get(page, [])):
        pytest.skip(f"no {RUNTIMES[page][0]} that can run it")
    blocks = blocks_of(page)
    live = any("sandbox.papp.sa" in block.text for block in blocks if block.language == "sh")
    with staged(tmp_path, sandbox=live) as stage:
        stage.carry_out(blocks)


def at_hand(command: list[str]) -> bool:
    """Whether a runtime is there, and can do what it is asked for."""
    if not command:
        return True
    if shutil.which(command[0]) is None:
        return False
    done = subprocess.run(command, check=False, timeout=60, capture_output=True)
    return done.returncode == 0


def every_block() -> list[Block]:
    """Of all pages."""
    return [block for page in PAGES for block in blocks_of(page)]


@pytest.mark.parametrize("page", ELSEWHERE)
def test_a_page_that_is_tested_elsewhere_is(page: str) -> None:
    """The file that is named names the page."""
    test = Path(__file__).parent / ELSEWHERE[page]
    assert Path(page).name in test.read_text(encoding="utf-8")


def test_what_is_not_run_says_so_and_is_counted() -> None:
    """The reader sees the reason; nothing else goes unrun."""
    unrun = [block for block in every_block() if block.not_run]
    assert len(unrun) <= NOT_RUN_AT_MOST, [str(block) for block in unrun]
    marks = sum((ROOT / page).read_text("utf-8").count("*Not run by our tests: ") for page in PAGES)
    assert marks == len(unrun)


#: What tells whether a text is of a language, and how its files end.
CHECKS: Final = {"php": (".php", "php", "-l"), "javascript": (".mjs", "node", "--check")}


@pytest.mark.parametrize("block", [b for b in every_block() if b.not_run], ids=str)
def test_what_is_not_run_is_of_its_language(block: Block, tmp_path: Path) -> None:
    """Where something at hand can tell."""
    ending, *check = CHECKS.get(block.language, ("", "true"))
    if shutil.which(check[0]) is None:
        pytest.skip(f"no {check[0]}")
    path = tmp_path / f"block{ending}"
    path.write_text(block.text, encoding="utf-8")
    subprocess.run([*check, str(path)], check=True, timeout=60, capture_output=True)


@pytest.mark.parametrize("block", [b for b in every_block() if own_commands(b)], ids=str)
def test_a_command_is_one_that_the_command_takes(block: Block) -> None:
    """Also where it is not run: its options exist and take what they are given."""
    for line in own_commands(block):
        words = shlex.split(line.removesuffix("&").split(" >")[0])[1:]
        if not words or words[0].startswith("-"):
            words = ["api", *words]
        command = main.commands[words[0]]
        with command.make_context(words[0], words[1:], parent=click.Context(main)) as context:
            assert context.params


def test_the_hooks_of_the_pages_exist_with_these_arguments() -> None:
    """pluggy would refuse an unknown argument only when the hook is first called."""
    shown = [
        node
        for block in every_block()
        if block.language == "python"
        for node in ast.parse(block.text).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("pytest_points_")
    ]
    assert shown
    for node in shown:
        spec = getattr(hooks, node.name)
        taken = spec.__code__.co_varnames[: spec.__code__.co_argcount]
        assert [argument.arg for argument in node.args.args] == list(taken)


class TestHowAPageIsHeldAgainstWhatHappens:
    """The machinery would fail."""

    def test_an_output_is_compared(self, tmp_path: Path) -> None:
        """A line that is not printed."""
        told = [Block("page", 1, "sh", "echo one"), Block("page", 2, "text", "two")]
        with staged(tmp_path, sandbox=False) as stage, pytest.raises(AssertionError, match="one"):
            stage.carry_out(told)

    @pytest.mark.parametrize("output", ["one\nexit 0: fine", ""])
    def test_an_exit_status_is_compared(self, tmp_path: Path, output: str) -> None:
        """0, where nothing is said."""
        told = [Block("page", 1, "sh", "echo one; exit 3"), Block("page", 2, "text", output)]
        with (
            staged(tmp_path, sandbox=False) as stage,
            pytest.raises(AssertionError, match="exit 3"),
        ):
            stage.carry_out(told)

    def test_a_language_that_nobody_runs_is_not_passed_over(self, tmp_path: Path) -> None:
        """It needs a file's name, or the words that say that it is not run."""
        told = [Block("page", 1, "java", "class A {}")]
        with (
            staged(tmp_path, sandbox=False) as stage,
            pytest.raises(AssertionError, match="nobody"),
        ):
            stage.carry_out(told)

    def test_a_diff_meets_its_file(self, tmp_path: Path) -> None:
        """The lines that it takes away are there, once."""
        told = [
            Block("page", 1, "python", "# a.py\nx = 1"),
            Block("page", 2, "diff", "-x = 2\n+x = 3"),
        ]
        with (
            staged(tmp_path, sandbox=False) as stage,
            pytest.raises(AssertionError, match="no such"),
        ):
            stage.carry_out(told)

    @pytest.mark.parametrize(
        ("told", "printed", "same"),
        [
            ("b", "a\nb\nc", True),
            ("a\nc", "a\nb\nc", False),
            ("a\n…\nc", "a\nb\nb\nc", True),
            ("a …\nc", "a lot\nc", True),
            ("a …\nc", "a lot\nb\nc", False),
            ("", "anything", True),
        ],
    )
    def test_what_is_printed_matches(self, told: str, printed: str, same: bool) -> None:
        """``…`` in a line is whatever, alone some lines."""
        assert matches(told, printed) is same

    def test_the_words_of_what_is_not_run(self) -> None:
        """In italics, before the block, with a reason."""
        assert NOT_RUN.search("A sentence.\n*Not run by our tests: no Spring here.*")
        assert not NOT_RUN.search("*Not run by our tests.*")
