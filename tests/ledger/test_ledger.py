"""The ledger by example: what each command does, from where, and what a refusal says."""

from dataclasses import replace
from decimal import Decimal

import pytest

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.contract.lifecycle import Action
from points_conformance.contract.money import nearby_halalas
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger import (
    AutoRefund,
    Booked,
    Cancel,
    Command,
    OrderLedger,
    Refund,
    Refusal,
    Refused,
    Step,
    carry_out,
    points_tolerance,
    possible_after,
    reversed_points,
)

S = OrderStatus
PLAIN = Dialect()


def order(
    status: OrderStatus = S.APPROVED,
    *,
    kind: OrderType = OrderType.EARNING,
    total: int = 10000,
    points: int = 2000,
    refunded: int = 0,
    settled: bool = False,
) -> OrderLedger:
    """A ledger of 100.00 SAR and 2000 points, unless said."""
    return OrderLedger(
        kind=kind,
        status=status,
        total=total,
        points=points,
        refunded=refunded,
        refunded_points=refunded * points // total,
        settled=settled,
    )


def booked(ledger: OrderLedger, command: Command, dialect: Dialect = PLAIN) -> Booked:
    """Carry out a command that must be accepted."""
    outcome = carry_out(ledger, command, dialect)
    assert isinstance(outcome, Booked), outcome
    return outcome


def refused(ledger: OrderLedger, command: Command, dialect: Dialect = PLAIN) -> Refusal:
    """Carry out a command that must be refused, and must leave the very same ledger."""
    outcome = carry_out(ledger, command, dialect)
    assert isinstance(outcome, Refused), outcome
    assert outcome.ledger is ledger
    return outcome.why


class TestTheDocumentedExample:
    """150.75 SAR and 3000 points; 25.00 go back."""

    LEDGER = order(total=15075, points=3000)

    def test_the_part_reverses_500_points(self) -> None:
        """The documentation shows 500 points, 2500 left and 125.75 SAR left."""
        outcome = booked(self.LEDGER, Refund(2500))
        after = outcome.ledger
        assert (outcome.amount, outcome.points) == (2500, 500)
        assert (after.left_points, after.left, after.status) == (2500, 12575, S.PARTIALLY_REFUNDED)

    def test_the_remainder_reverses_the_rest(self) -> None:
        """The remainder ends in fully refunded with nothing left of either."""
        outcome = booked(booked(self.LEDGER, Refund(2500)).ledger, Refund())
        after = outcome.ledger
        assert (outcome.amount, outcome.points) == (12575, 2500)
        assert (after.left_points, after.left, after.status) == (0, 0, S.FULLY_REFUNDED)

    def test_the_example_is_within_the_tolerance(self) -> None:
        """The tolerance must hold at least what the documentation itself shows."""
        proportion = Decimal(2500 * 3000) / 15075
        assert abs(500 - proportion) <= points_tolerance(3000, 15075)


@pytest.mark.parametrize(
    ("rounding", "expected"), [("per-riyal", 500), ("half-up", 498), ("down", 497), ("up", 498)]
)
def test_each_rounding_of_the_documented_example(rounding: str, expected: int) -> None:
    """Pure proportion is 497.51 points: each reading rounds it in its own way."""
    assert reversed_points(3000, 15075, 2500, rounding=rounding) == expected


@pytest.mark.parametrize("rounding", ["per-riyal", "half-up", "down", "up"])
@pytest.mark.parametrize(("refunded_amount", "expected"), [(0, 0), (99, 7), (150, 7)])
def test_the_ends_are_exact(rounding: str, refunded_amount: int, expected: int) -> None:
    """Nothing back reverses nothing, all (or more) back reverses all, under one riyal too."""
    assert reversed_points(7, 99, refunded_amount, rounding=rounding) == expected


@pytest.mark.parametrize("refunded_amount", [15000, 15001, 15074])
def test_counting_by_riyals_never_reverses_more_than_there_is(refunded_amount: int) -> None:
    """20 points a riyal of 150.74 SAR would be 3014: there are 3000."""
    assert reversed_points(3000, 15075, refunded_amount, rounding="per-riyal") == 3000


def test_an_order_of_nothing_can_be_refunded_in_full() -> None:
    """A total of 0.00 is no division by zero."""
    after = booked(order(total=1, points=0), Refund()).ledger
    assert after.status is S.FULLY_REFUNDED
    nothing = OrderLedger(kind=OrderType.EARNING, status=S.APPROVED, total=0, points=0)
    assert booked(nothing, Refund()).ledger.status is S.FULLY_REFUNDED
    assert points_tolerance(5, 0) == 6


class TestRefund:
    """Full, in part, the rest, too much, twice."""

    @pytest.mark.parametrize("amount", [None, 10000], ids=["without amount", "the total"])
    @pytest.mark.parametrize("status", [S.APPROVED, S.CAPTURED])
    def test_a_full_refund_ends_fully_refunded(
        self, status: OrderStatus, amount: int | None
    ) -> None:
        """No amount, or the total as amount, gives everything back."""
        outcome = booked(order(status), Refund(amount))
        assert outcome.action is Action.REFUND_REST
        assert outcome.ledger == order(S.FULLY_REFUNDED, refunded=10000)

    @pytest.mark.parametrize("kind", list(OrderType))
    def test_a_part_ends_partially_refunded(self, kind: OrderType) -> None:
        """A part leaves the rest, for both types."""
        outcome = booked(order(kind=kind), Refund(2500))
        assert outcome.action is Action.REFUND_PART
        assert outcome.ledger == order(S.PARTIALLY_REFUNDED, kind=kind, refunded=2500)

    def test_a_part_equal_to_what_is_left_is_the_rest(self) -> None:
        """The last part closes the order to the halala."""
        outcome = booked(order(S.PARTIALLY_REFUNDED, refunded=9999), Refund(1))
        assert outcome.ledger.status is S.FULLY_REFUNDED

    @pytest.mark.parametrize("amount", [10001, 10**30])
    def test_more_than_the_total_is_refused(self, amount: int) -> None:
        """An amount above what is left is refused, not cut down."""
        assert refused(order(), Refund(amount)) is Refusal.ABOVE_LEFT

    def test_more_than_what_is_left_is_refused(self) -> None:
        """The bound counts what has gone back before."""
        assert refused(order(S.PARTIALLY_REFUNDED, refunded=2500), Refund(7501)) is (
            Refusal.ABOVE_LEFT
        )

    @pytest.mark.parametrize("amount", [None, 0, 1, 10000, 10001])
    @pytest.mark.parametrize("status", [S.NEW, S.AUTHORIZED, S.CANCELLED, S.FULLY_REFUNDED])
    def test_a_refund_from_a_wrong_status_is_a_matter_of_state(
        self, status: OrderStatus, amount: int | None
    ) -> None:
        """Where there is nothing to refund, no amount is right; a full refund is never doubled."""
        gone = 10000 if status is S.FULLY_REFUNDED else 0
        assert refused(order(status, refunded=gone), Refund(amount)) is Refusal.STATE

    @pytest.mark.parametrize(
        ("reading", "refusal"), [("422", Refusal.ZERO), ("400", Refusal.ZERO), ("nothing", None)]
    )
    def test_zero_moves_nothing_on_any_reading(self, reading: str, refusal: Refusal | None) -> None:
        """Zero is an amount, never "omitted": accepted or refused, the books stay."""
        ledger = order()
        outcome = carry_out(ledger, Refund(0), PLAIN.with_(amount_zero=reading))
        expected = Refused(ledger, refusal) if refusal else Booked(ledger, None)
        assert outcome == expected

    def test_without_amount_after_a_part_the_total_reading_is_refused(self) -> None:
        """Read as the full captured amount, it is above what is left."""
        ledger = order(S.PARTIALLY_REFUNDED, refunded=2500)
        dialect = PLAIN.with_(refund_without_amount="total")
        assert refused(ledger, Refund(), dialect) is Refusal.ABOVE_LEFT

    def test_a_settled_order_may_be_refused(self) -> None:
        """Only the reading that says so refuses a settled order."""
        ledger = order(settled=True)
        assert refused(ledger, Refund(), PLAIN.with_(refund_settled="refused")) is Refusal.SETTLED
        assert booked(ledger, Refund()).ledger.settled

    def test_partial_refunds_may_be_off(self) -> None:
        """Switched off, a part is refused and the whole is not."""
        off = PLAIN.with_(partial_refunds="off")
        assert refused(order(), Refund(1), off) is Refusal.NO_PARTIALS
        assert booked(order(), Refund(), off).amount == 10000


class TestCancel:
    """Cancel before the money was taken; afterwards it is disputed."""

    @pytest.mark.parametrize("status", [S.NEW, S.AUTHORIZED])
    def test_an_open_order_is_cancelled(self, status: OrderStatus) -> None:
        """Nothing was taken, so nothing is booked as given back."""
        outcome = booked(order(status), Cancel())
        assert outcome == Booked(order(S.CANCELLED), Action.CANCEL, 0, 0)

    @pytest.mark.parametrize("name", list(DIALECTS))
    @pytest.mark.parametrize("status", [S.CANCELLED, S.FULLY_REFUNDED])
    def test_a_closed_order_is_never_cancelled(self, status: OrderStatus, name: str) -> None:
        """Cancelled or refunded orders refuse a cancel in every dialect."""
        assert refused(order(status), Cancel(), DIALECTS[name]) is Refusal.STATE

    @pytest.mark.parametrize(
        ("status", "matter"),
        [
            (S.APPROVED, "cancel_approved"),
            (S.CAPTURED, "cancel_captured"),
            (S.PARTIALLY_REFUNDED, "cancel_partially_refunded"),
        ],
    )
    def test_a_disputed_cancel_follows_its_own_matter(
        self, status: OrderStatus, matter: str
    ) -> None:
        """Each disputed arrow hangs on one field, and on no other."""
        matters = ("cancel_approved", "cancel_captured", "cancel_partially_refunded")
        alone = dict.fromkeys(matters, "refused") | {matter: "accepted"}
        others = dict.fromkeys(matters, "accepted") | {matter: "refused"}
        gone = 2500 if status is S.PARTIALLY_REFUNDED else 0
        ledger = order(status, refunded=gone)
        after = booked(ledger, Cancel(), PLAIN.with_(**alone)).ledger
        assert after == replace(ledger, status=S.CANCELLED)
        assert refused(ledger, Cancel(), PLAIN.with_(**others)) is Refusal.STATE


class TestAutoRefund:
    """The platform's own refund."""

    @pytest.mark.parametrize(
        ("status", "gone"), [(S.APPROVED, 0), (S.CAPTURED, 0), (S.PARTIALLY_REFUNDED, 2500)]
    )
    def test_it_gives_back_what_is_left(self, status: OrderStatus, gone: int) -> None:
        """A replacing order ends fully refunded with nothing left."""
        outcome = booked(order(status, kind=OrderType.REPLACING, refunded=gone), AutoRefund())
        assert outcome.amount == 10000 - gone
        assert outcome.ledger.status is S.FULLY_REFUNDED
        assert (outcome.ledger.left, outcome.ledger.left_points) == (0, 0)

    @pytest.mark.parametrize("status", [S.CANCELLED, S.FULLY_REFUNDED])
    def test_it_never_doubles(self, status: OrderStatus) -> None:
        """What is closed stays closed for the platform too."""
        assert refused(order(status, kind=OrderType.REPLACING), AutoRefund()) is Refusal.STATE

    def test_an_earning_order_is_never_auto_refunded(self) -> None:
        """The auto-refund is of replacing orders."""
        assert refused(order(), AutoRefund()) is Refusal.STATE


class TestSteps:
    """Authorize, capture and complete move no money."""

    @pytest.mark.parametrize(
        ("status", "action", "after"),
        [
            (S.NEW, Action.AUTHORIZE, S.AUTHORIZED),
            (S.AUTHORIZED, Action.CAPTURE, S.CAPTURED),
            (S.NEW, Action.COMPLETE, S.APPROVED),
        ],
    )
    def test_a_step_changes_the_status_alone(
        self, status: OrderStatus, action: Action, after: OrderStatus
    ) -> None:
        """The books are the same but for the status."""
        ledger = order(status, kind=OrderType.REPLACING)
        assert booked(ledger, Step(action)) == Booked(replace(ledger, status=after), action)

    def test_an_earning_order_is_never_completed(self) -> None:
        """Completing is for replacing orders alone."""
        assert refused(order(S.NEW), Step(Action.COMPLETE)) is Refusal.STATE

    def test_completing_a_captured_order_is_disputed(self) -> None:
        """Refused on one page, part of the flow on another."""
        ledger = order(S.CAPTURED, kind=OrderType.REPLACING)
        lenient = PLAIN.with_(complete_captured="accepted")
        assert refused(ledger, Step(Action.COMPLETE)) is Refusal.STATE
        assert booked(ledger, Step(Action.COMPLETE), lenient).ledger.status is S.APPROVED


class TestPossibleAfter:
    """The oracle where an amount can be booked in two ways."""

    def test_an_inexact_amount_leaves_two_ledgers(self) -> None:
        """10.005 SAR accepted: 10.00 or 10.01 have gone back."""
        after = possible_after([order()], nearby_halalas("10.005"), PLAIN)
        assert {ledger.refunded for ledger in after} == {1000, 1001}

    def test_possibilities_multiply_and_merge(self) -> None:
        """Two inexact refunds leave three sums, not four."""
        once = possible_after([order()], nearby_halalas("10.005"), PLAIN)
        twice = possible_after(once, nearby_halalas("10.005"), PLAIN)
        assert {ledger.refunded for ledger in twice} == {2000, 2001, 2002}

    def test_what_no_reading_allows_is_empty(self) -> None:
        """An accepted refund above the total is possible on no reading."""
        assert possible_after([order()], nearby_halalas("100.011"), PLAIN) == frozenset()

    def test_an_amount_across_the_bound_leaves_the_allowed_one(self) -> None:
        """100.004 accepted can only have been booked as the total."""
        (after,) = possible_after([order()], nearby_halalas("100.004"), PLAIN)
        assert after.status is S.FULLY_REFUNDED

    def test_less_than_a_halala_may_be_nothing(self) -> None:
        """0.004 accepted may have moved nothing, where a dialect takes zero."""
        lenient = PLAIN.with_(amount_zero="nothing")
        after = possible_after([order()], nearby_halalas("0.004"), lenient)
        assert after == {order(), booked(order(), Refund(1)).ledger}
