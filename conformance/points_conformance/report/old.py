"""The report that an earlier run left: never green while, or after, another one is asked for."""

import json
import platform
from datetime import UTC, datetime
from pathlib import Path

from points_conformance import __version__
from points_conformance.report.names import FILES, JSON

__all__ = ["says_green", "spoil"]


def says_green(folder: Path) -> bool:
    """Whether the report there is whole and says that its run ended with 0."""
    try:
        told = json.loads((folder / JSON).read_text("utf-8"))
        return told["exit_status"] == 0 and told["partial"] is False
    except (OSError, ValueError, KeyError, TypeError):
        return False


def spoil(folder: Path, subject: str, why: str) -> None:
    """Make a report that is there inconclusive, and remove what stands beside it for people.

    Makes no folder. Raises ``OSError`` where it cannot be done.
    """
    if not any((folder / name).exists() for name in FILES):
        return
    # Here, for most runs find no report that they would have to replace.
    from points_conformance.judging.rule import Profile
    from points_conformance.report.run import RunReport
    from points_conformance.report.write import begin_all
    from points_conformance.subjects import Subject

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
