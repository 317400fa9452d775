"""One call and its answer as evidence. Secrets are replaced when it is recorded, not when shown."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Exchange", "Redactor"]

_LONGEST_SHOWN = 2000


class Redactor:
    """Replaces secrets by the name of the variable that holds them.

    A secret may appear as it is or inside JSON; it is looked for in every text that is kept.
    """

    def __init__(self, secrets: Mapping[str, str | None]) -> None:
        self._names: dict[str, str] = {}
        for name, secret in secrets.items():
            self.add(name, secret)

    def add(self, name: str, secret: str | None) -> None:
        """From now on ``secret`` is written ``$name``."""
        if secret:
            self._names[secret] = f"${name}"

    def __call__(self, text: str) -> str:
        """The text without any secret. Longer secrets first: one may contain another."""
        for secret in sorted(self._names, key=len, reverse=True):
            text = text.replace(secret, self._names[secret])
        return text


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
