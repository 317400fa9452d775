"""Text for people: wrapped, counted, and with nothing in it that a terminal would obey."""

import textwrap
from typing import Final

from points_conformance.judging.visible import visible

__all__ = ["WIDTH", "counted", "plain", "shortened", "wrapped"]

WIDTH: Final = 100


def plain(text: str) -> str:
    """The text with what a terminal would obey spelt out. What targets say is so when it is
    recorded; this is for files of others, and for what users give.
    """
    return visible(text)


def shortened(text: str, limit: int = 600) -> str:
    """The text, or its beginning with a word on how much was left out."""
    left = len(text) - limit
    return text if left <= 0 else f"{text[:limit]}… ({left} more characters in report.json)"


def wrapped(
    text: str, indent: str = "", hang: str | None = None, *, width: int = WIDTH
) -> list[str]:
    """Lines of at most ``width`` characters; ``hang`` indents all but the first."""
    lines = textwrap.wrap(
        plain(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent if hang is None else hang,
        break_on_hyphens=False,
    )
    return lines or [indent.rstrip()]


def counted(number: int, noun: str) -> str:
    """``1 rule``, ``2 rules``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
