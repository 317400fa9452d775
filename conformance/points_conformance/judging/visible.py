"""Text that others chose, with nothing in it that a terminal, an editor or a log would obey."""

import re
from typing import Final

__all__ = ["obeyed", "visible"]

#: Control characters but line feed and tab; marks that turn the direction of text; separators of
#: lines and paragraphs; signs that nobody sees; halves of surrogate pairs. The joiners of Arabic,
#: Persian and emoji are none of these.
_OBEYED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """The text with such characters spelt out: ``\\x1b``, ``\\u202e``. Twice is as once."""
    return _OBEYED.sub(_spelt, text)


def obeyed(text: str) -> bool:
    """Whether there is anything to spell out."""
    return _OBEYED.search(text) is not None


def _spelt(found: re.Match[str]) -> str:
    char = found[0]
    # As a shell and JSON read it as well: \\x of more than 7f would be a byte there.
    return f"\\u{ord(char):04x}" if "\x7f" < char < "\u0100" else ascii(char)[1:-1]
