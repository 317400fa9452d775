"""The command ``points-conformance``."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from points_conformance import __version__
from points_conformance.plugin.options import API_OPTIONS, COMMON_OPTIONS, Option

__all__ = ["main"]

REPORT_DIR = "points-conformance-report"
#: pytest's exit statuses that mean wrong usage or nothing collected are 2 here.
_EXIT = {4: 2, 5: 2}


class _Group(click.Group):
    """Without a command, the embedded simulator is judged, with the options of ``api``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options without a command are the main job's."""
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "--version")):
            args = ["api", "--base-url", "simulator", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group)
@click.version_option(__version__, prog_name="points-conformance")
def main() -> None:
    """Conformance kit for order reversals of the Points loyalty API.

    Without a command the embedded simulator is judged: the proof that the install works.
    """


def _options(options: Sequence[Option]) -> Callable[[Any], Any]:
    """The table's options as the command's."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            kinds: dict[str, dict[str, Any]] = {
                "flag": {"is_flag": True, "default": None},
                "many": {"multiple": True, "metavar": option.metavar},
                "text": {"metavar": option.metavar},
            }
            command = click.option(f"--{option.name}", help=option.help, **kinds[option.kind])(
                command
            )
        return command

    return decorate


_PASS_ON: dict[str, Any] = {"ignore_unknown_options": False, "allow_interspersed_args": True}


@main.command(context_settings=_PASS_ON)
@_options(COMMON_OPTIONS + API_OPTIONS)
@click.option("-n", "workers", metavar="WORKERS", type=int, help="workers of pytest-xdist")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def api(workers: int | None, pytest_args: tuple[str, ...], **options: Any) -> None:
    """Judge a server; without --base-url the embedded simulator. After -- options for pytest."""
    if not options["base_url"]:
        options["base_url"] = os.environ.get("POINTS_BASE_URL")
    _judge("api", options, workers, pytest_args)


def _judge(
    subject: str, options: dict[str, Any], workers: int | None, pytest_args: Sequence[str]
) -> None:
    from points_conformance.rules.rule import Subject
    from points_conformance.suite.settings import SettingsError, read_settings

    options["report_dir"] = options["report_dir"] or REPORT_DIR
    if options["seed"] == "random":
        options["seed"] = str(int.from_bytes(os.urandom(4)))
    try:
        settings = read_settings(options.get, os.environ, Subject(subject))
        _check_folder(settings.report_dir)
    except SettingsError as error:
        _refuse(str(error))
    sys.exit(_run_pytest(subject, options, workers, pytest_args))


def _check_folder(folder: Path | None) -> None:
    from points_conformance.suite.settings import SettingsError

    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"the report cannot go to {folder}: {error.strerror}") from None


def _refuse(text: str) -> None:
    click.echo(f"points-conformance: {text}", err=True)
    sys.exit(2)


def _run_pytest(
    subject: str, options: dict[str, Any], workers: int | None, pytest_args: Sequence[str]
) -> int:
    """Run the subject's suite in this process, apart from whatever the folder configures."""
    import pytest

    suite = Path(__file__).parent / "suite"
    args = ["-c", str(suite / "pytest.ini"), "--rootdir", str(suite), "--confcutdir", str(suite)]
    args += ["-p", "points_conformance.plugin", "-p", "no:cacheprovider"]
    args += ["-q", "--no-header", "--tb=no", "-rN", "--disable-warnings"]
    args += [f"--junitxml={Path(options['report_dir']) / 'junit.xml'}"]
    if workers:
        args += ["-p", "xdist", "-n", str(workers), "--dist", "loadfile"]
    args += ["--points-command", subject, *_as_pytest_options(options), *pytest_args]
    args += [str(suite / f"run_{subject}.py")]
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if "" not in sys.path:
        sys.path.insert(0, "")  # a module of the user's in this folder can be loaded with -p
    status = int(pytest.main(args))
    return _EXIT.get(status, status)


def _as_pytest_options(options: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for key, value in options.items():
        name = f"--points-{key.replace('_', '-')}"
        if value is True:
            words.append(name)
        elif isinstance(value, tuple):
            words += [word for item in value for word in (name, item)]
        elif value not in (None, False):
            words.append(f"{name}={value}")
    return words
