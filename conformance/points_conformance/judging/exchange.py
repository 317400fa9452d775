"""One call and its answer as evidence. Secrets are replaced when it is recorded, not when shown."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from points_conformance.judging.redaction import Redactor
from points_conformance.judging.visible import obeyed, visible

__all__ = ["Exchange", "Redactor", "quoted"]

_LONGEST_SHOWN: Final = 2000
#: The variables that a pasted line has the shell fill in.
_VARIABLE: Final = re.compile(r"(\$POINTS_[A-Z_]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A call and its answer, already redacted. ``status`` is ``None`` where no answer came.

    ``at`` is when it began, ``seconds`` how long the answer took; ``error`` why there was none;
    ``rule`` whose call it is. ``body`` alone may hold characters that a terminal obeys, for a line
    to paste has to send it as it was.
    """

    number: int
    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    status: int | None
    answer_headers: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    at: float = 0.0
    seconds: float = 0.0
    error: str = ""
    rule: str = ""

    def as_curl(self) -> str:
        """The call as one line to paste; the key stays in its environment variable."""
        parts = ["curl", "-sS", "-X", shlex.quote(self.method), quoted(self.url)]
        for name, value in self.headers.items():
            parts += ["-H", quoted(f"{name}: {value}")]
        if self.body is not None:
            parts += ["--data-binary", _as_sent(_cut(self.body))]
        return " ".join(parts)

    def as_text(self) -> str:
        """Call and answer in a few lines."""
        body = f"\n  {visible(_cut(self.body))}" if self.body else ""
        call = f"{self.method} {self.url}{body}"
        if self.status is None:
            return f"{call}\n  -> no answer: {self.error}"
        return f"{call}\n  -> {self.status} {_cut(self.answer)}"


def quoted(text: str) -> str:
    """Quoted for a shell, which expands nothing in it but the kit's own variables."""
    if not _VARIABLE.search(text):
        return shlex.quote(text)
    parts = _VARIABLE.split(text)
    parts[::2] = [re.sub(r'[\\"`$]', r"\\\g<0>", part) for part in parts[::2]]
    return f'"{"".join(parts)}"'


def _as_sent(body: str) -> str:
    """Quoted so that what a terminal would obey is sent as it is, and shown as an escape."""
    if not obeyed(body):
        return shlex.quote(body)
    inside = visible(body.replace("\\", "\\\\").replace("'", "\\'"))
    return f"$'{inside}'"


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_SHOWN:
        return text
    return f"{text[:_LONGEST_SHOWN]}… ({len(text)} characters)"
