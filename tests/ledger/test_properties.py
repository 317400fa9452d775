"""Properties of the ledger for every total from 0.01 to 10^9 SAR, every dialect, every story."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import get_args, get_type_hints

from hypothesis import example, given, settings
from hypothesis import strategies as st

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.lifecycle import Action
from points_conformance.contract.money import MoneyError, halalas, nearby_halalas, rounded_halalas
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger import (
    AutoRefund,
    Booked,
    Cancel,
    Command,
    OrderLedger,
    Refund,
    Refused,
    Step,
    carry_out,
    points_tolerance,
    possible_after,
)

EXPLICIT = settings(deadline=None, database=None, derandomize=True, max_examples=100)
LARGEST = 10**11

#: The matters that the ledger reads; the others cannot change what it does.
MATTERS = (
    "cancel_approved",
    "cancel_captured",
    "cancel_partially_refunded",
    "complete_captured",
    "refund_without_amount",
    "refund_settled",
    "amount_zero",
    "partial_refunds",
    "points_rounding",
)
HINTS = get_type_hints(Dialect)
ANY_DIALECT = st.tuples(*(st.sampled_from(get_args(HINTS[name])) for name in MATTERS)).map(
    lambda readings: Dialect(**dict(zip(MATTERS, readings, strict=True)))
)
#: Dialects that refuse no refund for a reason beside the amount.
WILLING = ANY_DIALECT.map(
    lambda dialect: replace(
        dialect, partial_refunds="on", refund_settled="accepted", refund_without_amount="remainder"
    )
)
TOTALS = st.integers(1, 1000) | st.integers(1, LARGEST)
POINTS = st.integers(0, 50) | st.integers(0, 10**12)
KINDS = st.sampled_from(OrderType)


@st.composite
def open_orders(draw: st.DrawFn) -> OrderLedger:
    """An order whose money was taken and not given back."""
    return OrderLedger(
        kind=draw(KINDS, label="kind"),
        status=draw(st.sampled_from([OrderStatus.APPROVED, OrderStatus.CAPTURED]), label="status"),
        total=draw(TOTALS, label="total"),
        points=draw(POINTS, label="points"),
    )


@st.composite
def stories(draw: st.DrawFn) -> tuple[OrderLedger, list[Command]]:
    """An order in any fresh status, and commands that need not be allowed."""
    total = draw(TOTALS, label="total")
    near = st.integers(0, total + 1) | st.sampled_from([0, 1, total // 2, total, total + 1])
    commands = (
        st.builds(Refund, st.none() | near | st.integers(0, 2 * LARGEST))
        | st.just(Cancel())
        | st.just(AutoRefund())
        | st.builds(Step, st.sampled_from([Action.AUTHORIZE, Action.CAPTURE, Action.COMPLETE]))
    )
    starts = [OrderStatus.NEW, OrderStatus.AUTHORIZED, OrderStatus.APPROVED, OrderStatus.CAPTURED]
    ledger = OrderLedger(
        kind=draw(KINDS, label="kind"),
        status=draw(st.sampled_from(starts), label="status"),
        total=total,
        points=draw(POINTS, label="points"),
        settled=draw(st.booleans(), label="settled"),
    )
    return ledger, draw(st.lists(commands, max_size=8), label="commands")


@st.composite
def orders_in_parts(draw: st.DrawFn) -> tuple[OrderLedger, list[int]]:
    """An order and positive amounts that sum to at most its total."""
    ledger = draw(open_orders())
    # The last riyal is where roundings go wrong.
    cut = st.integers(1, ledger.total) | st.integers(max(1, ledger.total - 100), ledger.total)
    cuts = draw(st.sets(cut, min_size=1, max_size=6), label="cuts")
    ends = [0, *sorted(cuts)]
    return ledger, [after - before for before, after in itertools.pairwise(ends)]


def outcomes(
    ledger: OrderLedger, commands: Sequence[Command], dialect: Dialect
) -> list[Booked | Refused]:
    """What the ledger answers to one command after the other."""
    answers = []
    for command in commands:
        answers.append(carry_out(ledger, command, dialect))
        ledger = answers[-1].ledger
    return answers


def refund_all(ledger: OrderLedger, amounts: Sequence[int], dialect: Dialect) -> OrderLedger:
    """The ledger after refunds that must all be accepted."""
    answers = outcomes(ledger, [Refund(amount) for amount in amounts], dialect)
    assert all(isinstance(answer, Booked) for answer in answers), answers
    return answers[-1].ledger if answers else ledger


class TestWhateverHappens:
    """Any commands, any dialect, any status to begin with."""

    @EXPLICIT
    @given(stories(), ANY_DIALECT)
    def test_money_and_points_are_conserved(
        self, story: tuple[OrderLedger, list[Command]], dialect: Dialect
    ) -> None:
        """What went back and what is left are the total, in halalas and in points."""
        start, commands = story
        for answer in outcomes(start, commands, dialect):
            after = answer.ledger
            assert after.refunded + after.left == start.total == after.total
            assert after.refunded_points + after.left_points == start.points == after.points
            assert 0 <= after.refunded <= after.total
            assert 0 <= after.refunded_points <= after.points

    @EXPLICIT
    @given(stories(), ANY_DIALECT)
    def test_what_each_command_gave_back_adds_up(
        self, story: tuple[OrderLedger, list[Command]], dialect: Dialect
    ) -> None:
        """The amounts and points told one by one are those in the books, none negative."""
        start, commands = story
        answers = outcomes(start, commands, dialect)
        given_back = [answer for answer in answers if isinstance(answer, Booked)]
        end = answers[-1].ledger if answers else start
        assert all(booked.amount >= 0 and booked.points >= 0 for booked in given_back)
        assert sum(booked.amount for booked in given_back) == end.refunded <= start.total
        assert sum(booked.points for booked in given_back) == end.refunded_points <= start.points

    @EXPLICIT
    @given(stories(), ANY_DIALECT)
    def test_left_points_never_grow(
        self, story: tuple[OrderLedger, list[Command]], dialect: Dialect
    ) -> None:
        """No command brings points or money back to the order."""
        start, commands = story
        ledgers = [start, *(answer.ledger for answer in outcomes(start, commands, dialect))]
        for before, after in itertools.pairwise(ledgers):
            assert after.left_points <= before.left_points
            assert after.left <= before.left

    @EXPLICIT
    @given(stories(), ANY_DIALECT)
    def test_refused_means_unchanged(
        self, story: tuple[OrderLedger, list[Command]], dialect: Dialect
    ) -> None:
        """A refused command leaves the identical ledger, and is refused again."""
        ledger, commands = story
        for command in commands:
            answer = carry_out(ledger, command, dialect)
            if isinstance(answer, Refused):
                assert answer.ledger is ledger
                assert carry_out(ledger, command, dialect) == answer
            ledger = answer.ledger

    @EXPLICIT
    @given(stories(), ANY_DIALECT)
    def test_the_status_says_how_much_went_back(
        self, story: tuple[OrderLedger, list[Command]], dialect: Dialect
    ) -> None:
        """Fully refunded means nothing left of either, partially refunded that some is and was."""
        start, commands = story
        for answer in outcomes(start, commands, dialect):
            after = answer.ledger
            match after.status:
                case OrderStatus.FULLY_REFUNDED:
                    assert (after.left, after.left_points) == (0, 0)
                case OrderStatus.PARTIALLY_REFUNDED:
                    assert 0 < after.refunded < after.total
                case OrderStatus.CANCELLED:
                    assert after.refunded < after.total
                case _:
                    assert (after.refunded, after.refunded_points) == (0, 0)

    @EXPLICIT
    @given(stories(), ANY_DIALECT)
    def test_what_is_closed_stays_closed(
        self, story: tuple[OrderLedger, list[Command]], dialect: Dialect
    ) -> None:
        """After a cancel or a full refund every further command is refused."""
        start, commands = story
        closed = {OrderStatus.CANCELLED, OrderStatus.FULLY_REFUNDED}
        answers = outcomes(start, commands, dialect)
        for before, after in itertools.pairwise(answers):
            assert before.ledger.status not in closed or isinstance(after, Refused)


class TestPartsOfARefund:
    """Neither the order nor the splitting of partial refunds matters."""

    @EXPLICIT
    @given(orders_in_parts(), WILLING, st.randoms(use_true_random=False))
    def test_the_order_of_parts_does_not_matter(
        self, parts: tuple[OrderLedger, list[int]], dialect: Dialect, random: Random
    ) -> None:
        """Shuffled parts lead to the same end."""
        ledger, amounts = parts
        shuffled = random.sample(amounts, len(amounts))
        assert refund_all(ledger, shuffled, dialect) == refund_all(ledger, amounts, dialect)

    @EXPLICIT
    @given(orders_in_parts(), WILLING)
    def test_splitting_does_not_matter(
        self, parts: tuple[OrderLedger, list[int]], dialect: Dialect
    ) -> None:
        """Many parts and their sum at once lead to the same end."""
        ledger, amounts = parts
        assert refund_all(ledger, amounts, dialect) == refund_all(ledger, [sum(amounts)], dialect)

    @EXPLICIT
    @given(orders_in_parts(), WILLING)
    def test_the_remainder_closes_the_books(
        self, parts: tuple[OrderLedger, list[int]], dialect: Dialect
    ) -> None:
        """Whatever went before, the remainder leaves 0 halalas and 0 points."""
        ledger, amounts = parts
        end = refund_all(ledger, amounts, dialect)
        if end.left:
            end = refund_all(end, [end.left], dialect)
        assert end.status is OrderStatus.FULLY_REFUNDED
        assert (end.left, end.left_points) == (0, 0)

    @EXPLICIT
    @given(orders_in_parts(), WILLING, st.integers(1, LARGEST))
    def test_one_halala_too_many_is_refused(
        self, parts: tuple[OrderLedger, list[int]], dialect: Dialect, more: int
    ) -> None:
        """After any parts, any amount above what is left is refused."""
        ledger, amounts = parts
        end = refund_all(ledger, amounts, dialect)
        assert isinstance(carry_out(end, Refund(end.left + more), dialect), Refused)

    @EXPLICIT
    @given(orders_in_parts(), WILLING)
    @example(
        (OrderLedger(kind=OrderType.EARNING, status=OrderStatus.APPROVED, total=15075, points=3000),
         [2500]),
        Dialect(),
    )  # fmt: skip
    def test_points_are_in_proportion(
        self, parts: tuple[OrderLedger, list[int]], dialect: Dialect
    ) -> None:
        """Each single refund's points are within the tolerance of its share, in every rounding."""
        ledger, amounts = parts
        tolerance = points_tolerance(ledger.points, ledger.total)
        for answer in outcomes(ledger, [Refund(amount) for amount in amounts], dialect):
            assert isinstance(answer, Booked)
            share = Fraction(ledger.points * answer.amount, ledger.total)
            assert abs(answer.points - share) <= Fraction(tolerance)


@dataclass
class NaiveBooks:
    """The second formulation: a list of amounts, summed anew each time, in fractions."""

    total: int
    points: int
    rounding: str
    amounts: list[int] = field(default_factory=list)

    def refund(self, amount: int) -> bool:
        """Take the amount if the sum allows it."""
        allowed = amount > 0 and sum(self.amounts) + amount <= self.total
        if allowed:
            self.amounts.append(amount)
        return allowed

    def points_back(self) -> int:
        """The points of the sum, by the rounding's name."""
        back = sum(self.amounts)
        if back == self.total:
            return self.points
        share = Fraction(self.points) * back / self.total
        riyals = self.total // 100
        ways = {
            "down": floor(share),
            "up": ceil(share),
            "half-up": floor(share + Fraction(1, 2)),
            "per-riyal": min(self.points, floor(Fraction(back, 100) * self.points / riyals))
            if riyals
            else floor(share),
        }
        return ways[self.rounding]

    def status(self, before: OrderStatus) -> OrderStatus:
        """The status that the sum means."""
        back = sum(self.amounts)
        if back == 0:
            return before
        full = back == self.total
        return OrderStatus.FULLY_REFUNDED if full else OrderStatus.PARTIALLY_REFUNDED


@EXPLICIT
@given(open_orders(), st.lists(st.integers(0, 1200), max_size=12), WILLING, st.booleans())
def test_a_naive_sum_over_a_list_agrees(
    ledger: OrderLedger, tries: list[int], dialect: Dialect, in_thousandths: bool
) -> None:
    """The clever ledger and a list that is summed anew agree after every attempt."""
    unit = Fraction(ledger.total, 1000) if in_thousandths else Fraction(1)
    naive = NaiveBooks(ledger.total, ledger.points, dialect.points_rounding)
    start = ledger.status
    for attempt in tries:
        amount = int(attempt * unit)
        answer = carry_out(ledger, Refund(amount), dialect)
        moved = isinstance(answer, Booked) and answer.action is not None
        ledger = answer.ledger
        assert moved is naive.refund(amount)
        assert ledger.refunded == sum(naive.amounts)
        assert ledger.refunded_points == naive.points_back()
        assert ledger.status is naive.status(start)


FINE_AMOUNTS = st.builds(
    lambda number, places: Decimal(number).scaleb(-places),
    st.integers(1, 10**9),
    st.integers(0, 9),
)
MODES = {"half-up": "ROUND_HALF_UP", "down": "ROUND_FLOOR", "up": "ROUND_CEILING"}


@EXPLICIT
@given(open_orders(), FINE_AMOUNTS, st.sampled_from(sorted(MODES)), WILLING)
def test_every_way_to_book_a_fine_amount_is_possible(
    ledger: OrderLedger, amount: Decimal, rounding: str, dialect: Dialect
) -> None:
    """However a server rounds more than two decimals, the oracle holds its ledger."""
    answer = carry_out(ledger, Refund(rounded_halalas(amount, MODES[rounding])), dialect)
    possible = possible_after([ledger], nearby_halalas(amount), dialect)
    assert isinstance(answer, Refused) or answer.ledger in possible


@EXPLICIT
@given(open_orders(), st.lists(FINE_AMOUNTS, max_size=5), WILLING)
def test_possible_ledgers_are_few_and_bounded(
    ledger: OrderLedger, amounts: list[Decimal], dialect: Dialect
) -> None:
    """The set grows by at most one ledger a refund, and each is conserved and bounded."""
    possible = frozenset({ledger})
    for count, amount in enumerate(amounts, start=2):
        possible = possible_after(possible, nearby_halalas(amount), dialect)
        assert len(possible) <= count
        assert all(each.refunded + each.left == ledger.total for each in possible)
        assert all(0 <= each.refunded <= ledger.total for each in possible)


@EXPLICIT
@given(st.decimals(0, 10**9, places=3))
def test_an_amount_is_exact_or_has_two_ways(amount: Decimal) -> None:
    """Whatever halalas are refused for has two ways to be booked; the rest has one."""
    ways = nearby_halalas(amount)
    try:
        assert ways == {halalas(amount)}
    except MoneyError:
        assert len(ways) == 2
