"""What others said, made fit to be kept: secrets are named, and what a terminal obeys is spelt out.

Both happen when something is recorded, not when it is shown, so that no way of showing it can
forget them.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Final, Self
from urllib.parse import quote, quote_plus

from points_conformance.judging.visible import visible

__all__ = ["Redactor"]

#: The variables that hold secrets.
_VARIABLES: Final = (
    "POINTS_API_KEY",
    "POINTS_OTHER_API_KEY",
    "POINTS_PUBLIC_KEY",
    "POINTS_WEBHOOK_SECRET",
)
#: A piece of a secret that is shorter than this could be anything.
_SHORTEST_PIECE: Final = 8
#: An encoded secret that is shorter than this could be anything as well.
_SHORTEST_ENCODED: Final = 6
#: Pieces are looked for by parts of them that are so long.
_LONGEST_ANCHOR: Final = 8
#: Which texts are remembered, in characters, and how many of them at most.
_LONGEST_KEPT: Final = 120
_MOST_KEPT: Final = 1000
#: What follows the name where a piece of a secret stood, or its base64 or hex.
_CUT: Final = "(altered)"
_ENCODED: Final = "(encoded)"
_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True, slots=True)
class _Spelling:
    """One way to write a secret. Any piece of ``least`` characters holds one of the ``anchors``
    (offset and text) whole; of a short one there is no piece but the whole.
    """

    text: str
    folded: str
    name: str
    whole: str
    least: int
    anchors: tuple[tuple[int, str], ...]


class Redactor:
    """Replaces secrets by the name of the variable that holds them, and cleans what is left.

    A secret may appear as it is, inside JSON or a URL, as base64 (also inside of what is base64),
    base64url or hex, in other letters' case, or cut: a piece of half its length (at least eight
    characters) is still somebody's secret.
    """

    def __init__(self, secrets: Mapping[str, str | None]) -> None:
        self._spellings: tuple[_Spelling, ...] = ()
        #: Every anchor once: where a text holds none of them, it holds no secret.
        self._anchors: tuple[str, ...] = ()
        #: Short texts as they are shown: the same keys, types and addresses come with every call.
        self._shown: dict[str, str] = {}
        for name, secret in secrets.items():
            self.add(name, secret)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Cuts the secrets that an environment holds."""
        return cls({name: environment.get(name) for name in _VARIABLES})

    def add(self, name: str, secret: str | None) -> None:
        """From now on ``secret`` is written ``$name``."""
        if not secret:
            return
        known = {spelling.text for spelling in self._spellings}
        fresh = (_spelling(text, name, mark) for text, mark in _written(secret).items())
        # Replaced at once: others may be reading them.
        self._spellings = (*self._spellings, *(s for s in fresh if s.text not in known))
        anchors = (anchor for spelling in self._spellings for _, anchor in spelling.anchors)
        self._anchors = tuple(dict.fromkeys(anchors))
        self._shown = {}

    def __call__(self, text: str) -> str:
        """The text without any secret, and with nothing in it that a terminal would obey."""
        if len(text) > _LONGEST_KEPT:
            return visible(self.cut(text))
        # This very dictionary is filled: one that is replaced meanwhile may miss a secret.
        known = self._shown
        shown = known.get(text)
        if shown is None:
            shown = visible(self.cut(text))
            if len(known) >= _MOST_KEPT:
                known.clear()
            known[text] = shown
        return shown

    def cut(self, text: str) -> str:
        """The text without any secret, otherwise as it is. For what has to stay exact."""
        folded = text.lower() if text.isascii() else text.translate(_LOWER)
        if not [anchor for anchor in self._anchors if anchor in folded]:
            return text
        found = [place for one in self._spellings for place in _places(text, folded, one)]
        return _without(text, found) if found else text


def _spelling(text: str, name: str, mark: str) -> _Spelling:
    folded = text.translate(_LOWER)
    least = max(_SHORTEST_PIECE, (len(folded) + 1) // 2)
    anchors: tuple[tuple[int, str], ...] = ((0, folded),)
    if len(folded) <= least:
        least = len(folded)
    else:
        size = min(_LONGEST_ANCHOR, (least + 1) // 2)
        # A window of ``least`` characters holds whichever of these begins first in it.
        last, step = len(folded) - size, least - size + 1
        starts = range(0, last + 1, step)
        anchors = tuple((start, folded[start : start + size]) for start in starts)
    return _Spelling(text, folded, f"${name}", f"${name}{mark}", least, anchors)


def _written(secret: str) -> dict[str, str]:
    """Every spelling of a secret, and what follows the variable's name where it stands whole."""
    in_json = json.dumps(secret)[1:-1]
    raw = secret.encode("utf-8", "surrogatepass")
    plain = (
        secret,
        in_json,
        json.dumps(secret, ensure_ascii=False)[1:-1],
        in_json.replace("/", "\\/"),
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
    )
    encoded = (raw.hex(), "".join(f"%{byte:02x}" for byte in raw), *_in_base64(raw))
    spelt = {text: _ENCODED for text in encoded if len(text) >= _SHORTEST_ENCODED}
    return spelt | dict.fromkeys(plain, "")


def _in_base64(raw: bytes) -> Iterator[str]:
    """Alone, and what is the same wherever in a longer text the secret begins."""
    alone = b64encode(raw).decode()
    inner = []
    for offset in range(3):
        longer = b64encode(bytes(offset) + raw).decode()
        first, last = (offset * 8 + 5) // 6, (offset + len(raw)) * 8 // 6
        inner.append(longer[first:last])
    for text in (alone, *inner):
        yield text
        yield text.translate(str.maketrans("+/", "-_"))
        yield text.replace("/", "\\/")
        yield quote(text, safe="")


def _places(text: str, folded: str, spelling: _Spelling) -> Iterator[tuple[int, int, str]]:
    """Where in a text stand pieces of a spelling that are long enough to tell."""
    for offset, anchor in spelling.anchors:
        at = folded.find(anchor)
        while at >= 0:
            start, end = _grown(folded, at, spelling.folded, offset, len(anchor))
            if text[start:end] == spelling.text:
                yield start, end, spelling.whole
            elif end - start >= spelling.least:
                yield start, end, spelling.name + _CUT
            at = folded.find(anchor, at + 1)


def _grown(text: str, at: int, secret: str, offset: int, length: int) -> tuple[int, int]:
    """How far text and secret agree on both sides of where they do."""
    start, before = at, offset
    while start and before and text[start - 1] == secret[before - 1]:
        start, before = start - 1, before - 1
    end, after = at + length, offset + length
    while end < len(text) and after < len(secret) and text[end] == secret[after]:
        end, after = end + 1, after + 1
    return start, end


def _without(text: str, places: list[tuple[int, int, str]]) -> str:
    """The text with a name in each place. Of places that overlap the first and longest is named,
    and nothing of the others is left.
    """
    shown, end = "", 0
    for at, stop, name in sorted(places, key=_first_longest_whole):
        if stop > end:
            shown += text[end:at] + name if at >= end else ""
            end = stop
    return shown + text[end:]


def _first_longest_whole(place: tuple[int, int, str]) -> tuple[int, int, bool]:
    return place[0], -place[1], place[2].endswith(_CUT)
