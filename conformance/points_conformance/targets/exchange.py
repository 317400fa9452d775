"""One call and its answer as evidence. Secrets are replaced when it is recorded, not when shown."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase
from urllib.parse import quote

__all__ = ["Exchange", "Redactor"]

_LONGEST_SHOWN = 2000
#: A piece of a secret that is shorter than this could be anything.
_SHORTEST_PIECE = 8
#: What stands where a piece of a secret stood, after the name of its variable.
_CUT = "(altered)"
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


class Redactor:
    """Replaces secrets by the name of the variable that holds them.

    A secret may appear as it is, inside JSON or a URL, in other letters' case, or cut: a piece of
    half its length (at least eight characters) is still somebody's secret.
    """

    def __init__(self, secrets: Mapping[str, str | None]) -> None:
        self._names: dict[str, str] = {}
        for name, secret in secrets.items():
            self.add(name, secret)

    def add(self, name: str, secret: str | None) -> None:
        """From now on ``secret`` is written ``$name``."""
        if secret:
            for spelling in _spellings(secret):
                self._names.setdefault(spelling, f"${name}")

    def __call__(self, text: str) -> str:
        """The text without any secret. Longer secrets first: one may contain another."""
        for secret in sorted(self._names, key=len, reverse=True):
            text = text.replace(secret, self._names[secret])
        folded = text.translate(_LOWER)
        found = [
            (start, end, self._names[secret])
            for secret in self._names
            for start, end in _pieces(folded, secret.translate(_LOWER))
        ]
        return _without(text, found) if found else text


def _spellings(secret: str) -> set[str]:
    """How a secret is written as it is, in JSON, in PHP's JSON, and in a URL."""
    in_json = json.dumps(secret)[1:-1]
    return {secret, in_json, in_json.replace("/", "\\/"), quote(secret, safe="")}


def _pieces(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Where in a text stand pieces of a secret that are long enough to tell."""
    least = max(_SHORTEST_PIECE, (len(secret) + 1) // 2)
    for start in range(len(secret) - least + 1):
        at = text.find(secret[start : start + least])
        while at >= 0:
            length = least
            while text[at + length : at + length + 1] == secret[start + length :][:1] != "":
                length += 1
            yield at, at + length
            at = text.find(secret[start : start + least], at + 1)


def _without(text: str, pieces: list[tuple[int, int, str]]) -> str:
    """The text with the name of its variable for every piece; pieces that touch become one."""
    shown, end = "", 0
    for at, stop, name in sorted(pieces, key=lambda piece: (piece[0], -piece[1])):
        if stop > end:
            shown += text[end:at] + (name + _CUT if at >= end else "")
            end = stop
    return shown + text[end:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A call and its answer, already redacted. ``status`` is ``None`` where no answer came.

    ``seconds`` is how long the answer took; ``error`` why there was none.
    """

    number: int
    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    status: int | None
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    seconds: float = 0.0
    error: str = ""

    def as_curl(self) -> str:
        """The call as one line to paste; the key stays in its environment variable."""
        parts = ["curl", "-sS", "-X", self.method, shlex.quote(self.url)]
        for name, value in self.headers.items():
            parts += ["-H", _quoted(f"{name}: {value}")]
        if self.body is not None:
            parts += ["--data-binary", shlex.quote(_cut(self.body))]
        return " ".join(parts)

    def as_text(self) -> str:
        """Call and answer in a few lines."""
        call = f"{self.method} {self.url}" + (f"\n  {_cut(self.body)}" if self.body else "")
        if self.status is None:
            return f"{call}\n  -> no answer: {self.error}"
        return f"{call}\n  -> {self.status} {_cut(self.answer)}"


def _quoted(text: str) -> str:
    """Double quotes where a variable has to be expanded by the shell, single quotes elsewhere."""
    return f'"{text}"' if "$POINTS_" in text else shlex.quote(text)


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_SHOWN:
        return text
    return f"{text[:_LONGEST_SHOWN]}… ({len(text)} characters)"
