"""Causes: which known fault explains best what a run found. Pure: sets and shares, no I/O.

A *fault* is one way to be wrong, with its signature: which rules it made fail when it was recorded,
how often, and with which title. A run's own *signs* are compared with all of them. What was blocked
or not exercised is unknown: it speaks neither for a fault nor against it. A cause is a hint and
changes no verdict.
"""

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final

from points_conformance.judging.verdict import Result, Verdict

__all__ = ["Cause", "Diagnosis", "Fault", "Signs", "diagnose", "signs_of"]

#: So many candidates are told at most.
AT_MOST: Final = 3
#: From this fit on a cause is called likely; below it is merely the nearest of those known.
LIKELY: Final = 0.5
#: What fits worse says nothing and is not told.
LEAST: Final = 0.2
#: What a failed rule counts towards a fault that makes it fail in another way.
_OTHERWISE: Final = 0.4

_FAILED: Final = frozenset({Verdict.FAILED, Verdict.ADVICE})
_HELD: Final = frozenset({Verdict.PASSED, Verdict.OBSERVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a run showed: the title of each rule that failed, and the rules that held."""

    failed: Mapping[str, str] = field(default_factory=dict)
    held: Set[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One recorded way to be wrong. ``fails``: for each rule that it made fail the share of runs
    (0 to 1) by title.
    """

    id: str
    title: str
    fails: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A candidate. ``id`` names the fault, ``title`` says in plain words what is wrong.

    ``explains``: the failed rules that it explains, ``of``: how many failed in all,
    ``unexplained``: those that it leaves. ``fit``: how well its signature and the run's agree, 0 to
    1; ``likely``: whether that is enough to rely on. ``beside``: it explains what the causes before
    it leave, so that both are there; else it is another candidate for the same.
    """

    id: str
    title: str
    explains: tuple[str, ...]
    of: int
    fit: float
    likely: bool = True
    beside: bool = False
    unexplained: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As report.json has it."""
        return {
            "id": self.id,
            "title": self.title,
            "explains": list(self.explains),
            "of": self.of,
            "fit": round(self.fit, 2),
            "likely": self.likely,
            "beside": self.beside,
            "unexplained": list(self.unexplained),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The candidates, best first, and the failed rules that no likely one explains."""

    causes: tuple[Cause, ...] = ()
    unexplained: tuple[str, ...] = ()

    @property
    def likely(self) -> list[Cause]:
        """The causes that may be relied on, first of all the most likely."""
        return [cause for cause in self.causes if cause.likely]


def signs_of(results: Iterable[Result]) -> Signs:
    """What results show. What the user knows of already is unknown here: it has its reason."""
    results = list(results)
    return Signs(
        failed={
            r.rule.id: r.evidence.title if r.evidence else ""
            for r in results
            if r.verdict in _FAILED
        },
        held=frozenset(r.rule.id for r in results if r.verdict in _HELD),
    )


def diagnose(signs: Signs, faults: Sequence[Fault]) -> Diagnosis:
    """The faults that explain best what failed, at most :data:`AT_MOST`."""
    weight = _weights(faults)
    ranked = _ranked(signs, faults, weight)
    causes = [_cause(fault, fit, signs) for fit, fault in ranked[:AT_MOST] if fit >= LEAST]
    explained = {id_ for cause in causes if cause.likely for id_ in cause.explains}
    return Diagnosis(
        causes=tuple(causes),
        unexplained=tuple(id_ for id_ in signs.failed if id_ not in explained),
    )


def _weights(faults: Sequence[Fault]) -> dict[str, float]:
    """What each rule tells: the more, the fewer faults make it fail."""
    by: dict[str, int] = {}
    for fault in faults:
        for rule in fault.fails:
            by[rule] = by.get(rule, 0) + 1
    return {rule: math.log((1 + len(faults)) / count) for rule, count in by.items()}


def _ranked(
    signs: Signs, faults: Iterable[Fault], weight: Mapping[str, float]
) -> list[tuple[float, Fault]]:
    fits = [(_fit(signs, fault, weight), fault) for fault in faults]
    return sorted(fits, key=lambda pair: (-pair[0], pair[1].id))


def _fit(signs: Signs, fault: Fault, weight: Mapping[str, float]) -> float:
    """How well a fault's signature and the signs agree: what is explained, of that and of what is
    left or missing.
    """
    rare = math.log(1 + len(weight))
    explained = left = missing = 0.0
    for rule, title in signs.failed.items():
        counts = weight.get(rule, rare)
        share = _share(fault, rule, title)
        explained += counts * share
        left += counts * (1 - share)
    for rule, titles in fault.fails.items():
        if rule in signs.held:
            missing += weight.get(rule, rare) * sum(titles.values())
    whole = explained + left + missing
    return explained / whole if whole else 0.0


def _share(fault: Fault, rule: str, title: str) -> float:
    titles = fault.fails.get(rule)
    if not titles:
        return 0.0
    return max(titles.get(title, 0.0), _OTHERWISE * sum(titles.values()))


def _cause(fault: Fault, fit: float, signs: Signs) -> Cause:
    explains = tuple(rule for rule in signs.failed if rule in fault.fails)
    return Cause(
        id=fault.id,
        title=fault.title,
        explains=explains,
        of=len(signs.failed),
        fit=fit,
        likely=fit >= LIKELY,
        unexplained=tuple(rule for rule in signs.failed if rule not in fault.fails),
    )
