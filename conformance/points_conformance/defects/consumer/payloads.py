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
@seed("knows-all-fields", "extra-fields")
class KnowsAllFields(SampleConsumer):
    """A payload with a field that it does not know is refused."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """A strict schema."""
        return 422 if "version" in payload else super().received(request, payload)


@seed(
    "needs-optional-fields",
    "absent-fields",
    related=("equal-partial-refunds", "repeat-applied-once"),
)
class NeedsOptionalFields(SampleConsumer):
    """A field that is optional is taken to be there."""

    def refunded(self, books: Books, order: dict[str, Any]) -> None:
        """A KeyError."""
        order["reference_number"]
        super().refunded(books, order)


@seed("needs-decimals", "whole-amounts")
class NeedsDecimals(SampleConsumer):
    """An amount that is an integer is taken for none."""

    def amount(self, order: dict[str, Any]) -> int:
        """``isinstance(amount, float)``."""
        amount = order["refund_amount"]
        return super().amount(order) if isinstance(amount, Decimal) else 0


@seed("needs-seconds", "fine-timestamps")
class NeedsSeconds(SampleConsumer):
    """Timestamps with microseconds cannot be read."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """A pattern without a fraction."""
        plain = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", payload["timestamp"])
        return super().received(request, payload) if plain else 400


@seed("ascii-reasons", "arabic-reason")
class AsciiReasons(SampleConsumer):
    """A reason is kept in ASCII."""

    def refunded(self, books: Books, order: dict[str, Any]) -> None:
        """A UnicodeEncodeError."""
        (order.get("reason") or "").encode("ascii")
        super().refunded(books, order)


# ---------------------------------------------------------------------- order of arrival
@seed("loses-early-refunds", "refund-before-approval")
class LosesEarlyRefunds(SampleConsumer):
    """A refund of an order that is not approved yet is acknowledged and forgotten."""

    def refunded(self, books: Books, order: dict[str, Any]) -> None:
        """Nothing to refund."""
        if books.approved:
            super().refunded(books, order)


@seed("approval-undoes-cancels", "cancel-before-approval")
class ApprovalUndoesCancels(SampleConsumer):
    """An `approved` sets the order to approved, also after its cancel."""

    def approved(self, books: Books, order: dict[str, Any]) -> None:
        """Whatever was before."""
        super().approved(books, order)
        books.cancelled = False


@seed(
    "approval-undoes-refunds",
    "late-approval-revives-nothing",
    related=("auto-refund-is-final",),
)
class ApprovalUndoesRefunds(SampleConsumer):
    """An `approved` that comes again sets a refunded order to approved."""

    def book_once(self, payload: dict[str, Any]) -> None:
        """The second one is not told from the first."""
        order = payload.get("order", {}).get("id")
        if payload["event"] == "approved" and self.key(payload) in self.seen:
            self.orders[order].refunds.clear()
        super().book_once(payload)


@seed("believes-what-is-left", "any-order")
class BelievesWhatIsLeft(SampleConsumer):
    """What was refunded is read from the last payload's `left_amount`."""

    def refunded(self, books: Books, order: dict[str, Any]) -> None:
        """Right only while refunds arrive in their order."""
        if "left_amount" in order:
            books.refunds[:] = [books.total - int(Decimal(order["left_amount"]) * 100)]
        else:
            super().refunded(books, order)


@seed("drops-orders-of-others", "takes-unknown-orders", told_first=True)
class DropsOrdersOfOthers(SampleConsumer):
    """What is about no order of its own checkout is acknowledged and forgotten."""

    def book(self, payload: dict[str, Any]) -> None:
        """Orders of the Points app included."""
        if payload.get("order", {}).get("id") in self.orders:
            super().book(payload)


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
@seed("any-event-with-refund", "unknown-event-no-effect")
class AnyEventWithRefund(SampleConsumer):
    """Every event whose name has "refund" in it is taken for a refund."""

    def book(self, payload: dict[str, Any]) -> None:
        """``if "refund" in event``."""
        order = payload.get("order", {})
        if payload["event"].startswith("refund_") and order.get("id") in self.orders:
            books = self.orders[order["id"]]
            books.refunds.append(books.total)
        super().book(payload)


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


@seed("shipping-cancels", "shipping-is-no-cancel")
class ShippingCancels(SampleConsumer):
    """A shipping status `cancelled` cancels the order."""

    def book(self, payload: dict[str, Any]) -> None:
        """Any status that is called so."""
        super().book(payload)
        order = payload.get("order", {})
        if order.get("status") == "cancelled":
            self.orders.setdefault(order["id"], Books()).cancelled = True


@seed("reads-what-it-can", "bad-input-no-effect")
class ReadsWhatItCan(SampleConsumer):
    """A body that is cut is searched for an order's id, and that order is refunded."""

    def malformed(self, request: httpx.Request) -> Answer:
        """So that no refund is lost; refused all the same."""
        found = re.search(rb'"id":"([^"]+)"', request.content)
        cut = request.content.startswith(b"{") and not request.content.endswith(b"}")
        if found and cut and request.headers["x-webhook-event"] == "refunded":
            books = self.orders.setdefault(found[1].decode(), Books())
            books.refunds.append(books.total)
        return 400


@seed("unwraps-lists", "list-no-effect")
class UnwrapsLists(SampleConsumer):
    """A list with a delivery in it is booked, and refused."""

    def malformed(self, request: httpx.Request) -> Answer:
        """Half of an effect."""
        if request.content.startswith(b"["):
            inner = httpx.Request("POST", request.url, content=request.content[1:-1])
            inner.headers["x-webhook-event"] = request.headers["x-webhook-event"]
            payload = self.parsed(inner)
            if payload is not None:
                self.book_once(payload)
        return 400


@seed("at-most-three-refunds", "stories")
class AtMostThreeRefunds(SampleConsumer):
    """A fourth refund of an order is dropped: there are three columns."""

    def refunded(self, books: Books, order: dict[str, Any]) -> None:
        """Three parts are enough for anybody."""
        if len(books.refunds) < 3:
            super().refunded(books, order)
