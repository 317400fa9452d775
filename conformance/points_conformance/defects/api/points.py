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

seed = Seeds(ServerDefect)
POINTS = ("points.*", "property.*", "story.*", "webhook.*")


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


@seed("points-are-kept", "points.in-proportion", "points.full-reverses-all", related=POINTS)
class KeepsPoints(_Reckoning):
    """A refund reverses no points."""

    def points(self, order: Order, booked: Booked) -> int:
        """The job was never written."""
        return 0


@seed("points-are-kept-on-parts", "points.in-proportion", related=POINTS)
class KeepsPointsOnParts(_Reckoning):
    """A partial refund reverses no points; the last one reverses all."""

    def points(self, order: Order, booked: Booked) -> int:
        """Only full refunds are thought of."""
        return order.ledger.left_points if booked.action is Action.REFUND_REST else 0


@seed("points-all-go-with-the-first-part", "points.in-proportion", related=POINTS)
class ReversesAllOnParts(_Reckoning):
    """A partial refund reverses all points that are left."""

    def points(self, order: Order, booked: Booked) -> int:
        """No proportion."""
        return order.ledger.left_points


@seed("points-are-the-amount", "points.in-proportion", related=POINTS)
class PointsAreTheAmount(_Reckoning):
    """One point a riyal is reversed, whatever the merchant awards."""

    def points(self, order: Order, booked: Booked) -> int:
        """A rate that is assumed."""
        if booked.action is Action.REFUND_REST:
            return order.ledger.left_points
        return min(booked.amount // 100, order.ledger.left_points)


@seed("points-by-a-fixed-rate", "points.in-proportion", related=POINTS)
class FixedRate(_Reckoning):
    """Ten points a riyal are reversed, whatever the merchant awards."""

    def points(self, order: Order, booked: Booked) -> int:
        """The rate of another page."""
        if booked.action is Action.REFUND_REST:
            return order.ledger.left_points
        return min(booked.amount // 10, order.ledger.left_points)


@seed("points-of-what-is-left", "points.each-in-proportion", related=POINTS)
class ProportionOfLeft(_Reckoning):
    """Each part reverses its share of the points that are left, measured against the total."""

    def points(self, order: Order, booked: Booked) -> int:
        """Compound instead of plain."""
        if booked.action is Action.REFUND_REST:
            return order.ledger.left_points
        return order.ledger.left_points * booked.amount // order.ledger.total


@seed("points-of-the-sum", "points.each-in-proportion", related=POINTS)
class PointsOfTheSum(_Reckoning):
    """Each part reverses the points of all parts so far."""

    def points(self, order: Order, booked: Booked) -> int:
        """The sum where the amount is meant."""
        ledger = booked.ledger
        return min(ledger.points * ledger.refunded // ledger.total, order.ledger.left_points)


@seed("points-remain-at-the-end", "points.none-left-at-the-end", "property.points",
      related=POINTS)  # fmt: skip
class RemaindersStay(_Reckoning):
    """Each part's share is rounded down to tenths of a percent: points remain at the end."""

    def points(self, order: Order, booked: Booked) -> int:
        """No reckoning up with the last part."""
        if booked.amount == order.ledger.total:
            return order.ledger.points
        return order.ledger.points * (booked.amount * 1000 // order.ledger.total) // 1000


@seed("points-go-below-zero", "points.none-left-at-the-end", related=POINTS)
class BelowZero(_Reckoning):
    """Each part's share is rounded up to tenths of a percent: fewer than none remain."""

    def points(self, order: Order, booked: Booked) -> int:
        """No look at what is left."""
        if booked.amount == order.ledger.total:
            return order.ledger.points
        return order.ledger.points * -(-booked.amount * 1000 // order.ledger.total) // 1000


@seed("a-halala-reverses-a-negative-point", "points.never-negative", related=POINTS)
class NegativePoint(_Reckoning):
    """A refund of less than half a point's worth reverses minus one point."""

    def points(self, order: Order, booked: Booked) -> int:
        """Rounded, less one."""
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


@seed("left-points-are-told-before", "points.conserved", "points.full-reverses-all",
      "points.none-left-at-the-end", related=POINTS)  # fmt: skip
class TellsLeftBefore(_Telling):
    """left_points tells what was left before the refund."""

    def told(self, order: Order, booked: Booked) -> dict[str, Any]:
        """The model is not refreshed."""
        return {"left_points": booked.ledger.left_points + booked.points}


@seed("left-points-are-the-reversed-ones", "points.left-never-grows", "points.conserved",
      "points.full-reverses-all", related=POINTS)  # fmt: skip
class TellsReversedAsLeft(_Telling):
    """left_points tells the points that were reversed so far, and so grows."""

    def told(self, order: Order, booked: Booked) -> dict[str, Any]:
        """Two names mixed up."""
        return {"left_points": booked.ledger.refunded_points}


@seed("refund-points-are-the-sum", "points.each-in-proportion", related=POINTS)
class TellsTheSum(_Telling):
    """refund_points tells all points reversed so far instead of this refund's."""

    def told(self, order: Order, booked: Booked) -> dict[str, Any]:
        """Cumulative."""
        return {"refund_points": booked.ledger.refunded_points}


@seed("refund-points-of-replacing-are-negative", "points.replacing-order", related=POINTS)
class NegativeForReplacing(_Telling):
    """refund_points of a replacing order is negative: the points go the other way."""

    def told(self, order: Order, booked: Booked) -> dict[str, Any]:
        """A sign for the direction."""
        if order.kind is OrderType.REPLACING:
            return {"refund_points": -booked.points}
        return {}
