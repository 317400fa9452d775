"""What the README says to do, read from it: `python3 tests/project/readme.py 1` prints a command.

Used by ``.ci/run`` and by the tests, so that neither has a copy. Standard library alone.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    text = README.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def command(number: int) -> str:
    """The first or second command that the README opens with."""
    lines: list[str] = blocks("sh")[number - 1].splitlines()
    if len(lines) != 1:
        raise ValueError(f"command {number} of the README is not a single line")
    return lines[0]


if __name__ == "__main__":
    print(command(int(sys.argv[1])))
