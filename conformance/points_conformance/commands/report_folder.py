"""The report folder that a command names, whatever else is wrong with what it was told."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

__all__ = ["REPORT_DIR", "folder_of"]

REPORT_DIR = "points-conformance-report"
_NAMES = ("--report-dir", "--points-report-dir")


def folder_of(arguments: Sequence[str]) -> Path | None:
    """The report folder that a judging command names, whatever else is wrong with its arguments;
    ``None`` where it asks for help, or replays a story.
    """
    own = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    if {"--help", "--version"} & set(own) or any(word.split("=")[0] == "--replay" for word in own):
        return None
    folder = REPORT_DIR
    for word, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        name, assigned, value = word.partition("=")
        if name in _NAMES and (assigned or following):
            folder = value if assigned else following
    return Path(folder or REPORT_DIR)
