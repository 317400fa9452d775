"""Servers that take what is written otherwise for something else."""

import re
from dataclasses import replace
from typing import Final

from points_conformance.contract.limits import DEFAULT_CANCEL_REASON
from points_conformance.contract.money import sar_text
from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect, answer_of
from points_conformance.defects.api.variants import crash
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import Forms, RefundForm, invalid
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Request, Response, dump_json
from points_conformance.simulator.operations import Call
from points_conformance.simulator.world import Merchant, Order

__all__ = ["seed"]

#: Whoever sends a generated body may write one of these.
seed = Seeds(ServerDefect, related=("schema.*", "robust.*"), profile=Profile.STANDARD)
_EXPONENT: Final = re.compile(rb'("amount"\s*:\s*[0-9.]+)[eE][+-]?[0-9]+')


def _sent(request: Request, header: str) -> str:
    """A header, empty where there is none."""
    return request.headers.get(header.lower(), "")


# ---------------------------------------------------------------------- numbers
@seed.on(Forms.refund, "exponents-are-cut", "refund.amount-spellings", related="refund.huge-amount")
def cuts_exponents(forms: Forms, request: Request) -> RefundForm:
    """An amount of 1.5e1 is 1.5: the number ends where digits and point end."""
    # ``preg_match('/[\d.]+/', $amount)``.
    return Forms.refund(forms, replace(request, body=_EXPONENT.sub(rb"\1", request.body)))


@seed.on(Forms.refund, "exponents-are-no-numbers", "refund.amount-spellings")
def refuses_exponents(forms: Forms, request: Request) -> RefundForm:
    """An amount of 1.5e1 is refused: the pattern of amounts is held against BigDecimal's text."""
    # ``@Pattern(regexp = "\\d+(\\.\\d{1,2})?")``.
    if _EXPONENT.search(request.body):
        raise invalid({"amount": ["The amount field format is invalid."]})
    return Forms.refund(forms, request)


@seed.on(Forms.refund, "whole-numbers-are-halalas", "refund.amount-spellings")
def whole_numbers_are_halalas(forms: Forms, request: Request) -> RefundForm:
    """A whole number above 9 is taken for halalas, as other payment APIs have it."""
    # ``is_int($amount) ? $amount : (int) round($amount * 100)``, with a doubt about small ones.
    form = Forms.refund(forms, request)
    whole = re.search(rb'"amount"\s*:\s*([0-9]{2,5})\s*[,}]', request.body)
    return replace(form, amount=int(whole[1])) if whole else form


# ---------------------------------------------------------------------- headers
@seed.on(Forms.refund, "a-charset-hides-the-body", "refund.body-spellings")
def charset_hides_the_body(forms: Forms, request: Request) -> RefundForm:
    """A body with a charset in its type is not parsed, and a part becomes a full refund."""
    # ``$_SERVER['CONTENT_TYPE'] === 'application/json'``.
    if ";" in _sent(request, "content-type"):
        request = replace(request, body=b"")
    return Forms.refund(forms, request)


@seed.on(Forms.cancel, "an-upper-case-type-is-unsupported", "cancel.header-spellings")
def upper_case_is_unsupported(forms: Forms, request: Request) -> str | None:
    """APPLICATION/JSON is refused with 415: the type is looked up in a map of parsers."""
    # ``parsers.get(contentType)``.
    kind = _sent(request, "content-type")
    if kind != kind.lower():
        raise Refusal(415, "Unsupported Media Type")
    return Forms.cancel(forms, request)


@seed.on(
    Forms.refund, "refusals-redirect-browsers", "envelope.refusal-spellings", related="schema.*"
)
def redirects_browsers(forms: Forms, request: Request) -> RefundForm:
    """Who does not insist on JSON is sent back by a redirect where a body is invalid."""
    # ``expectsJson()`` of a framework that serves pages as well.
    try:
        return Forms.refund(forms, request)
    except Refusal as refusal:
        if refusal.status == 422 and "json" not in _sent(request, "accept"):
            raise Refusal(302, "Redirecting to /") from None
        raise


@seed.on(Gate.merchant, "refusals-are-pages-for-browsers", "envelope.refusal-spellings")
def pages_for_browsers(gate: Gate, request: Request) -> Merchant:
    """A wrong key is answered 401 to whoever does not insist on JSON: another guard sees to it."""
    # The guard of the web, which comes first there.
    try:
        return Gate.merchant(gate, request)
    except Refusal as refusal:
        if "json" not in _sent(request, "accept"):
            raise Refusal(401, refusal.message) from None
        raise


@seed.on(
    Forms.cancel,
    "no-accept-crashes",
    "cancel.header-spellings",
)
def crashes_without_accept(forms: Forms, request: Request) -> str | None:
    """A cancel that says nothing of what it accepts is a server error: undefined has no method."""
    # ``req.headers.accept.includes('json')``.
    if "accept" not in request.headers:
        raise crash()
    return Forms.cancel(forms, request)


@seed("german-amounts", "envelope.read-spellings", operation="get")
def speaks_german(sim: Simulator, call: Call) -> Response:
    """In German total_price is a text with a comma: the formatter follows the locale."""
    response = answer_of("get")(sim, call)
    if not _sent(call.request, "accept-language").startswith("de"):
        return response
    envelope = response.json()
    order = sim.gate.order(call.merchant, call.name)
    envelope["data"]["total_price"] = sar_text(order.ledger.total).replace(".", ",")
    return replace(response, body=dump_json(envelope))


# ---------------------------------------------------------------------- reasons
@seed("default-reason-is-translated", "cancel.default-reason-everywhere", operation="cancel")
def translates_the_default(sim: Simulator, call: Call) -> Response:
    """Whoever reads Arabic has the default reason in Arabic: it went through the translator."""
    order = sim.gate.order(call.merchant, call.name)
    reason = sim.forms.cancel(call.request)
    if reason is None and _sent(call.request, "accept-language").startswith("ar"):
        reason = "تم إلغاء الطلب عبر الواجهة"
    sim.desk.cancel(order, reason)
    return sim.presenter.order_answer(order, "Order cancelled successfully")


@seed.on(
    Desk.cancel,
    "default-reason-of-authorized-differs",
    "cancel.default-reason-everywhere",
    related=("story.*", "cancel.*"),
)
def other_default_for_authorized(desk: Desk, order: Order, reason: str | None) -> None:
    """An authorized order is voided with a default reason of the payment's."""
    # Two services, two constants.
    if reason is None and order.ledger.status is OrderStatus.AUTHORIZED:
        reason = DEFAULT_CANCEL_REASON.replace("Order cancelled", "Authorization voided")
    Desk.cancel(desk, order, reason)


@seed.on(Forms.refund, "a-solidus-keeps-its-backslash", "refund.body-spellings")
def keeps_backslashes(forms: Forms, request: Request) -> RefundForm:
    r"""A solidus that was escaped as JSON allows keeps its backslash: a decoder of their own."""
    # ``json_encode`` writes it so, and nobody has tried another encoder.
    form = Forms.refund(forms, request)
    escaped = rb"\/" in request.body and form.reason is not None
    return replace(form, reason=(form.reason or "").replace("/", r"\/")) if escaped else form


@seed.on(Forms.refund, "the-amount-is-searched-in-the-text", "refund.body-spellings")
def searches_the_text(forms: Forms, request: Request) -> RefundForm:
    """The amount is searched in the body's text, to keep its decimals: an escaped name is none."""
    # ``preg_match('/"amount"\s*:\s*/', $raw)``; without it the refund is a full one.
    form = Forms.refund(forms, request)
    return form if b'"amount"' in request.body else replace(form, amount=None)


@seed("an-empty-body-is-broken-json", "refund.empty-body-of-type-json", operation="refund")
def refuses_empty_json(sim: Simulator, call: Call) -> Response:
    """An empty body of the type JSON is refused with 400: the parser wants something to parse."""
    # ``FST_ERR_CTP_EMPTY_JSON_BODY``.
    if not call.request.body and "json" in _sent(call.request, "content-type"):
        raise Refusal(400, "Body cannot be empty when content-type is set to 'application/json'")
    return answer_of("refund")(sim, call)


# ---------------------------------------------------------------------- fields that nobody knows
@seed("refund-fills-the-order", "refund.unknown-fields", operation="refund")
def fills_from_the_body(sim: Simulator, call: Call) -> Response:
    """A refund writes whatever the body names into the order: its number and its metadata too."""
    # ``$order->fill($request->all())->save()``.
    order = sim.gate.order(call.merchant, call.name)
    form = sim.forms.refund(call.request)
    sim.desk.refund(order, form)
    _fill(sim, call, order)
    return sim.presenter.order_answer(order, "Order refunded successfully")


@seed("cancel-fills-the-order", "cancel.unknown-fields", operation="cancel")
def cancel_fills_from_the_body(sim: Simulator, call: Call) -> Response:
    """A cancel binds the body onto the order: its number, its metadata and its price."""
    # ``Object.assign(order, req.body)``.
    order = sim.gate.order(call.merchant, call.name)
    sim.desk.cancel(order, sim.forms.cancel(call.request))
    _fill(sim, call, order)
    return sim.presenter.order_answer(order, "Order cancelled successfully")


def _fill(sim: Simulator, call: Call, order: Order) -> None:
    body = sim.forms.body(call.request)
    order.number = str(body.get("order_number", order.number))
    order.metadata = body.get("metadata", order.metadata)
