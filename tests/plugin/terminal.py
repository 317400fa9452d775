"""A terminal: what stands on it after all that was written, and a command that has it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

__all__ = ["Terminal", "on_a_terminal", "shown"]

_MOVES = re.compile(
    r"\x1b\[(?P<count>\d*)(?P<what>[A-Za-z])|(?P<control>[\r\n])|(?P<text>[^\x1b\r\n]+)"
)


def shown(written: str) -> list[str]:
    """The lines that stand on a terminal in the end, but for empty ones below; colours are cut."""
    lines, row, column = [""], 0, 0
    for move in _MOVES.finditer(written):
        count = int(move["count"] or 1)
        if move["text"]:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + move["text"] + line[column + len(move["text"]) :]
            column += len(move["text"])
        elif move["control"] == "\r":
            column = 0
        elif move["control"] == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif move["what"] == "A":
            row -= count
        elif move["what"] == "C":
            column += count
        elif move["what"] == "K":
            lines[row] = ""
        else:
            assert move["what"] == "m", move
    while not lines[-1]:
        lines.pop()
    return lines


class Terminal:
    """A pseudo-terminal of this process, and all that was written to it."""

    def __init__(self, columns: int = 100) -> None:
        self._ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        self.file: IO[str] = os.fdopen(os.dup(self.theirs), "w", encoding="utf-8")
        self._written = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                part = os.read(self._ours, 65536)
            except OSError:
                return
            if not part:
                return
            self._written += part

    def closed(self) -> str:
        """All that was written, once nobody writes any more."""
        self.file.close()
        os.close(self.theirs)
        self._reader.join(10)
        os.close(self._ours)
        return self._written.decode()


def on_a_terminal(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[int, str]:
    """The status of a command whose standard streams are a terminal, and what it wrote there."""
    terminal = Terminal()
    streams = {"stdin": terminal.theirs, "stdout": terminal.theirs, "stderr": terminal.theirs}
    with subprocess.Popen(command, cwd=folder, env=dict(environment), **streams) as process:  # type: ignore[call-overload]
        status = process.wait(60)
    return status, terminal.closed()
