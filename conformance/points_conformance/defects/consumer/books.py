"""Consumers that book a reversal twice, not at all, or to a wrong amount."""

from typing import Any

import httpx

from points_conformance.defects.consumer.defect import Answer, ConsumerDefect
from points_conformance.defects.consumer.sample import Books, SampleConsumer
from points_conformance.defects.defect import Seeds
from points_conformance.targets.consumer.probe import ConsumerState

__all__ = ["seed"]

seed = Seeds(ConsumerDefect)


# ---------------------------------------------------------------------- retries and repeats
class _FailsFirst(SampleConsumer):
    """The first attempt of every refund is answered with 503."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """And what came before the failure stays."""
        first = ("failed", self.key(payload))
        if payload["event"] == "refunded" and first not in self.seen:
            self.seen.add(first)
            self.before_failing(payload)
            return 503
        return super().received(request, payload)

    def before_failing(self, payload: dict[str, Any]) -> None:
        """What is done."""


@seed("marks-before-it-books", "retry-after-5xx")
class MarksBeforeItBooks(_FailsFirst):
    """A delivery is marked as seen before it is booked, and the booking fails."""

    def before_failing(self, payload: dict[str, Any]) -> None:
        """Marked: the retry is dropped."""
        self.seen.add(self.key(payload))


@seed("books-before-it-fails", "retry-after-5xx")
class BooksBeforeItFails(_FailsFirst):
    """A delivery is booked, but not marked, before the failure."""

    def before_failing(self, payload: dict[str, Any]) -> None:
        """Booked: the retry is booked again."""
        self.book(payload)


@seed(
    "books-repeats",
    "repeat-applied-once",
    related=("auto-refund-is-final", "repeat-of-full-refund"),
)
class BooksRepeats(SampleConsumer):
    """A delivery that comes again is booked again."""

    def book_once(self, payload: dict[str, Any]) -> None:
        """As often as it comes."""
        self.book(payload)


@seed("books-full-refunds-again", "repeat-of-full-refund")
class BooksFullRefundsAgain(SampleConsumer):
    """A repeated full refund is booked again."""

    def book_once(self, payload: dict[str, Any]) -> None:
        """Only parts are looked up."""
        if payload.get("order", {}).get("left_amount") == 0:
            self.book(payload)
        else:
            super().book_once(payload)


@seed("knows-the-last-delivery", "repeat-later")
class KnowsTheLastDelivery(SampleConsumer):
    """Only the last delivery of an order is compared."""

    def book_once(self, payload: dict[str, Any]) -> None:
        """What was before is forgotten."""
        order = payload.get("order", {}).get("id")
        super().book_once(payload)
        kept = {key for key in self.seen if str(order) not in key}
        self.seen = kept | {self.key(payload)}


@seed("looks-then-books", "repeats-at-once")
class LooksThenBooks(SampleConsumer):
    """Whether a delivery is new is looked up, and noted after it was booked."""

    def book_once(self, payload: dict[str, Any]) -> None:
        """Two at once both find it new."""
        if self.key(payload) not in self.seen:
            self.sleep(0.01)
            self.book(payload)
            self.seen.add(self.key(payload))


# ---------------------------------------------------------------------- what is booked
@seed("documented-key", "second-partial-refund")
class DocumentedKey(SampleConsumer):
    """Repeats of order and event are dropped, as the documentation says."""

    def key(self, payload: dict[str, Any]) -> Any:
        """Which two refunds of an order share."""
        return (payload.get("order", {}).get("id"), payload["event"])


@seed("amount-in-the-key", "equal-partial-refunds", related=("halala-sums",))
class AmountInTheKey(SampleConsumer):
    """Repeats of order, event and amount are dropped."""

    def key(self, payload: dict[str, Any]) -> Any:
        """Which two equal refunds share."""
        order = payload.get("order", {})
        return (order.get("id"), payload["event"], str(order.get("refund_amount")))


@seed("counts-no-full-refund", "full-refund", related=("auto-refund",))
class CountsNoFullRefund(SampleConsumer):
    """A full refund changes the status and is not counted."""

    def shown(self, books: Books) -> ConsumerState:
        """The amount of a full refund is not kept."""
        state = super().shown(books)
        return ConsumerState(state.status, 0) if state.status == "fully_refunded" else state


@seed("every-refund-is-full", "partial-refund")
class EveryRefundIsFull(SampleConsumer):
    """Every refund is taken for a full one."""

    def refunded(self, books: Books, order: dict[str, Any]) -> None:
        """The amount is not looked at."""
        books.refunds[:] = [books.total]


@seed("parts-are-never-full", "parts-up-to-full")
class PartsAreNeverFull(SampleConsumer):
    """Only a single refund of the whole total makes an order fully refunded."""

    def shown(self, books: Books) -> ConsumerState:
        """Three parts are parts."""
        state = super().shown(books)
        several = len(books.refunds) > 2 and state.status == "fully_refunded"
        return ConsumerState("partially_refunded", state.refunded) if several else state


@seed("ignores-cancels", "cancel")
class IgnoresCancels(SampleConsumer):
    """A cancel is acknowledged and forgotten."""

    def cancelled(self, books: Books, order: dict[str, Any]) -> None:
        """Nothing."""


@seed("ignores-auto-refunds", "auto-refund")
class IgnoresAutoRefunds(SampleConsumer):
    """An auto-refund is acknowledged and forgotten."""

    def auto_refunded(self, books: Books, order: dict[str, Any]) -> None:
        """Nothing."""


@seed("books-auto-refunds-again", "auto-refund-is-final")
class BooksAutoRefundsAgain(SampleConsumer):
    """A repeated auto-refund is booked again."""

    def book_once(self, payload: dict[str, Any]) -> None:
        """Another handler, without the look-up."""
        if payload["event"] == "auto_refunded":
            self.book(payload)
        else:
            super().book_once(payload)


@seed("cancel-forgets-refunds", "cancel-keeps-refunds")
class CancelForgetsRefunds(SampleConsumer):
    """A cancel sets the order back to nothing."""

    def cancelled(self, books: Books, order: dict[str, Any]) -> None:
        """Refunds included."""
        super().cancelled(books, order)
        books.refunds.clear()


@seed("adds-floats", "halala-sums")
class AddsFloats(SampleConsumer):
    """Refunds are added up as floats and compared with the total."""

    def shown(self, books: Books) -> ConsumerState:
        """0.1 + 0.2 is more than 0.3, and other sums are less."""
        state = super().shown(books)
        added = 0.0
        for refund in books.refunds:
            added += refund / 100
        if state.status == "fully_refunded" and len(books.refunds) > 1:
            full = added == books.total / 100
            return ConsumerState("fully_refunded" if full else "partially_refunded", state.refunded)
        return state


@seed("cuts-floats", "halala-amounts", related=("halala-sums",))
class CutsFloats(SampleConsumer):
    """An amount is turned into halalas by ``int(amount * 100)`` in floats."""

    def amount(self, order: dict[str, Any]) -> int:
        """19.99 is 1998."""
        return int(float(order["refund_amount"]) * 100)


@seed("small-integers", "large-amount")
class SmallIntegers(SampleConsumer):
    """Amounts are kept in 32 bits."""

    def amount(self, order: dict[str, Any]) -> int:
        """The largest one is kept in place of a larger one."""
        return min(super().amount(order), 2**31 - 1)
