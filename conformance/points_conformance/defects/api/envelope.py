"""Servers whose answers have another shape than the documented one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import crash
from points_conformance.defects.defect import Seeds
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Response, dump_json
from points_conformance.simulator.operations import Call
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Merchant, Order

__all__ = ["seed"]

#: Whatever reads an answer may stumble over its shape.
SHAPE = ("envelope.*", "schema.*", "fields.*")
seed = Seeds(ServerDefect, related=SHAPE)
ANY = "*"


# ---------------------------------------------------------------------- successes
class _OtherSuccess(Presenter):
    """Changes the envelope of whatever is carried out."""

    def success(self, data: Any = None, message: str | None = None, **beside: Any) -> Response:
        """The envelope, changed."""
        response = super().success(data, message, **beside)
        return replace(response, body=dump_json(self.envelope(response.json())))

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """What is sent instead."""
        raise NotImplementedError


@seed.on(_OtherSuccess.envelope, "success-is-false", "envelope.success")
def success_is_false(presenter: _OtherSuccess, envelope: dict[str, Any]) -> dict[str, Any]:
    """A call that is carried out is answered with status false."""
    # A flag that nobody sets.
    return envelope | {"status": False}


@seed.on(_OtherSuccess.envelope, "success-is-one", "envelope.success")
def success_is_one(presenter: _OtherSuccess, envelope: dict[str, Any]) -> dict[str, Any]:
    """status is the number 1 instead of true."""
    # A column without a cast.
    return envelope | {"status": 1}


@seed.on(_OtherSuccess.envelope, "success-without-data", "envelope.success", related=(*SHAPE, ANY))
def success_without_data(presenter: _OtherSuccess, envelope: dict[str, Any]) -> dict[str, Any]:
    """The order stands under `order` instead of `data`."""
    # Another name.
    return {("order" if name == "data" else name): value for name, value in envelope.items()}


@seed.on(_OtherSuccess.envelope, "message-is-a-list", "envelope.success")
def message_is_a_list(presenter: _OtherSuccess, envelope: dict[str, Any]) -> dict[str, Any]:
    """message is a list of texts."""
    # As if there could be several.
    return envelope | {"message": [envelope["message"]]}


@seed.on(_OtherSuccess.envelope, "appended-data-is-null", "envelope.appended-data")
def appended_data_is_null(presenter: _OtherSuccess, envelope: dict[str, Any]) -> dict[str, Any]:
    """appended_data is null where it is empty."""
    # An empty value.
    return envelope | {"appended_data": None}


@seed.on(Presenter.order_answer, "success-is-201", "envelope.success-is-200")
def success_is_201(presenter: Presenter, order: Order, message: str | None = None) -> Response:
    """A refund is answered with 201: a refund was created."""
    # REST, taken by the letter.
    response = Presenter.order_answer(presenter, order, message)
    return replace(response, status=201 if message else 200)


@seed("answers-are-called-html", "envelope.json")
class CalledHtml(_OtherSuccess):
    """Answers are JSON, but their content type says HTML."""

    def success(self, data: Any = None, message: str | None = None, **beside: Any) -> Response:
        """The framework's default header."""
        response = Presenter.success(self, data, message, **beside)
        return replace(response, headers={"Content-Type": "text/html; charset=UTF-8"})


# ---------------------------------------------------------------------- refusals
@seed.on(
    Presenter.refusal,
    "refusals-are-200",
    "envelope.unknown-order",
    "envelope.validation",
    "auth.missing-key",
    "refund.second-full-is-refused",
    related=ANY,
)
def refusals_are_200(presenter: Presenter, refusal: Refusal) -> Response:
    """Refusals are answered with HTTP 200 and status false."""
    # Whether it went well is in the body.
    return replace(Presenter.refusal(presenter, refusal), status=200)


@seed.on(Presenter.refusal, "errors-are-html", "envelope.json", "envelope.error")
def errors_are_html(presenter: Presenter, refusal: Refusal) -> Response:
    """An unknown order is answered with a page for people."""
    # The framework's own page.
    response = Presenter.refusal(presenter, refusal)
    if refusal.status != 404:
        return response
    page = b"<!DOCTYPE html><title>Not Found</title><h1>404</h1>"
    return Response(404, {"Content-Type": "text/html; charset=UTF-8"}, page)


class _OtherRefusal(Presenter):
    """Changes the envelope of refusals."""

    def refusal(self, refusal: Refusal) -> Response:
        """The envelope, changed."""
        response = super().refusal(refusal)
        return replace(response, body=dump_json(self.envelope(response.json())))

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """What is sent instead."""
        raise NotImplementedError


@seed.on(_OtherRefusal.envelope, "refusal-is-true", "envelope.error")
def refusal_is_true(presenter: _OtherRefusal, envelope: dict[str, Any]) -> dict[str, Any]:
    """A refusal has status true in its body."""
    # Copied from the success.
    return envelope | {"status": True}


@seed.on(_OtherRefusal.envelope, "refusal-without-message", "envelope.error", "envelope.validation")
def refusal_without_message(presenter: _OtherRefusal, envelope: dict[str, Any]) -> dict[str, Any]:
    """A refusal says its reason under `error` instead of `message`."""
    # Another name.
    return {("error" if name == "message" else name): v for name, v in envelope.items()}


@seed.on(_OtherRefusal.envelope, "validation-errors-are-a-list", "envelope.validation")
def errors_are_a_list(presenter: _OtherRefusal, envelope: dict[str, Any]) -> dict[str, Any]:
    """The errors of a validation are a list without the fields' names."""
    # ``array_values``.
    if isinstance(errors := envelope.get("errors"), Mapping):
        return envelope | {"errors": [text for texts in errors.values() for text in texts]}
    return envelope


@seed.on(_OtherRefusal.envelope, "validation-errors-are-texts", "envelope.validation")
def errors_are_texts(presenter: _OtherRefusal, envelope: dict[str, Any]) -> dict[str, Any]:
    """Each field's error is a text instead of a list of texts."""
    # The first one of each.
    if isinstance(errors := envelope.get("errors"), Mapping):
        return envelope | {"errors": {name: texts[0] for name, texts in errors.items()}}
    return envelope


@seed.on(_OtherRefusal.envelope, "validation-without-errors", "envelope.validation")
def no_errors(presenter: _OtherRefusal, envelope: dict[str, Any]) -> dict[str, Any]:
    """A validation does not say which field is wrong."""
    # The message must do.
    return {name: value for name, value in envelope.items() if name != "errors"}


@seed.on(Gate.order, "the-key-is-echoed", "envelope.key-not-echoed", related=("schema.*",))
def echoes_key(gate: Gate, merchant: Merchant, uuid: str) -> Order:
    """The answer about an unknown order shows the key that asked."""
    # A message made for debugging.
    try:
        return Gate.order(gate, merchant, uuid)
    except Refusal as refusal:
        text = f"Order {uuid} not found for {merchant.key}"
        raise Refusal(refusal.status, text, refusal.errors) from None


@seed.on(Gate.order, "unknown-order-is-400", "envelope.unknown-order-is-404", related="isolation.*")
def unknown_is_400(gate: Gate, merchant: Merchant, uuid: str) -> Order:
    """An order that does not exist is answered with 400 instead of 404."""
    # One code for all.
    try:
        return Gate.order(gate, merchant, uuid)
    except Refusal as refusal:
        raise Refusal(400, refusal.message, refusal.errors) from None


@seed(
    "unknown-order-is-null",
    "envelope.unknown-order",
    "isolation.foreign-read",
    related=(*SHAPE, "isolation.*", "reading.*"),
    operation="get",
)
def _null_for_unknown_orders(sim: Simulator, call: Call) -> Response:
    """A read of an order that does not exist is answered 200 with data null."""
    try:
        return sim.presenter.order_answer(sim.gate.order(call.merchant, call.name))
    except Refusal as refusal:
        if refusal.status != 404:
            raise
        return Response(
            200,
            {"Content-Type": "application/json"},
            dump_json({"status": True, "message": None, "appended_data": {}, "data": None}),
        )


@seed.on(
    Gate.order,
    "malformed-uuid-crashes",
    "envelope.malformed-uuid",
    related=("reading.malformed-uuid", "isolation.internal-id", "schema.*"),
)
def malformed_uuid_crashes(gate: Gate, merchant: Merchant, uuid: str) -> Order:
    """A path with something else than a uuid is a server error: the database refuses the cast."""
    # ``invalid input syntax for type uuid``.
    if len(uuid) != 36:
        raise crash()
    return Gate.order(gate, merchant, uuid)


@seed.on(
    Gate.order, "uuid-with-a-tail", "envelope.malformed-uuid", related=("isolation.*", "schema.*")
)
def uuid_with_tail(gate: Gate, merchant: Merchant, uuid: str) -> Order:
    """A malformed uuid opens the first order there is: it is cast to 0, which matches any text."""
    # ``WHERE uuid = 0``.
    if len(uuid) != 36 and not uuid.isdigit() and gate.world.orders:
        return next(iter(gate.world.orders.values()))
    return Gate.order(gate, merchant, uuid)


# ---------------------------------------------------------------------- the resource
class _OtherResource(Presenter):
    """Changes how an order looks."""

    def order(self, order: Order) -> dict[str, Any]:
        """The resource, changed."""
        resource = super().order(order)
        return resource | self.fields(order, resource)

    def fields(self, order: Order, resource: dict[str, Any]) -> dict[str, Any]:
        """The fields that look otherwise."""
        raise NotImplementedError


@seed.on(
    _OtherResource.fields, "order-status-is-a-number", "envelope.status-is-a-word", related=ANY
)
def status_is_a_number(
    presenter: _OtherResource, order: Order, resource: dict[str, Any]
) -> dict[str, Any]:
    """order_status is the deprecated number."""
    # The position in the list.
    return {"order_status": list(OrderStatus).index(order.ledger.status)}


@seed.on(
    _OtherResource.fields, "order-status-is-capitalised", "envelope.status-is-a-word", related=ANY
)
def status_is_capitalised(
    presenter: _OtherResource, order: Order, resource: dict[str, Any]
) -> dict[str, Any]:
    """order_status is written with a capital letter."""
    # A label for people.
    return {"order_status": order.ledger.status.value.capitalize()}


@seed.on(
    _OtherResource.fields,
    "order-status-is-plain-refunded",
    "envelope.status-is-a-word",
    related=ANY,
)
def status_is_refunded(
    presenter: _OtherResource, order: Order, resource: dict[str, Any]
) -> dict[str, Any]:
    """A fully refunded order is shown as `refunded`, a word that no page has."""
    # The event's name for the status.
    full = order.ledger.status is OrderStatus.FULLY_REFUNDED
    return {"order_status": "refunded"} if full else {}


@seed.on(
    _OtherResource.fields, "money-is-text", "envelope.money-is-a-number", "envelope.order-resource"
)
def money_is_text(
    presenter: _OtherResource, order: Order, resource: dict[str, Any]
) -> dict[str, Any]:
    """total_price is a text: a decimal column without a cast."""
    # In quotes.
    return {"total_price": str(resource["total_price"])}


@seed.on(
    _OtherResource.fields,
    "money-is-a-raw-float",
    "envelope.money-is-a-number",
    related=(*SHAPE, "isolation.*", "numbers.*"),
)
def money_is_a_raw_float(
    presenter: _OtherResource, order: Order, resource: dict[str, Any]
) -> dict[str, Any]:
    """total_price shows a float's artefact: 100.00000000000001."""
    # ``serialize_precision = 17``.
    return {"total_price": float(resource["total_price"]) + 1.4e-14}


@seed.on(
    _OtherResource.fields,
    "points-are-null",
    "envelope.money-is-a-number",
    "envelope.order-resource",
)
def points_are_null(
    presenter: _OtherResource, order: Order, resource: dict[str, Any]
) -> dict[str, Any]:
    """total_points is null once something went back."""
    # A join that finds nothing.
    return {"total_points": None} if order.ledger.refunded else {}


@seed.on(_OtherResource.fields, "type-is-a-word", "envelope.order-resource")
def type_is_a_word(
    presenter: _OtherResource, order: Order, resource: dict[str, Any]
) -> dict[str, Any]:
    """type is the word of the webhooks instead of 1 or 2."""
    # One resource for both channels.
    return {"type": order.kind.value}


@seed.on(
    _OtherResource.fields,
    "uuid-is-missing-its-dashes",
    "envelope.order-is-the-one-asked-for",
    related=ANY,
)
def uuid_without_dashes(
    presenter: _OtherResource, order: Order, resource: dict[str, Any]
) -> dict[str, Any]:
    """uuid is shown without its dashes."""
    # ``UNHEX``.
    return {"uuid": order.uuid.replace("-", "")}


@seed("reads-answer-with-the-order-before", "envelope.order-is-the-one-asked-for", related=ANY)
class CachesWithoutUuid(Presenter):
    """A read answers with the order that was read before: a cache whose key lacks the uuid."""

    def __init__(self, *dialect: Any) -> None:
        super().__init__(*dialect)
        self._cached: Order | None = None

    def order_answer(self, order: Order, message: str | None = None) -> Response:
        """What the cache has, the order itself where it is empty."""
        shown, self._cached = self._cached or order, order
        return super().order_answer(order if message else shown, message)
