"""Consumers that answer wrongly, or trust whom they should not."""

import re
from typing import Any

import httpx

from points_conformance.defects.consumer.defect import Answer, ConsumerDefect
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.defects.defect import Seeds

__all__ = ["seed"]

seed = Seeds(ConsumerDefect)


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


@seed.on(SampleConsumer.received, "throws-without-order", "acknowledges-merchant-events")
def throws_without_order(
    consumer: SampleConsumer, request: httpx.Request, payload: dict[str, Any]
) -> Answer:
    """Every event is taken to have an order."""
    # A KeyError, which a server answers with 500.
    payload["order"]["id"]
    return SampleConsumer.received(consumer, request, payload)


@seed.on(SampleConsumer.received, "conflict-for-repeats", "acknowledges-repeats")
def conflict_for_repeats(
    consumer: SampleConsumer, request: httpx.Request, payload: dict[str, Any]
) -> Answer:
    """A delivery that comes again is answered with 409."""
    # So that Points sends it once more.
    if consumer.key(payload) in consumer.seen:
        return 409
    return SampleConsumer.received(consumer, request, payload)


@seed("broken-by-unknown-orders", "unknown-order", related=("*",))
class BrokenByUnknownOrders(SampleConsumer):
    """A refund of an order that it does not know leaves it in a failed transaction."""

    failed = False

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """500 from then on."""
        if payload["event"] == "refunded" and payload["order"]["id"] not in self.orders:
            self.failed = True
        return 500 if self.failed else super().received(request, payload)


@seed.on(
    SampleConsumer.received,
    "hangs-on-cancels",
    "answers-in-time",
    related=("acknowledges-cancelled",),
    timeout=0.3,
)
def hangs_on_cancels(
    consumer: SampleConsumer, request: httpx.Request, payload: dict[str, Any]
) -> Answer:
    """Waits for the mail server while a cancel is answered."""
    # Longer than Points waits.
    if payload["event"] == "cancelled":
        consumer.sleep(0.8)
    return SampleConsumer.received(consumer, request, payload)


@seed("loads-its-models-late", "answers-quickly")
class LoadsItsModelsLate(SampleConsumer):
    """The first refund waits until something large is loaded."""

    loaded = False

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """In time, and not quickly."""
        if payload["event"] == "refunded" and not self.loaded:
            self.loaded = True
            self.sleep(2.1)
        return super().received(request, payload)


@seed.on(SampleConsumer.received, "redirects", "no-redirect", related=("acknowledges-cancelled",))
def redirects(consumer: SampleConsumer, request: httpx.Request, payload: dict[str, Any]) -> Answer:
    """Some deliveries are redirected to a path with a slash at its end."""
    # 308, as frameworks do.
    if payload["event"] == "cancelled":
        return httpx.Response(308, headers={"location": f"{request.url}/"})
    return SampleConsumer.received(consumer, request, payload)


@seed.on(SampleConsumer.refusal, "shows-its-secret", "secret-not-echoed")
def shows_its_secret(consumer: SampleConsumer, request: httpx.Request) -> Answer:
    """A refusal says which secret was expected."""
    # For the developer.
    return httpx.Response(401, text=f"expected {consumer.secret}")


# ---------------------------------------------------------------------- the secret
@seed.on(
    SampleConsumer.is_trusted,
    "trusts-anybody",
    "secret-wrong",
    "wrong-secret-no-effect",
    related=("secret-truncated", "secret-lengthened", "secret-other-case"),
)
def trusts_anybody(consumer: SampleConsumer, secret: str | None) -> bool:
    """The secret is not looked at, only that there is one."""
    # Whether there is one.
    return bool(secret)


@seed.on(
    SampleConsumer.is_trusted,
    "trusts-who-says-nothing",
    "secret-missing",
    "secret-empty",
    "wrong-secret-no-effect",
)
def trusts_who_says_nothing(consumer: SampleConsumer, secret: str | None) -> bool:
    """The secret is compared only where there is one."""
    # ``if secret and secret != SECRET``.
    return not secret or secret == consumer.secret


@seed.on(
    SampleConsumer.is_trusted, "trusts-a-beginning", "secret-truncated", "wrong-secret-no-effect"
)
def trusts_a_beginning(consumer: SampleConsumer, secret: str | None) -> bool:
    """As many letters are compared as were sent."""
    # ``strncmp``.
    return bool(secret) and consumer.secret.startswith(str(secret))


@seed.on(
    SampleConsumer.is_trusted, "trusts-a-prefix", "secret-lengthened", "wrong-secret-no-effect"
)
def trusts_a_prefix(consumer: SampleConsumer, secret: str | None) -> bool:
    """As many letters are compared as the secret has."""
    # A column of the database cuts it.
    return (secret or "").startswith(consumer.secret)


@seed.on(
    SampleConsumer.is_trusted, "trusts-any-case", "secret-other-case", "wrong-secret-no-effect"
)
def trusts_any_case(consumer: SampleConsumer, secret: str | None) -> bool:
    """The secret is compared without regard to case, as MySQL does."""
    # Folded.
    return (secret or "").lower() == consumer.secret.lower()


@seed.on(SampleConsumer.refusal, "books-before-it-refuses", "wrong-secret-no-effect")
def books_before_it_refuses(consumer: SampleConsumer, request: httpx.Request) -> Answer:
    """A wrong secret is refused, after the delivery was booked."""
    # In the wrong order.
    payload = consumer.parsed(request)
    if payload is not None:
        consumer.book_once(payload)
    return 401


@seed.on(SampleConsumer.agrees, "does-not-read-the-event-header", "header-and-body-disagree")
def does_not_read_the_event_header(
    consumer: SampleConsumer, request: httpx.Request, payload: dict[str, Any]
) -> bool:
    """Only the body says which event it is."""
    # The header is not looked at.
    return True


# ---------------------------------------------------------------------- what is no delivery
class _Takes(SampleConsumer):
    """Acknowledges some of what is no delivery."""

    def malformed(self, request: httpx.Request) -> Answer:
        """And forgets it."""
        return 204 if self.takes(request) else super().malformed(request)

    def takes(self, request: httpx.Request) -> bool:
        """Whether it is acknowledged."""
        raise NotImplementedError


@seed.on(_Takes.takes, "acknowledges-lists", "malformed-json-refused")
def acknowledges_lists(consumer: _Takes, request: httpx.Request) -> bool:
    """A list is looped over, and nothing in it is found to be wrong."""
    # A batch.
    return request.content.startswith(b"[")


@seed.on(_Takes.takes, "takes-empty-bodies-for-pings", "empty-body-refused")
def takes_empty_bodies_for_pings(consumer: _Takes, request: httpx.Request) -> bool:
    """An empty body is acknowledged: somebody tries the URL out."""
    # A ping.
    return not request.content


@seed.on(_Takes.takes, "acknowledges-large-bodies", "large-body-refused")
def acknowledges_large_bodies(consumer: _Takes, request: httpx.Request) -> bool:
    """What is too large to be parsed is acknowledged, so that it does not come again."""
    # Kept for somebody to look at.
    return len(request.content) > 65_536


@seed.on(_Takes.takes, "acknowledges-forms", "content-type-refused")
def acknowledges_forms(consumer: _Takes, request: httpx.Request) -> bool:
    """A form is acknowledged, since the framework has parsed it."""
    # Whatever its fields.
    return "form" in request.headers.get("content-type", "")


@seed.on(SampleConsumer.wrong_method, "takes-any-method", "method-refused")
def takes_any_method(consumer: SampleConsumer) -> int:
    """The route is open to every method."""
    # Health checks use it.
    return 200


@seed("throws-on-odd-orders", "odd-values-no-5xx")
class ThrowsOnOddOrders(SampleConsumer):
    """An order that is null is asked for its id."""

    def malformed(self, request: httpx.Request) -> Answer:
        """A TypeError, which a server answers with 500."""
        return 500 if b'"order":null' in request.content else super().malformed(request)


# ---------------------------------------------------------------------- what moves money
@seed.on(SampleConsumer.received, "answers-late", "answers-in-time", timeout=0.3)
def answers_late(
    consumer: SampleConsumer, request: httpx.Request, payload: dict[str, Any]
) -> Answer:
    """Every delivery waits for the accounting system, for longer than Points waits."""
    # Synchronously, with retries of its own.
    consumer.sleep(0.4)
    return SampleConsumer.received(consumer, request, payload)


@seed.on(
    SampleConsumer.malformed, "acknowledges-cut-bodies", "cut-then-whole", "malformed-json-refused"
)
def acknowledges_cut_bodies(consumer: SampleConsumer, request: httpx.Request) -> Answer:
    """JSON that is cut is `null` to it, in which there is no event to handle: 200."""
    # ``json_decode($body)->event ?? null``.
    cut = request.content.startswith(b"{") and not request.content.endswith(b"}")
    return 200 if cut else 400


@seed("keeps-the-lock-of-what-it-cannot-read", "cut-then-whole")
class KeepsTheLockOfWhatItCannotRead(SampleConsumer):
    """An order is locked before its delivery is parsed, and stays so where that throws."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.locked: set[bytes] = set()

    def malformed(self, request: httpx.Request) -> Answer:
        """No ``finally``."""
        cut = request.content.startswith(b"{") and not request.content.endswith(b"}")
        found = re.search(rb'"id":"([^"]+)"', request.content)
        if cut and found:
            self.locked.add(found[1])
        return super().malformed(request)

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """Whoever finds it locked takes the delivery for one that is being handled."""
        order = str(payload.get("order", {}).get("id"))
        if order.encode() in self.locked:
            return 200
        return super().received(request, payload)


@seed("routes-by-the-header", "header-moves-no-money", "header-and-body-disagree")
class RoutesByTheHeader(SampleConsumer):
    """The header says which handler is called; that of refunds takes no amount for the whole."""

    def agrees(self, request: httpx.Request, payload: dict[str, Any]) -> bool:
        """``router.on(req.header("x-webhook-event"), …)``."""
        payload["event"] = request.headers.get("x-webhook-event")
        return True

    def amount(self, order: dict[str, Any]) -> int:
        """``order.refund_amount ?? order.total_price``."""
        return super().amount(order) if "refund_amount" in order else self.total(order)
