"""Servers that stumble over bodies that only a generator thinks of, or answer them out of shape."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import crash
from points_conformance.defects.defect import Seeds
from points_conformance.simulator.forms import Forms
from points_conformance.simulator.messages import Refusal, Request, Response, dump_json
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["seed"]

seed = Seeds(ServerDefect)
SERVER, FITS, KIND = "schema.no-server-error", "schema.answers-fit", "schema.content-type"
NO_JSON = "The request body is not valid JSON."


# ---------------------------------------------------------------------- server errors
@seed("crash-on-unknown-object", SERVER)
class CrashesOnUnknownObjects(Forms):
    """A field that nobody asked for and that holds an object is a server error."""

    def body(self, request: Request) -> dict[str, Any]:
        """Flatten the input, and forget that values may nest."""
        body = super().body(request)
        known = ("amount", "reason", "metadata", "shipping_address")
        if any(isinstance(value, dict) for name, value in body.items() if name not in known):
            raise crash()
        return body


@seed("crash-on-control-character-in-a-name", SERVER)
class CrashesOnControlInNames(Forms):
    """A field whose name has a control character is a server error."""

    def body(self, request: Request) -> dict[str, Any]:
        """Log every name, and fail at what the log does not take."""
        body = super().body(request)
        if any(character < " " for name in body for character in name):
            raise crash()
        return body


@seed("crash-on-number-beyond-64-bits", SERVER,
      related=("refund.amount-*", "refund.above-*", "refund.huge-amount", "robust.*",
               "property.*"))  # fmt: skip
class CrashesOnHugeNumbers(Forms):
    """A number that no integer of 64 bits holds is a server error, whatever its field."""

    def body(self, request: Request) -> dict[str, Any]:
        """Convert whatever is numeric before it is looked at."""
        body = super().body(request)
        if any(isinstance(v, int | Decimal) and abs(Decimal(v)) >= 2**63 for v in body.values()):
            raise crash()
        return body


@seed("crash-on-bare-text", SERVER,
      related=("refund.malformed-body", "cancel.malformed-body"))  # fmt: skip
class CrashesOnBareText(Forms):
    """A body that is JSON, but only a text or a number, is a server error."""

    def body(self, request: Request) -> dict[str, Any]:
        """Take it for an object."""
        try:
            return super().body(request)
        except Refusal as refusal:
            if refusal.errors is not None and request.body.strip()[:1] not in (b"{", b"["):
                raise crash() from None
            raise


# ---------------------------------------------------------------------- shapes
@seed("cancelled-order-has-points-in-a-string", FITS)
class TellsPointsAsText(Presenter):
    """Once an order is cancelled, its total_points are shown in a string."""

    def order(self, order: Order) -> dict[str, Any]:
        """One resource class more, made from another table."""
        resource = super().order(order)
        if order.ledger.status is OrderStatus.CANCELLED:
            resource["total_points"] = str(resource["total_points"])
        return resource


@seed("bare-text-is-refused-without-errors", FITS)
class RefusesBareTextWithoutErrors(Presenter):
    """The 422 of a body that is no object has a message, but no errors."""

    def refusal(self, refusal: Refusal) -> Response:
        """Nothing to list, so no list."""
        answer = super().refusal(refusal)
        if refusal.errors is None or "body" not in refusal.errors:
            return answer
        envelope = {name: value for name, value in answer.json().items() if name != "errors"}
        return replace(answer, body=dump_json(envelope))


@seed("reason-errors-are-text", FITS)
class TellsReasonErrorsAsText(Presenter):
    """The errors of a 422 map reason to a text, not to a list of texts."""

    def refusal(self, refusal: Refusal) -> Response:
        """Only the first one, unwrapped."""
        if refusal.errors is None or "reason" not in refusal.errors:
            return super().refusal(refusal)
        errors: dict[str, Any] = {**refusal.errors, "reason": refusal.errors["reason"][0]}
        return super().refusal(replace(refusal, errors=errors))


# ---------------------------------------------------------------------- content types
@seed("reason-refusal-says-html", KIND)
class RefusesReasonsAsHtml(Presenter):
    """The 422 of a reason is JSON, but says that it is HTML."""

    def refusal(self, refusal: Refusal) -> Response:
        """The default content type of the framework."""
        answer = super().refusal(refusal)
        if refusal.errors is None or "reason" not in refusal.errors:
            return answer
        return replace(answer, headers={**answer.headers, "Content-Type": "text/html"})


@seed("broken-json-is-refused-in-words", KIND)
class RefusesBrokenJsonInWords(Presenter):
    """The 400 of a body that is no JSON is plain text, and says that it is JSON."""

    def refusal(self, refusal: Refusal) -> Response:
        """Refused before the envelope is known."""
        answer = super().refusal(refusal)
        return replace(answer, body=b"Bad Request") if refusal.message == NO_JSON else answer
