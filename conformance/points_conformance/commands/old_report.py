"""The report that an earlier run left: never green while, or after, another one is asked for."""

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from points_conformance import __version__

__all__ = ["REPORT_DIR", "folder_of", "says_green", "spoil"]

REPORT_DIR = "points-conformance-report"
_FILES = ("report.json", "report.html", "report.md", "junit.xml")
_NAMES = ("--report-dir", "--points-report-dir")


def folder_of(arguments: Sequence[str]) -> Path | None:
    """The report folder that a judging command names, whatever else is wrong with its arguments;
    ``None`` where it asks for help, or replays a story.
    """
    own = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    if {"--help", "--version"} & set(own) or any(word.split("=")[0] == "--replay" for word in own):
        return None
    folder = REPORT_DIR
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, assigned, value = word.partition("=")
        if name in _NAMES and (assigned or following):
            folder = value if assigned else following
    return Path(folder or REPORT_DIR)


def says_green(folder: Path) -> bool:
    """Whether the report there is whole and says that its run ended with 0."""
    try:
        told = json.loads((folder / "report.json").read_text("utf-8"))
        return told["exit_status"] == 0 and told["partial"] is False
    except (OSError, ValueError, KeyError, TypeError):
        return False


def spoil(folder: Path, subject: str, why: str) -> None:
    """Make a report that is there inconclusive, and remove what stands beside it for people.

    Makes no folder. Raises ``OSError`` where it cannot be done.
    """
    if not any((folder / name).exists() for name in _FILES):
        return
    # Here, for most runs find no report that they would have to replace.
    from points_conformance.report.run import RunReport
    from points_conformance.report.write import begin_all
    from points_conformance.rules.rule import Profile, Subject

    report = RunReport(
        subject=Subject(subject),
        target="none: nothing was judged",
        profile=Profile.STANDARD,
        seed=0,
        started=datetime.now(UTC),
        versions={"kit": __version__, "python": platform.python_version()},
        scope=["nothing was judged"],
        partial=True,
        interrupted=why,
    )
    begin_all(report, folder)
