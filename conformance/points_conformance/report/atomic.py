"""Files that are either the old ones or the new ones, never half of each."""

import os
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path: Path, text: str) -> None:
    """Replace the file's text in one step. Makes the folder; leaves no temporary file behind.

    A half of a surrogate pair, which a server may send but UTF-8 cannot hold, becomes ``?``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(text.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())  # a full disk may say so no earlier
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
