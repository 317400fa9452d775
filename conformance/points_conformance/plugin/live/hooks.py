"""What pytest asks of a run with ``--points-live``; registered in such runs alone."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from points_conformance.plugin.live.endings import Lacking, OnlySimulated
from points_conformance.plugin.live.secret import clean_logs, clean_report, cleaned
from points_conformance.plugin.live.world import Account, LiveWorld
from points_conformance.plugin.signals import end_on_signals

__all__ = ["LiveHooks"]

_FIXTURES = {"points", "points_sandbox"}
_MARK = "points_simulator"
#: How a worker's account is called on its way to the controller.
_TOLD = "points_live"


class LiveHooks:
    """One process of a live run."""

    def __init__(self, config: pytest.Config, *, may_skip: bool) -> None:
        self.config = config
        self.world = LiveWorld(config)
        self._may_skip = may_skip
        self._others = Account()
        self._mind_no_signals: Callable[[], object] = lambda: None
        self._clean_no_logs: Callable[[], object] = lambda: None
        self._is_worker = hasattr(config, "workerinput")

    # ------------------------------------------------------------------ before
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Say what the tests will do, before the first of them."""
        if session.config.option.collectonly or self._is_worker:
            return
        asking = sum(_asks(item) for item in session.items)
        if asking or not session.items:
            self._say(*self.world.plan_lines(asking))

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionstart(self) -> Iterator[None]:
        """A signal that asks the run to end has it remove its endpoints."""
        self._mind_no_signals = end_on_signals()
        self._clean_no_logs = clean_logs(self.world.redact.cut)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A test that says that it is the simulator's alone makes nothing."""
        mark = item.get_closest_marker(_MARK)
        if mark is not None:
            why = mark.kwargs.get("reason") or next(iter(mark.args), "marked points_simulator")
            self.world.account.tests[item.nodeid] = "simulator"
            raise OnlySimulated(f"only the simulator can do this: {why}", _use_item_location=True)
        if self.world.settings.dry_run and _asks(item):
            pytest.skip("points, live: this is a dry run, nothing is sent")

    # ------------------------------------------------------------------ reports
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note how a live test ended."""
        report = yield
        if not _asks(item):
            return report
        tests, raised = self.world.account.tests, call.excinfo
        if raised is not None and raised.errisinstance(Lacking):
            tests[item.nodeid] = "lacking"
        elif raised is not None and raised.errisinstance(OnlySimulated):
            tests[item.nodeid] = "simulator"
        elif call.when == "call" and not report.skipped:
            tests[item.nodeid] = "ran"
        elif report.failed:
            tests.setdefault(item.nodeid, "error")
        if report.failed:
            self.world.failed_tests.add(item.nodeid)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Cut secrets from what is said of a test, before anybody shows or sends it."""
        clean_report(report, self.world.redact.cut)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: Any) -> None:
        """Warnings are shown as well."""
        text = str(warning_message.message)
        if self.world.redact.cut(text) != text:
            warning_message.message = UserWarning(self.world.redact.cut(text))

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """And modules that cannot be imported."""
        report = yield
        report.longrepr = cleaned(report.longrepr, self.world.redact.cut)
        report.sections = cleaned(report.sections, self.world.redact.cut)
        return report

    # ------------------------------------------------------------------ after
    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of pytest-xdist tells what its tests came to."""
        told = getattr(node, "workeroutput", {}).get(_TOLD)
        if told is not None:
            self._others += Account.of(told)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self) -> Iterator[None]:
        """Close, after pytest tore down what an interrupted test left."""
        try:
            return (yield)
        finally:
            account = self.world.close()
            self._mind_no_signals()
            self._clean_no_logs()
            if self._is_worker:
                self.config.workeroutput[_TOLD] = account.told()  # type: ignore[attr-defined]

    def status(self, status: int) -> int:
        """The run's exit status, where ``status`` is what it came to otherwise."""
        passes = self._is_worker or self._may_skip or not self.account.nothing_ran
        return status if passes or status not in (0, 5) else 2

    @property
    def account(self) -> Account:
        """What all tests of the run came to."""
        return self.world.account + self._others

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """What the tests did to the server, and what is left of them."""
        for line in self._summary():
            terminalreporter.write_line(self.world.redact(line))

    def _summary(self) -> list[str]:
        account = self.account
        if not account.tests:
            return []
        ran = sum(kind == "ran" for kind in account.tests.values())
        lines = [
            "",
            f"points, live at {self.world.own.url}: {ran} of {len(account.tests)} tests "
            f"ran; {'; '.join(account.effect.lines())}",
            *account.notes,
        ]
        if account.left:
            lines += ["orders that tests made and did not end:"]
            lines += [f"  {line}" for line in account.left]
        if account.nothing_ran:
            lines.append(
                "no live test ran: each lacked what its skip names (-rs shows it). "
                + (
                    "--points-live-may-skip lets that pass"
                    if self._may_skip
                    else "The run does not pass; --points-live-may-skip would let it"
                )
            )
        return lines

    def _say(self, *lines: str) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.ensure_newline()
            for line in lines:
                terminal.write_line(line)


def _asks(item: pytest.Item) -> bool:
    return bool(_FIXTURES & set(getattr(item, "fixturenames", ())))
