"""What ``pytest --points-help`` prints: every option, whose it is, and its key in the ini file."""

import shutil
import textwrap
from collections.abc import Iterator, Sequence

from points_conformance.plugin.options import COMMON, FIXTURE_OPTIONS, Option
from points_conformance.subjects import Subject, part

__all__ = ["help_lines", "print_help"]

_INTRODUCTION = """\
Options of points-conformance under pytest, and in brackets the key of pytest's configuration that
says the same. What the command line says comes first. In the configuration a flag is true or false,
and what is repeatable is several words."""
_INDENT = " " * 6


def help_lines(columns: int) -> Iterator[str]:
    """All lines, none wider than so many columns where words allow it."""
    yield from textwrap.wrap(_INTRODUCTION, columns)
    yield from _section("every run that judges", COMMON, columns)
    for subject in Subject:
        title = f"a run that judges {subject.who.judged} ({subject})"
        yield from _section(title, part(subject.who.options), columns)
    yield from _section("the fixtures points and points_sandbox", FIXTURE_OPTIONS, columns)


def print_help() -> None:
    """Print them as wide as the terminal is."""
    print("\n".join(help_lines(shutil.get_terminal_size().columns - 1)))


def _section(title: str, options: Sequence[Option], columns: int) -> Iterator[str]:
    yield from ("", f"{title}:")
    for one in options:
        takes = "" if one.kind == "flag" else f"={one.metavar}"
        yield f"  --points-{one.name}{takes} (points_{one.key})"
        yield from textwrap.wrap(
            one.help, columns, initial_indent=_INDENT, subsequent_indent=_INDENT
        )
