"""Runs checks and turns what happens into outcomes. Decides nothing: that is ``rules.verdict``."""

import hashlib
import re
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from points_conformance.judging.budget import BudgetSpent
from points_conformance.judging.catalogue import Catalogue
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import (
    Attributed,
    Denied,
    Finding,
    NetworkTrouble,
    NotExercised,
)
from points_conformance.judging.judged import Judged
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.step import Step
from points_conformance.judging.verdict import (
    Absence,
    Evidence,
    Outcome,
    OutcomeKind,
    Result,
    Verdict,
    settle,
    with_attributed,
)

__all__ = ["Judge", "execute", "seed_of"]

#: The story of an example-based finding is at most so many of the rule's last calls.
_LONGEST_STORY = 14
#: A picture shows at most so many steps, the last ones.
_LONGEST_PICTURE = 40
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FAILURES = frozenset({OutcomeKind.BROKEN, OutcomeKind.CRASHED})
_HOLDING_UP = frozenset(
    {Verdict.FAILED, Verdict.KNOWN, Verdict.ERROR, Verdict.BLOCKED, Verdict.NOT_EXERCISED}
)


def execute(
    rule: Rule, target: Judged, *, seed: int = 0, profile: Profile = Profile.STANDARD
) -> Outcome:
    """Run one check against a target. Never raises, but for an interrupt.

    The check's own seed is a function of the run's and of its ID.
    """
    view = target.view(
        rule=rule.id,
        seed=seed_of(seed, rule.id),
        allowance=rule.bound(profile, loopback=target.loopback),
        seconds=rule.longest(profile),
    )
    spent = view.budget.spent
    started = time.perf_counter()
    outcome = _ran(rule, view)
    return replace(
        outcome,
        moves=tuple(view.moves()),
        calls=view.budget.spent - spent,
        seconds=time.perf_counter() - started,
    )


def _ran(rule: Rule, target: Judged) -> Outcome:
    """What comes of a check that is given its view of a target."""
    try:
        read = rule.check(target)
    except Finding as finding:
        evidence = evidence_of(finding, target.exchanges, target)
        evidence = replace(evidence, led_by=_led_by(rule, finding, target))
        reason = target.redact(str(finding))
        return _outcome(rule, OutcomeKind.BROKEN, reason, evidence=evidence)
    except Attributed as broken:
        laid = {id_: _laid(rule, id_, f, target) for id_, f in broken.findings.items()}
        evidence = next(iter(laid.values()))
        reason = target.redact(str(broken))
        return _outcome(rule, OutcomeKind.BROKEN, reason, evidence=evidence, attributed=laid)
    except (Denied, BudgetSpent) as missing:
        reason = target.redact(str(missing))
        return _outcome(rule, OutcomeKind.MISSING, reason, absence=Absence.DENIED)
    except NotExercised as missing:
        reason = target.redact(str(missing))
        return _outcome(
            rule, OutcomeKind.MISSING, reason, absence=Absence.LACKING, lacks=missing.lacks
        )
    except NetworkTrouble as trouble:
        return _outcome(rule, OutcomeKind.NETWORK, target.redact(str(trouble)))
    except Exception as error:
        return _crashed(rule, error, target.redact)
    if isinstance(read, Mapping):
        readings = {target.redact(str(k)): target.redact(str(told)) for k, told in read.items()}
        words = "; ".join(f"{matter}: {reading}" for matter, reading in readings.items())
        return _outcome(rule, OutcomeKind.READ, words, readings=readings)
    return _outcome(rule, OutcomeKind.HELD, "")


def _outcome(rule: Rule, kind: OutcomeKind, reason: str, **beside: Any) -> Outcome:
    return Outcome(rule=rule.id, kind=kind, reason=reason, **beside)


def _crashed(rule: Rule, error: Exception, redact: Callable[[str], str]) -> Outcome:
    trace = redact("".join(traceback.format_exception(error)))
    evidence = Evidence(title="the kit failed", expected="a verdict", got=trace, exchanges=(trace,))
    reason = redact(f"the kit failed, please report: {type(error).__name__}: {error}")
    return _outcome(rule, OutcomeKind.CRASHED, reason, evidence=evidence)


def seed_of(seed: int, rule_id: str) -> int:
    """The seed of one rule in a run."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{rule_id}".encode()).digest()[:8])


def evidence_of(finding: Finding, exchanges: Sequence[Exchange], target: Judged) -> Evidence:
    """A finding as the report keeps it. Exchanges are redacted already; what it says is not."""
    redact = target.redact
    story = list(finding.exchanges) or exchanges[-_LONGEST_STORY:]
    steps = finding.steps or target.picture(story)
    return Evidence(
        title=redact(finding.title),
        expected=redact(finding.expected),
        got=redact(finding.got),
        story=tuple(redact(step) for step in finding.story),
        curl=tuple(exchange.as_curl() for exchange in story),
        exchanges=tuple(exchange.as_text() for exchange in story),
        rounds=finding.rounds,
        led_by=finding.led_by,
        steps=tuple(_without_secrets(step, redact) for step in steps[-_LONGEST_PICTURE:]),
        cost=finding.cost,
    )


def _without_secrets(step: Step, redact: Callable[[str], str]) -> Step:
    return replace(
        step, said=redact(step.said), answer=redact(step.answer), after=redact(step.after)
    )


def _led_by(rule: Rule, finding: Finding, target: Judged) -> tuple[str, ...]:
    """The other rules that it takes to find this again."""
    mixed_up = _mixed_up(target, finding.exchanges or target.exchanges)
    others = dict.fromkeys((*finding.led_by, *mixed_up))
    return tuple(id_ for id_ in others if id_ not in ("", rule.id, *rule.after))


def _mixed_up(target: Judged, calls: Sequence[Exchange]) -> list[str]:
    """The rules whose orders are shown in answers to calls that were about others: such a server
    shows its bug only where there was an order before.
    """
    makers = target.makers()
    asked = {uuid for call in calls for uuid in _UUID.findall(call.url.lower())}
    shown = dict.fromkeys(uuid for call in calls for uuid in _UUID.findall(call.answer.lower()))
    return [makers[uuid] for uuid in shown if uuid in makers and uuid not in asked]


def _laid(rule: Rule, to: str, finding: Finding, target: Judged) -> Evidence:
    """What a rule found against another one; it takes both to find it again."""
    evidence = evidence_of(finding, [], target)
    led_by = dict.fromkeys((rule.id, *evidence.led_by))
    return replace(evidence, led_by=tuple(id_ for id_ in led_by if id_ != to))


def _broke_by(exchanges: Sequence[Exchange]) -> str:
    """The rule whose call was the first with a server error, of those since the last that went
    well; empty where there is none.
    """
    broke = ""
    for exchange in reversed(exchanges):
        status = exchange.status
        if status is not None and 200 <= status < 300:
            break
        if status is None or status >= 500:
            broke = exchange.rule
    return broke


class Judge:
    """Judges a rule after those it comes after; each at most once. Several threads may ask.

    ``known``: why a failure is listed as known, if it is; ``accepted``: the rules that the user
    accepts unexercised, and why.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        seed: int = 0,
        profile: Profile = Profile.STANDARD,
        known: Callable[[Outcome], str | None] | None = None,
        accepted: Mapping[str, str] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.seed = seed
        self.profile = profile
        self.outcomes: dict[str, Outcome] = {}
        #: Rules that the run's bound on calls leaves out, and what is said of each.
        self.left_out: frozenset[str] = frozenset()
        self.why_left_out = ""
        #: Rules that held, and all that they come after: whatever comes, they hold up nothing.
        self._stand: set[str] = set()
        self._known = known or (lambda outcome: None)
        self._accepted = accepted or {}

    def judge(self, rule_id: str, target: Judged) -> Result:
        """The result of one rule. Rules that it comes after are judged first if need be."""
        rule = self.catalogue[rule_id]
        for before in rule.after:
            self.judge(before, target)
            if self._holds_up(before):
                return self.result(rule)
        if rule.id not in self.outcomes:
            self.outcomes[rule.id] = self._ran(rule, target)
        return self.result(rule)

    def _ran(self, rule: Rule, target: Judged) -> Outcome:
        if rule.id in self.left_out:
            return _outcome(rule, OutcomeKind.MISSING, self.why_left_out, absence=Absence.DENIED)
        outcome = execute(rule, target, seed=self.seed, profile=self.profile)
        return self._with_what_broke(outcome, target)

    def may_glance(self, rule_id: str) -> bool:
        """Whether a rule that closes the run may look before its turn: what is before it holds."""
        if rule_id in self.outcomes or rule_id in self.left_out:
            return False
        before = self.catalogue[rule_id].after
        return all(id_ in self.outcomes and not self._holds_up(id_) for id_ in before)

    def glance(self, rule_id: str, target: Judged, news: Sequence[Any]) -> Result | None:
        """What a rule finds in what is new, before its turn; ``None`` where that is nothing. It is
        judged in its turn all the same.
        """
        rule = self.catalogue[rule_id]
        if rule.glance is None:
            return None
        try:
            rule.glance(target, news)
        except Finding as finding:
            found = _outcome(rule, OutcomeKind.BROKEN, target.redact(str(finding)))
        except Exception:
            return None  # whatever it is shows in its turn, and is told as what it is
        else:
            return None
        outcomes = {**self.outcomes, rule_id: found}
        reason = self._known(found)
        known = self.known() | ({} if reason is None else {rule_id: reason})
        rules = self.catalogue.with_prerequisites([rule])
        return settle(rules, outcomes, known=known, accepted=self._accepted)[-1]

    def _with_what_broke(self, outcome: Outcome, target: Judged) -> Outcome:
        """A finding in a target that has answered nothing but errors since another rule: it takes
        that one as well.
        """
        if outcome.kind is not OutcomeKind.BROKEN or outcome.evidence is None:
            return outcome
        broke = _broke_by(target.exchanges)
        if broke in ("", outcome.rule):
            return outcome
        led_by = dict.fromkeys((*outcome.evidence.led_by, broke))
        return replace(outcome, evidence=replace(outcome.evidence, led_by=tuple(led_by)))

    def _holds_up(self, rule_id: str) -> bool:
        """Whether rules that come after this one say nothing: by what it came to itself, whatever
        another check finds against it.
        """
        if rule_id in self._stand:
            return False
        rules = self.catalogue.with_prerequisites([self.catalogue[rule_id]])
        own = {
            rule.id: replace(self.outcomes[rule.id], attributed={})
            for rule in rules
            if rule.id in self.outcomes
        }
        verdict = settle(rules, own, known=self.known())[-1].verdict
        if verdict is Verdict.PASSED:
            self._stand.add(rule_id)
        return verdict in _HOLDING_UP

    def result(self, rule: Rule) -> Result:
        """What is known of a rule so far."""
        rules = self.catalogue.with_prerequisites([rule])
        outcomes = dict(self.outcomes)  # a copy, for other threads add to it
        return settle(rules, outcomes, known=self.known(), accepted=self._accepted)[-1]

    def known(self) -> dict[str, str]:
        """The failures so far that are listed as known, and why they are."""
        # A copy, for other threads add to it; of what held there is nothing to know.
        failed = {i: one for i, one in dict(self.outcomes).items() if one.kind in _FAILURES}
        outcomes = with_attributed(failed)
        reasons = {id_: self._known(outcome) for id_, outcome in outcomes.items()}
        return {id_: reason for id_, reason in reasons.items() if reason is not None}
