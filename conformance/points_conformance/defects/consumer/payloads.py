"""Consumers that payloads, other events or the order of arrival lead astray."""

import re
from decimal import Decimal
from typing import Any

import httpx

from points_conformance.defects.consumer.defect import Answer, ConsumerDefect
from points_conformance.defects.consumer.sample import Books, SampleConsumer
from points_conformance.defects.defect import Seeds

__all__ = ["seed"]

seed = Seeds(ConsumerDefect)


# ---------------------------------------------------------------------- payloads
@seed.on(SampleConsumer.received, "knows-all-fields", "extra-fields")
def knows_all_fields(
    consumer: SampleConsumer, request: httpx.Request, payload: dict[str, Any]
) -> Answer:
    """A payload with a field that it does not know is refused."""
    # A strict schema.
    return 422 if "version" in payload else SampleConsumer.received(consumer, request, payload)


@seed.on(
    SampleConsumer.refunded,
    "needs-optional-fields",
    "absent-fields",
    related=("equal-partial-refunds", "repeat-applied-once"),
)
def needs_optional_fields(consumer: SampleConsumer, books: Books, order: dict[str, Any]) -> None:
    """A field that is optional is taken to be there."""
    # A KeyError.
    order["reference_number"]
    SampleConsumer.refunded(consumer, books, order)


@seed.on(SampleConsumer.amount, "needs-decimals", "whole-amounts")
def needs_decimals(consumer: SampleConsumer, order: dict[str, Any]) -> int:
    """An amount that is an integer is taken for none."""
    # ``isinstance(amount, float)``.
    amount = order["refund_amount"]
    return SampleConsumer.amount(consumer, order) if isinstance(amount, Decimal) else 0


@seed.on(SampleConsumer.received, "needs-seconds", "fine-timestamps")
def needs_seconds(
    consumer: SampleConsumer, request: httpx.Request, payload: dict[str, Any]
) -> Answer:
    """Timestamps with microseconds cannot be read."""
    # A pattern without a fraction.
    plain = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", payload["timestamp"])
    return SampleConsumer.received(consumer, request, payload) if plain else 400


@seed.on(SampleConsumer.refunded, "ascii-reasons", "arabic-reason")
def ascii_reasons(consumer: SampleConsumer, books: Books, order: dict[str, Any]) -> None:
    """A reason is kept in ASCII."""
    # A UnicodeEncodeError.
    (order.get("reason") or "").encode("ascii")
    SampleConsumer.refunded(consumer, books, order)


# ---------------------------------------------------------------------- order of arrival
@seed.on(SampleConsumer.refunded, "loses-early-refunds", "refund-before-approval")
def loses_early_refunds(consumer: SampleConsumer, books: Books, order: dict[str, Any]) -> None:
    """A refund of an order that is not approved yet is acknowledged and forgotten."""
    # Nothing to refund.
    if books.approved:
        SampleConsumer.refunded(consumer, books, order)


@seed.on(SampleConsumer.approved, "approval-undoes-cancels", "cancel-before-approval")
def approval_undoes_cancels(consumer: SampleConsumer, books: Books, order: dict[str, Any]) -> None:
    """An `approved` sets the order to approved, also after its cancel."""
    # Whatever was before.
    SampleConsumer.approved(consumer, books, order)
    books.cancelled = False


@seed.on(
    SampleConsumer.book_once,
    "approval-undoes-refunds",
    "late-approval-revives-nothing",
    related=("auto-refund-is-final",),
)
def approval_undoes_refunds(consumer: SampleConsumer, payload: dict[str, Any]) -> None:
    """An `approved` that comes again sets a refunded order to approved."""
    # The second one is not told from the first.
    order = payload.get("order", {}).get("id")
    if payload["event"] == "approved" and consumer.key(payload) in consumer.seen:
        consumer.orders[order].refunds.clear()
    SampleConsumer.book_once(consumer, payload)


@seed.on(SampleConsumer.refunded, "believes-what-is-left", "any-order")
def believes_what_is_left(consumer: SampleConsumer, books: Books, order: dict[str, Any]) -> None:
    """What was refunded is read from the last payload's `left_amount`."""
    # Right only while refunds arrive in their order.
    if "left_amount" in order:
        books.refunds[:] = [books.total - int(Decimal(order["left_amount"]) * 100)]
    else:
        SampleConsumer.refunded(consumer, books, order)


@seed.on(SampleConsumer.book, "drops-orders-of-others", "takes-unknown-orders", told_first=True)
def drops_orders_of_others(consumer: SampleConsumer, payload: dict[str, Any]) -> None:
    """What is about no order of its own checkout is acknowledged and forgotten."""
    # Orders of the Points app included.
    if payload.get("order", {}).get("id") in consumer.orders:
        SampleConsumer.book(consumer, payload)


@seed("cancels-the-last-order", "orders-apart")
class CancelsTheLastOrder(SampleConsumer):
    """A cancel also hits the order that was approved last."""

    last: Books | None = None

    def approved(self, books: Books, order: dict[str, Any]) -> None:
        """Kept in a variable that all share."""
        super().approved(books, order)
        self.last = books

    def cancelled(self, books: Books, order: dict[str, Any]) -> None:
        """The order, and the shared one."""
        super().cancelled(books, order)
        if self.last is not None:
            self.last.cancelled = True


# ---------------------------------------------------------------------- other events
@seed.on(SampleConsumer.book, "any-event-with-refund", "unknown-event-no-effect")
def any_event_with_refund(consumer: SampleConsumer, payload: dict[str, Any]) -> None:
    """Every event whose name has "refund" in it is taken for a refund."""
    # ``if "refund" in event``.
    order = payload.get("order", {})
    if payload["event"].startswith("refund_") and order.get("id") in consumer.orders:
        books = consumer.orders[order["id"]]
        books.refunds.append(books.total)
    SampleConsumer.book(consumer, payload)


@seed("merchant-event-pauses", "merchant-event-no-effect")
class MerchantEventPauses(SampleConsumer):
    """The first refund after an event about the merchant is dropped."""

    paused = False

    def book(self, payload: dict[str, Any]) -> None:
        """Acknowledged, but not booked."""
        if "order" not in payload:
            self.paused = True
        elif self.paused and payload["event"] == "refunded":
            self.paused = False
        else:
            super().book(payload)


@seed.on(SampleConsumer.book, "shipping-cancels", "shipping-is-no-cancel")
def shipping_cancels(consumer: SampleConsumer, payload: dict[str, Any]) -> None:
    """A shipping status `cancelled` cancels the order."""
    # Any status that is called so.
    SampleConsumer.book(consumer, payload)
    order = payload.get("order", {})
    if order.get("status") == "cancelled":
        consumer.orders.setdefault(order["id"], Books()).cancelled = True


@seed.on(SampleConsumer.malformed, "reads-what-it-can", "bad-input-no-effect")
def reads_what_it_can(consumer: SampleConsumer, request: httpx.Request) -> Answer:
    """A body that is cut is searched for an order's id, and that order is refunded."""
    # So that no refund is lost; refused all the same.
    found = re.search(rb'"id":"([^"]+)"', request.content)
    cut = request.content.startswith(b"{") and not request.content.endswith(b"}")
    if found and cut and request.headers["x-webhook-event"] == "refunded":
        books = consumer.orders.setdefault(found[1].decode(), Books())
        books.refunds.append(books.total)
    return 400


@seed.on(SampleConsumer.malformed, "unwraps-lists", "list-no-effect")
def unwraps_lists(consumer: SampleConsumer, request: httpx.Request) -> Answer:
    """A list with a delivery in it is booked, and refused."""
    # Half of an effect.
    if request.content.startswith(b"["):
        inner = httpx.Request("POST", request.url, content=request.content[1:-1])
        inner.headers["x-webhook-event"] = request.headers["x-webhook-event"]
        payload = consumer.parsed(inner)
        if payload is not None:
            consumer.book_once(payload)
    return 400


@seed.on(SampleConsumer.refunded, "at-most-three-refunds", "stories")
def at_most_three_refunds(consumer: SampleConsumer, books: Books, order: dict[str, Any]) -> None:
    """A fourth refund of an order is dropped: there are three columns."""
    # Three parts are enough for anybody.
    if len(books.refunds) < 3:
        SampleConsumer.refunded(consumer, books, order)
