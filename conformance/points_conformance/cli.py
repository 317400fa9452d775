"""The command ``points-conformance``."""

import contextlib
import gc
import os
import shlex
import sys
import traceback
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest

from points_conformance import __version__
from points_conformance.commands.diff import diff
from points_conformance.commands.init import init
from points_conformance.commands.merge import merge
from points_conformance.commands.report_folder import REPORT_DIR, folder_of
from points_conformance.commands.selfcheck import selfcheck
from points_conformance.commands.survivor import survived
from points_conformance.plugin.options import NO_DOCSTRINGS, Option, options_of
from points_conformance.report.old import says_green, spoil
from points_conformance.subjects import Subject, part

__all__ = ["main"]

#: pytest's exit statuses that mean wrong usage or nothing collected are 2 here.
_EXIT = {4: 2, 5: 2}
#: The last line of a command that judged.
_MEANS = {
    0: "nothing binding is broken",
    1: "something binding is broken, or a known failure is out of date",
    2: "nothing is proved: inconclusive, interrupted, or not to be judged",
    3: "the kit itself failed: please report it",
}
_REFUSED = "the command ended before it judged anything"


class _Group(click.Group):
    """Without a command, the embedded simulator is judged, with the options of ``api``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options without a command are the main job's."""
        if sys.flags.optimize > 1:
            _refuse(NO_DOCSTRINGS)
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "--version")):
            args = ["api", "--base-url", "simulator", *args]
        ctx.obj = _begun(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command: 2 where it is interrupted, 3 with a trace where the kit fails."""
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, EOFError):
            _refuse("interrupted")
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception:
            from points_conformance.judging.redaction import Redactor

            click.echo(Redactor.of(os.environ)(traceback.format_exc()), err=True)
            click.echo("points-conformance: the kit itself failed: please report this", err=True)
            sys.exit(3)


def _begun(args: Sequence[str]) -> Path | None:
    """First of all, whatever is wrong with the options: no older green is left in the folder."""
    folder = folder_of(args[1:]) if args[0] in tuple(Subject) else None
    if folder is not None:
        try:
            spoil(folder, args[0], _REFUSED)
        except OSError as error:
            why = error.strerror or error
            _refuse(f"the report cannot be written to {folder}: {why}; an older one may be there")
    return folder


@click.group(cls=_Group)
@click.version_option(__version__, prog_name="points-conformance")
def main() -> None:
    """Conformance kit for order reversals of the Points loyalty API.

    Without a command the embedded simulator is judged: the proof that the install works.
    """


def _offered(option: Option) -> click.Option:
    """A row of the table as the command's."""
    takes: dict[str, Any] = {"metavar": option.metavar, "multiple": option.kind == "many"}
    if option.kind == "flag":
        takes = {"is_flag": True, "default": None}
    short = ["-v"] if option.name == "verbose" else []
    return click.Option([f"--{option.name}", *short], help=option.help, **takes)


def _command(subject: Subject) -> click.Command:
    """The command that judges a subject."""
    offered = options_of(subject)

    def command(pytest_args: tuple[str, ...], **options: Any) -> None:
        if "" not in sys.path:
            sys.path.append("")  # the user's modules are in this folder; none hides Python's own
        for one in offered:
            if one.environment:
                options[one.key] = options[one.key] or os.environ.get(one.environment)
            if one.instead and options[one.key]:
                job = partial(part(one.instead), options, os.environ, click.echo)
                sys.exit(survived(job, _left_undone))
        processes = options.pop("n")
        if processes is not None or ".." in (options["seed"] or ""):
            _judge_seeds(subject, options, pytest_args, processes)
        _judge(subject, options, pytest_args)

    at_once = click.Option(["-n"], metavar="N", help="with --seed A..B: how many judgings at once")
    rest = click.Argument(["pytest_args"], nargs=-1, type=click.UNPROCESSED)
    params = [*map(_offered, offered), at_once, rest]
    return click.Command(subject.value, params=params, callback=command, help=subject.who.help)


for _subject in Subject:
    main.add_command(_command(_subject))


def _judge_seeds(
    subject: Subject, options: dict[str, Any], pytest_args: Sequence[str], processes: str | None
) -> NoReturn:
    from points_conformance.commands.seeds import judge_seeds
    from points_conformance.plugin.settings import SettingsError

    try:
        sys.exit(judge_seeds(subject, options, pytest_args, processes))
    except SettingsError as error:
        _refuse(str(error))


def _judge(subject: Subject, options: dict[str, Any], pytest_args: Sequence[str]) -> NoReturn:
    folder: Path | None = click.get_current_context().obj

    def left(why: str) -> int:
        """The judging ended without a word, or with a wrong one: so nothing is green."""
        click.echo(f"points-conformance: {why}: no verdict can be relied on", err=True)
        if folder is not None and says_green(folder):
            with contextlib.suppress(OSError):
                spoil(folder, subject, why)
        return 2

    def judge() -> int:
        status = _judged(subject, options, pytest_args)
        if status == 0 and not options["dry_run"] and not says_green(folder or Path(REPORT_DIR)):
            return left("pytest ended with 0 though no whole report says so")
        return status

    sys.exit(survived(judge, left))


def _left_undone(why: str) -> int:
    click.echo(f"points-conformance: {why}", err=True)
    return 2


def _judged(subject: Subject, options: dict[str, Any], pytest_args: Sequence[str]) -> int:
    gc.disable()  # until all is loaded
    from points_conformance.plugin.settings import SettingsError, read_settings

    try:
        os.getcwd()
    except OSError:
        _refuse("the current folder is gone: change to another")
    options["report_dir"] = options["report_dir"] or REPORT_DIR
    if options["seed"] == "random":
        options["seed"] = str(int.from_bytes(os.urandom(4)))
    try:
        settings = read_settings(options.get, os.environ, subject, command=True)
        if not settings.dry_run:
            _check_folder(settings.report_dir)
    except SettingsError as error:
        _refuse(str(error))
    return _run_pytest(subject, options, pytest_args)


def _check_folder(folder: Path | None) -> None:
    from points_conformance.plugin.settings import SettingsError

    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"the report cannot go to {folder}: {error.strerror}") from None


def _refuse(text: str) -> NoReturn:
    from points_conformance.judging.redaction import Redactor

    click.echo(f"points-conformance: {Redactor.of(os.environ)(text)}", err=True)
    sys.exit(2)


def _run_pytest(subject: Subject, options: dict[str, Any], pytest_args: Sequence[str]) -> int:
    """Run the subject's suite in this process, apart from whatever the folder configures."""
    suite = Path(__file__).parent / "suite"
    args = ["-c", str(suite / "pytest.ini"), "--rootdir", str(suite), "--confcutdir", str(suite)]
    args += ["-p", "points_conformance.plugin", "-p", "no:cacheprovider"]
    args += ["-q", "--no-header", "--tb=no", "-rN", "--disable-warnings"]
    args += ["--points-judges", subject, f"--points-passed-on={shlex.join(pytest_args)}"]
    args += [*_as_pytest_options(options), *pytest_args]
    args += [str(suite / f"run_{subject}.py")]
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    status = int(pytest.main(args, plugins=[_Loaded()]))
    status = _EXIT.get(status, status)
    click.echo(f"exit {status}: {_MEANS.get(status, 'see above')}")
    return status


class _Loaded:
    """Has the collector of garbage pass by what was loaded until the first rule is judged: all of
    that stays, and to walk through it again and again takes a tenth of the time until then.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """The rules begin."""
        gc.freeze()
        gc.enable()


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


# ---------------------------------------------------------------------- beside judging
@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="the address to listen on")
@click.option("--dialect", default="default", show_default=True, help="how disputed calls go")
@click.option("--seed", type=int, default=0, show_default=True, help="of uuids and keys")
@click.option("--allow-public", is_flag=True, help="leave to listen where others can reach it")
@click.option("--deliver-anywhere", is_flag=True, help="send webhooks beyond this machine as well")
@click.option("--control/--no-control", default=True, help="the control API and the page")
@click.option("--store", type=click.Path(path_type=Path), help="a file that keeps it all")
def serve(
    port: int,
    host: str,
    dialect: str,
    seed: int,
    allow_public: bool,
    deliver_anywhere: bool,
    control: bool,
    store: Path | None,
) -> None:
    """The simulator as a local HTTP sandbox, for any language."""
    from points_conformance.contract.dialect import DIALECTS
    from points_conformance.simulator.mounts.sandbox import PortTakenError
    from points_conformance.simulator.mounts.serve import PublicAddressError
    from points_conformance.simulator.mounts.serve import serve as serve_simulator
    from points_conformance.simulator.stored import StoreError

    if dialect not in DIALECTS:
        _refuse(f"no dialect {dialect!r}; one of {', '.join(DIALECTS)}")
    try:
        serve_simulator(
            host,
            port,
            dialect=DIALECTS[dialect],
            seed=seed,
            allow_public=allow_public,
            deliver_anywhere=deliver_anywhere,
            control=control,
            store=store,
            echo=click.echo,
        )
    except PublicAddressError:
        _refuse(f"other machines can reach {host}: say --allow-public if they may")
    except PortTakenError as error:
        _refuse(f"{error}; --port 0 takes a free one")
    except StoreError as error:
        _refuse(str(error))


@main.command()
@click.argument("rule_id", metavar="[ID]", required=False)
@click.option("--publish", type=click.Path(path_type=Path), hidden=True)
@click.option("--publish-docs", type=click.Path(path_type=Path), hidden=True)
def rules(rule_id: str | None, publish: Path | None, publish_docs: Path | None) -> None:
    """The catalogue; with an ID one rule: statement, level, sources, needs, what it catches."""
    from points_conformance.commands.published import catalogue_lines, rule_text
    from points_conformance.defects.catalogue import caught_by
    from points_conformance.subjects import catalogue

    every = [rule for subject in Subject for rule in catalogue(subject)]
    if publish is not None or publish_docs is not None:
        _publish(publish, publish_docs, {rule.id: caught_by(rule.id) for rule in every})
    elif rule_id is None:
        click.echo("\n".join(catalogue_lines(every)))
    else:
        found = [rule for rule in every if rule_id in (rule.id, *rule.aliases)]
        if not found:
            near = get_close_matches(rule_id, [rule.id for rule in every], n=3)
            hint = f": is it {' or '.join(near)}?" if near else "; see points-conformance rules"
            _refuse(f"no rule has the ID {rule_id!r}{hint}")
        texts = [rule_text(rule, {rule.id: caught_by(rule.id)}) for rule in found]
        click.echo("\n\n".join(texts))


def _publish(folder: Path | None, docs: Path | None, caught: Mapping[str, Sequence[str]]) -> None:
    """In a checkout: write the catalogue, and the page about consumers, anew."""
    try:
        from points_conformance.commands.publish import publish_consumer_page, publish_into
    except ModuleNotFoundError:
        _refuse("--publish is for a checkout of the project: no installation has it")
    written = [] if folder is None else [*publish_into(folder, caught)]
    written += [] if docs is None else [publish_consumer_page(docs)]
    click.echo("\n".join(map(str, written)))


@main.command()
@click.argument("journal", type=click.Path(path_type=Path))
@click.option("--allow-production", is_flag=True, help="leave to call a production host")
def clean(journal: Path, allow_production: bool) -> None:
    """Delete the webhook endpoints that an interrupted run left, and list the orders it made.

    Nothing is refunded or cancelled. Status 1 where an endpoint could not be deleted.
    """
    from points_conformance.judging.redaction import Redactor
    from points_conformance.targets.api.clean import CleaningRefused, clean_up

    try:
        cleaning = clean_up(journal, os.environ, allow_production=allow_production)
    except CleaningRefused as error:
        _refuse(str(error))
    redact = Redactor.of(os.environ)
    click.echo("\n".join(map(redact, cleaning.lines())))
    sys.exit(1 if cleaning.left else 0)


main.add_command(diff)
main.add_command(init)
main.add_command(selfcheck)
main.add_command(merge)
