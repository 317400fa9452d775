"""Servers that give money back and get the points wrong."""

from dataclasses import replace
from typing import Any

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.names import OrderType
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import Rebooking
from points_conformance.defects.defect import Seeds
from points_conformance.ledger import Booked, Command, Refund
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["seed"]

POINTS = ("points.*", "property.*", "story.*", "webhook.*")
seed = Seeds(ServerDefect, related=POINTS)


class _Reckoning(Rebooking):
    """Reverses another number of points."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """The same money, other points."""
        if not isinstance(command, Refund) or not booked.amount:
            return booked
        points = self.points(order, booked)
        gone = order.ledger.refunded_points + points
        return replace(booked, points=points, ledger=replace(booked.ledger, refunded_points=gone))

    def points(self, order: Order, booked: Booked) -> int:
        """The points that this refund reverses."""
        raise NotImplementedError


@seed.on(_Reckoning.points, "points-are-kept", "points.in-proportion", "points.full-reverses-all")
def keeps_points(desk: _Reckoning, order: Order, booked: Booked) -> int:
    """A refund reverses no points."""
    # The job was never written.
    return 0


@seed.on(_Reckoning.points, "points-are-kept-on-parts", "points.in-proportion")
def keeps_points_on_parts(desk: _Reckoning, order: Order, booked: Booked) -> int:
    """A partial refund reverses no points; the last one reverses all."""
    # Only full refunds are thought of.
    return order.ledger.left_points if booked.action is Action.REFUND_REST else 0


@seed.on(_Reckoning.points, "points-all-go-with-the-first-part", "points.in-proportion")
def reverses_all_on_parts(desk: _Reckoning, order: Order, booked: Booked) -> int:
    """A partial refund reverses all points that are left."""
    # No proportion.
    return order.ledger.left_points


@seed.on(_Reckoning.points, "points-are-the-amount", "points.in-proportion")
def points_are_the_amount(desk: _Reckoning, order: Order, booked: Booked) -> int:
    """One point a riyal is reversed, whatever the merchant awards."""
    # A rate that is assumed.
    if booked.action is Action.REFUND_REST:
        return order.ledger.left_points
    return min(booked.amount // 100, order.ledger.left_points)


@seed.on(_Reckoning.points, "points-by-a-fixed-rate", "points.in-proportion")
def fixed_rate(desk: _Reckoning, order: Order, booked: Booked) -> int:
    """Ten points a riyal are reversed, whatever the merchant awards."""
    # The rate of another page.
    if booked.action is Action.REFUND_REST:
        return order.ledger.left_points
    return min(booked.amount // 10, order.ledger.left_points)


@seed.on(_Reckoning.points, "points-of-what-is-left", "points.each-in-proportion")
def proportion_of_left(desk: _Reckoning, order: Order, booked: Booked) -> int:
    """Each part reverses its share of the points that are left, measured against the total."""
    # Compound instead of plain.
    if booked.action is Action.REFUND_REST:
        return order.ledger.left_points
    return order.ledger.left_points * booked.amount // order.ledger.total


@seed.on(_Reckoning.points, "points-of-the-sum", "points.each-in-proportion")
def points_of_the_sum(desk: _Reckoning, order: Order, booked: Booked) -> int:
    """Each part reverses the points of all parts so far."""
    # The sum where the amount is meant.
    ledger = booked.ledger
    return min(ledger.points * ledger.refunded // ledger.total, order.ledger.left_points)


@seed.on(
    _Reckoning.points, "points-remain-at-the-end", "points.none-left-at-the-end", "property.points"
)
def remainders_stay(desk: _Reckoning, order: Order, booked: Booked) -> int:
    """Each part's share is rounded down to tenths of a percent: points remain at the end."""
    # No reckoning up with the last part.
    if booked.amount == order.ledger.total:
        return order.ledger.points
    return order.ledger.points * (booked.amount * 1000 // order.ledger.total) // 1000


@seed.on(_Reckoning.points, "points-go-below-zero", "points.none-left-at-the-end")
def below_zero(desk: _Reckoning, order: Order, booked: Booked) -> int:
    """Each part's share is rounded up to tenths of a percent: fewer than none remain."""
    # No look at what is left.
    if booked.amount == order.ledger.total:
        return order.ledger.points
    return order.ledger.points * -(-booked.amount * 1000 // order.ledger.total) // 1000


@seed.on(_Reckoning.points, "a-halala-reverses-a-negative-point", "points.never-negative")
def negative_point(desk: _Reckoning, order: Order, booked: Booked) -> int:
    """A refund of less than half a point's worth reverses minus one point."""
    # Rounded, less one.
    points = order.ledger.points * booked.amount // order.ledger.total
    return booked.points if points else -1


class _Telling(Presenter):
    """Tells other points than those that were booked."""

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> dict[str, Any]:
        """The payload's fields, changed."""
        told = super().refunded(order, booked, reason)
        return told | self.told(order, booked) if "left_points" in told else told

    def told(self, order: Order, booked: Booked) -> dict[str, Any]:
        """The fields that are told otherwise."""
        raise NotImplementedError


@seed.on(
    _Telling.told,
    "left-points-are-told-before",
    "points.conserved",
    "points.full-reverses-all",
    "points.none-left-at-the-end",
)
def tells_left_before(presenter: _Telling, order: Order, booked: Booked) -> dict[str, Any]:
    """left_points tells what was left before the refund."""
    # The model is not refreshed.
    return {"left_points": booked.ledger.left_points + booked.points}


@seed.on(
    _Telling.told,
    "left-points-are-the-reversed-ones",
    "points.left-never-grows",
    "points.conserved",
    "points.full-reverses-all",
)
def tells_reversed_as_left(presenter: _Telling, order: Order, booked: Booked) -> dict[str, Any]:
    """left_points tells the points that were reversed so far, and so grows."""
    # Two names mixed up.
    return {"left_points": booked.ledger.refunded_points}


@seed.on(_Telling.told, "refund-points-are-the-sum", "points.each-in-proportion")
def tells_the_sum(presenter: _Telling, order: Order, booked: Booked) -> dict[str, Any]:
    """refund_points tells all points reversed so far instead of this refund's."""
    # Cumulative.
    return {"refund_points": booked.ledger.refunded_points}


@seed.on(_Telling.told, "refund-points-of-replacing-are-negative", "points.replacing-order")
def negative_for_replacing(presenter: _Telling, order: Order, booked: Booked) -> dict[str, Any]:
    """refund_points of a replacing order is negative: the points go the other way."""
    # A sign for the direction.
    if order.kind is OrderType.REPLACING:
        return {"refund_points": -booked.points}
    return {}
