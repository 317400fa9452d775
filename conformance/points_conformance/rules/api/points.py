"""``points.*``: what a refund does to points, as its webhooks tell it (Refunds & Cancellations).

REST shows no points that were reversed, so all of these need an inbox. The award rate is the
merchant's setting and the rounding is documented nowhere: proportion is checked with a tolerance of
the points of one riyal, and exactly only where it must be exact.
"""

from decimal import Decimal
from typing import Any

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderType
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.rule import Level, Profile, inferred, promised, source
from points_conformance.judging.verdict import Cost
from points_conformance.ledger import points_tolerance
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.costs import CUSTOMER, PLATFORM, in_points
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import ApiTarget

__all__ = ["proportionate", "rule", "told_refunds"]

MUST = Level.MUST
POINTS = source(Page.REVERSALS, "Points")
PAYLOAD = source(Page.EVENTS, "refunded")
GIVEN_BACK = inferred("points are given back, not taken twice")
TOLD = "webhook.refund-is-told"
FIELDS = ("refund_points", "left_points")
rule = family(POINTS, PAYLOAD, after=("refund.partial", TOLD), needs=Need.INBOX)


def told_refunds(api: ApiTarget, order: TestOrder, count: int) -> list[dict[str, Any]]:
    """The order as each of its ``refunded`` events tells it, in the order of the refunds, however
    the events came.

    Raises :class:`NotExercised` where they do not tell points, which is optional, or do not all
    come: that they come is another rule's business.
    """
    events = api.webhooks().waited_for(order.uuid, "refunded", count)
    if not all(_is_number(event.order.get(name)) for event in events for name in FIELDS):
        raise NotExercised(
            "the refunded events do not tell points: those fields are optional",
            lacks="points in events",
        )
    return _as_booked([event.order for event in all_of(api, order, "refunded", count)])


def _as_booked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Points fall or stay: of refunds that leave as many, those without points are the later."""
    return sorted(rows, key=lambda row: (row["left_points"], row["refund_points"]), reverse=True)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _with_points(api: ApiTarget, total: int = 15_075) -> TestOrder:
    api.webhooks()
    order = api.order(kind=OrderType.EARNING, total=total)
    if not order.points:
        raise NotExercised("the order has no points", lacks="orders with points")
    return order


def _series(api: ApiTarget, order: TestOrder, *amounts: int) -> list[dict[str, Any]]:
    for amount in amounts:
        expect(api.refund(order, amount=sar(amount)), order).accepted()
    return told_refunds(api, order, len(amounts))


def proportionate(order: TestOrder, amount: int, points: Decimal) -> None:
    """The points of a refund of ``amount`` halalas are in proportion, within the tolerance."""
    total = Decimal(order.points or 0)
    exact = total * amount / order.total
    allowed = points_tolerance(total, order.total)
    fail_unless(
        abs(points - exact) <= allowed,
        "points are not reversed in proportion",
        expected=f"about {exact:.2f} of {total} points for {sar(amount)} of {sar(order.total)} SAR "
        f"(within {allowed:.2f}, the points of a riyal and one for rounding)",
        got=f"refund_points {points}",
    )


@rule("points.in-proportion", MUST, profile=Profile.SMOKE, calls=2)
def a_partial_refund_reverses_points_in_proportion(api: ApiTarget) -> None:
    """A partial refund of an earning order MUST reverse its points in proportion."""
    order = _with_points(api)
    amount = order.total // 6
    told = _series(api, order, amount)
    proportionate(order, amount, told[0]["refund_points"])


@rule("points.each-in-proportion", MUST, after="points.in-proportion", calls=5)
def every_part_reverses_its_own_points(api: ApiTarget) -> None:
    """Each of several partial refunds MUST reverse the points of its own amount."""
    order = _with_points(api)
    part = order.total // 5
    for told in _series(api, order, part, part, part):
        proportionate(order, part, told["refund_points"])


@rule("points.full-reverses-all", MUST, after=("refund.full", TOLD), profile=Profile.SMOKE, calls=2)
def a_full_refund_reverses_all_points(api: ApiTarget) -> None:
    """A full refund of an earning order MUST reverse all of its points and leave none."""
    order = _with_points(api)
    expect(api.refund(order), order).accepted()
    told = told_refunds(api, order, 1)[0]
    fail_unless(
        told["refund_points"] == order.points and told["left_points"] == 0,
        "a full refund does not reverse all points",
        expected=f"refund_points {order.points}, left_points 0",
        got=f"refund_points {told['refund_points']}, left_points {told['left_points']}",
        cost=_cost(told["refund_points"], order.points),
    )


@rule("points.none-left-at-the-end", MUST, calls=4)
def parts_that_add_up_leave_no_points(api: ApiTarget) -> None:
    """Partial refunds that add up to the total MUST reverse all points, no more and no fewer."""
    order = _with_points(api)
    third = order.total // 3
    told = _series(api, order, third + 7, third - 101, order.total - 2 * third + 94)
    reversed_ = sum(row["refund_points"] for row in told)
    fail_unless(
        reversed_ == order.points and told[-1]["left_points"] == 0,
        "points do not add up",
        expected=f"refund_points that add up to {order.points}, and 0 left",
        got=f"{' + '.join(str(row['refund_points']) for row in told)} = {reversed_}, "
        f"{told[-1]['left_points']} left",
        cost=_cost(reversed_, order.points),
    )


def _cost(reversed_: Any, given: int | None) -> Cost | None:
    """Who has lost what, once all of an order went back and not all of its points did."""
    if not isinstance(reversed_, (int, Decimal)) or given is None:
        return None
    more = int(reversed_) - given
    if more > 0:
        return in_points(more, "taken back that were never given", of=given, loses=CUSTOMER)
    return in_points(-more, "kept of a refunded order", of=given, loses=PLATFORM)


@rule("points.conserved", MUST, promised("points are conserved"), PAYLOAD, calls=4)
def reversed_and_left_points_are_the_orders(api: ApiTarget) -> None:
    """After each refund the points reversed so far and those left MUST be the order's points."""
    order = _with_points(api)
    part = order.total // 7
    gone = Decimal(0)
    for told in _series(api, order, part, 2 * part, part):
        gone += told["refund_points"]
        fail_unless(
            gone + told["left_points"] == order.points,
            "points are not conserved",
            expected=f"{gone} reversed and {Decimal(order.points or 0) - gone} left",
            got=f"left_points {told['left_points']}",
        )


@rule("points.never-negative", MUST, GIVEN_BACK, PAYLOAD, calls=3)
def points_are_never_negative(api: ApiTarget) -> None:
    """refund_points and left_points MUST NOT be negative, down to a refund of a halala."""
    order = _with_points(api)
    for told in _series(api, order, 1, order.total - 1):
        for name in FIELDS:
            fail_unless(
                told[name] >= 0, f"{name} is negative", expected="0 or more", got=told[name]
            )


@rule("points.left-never-grows", MUST, inferred("a refund gives no points"), PAYLOAD, calls=5)
def left_points_never_grow(api: ApiTarget) -> None:
    """left_points MUST NOT grow from one refund of an order to the next."""
    order = _with_points(api)
    part = order.total // 6
    for _ in range(4):
        expect(api.refund(order, amount=sar(part)), order).accepted()
    told = [event.order for event in api.webhooks().waited_for(order.uuid, "refunded", 4)]
    for name in ("left_points", "left_amount"):
        if not all(_is_number(row.get(name)) for row in told):
            raise NotExercised(
                f"the refunded events do not tell {name}: the field is optional", lacks=name
            )
    told = [event.order for event in all_of(api, order, "refunded", 4)]
    rows = sorted(told, key=lambda row: row["left_amount"], reverse=True)
    left = [row["left_points"] for row in rows]
    fail_unless(
        left == sorted(left, reverse=True),
        "left_points grows",
        expected="left_points to fall or stay with each refund",
        got=", ".join(str(points) for points in left),
    )


@rule("points.replacing-order", MUST, needs=(Need.INBOX, Need.REPLACING), calls=3)
def points_of_a_replacing_order_are_consistent(api: ApiTarget) -> None:
    """Where a refund of a replacing order tells points, they MUST be neither negative nor grow."""
    api.webhooks()
    order = api.order(kind=OrderType.REPLACING, total=15_075)
    rows = _series(api, order, order.total // 4, order.total - order.total // 4)
    for told in rows:
        fail_unless(
            all(told[name] >= 0 for name in FIELDS),
            "points of a replacing order are negative",
            expected="0 or more",
            got=", ".join(f"{name} {told[name]}" for name in FIELDS),
        )
