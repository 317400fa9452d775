"""``points-conformance selfcheck``: the kit judged by its seeded defects."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from points_conformance.judging.rule import Profile
from points_conformance.subjects import Subject

__all__ = ["selfcheck"]


@click.command()
@click.option(
    "--profile",
    type=click.Choice([profile.value for profile in Profile]),
    help="how much is tried against each defect; default smoke, to record standard",
)
@click.option(
    "--subject",
    type=click.Choice([*(subject.value for subject in Subject), "all"]),
    default="all",
    show_default=True,
    help="whose rules are judged",
)
@click.option("--seed", type=int, default=0, show_default=True, help="the seed of every run")
@click.option(
    "--record",
    "record_file",
    type=click.Path(path_type=Path, dir_okay=False),
    hidden=True,
    help="judge nothing; bring the signatures of all defects in this file up to date "
    "(specs/signatures.json)",
)
@click.option(
    "--seeds",
    type=click.IntRange(1),
    metavar="N",
    hidden=True,
    help="to record: with how many seeds, from --seed on; default as the file has",
)
@click.option("--defect", "patterns", multiple=True, metavar="GLOB", help="only these defects")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="write the matrix here as well",
)
@click.option(
    "-n", "workers", metavar="WORKERS", type=click.IntRange(1), help="processes; default all cores"
)
def selfcheck(
    profile: str | None,
    subject: str,
    seed: int,
    record_file: Path | None,
    seeds: int | None,
    patterns: tuple[str, ...],
    json_file: Path | None,
    workers: int | None,
) -> None:
    """Judge the kit: run the suite against every seeded defect, print the matrix defect × rule.

    Status 0 when each defect is caught by the rules that should and by no others, else 1.
    """
    if record_file is not None:
        if patterns or json_file or subject != "all":
            _refuse("--record is of all defects: no --defect, --subject or --json")
        try:
            from points_conformance.commands.recording import RecordingRefused, record_into
        except ModuleNotFoundError:
            _refuse("--record is for a checkout of the project: no installation has it")
        of = Profile(profile or Profile.STANDARD)
        try:
            record_into(record_file, of, seed, seeds, workers or 0)
        except RecordingRefused as error:
            _refuse(str(error))
        sys.exit(0)
    if seeds is not None:
        _refuse("--seeds is for --record")

    from points_conformance.defects.defect import DefectError
    from points_conformance.defects.matrix import as_json, as_table
    from points_conformance.defects.selfcheck import self_check

    if json_file is not None and not json_file.absolute().parent.is_dir():
        _refuse(f"the matrix cannot go to {json_file}: there is no such folder")
    try:
        check = self_check(
            patterns,
            subjects=list(Subject) if subject == "all" else [Subject(subject)],
            profile=Profile(profile or Profile.SMOKE),
            seed=seed,
            workers=workers or 0,
            announce=click.echo,
        )
        if json_file is not None:
            json_file.write_text(as_json(check), encoding="utf-8")
    except DefectError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"the matrix cannot go to {json_file}: {error.strerror}")
    click.echo("\n".join(as_table(check)))
    sys.exit(0 if check.as_declared else 1)


def _refuse(text: str) -> NoReturn:
    click.echo(f"points-conformance: {text}", err=True)
    sys.exit(2)
