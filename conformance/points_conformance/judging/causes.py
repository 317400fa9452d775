"""Causes: which recorded fault explains best what a run found. Pure: sets and shares, no I/O.

A *fault* is one way to be wrong, with its signature: which rules it made fail when it was recorded,
how often, and how. A run's own *signs* are compared with all of them, and with several at once
where no one explains them. What was blocked or not exercised is unknown: it speaks neither for a
fault nor against it. A cause is a hint and changes no verdict.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, NamedTuple

from points_conformance.judging.verdict import Evidence, Result, Verdict

__all__ = [
    "AT_MOST",
    "AT_ONCE",
    "LIKELY",
    "Cause",
    "Diagnosis",
    "Fault",
    "Sign",
    "Signs",
    "diagnose",
    "signs_of",
]

#: So many candidates are told at most; of faults that are there at once so many.
AT_MOST: Final = 3
AT_ONCE: Final = 6
#: From this fit on a cause is called likely, by how many rules failed, for what a few show may
#: come of much; below it is merely the nearest of those known.
_ENOUGH: Final = {1: 0.9, 2: 0.75, 3: 0.7}
LIKELY: Final = 0.6
#: What fits worse is not told.
_LEAST: Final = 0.15
#: Two fits that differ by less are the same.
_EQUAL: Final = 0.005
#: Several faults at once are told where they fit better than one by so much, where so much of what
#: each shows is shown here, and each makes all of them fit better by so much. They are likely where
#: nearly all is shown of each: many symptoms of one bug look like as many small bugs.
_BETTER: Final = 0.15
_SEEN: Final = 0.75
_SURE: Final = 0.9
_STEP: Final = 0.05

#: How much agreement counts: that the rule fails, that it does with this title, that any rule does,
#: and how what came differs from what was expected.
_RULE, _TITLE, _ANYWHERE, _MANNER = 1.0, 1.0, 0.5, 0.5

_FAILED: Final = frozenset({Verdict.FAILED, Verdict.ADVICE})
_HELD: Final = frozenset({Verdict.PASSED, Verdict.OBSERVED})

#: What a signature is made of: its kind, and what it is about.
_Feature = tuple[str, ...]


class Sign(NamedTuple):
    """How a rule failed: the title of the finding, and its ``manner`` (``HTTP 200``, ``more``)."""

    title: str
    manner: str = ""

    @classmethod
    def of(cls, evidence: Evidence) -> "Sign":
        """That of a finding."""
        return cls(evidence.title, manner_of(evidence.expected, evidence.got))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a run showed: how each rule failed that did, those of them that are mere advice, and
    the rules that held.
    """

    failed: Mapping[str, Sign] = field(default_factory=dict)
    advice: Set[str] = frozenset()
    held: Set[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One recorded way to be wrong. ``fails``: for each rule the share of runs (0 to 1) in which it
    failed so.
    """

    id: str
    title: str
    fails: Mapping[str, Mapping[Sign, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A candidate. ``id`` names the fault, ``title`` says in plain words what is wrong.

    ``explains``: the failed rules that it explains, ``of``: how many failed in all,
    ``unexplained``: those that it leaves. ``fit``: how well signature and run agree, 0 to 1, of
    several causes all together; ``likely``: whether that is enough to rely on. ``beside``: it is
    there as well as the one before it; else it is another candidate for the same.
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
    """The candidates, best first, and the failed rules that no likely one explains. ``as_good``:
    how many faults fit as well as the first; more than are told, and none of them is likely.
    """

    causes: tuple[Cause, ...] = ()
    unexplained: tuple[str, ...] = ()
    as_good: int = 0

    @property
    def several(self) -> bool:
        """Whether the causes are several that are there at once, and not candidates for one."""
        return any(cause.beside for cause in self.causes)

    @property
    def likely(self) -> list[Cause]:
        """The causes that may be relied on, first of all the most likely."""
        return [cause for cause in self.causes if cause.likely]


# ---------------------------------------------------------------------- what a run shows
def signs_of(results: Iterable[Result]) -> Signs:
    """What results show. What the user knows of already is unknown here: it has its reason."""
    results = list(results)
    return Signs(
        failed={
            r.rule.id: Sign.of(r.evidence) if r.evidence else Sign("")
            for r in results
            if r.verdict in _FAILED
        },
        advice=frozenset(r.rule.id for r in results if r.verdict is Verdict.ADVICE),
        held=frozenset(r.rule.id for r in results if r.verdict in _HELD),
    )


_STATUS: Final = re.compile(r"HTTP \d{3}")
_AMOUNT: Final = re.compile(r"-?\d+\.\d\d\b")
#: What differs from run to run.
_UNSTEADY: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[-\d.]*\d")
_MANNER_LENGTH: Final = 32


def manner_of(expected: str, got: str) -> str:
    """How what came differs, in a few words without values: its status, or more or less money."""
    status, wanted, came = _STATUS.search(got), _AMOUNT.search(expected), _AMOUNT.search(got)
    if status:
        return status[0]  # what else an answer says is in each server's own words
    told = _UNSTEADY.sub("0", got)[:_MANNER_LENGTH].strip()
    if not wanted or not came:
        return told
    difference = Decimal(came[0]) - Decimal(wanted[0])
    return f"{'more' if difference > 0 else 'less' if difference < 0 else 'as much'}: {told}"


# ---------------------------------------------------------------------- which fault it is
def diagnose(signs: Signs, faults: Sequence[Fault]) -> Diagnosis:
    """The faults that explain best what failed: at most :data:`AT_MOST` candidates, or
    :data:`AT_ONCE` that are there together.
    """
    if not signs.failed:
        return Diagnosis()
    compared = _Compared(signs, faults)
    known = signs.failed.keys() | signs.held
    ranked = [(compared.fit(fault), fault) for fault in faults]
    # Of those that fit as well the one comes first of which less is unknown.
    ranked.sort(key=lambda one: (-one[0], len(one[1].fails.keys() - known), one[1].id))
    best = ranked[0][0] if ranked else 0.0
    as_good = sum(fit >= best - _EQUAL for fit, _ in ranked) if best else 0
    together, several = _several(signs, ranked, compared)
    if len(several) > 1 and together >= max(best + _BETTER, LIKELY):
        as_good = 1
        enough = LIKELY if all(compared.seen(fault) >= _SURE for fault in several) else math.inf
        causes = [_cause(f, together, signs, enough, beside=n > 0) for n, f in enumerate(several)]
    else:
        enough = _ENOUGH.get(len(signs.failed), LIKELY) if as_good <= AT_MOST else math.inf
        causes = [_cause(f, fit, signs, enough) for fit, f in ranked[:AT_MOST] if fit >= _LEAST]
    explained = {id_ for cause in causes if cause.likely for id_ in cause.explains}
    return Diagnosis(
        causes=tuple(causes),
        unexplained=tuple(id_ for id_ in signs.failed if id_ not in explained),
        as_good=as_good,
    )


def _several(
    signs: Signs, ranked: Sequence[tuple[float, Fault]], compared: "_Compared"
) -> tuple[float, list[Fault]]:
    """The faults that fit best together, found one after the other, and how well they do: each
    explains what those before it leave. The one that explains more of what is binding first, else
    more of all.
    """
    rules = signs.failed.keys()
    able = [fault for fit, fault in ranked if fit > 0 and compared.seen(fault) >= _SEEN]
    found: list[Fault] = []
    together, left = 0.0, set(rules)
    while len(found) < AT_ONCE:
        fits = [(compared.fit(*found, f), f) for f in able if left & f.fails.keys()]
        fit, fault = max(fits, key=lambda one: one[0], default=(0.0, None))
        if fault is None or fit < together + _STEP:
            break
        found.append(fault)
        together = fit
        left -= fault.fails.keys()
    binding = rules - signs.advice
    found.sort(key=lambda f: (-len(binding & f.fails.keys()), -len(rules & f.fails.keys())))
    return together, found


class _Compared:
    """The signs of a run beside what faults show; each feature counts by how few show it."""

    def __init__(self, signs: Signs, faults: Sequence[Fault]) -> None:
        self._shown = {
            feature: 1.0 for rule, sign in signs.failed.items() for feature in _features(rule, sign)
        }
        known = signs.failed.keys() | signs.held
        self._signatures = {fault.id: _signature(fault, known) for fault in faults}
        count: dict[_Feature, int] = {}
        for fault in faults:
            for feature in _signature(fault):
                count[feature] = count.get(feature, 0) + 1
        self._weights = {
            feature: _KINDS[feature[0]] * math.log((1 + len(faults)) / count.get(feature, 1))
            for feature in {*count, *self._shown}
        }

    def fit(self, *together: Fault) -> float:
        """How well one or more faults together agree with the signs: what both show, of what the
        one or the other shows.
        """
        expected: dict[_Feature, float] = {}
        for fault in together:
            for feature, share in self._signatures[fault.id].items():
                expected[feature] = max(expected.get(feature, 0.0), share)
        shown, weights = self._shown, self._weights
        # Rounded once, so that the order in which a set is read decides nothing.
        both = math.fsum(weights[f] * expected[f] for f in shown if f in expected)
        either = math.fsum(
            weights[f] * max(expected.get(f, 0.0), shown.get(f, 0.0)) for f in {*shown, *expected}
        )
        return both / either if either else 0.0

    def seen(self, fault: Fault) -> float:
        """How much of what a fault shows, of what is known, the signs show."""
        expected, weights = self._signatures[fault.id], self._weights
        both = math.fsum(weights[f] * share for f, share in expected.items() if f in self._shown)
        whole = math.fsum(weights[f] * share for f, share in expected.items())
        return both / whole if whole else 0.0


_KINDS: Final = {"rule": _RULE, "title": _TITLE, "anywhere": _ANYWHERE, "manner": _MANNER}


def _features(rule: str, sign: Sign) -> Iterator[_Feature]:
    yield "rule", rule
    yield "title", rule, sign.title
    yield "anywhere", sign.title
    yield "manner", rule, sign.manner


def _signature(fault: Fault, known: Set[str] | None = None) -> dict[_Feature, float]:
    """What a fault shows, and in how many of its runs; of the ``known`` rules alone."""
    signature: dict[_Feature, float] = {}
    for rule, by in fault.fails.items():
        if known is not None and rule not in known:
            continue
        own: dict[_Feature, float] = {}
        for sign, share in by.items():
            for feature in _features(rule, sign):
                own[feature] = own.get(feature, 0.0) + share
        for feature, share in own.items():
            signature[feature] = max(signature.get(feature, 0.0), share)
    return signature


def _cause(fault: Fault, fit: float, signs: Signs, enough: float, *, beside: bool = False) -> Cause:
    return Cause(
        id=fault.id,
        title=fault.title,
        explains=tuple(rule for rule in signs.failed if rule in fault.fails),
        of=len(signs.failed),
        fit=fit,
        likely=fit >= enough,
        beside=beside,
        unexplained=tuple(rule for rule in signs.failed if rule not in fault.fails),
    )
