"""Commands and options, from those that there are."""

from collections.abc import Iterator

import click

from points_conformance.cli import main
from points_conformance.plugin.options import FIXTURE_OPTIONS, Option, options_of
from points_conformance.subjects import Subject, part

from .files import fenced

__all__ = ["commands", "environment", "options"]


def commands() -> Iterator[str]:
    """A section for each command."""
    for name in sorted(main.commands):
        command = main.commands[name]
        context = click.Context(command, info_name=f"points-conformance {name}")
        yield f"## `{name}`\n"
        yield f"{_text(command.help or '')}\n"
        yield fenced(command.get_usage(context).removeprefix("Usage: "))
        shown = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
        yield "| option | what it does |\n| --- | --- |"
        for one in shown:
            yield f"| {_spelled(one, context)} | {_cell(one.help or '')}{_default(one)} |"
        yield ""


def _spelled(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    return f"{names} `{option.make_metavar(context)}`"


def _default(option: click.Option) -> str:
    shown = option.show_default and option.default is not None
    return f" (default: {option.default})" if shown else ""


def options() -> Iterator[str]:
    """A table for all runs, one for each subject, one for the fixtures."""
    of_all = options_of(Subject.API)[: -len(part(Subject.API.who.options))]
    yield from _table("Of every run", of_all)
    for subject in Subject:
        yield from _table(f"Of `{subject}`", part(subject.who.options))
    yield from _table("Of the fixtures, under pytest alone", FIXTURE_OPTIONS, "--points-")


def _table(title: str, rows: tuple[Option, ...], prefix: str = "--") -> Iterator[str]:
    yield f"## {title}\n"
    yield "| option | takes | what it does |\n| --- | --- | --- |"
    for one in rows:
        takes = {"flag": "nothing", "many": f"`{one.metavar}`, repeatable"}
        told = takes.get(one.kind, f"`{one.metavar}`")
        yield f"| `{prefix}{one.name}` | {told} | {_cell(one.help)} |"
    yield ""


def environment() -> Iterator[str]:
    """The options that a variable may stand in for."""
    for subject in Subject:
        for one in options_of(subject):
            if one.environment:
                yield f"- `{one.environment}` stands in for `--{one.name}` of `{subject}`."


def _text(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return _text(text).replace("|", "\\|")
