"""``envelope.*``: the shape of what comes back (OpenAPI). Messages are never compared."""

from typing import Any

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus
from points_conformance.contract.pages import Page
from points_conformance.contract.schemas import problems
from points_conformance.judging.rule import Level, Profile, inferred, source
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
SMOKE, STANDARD = Profile.SMOKE, Profile.STANDARD
ENVELOPES = source(Page.OPENAPI, "Envelopes")
RESOURCE = source(Page.OPENAPI, "OrderResource")
ENDPOINTS = source(Page.OPENAPI, "Endpoints")
WORDS = source(Page.LIFECYCLE, "order_status")
NO_UUID = inferred("an identifier that is none names no order; the code is disputed")
UNKNOWN = "00000000-0000-4000-8000-000000000000"
rule = family(ENVELOPES, calls=4)


def _answers(api: ApiTarget) -> list[Answer]:
    """A read, a partial refund and the refund of the rest of one order."""
    order = api.refundable()
    return [api.read(order), api.refund(order, amount=sar(100)), api.refund(order)]


def _carried_out(api: ApiTarget) -> list[Answer]:
    return [answer for answer in _answers(api) if answer.accepted]


@rule("envelope.success", MUST, profile=SMOKE, far=STANDARD)
def a_success_has_its_envelope(api: ApiTarget) -> None:
    """A call that is carried out MUST be answered with status true, a message or null, and data."""
    for answer in _carried_out(api):
        body = _object(answer)
        fail_unless(
            body.get("status") is True,
            "the success envelope's status is not true",
            expected="status true",
            got=f"status {body.get('status')!r}",
        )
        fail_unless(
            "data" in body and isinstance(body.get("message"), str | None),
            "no success envelope",
            expected="data, and message as text or null",
            got=f"the fields {', '.join(body)}, message {body.get('message')!r}",
        )


@rule("envelope.success-is-200", MUST, ENDPOINTS)
def a_success_is_200(api: ApiTarget) -> None:
    """A call that is carried out MUST be answered with 200."""
    for answer in _carried_out(api):
        fail_unless(
            answer.status == 200, "another 2xx", expected="200", got=f"HTTP {answer.status}"
        )


@rule("envelope.error", MUST, profile=SMOKE, far=STANDARD, calls=3)
def an_error_has_its_envelope(api: ApiTarget) -> None:
    """A refusal MUST be answered with status false and a message."""
    unknown = api.read(UNKNOWN)
    no_key = api.read(UNKNOWN, key=None)
    for answer in (unknown, no_key):
        if not answer.refused or answer.status == 422:
            continue
        body = _object(answer)
        fail_unless(
            body.get("status") is False and isinstance(body.get("message"), str),
            "no error envelope",
            expected="status false and a message",
            got=f"status {body.get('status')!r}, message {body.get('message')!r}",
        )


@rule("envelope.validation", MUST, calls=3)
def a_validation_names_its_fields(api: ApiTarget) -> None:
    """A 422 MUST have a message, and errors that map each wrong field to a list of texts."""
    order = api.refundable()
    answer = api.refund(order, amount=-1)
    expect(answer).refused_with(422)
    body = _object(answer)
    found = problems("ValidationEnvelope", body)
    fail_unless(not found, "no validation envelope", expected="message and errors", got=found)
    fail_unless(
        "amount" in body.get("errors", {}),
        "the wrong field is not named",
        expected="errors to have the field amount",
        got=f"errors for {', '.join(body.get('errors', {}))}",
    )


@rule("envelope.json", MUST, source(Page.OPENAPI, "content types"), calls=6)
def answers_are_json(api: ApiTarget) -> None:
    """Every answer, refusals included, MUST be JSON and say so."""
    for answer in [*_answers(api), api.read(UNKNOWN)]:
        kind = answer.headers.get("content-type", "")
        fail_unless(
            kind.split(";")[0].strip().lower() == "application/json" and answer.json is not None,
            "an answer is not JSON",
            expected="JSON with the content type application/json",
            got=f"content type {kind!r}, HTTP {answer.status}",
        )


@rule("envelope.order-resource", MUST, RESOURCE)
def the_order_has_its_documented_shape(api: ApiTarget) -> None:
    """An order in an answer MUST fit the documented resource in every field that it shows."""
    for answer in _carried_out(api):
        found = problems("OrderResource", answer.order)
        fail_unless(
            not found,
            "the order does not fit its description",
            expected="an order as OrderResource describes it",
            got="; ".join(found[:3]),
        )


@rule("envelope.status-is-a-word", MUST, WORDS, profile=SMOKE, far=STANDARD)
def order_status_is_one_of_the_seven_words(api: ApiTarget) -> None:
    """order_status MUST be one of the seven documented words, never a number."""
    words = {status.value for status in OrderStatus}
    for answer in _carried_out(api):
        shown = answer.order.get("order_status", "new")
        fail_unless(
            shown in words,
            "order_status is no documented word",
            expected=f"one of {', '.join(sorted(words))}",
            got=repr(shown),
        )


@rule("envelope.money-is-a-number", MUST, RESOURCE)
def money_and_points_are_numbers(api: ApiTarget) -> None:
    """total_price and total_points MUST be JSON numbers, total_price with at most two decimals."""
    for answer in _carried_out(api):
        for field in ("total_price", "total_points"):
            value = answer.order.get(field, 0)
            fail_unless(
                not isinstance(value, bool | str) and value is not None,
                f"{field} is not a number",
                expected=f"{field} as a JSON number",
                got=repr(value),
            )
        price = answer.order.get("total_price", 0)
        fail_unless(
            round(price, 2) == price,
            "total_price has a float artefact",
            expected="at most two decimals",
            got=repr(price),
        )


@rule("envelope.order-is-the-one-asked-for", MUST, RESOURCE)
def the_answer_is_about_the_order_in_the_path(api: ApiTarget) -> None:
    """The order in an answer MUST be the one that the path names."""
    order = api.refundable()
    for answer in (api.read(order), api.refund(order, amount=sar(100))):
        shown = answer.order.get("uuid", order.uuid)
        fail_unless(
            shown == order.uuid,
            "an answer is about another order",
            expected=order.uuid,
            got=shown,
        )


@rule("envelope.appended-data", SHOULD, calls=5)
def appended_data_is_a_map(api: ApiTarget) -> None:
    """appended_data SHOULD be there and be a map (an empty list stands for an empty map)."""
    for answer in [*_carried_out(api), api.read(UNKNOWN)]:
        value = _object(answer).get("appended_data")
        fail_unless(
            isinstance(value, dict) or value == [],
            "appended_data is no map",
            expected="an object, or an empty list",
            got=repr(value),
        )


@rule("envelope.key-not-echoed", MUST, inferred("API keys: a private key is worth money"), calls=5)
def the_key_is_not_echoed(api: ApiTarget) -> None:
    """No answer MUST ever contain the private key."""
    for answer in [*_answers(api), api.read(UNKNOWN)]:
        fail_unless(
            api.keys.private.encode() not in answer.body,
            "an answer contains the private key",
            expected="an answer without the key",
            got="the key in the answer's body",
        )


@rule("envelope.unknown-order", MUST, ENDPOINTS, calls=3)
def an_unknown_order_is_refused(api: ApiTarget) -> None:
    """Reading, cancelling or refunding an order that does not exist MUST be refused."""
    for answer in _of_an_unknown_order(api):
        expect(answer).refused()


@rule(
    "envelope.unknown-order-is-404",
    SHOULD,
    ENDPOINTS,
    inferred("some readings answer another code for another merchant's order, and may do so here"),
    after="envelope.unknown-order",
    calls=3,
)
def an_unknown_order_is_404(api: ApiTarget) -> None:
    """The refusal of an order that does not exist SHOULD be 404."""
    for answer in _of_an_unknown_order(api):
        expect(answer).refused_with(404)


def _of_an_unknown_order(api: ApiTarget) -> list[Answer]:
    calls = (("GET", ""), ("POST", "/cancel"), ("POST", "/refund"))
    return [api.call(method, f"/orders/{UNKNOWN}{path}") for method, path in calls]


@rule("envelope.malformed-uuid", MUST, NO_UUID, calls=6)
def a_malformed_uuid_is_refused(api: ApiTarget) -> None:
    """A path with something else than a uuid MUST be refused, and never be a server error."""
    for name in ("not-a-uuid", "123", f"{UNKNOWN}0"):
        expect(api.call("GET", f"/orders/{name}")).refused()
        expect(api.call("POST", f"/orders/{name}/refund")).refused()


def _object(answer: Answer) -> dict[str, Any]:
    body = answer.json
    fail_unless(
        isinstance(body, dict),
        "an answer is no JSON object",
        expected="a JSON object",
        got=f"HTTP {answer.status}, {len(answer.body)} bytes that are none",
    )
    return body  # type: ignore[no-any-return]
