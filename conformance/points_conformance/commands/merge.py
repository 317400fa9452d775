"""``points-conformance merge DIR…``: several reports as one."""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from points_conformance.commands.report_folder import REPORT_DIR, folder_of
from points_conformance.report.old import spoil
from points_conformance.subjects import Subject

__all__ = ["merge"]

_REFUSED = "the reports could not be joined"


class _Merge(click.Command):
    """Whatever is wrong with its options, no older green is left in the folder that it names."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError:
            folder = folder_of(given)
            words = [word for word in given if not word.startswith("-")]
            if folder is not None and words.count(str(folder)) <= ("--report-dir" in given):
                _spoil(folder)
            raise


@click.command(cls=_Merge)
@click.argument("folders", metavar="DIR...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--report-dir", metavar="DIR", help="where the joined report goes")
def merge(folders: tuple[Path, ...], report_dir: str | None) -> None:
    """Join the reports of several seeds or machines into one; the worst verdict counts.

    DIR: report folders of one target, also of joined reports. The exit status is that of judging.
    What is missing, partial, or of another target, is named, and the whole is not conformant.
    """
    into = Path(report_dir or REPORT_DIR)
    each = {os.path.realpath(folder): folder for folder in map(_folder, folders)}
    if os.path.realpath(into) in each:
        _refuse(f"{into} is joined, and would be replaced: name another with --report-dir")
    if not each:
        _spoil(into)
        _refuse("name the report folders that are to be joined: merge DIR…")
    if len(each) < len(folders):
        _say("a folder that is named twice is read once")
    sys.exit(joined([*each.values()], into))


def joined(folders: Sequence[Path], into: Path) -> int:
    """Join the reports of the folders into another; the exit status."""
    from points_conformance.report.gather import gather

    gathered = gather((str(folder), folder / "report.json") for folder in folders)
    report = gathered.joined()
    if report is None:
        _spoil(into)
        for line in gathered.stopped:
            _say(line)
        _refuse("no report could be read: nothing was joined")
    return told(report, into)


def told(report: Any, into: Path) -> int:
    """Print and write a joined report; the exit status."""
    from points_conformance.judging.redaction import Redactor
    from points_conformance.report.screen import told as lines_of
    from points_conformance.report.write import write_all

    redact = Redactor.of(os.environ)
    try:
        write_all(report, into)
    except OSError as error:
        _spoil(into)
        _refuse(f"the report cannot be written to {into}: {error.strerror or error}")
    click.echo("\n".join(map(redact, lines_of(report))))
    click.echo(f"report: {into / 'report.html'}")
    return int(report.exit_status)


def _folder(path: Path) -> Path:
    """A report folder, or the one that a report.json is in."""
    return path.parent if path.name == "report.json" else path


def _spoil(folder: Path) -> None:
    with contextlib.suppress(OSError):
        spoil(folder, Subject.API, _REFUSED)


def _say(text: str) -> None:
    from points_conformance.judging.redaction import Redactor

    click.echo(f"points-conformance: {Redactor.of(os.environ)(text)}", err=True)


def _refuse(text: str) -> Any:
    _say(text)
    sys.exit(2)
