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

seed = Seeds(ServerDefect)
#: Whatever reads an answer may stumble over its shape.
SHAPE = ("envelope.*", "schema.*")
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


@seed("success-is-false", "envelope.success", related=SHAPE)
class SuccessIsFalse(_OtherSuccess):
    """A call that is carried out is answered with status false."""

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """A flag that nobody sets."""
        return envelope | {"status": False}


@seed("success-is-one", "envelope.success", related=SHAPE)
class SuccessIsOne(_OtherSuccess):
    """status is the number 1 instead of true."""

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """A column without a cast."""
        return envelope | {"status": 1}


@seed("success-without-data", "envelope.success", related=(*SHAPE, ANY))
class SuccessWithoutData(_OtherSuccess):
    """The order stands under `order` instead of `data`."""

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """Another name."""
        return {("order" if name == "data" else name): value for name, value in envelope.items()}


@seed("message-is-a-list", "envelope.success", related=SHAPE)
class MessageIsAList(_OtherSuccess):
    """message is a list of texts."""

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """As if there could be several."""
        return envelope | {"message": [envelope["message"]]}


@seed("appended-data-is-null", "envelope.appended-data", related=SHAPE)
class AppendedDataIsNull(_OtherSuccess):
    """appended_data is null where it is empty."""

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """An empty value."""
        return envelope | {"appended_data": None}


@seed("success-is-201", "envelope.success-is-200", related=SHAPE)
class SuccessIs201(Presenter):
    """A refund is answered with 201: a refund was created."""

    def order_answer(self, order: Order, message: str | None = None) -> Response:
        """REST, taken by the letter."""
        response = super().order_answer(order, message)
        return replace(response, status=201 if message else 200)


@seed("answers-are-called-html", "envelope.json", related=SHAPE)
class CalledHtml(_OtherSuccess):
    """Answers are JSON, but their content type says HTML."""

    def success(self, data: Any = None, message: str | None = None, **beside: Any) -> Response:
        """The framework's default header."""
        response = Presenter.success(self, data, message, **beside)
        return replace(response, headers={"Content-Type": "text/html; charset=UTF-8"})


# ---------------------------------------------------------------------- refusals
@seed("refusals-are-200", "envelope.unknown-order", "envelope.validation", "auth.missing-key",
      "refund.second-full-is-refused", related=ANY)  # fmt: skip
class RefusalsAre200(Presenter):
    """Refusals are answered with HTTP 200 and status false."""

    def refusal(self, refusal: Refusal) -> Response:
        """Whether it went well is in the body."""
        return replace(super().refusal(refusal), status=200)


@seed("errors-are-html", "envelope.json", "envelope.error", related=SHAPE)
class ErrorsAreHtml(Presenter):
    """An unknown order is answered with a page for people."""

    def refusal(self, refusal: Refusal) -> Response:
        """The framework's own page."""
        response = super().refusal(refusal)
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


@seed("refusal-is-true", "envelope.error", related=SHAPE)
class RefusalIsTrue(_OtherRefusal):
    """A refusal has status true in its body."""

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """Copied from the success."""
        return envelope | {"status": True}


@seed("refusal-without-message", "envelope.error", "envelope.validation", related=SHAPE)
class RefusalWithoutMessage(_OtherRefusal):
    """A refusal says its reason under `error` instead of `message`."""

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """Another name."""
        return {("error" if name == "message" else name): v for name, v in envelope.items()}


@seed("validation-errors-are-a-list", "envelope.validation", related=SHAPE)
class ErrorsAreAList(_OtherRefusal):
    """The errors of a validation are a list without the fields' names."""

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """``array_values``."""
        if isinstance(errors := envelope.get("errors"), Mapping):
            return envelope | {"errors": [text for texts in errors.values() for text in texts]}
        return envelope


@seed("validation-errors-are-texts", "envelope.validation", related=SHAPE)
class ErrorsAreTexts(_OtherRefusal):
    """Each field's error is a text instead of a list of texts."""

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """The first one of each."""
        if isinstance(errors := envelope.get("errors"), Mapping):
            return envelope | {"errors": {name: texts[0] for name, texts in errors.items()}}
        return envelope


@seed("validation-without-errors", "envelope.validation", related=SHAPE)
class NoErrors(_OtherRefusal):
    """A validation does not say which field is wrong."""

    def envelope(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """The message must do."""
        return {name: value for name, value in envelope.items() if name != "errors"}


@seed("the-key-is-echoed", "envelope.key-not-echoed", related=("schema.*",))
class EchoesKey(Gate):
    """The answer about an unknown order shows the key that asked."""

    def order(self, merchant: Merchant, uuid: str) -> Order:
        """A message made for debugging."""
        try:
            return super().order(merchant, uuid)
        except Refusal as refusal:
            text = f"Order {uuid} not found for {merchant.key}"
            raise Refusal(refusal.status, text, refusal.errors) from None


@seed("unknown-order-is-400", "envelope.unknown-order-is-404", related="isolation.*")
class UnknownIs400(Gate):
    """An order that does not exist is answered with 400 instead of 404."""

    def order(self, merchant: Merchant, uuid: str) -> Order:
        """One code for all."""
        try:
            return super().order(merchant, uuid)
        except Refusal as refusal:
            raise Refusal(400, refusal.message, refusal.errors) from None


@seed("unknown-order-is-null", "envelope.unknown-order",
                "isolation.foreign-read",
                related=(*SHAPE, "isolation.*", "reading.*"), operation="get")  # fmt: skip
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


@seed("malformed-uuid-crashes", "envelope.malformed-uuid",
      related=("reading.malformed-uuid", "isolation.internal-id", "schema.*"))  # fmt: skip
class MalformedUuidCrashes(Gate):
    """A path with something else than a uuid is a server error: the database refuses the cast."""

    def order(self, merchant: Merchant, uuid: str) -> Order:
        """``invalid input syntax for type uuid``."""
        if len(uuid) != 36:
            raise crash()
        return super().order(merchant, uuid)


@seed("uuid-with-a-tail", "envelope.malformed-uuid", related=("isolation.*", "schema.*"))
class UuidWithTail(Gate):
    """A malformed uuid opens the first order there is: it is cast to 0, which matches any text."""

    def order(self, merchant: Merchant, uuid: str) -> Order:
        """``WHERE uuid = 0``."""
        if len(uuid) != 36 and not uuid.isdigit() and self.world.orders:
            return next(iter(self.world.orders.values()))
        return super().order(merchant, uuid)


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


@seed("order-status-is-a-number", "envelope.status-is-a-word", related=ANY)
class StatusIsANumber(_OtherResource):
    """order_status is the deprecated number."""

    def fields(self, order: Order, resource: dict[str, Any]) -> dict[str, Any]:
        """The position in the list."""
        return {"order_status": list(OrderStatus).index(order.ledger.status)}


@seed("order-status-is-capitalised", "envelope.status-is-a-word", related=ANY)
class StatusIsCapitalised(_OtherResource):
    """order_status is written with a capital letter."""

    def fields(self, order: Order, resource: dict[str, Any]) -> dict[str, Any]:
        """A label for people."""
        return {"order_status": order.ledger.status.value.capitalize()}


@seed("order-status-is-plain-refunded", "envelope.status-is-a-word", related=ANY)
class StatusIsRefunded(_OtherResource):
    """A fully refunded order is shown as `refunded`, a word that no page has."""

    def fields(self, order: Order, resource: dict[str, Any]) -> dict[str, Any]:
        """The event's name for the status."""
        full = order.ledger.status is OrderStatus.FULLY_REFUNDED
        return {"order_status": "refunded"} if full else {}


@seed("money-is-text", "envelope.money-is-a-number", "envelope.order-resource",
      related=SHAPE)  # fmt: skip
class MoneyIsText(_OtherResource):
    """total_price is a text: a decimal column without a cast."""

    def fields(self, order: Order, resource: dict[str, Any]) -> dict[str, Any]:
        """In quotes."""
        return {"total_price": str(resource["total_price"])}


@seed("money-is-a-raw-float", "envelope.money-is-a-number", related=(*SHAPE, "isolation.*"))
class MoneyIsARawFloat(_OtherResource):
    """total_price shows a float's artefact: 100.00000000000001."""

    def fields(self, order: Order, resource: dict[str, Any]) -> dict[str, Any]:
        """``serialize_precision = 17``."""
        return {"total_price": float(resource["total_price"]) + 1.4e-14}


@seed("points-are-null", "envelope.money-is-a-number", "envelope.order-resource",
      related=SHAPE)  # fmt: skip
class PointsAreNull(_OtherResource):
    """total_points is null once something went back."""

    def fields(self, order: Order, resource: dict[str, Any]) -> dict[str, Any]:
        """A join that finds nothing."""
        return {"total_points": None} if order.ledger.refunded else {}


@seed("type-is-a-word", "envelope.order-resource", related=SHAPE)
class TypeIsAWord(_OtherResource):
    """type is the word of the webhooks instead of 1 or 2."""

    def fields(self, order: Order, resource: dict[str, Any]) -> dict[str, Any]:
        """One resource for both channels."""
        return {"type": order.kind.value}


@seed("uuid-is-missing-its-dashes", "envelope.order-is-the-one-asked-for", related=ANY)
class UuidWithoutDashes(_OtherResource):
    """uuid is shown without its dashes."""

    def fields(self, order: Order, resource: dict[str, Any]) -> dict[str, Any]:
        """``UNHEX``."""
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
