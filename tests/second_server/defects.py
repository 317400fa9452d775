"""Small wrong behaviours, each a desk that differs in one method."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .desk import Desk, Wish
from .values import (
    APPROVED,
    CANCELLED,
    FULLY_REFUNDED,
    PARTIALLY_REFUNDED,
    Endpoint,
    Merchant,
    Order,
    Refused,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

DESKS: dict[str, type[Desk]] = {}
DEFECTS: dict[str, str] = {}
"""Each defect's name, and what it does wrong."""


def defect(name: str) -> Callable[[type[Desk]], type[Desk]]:
    """Register a wrong desk; its docstring is its description."""

    def register(desk: type[Desk]) -> type[Desk]:
        DESKS[name] = desk
        DEFECTS[name] = (desk.__doc__ or "").strip().splitlines()[0]
        return desk

    return register


def desk_class(name: str | None) -> type[Desk]:
    """Return the desk with a defect, or the sound one."""
    if name is None:
        return Desk
    if name not in DESKS:
        raise ValueError(f"no defect {name!r}; there are: {', '.join(DESKS)}")
    return DESKS[name]


@defect("float-ledger")
class FloatLedger(Desk):
    """Sums refunds as floats, so 0.10 and 0.20 of 0.30 never make the order fully refunded."""

    def is_full(self, order: Order) -> bool:
        """Compare a sum of floats with the total."""
        total = 0.0
        for amount in order.refunds:  # `sum` would be exact enough from Python 3.12 on
            total += amount / 100
        return total == order.total / 100


@defect("double-full-refund")
class DoubleFullRefund(Desk):
    """Carries out another full refund of a fully refunded order."""

    def refund(self, order: Order, wish: Wish) -> None:
        """Forget that nothing is left."""
        if order.status == FULLY_REFUNDED and wish.amount in (None, order.total):
            self.commit(order, order.total, wish.reason)
        else:
            super().refund(order, wish)


@defect("partial-sum-unbounded")
class PartialSumUnbounded(Desk):
    """Compares each partial refund with the total, but never their sum."""

    def is_bounded(self, order: Order, amount: int) -> bool:
        """Look at this refund alone."""
        return amount <= order.total


@defect("zero-refunds-all")
class ZeroRefundsAll(Desk):
    """Takes an amount of 0 for an amount left out, and refunds everything."""

    def refund_nothing(self, order: Order, wish: Wish) -> None:
        """Refund all that is left."""
        self.commit(order, order.left, wish.reason)


@defect("race")
class Race(Desk):
    """Checks and books without a lock, so that calls at once pass the same check."""

    @contextmanager
    def holding(self, order: Order) -> Iterator[None]:
        """Hold nothing."""
        yield

    def pause(self) -> None:
        """Leave a window of at least 5 ms."""
        time.sleep(max(0.005, self.commit_delay))


@defect("wrong-default-reason")
class WrongDefaultReason(Desk):
    """Cancels with another default reason than the documented one."""

    default_reason = "Order canceled via API"


@defect("cancel-drops-reason")
class CancelDropsReason(Desk):
    """Tells the default reason of a cancel even where one was given."""

    def cancel_reason(self, given: str | None) -> str:
        """Ignore what was given."""
        return self.default_reason


@defect("reason-unbounded")
class ReasonUnbounded(Desk):
    """Accepts reasons of more than 500 characters."""

    reason_limit = 100_000


@defect("foreign-order-refundable")
class ForeignOrderRefundable(Desk):
    """Lets a merchant refund another merchant's order."""

    def may_touch(self, merchant: Merchant, order: Order, action: str) -> bool:
        """Forget to ask on refunds."""
        return action == "refund" or super().may_touch(merchant, order, action)


@defect("foreign-order-cancellable")
class ForeignOrderCancellable(Desk):
    """Lets a merchant cancel another merchant's order."""

    def may_touch(self, merchant: Merchant, order: Order, action: str) -> bool:
        """Forget to ask on cancels."""
        return action == "cancel" or super().may_touch(merchant, order, action)


@defect("foreign-order-readable")
class ForeignOrderReadable(Desk):
    """Shows a merchant another merchant's order."""

    def may_touch(self, merchant: Merchant, order: Order, action: str) -> bool:
        """Forget to ask on reads."""
        return action == "read" or super().may_touch(merchant, order, action)


@defect("refund-of-cancelled")
class RefundOfCancelled(Desk):
    """Refunds a cancelled order."""

    refundable = Desk.refundable | {CANCELLED}


@defect("cancel-twice")
class CancelTwice(Desk):
    """Cancels a cancelled order again, and announces it again."""

    def cancellable(self) -> frozenset[str]:
        """Include what is cancelled."""
        return super().cancellable() | {CANCELLED}


@defect("cancel-of-refunded")
class CancelOfRefunded(Desk):
    """Cancels a fully refunded order."""

    def cancellable(self) -> frozenset[str]:
        """Include what is refunded."""
        return super().cancellable() | {FULLY_REFUNDED}


@defect("webhook-missing-on-second-partial")
class WebhookMissingOnSecondPartial(Desk):
    """Sends no webhook for the second partial refund of an order."""

    def tells_refund(self, order: Order) -> bool:
        """Keep the second one quiet."""
        return not (len(order.refunds) == 2 and order.status == PARTIALLY_REFUNDED)


@defect("webhook-missing-on-cancel")
class WebhookMissingOnCancel(Desk):
    """Sends no webhook for a cancel."""

    def tells_cancel(self) -> bool:
        """Keep it quiet."""
        return False


@defect("webhook-cumulative-amount")
class WebhookCumulativeAmount(Desk):
    """Tells the sum of all refunds so far as `refund_amount`."""

    def told_amount(self, order: Order, amount: int) -> int:
        """Tell the sum."""
        return order.refunded


@defect("webhook-integer-id")
class WebhookIntegerId(Desk):
    """Tells the internal integer as the order's `id` in webhooks."""

    def told_id(self, order: Order) -> str | int:
        """Tell the wrong one."""
        return order.id


@defect("webhook-wrong-secret")
class WebhookWrongSecret(Desk):
    """Sends the secret reversed in its header."""

    def told_secret(self, endpoint: Endpoint) -> str:
        """Turn it round."""
        return endpoint.secret[::-1]


@defect("stale-read")
class StaleRead(Desk):
    """Shows on reads the status from before the last reversal."""

    def shown_status(self, order: Order) -> str:
        """Show what was."""
        reversals = (CANCELLED, PARTIALLY_REFUNDED, FULLY_REFUNDED)
        return order.previous_status if order.status in reversals else order.status


@defect("truncated-halalas")
class TruncatedHalalas(Desk):
    """Turns amounts into halalas by way of a float, so 19.99 becomes 1998."""

    def halalas(self, riyals: Decimal) -> int:
        """Cut off what the float lost."""
        return int(float(riyals) * 100)


@defect("large-amount-drops-halalas")
class LargeAmountDropsHalalas(Desk):
    """Drops the halalas of refunds of 10,000 riyals and more."""

    def halalas(self, riyals: Decimal) -> int:
        """Keep whole riyals alone of what is large."""
        exact = super().halalas(riyals)
        return exact if riyals < 10_000 else math.floor(riyals) * 100


@defect("points-not-reversed")
class PointsNotReversed(Desk):
    """Leaves all points with the customer of a refunded earning order."""

    def left_points(self, order: Order) -> int:
        """Take none away."""
        return order.total_points


@defect("missing-key-accepted")
class MissingKeyAccepted(Desk):
    """Serves calls without a key as the first merchant's."""

    def merchant_for(self, key: str | None, merchants: dict[str, Merchant]) -> Merchant | None:
        """Suppose a merchant."""
        if key is None:
            return next(iter(merchants.values()))
        return super().merchant_for(key, merchants)


@defect("remainder-stays-partial")
class RemainderStaysPartial(Desk):
    """Leaves an order partially refunded when its remainder was refunded."""

    def is_full(self, order: Order) -> bool:
        """Know only full refunds in one piece."""
        return super().is_full(order) and len(order.refunds) == 1


@defect("refusal-mutates")
class RefusalMutates(Desk):
    """Changes the status of the order although it refuses the refund."""

    def refund(self, order: Order, wish: Wish) -> None:
        """Move first, and forget to move back."""
        before = order.status
        try:
            super().refund(order, wish)
        except Refused:
            if before in self.refundable:
                late = PARTIALLY_REFUNDED if before != PARTIALLY_REFUNDED else APPROVED
                order.move(late, self.clock.now())
            raise


@defect("deep-series")
class DeepSeries(Desk):
    """Carries out the twentieth refund of an order without counting it."""

    def book(self, order: Order, amount: int) -> None:
        """Lose one in twenty."""
        super().book(order, amount)
        if order.refund_calls == 20:
            order.refunds.pop()
