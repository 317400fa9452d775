"""``robust.*``: whatever is sent, an answer below 500, and no money moves that nobody asked for.

A server error is a finding wherever it comes (``ApiTarget.call``); these rules provoke it.
"""

from points_conformance.contract.limits import REASON_MAX
from points_conformance.contract.names import REVERSALS, OrderStatus
from points_conformance.contract.pages import Page
from points_conformance.judging.rule import Level, inferred, source
from points_conformance.rules.api import readings
from points_conformance.rules.api.expect import expect
from points_conformance.rules.api.family import family
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST = Level.MUST
BODY = source(Page.OPENAPI, "Request bodies")
NO_MONEY = inferred("a call that is not understood asks for no money")
SAFE = inferred("HTTP: a GET is safe; only POST is documented")
rule = family(NO_MONEY, after="refund.full")

#: Reasons of 1 to 500 characters that servers stumble over.
_AWKWARD_REASONS = (
    "x",
    "r" * 255,
    "r" * 256,
    "إرجاع البضاعة",
    "🧾" * 20,
    "\u202eright to left\u202c\u200f",
    "two\nlines\tand a tab",
    "NUL \x00 inside",
    "'; DROP TABLE orders; -- \\ \" <b>",
)


def _cancellable(api: ApiTarget) -> TestOrder:
    readings.cancel_settled(api, OrderStatus.APPROVED)
    return readings.cancellable(api)


@rule("robust.reasons", MUST, BODY, after="refund.partial", calls=22)
def any_text_is_a_reason(api: ApiTarget) -> None:
    """A reason of any characters MUST be taken, or refused with 4xx; it is no server error."""
    order = api.refundable()
    for reason in _AWKWARD_REASONS:
        answer = api.refund(order, amount=1, reason=reason)
        if not answer.accepted:
            expect(answer).refused()


@rule("robust.reason-of-emoji", MUST, BODY, after="cancel.reason-limit", calls=8)
def an_emoji_is_one_character(api: ApiTarget) -> None:
    """A reason of 500 emoji MUST be accepted: each is one character."""
    expect(api.cancel(_cancellable(api), reason="😀" * REASON_MAX)).accepted()


@rule("robust.bodies", MUST, calls=18)
def a_body_in_a_bad_encoding_moves_no_money(api: ApiTarget) -> None:
    """A body that is not UTF-8, nested too deeply or cut off MUST be refused and move no money."""
    order = api.refundable()
    before = api.read(order)
    bodies = (
        b'{"reason": "\xff\xfe"}',
        '{"amount": 1}'.encode("utf-16"),
        b'{"amount": 1',
        b'{"amount":}',
        b"[" * 5000,
        b'{"amount": {"$gt": 0}}',
        b'{"amount": [[1]]}',
    )
    for body in bodies:
        expect(api.reverse("refund", order, body=body)).refused()
        expect(api.read(order)).unchanged_from(before)


@rule("robust.large-body", MUST, calls=5)
def a_large_body_moves_no_money(api: ApiTarget) -> None:
    """A reason of a million characters MUST be refused and change nothing."""
    order = api.refundable()
    before = api.read(order)
    body = b'{"reason": "' + b"r" * 1_000_000 + b'"}'
    expect(api.reverse("refund", order, body=body)).refused()
    expect(api.read(order)).unchanged_from(before)


@rule("robust.other-methods", MUST, SAFE, NO_MONEY, calls=14)
def only_post_reverses_an_order(api: ApiTarget) -> None:
    """GET, PUT, PATCH or DELETE on cancel and refund MUST be refused and change nothing."""
    order = api.refundable()
    before = api.read(order)
    for operation in REVERSALS:
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            expect(api.call(method, f"/orders/{order.uuid}/{operation}")).refused()
    expect(api.read(order)).unchanged_from(before)
