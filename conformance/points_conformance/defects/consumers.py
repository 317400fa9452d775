"""Consumers that are wrong in one way each, and the rules that catch them."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

import httpx

from points_conformance.defects.consumer_sample import Books, SampleConsumer
from points_conformance.targets.consumer_probe import ConsumerState

__all__ = ["DEFECTS", "ConsumerDefect", "consumer_caught_by"]

Wrong = TypeVar("Wrong", bound=type[SampleConsumer])
Answer = int | httpx.Response


@dataclass(frozen=True, slots=True)
class ConsumerDefect:
    """One wrong consumer. ``caught_by``: the rules that must fail."""

    id: str
    summary: str
    caught_by: tuple[str, ...]
    make: type[SampleConsumer]


DEFECTS: Final[list[ConsumerDefect]] = []


def seed(id_: str, *caught_by: str) -> Callable[[Wrong], Wrong]:
    """Seed the decorated consumer; ``caught_by`` without the family."""

    def register(wrong: Wrong) -> Wrong:
        summary = " ".join(inspect.cleandoc(wrong.__doc__ or "").split())
        rules = tuple(f"consumer.{name}" for name in caught_by)
        DEFECTS.append(ConsumerDefect(f"consumer-{id_}", summary, rules, wrong))
        return wrong

    return register


def consumer_caught_by(rule_id: str) -> list[str]:
    """The defects that a rule is declared to catch."""
    return [defect.id for defect in DEFECTS if rule_id in defect.caught_by]


# ---------------------------------------------------------------------- answers
class _Answers(SampleConsumer):
    """Answers one event in another way."""

    event = ""
    answer: int = 400

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """Everything else is as it should be."""
        if payload["event"] == self.event:
            return self.answer
        return super().received(request, payload)


@seed("refuses-refunds", "acknowledges-refunded")
class RefusesRefunds(_Answers):
    """Refunds are answered with 400."""

    event = "refunded"


@seed("refuses-cancels", "acknowledges-cancelled")
class RefusesCancels(_Answers):
    """Cancels are answered with 422."""

    event, answer = "cancelled", 422


@seed("throws-on-auto-refunds", "acknowledges-auto-refunded")
class ThrowsOnAutoRefunds(_Answers):
    """The event `auto_refunded` is not in its list, so that the handler throws."""

    event, answer = "auto_refunded", 500


@seed("refuses-shipping", "acknowledges-other-events")
class RefusesShipping(_Answers):
    """Events of shipping are answered with 400."""

    event = "shipping_status_updated"


@seed("refuses-unknown-events", "acknowledges-unknown-events")
class RefusesUnknownEvents(_Answers):
    """An event that it does not know is answered with 400."""

    event = "points_expired"


@seed("throws-without-order", "acknowledges-merchant-events")
class ThrowsWithoutOrder(SampleConsumer):
    """Every event is taken to have an order."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """A KeyError, which a server answers with 500."""
        payload["order"]["id"]
        return super().received(request, payload)


@seed("conflict-for-repeats", "acknowledges-repeats")
class ConflictForRepeats(SampleConsumer):
    """A delivery that comes again is answered with 409."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """So that Points sends it once more."""
        if self.key(payload) in self.seen:
            return 409
        return super().received(request, payload)


@seed("broken-by-unknown-orders", "unknown-order")
class BrokenByUnknownOrders(SampleConsumer):
    """A refund of an order that it does not know leaves it in a failed transaction."""

    failed = False

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """500 from then on."""
        if payload["event"] == "refunded" and payload["order"]["id"] not in self.orders:
            self.failed = True
        return 500 if self.failed else super().received(request, payload)


@seed("hangs-on-cancels", "answers-in-time")
class HangsOnCancels(SampleConsumer):
    """Waits for the mail server while a cancel is answered."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """Longer than Points waits."""
        if payload["event"] == "cancelled":
            self.sleep(0.8)
        return super().received(request, payload)


@seed("redirects", "no-redirect")
class Redirects(SampleConsumer):
    """Some deliveries are redirected to a path with a slash at its end."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """308, as frameworks do."""
        if payload["event"] == "cancelled":
            return httpx.Response(308, headers={"location": f"{request.url}/"})
        return super().received(request, payload)


@seed("shows-its-secret", "secret-not-echoed")
class ShowsItsSecret(SampleConsumer):
    """A refusal says which secret was expected."""

    def refusal(self, request: httpx.Request) -> Answer:
        """For the developer."""
        return httpx.Response(401, text=f"expected {self.secret}")


# ---------------------------------------------------------------------- the secret
@seed("trusts-anybody", "secret-wrong")
class TrustsAnybody(SampleConsumer):
    """The secret is not looked at, only that there is one."""

    def is_trusted(self, secret: str | None) -> bool:
        """Whether there is one."""
        return bool(secret)


@seed("trusts-who-says-nothing", "secret-missing", "secret-empty")
class TrustsWhoSaysNothing(SampleConsumer):
    """The secret is compared only where there is one."""

    def is_trusted(self, secret: str | None) -> bool:
        """``if secret and secret != SECRET``."""
        return not secret or secret == self.secret


@seed("trusts-a-beginning", "secret-truncated")
class TrustsABeginning(SampleConsumer):
    """As many letters are compared as were sent."""

    def is_trusted(self, secret: str | None) -> bool:
        """``strncmp``."""
        return bool(secret) and self.secret.startswith(str(secret))


@seed("trusts-a-prefix", "secret-lengthened")
class TrustsAPrefix(SampleConsumer):
    """As many letters are compared as the secret has."""

    def is_trusted(self, secret: str | None) -> bool:
        """A column of the database cuts it."""
        return (secret or "").startswith(self.secret)


@seed("trusts-any-case", "secret-other-case")
class TrustsAnyCase(SampleConsumer):
    """The secret is compared without regard to case, as MySQL does."""

    def is_trusted(self, secret: str | None) -> bool:
        """Folded."""
        return (secret or "").lower() == self.secret.lower()


@seed("books-before-it-refuses", "wrong-secret-no-effect")
class BooksBeforeItRefuses(SampleConsumer):
    """A wrong secret is refused, after the delivery was booked."""

    def refusal(self, request: httpx.Request) -> Answer:
        """In the wrong order."""
        payload = self.parsed(request)
        if payload is not None:
            self.book_once(payload)
        return 401


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


@seed("books-repeats", "repeat-applied-once")
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


@seed("amount-in-the-key", "equal-partial-refunds")
class AmountInTheKey(SampleConsumer):
    """Repeats of order, event and amount are dropped."""

    def key(self, payload: dict[str, Any]) -> Any:
        """Which two equal refunds share."""
        order = payload.get("order", {})
        return (order.get("id"), payload["event"], str(order.get("refund_amount")))


@seed("counts-no-full-refund", "full-refund")
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


@seed("cuts-floats", "halala-amounts")
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


# ---------------------------------------------------------------------- payloads
@seed("knows-all-fields", "extra-fields")
class KnowsAllFields(SampleConsumer):
    """A payload with a field that it does not know is refused."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """A strict schema."""
        return 422 if "version" in payload else super().received(request, payload)


@seed("needs-optional-fields", "absent-fields")
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


@seed("approval-undoes-refunds", "late-approval-revives-nothing")
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


@seed("unwraps-lists", "bad-input-no-effect")
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
