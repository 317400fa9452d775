"""Every way to spell a request that means the same: headers, encodings, numbers, no reason at all.

The ways themselves, and why they mean the same, are in
:mod:`~points_conformance.rules.api.writings`.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from points_conformance.contract.limits import DEFAULT_CANCEL_REASON
from points_conformance.contract.money import MoneyError, halalas, sar
from points_conformance.contract.names import OrderStatus
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import Denied, Finding, NotExercised
from points_conformance.judging.rule import Level, inferred, promised, source
from points_conformance.rules.api import readings
from points_conformance.rules.api.cells import cell
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.expect import IDENTITY, expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.steps import FULL, PARTIAL, ends_in, fully_refunded, is_left
from points_conformance.rules.api.writings import (
    AMOUNTS,
    SAME,
    TEXT,
    TOTAL,
    UNBODIED,
    UNREASONED,
    bodies,
)
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
REFUND = source(Page.OPENAPI, "POST /orders/{uuid}/refund")
CANCEL = source(Page.OPENAPI, "POST /orders/{uuid}/cancel")
CONTENT = source(Page.OPENAPI, "content types")
DEFAULT = source(Page.REVERSALS, "Cancel an order")
JSON = inferred("JSON: what is written otherwise means the same")
HTTP = inferred("HTTP: */* accepts JSON, media types have no case, and a language is no meaning")
UNNAMED = inferred("no other field of the body is documented")
rule = family(HTTP, after="refund.partial")

S = OrderStatus
#: What of an order no language changes.
_UNTRANSLATED: Final = (*IDENTITY, "order_status", "total_points")
UNKNOWN: Final = "00000000-0000-4000-8000-00000000a11e"


# ---------------------------------------------------------------------- headers
@rule("envelope.read-spellings", MUST, HTTP, after="auth.valid-key", calls=9)
def a_read_shows_the_order_however_it_is_asked(api: ApiTarget) -> None:
    """A read MUST show the same order whatever language or type beside JSON is accepted."""
    order = api.refundable()
    before = api.read(order)
    for name, headers in UNBODIED.items():
        with cell(name):
            answer = api.call("GET", f"/orders/{order.uuid}", headers=headers)
            _is_json(answer)
            expect(answer).accepted().unchanged_from(before)


@rule(
    "envelope.refusal-spellings",
    MUST,
    CONTENT,
    HTTP,
    after=("refund.second-full-is-refused", "auth.missing-key"),
    calls=28,
)
def a_refusal_is_the_same_however_it_is_asked(api: ApiTarget) -> None:
    """A refusal MUST have the same code, in JSON, whatever beside JSON is accepted or told."""
    order = api.refundable()
    fully_refunded(api, order)
    before = api.read(order)
    for what, call in _refused_calls(order).items():
        usual = expect(api.call(**call)).refused().answer
        for name in ("no Accept", "Accept */*", "in Arabic", "an upper-case type"):
            with cell(f"{what}, {name}"):
                answer = api.call(**call, headers=SAME[name])
                expect(answer).refused_with(usual.status)
                _is_json(answer)
    expect(api.read(order)).unchanged_from(before)


def _refused_calls(order: TestOrder) -> dict[str, dict[str, Any]]:
    """What is refused for four different reasons."""
    refund = {"method": "POST", "path": f"/orders/{order.uuid}/refund"}
    return {
        "another refund": {**refund, "body": b'{"reason": "again"}'},
        "a negative amount": {**refund, "body": b'{"amount": -1, "reason": "less"}'},
        "an unknown order": {"method": "GET", "path": f"/orders/{UNKNOWN}"},
        "no key": {"method": "GET", "path": f"/orders/{order.uuid}", "key": None},
    }


def _is_json(answer: Answer) -> None:
    kind = answer.headers.get("content-type", "")
    fail_unless(
        kind.partition(";")[0].strip().lower() == "application/json" and answer.json is not None,
        "an answer is not JSON",
        expected="JSON with the content type application/json",
        got=f"content type {kind!r}, HTTP {answer.status}",
    )


@rule("cancel.header-spellings", MUST, CANCEL, HTTP, after="cancel.ends-cancelled", calls=36)
def a_cancel_is_one_however_it_is_sent(api: ApiTarget) -> None:
    """A cancel MUST be carried out with its reason under any headers that mean the same."""
    readings.cancel_settled(api, S.APPROVED)
    sent = {name: (readings.cancellable(api), f"Sent {name}: العميل") for name in SAME}
    for name, (order, reason) in sent.items():
        with cell(name):
            answer = api.reverse("cancel", order, {"reason": reason}, headers=SAME[name])
            ends_in(api, order, answer, S.CANCELLED)
    if api.inbox is not None:
        for name, (order, reason) in sent.items():
            with cell(name):
                for event in api.inbox.waited_for(order.uuid, "cancelled"):
                    _reason_is(event.order.get("reason"), reason)


def _reason_is(got: object, reason: str) -> None:
    fail_unless(got == reason, "wrong reason", expected=repr(reason), got=repr(got))


@rule(
    "refund.empty-body-of-type-json",
    SHOULD,
    REFUND,
    inferred("many clients send the type with every call"),
    after="refund.no-reason-needed",
    calls=4,
)
def an_empty_body_may_be_called_json(api: ApiTarget) -> None:
    """A refund with the content type JSON and an empty body SHOULD be a full refund."""
    order = api.refundable()
    answer = api.reverse("refund", order, body=b"")
    ends_in(api, order, answer, FULL)


# ---------------------------------------------------------------------- amounts


@rule(
    "refund.amount-spellings",
    MUST,
    REFUND,
    JSON,
    after="refund.sum-bounded",
    calls=20,
    riyals=TOTAL // 100,
)
def an_amount_is_one_however_it_is_written(api: ApiTarget) -> None:
    """An amount MUST be the same however JSON writes it: 15, 15.00, 1.5e1, 1500e-2."""
    order = api.refundable(TOTAL, exact=True)
    written = {text: halalas(Decimal(text)) for text in AMOUNTS}
    for text in written:
        body = f'{{"amount": {text}, "reason": "written {text}"}}'.encode()
        with cell(text):
            expect(api.reverse("refund", order, body=body), order).accepted().shows(PARTIAL)
    try:
        is_left(api, order, order.total - sum(written.values()))
    except Finding as finding:
        finding.story = tuple(_told_otherwise(api, order, written)) or finding.story
        raise


def _told_otherwise(api: ApiTarget, order: TestOrder, written: Mapping[str, int]) -> Iterator[str]:
    """Which of the amounts were booked as another, where webhooks tell."""
    told = api.inbox.of(order.uuid) if api.inbox is not None else []
    for text, amount in written.items():
        for event in told:
            if event.order.get("reason") == f"written {text}":
                booked = event.order.get("refund_amount")
                if _halalas(booked) != amount:
                    yield f"an amount written {text} was booked as {booked}"


def _halalas(value: object) -> int | None:
    try:
        return halalas(value)  # type: ignore[arg-type]
    except MoneyError:
        return None


# ---------------------------------------------------------------------- bodies
@rule(
    "refund.body-spellings",
    MUST,
    source(Page.EVENTS, "refunded"),
    JSON,
    HTTP,
    after=("refund.two-equal-parts", "webhook.refund-reason"),
    needs=Need.INBOX,
    calls=20,
)
def a_body_means_the_same_however_it_is_written(api: ApiTarget) -> None:
    """A refund MUST be told with its amount and reason however JSON and headers spell it."""
    api.webhooks()
    order = api.refundable()
    written = bodies(TEXT)
    for amount, (name, (body, headers)) in enumerate(written.items(), 1):
        sent = body.replace("AMOUNT", str(sar(amount))).encode()
        with cell(name):
            answer = api.reverse("refund", order, body=sent, headers=headers)
            expect(answer, order).accepted().shows(PARTIAL)
    events = all_of(api, order, "refunded", len(written))
    reasons = {
        _halalas(event.order.get("refund_amount")): event.order.get("reason") for event in events
    }
    for amount, name in enumerate(written, 1):
        with cell(name):
            fail_unless(
                amount in reasons,
                "another amount is told",
                expected=f"an event of {sar(amount)}",
                got=f"events of {', '.join(str(sar(told)) for told in reasons if told)}",
            )
            _reason_is(reasons[amount], TEXT)


# ---------------------------------------------------------------------- fields that nobody knows
#: What a body that is written straight into a record would change.
_ASSIGNED: Final[Mapping[str, Any]] = {
    "order_status": "new",
    "total_price": 999_999,
    "order_number": "taken over",
    "reference_number": "R-TAKEN-OVER",
    "type": 2,
    "settlement_status": "written off",
    "metadata": {"taken": "over"},
    "refunded_amount": 0,
    "refund_amount": Decimal("0.01"),
    "left_amount": 999_999,
    "merchant_id": 2,
}
_SHOWN: Final = (
    "order_number",
    "type",
    "total_price",
    "reference_number",
    "settlement_status",
    "metadata",
)


@rule(
    "refund.unknown-fields",
    MUST,
    REFUND,
    UNNAMED,
    after=("refund.sum-bounded", "refund.identity"),
    calls=10,
)
def other_fields_of_a_refund_mean_nothing(api: ApiTarget) -> None:
    """Fields of a refund's body that are not documented MUST change nothing of the order."""
    order = api.refundable()
    before = api.read(order)
    part = order.total // 4
    answer = api.refund(order, amount=sar(part), **_ASSIGNED)
    if answer.refused:
        # A strict server takes no fields that it does not know.
        expect(api.read(order)).unchanged_from(before)
        return
    expect(answer, order).accepted().shows(PARTIAL)
    for shown in (answer, api.read(order)):
        expect(shown).accepted().shows(PARTIAL)
        _assigned_nothing(before, shown)
    is_left(api, order, order.total - part)


@rule("cancel.unknown-fields", MUST, CANCEL, UNNAMED, after="cancel.identity", calls=8)
def other_fields_of_a_cancel_mean_nothing(api: ApiTarget) -> None:
    """Fields of a cancel's body that are not documented MUST change nothing of the order."""
    readings.cancel_settled(api, S.APPROVED)
    order = readings.cancellable(api)
    before = api.read(order)
    answer = api.cancel(order, **_ASSIGNED, amount=sar(100))
    if answer.refused:
        expect(api.read(order)).unchanged_from(before)
        return
    for shown in (answer, api.read(order)):
        expect(shown).accepted().shows(S.CANCELLED)
        _assigned_nothing(before, shown)


def _assigned_nothing(before: Answer, shown: Answer) -> None:
    expect(shown).unchanged_from(before, IDENTITY)
    for field in _SHOWN:
        sent = _ASSIGNED[field]
        fail_unless(
            before.order.get(field) == sent or shown.order.get(field) != sent,
            f"{field} was taken from the body",
            expected=f"{field} to stay {before.order.get(field)!r}",
            got=f"{field} {shown.order.get(field)!r}",
        )


# ---------------------------------------------------------------------- no reason


@rule(
    "cancel.default-reason-everywhere",
    MUST,
    DEFAULT,
    promised("default reason"),
    after="cancel.default-reason",
    needs=Need.INBOX,
    calls=40,
)
def the_default_reason_is_the_same_everywhere(api: ApiTarget) -> None:
    """Without a reason a cancel MUST be told with the default one, from whatever status."""
    api.webhooks()
    cancelled = [
        (
            f"{order.status.value}, {name}",
            order,
            api.reverse("cancel", order, body=body, headers=headers),
        )
        for order, name, (body, headers) in _cancels(api)
    ]
    for name, order, answer in cancelled:
        # Whether it can be cancelled is for others to say.
        if answer.refused:
            continue
        with cell(name):
            _reason_is(
                all_of(api, order, "cancelled")[0].order.get("reason"), DEFAULT_CANCEL_REASON
            )


def _cancels(
    api: ApiTarget,
) -> Iterator[tuple[TestOrder, str, tuple[bytes | None, Mapping[str, str]]]]:
    """An order of each status that can be cancelled, with each way to give no reason for new ones,
    and with two of them for the others.
    """
    ways = list(UNREASONED.items())
    for status in (S.NEW, S.AUTHORIZED, S.APPROVED, S.CAPTURED):
        settled = status in (S.APPROVED, S.CAPTURED)
        if settled and readings.cancel_settled(api, status) != "accepted":
            continue
        for name, way in ways if status is S.NEW else ways[1:3]:
            try:
                yield api.order(status), name, way
            except Denied:
                raise
            except NotExercised:
                break
