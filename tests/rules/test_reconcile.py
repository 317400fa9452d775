"""Three views of an order on made-up evidence: what agrees is left alone, what differs is named."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.rules.api.reconcile import (
    Announced,
    Asked,
    History,
    Kind,
    Shown,
    discrepancies,
    lacking,
)

PARTIAL, FULL = "partially_refunded", "fully_refunded"


def refund(amount: int | None, **fields: Any) -> Asked:
    """A refund that was carried out."""
    amounts = None if amount is None else frozenset({amount})
    return Asked(operation="refund", amounts=amounts, **fields)


def told(amount: int, left: int | None, **fields: Any) -> Announced:
    """A refund as an honest event tells it, of an order of 100.00 and 2000 points."""
    points = {"points": Decimal(amount * 20) / 100}
    points["left_points"] = None if left is None else Decimal(left * 20) / 100  # type: ignore[assignment]
    status = PARTIAL if left else FULL
    whole = {"digest": f"{amount}/{left}", "status": status, "timestamp": f"{left}", **points}
    return Announced(event="refunded", amount=amount, left=left, **{**whole, **fields})


def history(asked: Sequence[Asked], said: Sequence[Announced] = (), **fields: Any) -> History:
    """An approved earning order of 100.00 SAR and 2000 points."""
    sound: dict[str, Any] = {
        "order": "o",
        "kind": OrderType.EARNING,
        "total": 10_000,
        "points": 2000,
        "start": OrderStatus.APPROVED,
    }
    return History(asked=asked, told=said, **{**sound, **fields})


SERIES = [refund(2_500), refund(2_500), refund(5_000)]
EVENTS = [told(2_500, 7_500), told(2_500, 5_000), told(5_000, 0)]


def kinds(found: History) -> set[Kind]:
    """What sorts of differences there are."""
    return {one.kind for one in discrepancies(found)}


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(EVENTS, id="in order"),
        pytest.param(EVENTS[::-1], id="out of order"),
        pytest.param([EVENTS[0], *EVENTS, EVENTS[2]], id="identical repeats"),
    ],
)
def test_an_honest_story_agrees(said: list[Announced]) -> None:
    """Order and identical repeats do not matter."""
    assert discrepancies(history(SERIES, said, shown=[Shown(FULL, 3)])) == []


def test_a_lost_event_is_named() -> None:
    """Two of three."""
    assert kinds(history(SERIES, EVENTS[:2])) == {Kind.LOST}


def test_what_is_lacking_is_told_by_event_and_number() -> None:
    """How many there must be at least; of nothing that is enough."""
    assert lacking(history(SERIES, EVENTS)) == []
    assert lacking(history(SERIES, EVENTS[:2])) == [("refunded", 3)]
    assert lacking(history([Asked(operation="cancel")])) == [("cancelled", 1)]
    assert lacking(history([], platform=True)) == [("auto_refunded", 1)]


def test_a_doubled_event_is_named() -> None:
    """The same refund with another timestamp is another event."""
    twice = [*EVENTS, replace(EVENTS[1], digest="again", timestamp="later")]
    assert kinds(history(SERIES, twice)) == {Kind.DOUBLED}


def test_what_was_refused_is_not_told() -> None:
    """Nor is it anything but unasked."""
    refused = replace(refund(20_000), accepted=False)
    assert kinds(history([refused], [told(10_000, 0)])) == {Kind.UNASKED}
    assert kinds(history([refused])) == set()


def test_without_an_inbox_nothing_is_missing() -> None:
    """Only answers and reads are compared then."""
    assert discrepancies(history(SERIES, inbox=False, shown=[Shown(FULL, 3)])) == []
    assert kinds(history(SERIES, inbox=False, shown=[Shown(PARTIAL, 3)])) == {Kind.READ}


ALTERED = [
    (replace(EVENTS[1], amount=5_000), Kind.ALTERED),
    (replace(EVENTS[1], amount=None), Kind.ALTERED),
    (replace(EVENTS[1], left=5_001), Kind.MONEY),
    (replace(EVENTS[1], status=FULL), Kind.STATUS),
    (replace(EVENTS[1], points=Decimal(800)), Kind.POINTS),
    (replace(EVENTS[1], left_points=Decimal(1_001)), Kind.POINTS),
]


@pytest.mark.parametrize(("altered", "kind"), ALTERED)
def test_an_altered_event_is_named(altered: Announced, kind: Kind) -> None:
    """By what it no longer agrees with."""
    assert kind in kinds(history(SERIES, [EVENTS[0], altered, EVENTS[2]]))


def test_a_refund_without_amount_gives_back_the_rest() -> None:
    """Neither less nor more."""
    asked = [refund(2_500), refund(None)]
    assert kinds(history(asked, [told(2_500, 7_500), told(7_500, 0)])) == set()
    assert Kind.MONEY in kinds(history(asked, [told(2_500, 7_500), told(5_000, 2_500)]))


def test_more_than_the_total_is_named() -> None:
    """Whoever carried it out."""
    asked = [refund(6_000), refund(6_000)]
    said = [told(6_000, 4_000), told(6_000, 0, digest="second")]
    assert Kind.MONEY in kinds(history(asked, said))


def test_three_decimals_may_be_booked_either_way() -> None:
    """And no third way."""
    asked = [Asked(operation="refund", amounts=frozenset({55, 56}))]
    for amount in (55, 56):
        assert kinds(history(asked, [told(amount, 10_000 - amount)])) == set()
    assert Kind.ALTERED in kinds(history(asked, [told(57, 10_000 - 57)]))


def test_a_zero_may_be_told_or_not() -> None:
    """It moved nothing."""
    assert kinds(history([refund(0)])) == set()


def test_an_unknown_outcome_says_nothing() -> None:
    """An answer was lost: the refund may have been carried out or not."""
    asked = [replace(refund(2_500), accepted=None)]
    assert kinds(history(asked)) == set()
    assert kinds(history(asked, [told(2_500, 7_500)])) == set()


def test_two_equal_refunds_in_a_second_may_look_alike() -> None:
    """Where left_amount is not told that is a hole in the API, and no event is missing."""
    same = told(2_500, None, status=PARTIAL)
    assert kinds(history([refund(2_500)] * 2, [same, same])) == set()
    assert kinds(history([refund(2_500)] * 2, [same])) == {Kind.LOST}


def test_an_order_that_came_half_refunded_is_not_added_up() -> None:
    """Nobody knows how much of it had gone back."""
    start = OrderStatus.PARTIALLY_REFUNDED
    assert kinds(history([refund(None)], [told(5_000, 0)], start=start)) == set()


def test_a_cancel_is_told_with_its_reason() -> None:
    """Given or default, and the order is cancelled."""
    cancel = Asked(operation="cancel")
    event = Announced(event="cancelled", digest="c", status="cancelled")
    default = replace(event, reason="Order cancelled via API")
    new = {"start": OrderStatus.NEW, "shown": [Shown("cancelled", 1)]}
    assert kinds(history([cancel], [default], **new)) == set()
    assert kinds(history([cancel], [event], **new)) == {Kind.ALTERED}
    assert kinds(history([replace(cancel, reason="mine")], [default], **new)) == {Kind.ALTERED}
    stale = replace(default, status="new")
    assert kinds(history([cancel], [stale], **new)) == {Kind.STATUS}


def test_an_abandoned_checkout_needs_no_call() -> None:
    """A customer may leave a new replacing order."""
    event = Announced(event="cancelled", digest="c", status="cancelled")
    left = {"kind": OrderType.REPLACING, "start": OrderStatus.NEW}
    assert kinds(history([], [event], **left)) == set()
    assert kinds(history([], [event])) == {Kind.UNASKED}


def test_an_auto_refund_is_told() -> None:
    """With all that was left."""
    auto = Announced(event="auto_refunded", digest="a", status=FULL, amount=10_000)
    asked_for = {"kind": OrderType.REPLACING, "platform": True, "shown": [Shown(FULL, 0)]}
    assert kinds(history([], [auto], **asked_for)) == set()
    assert kinds(history([], **asked_for)) == {Kind.LOST}
