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
@seed.on(Forms.body, "crash-on-unknown-object", SERVER)
def crashes_on_unknown_objects(forms: Forms, request: Request) -> dict[str, Any]:
    """A field that nobody asked for and that holds an object is a server error."""
    # Flatten the input, and forget that values may nest.
    body = Forms.body(forms, request)
    known = ("amount", "reason", "metadata", "shipping_address")
    if any(isinstance(value, dict) for name, value in body.items() if name not in known):
        raise crash()
    return body


@seed.on(Forms.body, "crash-on-control-character-in-a-name", SERVER)
def crashes_on_control_in_names(forms: Forms, request: Request) -> dict[str, Any]:
    """A field whose name has a control character is a server error."""
    # Log every name, and fail at what the log does not take.
    body = Forms.body(forms, request)
    if any(character < " " for name in body for character in name):
        raise crash()
    return body


@seed.on(
    Forms.body,
    "crash-on-number-beyond-64-bits",
    SERVER,
    related=("refund.amount-*", "refund.above-*", "refund.huge-amount", "robust.*", "property.*"),
)
def crashes_on_huge_numbers(forms: Forms, request: Request) -> dict[str, Any]:
    """A number that no integer of 64 bits holds is a server error, whatever its field."""
    # Convert whatever is numeric before it is looked at.
    body = Forms.body(forms, request)
    if any(isinstance(v, int | Decimal) and abs(Decimal(v)) >= 2**63 for v in body.values()):
        raise crash()
    return body


@seed.on(
    Forms.body,
    "crash-on-bare-text",
    SERVER,
    related=("refund.malformed-body", "cancel.malformed-body"),
)
def crashes_on_bare_text(forms: Forms, request: Request) -> dict[str, Any]:
    """A body that is JSON, but only a text or a number, is a server error."""
    # Take it for an object.
    try:
        return Forms.body(forms, request)
    except Refusal as refusal:
        if refusal.errors is not None and request.body.strip()[:1] not in (b"{", b"["):
            raise crash() from None
        raise


# ---------------------------------------------------------------------- shapes
@seed.on(
    Presenter.order, "cancelled-order-has-points-in-a-string", FITS, related="fields.cancel-keeps"
)
def tells_points_as_text(presenter: Presenter, order: Order) -> dict[str, Any]:
    """Once an order is cancelled, its total_points are shown in a string."""
    # One resource class more, made from another table.
    resource = Presenter.order(presenter, order)
    if order.ledger.status is OrderStatus.CANCELLED:
        resource["total_points"] = str(resource["total_points"])
    return resource


@seed.on(Presenter.refusal, "bare-text-is-refused-without-errors", FITS)
def refuses_bare_text_without_errors(presenter: Presenter, refusal: Refusal) -> Response:
    """The 422 of a body that is no object has a message, but no errors."""
    # Nothing to list, so no list.
    answer = Presenter.refusal(presenter, refusal)
    if refusal.errors is None or "body" not in refusal.errors:
        return answer
    envelope = {name: value for name, value in answer.json().items() if name != "errors"}
    return replace(answer, body=dump_json(envelope))


@seed.on(Presenter.refusal, "reason-errors-are-text", FITS)
def tells_reason_errors_as_text(presenter: Presenter, refusal: Refusal) -> Response:
    """The errors of a 422 map reason to a text, not to a list of texts."""
    # Only the first one, unwrapped.
    if refusal.errors is None or "reason" not in refusal.errors:
        return Presenter.refusal(presenter, refusal)
    errors: dict[str, Any] = {**refusal.errors, "reason": refusal.errors["reason"][0]}
    return Presenter.refusal(presenter, replace(refusal, errors=errors))


# ---------------------------------------------------------------------- content types
@seed.on(Presenter.refusal, "reason-refusal-says-html", KIND)
def refuses_reasons_as_html(presenter: Presenter, refusal: Refusal) -> Response:
    """The 422 of a reason is JSON, but says that it is HTML."""
    # The default content type of the framework.
    answer = Presenter.refusal(presenter, refusal)
    if refusal.errors is None or "reason" not in refusal.errors:
        return answer
    return replace(answer, headers={**answer.headers, "Content-Type": "text/html"})


@seed.on(Presenter.refusal, "broken-json-is-refused-in-words", KIND)
def refuses_broken_json_in_words(presenter: Presenter, refusal: Refusal) -> Response:
    """The 400 of a body that is no JSON is plain text, and says that it is JSON."""
    # Refused before the envelope is known.
    answer = Presenter.refusal(presenter, refusal)
    return replace(answer, body=b"Bad Request") if refusal.message == NO_JSON else answer
