"""The pytest plugin. Imported by every pytest run of whoever has it installed: nothing heavy here.

Whatever a fixture, a suite or an option needs is imported when it is used
(``tests/plugin/test_start_up_cost.py`` holds that).
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from points_conformance.plugin.options import OPTIONS

if TYPE_CHECKING:
    from points_conformance.plugin.points import Points
    from points_conformance.plugin.session import PointsSession

__all__: list[str] = []

#: argparse's word for "not in the help".
_HIDDEN = "==SUPPRESS=="
_SESSION = pytest.StashKey["PointsSession"]()


# ---------------------------------------------------------------------- options and hooks
def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Hooks that users may implement."""
    from points_conformance.plugin import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--points-…`` and ini keys of the same names."""
    group = parser.getgroup("points", "points-conformance")
    for option in OPTIONS:
        name = f"--points-{option.name}"
        dest = f"points_{option.key}"
        if option.kind == "flag":
            group.addoption(name, dest=dest, action="store_true", default=None, help=option.help)
            parser.addini(dest, option.help, type="bool", default=False)
        elif option.kind == "many":
            group.addoption(name, dest=dest, action="append", metavar="GLOB", help=option.help)
            parser.addini(dest, option.help, type="args", default=[])
        else:
            group.addoption(name, dest=dest, metavar=option.metavar, help=option.help)
            parser.addini(dest, option.help, default="")
    # The command's own: which subject it judges. Not for users.
    group.addoption("--points-judges", dest="points_judges", help=_HIDDEN)


def _session(config: pytest.Config, subject: str = "") -> "PointsSession":
    """The state of this run, made when a suite, an option or a fixture first needs it.

    One run judges one subject, by default ``api``.
    """
    if _SESSION not in config.stash:
        from points_conformance.plugin.session import PointsSession
        from points_conformance.rules.rule import Subject
        from points_conformance.suite.settings import SettingsError

        try:
            config.stash[_SESSION] = PointsSession(config, Subject(subject or "api"))
        except SettingsError as error:
            raise pytest.UsageError(str(error)) from None
    session = config.stash[_SESSION]
    judged = session.settings.subject.value
    if subject and subject != judged:
        raise pytest.UsageError(
            f"one run judges one subject, and this one judges the {judged}: run the suite of the "
            f"{subject} apart"
        )
    return session


def _running(config: pytest.Config) -> "PointsSession | None":
    return config.stash.get(_SESSION, None)


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
    session = _running(config)
    if session is not None:
        session.items = items


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> object | None:
    """Before the first call: the plan, an inconclusive report on disk, a look at the target."""
    config = session.config
    if config.option.points_judges:
        _session(config)
    running = _running(config)
    if session.testsfailed and not config.option.continue_on_collection_errors:
        return None  # pytest stops here, and says why
    return running.begin() if running is not None else None


@pytest.fixture
def points_rule(request: pytest.FixtureRequest) -> str:
    """The rule that a test of a suite is about."""
    rule: str = request.param
    return rule


@pytest.fixture(scope="session")
def points_judge(request: pytest.FixtureRequest) -> Callable[[str, Any], None]:
    """Judges one rule and ends the test as its verdict says."""
    return _session(request.config).judge


@pytest.fixture(scope="session")
def points_target(request: pytest.FixtureRequest) -> Any:
    """What ``ApiSuite`` talks to: the embedded simulator, or the server of the options."""
    return _session(request.config).api_target()


# ---------------------------------------------------------------------- the integrator's fixtures
@pytest.fixture
def points(request: pytest.FixtureRequest) -> Iterator["Points"]:
    """A faithful Points API without network: mounted with respx on production and sandbox."""
    from points_conformance.plugin.points import mounted

    base_url = _option(request.config, "base_url")
    with mounted([base_url] if base_url and base_url != "simulator" else []) as points:
        yield points


@pytest.fixture
def points_sandbox() -> Iterator["Points"]:
    """The same behind a real port of this machine, for clients that are not httpx."""
    from points_conformance.plugin.points import sandboxed

    with sandboxed() as points:
        yield points


def _option(config: pytest.Config, key: str) -> Any:
    """An option of the command line, else of the ini file."""
    value = getattr(config.option, f"points_{key}", None)
    return value if value is not None else config.getini(f"points_{key}")


# ---------------------------------------------------------------------- the end
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """The command's own way of sharing rules between workers; a user's run is left alone."""
    return _session(config).scheduler(log) if config.option.points_judges else None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """A worker of pytest-xdist is done: take over what it judged."""
    told = getattr(node, "workeroutput", {}).get("points")
    if told is not None:
        _session(node.config).worker_done(told)
    elif (running := _running(node.config)) is not None:
        running.worker_died(error)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Settle verdicts, write the report, set the exit status."""
    running = _running(session.config)
    if running is not None:
        running.finish(session)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note a rule whose test a mark of the project's skipped before it could be judged."""
    if call.when == "setup" and call.excinfo is not None and _SESSION in item.config.stash:
        rule = getattr(getattr(item, "callspec", None), "params", {}).get("points_rule")
        if rule is not None and call.excinfo.errisinstance(pytest.skip.Exception):
            item.config.stash[_SESSION].not_run(rule, str(call.excinfo.value))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The readable result."""
    running = _running(config)
    if running is not None:
        for line in running.summary():
            terminalreporter.write_line(line)
