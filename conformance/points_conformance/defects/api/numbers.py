"""Servers whose events tell amounts that went through a float, or through too few bits."""

import math
import struct
from datetime import datetime
from decimal import Decimal
from typing import Any

from points_conformance.contract.money import sar
from points_conformance.contract.names import Event
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.webhooks import TOLD
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.ledger import Booked
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["seed"]

seed = Seeds(ServerDefect, related=TOLD, profile=Profile.STANDARD)
SERIES, PRICES, LARGE = (
    "numbers.series-is-exact",
    "numbers.prices-are-exact",
    "numbers.large-orders",
)


def _shown(value: float) -> Decimal:
    """A float as JSON shows it: with the fewest digits that are it."""
    return Decimal(repr(value))


class _Refunded(Presenter):
    """Tells other fields of a refund."""

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> dict[str, Any]:
        """The sound fields, spoilt."""
        extra = super().refunded(order, booked, reason)
        self.spoil(extra, order, booked)
        return extra

    def spoil(self, extra: dict[str, Any], order: Order, booked: Booked) -> None:
        """Change what is told of the refund."""


# ---------------------------------------------------------------------- doubles
@seed("left-amount-is-a-double-taken-from", SERIES)
class TakesFromADouble(_Refunded):
    """left_amount is what a double holds after each part was taken from it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.left: dict[str, float] = {}

    def spoil(self, extra: dict[str, Any], order: Order, booked: Booked) -> None:
        """``order.left -= amount``."""
        left = self.left.get(order.uuid, booked.ledger.total / 100) - booked.amount / 100
        self.left[order.uuid] = left
        if "left_amount" in extra and booked.ledger.left:
            extra["left_amount"] = _shown(left)


@seed.on(_Refunded.spoil, "left-amount-is-total-less-a-sum", SERIES)
def takes_a_sum_from_the_total(
    presenter: _Refunded, extra: dict[str, Any], order: Order, booked: Booked
) -> None:
    """left_amount is one double less another."""
    # ``$order->total - $order->refunds->sum('amount')``.
    if "left_amount" in extra:
        extra["left_amount"] = _shown(booked.ledger.total / 100 - booked.ledger.refunded / 100)


@seed.on(_Refunded.spoil, "refund-amount-is-cut-to-halalas", PRICES, SERIES)
def cuts_to_halalas(
    presenter: _Refunded, extra: dict[str, Any], order: Order, booked: Booked
) -> None:
    """refund_amount is a halala less where a hundred times a double is less than it is."""
    # ``(int) ($amount * 100)``.
    extra["refund_amount"] = sar(int(booked.amount / 100 * 100))


@seed.on(_Refunded.spoil, "points-are-a-share-of-doubles", "numbers.points-are-readable")
def tells_points_of_doubles(
    presenter: _Refunded, extra: dict[str, Any], order: Order, booked: Booked
) -> None:
    """Points of a part are told with all the digits of their share."""
    # ``points * amount / total`` is written as it comes.
    if "left_points" in extra and booked.ledger.left:
        ledger = booked.ledger
        extra["refund_points"] = _shown(ledger.points * (booked.amount / ledger.total))


# ---------------------------------------------------------------------- prices
class _Priced(Presenter):
    """Tells another price in events."""

    def payload(
        self, event: Event, order: Order, at: datetime, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """The sound payload with another price."""
        payload = super().payload(event, order, at, extra)
        payload["order"]["total_price"] = self.price(order.ledger.total)
        return payload

    def price(self, total: int) -> Decimal:
        """Of a total in halalas."""
        return sar(total)


@seed.on(_Priced.price, "price-is-a-sum-of-items", PRICES)
def sums_items(presenter: _Priced, total: int) -> Decimal:
    """total_price is the sum of three items' doubles."""
    # ``items.reduce((sum, item) => sum + item.price, 0)``.
    third = total // 3 / 100
    return _shown(third + third + (total - 2 * (total // 3)) / 100)


@seed.on(_Priced.price, "price-is-rounded-up-to-halalas", PRICES)
def rounds_up(presenter: _Priced, total: int) -> Decimal:
    """total_price is a halala more where a hundred times a double is more than it is."""
    # ``Math.ceil(price * 100) / 100``, so that no halala is lost.
    return sar(math.ceil(total / 100 * 100))


# ---------------------------------------------------------------------- too few bits
@seed.on(_Priced.price, "price-is-a-single-float", LARGE)
def prices_in_single_floats(presenter: _Priced, total: int) -> Decimal:
    """total_price goes through a single float."""
    # A column of type FLOAT.
    single = struct.unpack("f", struct.pack("f", total / 100))[0]
    return round(Decimal(single), 2)


@seed.on(_Refunded.spoil, "refund-amount-has-six-digits", LARGE)
def tells_six_digits(
    presenter: _Refunded, extra: dict[str, Any], order: Order, booked: Booked
) -> None:
    """refund_amount has the six digits that a stream prints."""
    # ``std::ostream`` and ``%g``; 15.075 million riyals are 1.5075e+07.
    extra["refund_amount"] = Decimal(f"{booked.amount / 100:g}")


@seed.on(_Refunded.spoil, "refund-amount-has-32-bits", LARGE)
def tells_32_bits(
    presenter: _Refunded, extra: dict[str, Any], order: Order, booked: Booked
) -> None:
    """refund_amount begins anew after 4,294,967,295 halalas."""
    # An INT UNSIGNED column of a server that is not strict, or ``>>> 0``.
    extra["refund_amount"] = sar(booked.amount % 2**32)


@seed.on(_Refunded.spoil, "left-amount-ends-at-31-bits", LARGE)
def ends_at_31_bits(
    presenter: _Refunded, extra: dict[str, Any], order: Order, booked: Booked
) -> None:
    """left_amount is never more than 2,147,483,647 halalas."""
    # An INT column clamps what is too large.
    if "left_amount" in extra:
        extra["left_amount"] = sar(min(booked.ledger.left, 2**31 - 1))
