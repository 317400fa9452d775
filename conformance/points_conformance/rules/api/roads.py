"""Two merchants, every road: whatever one asks about an order of another's, in whatever state.

A stranger knows the order's uuid here, which is the worst that can be. What a stranger is refused
changes nothing, so that each order takes all calls one after the other.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from points_conformance.contract.money import sar
from points_conformance.contract.names import STEPS, OrderStatus
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import Denied, Finding, NotExercised
from points_conformance.judging.rule import Level, inferred, source
from points_conformance.rules.api import readings
from points_conformance.rules.api.cells import cell
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.shared import Knock, Shared
from points_conformance.rules.api.steps import fully_refunded, is_left, partially_refunded
from points_conformance.rules.api.telling import ENDPOINT_NAME, told
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.endpoints import endpoint_of, endpoints_of
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import ApiTarget

__all__ = ["STRANGER", "rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
OWNER = source(Page.REVERSALS, "Only the owning merchant")
NOT_FOUND = source(Page.OPENAPI, "404 for an order that is not this merchant's")
LIST = source(Page.OPENAPI, "Webhooks")
NOTHING = inferred("nothing of another merchant's order is revealed, nor its status")
OWN_EVENTS = source(Page.WEBHOOKS, "Delivery")
READ, REFUND = "isolation.foreign-read", "isolation.foreign-refund"
HEARD = (Need.INBOX, Need.SECOND_MERCHANT)
#: The story, and the place of the other merchant's endpoint.
STRANGER: Final = "stranger"
#: Of more endpoints not every page is read.
_COUNTABLE: Final = 100
UNKNOWN: Final = "00000000-0000-4000-8000-00000000f00d"
S = OrderStatus
#: In two halves, so that they can be asked side by side.
_UNPAID: Final = (S.NEW, S.AUTHORIZED, S.CANCELLED)
_PAID: Final = (S.APPROVED, S.CAPTURED, S.PARTIALLY_REFUNDED, S.FULLY_REFUNDED)
rule = family(OWNER, after=(READ, REFUND), needs=Need.SECOND_MERCHANT)


# ---------------------------------------------------------------------- every call, every state
def _json(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields).encode()


#: Every call on an order: its name, method, path below the order, and body.
_ROADS: Final[tuple[tuple[str, str, str, bytes | None], ...]] = (
    ("read", "GET", "", None),
    ("cancel", "POST", "/cancel", _json({"reason": "Not mine"})),
    ("refund", "POST", "/refund", None),
    ("refund of a part", "POST", "/refund", _json({"amount": 0.01, "reason": "Not mine"})),
    *((step.value, "POST", f"/{step.value}", None) for step in STEPS),
    ("shipping status", "POST", "/status", _json({"status": "delivered"})),
)


def _knocks(api: ApiTarget, uuid: str) -> list[Knock]:
    """Every call of a stranger's on an order. None may be accepted."""
    knocks = []
    for road, method, below, body in _ROADS:
        with cell(road):
            path = f"/orders/{uuid}{below}"
            answer = expect(api.call(method, path, body=body, key=api.other_key)).refused().answer
            knocks.append(Knock(road, answer.status, _words(answer, uuid)))
    return knocks


def _words(answer: Answer, uuid: str) -> str:
    """The message, whatever order it names; empty where there is none."""
    body = answer.json
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or "").lower().replace(uuid.lower(), "(the order)")


def _in(api: ApiTarget, status: OrderStatus) -> TestOrder:
    """An order in a status, also in one that only a reversal leads to."""
    if status is S.CANCELLED:
        readings.cancel_settled(api, S.APPROVED)
        order = readings.cancellable(api)
        if api.cancel(order).refused:
            raise NotExercised("an order that can be cancelled is not", lacks="cancelled orders")
    elif status is S.PARTIALLY_REFUNDED:
        order = api.refundable()
        partially_refunded(api, order, order.total // 4)
    elif status is S.FULLY_REFUNDED:
        order = api.refundable()
        fully_refunded(api, order)
    else:
        order = api.order(status)
    return order


def _kept_out(api: ApiTarget, statuses: Sequence[OrderStatus]) -> None:
    """A stranger is refused everything in each of these, and changes nothing."""
    met = Shared.of(api).knocks
    for status in statuses:
        try:
            order = _in(api, status)
        except Denied:
            raise
        except NotExercised:
            continue
        before = api.read(order)
        with cell(status.value):
            met[status.value] = tuple(_knocks(api, order.uuid))
            expect(api.read(order)).accepted().unchanged_from(before)
    if not any(status.value in met for status in statuses):
        raise NotExercised("no order of these statuses", lacks="unpaid orders")


@rule("isolation.foreign-unpaid", MUST, OWNER, calls=44)
def a_stranger_is_kept_out_of_unpaid_orders(api: ApiTarget) -> None:
    """Another merchant's every call on a new, authorized or cancelled order MUST be refused."""
    _kept_out(api, _UNPAID)


@rule(
    "isolation.foreign-paid",
    MUST,
    OWNER,
    after=(READ, REFUND, "refund.full", "refund.partial", "refund.read-after-write"),
    calls=56,
)
def a_stranger_is_kept_out_of_paid_orders(api: ApiTarget) -> None:
    """Another merchant's every call on a paid or refunded order MUST be refused, without effect."""
    _kept_out(api, _PAID)


@rule(
    "isolation.foreign-tells-no-status",
    MUST,
    NOTHING,
    after="isolation.foreign-paid",
    behind="isolation.foreign-unpaid",
)
def a_refusal_tells_a_stranger_no_status(api: ApiTarget) -> None:
    """A stranger's call MUST be refused with the same code whatever the order's status is."""
    met = Shared.of(api).knocks
    for road, *_ in _ROADS:
        codes = {status: _of(knocks, road).status for status, knocks in met.items()}
        if len(set(codes.values())) > 1:
            raise Finding(
                f"a refusal tells a stranger the order's status: {road}",
                expected="one code for every status",
                got=", ".join(f"{code} where it is {status}" for status, code in codes.items()),
                led_by=("isolation.foreign-unpaid", "isolation.foreign-paid"),
            )


def _of(knocks: Sequence[Knock], road: str) -> Knock:
    return next(knock for knock in knocks if knock.road == road)


@rule(
    "isolation.foreign-as-unknown",
    SHOULD,
    NOT_FOUND,
    NOTHING,
    after="isolation.foreign-paid",
    behind="isolation.foreign-unpaid",
    calls=9,
)
def a_stranger_hears_what_is_said_of_no_order(api: ApiTarget) -> None:
    """A stranger SHOULD be answered as for an order that does not exist: code and message."""
    nothing = _knocks(api, UNKNOWN)
    for status, knocks in Shared.of(api).knocks.items():
        for knock, unknown in zip(knocks, nothing, strict=True):
            if knock != unknown:
                raise Finding(
                    f"a refusal tells a stranger that there is such an order: {knock.road}",
                    expected=f"{unknown.status} {unknown.words!r}, as for one that does not exist",
                    got=f"{knock.status} {knock.words!r}, where it is {status}",
                    led_by=("isolation.foreign-unpaid", "isolation.foreign-paid"),
                )


# ---------------------------------------------------------------------- narrower ways in
@rule("isolation.foreign-rest", MUST, OWNER, after=(REFUND, "refund.sum-bounded"), calls=14)
def a_stranger_refunds_nothing_of_what_is_left(api: ApiTarget) -> None:
    """Another merchant's refund of what is left MUST be refused, and leave it to its owner."""
    order = api.refundable()
    left = order.total - order.total // 4
    partially_refunded(api, order, order.total // 4)
    for fields in ({"amount": sar(left)}, {"amount": sar(1)}, {}):
        expect(api.refund(order, key=api.other_key, **fields)).refused()
    is_left(api, order, left)


@rule("isolation.foreign-after-own", MUST, OWNER, after=(READ, "refund.partial"), calls=12)
def a_remembered_answer_is_for_its_merchant_alone(api: ApiTarget) -> None:
    """A read MUST be answered by whose key it has, whoever has read or changed the order before."""
    order = api.refundable()
    for owner in (False, True, False, True):
        _read_by(api, order, owner=owner)
    partially_refunded(api, order, order.total // 4)
    _read_by(api, order, owner=False)
    answer = _read_by(api, order, owner=True)
    expect(answer).shows(S.PARTIALLY_REFUNDED)
    upper = api.call("GET", f"/orders/{order.uuid.upper()}", key=api.other_key)
    expect(upper).refused()


def _read_by(api: ApiTarget, order: TestOrder, *, owner: bool) -> Answer:
    with cell("by its owner" if owner else "by a stranger"):
        answer = api.read(order, key="" if owner else api.other_key)
        return (expect(answer).accepted() if owner else expect(answer).refused()).answer


@rule("isolation.foreign-by-name", MUST, OWNER, inferred("the key says whose call it is"), calls=12)
def a_stranger_cannot_call_as_the_owner(api: ApiTarget) -> None:
    """Whose call it is MUST be said by the key alone: not by a body, a query or another header."""
    order = api.refundable()
    before = api.read(order)
    number = _merchant_id(api)
    named = {"merchant_id": number, "merchant": {"id": number}, "owner_id": number}
    body = _json({"amount": 0.01, "reason": "Not mine", **named})
    headers = {"X-Merchant-Id": str(number)}
    path = f"/orders/{order.uuid}"
    for name, answer in (
        ("a body", api.call("POST", f"{path}/refund", body=body, key=api.other_key)),
        ("a query", api.call("GET", f"{path}?merchant_id={number}", key=api.other_key)),
        ("a header", api.call("GET", path, key=api.other_key, headers=headers)),
    ):
        with cell(name):
            expect(answer).refused()
    expect(api.read(order)).accepted().unchanged_from(before)


def _merchant_id(api: ApiTarget) -> int:
    """The merchant's number, where its endpoints show it; else the first one that there is."""
    for row in api.endpoints.listed() if api.inbox is not None else ():
        if isinstance(row.get("merchant_id"), int):
            return int(row["merchant_id"])
    return 1


# ---------------------------------------------------------------------- lists and events
@rule(
    "isolation.foreign-lists",
    MUST,
    LIST,
    OWNER,
    after="webhook.endpoint-listed",
    needs=HEARD,
    calls=12,
    alone="endpoints",
)
def no_page_shows_another_merchants_endpoint(api: ApiTarget) -> None:
    """No page of a merchant's endpoints, however long, MUST show or count another's."""
    own = {str(row.get("uuid")) for row in api.endpoints.listed()}
    rows = api.other_endpoints.listed()
    for query in ("", "?per_page=1", "?per_page=1&page=2", "?per_page=1000", "?page=0", "?page=2"):
        with cell(query or "the first page"):
            answer = api.call("GET", f"/webhooks{query}", key=api.other_key)
            if answer.refused:
                continue
            shown = {str(row.get("uuid")) for row in endpoints_of(answer)}
            if len(rows) < _COUNTABLE:
                _counts(answer, len(rows))
            fail_unless(
                not shown & own and api.webhooks().base_url.encode() not in answer.body,
                "another merchant's endpoint is listed",
                expected="a merchant's own endpoints alone",
                got=f"{len(shown & own)} of another merchant's",
            )


def _counts(answer: Answer, count: int) -> None:
    """Where a page says how many there are, it is the merchant's own."""
    meta = answer.json.get("meta") if isinstance(answer.json, dict) else None
    total = meta.get("total") if isinstance(meta, dict) else None
    fail_unless(
        not isinstance(total, int) or total == count,
        "another merchant's endpoints are counted",
        expected=f"a total of {count}",
        got=total,
    )


@rule(
    "isolation.foreign-endpoint",
    MUST,
    OWN_EVENTS,
    OWNER,
    after=("webhook.endpoint-deleted", "webhook.each-part-is-told", "refund.partial"),
    needs=HEARD,
    calls=22,
    alone="endpoints",
)
def another_merchants_endpoint_is_not_ours(api: ApiTarget) -> None:
    """An endpoint that another merchant registers MUST be neither shown nor listed to this one."""
    inbox, theirs = api.webhooks(), api.other_endpoints
    endpoint = _registered_by_stranger(api)
    try:
        expect(api.call("GET", f"/webhooks/{endpoint['uuid']}")).refused()
        listed = [row.get("uuid") for row in api.endpoints.listed()]
        fail_unless(
            endpoint["uuid"] not in listed,
            "another merchant's endpoint is listed",
            expected="a merchant's own endpoints alone",
            got=endpoint["uuid"],
        )
        order = api.refundable()
        for part in (4, 5):
            expect(api.refund(order, amount=sar(order.total // part)), order).accepted()
        told(api, order, "refunded", 2)
        Shared.of(api).planted[STRANGER] = order.uuid
        inbox.collect()
    finally:
        theirs.remove(endpoint["uuid"])


def _registered_by_stranger(api: ApiTarget) -> dict[str, Any]:
    """The second merchant's endpoint at a place of our inbox."""
    inbox = api.webhooks()
    answer = api.other_endpoints.open(ENDPOINT_NAME, inbox.url(STRANGER))
    endpoint = endpoint_of(answer)
    if not answer.accepted or not isinstance(endpoint.get("uuid"), str):
        raise NotExercised(
            f"the second merchant cannot register a webhook endpoint (HTTP {answer.status})",
            lacks="second merchant's endpoints",
        )
    if isinstance(endpoint.get("secret"), str):
        inbox.trust(STRANGER, endpoint["secret"])
    return endpoint
