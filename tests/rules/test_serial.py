"""What calls at once may come to: any order of the accepted ones, and no more than that."""

import pytest

from points_conformance.contract.lifecycle import Action, every_arrow
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger import OrderLedger
from points_conformance.rules.api.serial import ACTIONS, Asked, Pair, books_after, pairs, where

S, A = OrderStatus, Action
EVERY = every_arrow()
PAID_STAY = EVERY.with_(cancel_approved="refused", cancel_captured="refused")


def books(status: OrderStatus, refunded: int = 0) -> OrderLedger:
    """Of an order of a hundred riyals."""
    return OrderLedger(
        kind=OrderType.REPLACING, status=status, total=10_000, points=0, refunded=refunded
    )


def ends(status: OrderStatus, *accepted: Asked, refunded: int = 0) -> set[tuple[OrderStatus, int]]:
    """The statuses and what is left, that accepted calls may lead to."""
    found = books_after(books(status, refunded), accepted, EVERY)
    return {(end.status, end.left) for end in found}


def test_nothing_accepted_changes_nothing() -> None:
    """All may be turned away."""
    assert ends(S.NEW) == {(S.NEW, 10_000)}


@pytest.mark.parametrize(
    ("status", "accepted", "expected"),
    [
        # Complete, then the cancel of an approved order; never the other way round.
        (S.NEW, [(A.CANCEL, None), (A.COMPLETE, None)], {(S.CANCELLED, 10_000)}),
        (S.AUTHORIZED, [(A.CANCEL, None), (A.CAPTURE, None)], {(S.CANCELLED, 10_000)}),
        (S.AUTHORIZED, [(A.REFUND_REST, 10_000), (A.CAPTURE, None)], {(S.FULLY_REFUNDED, 0)}),
        (
            S.APPROVED,
            [(A.REFUND_PART, 3_000), (A.REFUND_PART, 3_000)],
            {(S.PARTIALLY_REFUNDED, 4_000)},
        ),
        # A part, then the cancel of what is partially refunded, which is disputed.
        (S.APPROVED, [(A.CANCEL, None), (A.REFUND_PART, 3_000)], {(S.CANCELLED, 7_000)}),
    ],
)
def test_what_could_come_one_by_one_may_come_at_once(
    status: OrderStatus, accepted: list[Asked], expected: set[tuple[OrderStatus, int]]
) -> None:
    """And it ends where one of the orders ends."""
    assert ends(status, *accepted) == expected


@pytest.mark.parametrize(
    ("status", "accepted"),
    [
        (S.NEW, [(A.CANCEL, None), (A.CANCEL, None)]),
        (S.NEW, [(A.COMPLETE, None), (A.COMPLETE, None)]),
        (S.APPROVED, [(A.REFUND_REST, 10_000), (A.REFUND_PART, 3_000)]),
        (S.APPROVED, [(A.REFUND_REST, 10_000), (A.CANCEL, None)]),
        (S.CAPTURED, [(A.REFUND_PART, 3_000)] * 4),
    ],
)
def test_what_no_order_allows_may_not_come_at_once(
    status: OrderStatus, accepted: list[Asked]
) -> None:
    """However it is turned."""
    assert ends(status, *accepted) == set()


def test_what_a_target_is_known_to_refuse_narrows_it() -> None:
    """Where captured orders are not cancelled, a capture and a cancel exclude each other."""
    accepted = [(A.CANCEL, None), (A.CAPTURE, None)]
    assert books_after(books(S.AUTHORIZED), accepted, PAID_STAY) == frozenset()


def test_what_no_source_speaks_of_may_be_accepted() -> None:
    """A second capture: it changes nothing, or leads where a capture does."""
    assert ends(S.AUTHORIZED, (A.CAPTURE, None), (A.CAPTURE, None)) == {(S.CAPTURED, 10_000)}


def test_the_order_of_the_calls_as_they_are_listed_says_nothing() -> None:
    """They came at once."""
    one: list[Asked] = [(A.REFUND_PART, 1_000), (A.CAPTURE, None), (A.CANCEL, None)]
    assert ends(S.AUTHORIZED, *one) == ends(S.AUTHORIZED, *reversed(one)) != set()


def test_every_pair_is_tried_somewhere() -> None:
    """Each action with itself and each other."""
    assert len(pairs()) == len(ACTIONS) * (len(ACTIONS) + 1) // 2
    assert all(where(pair) for pair in pairs())


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: f"{pair[0].value}, {pair[1].value}")
def test_a_pair_is_tried_where_one_of_the_two_leads_on(pair: Pair) -> None:
    """By itself, or once the other was done."""
    for status in where(pair):
        assert any(ends(status, (action, 1_000 if "refund" in action else None)) for action in pair)
