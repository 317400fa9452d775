"""The report directory."""

import contextlib
from pathlib import Path
from typing import Final

from points_conformance.report import html, json_report, markdown
from points_conformance.report.atomic import write_atomically
from points_conformance.report.run import RunReport

__all__ = ["begin_all", "write_all"]

#: What an earlier run may have left. pytest writes the last one.
_FOR_PEOPLE: Final = ("report.html", "report.md", "junit.xml")


def begin_all(report: RunReport, folder: Path) -> None:
    """Before the first request: an inconclusive report.json, and no older report beside it."""
    json_report.begin(folder / "report.json", report)
    for name in _FOR_PEOPLE:
        (folder / name).unlink(missing_ok=True)


def write_all(report: RunReport, folder: Path) -> None:
    """Write report.html, report.md and report.json, each in one step, the one for programs last:
    it says no more than that the run is not finished until all is written. Raises ``OSError``,
    and leaves nothing for people then.

    An unfinished run's report.html and report.md say so too.
    """
    try:
        write_atomically(folder / "report.html", html.render(report))
        write_atomically(folder / "report.md", markdown.render(report))
        json_report.write(folder / "report.json", report)
    except OSError:
        for name in _FOR_PEOPLE:
            with contextlib.suppress(OSError):
                (folder / name).unlink(missing_ok=True)
        raise
