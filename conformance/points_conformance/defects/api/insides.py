"""Servers whose refusals show what they are made of."""

from dataclasses import replace
from typing import Any

from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.simulator.forms import Forms
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Request, Response, dump_json
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Merchant, Order

__all__ = ["seed"]

#: What is said of another's order is not what is said of none.
SHOWN = ("envelope.*", "schema.*", "isolation.foreign-*")
seed = Seeds(ServerDefect, related=SHOWN, profile=Profile.STANDARD)
ODD, ANY = "envelope.messages-show-no-inside", "envelope.no-refusal-shows-the-inside"


@seed.on(Gate.order, "not-found-names-the-model", ODD, ANY)
def names_the_model(gate: Gate, merchant: Merchant, uuid: str) -> Order:
    """An unknown order is answered with the model that was looked for: the framework words it."""
    # ``ModelNotFoundException``, passed on.
    try:
        return Gate.order(gate, merchant, uuid)
    except Refusal as refusal:
        text = rf"No query results for model [App\Models\Order] {uuid}"
        raise replace(refusal, message=text) from None


class _Detailed(Presenter):
    """Adds to refusals what a developer likes to see."""

    def refusal(self, refusal: Refusal) -> Response:
        """The envelope, and more."""
        response = super().refusal(refusal)
        more = self.more(refusal)
        return replace(response, body=dump_json(response.json() | more)) if more else response

    def more(self, refusal: Refusal) -> dict[str, Any]:
        """What is added."""
        raise NotImplementedError


@seed.on(_Detailed.more, "debugging-is-on", ODD, ANY)
def debugging_is_on(presenter: _Detailed, refusal: Refusal) -> dict[str, Any]:
    """A path that does not exist is answered with exception, file, line and trace: APP_DEBUG."""
    # ``APP_DEBUG=true`` in production.
    if refusal.status not in (404, 405):
        return {}
    file = "/var/www/html/vendor/laravel/framework/src/Illuminate/Routing/RouteCollection.php"
    return {"exception": "NotFoundHttpException", "file": file, "line": 44, "trace": []}


@seed.on(Forms.body, "broken-json-is-answered-by-jackson", ODD, ANY)
def answers_by_jackson(forms: Forms, request: Request) -> dict[str, Any]:
    """A body that is no JSON is answered with the parser's exception, by its full name."""
    # ``HttpMessageNotReadableException.getMessage()``.
    try:
        return Forms.body(forms, request)
    except Refusal as refusal:
        text = (
            "JSON parse error: Unexpected end-of-input; nested exception is "
            "com.fasterxml.jackson.core.io.JsonEOFException"
        )
        raise replace(refusal, message=text) if refusal.status == 400 else refusal from None


@seed.on(Forms.body, "broken-json-shows-the-stack", ODD, ANY)
def shows_the_stack(forms: Forms, request: Request) -> dict[str, Any]:
    """A body that is no JSON is answered with the stack: ``res.status(400).send(err.stack)``."""
    # The default handler of errors, outside production.
    try:
        return Forms.body(forms, request)
    except Refusal as refusal:
        if refusal.status != 400:
            raise
        text = (
            "Unexpected end of JSON input\n    at JSON.parse (<anonymous>)\n"
            "    at parse (/app/node_modules/body-parser/lib/types/json.js:92:19)"
        )
        raise replace(refusal, message=text) from None


@seed.on(_Detailed.more, "the-database-speaks", ANY, related=(*SHOWN,))
def the_database_speaks(presenter: _Detailed, refusal: Refusal) -> dict[str, Any]:
    """A refused change of an order is answered with the constraint that it violates."""
    # The rule is a CHECK, and its error the message.
    if not refusal.message.startswith("This order cannot be changed"):
        return {}
    return {"message": 'new row for relation "orders" violates check constraint "orders_left"'}


@seed.on(_Detailed.more, "the-query-is-shown", ODD, ANY)
def the_query_is_shown(presenter: _Detailed, refusal: Refusal) -> dict[str, Any]:
    """An unknown order is answered with the query that found nothing."""
    # For the support's sake.
    if refusal.message != "Order not found":
        return {}
    return {"debug": 'select * from "orders" where "uuid" = ? and "merchant_id" = ? limit 1'}


@seed.on(_Detailed.more, "validation-names-its-class", ODD, ANY)
def validation_names_its_class(presenter: _Detailed, refusal: Refusal) -> dict[str, Any]:
    """A validation says which class refused it: ``getClass().getName()`` as the error's code."""
    # A code that nobody had to think of.
    if refusal.status != 422:
        return {}
    return {"code": "org.springframework.web.bind.MethodArgumentNotValidException"}
