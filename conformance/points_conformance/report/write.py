"""The report directory."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from points_conformance.report import ctrf, html, json_report, junit, markdown
from points_conformance.report.atomic import write_atomically
from points_conformance.report.names import FOR_OTHERS, JSON, TEST_RESULTS
from points_conformance.report.run import RunReport

__all__ = ["WRITTEN", "begin_all", "write_all"]

#: What makes the text of each file beside report.json.
WRITTEN: Final[dict[str, Callable[[RunReport], str]]] = {
    "report.html": html.render,
    "report.md": markdown.render,
    "junit.xml": junit.render,
    "ctrf.json": ctrf.render,
}


def begin_all(report: RunReport, folder: Path) -> None:
    """Before the first request: an inconclusive report.json, and no older report beside it."""
    json_report.begin(folder / JSON, report)
    for name in FOR_OTHERS:
        (folder / name).unlink(missing_ok=True)


def write_all(report: RunReport, folder: Path) -> None:
    """Write all files, each in one step, report.json last: it says no more than that the run is not
    finished until all is written. Raises ``OSError``, and leaves nothing but that then.

    The files of an unfinished run say so too. Of a target that could not be judged at all there are
    no test results: without a test, and so without a failure, they would be read as green.
    """
    try:
        for name, render in WRITTEN.items():
            if report.results or name not in TEST_RESULTS:
                write_atomically(folder / name, render(report))
        json_report.write(folder / JSON, report)
    except OSError:
        for name in FOR_OTHERS:
            with contextlib.suppress(OSError):
                (folder / name).unlink(missing_ok=True)
        raise
