"""The desk where orders are reversed: every decision is a small method that a defect may spoil."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import shapes
from .values import (
    APPROVED,
    AUTHORIZED,
    CANCELLED,
    CAPTURED,
    FULLY_REFUNDED,
    NEW,
    PARTIALLY_REFUNDED,
    Clock,
    Endpoint,
    Json,
    Merchant,
    Order,
    Refused,
    invalid,
)

if TYPE_CHECKING:
    from decimal import Decimal

    from .dialects import Dialect

Announce = Callable[[str, Order, Json], None]
OPEN = frozenset({NEW, AUTHORIZED})
SETTLED = frozenset({APPROVED, CAPTURED})


@dataclass(frozen=True)
class Wish:
    """What a refund call asks for; no amount means all of it."""

    amount: int | None = None
    reason: str | None = None


class Desk:
    """Cancels and refunds as the contract has it, in one dialect."""

    default_reason = "Order cancelled via API"
    reason_limit = 500
    refundable = SETTLED | {PARTIALLY_REFUNDED}

    def __init__(
        self, dialect: Dialect, clock: Clock, announce: Announce, commit_delay: float
    ) -> None:
        """Keep the dialect and where events go."""
        self.dialect = dialect
        self.clock = clock
        self.announce = announce
        self.commit_delay = commit_delay

    # Who may do what.

    def merchant_for(self, key: str | None, merchants: dict[str, Merchant]) -> Merchant | None:
        """Return whose key this is."""
        return merchants.get(key) if key is not None else None

    def may_touch(self, merchant: Merchant, order: Order, action: str) -> bool:
        """Tell whether an order is this merchant's own."""
        return order.merchant is merchant

    @contextmanager
    def holding(self, order: Order) -> Iterator[None]:
        """Let one call at a time at an order; the others wait or are turned away."""
        if not order.lock.acquire(blocking=not self.dialect.turns_busy_away):
            raise Refused(409, "The order is being processed.")
        try:
            yield
        finally:
            order.lock.release()

    def pause(self) -> None:
        """Leave a gap between check and commit, for those who look for races."""
        if self.commit_delay > 0:
            time.sleep(self.commit_delay)

    # Cancel.

    def cancellable(self) -> frozenset[str]:
        """Return the statuses from which an order may be cancelled."""
        return OPEN | SETTLED if self.dialect.cancels_settled else OPEN

    def cancel(self, order: Order, reason: str | None) -> None:
        """Cancel an order."""
        if order.status not in self.cancellable():
            raise Refused(400, "The order cannot be cancelled in its current status.")
        self.pause()
        order.move(CANCELLED, self.clock.now())
        if self.tells_cancel():
            self.announce("cancelled", order, {"reason": self.cancel_reason(reason)})

    def tells_cancel(self) -> bool:
        """Tell whether a cancel is announced: always."""
        return True

    def cancel_reason(self, given: str | None) -> str:
        """Return the reason that the event tells."""
        return self.default_reason if given is None else given

    # Refund.

    def halalas(self, riyals: Decimal) -> int:
        """Return the amount of a refund in halalas; it has two decimals at most."""
        return int(riyals * 100)

    def refund(self, order: Order, wish: Wish) -> None:
        """Give back a part or all."""
        if order.status not in self.refundable:
            raise Refused(400, "The order cannot be refunded in its current status.")
        if wish.amount == 0:
            self.refund_nothing(order, wish)
            return
        amount = self.amount_of(order, wish)
        if not self.is_bounded(order, amount):
            raise self.above_left()
        self.pause()
        self.commit(order, amount, wish.reason)

    def refund_nothing(self, order: Order, wish: Wish) -> None:
        """Meet an amount of zero, which is not an amount left out."""
        if self.dialect.zero_is_refused:
            raise invalid("amount", "The amount must be greater than 0.")

    def amount_of(self, order: Order, wish: Wish) -> int:
        """Return the halalas asked for."""
        if wish.amount is not None:
            return wish.amount
        # The whole total is above what is left after a part, and so refused there.
        return order.total if self.dialect.bare_refund_means_total else order.left

    def is_bounded(self, order: Order, amount: int) -> bool:
        """Tell whether an amount is not above what is left."""
        return amount <= order.left

    def above_left(self) -> Refused:
        """Return the refusal of an amount above what is left."""
        message = "The amount is greater than what is left."
        if self.dialect.above_left_status == 422:
            return invalid("amount", message)
        return Refused(self.dialect.above_left_status, message)

    def commit(self, order: Order, amount: int, reason: str | None) -> None:
        """Book a refund that has passed every check."""
        before = self.reversed_points(order)
        self.book(order, amount)
        order.move(self.status_after(order), self.clock.now())
        points = self.reversed_points(order) - before
        if self.tells_refund(order):
            self.announce("refunded", order, self.refund_fields(order, amount, points, reason))

    def book(self, order: Order, amount: int) -> None:
        """Count a refund."""
        order.refund_calls += 1
        order.refunds.append(amount)

    def status_after(self, order: Order) -> str:
        """Return the status that the refunds so far lead to."""
        return FULLY_REFUNDED if self.is_full(order) else PARTIALLY_REFUNDED

    def is_full(self, order: Order) -> bool:
        """Tell whether nothing is left."""
        return order.refunded >= order.total

    def tells_refund(self, order: Order) -> bool:
        """Tell whether a refund just booked is announced: always."""
        return True

    def refund_fields(self, order: Order, amount: int, points: int, reason: str | None) -> Json:
        """Return what a `refunded` event says beyond the order."""
        fields: Json = {
            "refund_amount": shapes.riyals(self.told_amount(order, amount), self.dialect),
            "type": order.type,
        }
        if reason is not None or self.dialect.webhooks_say_everything:
            fields["reason"] = reason
        if order.type == "earning" or self.dialect.webhooks_say_everything:
            fields["refund_points"] = points
            fields["left_points"] = self.left_points(order)
            fields["left_amount"] = shapes.riyals(order.left, self.dialect)
        return fields

    def told_amount(self, order: Order, amount: int) -> int:
        """Return the halalas that the event tells: those of this refund alone."""
        return amount

    # Points.

    def reversed_points(self, order: Order) -> int:
        """Return the points reversed so far, from the sum, so that roundings never add up."""
        if order.total == 0:
            return order.total_points if order.status == FULLY_REFUNDED else 0
        exact = order.total_points * order.refunded
        if self.dialect.floors_points:
            return exact // order.total
        return (2 * exact + order.total) // (2 * order.total)

    def left_points(self, order: Order) -> int:
        """Return the points that are left."""
        return order.total_points - self.reversed_points(order)

    # The rest.

    def auto_refund(self, order: Order) -> bool:
        """Refund a replacing order as the backend does on its own; tell whether it did."""
        with order.lock:
            if order.type != "replacing" or order.status in (CANCELLED, FULLY_REFUNDED):
                return False
            amount, points = order.left, self.left_points(order)
            self.book(order, amount)
            order.move(FULLY_REFUNDED, self.clock.now())
            fields = {
                "refund_amount": shapes.riyals(amount, self.dialect),
                "refund_points": points,
                "reason": "auto_refund_missing_transaction",
                "type": "replacing",
            }
            self.announce("auto_refunded", order, fields)
            return True

    def shown_status(self, order: Order) -> str:
        """Return the status that a read shows."""
        return order.status

    def told_id(self, order: Order) -> str | int:
        """Return the `id` of the order in events."""
        return order.uuid

    def told_secret(self, endpoint: Endpoint) -> str:
        """Return what the secret header says."""
        return endpoint.secret
