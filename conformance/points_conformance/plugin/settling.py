"""What a run came to, as verdicts: decided at its end, from its outcomes alone. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from points_conformance.judging.catalogue import Catalogue
from points_conformance.judging.known import KnownFailures, accepting, matching, pinned
from points_conformance.judging.verdict import (
    Outcome,
    Result,
    Trouble,
    Verdict,
    settle,
    with_attributed,
)

__all__ = ["Settling", "our_failures"]

#: Why pytest ended, by its exit status, where that says something of the run.
_ENDED: Mapping[int, str] = {2: "interrupted", 3: "pytest itself failed"}


@dataclass(frozen=True, kw_only=True)
class Settling:
    """The outcomes of the rules that were asked for, and what the user knows and accepts."""

    catalogue: Catalogue
    asked: Sequence[str]
    outcomes: Mapping[str, Outcome]
    known: KnownFailures
    today: date

    def results(self) -> list[Result]:
        """The results of the asked rules, and of those they come after."""
        rules = self.catalogue.with_prerequisites(self.catalogue[id_] for id_ in self.asked)
        known, _ = matching(self.known, with_attributed(self.outcomes), self.today)
        accepted, _ = accepting(self.known, rules, self.today)
        return settle(
            rules,
            self.outcomes,
            known=known,
            accepted=accepted,
            prerequisites={rule.id for rule in rules} - set(self.asked),
        )

    def stopped(self, results: Sequence[Result], why: Iterable[str], status: int) -> list[str]:
        """Why the run cannot be trusted: what is known to have stopped it, and what pytest's exit
        ``status`` and rules without an outcome say.
        """
        stopped, ended = [*why], _ENDED.get(status, "")
        asked = [r for r in results if not r.prerequisite]
        unreached = [r for r in asked if r.unreached and r.rule.id not in self.outcomes]
        if unreached and not ended and not stopped:
            ended = f"the run ended before {len(unreached)} of {len(self.asked)} rules"
        stopped += [ended] if ended else []
        return stopped if self.asked else [*stopped, "nothing was selected"]

    def trouble(
        self, results: Sequence[Result], readings: Mapping[str, str], stopped: Sequence[str]
    ) -> tuple[Trouble, list[str]]:
        """What beside rules decides the verdict; what else there is to say of pinned readings."""
        _, stale = matching(self.known, with_attributed(self.outcomes), self.today)
        _, expired = accepting(self.known, self.catalogue, self.today)
        changed, unmet = pinned(self.known, readings, results)
        return Trouble(stopped=[*stopped], stale=[*stale, *expired, *changed]), [*unmet]


def our_failures(
    results: Iterable[Result], outcomes: Mapping[str, Outcome], *, strict: bool
) -> int:
    """How many failed tests are rules; what a story laid to a rule failed the story's test."""
    late = with_attributed(outcomes)
    bad = {Verdict.FAILED, Verdict.ERROR} | ({Verdict.ADVICE} if strict else set())
    broken = [r.rule.id for r in results if r.verdict in bad and not r.prerequisite]
    direct = sum(not (id_ in late and late[id_].late) for id_ in broken)
    return direct + sum(bool(outcome.attributed) for outcome in outcomes.values())
