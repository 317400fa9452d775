"""The report directory."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from points_conformance.report import html, json_report, junit, markdown
from points_conformance.report.atomic import write_atomically
from points_conformance.report.run import RunReport

__all__ = ["WRITTEN", "begin_all", "write_all", "write_joined"]

#: The files for people, and what makes the text of each.
WRITTEN: Final[dict[str, Callable[[RunReport], str]]] = {
    "report.html": html.render,
    "report.md": markdown.render,
}


def begin_all(report: RunReport, folder: Path) -> None:
    """Before the first request: an inconclusive report.json, and no older report beside it."""
    json_report.begin(folder / "report.json", report)
    for path in _for_people(folder):
        path.unlink(missing_ok=True)


def write_all(report: RunReport, folder: Path) -> None:
    """Write all files, each in one step, report.json for programs last:
    it says no more than that the run is not finished until all is written. Raises ``OSError``,
    and leaves nothing for people then.

    The files of an unfinished run say so too.
    """
    try:
        for name, render in WRITTEN.items():
            write_atomically(folder / name, render(report))
        json_report.write(folder / "report.json", report)
    except OSError:
        for path in _for_people(folder):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        raise


def write_joined(report: RunReport, folder: Path) -> None:
    """The same of several judgings, of which pytest knows nothing. Raises ``OSError``."""
    write_atomically(folder / "junit.xml", junit.render(report))
    write_all(report, folder)


def _for_people(folder: Path) -> list[Path]:
    """What an earlier run may have left. pytest writes the last one of a single run."""
    return [folder / name for name in (*WRITTEN, "junit.xml")]
