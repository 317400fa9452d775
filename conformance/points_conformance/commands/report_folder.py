"""The report folder that a command names, whatever else is wrong with what it was told."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from points_conformance.plugin.options import every_option

__all__ = ["REPORT_DIR", "folder_of"]

REPORT_DIR = "points-conformance-report"
_INSTEAD = {f"--{option.name}" for option in every_option() if option.instead}
_NAMES = ("--report-dir", "--points-report-dir")


def folder_of(arguments: Sequence[str]) -> Path | None:
    """The report folder that a judging command names, whatever else is wrong with its arguments;
    ``None`` where it asks for help, or for what is done in place of judging.
    """
    own = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    if {"--help", "--version"} & set(own) or any(word.split("=")[0] in _INSTEAD for word in own):
        return None
    folder = REPORT_DIR
    for word, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        name, assigned, value = word.partition("=")
        if name in _NAMES and (assigned or following):
            folder = value if assigned else following
    return Path(folder or REPORT_DIR)
