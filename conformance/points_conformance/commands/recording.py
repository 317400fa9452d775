"""``points-conformance selfcheck --record``, in a checkout: the signatures of all defects, anew."""

from pathlib import Path

import click

from points_conformance.defects.recording import record
from points_conformance.judging.rule import Profile
from points_conformance.judging.signatures import Recorded
from points_conformance.report.atomic import write_atomically

__all__ = ["RecordingRefused", "record_into"]


class RecordingRefused(Exception):
    """Why a file cannot be recorded into, in words."""


def record_into(file: Path, profile: Profile, seed: int, seeds: int | None, workers: int) -> None:
    """Bring the file up to date, writing it now and then: an interrupted recording can go on.

    Raises :class:`RecordingRefused` where the file cannot be read, or written.
    """
    before = _read(file)
    try:
        wanted = (
            before.seeds if seeds is None and before.seeds else range(seed, seed + (seeds or 1))
        )
        for recorded in record(
            before, profile=profile, seeds=wanted, workers=workers, announce=click.echo
        ):
            write_atomically(file, recorded.text())
    except OSError as error:
        raise RecordingRefused(f"the signatures cannot go to {file}: {error.strerror}") from None
    click.echo(f"{file}: {file.stat().st_size} bytes")


def _read(file: Path) -> Recorded:
    try:
        return Recorded.read(file.read_text(encoding="utf-8")) if file.exists() else Recorded()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RecordingRefused(f"{file}: holds no signatures; remove it to record anew") from None
    except OSError as error:
        raise RecordingRefused(f"{file}: cannot be read: {error.strerror}") from None
