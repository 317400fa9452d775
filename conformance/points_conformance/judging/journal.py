"""What a live run leaves behind, written to disk before each call that leaves something.

Each run begins with a line of kind ``run``. Every line names the server, so that runs whose lines
stand between one another's are told apart.

One JSON object a line. An interrupted run can be cleaned up from it (``points-conformance clean``).
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from points_conformance.judging.finding import Denied

__all__ = ["Journal", "JournalError", "read_journal", "read_torn_journal"]


class JournalError(ValueError):
    """A file that is no journal, or none that can be written. One line says why."""


class Journal:
    """Appends lines and makes sure that they are on disk. Without a path nothing is written."""

    def __init__(self, path: Path | None, *, base_url: str = "") -> None:
        self.path = path
        #: Cuts what must not be kept; the target that writes here says how.
        self.redact: Callable[[str], str] = str
        self._server = {"base_url": base_url} if base_url else {}
        self._lock = threading.Lock()
        self._begun = False

    def begin(self) -> None:
        """Find out whether lines can be written. Raises :class:`JournalError`."""
        try:
            self._append(b"")
        except OSError as error:
            raise JournalError(f"no journal can be kept in {self.path}: {_why(error)}") from None

    def write(self, kind: str, **facts: Any) -> None:
        """Append one line, flushed to disk before this returns.

        Raises :class:`Denied` where that fails: what cannot be cleaned up later is not made.
        """
        # In ASCII, for a server's uuid may hold what UTF-8 cannot, or what other readers take for
        # the end of a line.
        told = {**self._server, **facts}
        kept = {k: self.redact(v) if isinstance(v, str) else v for k, v in told.items()}
        line = json.dumps({"kind": kind, **kept}) + "\n"
        try:
            self._append(line.encode("ascii"))
        except OSError as error:
            raise Denied(
                f"the journal {self.path} cannot be written ({_why(error)}): nothing is made that "
                "could not be cleaned up"
            ) from error

    def _append(self, line: bytes) -> None:
        """One write for each line, so that no other run's stands inside it."""
        if self.path is None:
            return
        with self._lock, self.path.open("ab+", buffering=0) as file:
            if not self._begun and _is_torn(file):
                line = b"\n" + line
            self._begun = True
            if line:
                file.write(line)
                os.fsync(file.fileno())


def _is_torn(file: Any) -> bool:
    """Whether an earlier run was killed within its last line."""
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) != b"\n")


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def read_journal(path: Path) -> list[Mapping[str, Any]]:
    """Every line of a journal that is one. Raises :class:`JournalError` where the file is none."""
    return read_torn_journal(path)[0]


def read_torn_journal(path: Path) -> tuple[list[Mapping[str, Any]], list[int]]:
    """The lines of a journal, and the numbers of those that a crash or a hand spoiled."""
    try:
        # Not splitlines: it also splits at marks that may stand inside a text.
        lines = path.read_bytes().split(b"\n")
    except (OSError, ValueError) as error:
        why = _why(error) if isinstance(error, OSError) else str(error)
        raise JournalError(f"{path} cannot be read: {why}") from None
    entries: list[Mapping[str, Any]] = []
    spoiled: list[int] = []
    for number, line in enumerate(lines, 1):
        entry = _entry(line)
        if entry is not None:
            entries.append(entry)
        elif line.strip():
            spoiled.append(number)
    if spoiled and not entries:
        raise JournalError(f"{path}: this is no journal of a run (journal.jsonl)")
    return entries, spoiled


def _entry(line: bytes) -> Mapping[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("kind"), str) else None
