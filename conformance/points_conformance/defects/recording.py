"""Recording: every defect is judged with several seeds, and what fails is its signature.

What was recorded with the same rules and of the same declaration is kept: a new defect costs its
own runs, and a new rule the runs of that rule. What a recording rests on is hashed (:func:`stale`),
so that it takes no run to tell that it is out of date.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from itertools import chain
from multiprocessing import get_context
from typing import Any, Final

from points_conformance.defects.catalogue import seeded
from points_conformance.defects.defect import Defect
from points_conformance.defects.selfcheck import keep_running
from points_conformance.judging.causes import Sign, signs_of
from points_conformance.judging.finders import finding_order
from points_conformance.judging.rule import Profile, Rule
from points_conformance.judging.signatures import Recorded, Signature
from points_conformance.subjects import Subject, catalogue

__all__ = ["Run", "kept", "mark_of", "record", "runs_to_make", "stale"]

#: A mark has so many hexadecimal digits.
_DIGITS: Final = 6
#: How often it is said how far it is.
_EVERY: Final = 25


@dataclass(frozen=True, slots=True)
class Run:
    """One run to make: of all rules where none are named, else of these alone."""

    subject: Subject
    defect: str
    seed: int
    profile: Profile
    rules: tuple[str, ...] = ()


def mark_of(declared: Defect | Rule) -> str:
    """A hash of what a signature rests on: what is declared otherwise is to be recorded again.
    Which rules are said to catch a defect is not of it.
    """
    d = declared
    told: tuple[Any, ...] = (
        (d.id, d.level, d.profile, d.after, d.needs)
        if isinstance(d, Rule)
        else (d.id, d.summary, sorted(d.facts().items()))
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()[:_DIGITS]


def _marks(subject: Subject, profile: Profile) -> dict[str, str]:
    return {rule.id: mark_of(rule) for rule in catalogue(subject).select(profile)}


def stale(recorded: Recorded) -> list[str]:
    """What is out of date, in words: rules and defects that are new, gone or declared otherwise,
    and defects that were not tried with each seed.
    """
    lines: list[str] = []
    for subject in Subject:
        signatures = recorded.signatures.get(subject, {})
        rules, judged = _marks(subject, recorded.profile), recorded.rules.get(subject, {})
        defects = {defect.id: mark_of(defect) for defect in seeded(subject).defects}
        lines += _changes("rule", judged, rules)
        lines += _changes("defect", {id_: s.mark for id_, s in signatures.items()}, defects)
        lines += [
            f"defect {id_}: not every seed was tried"
            for id_, signature in signatures.items()
            if signature.seeds != recorded.seeds
        ]
    if not lines and recorded.order != _order(recorded):
        lines.append("the order in which rules find the most: changed")
    return lines


def _order(recorded: Recorded) -> tuple[str, ...]:
    """The rules that run side by side, in the order in which they find the most."""
    signatures = recorded.signatures.get(Subject.API, {}).values()
    faults = [_certain(signature) for signature in signatures]
    return finding_order(catalogue(Subject.API), recorded.profile, faults, recorded.calls)


def _certain(signature: Signature) -> Set[str]:
    """The rules that failed with every seed. Against others a story finds something now and then;
    where there are none but such, they are.
    """
    always = {
        id_ for id_, by in signature.fails.items() if sum(by.values()) == len(signature.seeds)
    }
    return always or signature.fails.keys()


def _changes(kind: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for id_ in sorted({*before, *now}):
        if before.get(id_) != now.get(id_):
            how = "new" if id_ not in before else "gone" if id_ not in now else "changed"
            yield f"{kind} {id_}: {how}"


def kept(recorded: Recorded, profile: Profile, seeds: Sequence[int]) -> Recorded:
    """What of a recording still holds: rules that are new or changed are in no signature."""
    if recorded.profile is not profile:
        recorded = Recorded(profile=profile)
    rules: dict[str, dict[str, str]] = {}
    signatures: dict[str, dict[str, Signature]] = {}
    for subject in Subject:
        before, now = recorded.rules.get(subject, {}), _marks(subject, profile)
        rules[subject] = {id_: mark for id_, mark in now.items() if before.get(id_) == mark}
        known = recorded.signatures.get(subject, {})
        signatures[subject] = {
            defect.id: known[defect.id].only(rules[subject].keys())
            for defect in seeded(subject).defects
            if defect.id in known
            and known[defect.id].mark == mark_of(defect)
            and set(known[defect.id].seeds) <= set(seeds)
        }
        if not signatures[subject]:
            rules[subject] = now  # whatever comes is of all rules
    same = recorded.rules.get(Subject.API) == _marks(Subject.API, profile)
    return Recorded(
        profile=profile,
        seeds=tuple(seeds),
        rules=rules,
        signatures=signatures,
        calls=recorded.calls if same else {},
    )


def runs_to_make(holds: Recorded) -> list[Run]:
    """The runs that are missing in what holds of a recording."""
    runs: list[Run] = []
    for subject in Subject:
        rules = holds.rules.get(subject, {})
        new = tuple(id_ for id_ in _marks(subject, holds.profile) if id_ not in rules)
        for defect in seeded(subject).defects:
            known = holds.signatures.get(subject, {}).get(defect.id)
            for seed in holds.seeds:
                if known is None or seed not in known.seeds:
                    runs.append(Run(subject, defect.id, seed, holds.profile))
                elif new:
                    runs.append(Run(subject, defect.id, seed, holds.profile, new))
    return runs


def record(
    recorded: Recorded,
    *,
    profile: Profile,
    seeds: Sequence[int],
    workers: int = 0,
    announce: Callable[[str], None] = lambda line: None,
) -> Iterator[Recorded]:
    """Bring a recording up to date, one defect's run after the other; 0 workers: as many as cores.
    Yields it now and then, so that what is interrupted can go on; the last one is whole.
    """
    holds = kept(recorded, profile, seeds)
    runs = runs_to_make(holds)
    workers = min(workers or os.cpu_count() or 1, len(runs) or 1)
    announce(f"{len(runs)} runs to make, profile {profile.value}, {workers} at once")
    # Runs of new rules alone count once all are made: half of them would pass for the whole.
    whole = [run for run in runs if not run.rules]
    added = [run for run in runs if run.rules]
    of_new_rules: list[tuple[Run, Mapping[str, Sign]]] = []
    made = chain(_made(whole, workers), _made(added, workers))
    for number, (run, failed) in enumerate(made, start=1):
        if run.rules:
            of_new_rules.append((run, failed))
        else:
            holds = _with(holds, run, failed)
        if number % _EVERY == 0:
            announce(f"{number} of {len(runs)} made")
            yield holds
    for run, failed in of_new_rules:
        holds = _with(holds, run, failed)
    count = seeded(Subject.API).calls
    if count is not None and not holds.calls:
        holds = replace(holds, calls=count(profile, holds.seeds[0]))
    yield _in_order(replace(holds, rules={s.value: _marks(s, profile) for s in Subject}))


def _with(holds: Recorded, run: Run, failed: Mapping[str, Sign]) -> Recorded:
    defect = seeded(run.subject).named(run.defect)
    of = holds.signatures.get(run.subject, {})
    signature = of.get(defect.id) or Signature(title=defect.summary, mark=mark_of(defect), seeds=())
    signature = signature.with_run(run.seed, failed)
    return replace(
        holds, signatures={**holds.signatures, run.subject.value: {**of, defect.id: signature}}
    )


def _in_order(recorded: Recorded) -> Recorded:
    """The defects of each subject in the order of their declaration, and what follows of all."""
    recorded = replace(
        recorded,
        signatures={
            subject.value: {
                defect.id: recorded.signatures[subject][defect.id]
                for defect in seeded(subject).defects
            }
            for subject in Subject
        },
    )
    return replace(recorded, order=_order(recorded))


def _made(runs: Sequence[Run], workers: int) -> Iterator[tuple[Run, Mapping[str, Sign]]]:
    if not runs:
        return
    # Not forked: the caller may have threads.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=keep_running) as pool:
        jobs = {pool.submit(_failed, run): run for run in runs}
        try:
            for job in as_completed(jobs):
                yield jobs[job], job.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _failed(run: Run) -> dict[str, Sign]:
    """What fails in a run, and how."""
    one, among = seeded(run.subject), catalogue(run.subject)
    rules = [among[id_] for id_ in run.rules] or list(among.select(run.profile))
    judged = one.judged(one.named(run.defect), rules, run.profile, run.seed)
    failed = signs_of(judged.results).failed
    return {id_: sign for id_, sign in failed.items() if not run.rules or id_ in run.rules}
