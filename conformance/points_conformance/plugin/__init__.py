"""The pytest plugin. Imported by every pytest run of whoever has it installed: nothing heavy here.

Whatever a fixture, a suite or an option needs is imported when it is used
(``tests/plugin/test_start_up_cost.py`` holds that).

PYTEST_DONT_REWRITE: nothing here asserts, and where the command is run this module is imported
before pytest could rewrite it, of which pytest would warn: an error under ``-W error``.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from points_conformance.plugin.config import SHARED, option
from points_conformance.plugin.options import (
    FIRST,
    FIXTURE_OPTIONS,
    NO_DOCSTRINGS,
    every_option,
)

if TYPE_CHECKING:
    from points_conformance.plugin.points import Points
    from points_conformance.plugin.session import PointsSession

__all__: list[str] = []

#: argparse knows it by its identity: an equal text would be printed.
_HIDDEN = argparse.SUPPRESS
_SESSIONS = pytest.StashKey["dict[str, PointsSession]"]()
#: The plugin of live runs, by its name.
_LIVE = "points-live"
#: Why workers ended without a word.
_DEAD = pytest.StashKey[list[str]]()


# ---------------------------------------------------------------------- options and hooks
def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Hooks that users may implement."""
    from points_conformance.plugin import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--points-…`` and ini keys of the same names."""
    group = parser.getgroup("points", "points-conformance")
    group.addoption(
        "--points-help",
        dest="points_help",
        action="store_true",
        help="all options, and the same as ini keys",
    )
    for one in (*every_option(), *FIXTURE_OPTIONS):
        name = f"--points-{one.name}"
        dest = f"points_{one.key}"
        told = one.help if one.name in FIRST else _HIDDEN
        if one.kind == "flag":
            group.addoption(name, dest=dest, action="store_true", default=None, help=told)
            parser.addini(dest, one.help, type="bool", default=False)
        elif one.kind == "many":
            group.addoption(name, dest=dest, action="append", metavar=one.metavar, help=told)
            parser.addini(dest, one.help, type="args", default=[])
        else:
            group.addoption(name, dest=dest, metavar=one.metavar, help=told)
            parser.addini(dest, one.help, default="")
    # The command's own: which subject it judges. Not for users.
    group.addoption("--points-judges", dest="points_judges", help=_HIDDEN)
    # And what it was given for pytest, so that it can say how it was called.
    group.addoption("--points-passed-on", dest="points_passed_on", default="", help=_HIDDEN)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """``--points-help`` in place of a run."""
    if not config.option.points_help:
        return None
    from points_conformance.plugin.points_help import print_help

    print_help()
    return 0


def pytest_configure(config: pytest.Config) -> None:
    """The marker; with ``--points-live`` what makes a run a live one."""
    config.addinivalue_line(
        "markers", "points_simulator(reason): asks points for what only the simulator can do"
    )
    if config.option.help:
        _keep_help_short(config)
    asks = config.option.help or getattr(config.option, "markers", False)
    if not (asks or config.option.points_judges) and option(config, "live"):
        from points_conformance.plugin.live.hooks import LiveHooks
        from points_conformance.plugin.settings import SettingsError

        try:
            live = LiveHooks(config, may_skip=bool(option(config, "live_may_skip")))
        except SettingsError as error:
            pytest.exit(f"points-conformance: {error}", returncode=2)
        config.pluginmanager.register(live, _LIVE)


def _keep_help_short(config: pytest.Config) -> None:
    """``pytest --help`` lists every ini key that it knows; ours ``--points-help`` tells.

    What it lists is no part of pytest's interface: a table, and to pytest 8 a list beside it.
    Where it is neither, ours are listed.
    """
    parser = getattr(config, "_parser", None)
    table: dict[str, Any] = getattr(parser, "_inidict", {})
    beside: list[str] | None = getattr(parser, "_ininames", None)
    for name in [name for name in table if name.startswith("points_")]:
        if beside is not None:
            beside.remove(name)
            continue
        with contextlib.suppress(ValueError, TypeError, pytest.UsageError):
            config.getini(name)  # pytest keeps it: whoever asks again is answered
        del table[name]


def _session(config: pytest.Config, subject: str = "") -> "PointsSession":
    """The judging of one subject in this run, made when a suite or a fixture first needs it.

    The command judges its own subject; else it is ``api`` unless said.
    """
    sessions = config.stash.setdefault(_SESSIONS, {})
    name = config.option.points_judges or subject or "api"
    if name not in sessions:
        if sys.flags.optimize > 1:
            raise pytest.UsageError(f"points-conformance: {NO_DOCSTRINGS}")
        from points_conformance.plugin.session import PointsSession
        from points_conformance.plugin.settings import SettingsError
        from points_conformance.subjects import Subject

        try:
            sessions[name] = PointsSession(config, Subject(name))
        except SettingsError as error:
            _withdraw(config, name, str(error))
            raise pytest.UsageError(str(error)) from None
    return sessions[name]


def _withdraw(config: pytest.Config, subject: str, why: str) -> None:
    """A run that is refused leaves no older green in the folder that it names."""
    from pathlib import Path

    from points_conformance.report.old import spoil

    folder = option(config, "report_dir")
    if folder and not config.option.collectonly:
        for path in (Path(folder), Path(folder) / subject):
            with contextlib.suppress(OSError):
                spoil(path, subject, why)


def _running(config: pytest.Config) -> "list[PointsSession]":
    return list(config.stash.get(_SESSIONS, {}).values())


def _subject(item: pytest.Item) -> str | None:
    """What the suite of a test judges; ``None`` for whoever else's test."""
    return getattr(getattr(item, "cls", None), "points_subject", None)


# ---------------------------------------------------------------------- a suite's tests
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per selected rule for every class that inherits from a suite."""
    if "points_rule" in metafunc.fixturenames and hasattr(metafunc.cls, "points_subject"):
        try:
            _session(metafunc.config, metafunc.cls.points_subject).parametrize(metafunc)
        except pytest.UsageError as error:
            raise pytest.Collector.CollectError(f"points-conformance: {error}") from None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note which rules are asked for, after everybody else has deselected."""
    for running in _running(config):
        running.items = [item for item in items if _subject(item) == running.name]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> object | None:
    """Before the first call: the plan, an inconclusive report on disk, a look at the target."""
    config = session.config
    if config.option.points_judges:
        _session(config)
    if session.testsfailed and not config.option.continue_on_collection_errors:
        for one in _running(config):
            _withdraw(config, one.name, "pytest could not collect all tests")
        return None  # pytest stops here, and says why
    running = _running(config)
    _keep_apart(running)
    ended = [one.begin() for one in running]
    return True if any(ended) else None


def _keep_apart(running: "list[PointsSession]") -> None:
    """Each subject has a report of its own, where there are several."""
    if len(running) > 1:
        for one in running:
            one.report_apart()


@pytest.fixture
def points_rule(request: pytest.FixtureRequest) -> str:
    """The rule that a test of a suite is about."""
    rule: str = request.param
    return rule


@pytest.fixture
def points_judge(request: pytest.FixtureRequest) -> Callable[[str, Any], None]:
    """Judges one rule and ends the test as its verdict says."""
    return _session(request.config, getattr(request.cls, "points_subject", "")).judging.judge


@pytest.fixture(scope="session")
def points_target(request: pytest.FixtureRequest) -> Any:
    """What ``ApiSuite`` talks to: the embedded simulator, or the server of the options."""
    return _session(request.config).api_target()


# ---------------------------------------------------------------------- the integrator's fixtures
@pytest.fixture
def points(request: pytest.FixtureRequest) -> Iterator["Points"]:
    """A faithful Points API without network: mounted with respx on production and sandbox.

    With ``--points-live`` the server of the base URL.
    """
    from points_conformance.plugin.points import mounted

    base_url = option(request.config, "base_url")
    if request.config.pluginmanager.has_plugin(_LIVE):
        yield request.getfixturevalue("_points_live")
    else:
        with mounted([base_url] if base_url and base_url != "simulator" else []) as points:
            yield points


@pytest.fixture
def points_sandbox(request: pytest.FixtureRequest) -> Iterator["Points"]:
    """The same behind a real port of this machine, for clients that are not httpx.

    With ``--points-live`` the server of the base URL.
    """
    from points_conformance.plugin.points import sandboxed

    if request.config.pluginmanager.has_plugin(_LIVE):
        yield request.getfixturevalue("_points_live")
    else:
        with sandboxed() as points:
            yield points


@pytest.fixture
def _points_live(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A test's own part of the live world, whichever fixtures it asks for."""
    from points_conformance.plugin.live.points import live

    hooks: Any = request.config.pluginmanager.get_plugin(_LIVE)
    with live(hooks.world, request.node.nodeid) as points:
        yield points


# ---------------------------------------------------------------------- the end
@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of the user's pytest-xdist where the run's one judging is written."""
    import tempfile
    import uuid

    name = os.path.join(tempfile.gettempdir(), f"points-{uuid.uuid4().hex}")
    node.workerinput["points_shared"] = node.config.stash.setdefault(SHARED, name)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """A worker of pytest-xdist is done: take over what it tells of its part."""
    output = getattr(node, "workeroutput", None)
    for subject, told in (output or {}).get("points", {}).items():
        _session(node.config, subject).worker_done(told)
    if output is None:
        why = f"a worker of pytest-xdist died: {error or 'no word from it'}"
        node.config.stash.setdefault(_DEAD, []).append(why)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """After all other plugins: settle verdicts, write the report, set the exit status."""
    try:
        yield
    except OSError as error:
        if not session.config.option.points_judges:
            raise
        for one in _running(session.config):  # a file that pytest was asked for
            one.stop(f"junit.xml cannot be written: {error.strerror or error}")
    finally:
        _finish(session)


def _finish(session: pytest.Session) -> None:
    config = session.config
    with _shared(config):
        running = _running(config)
        _keep_apart(running)
        status = int(session.exitstatus)
        for one in running:
            for why in config.stash.get(_DEAD, []):
                one.stop(why)
            one.finish(status)
    dead = config.stash.get(_DEAD, [])
    if dead and not any(one.report for one in running):  # none lived to say what it was to judge
        from points_conformance.subjects import Subject

        for subject in Subject:
            _withdraw(config, subject, dead[0])
    if any(one.report for one in running):
        from points_conformance.plugin.endings import exit_status

        failures = sum(one.our_failures for one in running)
        reports = [one.report for one in running if one.report is not None]
        session.exitstatus = exit_status(
            reports, status, others_failed=session.testsfailed > failures
        )
    live: Any = config.pluginmanager.get_plugin(_LIVE)
    if live is not None:
        session.exitstatus = live.status(int(session.exitstatus))


@contextlib.contextmanager
def _shared(config: pytest.Config) -> Iterator[None]:
    """On the controller of workers: whatever they judged is known, and their folder goes."""
    folder = config.stash.get(SHARED, "")
    if folder and os.path.isdir(folder):
        import shutil

        for subject in sorted(os.listdir(folder)):
            _session(config, subject)
        yield
        shutil.rmtree(folder, ignore_errors=True)
    else:
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note a rule whose test a mark of the project's skipped before it could be judged."""
    running = item.config.stash.get(_SESSIONS, {}).get(_subject(item) or "")
    if call.when == "setup" and call.excinfo is not None and running is not None:
        rule = getattr(getattr(item, "callspec", None), "params", {}).get("points_rule")
        if rule is not None and call.excinfo.errisinstance(pytest.skip.Exception):
            running.not_run(rule, str(call.excinfo.value))


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(
    report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """No dot for a rule in the command's run: it tells by itself how far it is."""
    if not config.option.points_judges or report.when != "call" or config.option.verbose > -1:
        return None
    return report.outcome, "", ""


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The readable result, in colour where pytest has any."""
    for running in _running(config):
        from points_conformance.report.screen import colour_of  # here: others load nothing heavy

        for line in running.summary():
            colour = colour_of(line)
            terminalreporter.write_line(line, **({colour: True} if colour else {}))
