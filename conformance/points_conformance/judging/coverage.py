"""How much of what a run was equipped for it exercised. Pure.

A green says something of what was exercised, and of nothing else: so the first line of every
result has these numbers.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from points_conformance.judging.verdict import Absence, Result, Verdict

__all__ = ["Coverage", "coverage"]

_EXERCISED: Final = frozenset(
    {Verdict.PASSED, Verdict.FAILED, Verdict.ADVICE, Verdict.OBSERVED, Verdict.KNOWN}
)
_UNNAMED: Final = "what the target does not offer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The selected rules of a run, by whether they were exercised. Prerequisites do not count.

    ``denied`` are those that make the run inconclusive; ``accepted`` are denied ones that the user
    accepts.
    """

    selected: int = 0
    exercised: int = 0
    lacking: tuple[Result, ...] = ()
    denied: tuple[Result, ...] = ()
    accepted: tuple[Result, ...] = ()

    @property
    def equipped(self) -> int:
        """How many rules the run was equipped for."""
        return self.selected - len(self.lacking)

    @property
    def text(self) -> str:
        """The same in words."""
        rules = "rule" if self.equipped == 1 else "rules"
        return f"{self.exercised} of {self.equipped} {rules} that this run was equipped for"

    @property
    def gaps(self) -> list[str]:
        """What was lacking, denied and accepted, each in a few words with its number of rules."""
        parts = []
        if self.lacking:
            parts.append(f"it lacked {_counted(map(_lack, self.lacking))}")
        if reached := [r for r in self.denied if not r.unreached]:
            parts.append(f"denied: {_counted(r.rule.family for r in reached)}")
        if unreached := sum(r.unreached for r in self.denied):
            parts.append(f"it ended before {unreached}")
        if self.accepted:
            parts.append(f"accepted unexercised: {_counted(r.rule.family for r in self.accepted)}")
        return parts


def coverage(results: Sequence[Result]) -> Coverage:
    """The coverage of a run's results."""
    selected = [result for result in results if not result.prerequisite]
    return Coverage(
        selected=len(selected),
        exercised=sum(result.verdict in _EXERCISED for result in selected),
        lacking=tuple(r for r in selected if r.absence is Absence.LACKING),
        denied=tuple(r for r in selected if r.absence is Absence.DENIED and not r.accepted),
        accepted=tuple(r for r in selected if r.absence is Absence.DENIED and r.accepted),
    )


def _lack(result: Result) -> str:
    return result.lacks or ", ".join(result.rule.needs) or _UNNAMED


def _counted(names: Iterable[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in Counter(names).most_common())
