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
    group.addoption("--points-command", dest="points_command", help=_HIDDEN)


def _session(config: pytest.Config) -> "PointsSession":
    """The state of this run, made when a suite, an option or a fixture first needs it."""
    if _SESSION not in config.stash:
        from points_conformance.plugin.session import PointsSession

        config.stash[_SESSION] = PointsSession(config)
    return config.stash[_SESSION]


def _running(config: pytest.Config) -> "PointsSession | None":
    return config.stash.get(_SESSION, None)


# ---------------------------------------------------------------------- a suite's tests
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per selected rule for every class that inherits from a suite."""
    if "points_rule" in metafunc.fixturenames and hasattr(metafunc.cls, "points_subject"):
        _session(metafunc.config).parametrize(metafunc)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note which rules are asked for, after everybody else has deselected."""
    session = _running(config)
    if session is not None:
        session.items = items


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> object | None:
    """Before the first call: the plan, an inconclusive report on disk, a look at the target."""
    config = session.config
    if config.option.points_command:
        _session(config)
    running = _running(config)
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
def pytest_testnodedown(node: Any, error: object | None) -> None:
    """A worker of pytest-xdist is done: take over what it judged."""
    session = _running(node.config)
    if session is not None:
        session.worker_done(getattr(node, "workeroutput", {}), error)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Settle verdicts, write the report, set the exit status."""
    running = _running(session.config)
    if running is not None:
        running.finish(session, int(exitstatus))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The readable result."""
    running = _running(config)
    if running is not None:
        for line in running.summary():
            terminalreporter.write_line(line)
