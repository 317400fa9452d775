"""A server that is judged every night: what changed is told once, and counts."""

import re

import pytest
from tests.examples.shell import Shell
from tests.examples.stacks import ASKED, EXAMPLES

FOLDER = EXAMPLES / "nightly_regression"
#: A part of the catalogue: what the pages leave open about amounts, and one rule that binds.
SCOPE = ("--select", "reading.amount-*", "--select", "refund.full")


@pytest.fixture(autouse=True)
def asked() -> None:
    """It needs no more than the kit."""
    if not ASKED:
        pytest.skip("POINTS_EXAMPLES is not set")


@pytest.mark.slow
def test_a_release_that_answers_otherwise_is_noticed(nothing: Shell) -> None:
    """Nothing is to compare in the first night, nothing changed in the second; in the third the
    server is conformant still, and another.
    """
    done = nothing.run("sh", FOLDER / "three-nights.sh", *SCOPE)
    nights = re.findall(r"^(\w+) night: exit (\d)$", done.out, re.MULTILINE)
    assert nights == [("first", "0"), ("second", "0"), ("third", "1")], done.out
    assert done.status == 1
    assert done.out.count("\nconformant in the scope selected") >= 3
    assert "amount-zero" in (nothing.folder / "changes.md").read_text("utf-8")
    assert (nothing.folder / "last" / "report.json").exists()


def test_a_night_without_a_server_says_nothing_of_it(nothing: Shell) -> None:
    """Exit status 2, and the next night is compared with the last that was judged."""
    last = nothing.folder / "last" / "report.json"
    last.parent.mkdir()
    last.write_text("{}", "utf-8")
    nobody = f"http://127.0.0.1:{nothing.port}"
    done = nothing.run("sh", FOLDER / "nightly.sh", nobody, *SCOPE, POINTS_API_KEY="any")
    assert done.status == 2, done.out
    assert last.read_text("utf-8") == "{}"
