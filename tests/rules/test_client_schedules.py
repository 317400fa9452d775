"""``client.generated``: what it draws, how it shrinks, and that it finds what nobody wrote down."""

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache

import httpx
import pytest
from tests.rules.made_up_clients import MadeUpTarget, careful, moves

from points_conformance.contract.money import halalas, sar
from points_conformance.defects.client.sample import Answer, ReconcilingClient, SampleClient, Work
from points_conformance.judging.finding import Finding
from points_conformance.judging.rule import Profile, Rule
from points_conformance.rules.client.schedules import drawn, smaller
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.client.case import Case, Fault, What, refund
from points_conformance.targets.client.objects import ObjectClients
from points_conformance.targets.client.outcome import ClientOutcome
from points_conformance.targets.client.record import Record
from points_conformance.targets.client.target import ClientTarget

RULE: Rule = catalogue(Subject.CLIENT)["client.generated"]
SEEDS = range(400)


def of(seed: int) -> Case:
    """The first schedule of a seed."""
    return drawn(random.Random(seed))


# ---------------------------------------------------------------------- drawing
def test_a_seed_draws_the_same_schedules() -> None:
    """Also the second and third from it."""
    draws = []
    for _ in range(2):
        chance = random.Random(7)
        draws.append([drawn(chance) for _ in range(5)])
    assert draws[0] == draws[1]
    assert len(set(draws[0])) == 5


def test_every_fault_occurs_over_seeds() -> None:
    """Each with and without being carried out, where both can be; on calls and on reads."""
    faults = [fault for seed in SEEDS for fault in of(seed).faults]
    both = [What.CLOSED, What.RESET, What.TRUNCATED, What.UNKNOWN_STATUS, What.NO_ORDER]
    wanted = {(what, done, 0) for what in both for done in (True, False)}
    wanted |= {(What.STATUS, done, status) for status in (500, 503) for done in (True, False)}
    wanted |= {(What.HALF, True, 0), (What.HTML, True, 502), (What.HTML, False, 0)}
    wanted |= {(What.STATUS_FALSE, False, 0), (What.STATUS, False, 429)}
    assert {(f.what, f.carried_out, f.status) for f in faults if not f.reads} == wanted
    reads = {What.CLOSED, What.STATUS, What.HTML, What.UNKNOWN_STATUS}
    assert {f.what for f in faults if f.reads} == reads
    assert {f.attempt for f in faults} == {1, 2}
    assert {f.operation for f in faults} == {1, 2, 3}


def test_no_fault_takes_time() -> None:
    """Silence and slowness have rules of their own."""
    slow = {What.SILENT, What.SLOW, What.LATE}
    assert not [f for seed in SEEDS for f in of(seed).faults if f.what in slow or f.seconds]


@pytest.mark.parametrize("seed", range(0, 400, 8))
def test_no_schedule_asks_for_more_than_there_is(seed: int) -> None:
    """One to three refunds above zero, of less than the total; the rest only at the end."""
    case = of(seed)
    amounts = [halalas(op.amount) for op in case.operations if op.amount is not None]
    assert 1 <= len(case.operations) <= 3
    assert all(amount >= 1 for amount in amounts)
    assert sum(amounts) < halalas(case.total)
    assert all(op.amount is not None for op in case.operations[:-1])


@pytest.mark.parametrize("seed", range(0, 400, 8))
def test_faults_are_of_operations_that_there_are(seed: int) -> None:
    """One to three, never two for one call."""
    case = of(seed)
    calls = [(fault.operation, fault.attempt, fault.reads) for fault in case.faults]
    assert 1 <= len(calls) == len(set(calls)) <= 3
    assert all(1 <= operation <= len(case.operations) for operation, _, _ in calls)


# ---------------------------------------------------------------------- shrinking
def size(case: Case) -> tuple[int, int]:
    """Operations and faults."""
    return len(case.operations), len(case.faults)


@pytest.mark.parametrize("seed", range(0, 400, 8))
def test_what_is_smaller_has_less_and_still_a_fault(seed: int) -> None:
    """An operation less, or a fault; operations keep their order, faults their operations."""
    case = of(seed)
    operations, faults = size(case)
    for one in smaller(case):
        assert size(one)[0] == operations - 1 or size(one) == (operations, faults - 1)
        assert one.faults
        assert all(fault.operation <= len(one.operations) for fault in one.faults)
        assert [op for op in case.operations if op in one.operations] == list(one.operations)


def test_faults_move_with_their_operations() -> None:
    """Without the first, what met the second meets the first."""
    read = Fault(what=What.HTML, reads=True, operation=2)
    lost = Fault(what=What.CLOSED, operation=1)
    case = Case(operations=(refund("1.00", "a"), refund("2.00", "b")), faults=(lost, read))
    first, second = refund("2.00", "b"), refund("1.00", "a")
    assert list(smaller(case)) == [
        Case(operations=(first,), faults=(replace(read, operation=1),)),
        Case(operations=(second,), faults=(lost,)),
        replace(case, faults=(read,)),
        replace(case, faults=(lost,)),
    ]


def test_the_smallest_is_not_made_smaller() -> None:
    """One operation and one fault."""
    assert list(smaller(Case(operations=(refund("1.00"),), faults=(Fault(what=What.RESET),)))) == []


def test_a_schedule_that_fails_on_any_fault_shrinks_to_one() -> None:
    """And to one operation; what the client did elsewhere is left out."""

    def twice_when_disturbed(case: Case) -> Record:
        return moves(2)(careful(case)) if case.faults else careful(case)

    with pytest.raises(Finding) as found:
        RULE.check(MadeUpTarget(twice_when_disturbed))
    assert len([line for line in found.value.story if line.startswith("fault: ")]) == 1
    assert len([line for line in found.value.story if "asked: " in line]) == 1


def test_shrinking_is_bounded() -> None:
    """A client that fails on everything costs at most forty schedules more."""
    target = MadeUpTarget(lambda case: moves(2)(careful(case)))
    with pytest.raises(Finding):
        RULE.check(target)
    assert len(target.made) <= 12 + 40


def test_nothing_is_run_in_the_smoke_profile() -> None:
    """There the allowance is nothing."""
    target = MadeUpTarget(careful)
    target.allowance = RULE.bound(Profile.SMOKE)
    RULE.check(target)
    assert target.made == []


# ---------------------------------------------------------------------- finding
class RepeatsWhenBlind(SampleClient):
    """Reads after a lost answer, and repeats where the read fails as well."""

    def operate(self, work: Work) -> ClientOutcome:
        """The mistake is in the last line."""
        answer = self.write(work)
        if isinstance(answer, httpx.Response):
            return self.meaning(work, answer)
        read: Answer = self.ask("GET", self.path(work))
        readable = isinstance(read, httpx.Response) and self.order_in(read) is not None
        return ClientOutcome.UNKNOWN if readable else self.meaning(work, self.write(work))


def generated(make: Callable[..., object], seed: int) -> tuple[Finding | None, ClientTarget]:
    """What the rule finds with a seed, in the standard profile."""
    target = ClientTarget(ObjectClients(make, timeout=5), timeout=5, seed=seed)
    target.allowance = RULE.bound(Profile.STANDARD)
    try:
        RULE.check(target)
    except Finding as finding:
        return finding, target
    finally:
        target.close()
    return None, target


@cache
def blind(seed: int) -> Finding:
    """The finding about the client that repeats when it cannot read."""
    finding, _ = generated(RepeatsWhenBlind, seed)
    assert finding is not None
    return finding


#: Two seeds whose twelve schedules have a lost answer and an unreadable order together.
FINDS = (4, 5)


@pytest.mark.parametrize("seed", FINDS)
def test_a_bug_of_two_faults_is_found_and_shrunk_to_them(seed: int) -> None:
    """One operation, the lost answer, the failed read, and nothing else."""
    faults = [line for line in blind(seed).story if line.startswith("fault: ")]
    assert len(faults) == 2
    assert faults[0].startswith("fault: operation 1, call 1: ")
    assert faults[1].startswith("fault: operation 1, read 1: ")
    assert len([line for line in blind(seed).story if "asked: " in line]) == 1


@pytest.mark.parametrize("seed", FINDS)
def test_the_same_seed_finds_the_same(seed: int) -> None:
    """Schedule, amounts, order and calls; only times differ."""
    again, _ = generated(RepeatsWhenBlind, seed)
    assert again is not None
    first, second = ([_timeless(line) for line in f.story] for f in (blind(seed), again))
    assert first == second
    assert (again.title, again.expected, again.got) == (
        blind(seed).title, blind(seed).expected, blind(seed).got,
    )  # fmt: skip


def _timeless(line: str) -> str:
    return line.partition(" s  ")[2] or line


def test_the_finding_shows_schedule_and_calls() -> None:
    """Who was asked what, each call with what became of it, what was said, and the truth."""
    finding = blind(FINDS[1])
    amount = sar(halalas(Decimal(finding.story[3].rpartition("asked: refund ")[2].split()[0])))
    unread = finding.story[2].partition("read 1: ")[2]
    words = [_timeless(line).partition(" {")[0] for line in finding.story[3:]]
    path = finding.exchanges[0].url.partition("/api/v1")[2].removesuffix("/refund")
    assert words == [
        f"asked: refund {amount} SAR",
        f"POST /api/v1{path}/refund",
        f"GET /api/v1{path} -> {unread}",
        f"POST /api/v1{path}/refund",
        f"said: done (returned <ClientOutcome.DONE: 'done'>); in truth {amount * 2} SAR went back",
    ]
    assert [exchange.method for exchange in finding.exchanges] == ["POST", "GET", "POST"]
    assert "$POINTS_API_KEY" in repr(finding.exchanges)


def test_the_deep_profile_finds_it_with_the_default_seed() -> None:
    """Eighty schedules in place of twelve."""
    target = ClientTarget(ObjectClients(RepeatsWhenBlind, timeout=5), timeout=5, seed=0)
    target.allowance = RULE.bound(Profile.DEEP)
    with pytest.raises(Finding, match="more went back"):
        RULE.check(target)
    target.close()


@pytest.mark.parametrize("make", [SampleClient, ReconcilingClient])
def test_careful_clients_survive_schedules(make: Callable[..., object]) -> None:
    """Whether or not they read."""

    class Swift(make):  # type: ignore[valid-type,misc]
        """The same without its patience."""

        backoff = 0.01

    finding, target = generated(Swift, 3)
    assert finding is None
    assert target.operations >= 12
