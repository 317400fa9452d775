"""What a live run leaves behind, written to disk before each call that leaves something.

Each run begins with a line of kind ``run`` that names the server.

One JSON object a line. An interrupted run can be cleaned up from it (``points-conformance clean``).
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["Journal", "JournalError", "read_journal"]


class JournalError(ValueError):
    """A file that is no journal."""


class Journal:
    """Appends lines and makes sure that they are on disk. Without a path nothing is written."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        #: Cuts what must not be kept; the target that writes here says how.
        self.redact: Callable[[str], str] = str
        self._lock = threading.Lock()

    def write(self, kind: str, **facts: Any) -> None:
        """Append one line, flushed to disk before this returns."""
        if self.path is None:
            return
        kept = {k: self.redact(v) if isinstance(v, str) else v for k, v in facts.items()}
        line = json.dumps({"kind": kind, **kept}, ensure_ascii=False)
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())


def read_journal(path: Path) -> list[Mapping[str, Any]]:
    """Every line of a journal. A last line that was cut off by a crash is left out.

    Raises :class:`JournalError` where the file is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise JournalError(f"{path} cannot be read: {error}") from None
    entries: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if isinstance(entry, dict) and "kind" in entry:
            entries.append(entry)
        elif number < len(lines):
            raise JournalError(f"{path}, line {number}: this is not a line of a journal")
    return entries
