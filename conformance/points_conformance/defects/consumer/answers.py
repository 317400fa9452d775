"""Consumers that answer wrongly, or trust whom they should not."""

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


@seed("broken-by-unknown-orders", "unknown-order", related=("*",))
class BrokenByUnknownOrders(SampleConsumer):
    """A refund of an order that it does not know leaves it in a failed transaction."""

    failed = False

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """500 from then on."""
        if payload["event"] == "refunded" and payload["order"]["id"] not in self.orders:
            self.failed = True
        return 500 if self.failed else super().received(request, payload)


@seed("hangs-on-cancels", "answers-in-time", related=("acknowledges-cancelled",), timeout=0.3)
class HangsOnCancels(SampleConsumer):
    """Waits for the mail server while a cancel is answered."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """Longer than Points waits."""
        if payload["event"] == "cancelled":
            self.sleep(0.8)
        return super().received(request, payload)


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


@seed("redirects", "no-redirect", related=("acknowledges-cancelled",))
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
@seed(
    "trusts-anybody",
    "secret-wrong",
    "wrong-secret-no-effect",
    related=("secret-truncated", "secret-lengthened", "secret-other-case"),
)
class TrustsAnybody(SampleConsumer):
    """The secret is not looked at, only that there is one."""

    def is_trusted(self, secret: str | None) -> bool:
        """Whether there is one."""
        return bool(secret)


@seed("trusts-who-says-nothing", "secret-missing", "secret-empty", "wrong-secret-no-effect")
class TrustsWhoSaysNothing(SampleConsumer):
    """The secret is compared only where there is one."""

    def is_trusted(self, secret: str | None) -> bool:
        """``if secret and secret != SECRET``."""
        return not secret or secret == self.secret


@seed("trusts-a-beginning", "secret-truncated", "wrong-secret-no-effect")
class TrustsABeginning(SampleConsumer):
    """As many letters are compared as were sent."""

    def is_trusted(self, secret: str | None) -> bool:
        """``strncmp``."""
        return bool(secret) and self.secret.startswith(str(secret))


@seed("trusts-a-prefix", "secret-lengthened", "wrong-secret-no-effect")
class TrustsAPrefix(SampleConsumer):
    """As many letters are compared as the secret has."""

    def is_trusted(self, secret: str | None) -> bool:
        """A column of the database cuts it."""
        return (secret or "").startswith(self.secret)


@seed("trusts-any-case", "secret-other-case", "wrong-secret-no-effect")
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


@seed("does-not-read-the-event-header", "header-and-body-disagree")
class DoesNotReadTheEventHeader(SampleConsumer):
    """Only the body says which event it is."""

    def agrees(self, request: httpx.Request, payload: dict[str, Any]) -> bool:
        """The header is not looked at."""
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


@seed("acknowledges-lists", "malformed-json-refused")
class AcknowledgesLists(_Takes):
    """A list is looped over, and nothing in it is found to be wrong."""

    def takes(self, request: httpx.Request) -> bool:
        """A batch."""
        return request.content.startswith(b"[")


@seed("takes-empty-bodies-for-pings", "empty-body-refused")
class TakesEmptyBodiesForPings(_Takes):
    """An empty body is acknowledged: somebody tries the URL out."""

    def takes(self, request: httpx.Request) -> bool:
        """A ping."""
        return not request.content


@seed("acknowledges-large-bodies", "large-body-refused")
class AcknowledgesLargeBodies(_Takes):
    """What is too large to be parsed is acknowledged, so that it does not come again."""

    def takes(self, request: httpx.Request) -> bool:
        """Kept for somebody to look at."""
        return len(request.content) > 65_536


@seed("acknowledges-forms", "content-type-refused")
class AcknowledgesForms(_Takes):
    """A form is acknowledged, since the framework has parsed it."""

    def takes(self, request: httpx.Request) -> bool:
        """Whatever its fields."""
        return "form" in request.headers.get("content-type", "")


@seed("takes-any-method", "method-refused")
class TakesAnyMethod(SampleConsumer):
    """The route is open to every method."""

    def wrong_method(self) -> int:
        """Health checks use it."""
        return 200


@seed("throws-on-odd-orders", "odd-values-no-5xx")
class ThrowsOnOddOrders(SampleConsumer):
    """An order that is null is asked for its id."""

    def malformed(self, request: httpx.Request) -> Answer:
        """A TypeError, which a server answers with 500."""
        return 500 if b'"order":null' in request.content else super().malformed(request)
