"""What a finding costs, and whom."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.finding import Finding
from points_conformance.rules.api.costs import cost_of, cost_on
from points_conformance.rules.client.judging import cost_of as cost_of_turn
from points_conformance.rules.consumer.telling import cost_of as cost_of_books
from points_conformance.rules.costs import CUSTOMER, MERCHANT, PLATFORM, in_points, in_sar
from points_conformance.targets.api.order import Reversal, TestOrder
from points_conformance.targets.client.outcome import ClientOutcome

OWED = "refused what must be accepted"


def order(*reversals: tuple[str, str, bool]) -> TestOrder:
    """An order of 100.00 SAR: what was done, with which amount, and whether it was accepted."""
    done = [
        Reversal(
            operation=operation,
            part=bool(amount),
            amount=Decimal(amount) if amount else None,
            accepted=accepted,
            refused=not accepted,
        )
        for operation, amount, accepted in reversals
    ]
    return TestOrder(
        uuid="5f3c",
        kind=OrderType.EARNING,
        status=OrderStatus.APPROVED,
        total=10000,
        points=2000,
        number="1",
        given=False,
        rule="refund.sum-bounded",
        reversals=done,
    )


@pytest.mark.parametrize(
    ("reversals", "title", "amount", "loses"),
    [
        ([("refund", "60.00", True), ("refund", "80.01", True)], "", "40.01", MERCHANT),
        ([("refund", "", True), ("refund", "", True)], "", "100.00", MERCHANT),
        ([("refund", "", True), ("refund", "1.00", True)], "", "1.00", MERCHANT),
        ([("cancel", "", True), ("refund", "25.00", True)], "", "25.00", MERCHANT),
        ([("refund", "25.00", True), ("refund", "", False)], OWED, "75.00", CUSTOMER),
        ([("refund", "30.00", False)], OWED, "30.00", CUSTOMER),
    ],
)
def test_a_server_costs_what_went_back_beyond_or_is_owed(
    reversals: list[tuple[str, str, bool]], title: str, amount: str, loses: str
) -> None:
    """The merchant pays twice, or the customer waits."""
    cost = cost_on(order(*reversals), title)
    assert cost is not None
    assert (cost.amount, cost.of, cost.loses) == (amount, "100.00", loses)


@pytest.mark.parametrize(
    "reversals",
    [
        [("refund", "60.00", True), ("refund", "40.00", True)],
        [("refund", "60.00", True), ("refund", "", True)],
        [("refund", "140.00", False)],
        [("cancel", "", True), ("cancel", "", True)],
    ],
)
def test_what_moves_no_money_costs_nothing(reversals: list[tuple[str, str, bool]]) -> None:
    """A refusal that is right, the rest, a second cancel."""
    assert cost_on(order(*reversals), "wrong order status") is None


def test_the_cost_is_of_the_last_order_that_anything_was_done_to() -> None:
    """The one that the finding is about; without one there is none."""
    finding = Finding(OWED, expected="", got="")
    over = order(("refund", "", True), ("refund", "", True))
    cost = cost_of(finding, [over, order()])
    assert cost is not None
    assert cost.text == (
        "100.00 SAR more than was paid, on one order of 100.00 SAR: the merchant loses it"
    )
    assert cost_of(finding, [order()]) is None


def test_points_are_lost_by_points_or_by_the_customer() -> None:
    """Whole points, not riyals."""
    kept = in_points(500, "kept of a refunded order", of=2000, loses=PLATFORM)
    assert kept is not None
    assert (
        kept.text
        == "500 points kept of a refunded order, on one order of 2000 points: Points loses it"
    )
    assert in_sar(0, "", of=1, loses=MERCHANT) is None


@pytest.mark.parametrize(
    ("asked", "moved", "said", "amount", "loses"),
    [
        (2500, 5000, ClientOutcome.DONE, "25.00", MERCHANT),
        (2500, 2500, ClientOutcome.REFUSED, "25.00", MERCHANT),
        (2500, 0, ClientOutcome.DONE, "25.00", CUSTOMER),
        (2500, 0, ClientOutcome.UNKNOWN, None, None),
        (2500, 2500, ClientOutcome.UNKNOWN, None, None),
        (0, 0, ClientOutcome.DONE, None, None),
    ],
)
def test_a_client_costs_what_moved_otherwise_than_it_was_asked_or_says(
    asked: int, moved: int, said: ClientOutcome, amount: str | None, loses: str | None
) -> None:
    """What is unknown costs nothing: it is read again."""
    turn = SimpleNamespace(
        asked=asked,
        moved=moved,
        said=SimpleNamespace(outcome=said),
        before=SimpleNamespace(total=10000),
    )
    cost = cost_of_turn(cast(Any, turn))
    assert (cost and cost.amount, cost and cost.loses) == (amount, loses)


@pytest.mark.parametrize(
    ("expected", "booked", "amount", "loses"),
    [
        (2500, 10000, "75.00", CUSTOMER),
        (2500, 0, "25.00", MERCHANT),
        (2500, None, "25.00", MERCHANT),
        (2500, 2500, None, None),
        (None, 2500, None, None),
    ],
)
def test_a_consumer_costs_what_its_books_are_off_by(
    expected: int | None, booked: int | None, amount: str | None, loses: str | None
) -> None:
    """An order that it does not know of has nothing booked."""
    wrong = SimpleNamespace(
        expected=SimpleNamespace(refunded=expected),
        state=None if booked is None else SimpleNamespace(halalas=booked),
        case=SimpleNamespace(order=SimpleNamespace(ledger=SimpleNamespace(total=10000))),
    )
    cost = cost_of_books(cast(Any, wrong))
    assert (cost and cost.amount, cost and cost.loses) == (amount, loses)
