"""Text for people: wrapped, counted, and with nothing in it that a terminal would obey."""

import textwrap
import unicodedata
from typing import Final

__all__ = ["WIDTH", "counted", "plain", "shortened", "wrapped"]

WIDTH: Final = 100

#: Marks that turn the direction of the text after them: what follows would read as another value.
_TURNING: Final = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def plain(text: str) -> str:
    """The text with control characters spelt out, since targets choose what we print of them."""
    return "".join(_visible(char) if _obeyed(char) else char for char in text)


def _obeyed(char: str) -> bool:
    return char not in "\n\t" and (unicodedata.category(char) in {"Cc", "Cs"} or char in _TURNING)


def _visible(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def shortened(text: str, limit: int = 600) -> str:
    """The text, or its beginning with a word on how much was left out."""
    left = len(text) - limit
    return text if left <= 0 else f"{text[:limit]}… ({left} more characters in report.json)"


def wrapped(text: str, indent: str = "", hang: str | None = None) -> list[str]:
    """Lines of at most :data:`WIDTH` characters; ``hang`` indents all but the first."""
    lines = textwrap.wrap(
        plain(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if hang is None else hang,
        break_on_hyphens=False,
    )
    return lines or [indent.rstrip()]


def counted(number: int, noun: str) -> str:
    """``1 rule``, ``2 rules``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
