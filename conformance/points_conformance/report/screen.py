"""A result as the terminal has it: how wide, how much of it, and which lines stand out."""

import shutil
from typing import Final

from points_conformance.report.brief import brief_lines
from points_conformance.report.run import RunReport
from points_conformance.report.terminal import summary_lines

__all__ = ["colour_of", "told"]

_FEWEST: Final = 60
_MOST: Final = 100

#: The first of these that a line begins with says its colour.
_COLOURS: Final = (
    ("not conformant", "red"),
    ("inconclusive", "yellow"),
    ("conformant", "green"),
    ("FAILED", "red"),
    ("ERROR", "red"),
    ("ADVICE", "yellow"),
    ("advice", "yellow"),
    ("most likely", "bold"),
    ("also likely", "bold"),
    ("no cause", "bold"),
)


def colour_of(line: str) -> str:
    """``red``, ``yellow``, ``green``, ``bold``; empty for a plain line."""
    return next((colour for start, colour in _COLOURS if line.startswith(start)), "")


def told(report: RunReport, *, whole: bool = False) -> list[str]:
    """The result in short, or with all evidence."""
    return summary_lines(report) if whole else brief_lines(report, _columns())


def _columns() -> int:
    """Those of the terminal, within reason; 80 where there is none."""
    return min(max(shutil.get_terminal_size().columns, _FEWEST), _MOST)
