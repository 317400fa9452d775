"""One pytest run that judges: settings, target, judge, report, exit status.

Heavy; imported when a suite or the command needs it.
"""

import gc
import os
import platform
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from points_conformance import __version__
from points_conformance.judging.exchange import Redactor
from points_conformance.judging.finding import Unjudgeable
from points_conformance.judging.judge import Judge
from points_conformance.judging.judged import Judged
from points_conformance.judging.known import KnownFailures, accepting, matching
from points_conformance.judging.plan import Plan, plan
from points_conformance.judging.side_by_side import Errands
from points_conformance.judging.verdict import Absence, Outcome, OutcomeKind, Verdict
from points_conformance.plugin.again import begun_with, suite_of
from points_conformance.plugin.config import option, shared_folder
from points_conformance.plugin.endings import PointsAdvice
from points_conformance.plugin.judging import Judging
from points_conformance.plugin.one_judging import SharedJudging
from points_conformance.plugin.progress import progress_of
from points_conformance.plugin.settings import Settings, SettingsError, read_settings
from points_conformance.plugin.settling import Settling, our_failures
from points_conformance.plugin.signals import end_on_signals
from points_conformance.plugin.subject import SubjectRun
from points_conformance.report.github import annotations, harmless, within_actions
from points_conformance.report.names import TEST_RESULTS
from points_conformance.report.old import spoil
from points_conformance.report.run import RunReport
from points_conformance.report.screen import told
from points_conformance.report.write import begin_all, write_all
from points_conformance.subjects import Subject, part
from points_conformance.targets.effect import Effect

__all__ = ["PointsAdvice", "PointsSession"]


class PointsSession:
    """What the plugin knows of a run. One subject and one target; the command and the suites share
    it. Under the user's own pytest-xdist one worker judges, the tests in all of them show what it
    finds, and the controller settles.
    """

    def __init__(self, config: pytest.Config, subject: Subject = Subject.API) -> None:
        self.config = config
        self.items: Sequence[pytest.Item] = ()
        self.worker: Mapping[str, Any] | None = getattr(config, "workerinput", None)
        self.is_controller = config.pluginmanager.hasplugin("dsession")
        self.command: str | None = config.option.points_judges
        self.settings = self._settings(Subject(self.command or subject))
        #: Fit to be said and kept: what the user gave may hold a secret, a URL's path say.
        self.redact = Redactor.of(self.settings.environment)
        self.started = datetime.now(UTC)
        self.judges = Judge(
            self.settings.catalogue,
            seed=self.settings.seed,
            profile=self.settings.profile,
            known=self._known_reason,
            accepted=accepting(self._known, self.settings.rules, self.started.date())[0],
        )
        self.errands = Errands()
        self.subject: SubjectRun = part(self.settings.subject.who.run)(self)
        self.plan = self._plan()
        #: Why the run stopped, or cannot be trusted; each once.
        self.trouble: dict[str, None] = {}
        self.report: RunReport | None = None
        self._clock = time.perf_counter()
        self._effect = Effect()
        self._notes: list[str] = []
        self._told_asked: dict[str, None] = {}
        self._suite = ""
        self._skipped: dict[str, str] = {}
        self._mind_no_signals: Callable[[], object] = lambda: None
        self._apart = False
        self.judging = Judging(self, self._sharing())

    # ------------------------------------------------------------------ settings
    def _settings(self, subject: Subject) -> Settings:
        asked = partial(option, self.config)
        return read_settings(asked, os.environ, subject, command=bool(self.command))

    def _sharing(self) -> SharedJudging | None:
        """Where the workers of a run find what its one judging found; ``None`` without any."""
        folder = shared_folder(self.config)
        return SharedJudging(folder / self.name) if folder is not None else None

    def _plan(self) -> Plan:
        settings = self.settings
        bound = plan(
            settings.catalogue,
            settings.rules,
            settings.profile,
            loopback=settings.of.on_loopback,
            unit=settings.subject.who.unit,
            listed=settings.of.listed,
            share=settings.share,
        )
        self.judges.left_out, self.judges.why_left_out = bound.left_out, bound.why_left_out
        return bound

    def parametrize(self, metafunc: pytest.Metafunc) -> None:
        """One test per selected rule."""
        ids = [rule.id for rule in self.settings.rules]
        metafunc.parametrize("points_rule", ids, ids=ids, indirect=True)

    # ------------------------------------------------------------------ before the first call
    def begin(self) -> object | None:
        """Print the plan; on a dry run stop here. Put an inconclusive report on disk."""
        asked = self.asked()
        if not asked or self.config.option.collectonly:
            return None
        said = self.settings.of.plan_is_said or self.settings.dry_run
        if self.worker is None and said:
            self._say(*self.subject.plan_lines())
        if self.settings.dry_run:
            if self.worker is None:
                self._say(*self.subject.orders_needed())
            if self.settings.report_dir is not None:
                spoil(self.settings.report_dir, self.name, "this was a dry run: nothing was sent")
            return True
        if self.worker is None or not self.command:
            self._begin_report()
        self._mind_no_signals = end_on_signals()
        self.judging.progress = progress_of(self, len(asked), self.subject.seconds)
        if self.judging.shared is not None:
            return None  # whoever judges will look
        self.subject.begin_ahead(asked)
        if self.command:
            target = self._made()
            try:
                self.judging.look_first(target)
            except SettingsError as error:
                raise pytest.UsageError(str(error)) from None
            if self.judging.unjudgeable:
                raise pytest.UsageError(self.judging.unjudgeable)
            self.open(target)
        return None

    def _begin_report(self) -> None:
        folder = self.settings.report_dir
        if folder is None:
            return
        try:
            begin_all(self._report([], partial=True), folder)
        except OSError as error:
            raise pytest.UsageError(
                f"the report cannot be written to {folder}: {error.strerror or error}"
            ) from None

    def asked(self) -> list[str]:
        """The IDs of the rules whose tests were collected."""
        if self._told_asked:
            return [rule.id for rule in self.judges.catalogue if rule.id in self._told_asked]
        if self.is_controller and self.command:
            return [rule.id for rule in self.settings.rules]
        collected = self.collected()
        return [rule.id for rule in self.judges.catalogue if rule.id in collected]

    def collected(self) -> dict[str, list[pytest.Item]]:
        """The tests of each rule, as pytest will run them."""
        collected: dict[str, list[pytest.Item]] = {}
        for item in self.items:
            params = getattr(getattr(item, "callspec", None), "params", {})
            if "points_rule" in params:
                collected.setdefault(params["points_rule"], []).append(item)
        return collected

    def open(self, target: Judged) -> None:
        """Have webhooks sent here, if they are to be; who else hears of the run is said."""
        lines = self.subject.opened(target)
        self._say(*lines)
        self._notes += lines

    def stop(self, why: str) -> None:
        self.trouble[self.redact(why)] = None

    def _say(self, *lines: str) -> None:
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None and lines:
            terminal.ensure_newline()
            for line in lines:
                terminal.write_line(self.redact(line))

    # ------------------------------------------------------------------ targets
    def api_target(self) -> Judged:
        """The target of the options, made once."""
        if self.settings.subject is not Subject.API:
            raise pytest.UsageError("the fixture points_target is there where an API is judged")
        return self._made()

    def _made(self) -> Judged:
        try:
            return self.subject.made()
        except (SettingsError, Unjudgeable) as error:
            raise pytest.UsageError(self.redact(str(error))) from None

    def judge_instead(self, settings: Settings) -> None:
        """A fixture names the target: its name in the report, its bound on calls."""
        self.settings = settings
        self.plan = self._plan()
        if settings.of.plan_is_said and self.worker is None:
            self._say(*self.subject.plan_lines())

    # ------------------------------------------------------------------ judging
    def _known_reason(self, outcome: Outcome) -> str | None:
        if self.settings.known is None:
            return None
        known, _ = matching(self._known, {outcome.rule: outcome}, self.started.date())
        return known.get(outcome.rule)

    @property
    def _known(self) -> KnownFailures:
        return self.settings.known or KnownFailures()

    # ------------------------------------------------------------------ the end
    def worker_done(self, told: Mapping[str, Any]) -> None:
        """Take over what a worker of pytest-xdist tells of its part in the run."""
        self._effect += Effect(**told["effect"])
        self._notes += told["notes"]
        self._told_asked |= dict.fromkeys(told["asked"])
        self._suite = self._suite or told["suite"]
        for why in told["trouble"]:
            self.stop(why)
        for rule_id, why in told["skipped"].items():
            self.not_run(rule_id, why)
        if told["judged"]:
            self.settings = replace(self.settings, seed=told["seed"])
            if told["url"] and not self.settings.of.url:
                self.settings = self.settings.at(told["url"])

    def not_run(self, rule_id: str, why: str) -> None:
        """A rule's test was skipped by the project before it could be judged."""
        self._skipped[rule_id] = why
        reason = f"its test was skipped by the project: {why}"
        self.judges.outcomes.setdefault(
            rule_id,
            Outcome(
                rule=rule_id,
                kind=OutcomeKind.MISSING,
                reason=reason,
                absence=Absence.LACKING,
                lacks="tests that the project skips",
            ),
        )

    def _told(self) -> dict[str, Any]:
        """What a worker tells the controller; the outcomes are in the shared folder."""
        return {
            "asked": self.asked(),
            "suite": suite_of(self.config, self.items),
            "skipped": self._skipped,
            "effect": asdict(self._effect),
            "notes": self._notes,
            "trouble": list(self.trouble),
            "judged": self.judging.looked,
            "seed": self.settings.seed,
            "url": self.settings.of.url,
        }

    @property
    def name(self) -> str:
        """The subject's."""
        return self.settings.subject.value

    def report_apart(self) -> None:
        """Where several subjects are judged in one run: a folder for this one's report."""
        folder = self.settings.report_dir
        if folder is not None and not self._apart:
            self.settings = replace(self.settings, report_dir=folder / self.name)
        self._apart = True

    def finish(self, status: int) -> None:
        """Settle and report, after pytest ended with ``status``; a worker hands its outcomes over
        instead.
        """
        self.judging.progress.close()
        effect, notes = self.subject.close()
        self._mind_no_signals()
        self._effect += effect
        self._notes += notes
        if self.worker is not None:
            output: dict[str, Any] = self.config.workeroutput  # type: ignore[attr-defined]
            output.setdefault("points", {})[self.name] = self._told()
            return
        self._told_asked |= dict.fromkeys(self.judging.take_over())
        asked = self.asked()
        collected_only = self.settings.dry_run or self.config.option.collectonly
        if collected_only or (not asked and not self.command):
            return
        self._settle(asked, status)
        if self.command:
            gc.freeze()  # the process is about to end
        if self.report is not None and self.settings.report_dir:
            self._write(self.report, self.settings.report_dir)

    def _write(self, report: RunReport, folder: Path) -> None:
        try:
            write_all(report, folder)
            for name in TEST_RESULTS if self.judging.unjudgeable else ():
                (folder / name).unlink(missing_ok=True)  # nothing was tested
        except OSError as error:
            why = f"the report cannot be written to {folder}: {error.strerror or error}"
            trouble = replace(report.trouble, stopped=[*report.trouble.stopped, why])
            self.report = replace(report, trouble=trouble)
            self._say(why)

    def _settling(self, asked: Sequence[str]) -> Settling:
        return Settling(
            catalogue=self.judges.catalogue,
            asked=asked,
            outcomes=self.judges.outcomes,
            known=self._known,
            today=self.started.date(),
        )

    def _settle(self, asked: Sequence[str], status: int) -> None:
        settling = self._settling(asked)
        results = settling.results()
        stopped = settling.stopped(results, self.trouble, status)
        report = self._report(asked, partial=bool(stopped), interrupted="; ".join(stopped))
        trouble, unmet = settling.trouble(results, report.readings, stopped)
        failed = any(result.verdict is Verdict.FAILED for result in results)
        notes = [*report.notes, *unmet, *(self.settings.of.used_up if failed else [])]
        self.report = replace(report, trouble=trouble, notes=notes)

    def _scope(self, asked: Sequence[str]) -> list[str]:
        """What the verdict is about; what pytest itself left out (``-k``) is said."""
        chosen = [rule.id for rule in self.settings.rules]
        left_out = len(set(chosen) - set(asked))
        if not asked or not left_out:
            return self.settings.scope
        return [*self.settings.scope, f"without {left_out} of {len(chosen)} rules left to pytest"]

    def _report(self, asked: Sequence[str], *, partial: bool, interrupted: str = "") -> RunReport:
        settings = self.settings
        results = self._settling(asked).results()
        readings = {k: v for result in results for k, v in result.readings.items()}
        return RunReport(
            subject=settings.subject,
            target=self.redact(settings.of.target),
            profile=settings.profile,
            seed=settings.seed,
            started=self.started,
            versions={"kit": __version__, "python": platform.python_version()},
            scope=self._scope(asked),
            select=settings.select,
            deselect=settings.deselect,
            strict=settings.strict,
            partial=partial,
            interrupted=interrupted,
            calls=self._effect.calls,
            seconds=time.perf_counter() - self._clock,
            readings=readings,
            results=results,
            plan=list(map(self.redact, self.subject.plan_lines())),
            effect=self.subject.effect_lines(self._effect),
            notes=list(map(self.redact, self._notes)),
            arguments=list(map(self.redact, settings.arguments)),
            begun_with=list(map(self.redact, [] if self.command else begun_with(self.config))),
            suite=self._suite or suite_of(self.config, self.items),
            passed_on=list(map(self.redact, shlex.split(self.config.option.points_passed_on))),
        )

    @property
    def our_failures(self) -> int:
        """How many failed tests are rules; what a story laid to a rule failed the story's test."""
        report = self.report
        if report is None:
            return 0
        return our_failures(report.results, self.judges.outcomes, strict=report.strict)

    def summary(self) -> list[str]:
        """The readable result; of a target that could not be judged at all, only why."""
        if self.report is None:
            return []
        if self.judging.unjudgeable and not self.judges.outcomes:
            return [] if self.command else ["", f"points-conformance: {self.judging.unjudgeable}"]
        whole = option(self.config, "verbose") or self.config.option.verbose > 0
        lines = ["", *told(self.report, whole=whole)]
        folder = self.settings.report_dir
        if folder and (folder / "report.html").exists():
            lines.append(f"report: {folder / 'report.html'}")
        if within_actions(os.environ):
            return [*harmless(lines), *annotations(self.report)]
        return lines
