"""The one judging of a subject in a run: its order, its process, and what each test shows of it."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, Protocol

import pytest

from points_conformance.judging.finding import Unjudgeable
from points_conformance.judging.judge import Judge
from points_conformance.judging.judged import Judged
from points_conformance.judging.redaction import Redactor
from points_conformance.judging.side_by_side import Errands, SideBySide
from points_conformance.judging.verdict import Outcome, Result, Verdict
from points_conformance.plugin.endings import advise, failure_text
from points_conformance.plugin.marks import marked_skip
from points_conformance.plugin.one_judging import DIED, Account, SharedJudging, identity
from points_conformance.plugin.progress import Progress
from points_conformance.plugin.settings import Settings, SettingsError
from points_conformance.plugin.subject import SubjectRun
from points_conformance.report.causes import shipped

__all__ = ["Judging"]

#: Verdicts of a rule that was held up: its test ends as skipped.
_SKIPPED = frozenset({Verdict.NOT_EXERCISED, Verdict.BLOCKED})


class JudgedRun(Protocol):
    """What the judging asks of its run."""

    settings: Settings
    judges: Judge
    subject: SubjectRun
    redact: Redactor
    errands: Errands
    command: str | None

    def asked(self) -> list[str]:
        """The IDs of the rules that were asked for, in the catalogue's order."""
        ...

    def collected(self) -> dict[str, list[pytest.Item]]:
        """The tests of each rule."""
        ...

    def open(self, target: Judged) -> None:
        """Have webhooks sent here, if they are to be."""
        ...

    def stop(self, why: str) -> None:
        """Note why the run cannot be trusted."""
        ...


class Judging:
    """Judges each rule once, in the catalogue's order, whatever order pytest asks in.

    With ``shared`` the first process that asks judges all rules, and the others read.
    """

    def __init__(self, run: JudgedRun, shared: SharedJudging | None) -> None:
        self.run = run
        self.shared = shared
        self.progress = Progress()
        #: Why nothing may be judged at all, once that is known.
        self.unjudgeable = ""
        self.looked = False
        self._judges = False
        #: What broke the judging off: it is never begun again, or a rule that somebody's timeout
        #: ended could pass the second time.
        self._broken_off = ""
        #: What the test of each rule shows: what was found when its turn came, in that order.
        self._turns: dict[str, list[Result]] = {}

    def judge(self, rule_id: str, given: Any) -> None:
        """Show what the run's one judging finds of a rule: its test ends as its verdict says."""
        self._judges = self._judges or self.shared is None or self.shared.claim()
        if self._broken_off:
            if rule_id not in self._turns:
                self._refuse(self._broken_off)
        elif self._judges:
            with self._told(), self.progress.shown():
                self._judge_until(rule_id, given)
        elif self.shared is not None:
            self._read(self.shared, rule_id, given)
        if self.unjudgeable:
            pytest.skip(f"{Verdict.NOT_EXERCISED.value}: {self.unjudgeable}")
        result, *laid = self._turns[rule_id]
        if laid:
            pytest.fail("\n\n".join(failure_text(broken) for broken in laid), pytrace=False)
        self._end(result)

    # ------------------------------------------------------------------ judging
    def _judge_until(self, rule_id: str, given: Any) -> None:
        """Judge in the catalogue's order as far as a rule: what closes a run comes last. Where
        others read, or rules run side by side, all are judged.
        """
        target = self._target(given)
        if self.unjudgeable or rule_id in self._turns:
            return
        most = self.run.subject.side_by_side(target)
        due = self._due(rule_id, whole=most > 1 or self.shared is not None)
        judges = self.run.judges
        before = dict(judges.outcomes)

        def decided(id_: str) -> None:
            self.progress.ended(id_, self._results(id_), target.budget.made)
            self.run.subject.went_on(len(judges.outcomes))

        SideBySide(
            judges,
            target,
            most,
            finders=shipped().order if most > 1 else (),
            errands=self.run.errands,
            begun=self.progress.begun,
            decided=decided,
            glimpsed=self.progress.glimpsed,
        ).run(due)
        found, judges.outcomes = judges.outcomes, before
        for id_ in due:
            self._give_turn(id_, found)

    def _give_turn(self, rule_id: str, found: Mapping[str, Outcome]) -> None:
        """What the test of a rule shows: what there is by its turn in the catalogue's order."""
        judges = self.run.judges
        new = [
            found[rule.id]
            for rule in judges.catalogue.with_prerequisites([judges.catalogue[rule_id]])
            if rule.id in found and rule.id not in judges.outcomes
        ]
        judges.outcomes |= {outcome.rule: outcome for outcome in new}
        self._turns[rule_id] = self._results(rule_id)
        if self.shared is not None:
            self.shared.judged(rule_id, new)

    def _target(self, given: Any) -> Judged:
        if self.shared is not None and not self.looked:
            self.shared.judges(given)
            self.run.subject.begin_ahead(self.run.asked())
        target = self.run.subject.given(given)
        self.look_first(target)
        if not self.unjudgeable:
            self.run.open(target)
        return target

    def look_first(self, target: Judged) -> None:
        """Find out once whether the target can be judged; if not, nothing more is sent to it."""
        if self.looked:
            return
        self.run.subject.ready(target)
        self.looked = True
        if not self.run.subject.looks_first:
            return
        try:
            self.run.subject.look(target)
        except Unjudgeable as error:
            self.unjudgeable = self.run.redact(target.redact(str(error)))
            self.run.stop(self.unjudgeable)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """However a judging ends, whoever waits for it is told."""
        why = "the judging was broken off"
        try:
            yield
            why = self.unjudgeable
        except (SettingsError, Unjudgeable) as error:
            why = str(error)
            self._refuse(why)
        except (KeyboardInterrupt, pytest.UsageError):
            raise
        except BaseException as error:
            said = str(error).strip().partition("\n")[0]
            why = self._broken_off = f"the judging was broken off: {said or type(error).__name__}"
            self.run.stop(why)
            raise
        finally:
            if self.shared is not None:
                self.shared.end(why, unjudgeable=bool(self.unjudgeable))

    def _due(self, rule_id: str, *, whole: bool) -> list[str]:
        """The rules whose turn comes now: as far as the asked one, or all."""
        asked = self.run.asked()
        if rule_id not in asked:
            return [rule_id]  # a test of the user's own asks for it
        items = self.run.collected()
        until = asked if whole else asked[: asked.index(rule_id) + 1]
        return [
            id_
            for id_ in until
            if id_ not in self._turns and (id_ == rule_id or not all(map(marked_skip, items[id_])))
        ]

    def _results(self, rule_id: str) -> list[Result]:
        """A rule's result, and those of rules that its stories are found to break."""
        judges = self.run.judges
        laid = judges.outcomes[rule_id].attributed if rule_id in judges.outcomes else {}
        unknown = [id_ for id_ in laid if id_ not in judges.known()]
        return [judges.result(judges.catalogue[id_]) for id_ in (rule_id, *unknown)]

    # ------------------------------------------------------------------ reading
    def _read(self, shared: SharedJudging, rule_id: str, given: Any) -> None:
        """Wait for what another process finds of a rule."""
        account = shared.wait(lambda account: rule_id in account.turns)
        if account.given and account.given != identity(given):
            self._refuse("one run judges one target, and this class names another than the first")
        for id_, outcomes in account.turns.items():
            if id_ not in self._turns:
                self.run.judges.outcomes |= {outcome.rule: outcome for outcome in outcomes}
                self._turns[id_] = self._results(id_)
        if account.unjudgeable:
            self.unjudgeable = account.ended or ""
        elif rule_id not in self._turns:
            self._refuse(account.ended or DIED)

    def take_over(self) -> list[str]:
        """The outcomes that the one judging came to, for whoever settles them; the rules that had
        their turn.
        """
        if self.shared is None:
            return []
        account: Account = self.shared.account()
        for outcomes in account.turns.values():
            self.run.judges.outcomes |= {outcome.rule: outcome for outcome in outcomes}
        if account.unjudgeable:
            self.unjudgeable = account.ended or ""
        if account.ended != "" and (account.given or account.turns):
            self.run.stop(account.ended or DIED)
        return list(account.turns)

    # ------------------------------------------------------------------ the end of a test
    def _refuse(self, why: str) -> NoReturn:
        self.run.stop(why)
        pytest.fail(self.run.redact(why), pytrace=False)

    def _end(self, result: Result) -> None:
        if result.verdict in _SKIPPED:
            pytest.skip(f"{result.verdict.value}: {result.reason}")
        if result.verdict is Verdict.KNOWN:
            pytest.xfail(f"known failure: {result.reason}")
        if result.verdict in (Verdict.FAILED, Verdict.ERROR) or (
            self.run.settings.strict and result.verdict is Verdict.ADVICE
        ):
            pytest.fail(failure_text(result), pytrace=False)
        if result.verdict is Verdict.ADVICE and not self.run.command:
            advise(f"{result.rule.id}: {result.reason}")
