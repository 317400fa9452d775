"""Commands of the user's, as an option gives them: one line, run without a shell."""

import shlex
import shutil
from pathlib import Path

__all__ = ["CommandError", "words_of_command"]


class CommandError(ValueError):
    """A command that cannot be run: not found, not executable, or not to be parsed."""


def words_of_command(option: str, command: str, path: str | None) -> list[str]:
    """The words of a command whose program is there. ``path``: where programs are looked for.

    Raises :class:`CommandError`, which names the option.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise CommandError(f"{option} {command!r} cannot be read: {error}") from None
    if not words:
        raise CommandError(f"{option} is empty: give the command as you would type it")
    try:
        if shutil.which(words[0], path=path) is not None:
            return words
        found = Path(words[0])
        found.exists()
    except (OSError, ValueError) as error:  # a name too long, or one that no system can hold
        raise CommandError(f"{option}: {words[0][:80]!a} is no program: {error!a}"[:300]) from None
    if found.is_dir():
        raise CommandError(f"{option}: {words[0]} is a folder")
    if found.exists():
        raise CommandError(
            f"{option}: {words[0]} is not executable: chmod +x it, or name its interpreter"
        )
    raise CommandError(f"{option}: {words[0]} was not found; paths count from this folder")
