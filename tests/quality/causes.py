"""How often the right cause is named: ``python -m tests.quality.causes [--runs]``.

What can be told from the shipped signatures is told from them, in a minute: a defect left out, two
and three at once, one of five rules hidden. With ``--runs`` servers, consumers and clients are
judged anew: under smoke, in other dialects, and with a seed that was not recorded; that takes long.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from typing import Final, NamedTuple

from points_conformance.contract.dialect import DIALECTS
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.catalogue import seeded
from points_conformance.defects.defect import Defect
from points_conformance.defects.selfcheck import keep_running
from points_conformance.judging.causes import Cause, Fault, Signs, diagnose, signs_of
from points_conformance.judging.rule import Level, Profile
from points_conformance.report.causes import faults_of, shipped
from points_conformance.subjects import Subject, catalogue

#: Two defects are near relatives if they break half of what either breaks, both in the same way; or
#: a third of it, where they have half of the rules in common that are declared to catch them.
HALF: Final = 1 / 2
ALIKE: Final = 1 / 3
_CASES: Final = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """How many cases there were, in how many the right cause came first, or among three."""

    subject: Subject
    what: str
    cases: int
    first: int
    three: int

    def __str__(self) -> str:
        """A row of the table in the documentation."""
        of = max(self.cases, 1)
        return (
            f"| {self.subject} | {self.what} | {self.cases} | {self.first / of:.0%} "
            f"| {self.three / of:.0%} |"
        )


class Case(NamedTuple):
    """Signs, the faults that come into question, and the IDs that are right."""

    signs: Signs
    faults: Sequence[Fault]
    right: Set[str]


def measured(subject: Subject, what: str, cases: Iterable[Case]) -> Measured:
    """What comes of the cases."""
    number = first = three = 0
    for case in cases:
        ids = [cause.id for cause in diagnose(case.signs, case.faults).causes]
        number += 1
        first += bool(ids) and ids[0] in case.right
        three += any(id_ in case.right for id_ in ids)
    return Measured(subject, what, number, first, three)


# ---------------------------------------------------------------------- from the shipped file
def left_out(subject: Subject) -> Iterator[Case]:
    """Each defect that has a near relative, as if it had never been seen."""
    faults = _told(subject)
    for fault in faults:
        near = {other.id for other in faults if are_near(subject, fault, other)}
        if near:
            yield Case(signs_like(subject, fault), [f for f in faults if f is not fault], near)


def hidden(subject: Subject) -> Iterator[Case]:
    """One of five rules was not exercised, whichever they are."""
    chance = random.Random(5)
    faults = _told(subject)
    for fault in faults:
        signs = signs_like(subject, fault)
        seen = {rule.id for rule in catalogue(subject) if chance.random() >= 1 / 5}
        failed = {rule: sign for rule, sign in signs.failed.items() if rule in seen}
        if failed:
            rest = replace(signs, failed=failed, held=signs.held & seen)
            yield Case(rest, faults, alike(fault, faults))


def at_once(
    subject: Subject, number: int, cases: int = _CASES
) -> Iterator[tuple[Signs, list[Fault]]]:
    """So many defects, drawn at random, of which each shows what the others do not."""
    chance = random.Random(number)
    faults = _told(subject)
    for _ in range(cases):
        there = chance.sample(faults, number)
        signs = [signs_like(subject, fault) for fault in there]
        failed = dict(item for one in reversed(signs) for item in one.failed.items())
        times = Counter(rule for one in signs for rule in one.failed)
        if all(any(times[rule] == 1 for rule in one.failed) for one in signs):
            yield (
                Signs(
                    failed=failed,
                    advice=frozenset().union(*(one.advice for one in signs)),
                    held=frozenset.intersection(*(frozenset(one.held) for one in signs))
                    - failed.keys(),
                ),
                there,
            )


def measured_at_once(subject: Subject, number: int, cases: int = _CASES) -> list[Measured]:
    """How often one of so many is named, how often all are; and how many of those that are called
    likely are there.
    """
    faults = _told(subject)
    total = first = either = whole = named = right = 0
    for signs, there in at_once(subject, number, cases):
        causes = diagnose(signs, faults).causes
        ids = [cause.id for cause in causes]
        alikes = [alike(fault, faults) for fault in there]
        found = [bool(each.intersection(ids)) for each in alikes]
        total += 1
        first += bool(ids) and any(ids[0] in each for each in alikes)
        either += any(found)
        whole += all(found)
        likely = [cause.id for cause in causes if cause.likely]
        named += len(likely)
        right += sum(any(id_ in each for each in alikes) for id_ in likely)
    return [
        Measured(subject, f"{number} at once: one of them", total, first, either),
        Measured(subject, f"{number} at once: all of them", total, whole, whole),
        Measured(subject, f"{number} at once: of those called likely", named, right, right),
    ]


def signs_like(subject: Subject, fault: Fault) -> Signs:
    """What a run against it shows: what mostly fails, and what is not held up by that."""
    failed = {
        rule: max(by, key=lambda sign: by[sign])
        for rule, by in fault.fails.items()
        if sum(by.values()) >= 1 / 2
    }
    unknown = set(failed)
    for rule in catalogue(subject):
        if unknown.intersection(rule.after):
            unknown.add(rule.id)
    rules = {rule.id: rule for rule in catalogue(subject).select(shipped().profile)}
    advice = {id_ for id_, rule in rules.items() if rule.level is Level.SHOULD}
    return Signs(
        failed=failed,
        advice=frozenset(advice & failed.keys()),
        held=frozenset(rules.keys() - unknown),
    )


def are_near(subject: Subject, one: Fault, other: Fault) -> bool:
    """Whether two defects are near relatives."""
    if one.id == other.id:
        return False
    a, b = _broken(one), _broken(other)
    least = ALIKE if _shared(_declared(subject, one.id), _declared(subject, other.id)) else HALF
    return len(a & b) >= least * len(a | b)


def alike(fault: Fault, faults: Iterable[Fault]) -> set[str]:
    """The defects that no rule tells apart: they break the same in the same way."""
    return {
        other.id
        for other in faults
        if other.fails.keys() == fault.fails.keys() and _broken(other) == _broken(fault)
    }


def _shared(a: Set[str], b: Set[str]) -> bool:
    return bool(a & b) and len(a & b) >= HALF * len(a | b)


def _broken(fault: Fault) -> set[tuple[str, str]]:
    return {(rule, sign.title) for rule, by in fault.fails.items() for sign in by}


@cache
def _declared(subject: Subject, id_: str) -> frozenset[str]:
    defect: Defect = seeded(subject).named(id_)
    return frozenset(rule.id for rule in catalogue(subject) if defect.must_fail(rule.id))


def _told(subject: Subject) -> list[Fault]:
    """The faults that break anything."""
    return [fault for fault in faults_of(subject) if signs_like(subject, fault).failed]


# ---------------------------------------------------------------------- judged anew
class Judging(NamedTuple):
    """A run to make."""

    subject: Subject
    defect: str
    profile: Profile = Profile.STANDARD
    seed: int = 0
    dialect: str = ""


def signs_with(job: Judging) -> Signs:
    """What a run shows."""
    one = seeded(job.subject)
    defect = one.named(job.defect)
    if isinstance(defect, ServerDefect) and job.dialect:
        defect = replace(defect, dialect=job.dialect)
    rules = catalogue(job.subject).select(job.profile)
    return signs_of(one.judged(defect, rules, job.profile, job.seed).results)


def judged_anew(jobs: Sequence[Judging]) -> Iterator[Case]:
    """The cases of runs in which anything failed."""
    pool = ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=keep_running)
    with pool:
        for job, signs in zip(jobs, pool.map(signs_with, jobs), strict=True):
            faults = _told(job.subject)
            fault = next((f for f in faults if f.id == job.defect), None)
            if signs.failed and fault is not None:
                yield Case(signs, faults, alike(fault, faults))


def runs(subject: Subject, every: int) -> Iterator[tuple[str, list[Judging]]]:
    """What is judged anew of each ``every``th defect."""
    ids = [defect.id for defect in seeded(subject).defects][::every]
    seed = max(shipped().seeds) + 1
    yield "smoke", [Judging(subject, id_, Profile.SMOKE) for id_ in ids]
    yield "another seed", [Judging(subject, id_, seed=seed) for id_ in ids]
    if subject is Subject.API:
        others = [name for name in DIALECTS if name != "default"]
        yield (
            "another dialect",
            [Judging(subject, id_, dialect=others[n % len(others)]) for n, id_ in enumerate(ids)],
        )


# ---------------------------------------------------------------------- all of it
_FROM_FILE: Final[dict[str, Callable[[Subject], Iterator[Case]]]] = {
    "a defect left out": left_out,
    "one of five rules hidden": hidden,
}


def from_file(subject: Subject) -> list[Measured]:
    """What the shipped signatures tell of themselves."""
    rows = [measured(subject, what, cases(subject)) for what, cases in _FROM_FILE.items()]
    return [*rows, *measured_at_once(subject, 2), *measured_at_once(subject, 3)]


def overconfident(subject: Subject) -> tuple[list[Cause], int]:
    """Of defects without a near relative, left out: what is called likely all the same."""
    faults = _told(subject)
    strangers = [f for f in faults if not any(are_near(subject, f, other) for other in faults)]
    named = [
        cause
        for fault in strangers
        for cause in diagnose(
            signs_like(subject, fault), [f for f in faults if f is not fault]
        ).causes[:1]
        if cause.likely
    ]
    return named, len(strangers)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", action="store_true", help="judge anew as well")
    parser.add_argument("--every", type=int, default=1, help="of the runs each so many-th defect")
    parser.add_argument("--subject", choices=[s.value for s in Subject], action="append")
    asked = parser.parse_args()
    print("| subject | case | cases | first | among three |\n| --- | --- | --- | --- | --- |")
    for subject in map(Subject, asked.subject or list(Subject)):
        for row in from_file(subject):
            print(row, flush=True)
        for what, jobs in runs(subject, asked.every) if asked.runs else ():
            print(measured(subject, what, judged_anew(jobs)), flush=True)
        named, strangers = overconfident(subject)
        print(f"{subject}: {len(named)} of {strangers} without a relative are called likely")
        for cause in named:
            print(f"  {cause.id} ({cause.fit:.2f})")


if __name__ == "__main__":
    sys.exit(main())
