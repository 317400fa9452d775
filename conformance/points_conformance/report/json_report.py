"""report.json: the run for programs. Its shape is ``specs/report.schema.json``."""

import json
from dataclasses import replace
from pathlib import Path

from points_conformance.report.atomic import write_atomically
from points_conformance.report.run import RunReport

__all__ = ["begin", "render", "write"]


def render(report: RunReport) -> str:
    """The text of report.json: the same report gives the same text."""
    return json.dumps(report.to_json(), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def write(path: Path, report: RunReport) -> None:
    """Replace report.json in one step."""
    write_atomically(path, render(report))


def begin(path: Path, report: RunReport) -> None:
    """Before the first request: the file says inconclusive and partial until a later state is in.

    What the report already holds of results is left out: nothing has been judged yet.
    """
    interrupted = report.interrupted or "the run is not finished"
    write(path, replace(report, results=(), partial=True, interrupted=interrupted))
