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


@seed.on(
    SampleConsumer.book_once,
    "books-repeats",
    "repeat-applied-once",
    related=("auto-refund-is-final", "repeat-of-full-refund"),
)
def books_repeats(consumer: SampleConsumer, payload: dict[str, Any]) -> None:
    """A delivery that comes again is booked again."""
    # As often as it comes.
    consumer.book(payload)


@seed.on(SampleConsumer.book_once, "books-full-refunds-again", "repeat-of-full-refund")
def books_full_refunds_again(consumer: SampleConsumer, payload: dict[str, Any]) -> None:
    """A repeated full refund is booked again."""
    # Only parts are looked up.
    if payload.get("order", {}).get("left_amount") == 0:
        consumer.book(payload)
    else:
        SampleConsumer.book_once(consumer, payload)


@seed.on(SampleConsumer.book_once, "knows-the-last-delivery", "repeat-later")
def knows_the_last_delivery(consumer: SampleConsumer, payload: dict[str, Any]) -> None:
    """Only the last delivery of an order is compared."""
    # What was before is forgotten.
    order = payload.get("order", {}).get("id")
    SampleConsumer.book_once(consumer, payload)
    kept = {key for key in consumer.seen if str(order) not in key}
    consumer.seen = kept | {consumer.key(payload)}


@seed.on(SampleConsumer.book_once, "looks-then-books", "repeats-at-once")
def looks_then_books(consumer: SampleConsumer, payload: dict[str, Any]) -> None:
    """Whether a delivery is new is looked up, and noted after it was booked."""
    # Two at once both find it new.
    if consumer.key(payload) not in consumer.seen:
        consumer.sleep(0.01)
        consumer.book(payload)
        consumer.seen.add(consumer.key(payload))


# ---------------------------------------------------------------------- what is booked
@seed.on(SampleConsumer.key, "documented-key", "second-partial-refund")
def documented_key(consumer: SampleConsumer, payload: dict[str, Any]) -> Any:
    """Repeats of order and event are dropped, as the documentation says."""
    # Which two refunds of an order share.
    return (payload.get("order", {}).get("id"), payload["event"])


@seed.on(SampleConsumer.key, "timestamp-alone", "same-second", related=("*",))
def timestamp_alone(consumer: SampleConsumer, payload: dict[str, Any]) -> Any:
    """Repeats of a timestamp are dropped, as if no two orders shared a second."""
    # ``$redis->setnx($payload["timestamp"], 1)``.
    return payload["timestamp"]


@seed.on(SampleConsumer.key, "amount-in-the-key", "equal-partial-refunds", related=("halala-sums",))
def amount_in_the_key(consumer: SampleConsumer, payload: dict[str, Any]) -> Any:
    """Repeats of order, event and amount are dropped."""
    # Which two equal refunds share.
    order = payload.get("order", {})
    return (order.get("id"), payload["event"], str(order.get("refund_amount")))


@seed.on(SampleConsumer.shown, "counts-no-full-refund", "full-refund", related=("auto-refund",))
def counts_no_full_refund(consumer: SampleConsumer, books: Books) -> ConsumerState:
    """A full refund changes the status and is not counted."""
    # The amount of a full refund is not kept.
    state = SampleConsumer.shown(consumer, books)
    return ConsumerState(state.status, 0) if state.status == "fully_refunded" else state


@seed.on(SampleConsumer.refunded, "every-refund-is-full", "partial-refund")
def every_refund_is_full(consumer: SampleConsumer, books: Books, order: dict[str, Any]) -> None:
    """Every refund is taken for a full one."""
    # The amount is not looked at.
    books.refunds[:] = [books.total]


@seed.on(SampleConsumer.shown, "parts-are-never-full", "parts-up-to-full")
def parts_are_never_full(consumer: SampleConsumer, books: Books) -> ConsumerState:
    """Only a single refund of the whole total makes an order fully refunded."""
    # Three parts are parts.
    state = SampleConsumer.shown(consumer, books)
    several = len(books.refunds) > 2 and state.status == "fully_refunded"
    return ConsumerState("partially_refunded", state.refunded) if several else state


@seed.on(SampleConsumer.cancelled, "ignores-cancels", "cancel")
def ignores_cancels(consumer: SampleConsumer, books: Books, order: dict[str, Any]) -> None:
    """A cancel is acknowledged and forgotten."""
    # Nothing.


@seed.on(SampleConsumer.auto_refunded, "ignores-auto-refunds", "auto-refund")
def ignores_auto_refunds(consumer: SampleConsumer, books: Books, order: dict[str, Any]) -> None:
    """An auto-refund is acknowledged and forgotten."""
    # Nothing.


@seed.on(SampleConsumer.book_once, "books-auto-refunds-again", "auto-refund-is-final")
def books_auto_refunds_again(consumer: SampleConsumer, payload: dict[str, Any]) -> None:
    """A repeated auto-refund is booked again."""
    # Another handler, without the look-up.
    if payload["event"] == "auto_refunded":
        consumer.book(payload)
    else:
        SampleConsumer.book_once(consumer, payload)


@seed.on(SampleConsumer.cancelled, "cancel-forgets-refunds", "cancel-keeps-refunds")
def cancel_forgets_refunds(consumer: SampleConsumer, books: Books, order: dict[str, Any]) -> None:
    """A cancel sets the order back to nothing."""
    # Refunds included.
    SampleConsumer.cancelled(consumer, books, order)
    books.refunds.clear()


@seed.on(SampleConsumer.shown, "adds-floats", "halala-sums")
def adds_floats(consumer: SampleConsumer, books: Books) -> ConsumerState:
    """Refunds are added up as floats and compared with the total."""
    # 0.1 + 0.2 is more than 0.3, and other sums are less.
    state = SampleConsumer.shown(consumer, books)
    added = 0.0
    for refund in books.refunds:
        added += refund / 100
    if state.status == "fully_refunded" and len(books.refunds) > 1:
        full = added == books.total / 100
        return ConsumerState("fully_refunded" if full else "partially_refunded", state.refunded)
    return state


@seed.on(SampleConsumer.amount, "cuts-floats", "halala-amounts", related=("halala-sums",))
def cuts_floats(consumer: SampleConsumer, order: dict[str, Any]) -> int:
    """An amount is turned into halalas by ``int(amount * 100)`` in floats."""
    # 19.99 is 1998.
    return int(float(order["refund_amount"]) * 100)


@seed.on(SampleConsumer.amount, "small-integers", "large-amount")
def small_integers(consumer: SampleConsumer, order: dict[str, Any]) -> int:
    """Amounts are kept in 32 bits."""
    # The largest one is kept in place of a larger one.
    return min(SampleConsumer.amount(consumer, order), 2**31 - 1)
