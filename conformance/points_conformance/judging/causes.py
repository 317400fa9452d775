"""Causes: which recorded fault explains best what a run found. Pure: sets and shares, no I/O.

A *fault* is one way to be wrong, with its signature: which rules it made fail when it was recorded,
how often, and how. A run's own *signs* are compared with all of them, and with all pairs that come
into question. What was blocked or not exercised is unknown: it speaks neither for a fault nor
against it. A cause is a hint and changes no verdict.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import combinations
from typing import Any, Final, NamedTuple

from points_conformance.judging.verdict import Evidence, Result, Verdict

__all__ = ["AT_MOST", "LIKELY", "Cause", "Diagnosis", "Fault", "Sign", "Signs", "diagnose"]
__all__ += ["signs_of"]

#: So many candidates are told at most.
AT_MOST: Final = 3
#: From this fit on a cause is called likely, by how many rules failed, for what a few show may
#: come of much; below it is merely the nearest of those known.
_ENOUGH: Final = {1: 0.9, 2: 0.75, 3: 0.7}
LIKELY: Final = 0.6
#: What fits worse is not told.
_LEAST: Final = 0.15
#: Two fits that differ by less are the same.
_EQUAL: Final = 0.005
#: Two faults at once are believed where they fit better than one by so much.
_BETTER: Final = 0.15
_PAIR: Final = 0.55
#: So many faults come into question for a pair.
_PAIRED: Final = 16

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
    ``unexplained``: those that it leaves. ``fit``: how well signature and run agree, 0 to 1, of two
    causes both together; ``likely``: whether that is enough to rely on. ``beside``: both it and the
    cause before it are there; else it is another candidate for the same.
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
    """The faults that explain best what failed, at most :data:`AT_MOST`."""
    if not signs.failed:
        return Diagnosis()
    fit_of = _fitting(signs, faults)
    known = signs.failed.keys() | signs.held
    ranked = [(fit_of(fault), fault) for fault in faults]
    # Of those that fit as well the one comes first of which less is unknown.
    ranked.sort(key=lambda one: (-one[0], len(one[1].fails.keys() - known), one[1].id))
    best = ranked[0][0] if ranked else 0.0
    as_good = sum(fit >= best - _EQUAL for fit, _ in ranked) if best else 0
    pair = _pair(signs, ranked, fit_of)
    if pair is not None and pair[0] >= max(best + _BETTER, _PAIR):
        as_good = 1
        causes = [_cause(f, pair[0], signs, _PAIR, beside=n > 0) for n, f in enumerate(pair[1])]
    else:
        enough = _ENOUGH.get(len(signs.failed), LIKELY) if as_good <= AT_MOST else math.inf
        causes = [_cause(f, fit, signs, enough) for fit, f in ranked[:AT_MOST] if fit >= _LEAST]
    explained = {id_ for cause in causes if cause.likely for id_ in cause.explains}
    return Diagnosis(
        causes=tuple(causes),
        unexplained=tuple(id_ for id_ in signs.failed if id_ not in explained),
        as_good=as_good,
    )


def _pair(
    signs: Signs,
    ranked: Sequence[tuple[float, Fault]],
    fit_of: Callable[..., float],
) -> tuple[float, tuple[Fault, Fault]] | None:
    """The two faults that fit best together, of those that each explain something; the one that
    explains more of what is binding first, else more of all.
    """
    rules = signs.failed.keys()
    binding = rules - signs.advice
    able = [fault for fit, fault in ranked if fit > 0][:_PAIRED]
    pairs = [
        (fit_of(a, b), (a, b))
        for a, b in combinations(able, 2)
        if (rules & a.fails.keys()) - b.fails.keys() and (rules & b.fails.keys()) - a.fails.keys()
    ]
    if not pairs:
        return None
    fit, both = max(pairs, key=lambda pair: pair[0])
    first, second = sorted(
        both,
        key=lambda fault: (-len(binding & fault.fails.keys()), -len(rules & fault.fails.keys())),
    )
    return fit, (first, second)


def _fitting(signs: Signs, faults: Sequence[Fault]) -> Callable[..., float]:
    """How well one or more faults together agree with the signs: what both show, of what the one or
    the other shows, each counted by how few faults show it.
    """
    shown = {
        feature: 1.0 for rule, sign in signs.failed.items() for feature in _features(rule, sign)
    }
    known = signs.failed.keys() | signs.held
    signatures = {fault.id: _signature(fault, known) for fault in faults}
    count: dict[_Feature, int] = {}
    for fault in faults:
        for feature in _signature(fault):
            count[feature] = count.get(feature, 0) + 1

    def weight(feature: _Feature) -> float:
        return _KINDS[feature[0]] * math.log((1 + len(faults)) / count.get(feature, 1))

    weights = {f: weight(f) for f in {*count, *shown}}

    def fit(*together: Fault) -> float:
        expected: dict[_Feature, float] = {}
        for fault in together:
            for feature, share in signatures[fault.id].items():
                expected[feature] = max(expected.get(feature, 0.0), share)
        # Rounded once, so that the order in which a set is read decides nothing.
        both = math.fsum(weights[f] * expected[f] for f in shown if f in expected)
        either = math.fsum(
            weights[f] * max(expected.get(f, 0.0), shown.get(f, 0.0)) for f in {*shown, *expected}
        )
        return both / either if either else 0.0

    return fit


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
