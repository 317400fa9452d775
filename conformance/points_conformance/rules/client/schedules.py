"""``client.generated``: schedules of faults that nobody wrote down, shrunk to the smallest.

A schedule is drawn whole from the rule's seed, run on a sandbox of its own, and judged as every
other: the money at most once, nothing untrue said. Faults that cost time are left out.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from points_conformance.contract.money import sar
from points_conformance.judging.finding import Finding
from points_conformance.judging.rule import Level, Profile, promised
from points_conformance.rules.client.family import family
from points_conformance.rules.client.judging import NO_KEY, honest
from points_conformance.rules.client.lost import LOST
from points_conformance.targets.client.case import Case, Fault, Operation, What
from points_conformance.targets.client.record import Record
from points_conformance.targets.client.target import ClientTarget

__all__ = ["LONGEST", "SHRINKS", "drawn", "rule", "schedules", "smaller"]

rule = family()
#: Operations that a run of this rule makes at most, beside those of shrinking.
_OPERATIONS: Final = {Profile.SMOKE: 0, Profile.STANDARD: 36, Profile.DEEP: 240}
#: The most operations of one schedule; written cases have no more either.
LONGEST: Final = 3
#: So many smaller schedules are tried at most.
SHRINKS: Final = 40

#: What may happen, and whether the call may have been carried out: an answer that says it was not
#: ("status": false, 429) is then true.
_HAPPENINGS: Final[tuple[Fault, ...]] = (
    *(
        Fault(what=what, carried_out=carried_out)
        for what in (What.CLOSED, What.RESET, What.TRUNCATED, What.UNKNOWN_STATUS, What.NO_ORDER)
        for carried_out in (True, False)
    ),
    *(
        Fault(what=What.STATUS, status=status, carried_out=carried_out)
        for status in (500, 503)
        for carried_out in (True, False)
    ),
    Fault(what=What.HALF, carried_out=True),
    Fault(what=What.HTML, status=502, carried_out=True),
    Fault(what=What.HTML),
    Fault(what=What.STATUS_FALSE),
    Fault(what=What.STATUS, status=429),
)
_UNREADABLE: Final[tuple[Fault, ...]] = (
    Fault(what=What.CLOSED, reads=True),
    Fault(what=What.STATUS, status=500, reads=True),
    Fault(what=What.HTML, reads=True),
    Fault(what=What.UNKNOWN_STATUS, reads=True),
)


def schedules(seed: int, bound: int) -> list[Case]:
    """As many schedules as fit into so many operations."""
    chance = random.Random(seed)  # noqa: S311 - reproducible on purpose
    return [drawn(chance) for _ in range(bound // LONGEST)]


@rule(
    "client.generated",
    Level.MUST,
    promised("no double refunds"),
    NO_KEY,
    after=(
        "client.remainder",
        "client.two-equal-refunds",
        "client.exact-amount",
        LOST,
        "client.lost-full-answer",
        "client.lost-second-partial",
        "client.lost-request",
        "client.error-after-commit",
        "client.error-before-commit",
        "client.truncated-answer",
        "client.unknown-status",
        "client.no-order",
        "client.html-answer",
        "client.status-false",
    ),
    cases=schedules,
    calls=_OPERATIONS,
    drives=True,
)
def any_schedule_is_survived(client: ClientTarget, records: list[Record]) -> None:
    """Under any schedule of up to three faults the money MUST move at most once per operation."""
    for record in records:
        if _finding(record) is not None:
            raise _smallest(client, record)


def drawn(chance: random.Random) -> Case:
    """One schedule: one to three refunds of one order, the last perhaps of the rest, and faults.

    One fault alone is a matter of other rules. What is hard to get right is a second one while the
    first is being dealt with: a read that fails, or a repetition that goes wrong as well.
    """
    count = chance.randint(1, LONGEST)
    total = chance.choice((100, 1_000, 10_000, 15_075))
    most = total // count - 1
    parts = [sar(chance.choice((1, chance.randint(1, most), most))) for _ in range(count)]
    operations = [Operation("refund", part, f"Part {n}") for n, part in enumerate(parts, 1)]
    if chance.random() < 0.3:
        operations[-1] = Operation("refund", None, "The rest")
    disturbed = chance.randint(1, count)
    faults = [replace(chance.choice(_HAPPENINGS), operation=disturbed)]
    faults += [_another(chance, disturbed, count) for _ in range(chance.randint(1, 2))]
    where = {(fault.operation, fault.attempt, fault.reads): fault for fault in faults}
    return Case(
        operations=tuple(operations),
        faults=tuple(where[place] for place in sorted(where)),
        total=f"{sar(total):.2f}",
    )


def _another(chance: random.Random, disturbed: int, count: int) -> Fault:
    """A fault that meets a read or a repetition of the disturbed operation, or another one."""
    if chance.random() < 0.5:
        fault = chance.choice(_UNREADABLE)
        return replace(fault, operation=disturbed, attempt=chance.choice((1, 2)))
    fault = chance.choice(_HAPPENINGS)
    if chance.random() < 0.6:
        return replace(fault, operation=disturbed, attempt=2)
    return replace(fault, operation=chance.randint(1, count))


def _finding(record: Record) -> Finding | None:
    try:
        honest([record])
    except Finding as finding:
        return finding
    return None


def _smallest(client: ClientTarget, record: Record) -> Finding:
    """The finding of the smallest schedule that still shows one."""
    found = _finding(record)
    assert found is not None
    left = SHRINKS
    shrinking = True
    while shrinking and left > 0:
        candidates = list(smaller(record.case))[:left]
        left -= len(candidates)
        shrinking = False
        for candidate in client.run(*candidates):
            finding = _finding(candidate)
            if finding is not None:
                record, found, shrinking = candidate, finding, True
                break
    return found


def smaller(case: Case) -> Iterator[Case]:
    """Schedules with a fault or an operation less, smallest first; never without a fault."""
    for number in range(1, len(case.operations) + 1):
        if len(case.operations) > 1 and any(f.operation != number for f in case.faults):
            yield _without_operation(case, number)
    if len(case.faults) > 1:
        for fault in case.faults:
            yield replace(case, faults=tuple(f for f in case.faults if f is not fault))


def _without_operation(case: Case, number: int) -> Case:
    """The case without an operation and its faults; those of later ones move with them."""
    faults = [
        replace(fault, operation=fault.operation - (fault.operation > number))
        for fault in case.faults
        if fault.operation != number
    ]
    operations = tuple(op for n, op in enumerate(case.operations, 1) if n != number)
    return replace(case, operations=operations, faults=tuple(faults))
