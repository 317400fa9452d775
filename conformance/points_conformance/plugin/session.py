"""One pytest run that judges: settings, target, judge, report, exit status.

Heavy; imported when a suite or the command needs it.
"""

import os
import platform
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from points_conformance import __version__
from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.plugin.wire import outcome_from, outcome_to
from points_conformance.report.run import RunReport
from points_conformance.report.terminal import summary_lines
from points_conformance.report.write import begin_all, write_all
from points_conformance.rules.known import KnownFailures, matching, pinned
from points_conformance.rules.rule import Subject
from points_conformance.rules.verdict import Outcome, OutcomeKind, Result, Trouble, Verdict, settle
from points_conformance.suite.judge import Judge
from points_conformance.suite.plan import Plan, plan
from points_conformance.suite.settings import Settings, SettingsError, read_settings
from points_conformance.targets.api import ApiTarget
from points_conformance.targets.build import LiveSettings, embedded_target, live_target
from points_conformance.targets.live import Unjudgeable, preflight
from points_conformance.targets.sources import FileSource, HookSource

__all__ = ["PointsSession"]

#: The judge's stopper: a test of a suite that is held up ends as skipped.
_SKIPPED = frozenset({Verdict.NOT_EXERCISED, Verdict.BLOCKED})


class PointsAdvice(UserWarning):
    """A SHOULD is broken."""


class PointsSession:
    """What the plugin knows of a run. One subject; the command and the suites share it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.items: Sequence[pytest.Item] = ()
        self.worker = getattr(config, "workerinput", None)
        self.is_controller = config.pluginmanager.hasplugin("dsession")
        self.command: str | None = config.option.points_command
        self.settings = self._settings(Subject(self.command or "api"))
        self.judges = Judge(
            self.settings.catalogue,
            seed=self.settings.seed,
            profile=self.settings.profile,
            known=self._known_reason,
        )
        self.plan = self._plan()
        self.trouble: list[str] = []
        self.report: RunReport | None = None
        self._target: ApiTarget | None = None
        self._others: dict[str, ApiTarget] = {}
        self._started = datetime.now(UTC)
        self._clock = time.perf_counter()
        self._calls = 0
        self._effect: list[str] = []
        self._preflight_done = self.worker is not None and self.command is not None

    # ------------------------------------------------------------------ settings
    def _settings(self, subject: Subject) -> Settings:
        from points_conformance.plugin import _option

        try:
            return read_settings(lambda key: _option(self.config, key), os.environ, subject)
        except SettingsError as error:
            raise pytest.UsageError(str(error)) from None

    def _plan(self) -> Plan:
        settings = self.settings
        return plan(
            settings.catalogue,
            settings.rules,
            settings.profile,
            loopback=settings.base_url is None or settings.on_loopback,
        )

    def parametrize(self, metafunc: pytest.Metafunc) -> None:
        """One test per selected rule; one worker judges them all, for they build on one another."""
        ids = [rule.id for rule in self.settings.rules]
        metafunc.parametrize("points_rule", ids, ids=ids, indirect=True)

    # ------------------------------------------------------------------ before the first call
    def begin(self) -> object | None:
        """Print the plan; on a dry run stop here. Put an inconclusive report on disk."""
        asked = self._asked()
        if self.worker is not None or not asked:
            return None
        if self.settings.base_url or self.settings.dry_run:
            self._say(*self._plan_lines())
        if self.settings.dry_run:
            return True
        if self.settings.report_dir:
            begin_all(self._report([], partial=True), self.settings.report_dir)
        if self.command:
            self._look_first(self.api_target())
        return None

    def _asked(self) -> list[str]:
        """The IDs of the rules whose tests were collected."""
        if self.is_controller and self.command:
            return [rule.id for rule in self.settings.rules]
        calls = (getattr(item, "callspec", None) for item in self.items)
        return [
            str(call.params["points_rule"])
            for call in calls
            if call and "points_rule" in call.params
        ]

    def _plan_lines(self) -> list[str]:
        lines = [f"plan for {self.settings.target}:", *(f"  {line}" for line in self.plan.lines())]
        needs = sorted({need for rule in self.plan.rules for need in rule.needs})
        lines.append(f"  some rules need: {', '.join(needs)}")
        if self.settings.base_url:
            lines.append("  orders come from the hook, --orders, or the earning endpoint")
        return lines

    def _look_first(self, target: ApiTarget) -> None:
        if self._preflight_done or self.settings.base_url is None:
            return
        self._preflight_done = True
        try:
            preflight(target)
        except Unjudgeable as error:
            self.trouble.append(str(error))
            raise pytest.UsageError(str(error)) from None

    def _say(self, *lines: str) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.ensure_newline()
            for line in lines:
                terminal.write_line(line)

    # ------------------------------------------------------------------ targets
    def api_target(self) -> ApiTarget:
        """The target of the options, made once."""
        if self._target is None:
            self._target = self._make_target(self.settings.base_url)
        return self._target

    def _make_target(self, base_url: str | None) -> ApiTarget:
        hook = self._order_hook()
        if base_url is None:
            target = embedded_target(DIALECTS[self.settings.dialect], seed=self.settings.seed)
            if hook is not None:
                target.sources.insert(0, HookSource(hook, lambda uuid: target.read(uuid).order))
            return target
        worker: Mapping[str, Any] = self.worker or {}
        share = int(worker.get("workercount", 1))
        target = live_target(
            LiveSettings(
                base_url=base_url,
                environment=self.settings.environment,
                orders=self.settings.orders,
                rate=self.settings.rate,
                calls=self.plan.calls if not self.settings.on_loopback else None,
                share=share,
                share_index=int(str(worker.get("workerid", "gw0")).removeprefix("gw")),
                allow_production=self.settings.allow_production,
                journal=self._journal(),
            ),
            hook,
            self._auto_refund_hook(),
        )
        return target

    def _journal(self) -> Path | None:
        folder = self.settings.report_dir
        if folder is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "journal.jsonl"

    def _order_hook(self) -> Any:
        call = self.config.hook.pytest_points_make_order
        if not call.get_hookimpls():
            return None

        def make(kind: OrderType, status: OrderStatus, total: Decimal) -> str | None:
            uuid: str | None = call(
                config=self.config, type=kind.value, order_status=status.value, total_price=total
            )
            return uuid

        return make

    def _auto_refund_hook(self) -> Any:
        call = self.config.hook.pytest_points_auto_refund
        if not call.get_hookimpls():
            return None
        return lambda uuid: bool(call(config=self.config, order_uuid=uuid))

    def _as_target(self, given: Any) -> ApiTarget:
        """What a class's ``points_api`` returned: a target, or a base URL."""
        if isinstance(given, ApiTarget):
            return given
        if not isinstance(given, str):
            raise pytest.UsageError(
                f"points_api must be a base URL or the fixture points_target, not {given!r}"
            )
        if given not in self._others:
            from points_conformance.targets.guard import TargetRefused, checked_base_url

            try:
                url = checked_base_url(given, allow_production=self.settings.allow_production)
            except TargetRefused as error:
                raise pytest.UsageError(str(error)) from None
            self.settings = replace(self.settings, base_url=url)
            self._others[given] = self._target = self._make_target(url)
        return self._others[given]

    # ------------------------------------------------------------------ judging
    def judge(self, rule_id: str, given: Any) -> None:
        """Judge one rule and end the test as its verdict says."""
        target = self._as_target(given)
        self._look_first(target)
        beyond = {rule.id for rule in self.plan.beyond}
        if rule_id in beyond:
            self.judges.outcomes.setdefault(rule_id, _beyond(rule_id, self.plan))
        result = self.judges.judge(rule_id, target)
        self._end(result)

    def _end(self, result: Result) -> None:
        if result.verdict in _SKIPPED:
            pytest.skip(f"{result.verdict.value}: {result.reason}")
        if result.verdict is Verdict.KNOWN:
            pytest.xfail(f"known failure: {result.reason}")
        if result.verdict in (Verdict.FAILED, Verdict.ERROR) or (
            self.settings.strict and result.verdict is Verdict.ADVICE
        ):
            pytest.fail(_failure(result), pytrace=False)
        if result.verdict is Verdict.ADVICE and not self.command:
            warnings.warn(PointsAdvice(f"{result.rule.id}: {result.reason}"), stacklevel=3)

    def _known_reason(self, outcome: Outcome) -> str | None:
        known, _ = matching(self._known, {outcome.rule: outcome}, self._started.date())
        return known.get(outcome.rule)

    @property
    def _known(self) -> KnownFailures:
        return self.settings.known or KnownFailures()

    # ------------------------------------------------------------------ the end
    def worker_done(self, output: Mapping[str, Any], error: object | None) -> None:
        """Take over what a worker of pytest-xdist judged."""
        if error is not None or "points" not in output:
            self.trouble.append(f"a worker of pytest-xdist died: {error or 'no word from it'}")
            return
        told = output["points"]
        self._calls += told["calls"]
        self._effect += told["effect"]
        self.trouble += told["trouble"]
        for row in told["outcomes"]:
            outcome = outcome_from(row)
            before = self.judges.outcomes.get(outcome.rule)
            if before is None or before.kind is OutcomeKind.HELD:
                self.judges.outcomes[outcome.rule] = outcome

    def finish(self, session: pytest.Session, status: int) -> None:
        """Settle, report, and set the exit status; a worker hands its outcomes over instead."""
        targets = [t for t in (self._target, *self._others.values()) if t is not None]
        for target in {id(target): target for target in targets}.values():
            self._calls += target.budget.spent
            self._effect += target.effect() + _skipped_orders(target)
            target.client.close()
        if self.worker is not None:
            self.config.workeroutput["points"] = {  # type: ignore[attr-defined]
                "outcomes": [outcome_to(o) for o in self.judges.outcomes.values()],
                "calls": self._calls,
                "effect": self._effect,
                "trouble": self.trouble,
            }
            return
        asked = self._asked()
        if self.settings.dry_run or (not asked and not self.command):
            return
        self._settle(asked, status)
        if self.report is None:
            return
        if self.settings.report_dir:
            write_all(self.report, self.settings.report_dir)
        session.exitstatus = self._exit_status(session, status)

    def _settle(self, asked: Sequence[str], status: int) -> None:
        interrupted = {2: "interrupted", 3: "pytest itself failed"}.get(status, "")
        missing = [id_ for id_ in asked if not self._judged(id_)]
        if missing and not interrupted and not self.trouble:
            interrupted = f"the run ended before {len(missing)} of {len(asked)} rules"
        stopped = [*self.trouble, *([interrupted] if interrupted else [])]
        if not asked:
            stopped.append("nothing was selected")
        report = self._report(asked, partial=bool(stopped), interrupted="; ".join(stopped))
        known = self._known
        _, stale = matching(known, self.judges.outcomes, self._started.date())
        changed, unmet = pinned(known, report.readings, report.results)
        trouble = Trouble(stopped=stopped, stale=[*stale, *changed])
        self.report = replace(report, trouble=trouble, notes=[*report.notes, *unmet])

    def _judged(self, rule_id: str) -> bool:
        rule = self.judges.catalogue[rule_id]
        return rule_id in self.judges.outcomes or (
            any(self.judges.result(rule).verdict is verdict for verdict in _SKIPPED)
            and self.judges.result(rule).reason != "the run ended before it"
        )

    def _report(self, asked: Sequence[str], *, partial: bool, interrupted: str = "") -> RunReport:
        settings = self.settings
        catalogue = self.judges.catalogue
        rules = catalogue.with_prerequisites(catalogue[id_] for id_ in asked)
        prerequisites = {rule.id for rule in rules} - set(asked)
        results = settle(
            rules, self.judges.outcomes, known=self.judges.known(), prerequisites=prerequisites
        )
        readings = {k: v for result in results for k, v in result.readings.items()}
        return RunReport(
            subject=settings.subject,
            target=settings.target,
            profile=settings.profile,
            seed=settings.seed,
            started=self._started,
            versions={"points-conformance": __version__, "python": platform.python_version()},
            scope=settings.scope,
            strict=settings.strict,
            partial=partial,
            interrupted=interrupted,
            calls=self._calls,
            seconds=time.perf_counter() - self._clock,
            readings=readings,
            results=results,
            plan=self._plan_lines(),
            effect=self._effect,
            arguments=settings.arguments,
        )

    def _exit_status(self, session: pytest.Session, status: int) -> int:
        """Ours, by the list of the design; the user's own failures are never lowered."""
        report = self.report
        if report is None:
            return status
        ours = report.exit_status
        failed = sum(r.verdict in (Verdict.FAILED, Verdict.ERROR) for r in report.selected())
        if report.strict:
            failed += len(report.of(Verdict.ADVICE))
        others_failed = session.testsfailed > failed
        if status in (2, 3):
            return max(ours, status)
        if ours in (0, 2) and others_failed and not report.trouble.stopped:
            return 1
        return ours

    def summary(self) -> list[str]:
        """The readable result; nothing where the target could not be judged at all."""
        if self.report is None or (self.trouble and not self.judges.outcomes):
            return []
        lines = ["", *summary_lines(self.report)]
        if self.settings.report_dir:
            lines.append(f"report: {self.settings.report_dir / 'report.html'}")
        return lines


def _beyond(rule_id: str, bound: Plan) -> Outcome:
    return Outcome(
        rule=rule_id,
        kind=OutcomeKind.MISSING,
        reason=f"beyond the bound of {bound.calls} calls of this profile: name the rule with "
        "--select, or take --profile deep",
    )


def _failure(result: Result) -> str:
    rule, evidence = result.rule, result.evidence
    sources = "; ".join(str(source) for source in rule.sources)
    lines = [f"{rule.id} ({rule.level.value}): {rule.statement}", f"source: {sources}"]
    if evidence is None:
        return "\n".join([*lines, result.reason])
    lines += [f"expected: {evidence.expected}", f"got: {evidence.got}", *evidence.story]
    return "\n".join([*lines, *evidence.exchanges, "", *evidence.curl])


def _skipped_orders(target: ApiTarget) -> list[str]:
    return [
        f"given order skipped: {line}"
        for source in target.sources
        if isinstance(source, FileSource)
        for line in source.skipped
    ]
