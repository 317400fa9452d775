"""Servers that reverse orders rightly and tell it wrongly."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from points_conformance.contract.limits import DEFAULT_CANCEL_REASON
from points_conformance.contract.money import sar, sar_text
from points_conformance.contract.names import REST_TYPES, Event, OrderStatus
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.webhooks import TOLD
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.ledger import Booked
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["seed"]

STANDARD = Profile.STANDARD
seed = Seeds(ServerDefect, related=TOLD)


# ---------------------------------------------------------------------- what it says
class _Payload(Presenter):
    """Tells other fields of an order."""

    def payload(
        self, event: Event, order: Order, at: datetime, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """The sound payload, spoilt."""
        payload = super().payload(event, order, at, extra)
        self.spoil(payload["order"], order)
        return payload

    def spoil(self, shown: dict[str, Any], order: Order) -> None:
        """Change what is told of the order."""


@seed.on(_Payload.spoil, "webhook-integer-id", "webhook.order-id", "webhook.payload")
def tells_integer_id(presenter: _Payload, shown: dict[str, Any], order: Order) -> None:
    """order.id is the internal integer."""
    # As REST calls it.
    shown["id"] = order.id


@seed.on(_Payload.spoil, "webhook-reference-as-id", "webhook.order-id")
def tells_reference_as_id(presenter: _Payload, shown: dict[str, Any], order: Order) -> None:
    """order.id is the reference number."""
    # Another name of the order.
    shown["id"] = order.reference


@seed.on(
    _Payload.spoil,
    "webhook-integer-type",
    "webhook.type-is-a-word",
    "webhook.payload",
    profile=STANDARD,
)
def tells_integer_type(presenter: _Payload, shown: dict[str, Any], order: Order) -> None:
    """order.type is the integer of REST."""
    # As REST spells it.
    shown["type"] = REST_TYPES[order.kind]


@seed.on(_Payload.spoil, "webhook-other-price", "webhook.identity", profile=STANDARD)
def tells_what_is_left_as_price(presenter: _Payload, shown: dict[str, Any], order: Order) -> None:
    """total_price is what is left of it."""
    # The price now.
    shown["total_price"] = sar(order.ledger.left)


@seed.on(_Payload.spoil, "webhook-other-number", "webhook.identity", profile=STANDARD)
def tells_another_number(presenter: _Payload, shown: dict[str, Any], order: Order) -> None:
    """order_number has a leading # that the merchant's has not."""
    # As the shop shows it.
    shown["order_number"] = f"#{order.number}"


@seed.on(_Payload.spoil, "webhook-money-as-text", "webhook.payload", "webhook.all-payloads")
def tells_money_as_text(presenter: _Payload, shown: dict[str, Any], order: Order) -> None:
    """total_price is a text."""
    # As the database has it.
    shown["total_price"] = sar_text(order.ledger.total)


@seed.on(_Payload.spoil, "webhook-no-payment-status", "webhook.payload")
def tells_no_payment_status(presenter: _Payload, shown: dict[str, Any], order: Order) -> None:
    """payment_status is missing."""
    # Only where it is known.
    del shown["payment_status"]


@seed.on(Presenter.payload_status, "webhook-stale-status", "webhook.status")
def tells_stale_status(presenter: Presenter, order: Order) -> OrderStatus:
    """A refund that completes a series is told as partially_refunded."""
    # The status before the commit.
    status = order.ledger.status
    return OrderStatus.PARTIALLY_REFUNDED if status is OrderStatus.FULLY_REFUNDED else status


@seed.on(Presenter.payload_status, "webhook-full-too-early", "webhook.status")
def tells_full_too_early(presenter: Presenter, order: Order) -> OrderStatus:
    """Every refund is told as fully_refunded."""
    # A refund is a refund.
    status = order.ledger.status
    return OrderStatus.FULLY_REFUNDED if status is OrderStatus.PARTIALLY_REFUNDED else status


@seed.on(
    Presenter.payload_status, "webhook-stale-cancel", "webhook.cancel-payload", profile=STANDARD
)
def tells_stale_cancel(presenter: Presenter, order: Order) -> OrderStatus:
    """A cancelled event tells the status from before the cancel."""
    # The status before the commit.
    status = order.ledger.status
    return OrderStatus.NEW if status is OrderStatus.CANCELLED else status


class _Refunded(Presenter):
    """Tells other fields of a refund."""

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> dict[str, Any]:
        """The sound fields, spoilt."""
        extra = super().refunded(order, booked, reason)
        self.spoil(extra, booked)
        return extra

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """Change what is told of the refund."""


@seed.on(
    _Refunded.spoil, "webhook-cumulative-amount", "webhook.refund-amount", "webhook.views-agree"
)
def tells_sum_so_far(presenter: _Refunded, extra: dict[str, Any], booked: Booked) -> None:
    """refund_amount is the sum of all refunds so far."""
    # The column, not the change.
    extra["refund_amount"] = sar(booked.ledger.refunded)


@seed.on(_Refunded.spoil, "webhook-total-as-amount", "webhook.refund-amount", "webhook.views-agree")
def tells_total_as_amount(presenter: _Refunded, extra: dict[str, Any], booked: Booked) -> None:
    """refund_amount is the order's total."""
    # As of a full refund.
    extra["refund_amount"] = sar(booked.ledger.total)


@seed.on(_Refunded.spoil, "webhook-amount-in-halalas", "webhook.refund-amount")
def tells_halalas(presenter: _Refunded, extra: dict[str, Any], booked: Booked) -> None:
    """refund_amount is in halalas."""
    # The unit of the books.
    extra["refund_amount"] = booked.amount


@seed.on(
    _Refunded.spoil,
    "webhook-amount-without-halalas",
    "webhook.refund-amount",
    "webhook.views-agree",
)
def tells_whole_riyals(presenter: _Refunded, extra: dict[str, Any], booked: Booked) -> None:
    """refund_amount drops its halalas."""
    # Cut off.
    extra["refund_amount"] = booked.amount // 100


@seed.on(_Refunded.spoil, "webhook-left-before", "webhook.left-amount", profile=STANDARD)
def tells_left_before(presenter: _Refunded, extra: dict[str, Any], booked: Booked) -> None:
    """left_amount is what was left before the refund."""
    # Read too early.
    extra["left_amount"] = sar(booked.ledger.left + booked.amount)


@seed.on(_Refunded.spoil, "webhook-left-of-this-refund", "webhook.left-amount", profile=STANDARD)
def tells_left_of_this_refund(presenter: _Refunded, extra: dict[str, Any], booked: Booked) -> None:
    """left_amount is the total less this refund alone."""
    # Forget the others.
    extra["left_amount"] = sar(booked.ledger.total - booked.amount)


@seed.on(_Refunded.spoil, "webhook-left-points-before", "webhook.views-agree")
def tells_left_points_before(presenter: _Refunded, extra: dict[str, Any], booked: Booked) -> None:
    """left_points is what was left before the refund."""
    # Read too early.
    extra["left_points"] = booked.ledger.left_points + booked.points


@seed.on(
    _Refunded.spoil, "webhook-refund-reason-dropped", "webhook.refund-reason", profile=STANDARD
)
def drops_refund_reason(presenter: _Refunded, extra: dict[str, Any], booked: Booked) -> None:
    """A refund's reason is not told."""
    # Only cancels have one.
    extra["reason"] = None


@seed.on(_Refunded.spoil, "webhook-refund-reason-cut", "webhook.views-agree")
def cuts_refund_reason(presenter: _Refunded, extra: dict[str, Any], booked: Booked) -> None:
    """A refund's reason is told in lower case."""
    # Normalised.
    extra["reason"] = extra["reason"] and extra["reason"].lower()


@seed.on(
    Presenter.cancelled,
    "webhook-cancel-reason-dropped",
    "cancel.given-reason",
    "webhook.cancel-reason",
)
def drops_cancel_reason(presenter: Presenter, order: Order, reason: str) -> dict[str, Any]:
    """A cancel is told with the default reason, whatever was given."""
    # Always the same.
    return Presenter.cancelled(presenter, order, DEFAULT_CANCEL_REASON)


@seed.on(
    Presenter.cancelled, "webhook-cancel-tells-refund", "webhook.cancel-payload", profile=STANDARD
)
def tells_cancel_as_refund(presenter: Presenter, order: Order, reason: str) -> dict[str, Any]:
    """A cancelled event tells a refund_amount: whoever adds them up counts it as a refund."""
    # One template for both.
    extra = Presenter.cancelled(presenter, order, reason)
    return extra | {"refund_amount": sar(order.ledger.total)}


@seed("webhook-time-runs-backwards", "webhook.timestamps", profile=STANDARD)
class TellsTimeBackwards(Presenter):
    """Each event is told as earlier than the one before."""

    told = 0

    def payload(
        self, event: Event, order: Order, at: datetime, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """A queue's priority taken for a time."""
        self.told += 1
        return super().payload(event, order, at - timedelta(hours=self.told), extra)


# ---------------------------------------------------------------------- auto-refunds, shipping
@seed.on(
    Notifier.auto_refunded, "webhook-auto-refund-missing", "webhook.auto-refunded", profile=STANDARD
)
def tells_no_auto_refund(notifier: Notifier, order: Order, booked: Booked) -> None:
    """An auto-refund is not told."""
    # Internal.


@seed.on(
    Presenter.auto_refunded,
    "webhook-auto-refund-of-total",
    "webhook.auto-refunded-after-a-part",
    profile=STANDARD,
)
def tells_total_as_auto_refund(
    presenter: Presenter, order: Order, booked: Booked, reason: str
) -> dict[str, Any]:
    """An auto-refund tells the order's total, although a part had gone back before."""
    # The total.
    total = sar(booked.ledger.total)
    return Presenter.auto_refunded(presenter, order, booked, reason) | {"refund_amount": total}


@seed.on(
    Desk.auto_refund,
    "webhook-auto-refund-not-booked",
    "lifecycle.auto-refund-is-final",
    profile=STANDARD,
)
def does_not_book_auto_refunds(desk: Desk, order: Order) -> None:
    """An auto-refund is told as what it is, and leaves the order refundable."""
    # Tell, and put the books back.
    before = order.ledger
    Desk.auto_refund(desk, order)
    order.ledger = replace(before)


@seed.on(Desk.ship, "webhook-shipping-cancels", "lifecycle.shipping-is-not-money", profile=STANDARD)
def cancels_by_shipping(desk: Desk, order: Order, status: str) -> None:
    """The shipping status cancelled cancels the order."""
    # One word, two meanings.
    Desk.ship(desk, order, status)
    if status == "cancelled":
        desk.cancel(order, None)
