"""``--seed A..B``: whole judgings, each with its seed, process and report, joined at the end."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import click

from points_conformance import __version__
from points_conformance.commands.one_seed import Done, Job, ManySeeds, judged
from points_conformance.commands.report_folder import REPORT_DIR
from points_conformance.judging.share import SHARE, Share
from points_conformance.plugin.settings import Settings, SettingsError, read_settings
from points_conformance.report.names import FILES
from points_conformance.subjects import Subject

__all__ = ["judge_seeds", "seeds_of"]

#: More than these are a slip of the keyboard.
_MOST: Final = 10_000
_MOST_PROCESSES: Final = 256
#: After ``--``, what is for pytest-xdist and not for the pytest of each judging.
_SPREADS: Final = (
    *("--tx", "--px", "--dist", "--rsyncdir", "--rsyncignore"),
    *("--maxprocesses", "--max-worker-restart", "--maxschedchunk"),
)


def seeds_of(text: str) -> range:
    """``A..B``, both included. Raises :class:`SettingsError`."""
    found = re.fullmatch(r"(-?\d{1,18})\.\.(-?\d{1,18})", text, re.ASCII)
    if found is None:
        raise SettingsError(f"the seeds {text!r} are no A..B of two whole numbers: say 0..63")
    first, last = int(found[1]), int(found[2])
    if first > last:
        raise SettingsError(f"the seeds {text} end before they begin: say {last}..{first}")
    if last - first >= _MOST:
        raise SettingsError(f"the seeds {text} are more than {_MOST:,}: take fewer")
    return range(first, last + 1)


def judge_seeds(
    subject: Subject, options: Mapping[str, Any], pytest_args: Sequence[str], processes: str | None
) -> int:
    """Judge with each seed, tell a line of each, join the reports; the exit status is the worst.

    Raises :class:`SettingsError` before anything is sent.
    """
    if ".." not in (options["seed"] or ""):
        raise SettingsError("-n spreads several seeds over processes: give --seed A..B as well")
    each = seeds_of(options["seed"])
    spread, passed_on = _split(pytest_args)
    at_once = _processes(processes, spread, len(each))
    one = {**options, "seed": str(each[0]), "report_dir": options["report_dir"] or REPORT_DIR}
    share = Share(len(each), at_once)
    environment = {**os.environ, SHARE: str(share)}
    settings = read_settings(one.get, environment, subject, command=True)
    _fit_together(settings, share, at_once)
    job = Job(subject.value, _words(options), passed_on, one["report_dir"], str(share))
    if settings.dry_run:
        click.echo(f"{len(each)} seeds, each of them:")
        command = job.command(each[0])
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603
    if not _specs(spread):
        spread = ["-n", str(at_once), *spread] if at_once > 1 else []
    return _judged(ManySeeds(each, job, spread), settings)


def _words(options: Mapping[str, Any]) -> list[str]:
    """The options of each judging, as words of the command."""
    words: list[str] = []
    for key, value in options.items():
        name = f"--{key.replace('_', '-')}"
        if key in ("seed", "report_dir") or value in (None, False, ()):
            continue
        if value is True:
            words.append(name)
        else:
            words += [f"{name}={one}" for one in (value if isinstance(value, tuple) else (value,))]
    return words


def _split(pytest_args: Sequence[str]) -> tuple[list[str], list[str]]:
    """What follows ``--``: for pytest-xdist, and for the pytest of each judging."""
    spread: list[str] = []
    own: list[str] = []
    following = iter(pytest_args)
    for word in following:
        if word in _SPREADS:
            spread += [word, next(following, "")]
        elif word.partition("=")[0] in _SPREADS:
            spread.append(word)
        else:
            own.append(word)
    return spread, own


def _processes(asked: str | None, spread: Sequence[str], seeds: int) -> int:
    """How many judgings run at once. Raises :class:`SettingsError`."""
    if asked is None and not spread:
        return 1
    if asked is not None and not (asked.isascii() and asked.isdigit() and len(asked) < 6):
        raise SettingsError(f"-n {asked!r} is no number of processes")
    specs = _specs(spread)
    at_once = sum(specs) if specs else int(asked or 1)
    if not 0 < at_once <= _MOST_PROCESSES:
        what = "--tx" if specs else "-n"
        raise SettingsError(f"{what} must be of 1 to {_MOST_PROCESSES} processes")
    if find_spec("xdist") is None:
        raise SettingsError(
            "-n needs pytest-xdist: pip install 'points-conformance[spread]' (without -n the seeds "
            "are judged one after the other)"
        )
    if asked is None and not specs:
        raise SettingsError(f"{spread[0]} is for several processes: give -n N or --tx as well")
    return at_once if specs else min(at_once, seeds)


def _specs(spread: Sequence[str]) -> list[int]:
    """How many processes each ``--tx`` is for: ``4*popen``."""
    found = re.findall(r"--tx(?:=|\s+)(?:(\d{1,9})\*)?\S", " ".join(spread))
    return [int(times or 1) for times in found]


def _fit_together(settings: Settings, share: Share, at_once: int) -> None:
    """What cannot be shared. Raises :class:`SettingsError`."""
    from points_conformance.judging.plan import CAPS, OVERHEAD

    own: Any = settings.of
    if share.seeds > 1 and own.listed:
        raise SettingsError(
            "--orders are used up, each by one judging: run once for each seed with a file and a "
            "--report-dir of its own, and join these with points-conformance merge"
        )
    listen = getattr(own, "webhook_listen", "")
    if at_once > 1 and listen and (own.webhook_url or not listen.endswith(":0")):
        raise SettingsError(
            f"--webhook-listen {listen} is for one process at a time: take port 0 without "
            "--webhook-url, or leave out -n"
        )
    cap = None if own.on_loopback else CAPS.get(settings.profile)
    if cap is not None and share.calls(cap) <= OVERHEAD:
        raise SettingsError(
            f"off loopback all seeds share the {cap} calls of profile {settings.profile}, which is "
            f"too few for {share.seeds}: take at most {cap // (OVERHEAD + 1)}, or --profile deep"
        )


# ---------------------------------------------------------------------- judging
def _judged(seeds: ManySeeds, settings: Settings) -> int:
    from points_conformance.commands.merge import told
    from points_conformance.judging.redaction import Redactor

    folder, redact = Path(seeds.job.folder), Redactor.of(os.environ)
    _begin(folder, settings, redact(settings.of.target))
    done: dict[int, Done] = {}

    terminal = sys.stdout

    def tell(one: Done) -> None:
        done[one.seed] = one
        click.echo(redact(_line(seeds.job, one)), file=terminal)

    with _terminable():
        ended = _judged_by(seeds, tell)
    gathered = _gathered(seeds, done, redact(ended))
    report = gathered.joined()
    if report is None:
        for line in gathered.stopped:
            click.echo(f"points-conformance: {redact(line)}", err=True)
        return 2
    return told(report, folder)


def _judged_by(seeds: ManySeeds, tell: Callable[[Done], None]) -> str:
    """Judge with each seed, and tell of each that ended; why that ended early, if it did."""
    try:
        if seeds.spread:
            # Here, for pytest takes long to import.
            from points_conformance.commands.spread import spread

            return spread(seeds, tell)
        for seed in seeds.each:
            tell(judged(seeds.job, seed))
    except KeyboardInterrupt:
        return "interrupted"
    return ""


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """What ends a process by default interrupts the judgings, as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    names = ("SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) == signal.SIG_DFL}
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# ---------------------------------------------------------------------- reports
def _begin(folder: Path, settings: Settings, target: str) -> None:
    """Before the first judging: the whole is inconclusive, and no older report of a seed is there.
    Raises :class:`SettingsError`.
    """
    from points_conformance.report.run import RunReport
    from points_conformance.report.write import begin_all

    report = RunReport(
        subject=settings.subject,
        target=target,
        profile=settings.profile,
        seed=settings.seed,
        started=datetime.now(UTC),
        versions={"kit": __version__},
        scope=settings.scope,
        strict=settings.strict,
        partial=True,
        interrupted="not all seeds were judged",
    )
    try:
        begin_all(report, folder)
        for older in folder.glob("seed-*"):
            for name in FILES:
                (older / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                older.rmdir()  # a journal of it stays, for what it left behind
    except OSError as error:
        raise SettingsError(
            f"the report cannot go to {folder}: {error.strerror or error}"
        ) from None


def _line(job: Job, done: Done) -> str:
    """A finished seed on the terminal."""
    from points_conformance.report.diff import DiffError, load_report

    try:
        content = load_report(job.at(done.seed) / "report.json")
    except DiffError:
        return f"seed {done.seed}: no verdict ({_ended_with(done.status)}): {done.said}"
    broken = [row["id"] for row in content["rules"] if row["verdict"] in ("failed", "error")]
    told = f" ({', '.join(broken[:3])}{f' and {len(broken) - 3} more' if broken[3:] else ''})"
    return f"seed {done.seed}: {content['verdict']}{told if broken else ''}, " + (
        f"{content['exercised']} of {content['equipped']} rules, {content['calls']} calls, "
        f"{content['seconds']:.1f} s, {_ended_with(done.status)}"
    )


def _ended_with(status: int) -> str:
    with contextlib.suppress(ValueError):
        return f"ended by {signal.Signals(-status).name}"
    return f"exit status {status}"


def _gathered(seeds: ManySeeds, done: Mapping[int, Done], ended: str) -> Any:
    """The reports of all seeds; those that were not judged to their end are named."""
    from points_conformance.report.gather import gather

    gathered = gather(
        (f"seed {seed}", seeds.job.at(seed) / "report.json") for seed in seeds.each if seed in done
    )
    for seed, one in done.items():
        content = gathered.contents.get(f"seed {seed}")
        if content is not None and content["exit_status"] != one.status:
            gathered.stopped.append(
                f"seed {seed}: {_ended_with(one.status)}, though its report says "
                f"{content['exit_status']}"
            )
    missing = [seed for seed in seeds.each if seed not in done]
    if missing:
        from points_conformance.report.joined import in_words

        why = ended or "the process that judged was ended"
        gathered.stopped.insert(0, f"{in_words(missing)}: not judged to the end: {why}")
    return gathered
