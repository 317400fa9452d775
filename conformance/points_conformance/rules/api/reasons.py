"""Texts that a server may change on their way through it, and where two texts differ. Pure.

Always the same ones, so that what breaks one of them is found in every run: each class of
characters by which some layer of a server (a page's template, a database, a filter of input, a
spreadsheet's idea of a number) changes what passes through it.
"""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["DIGITS", "MARKUP", "SCRIPTS", "SPACES", "difference"]

#: What is special to a page, a query, a URL, a format or JSON itself.
MARKUP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tags": "<b>5 > 3</b> & 2 < 4 <br/> <!-- x --> {{ x }}",
        "entities": "&amp; &lt;b&gt; &quot;x&quot; &#39; &eacute; &nbsp;",
        "percent signs": "100% off %20 %s %d %n %% %u0041 a+b",
        "quotes": 'O\'Brien said "no" -- `x`; \'\' ""',
        "backslashes": 'C:\\new\\table \\" \\\\ \\u0041 \\0',
        "escapes of JSON": 'a\tb\nc {"a": [1]} // /',
    }
)
#: What is more than one unit to something: UTF-16, a character as people see it, a normal form.
SCRIPTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "joiners and marks of direction": "می\u200cخواهم \u200fabc\u200f so\u00adft \u200dx\ufeffy",
        "emoji of several parts": "👨\u200d👩\u200d👧\u200d👦 👍🏽 🇸🇦 ❤\ufe0f",
        "combining marks": "cafe\u0301 and caf\u00e9, \u0301x, a\u0308 \u212b \ufb01",
        "signs of writing": "مُدَّة ٠١٢٣ ﷼ ـــ “x” ‘y’ – …",
        "characters of four bytes": "🧾" * 60 + "𝔘𐍈",
    }
)
#: What looks like a number, or like nothing, to a language that guesses.
DIGITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "digits": "20260420",
        "a zero": "0",
        "leading zeros": "007",
        "an exponent": "1e3",
        "a decimal": "12.50",
        "a word of JSON": "null",
        "a word of JSON that is false": "false",
    }
)
#: Spaces around, and two within.
SPACES: Final = "  two  within  "


def difference(text: str, told: object) -> str:
    """Where two texts begin to differ, by position and code point."""
    if not isinstance(told, str):
        return f"a {type(told).__name__}, no text"
    alike = next(
        (n for n, (one, other) in enumerate(zip(text, told, strict=False)) if one != other),
        min(len(text), len(told)),
    )
    return (
        f"from character {alike + 1} on: {_point(text, alike)} was given, "
        f"{_point(told, alike)} is told"
    )


def _point(text: str, index: int) -> str:
    if index >= len(text):
        return "nothing more"
    return f"U+{ord(text[index]):04X} {unicodedata.name(text[index], '')}".strip()
