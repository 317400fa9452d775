"""``points-conformance diff``: what changed from release to release."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

__all__ = ["diff"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("reports", metavar="OLD… NEW", nargs=-1, required=True, type=_FILE)
@click.option("--markdown", type=_FILE, help="write the table here as markdown")
@click.option("--html", type=_FILE, help="write the table here as one page")
def diff(reports: tuple[Path, ...], markdown: Path | None, html: Path | None) -> None:
    """What got worse, better or newly read from report OLD to NEW, and which causes came or went.

    More than two reports, the oldest first, are a table over time. Status 1 if the last one is
    worse than the one before it, 2 if they cannot be compared.
    """
    from points_conformance.report import releases
    from points_conformance.report.atomic import write_atomically
    from points_conformance.report.diff import DiffError

    try:
        found = releases.load_releases(reports)
        lines, status = releases.as_lines(found), found.latest.exit_status
    except DiffError as error:
        _refuse(str(error))
    for name, path in (("markdown", markdown), ("html", html)):
        try:
            if path is not None:
                write_atomically(path, releases.FORMATS[name](found))
        except OSError as error:
            _refuse(f"the table cannot go to {path}: {error.strerror or error}")
    click.echo("\n".join(lines))
    sys.exit(status)


def _refuse(text: str) -> NoReturn:
    from points_conformance.judging.redaction import Redactor

    click.echo(f"points-conformance: {Redactor.of(os.environ)(text)}", err=True)
    sys.exit(2)
