"""One wrong field in a right payload is found where it is; variants of real traffic pass."""

from decimal import Decimal
from typing import Any, Final, NamedTuple

import pytest

from points_conformance.contract import schemas, specs

OMIT: Final = object()


class Change(NamedTuple):
    """One field of one example, set to another value or left out."""

    fact: str
    component: str
    example: str
    pointer: str
    value: Any


#: Component and example, and the changes to it: what they mean, where, and the new value.
Table = dict[tuple[str, str], list[tuple[str, str, Any]]]

#: Each of these breaks one documented fact, and nothing else.
WRONG: Table = {
    ("RefundedEvent", "webhook-refunded-partial"): [
        ("webhook order without id", "/order/id", OMIT),
        ("webhook order with REST's integer id", "/order/id", 48213),
        ("refunded event of a cancelled order", "/order/order_status", "cancelled"),
        ("refund without refund_amount", "/order/refund_amount", OMIT),
        ("negative refund_amount", "/order/refund_amount", -25),
        ("refund_amount as a string", "/order/refund_amount", "25.00"),
        ("negative refund_points", "/order/refund_points", -500),
        ("refund_points as null", "/order/refund_points", None),
        ("negative left_points", "/order/left_points", -1),
        ("negative left_amount", "/order/left_amount", -0.01),
    ],
    ("CancelledEvent", "webhook-cancelled"): [
        ("webhook order id that is no uuid", "/order/id", "SHOP-1002"),
        ("webhook order without order_number", "/order/order_number", OMIT),
        ("webhook order_number as a number", "/order/order_number", 1002),
        ("order as null", "/order", None),
        ("event without its name", "/event", OMIT),
        ("cancelled in American spelling", "/event", "canceled"),
        ("cancelled event of an approved order", "/order/order_status", "approved"),
        ("cancel reason as a list", "/order/reason", ["damaged"]),
        ("webhook order without total_price", "/order/total_price", OMIT),
        ("webhook order without total_points", "/order/total_points", OMIT),
        ("negative total_points", "/order/total_points", -1),
    ],
    ("RefundedEvent", "webhook-refunded-full"): [
        ("event without timestamp", "/timestamp", OMIT),
        ("timestamp in words", "/timestamp", "yesterday"),
        ("event without order", "/order", OMIT),
        ("order as a list", "/order", []),
        ("refunded event called refund", "/event", "refund"),
        ("webhook type as REST's integer", "/order/type", 1),
        ("refund reason as a number", "/order/reason", 7),
        ("negative total_price", "/order/total_price", -150.75),
        ("negative total_price as Decimal", "/order/total_price", Decimal("-0.01")),
        ("total_price as a string", "/order/total_price", "150.75"),
        ("total_price that is no number", "/order/total_price", float("nan")),
        ("total_points as a string", "/order/total_points", "3000"),
        ("full refund that leaves points", "/order/left_points", 1),
        ("full refund that leaves a halala", "/order/left_amount", 0.01),
    ],
    ("AutoRefundedEvent", "webhook-auto-refunded"): [
        ("timestamp as a number", "/timestamp", 1776679500),
        ("auto-refund called refunded", "/event", "refunded"),
        ("auto-refund in part", "/order/order_status", "partially_refunded"),
        ("auto-refund of an earning order", "/order/type", "earning"),
        ("auto-refund without refund_amount", "/order/refund_amount", OMIT),
        ("auto-refund of negative points", "/order/refund_points", -4000),
    ],
    ("ApprovedEvent", "webhook-approved"): [
        ("approved event with another name", "/event", "completed"),
        ("webhook order without created_at", "/order/created_at", OMIT),
        ("webhook order without updated_at", "/order/updated_at", OMIT),
        ("updated_at without a time", "/order/updated_at", "2026-04-20"),
        ("webhook order without order_status", "/order/order_status", OMIT),
        ("order_status that nobody knows", "/order/order_status", "refunded"),
        ("order_status as the old number", "/order/order_status", 1),
        ("webhook type that nobody knows", "/order/type", "redeeming"),
        ("metadata as text", "/order/metadata", "{}"),
        ("metadata as a list with content", "/order/metadata", ["web"]),
        ("reference_number as a number", "/order/reference_number", 20260420),
    ],
    ("AuthorizedEvent", "webhook-authorized"): [
        ("authorized event with another name", "/event", "captured"),
    ],
    ("CapturedEvent", "webhook-captured"): [
        ("captured event with another name", "/event", "authorized"),
        ("webhook order without payment_status", "/order/payment_status", OMIT),
        ("payment_status that nobody knows", "/order/payment_status", "paid"),
    ],
    ("CompletedEvent", "webhook-completed"): [
        ("completed event with another name", "/event", "approved"),
    ],
    ("ShippingStatusUpdatedEvent", "webhook-shipping-status-updated"): [
        ("shipping event without status", "/order/status", OMIT),
        ("shipping status as REST's integer", "/order/status", 4),
    ],
    ("DebtExceededEvent", "webhook-debt-exceeded"): [
        ("merchant event without timestamp", "/timestamp", OMIT),
        ("merchant event whose data is text", "/data", "1500.00"),
    ],
    ("LowBalanceWarningEvent", "webhook-low-balance-warning"): [
        ("merchant event with another name", "/event", "debt_exceeded"),
    ],
    ("OrderEnvelope", "rest-cancel"): [
        ("success without status", "/status", OMIT),
        ("success whose status is a string", "/status", "true"),
        ("success whose status is 1", "/status", 1),
    ],
    ("OrderEnvelope", "rest-refund-full"): [
        ("success whose status is false", "/status", False),
        ("success without data", "/data", OMIT),
        ("order as a list of orders", "/data", [{}]),
        ("appended_data as text", "/appended_data", ""),
        ("appended_data as a list with content", "/appended_data", [1]),
        ("message as a list", "/message", ["done"]),
    ],
    ("ErrorEnvelope", "error-400-state"): [
        ("refusal whose status is true", "/status", True),
    ],
    ("ErrorEnvelope", "error-404"): [
        ("refusal whose status is a string", "/status", "false"),
        ("refusal without status", "/status", OMIT),
        ("refusal without message", "/message", OMIT),
        ("refusal whose message is null", "/message", None),
    ],
    ("ValidationEnvelope", "error-422"): [
        ("422 without errors", "/errors", OMIT),
        ("422 whose errors are a list", "/errors", ["amount must be at least 0"]),
        ("422 whose error is one text", "/errors/amount", "must be at least 0"),
        ("422 whose error is a number", "/errors/amount/0", 22),
        ("422 whose status is true", "/status", True),
    ],
    ("ValidationEnvelope", "error-422-bare"): [
        ("422 without message", "/message", OMIT),
    ],
    ("ThrottledEnvelope", "error-429"): [
        ("429 whose status is true", "/status", True),
    ],
    ("MessageEnvelope", "rest-webhook-delete"): [
        ("delete that says false", "/status", False),
    ],
    ("OrderEnvelope", "rest-get"): [
        ("REST id that is the uuid", "/data/id", "3f1c9a52-7b0e-4c1d-9a64-5d2e8f70b1a1"),
        ("REST uuid that is no uuid", "/data/uuid", "48213"),
        ("REST type as a word", "/data/type", "earning"),
        ("REST type as a string", "/data/type", "1"),
        ("REST type 3", "/data/type", 3),
        ("REST status that nobody knows", "/data/order_status", "refunded"),
        ("REST status as the old number", "/data/order_status", 5),
        ("REST status null", "/data/order_status", None),
        ("REST total as a string", "/data/total_price", "150.75"),
        ("REST total below zero", "/data/total_price", -1),
        ("REST points as a string", "/data/total_points", "3000"),
        ("REST points below zero", "/data/total_points", -3000),
        ("REST shipping status as a word", "/data/status", "delivered"),
        ("REST created_at in words", "/data/created_at", "yesterday"),
        ("REST items as text", "/data/items", "coffee"),
        ("REST item with half a piece", "/data/items/0/quantity", 0.5),
        ("REST item with a negative price", "/data/items/0/product_price", -1),
    ],
    ("OrderEnvelope", "rest-refund-nested"): [
        ("wrong status one data deeper", "/data/data/order_status", "refunded"),
        ("wrong type one data deeper", "/data/data/type", "earning"),
    ],
    ("EarningEnvelope", "rest-earning"): [
        ("earning order with a word as type", "/data/type", "earning"),
    ],
    ("EarningEnvelope", "rest-earning-pending"): [
        ("pending order without its order", "/data/pending_earning_order", OMIT),
        ("pending order that is null", "/data/pending_earning_order", None),
        ("pending flag as a string", "/data/pending_client_activation", "true"),
        ("pending order with negative points", "/data/pending_earning_order/total_points", -1),
    ],
    ("CheckoutEnvelope", "rest-checkout"): [
        ("checkout without an address", "/data/checkout_url", OMIT),
        ("checkout address that is no address", "/data/checkout_url", "soon"),
    ],
    ("WebhookEnvelope", "rest-webhook"): [
        ("endpoint without uuid", "/data/uuid", OMIT),
        ("endpoint with a number as uuid", "/data/uuid", 312),
        ("endpoint without secret", "/data/secret", OMIT),
        ("endpoint whose secret is hidden by null", "/data/secret", None),
        ("endpoint without url", "/data/url", OMIT),
    ],
    ("WebhookListEnvelope", "rest-webhook-list"): [
        ("list with an endpoint without name", "/data/0/name", OMIT),
        ("list whose data is null", "/data", None),
    ],
    ("CancelRequest", "request-cancel"): [
        ("cancel reason of 501 characters", "/reason", "x" * 501),
        ("cancel reason as a number", "/reason", 5),
    ],
    ("RefundRequest", "request-refund-partial"): [
        ("refund reason of 501 Arabic letters", "/reason", "ا" * 501),
        ("refund of a negative amount", "/amount", -0.01),
        ("refund of a string", "/amount", "25.00"),
        ("refund of true", "/amount", True),
    ],
    ("EarningRequest", "request-earning"): [
        ("earning without phone_number", "/phone_number", OMIT),
        ("earning without total_price", "/total_price", OMIT),
        ("earning without order_number", "/order_number", OMIT),
        ("earning without products", "/products", OMIT),
        ("earning with no product", "/products", []),
        ("earning with quantity 0", "/products/0/quantity", 0),
        ("earning with half a piece", "/products/0/quantity", 0.5),
        ("earning with a nameless product", "/products/0/product_name", OMIT),
        ("earning with a negative price", "/products/0/product_price", -1),
        ("earning with a negative total", "/total_price", -1),
        ("earning with a negative discount", "/discount_amount", -1),
        ("earning with a name of 256 letters", "/name", "x" * 256),
        ("earning with a city of 101 letters", "/shipping_address/city", "x" * 101),
        ("earning with a line1 of 256 letters", "/shipping_address/line1", "x" * 256),
        ("earning with a foreign phone_number", "/phone_number", "+4915112345678"),
        ("earning with a phone_number as a number", "/phone_number", 500000002),
    ],
    ("CheckoutRequest", "request-checkout"): [
        ("checkout without total_price", "/total_price", OMIT),
        ("checkout without order_number", "/order_number", OMIT),
    ],
    ("CompleteRequest", "request-complete"): [
        ("completion paid by method 11", "/payment_method", "11"),
        ("completion paid by a number", "/payment_method", 1),
    ],
    ("StatusRequest", "request-status"): [
        ("status that nobody ships", "/status", "lost"),
        ("status left out", "/status", OMIT),
    ],
    ("WebhookRequest", "request-webhook"): [
        ("endpoint name of 256 letters", "/name", "x" * 256),
        ("endpoint url of 501 letters", "/url", "https://shop.example/" + "x" * 480),
        ("endpoint registered without url", "/url", OMIT),
    ],
}

#: Each of these is known, or must be expected, from a conformant server or client.
TOLERATED: Table = {
    ("OrderEnvelope", "rest-get"): [
        ("unknown field in a REST order", "/data/custom_status", {"ar": "جديد", "en": "New"}),
        ("unknown field beside data", "/trace_id", "a1"),
        ("REST order with nothing in it", "/data", {}),
        ("REST order without uuid", "/data/uuid", OMIT),
        ("REST order without status", "/data/order_status", OMIT),
        ("success without message", "/message", OMIT),
        ("success without appended_data", "/appended_data", OMIT),
        ("REST timestamp without microseconds", "/data/created_at", "2026-04-20T10:00:00Z"),
        ("date meant for people", "/data/date", "Monday,23 Dec"),
        ("appended_data as an empty list", "/appended_data", []),
        ("appended_data with content", "/appended_data", {"locale": "ar"}),
        ("REST metadata as an empty list", "/data/metadata", []),
        ("items as null", "/data/items", None),
        ("shipping status as an integer in REST", "/data/status", 3),
        ("settlement_status as text", "/data/settlement_status", "settled"),
    ],
    ("RefundedEvent", "webhook-refunded-full"): [
        ("unknown field in a webhook order", "/order/status_label", "Refunded"),
        ("unknown field beside order", "/attempt", 2),
        ("webhook order without type", "/order/type", OMIT),
        ("webhook order without metadata", "/order/metadata", OMIT),
        ("webhook order without reference_number", "/order/reference_number", OMIT),
        ("webhook timestamp with microseconds", "/timestamp", "2026-04-20T10:00:00.123456Z"),
        ("webhook timestamp with an offset", "/timestamp", "2026-04-20T13:00:00+03:00"),
        ("updated_at with microseconds", "/order/updated_at", "2026-04-20T10:00:00.000000Z"),
        ("webhook metadata as null", "/order/metadata", None),
        ("integer money", "/order/total_price", 150),
        ("money as Decimal", "/order/refund_amount", Decimal("150.75")),
    ],
    ("CancelRequest", "request-cancel"): [
        ("unknown field in a request", "/note", "by phone"),
        ("cancel reason of 500 letters", "/reason", "ا" * 500),
        ("cancel without reason", "/reason", OMIT),
    ],
    ("ErrorEnvelope", "error-404"): [
        ("unknown field in a refusal", "/code", "not_found"),
    ],
    ("RefundedEvent", "webhook-refunded-partial"): [
        ("refund without left_amount", "/order/left_amount", OMIT),
        ("refund without left_points", "/order/left_points", OMIT),
        ("refund without refund_points", "/order/refund_points", OMIT),
        ("refund without reason", "/order/reason", OMIT),
        ("refund whose reason is null", "/order/reason", None),
        ("points with a fraction", "/order/refund_points", 497.51),
    ],
    ("CancelledEvent", "webhook-cancelled"): [
        ("abandoned checkout without reason", "/order/reason", OMIT),
        ("cancelled order that keeps its points", "/order/total_points", 4000),
    ],
    ("AutoRefundedEvent", "webhook-auto-refunded"): [
        ("auto-refund for another reason", "/order/reason", "payment_lost"),
        ("auto-refund without type", "/order/type", OMIT),
    ],
    ("ApprovedEvent", "webhook-approved"): [
        ("approved event of an order that moved on", "/order/order_status", "fully_refunded"),
    ],
    ("ShippingStatusUpdatedEvent", "webhook-shipping-status-updated"): [
        (
            "shipping label in two languages",
            "/order/status_label",
            {"ar": "تم التوصيل", "en": "Delivered"},
        ),
        ("shipping status of the merchant's own", "/order/status", "at_the_gate"),
    ],
    ("DebtExceededEvent", "webhook-debt-exceeded"): [
        ("merchant event with money as a string", "/data/debt", "1500.00"),
        ("merchant event with money as a number", "/data/debt", 1500),
    ],
    ("ValidationEnvelope", "error-422"): [
        ("422 without status", "/status", OMIT),
        ("422 without appended_data", "/appended_data", OMIT),
    ],
    ("ThrottledEnvelope", "error-429"): [
        ("429 with a message alone", "/status", OMIT),
    ],
    ("EarningEnvelope", "rest-earning"): [
        ("earning order one data deeper", "/data", {"data": {"order_status": "new"}}),
        ("earning order that says it is not pending", "/data/pending_client_activation", False),
    ],
    ("WebhookListEnvelope", "rest-webhook-list"): [
        ("list one data deeper", "/data", {"data": [], "meta": {}}),
    ],
    ("RefundRequest", "request-refund-partial"): [
        ("refund of nothing", "/amount", 0),
        ("refund without amount", "/amount", OMIT),
    ],
    ("EarningRequest", "request-earning"): [
        ("phone_number with a plus", "/phone_number", "+966500000002"),
        ("phone_number with two zeros", "/phone_number", "00966500000002"),
        ("phone_number with the country alone", "/phone_number", "966500000002"),
        ("phone_number with one zero", "/phone_number", "0500000002"),
    ],
}


def changes(table: Table) -> list[Change]:
    """The rows of a table, each with its component and example."""
    return [
        Change(fact, component, example, pointer, value)
        for (component, example), rows in table.items()
        for fact, pointer, value in rows
    ]


def changed(change: Change) -> Any:
    """The example with that one field changed."""
    payload = specs.example(change.example)
    *steps, last = (int(step) if step.isdigit() else step for step in change.pointer[1:].split("/"))
    holder = payload
    for step in steps:
        holder = holder[step]
    if change.value is OMIT:
        del holder[last]
    else:
        holder[last] = change.value
    return payload


def name(change: Change) -> str:
    """The readable id of a test."""
    return change.fact.replace(" ", "-")


MISSING = [change for change in changes(WRONG) if change.value is OMIT]


@pytest.mark.parametrize("change", changes(WRONG), ids=name)
def test_a_wrong_field_is_rejected_where_it_is(change: Change) -> None:
    """The payload is refused, and every complaint points at the changed field."""
    assert schemas.problems(change.component, specs.example(change.example)) == []
    complaints = schemas.problems(change.component, changed(change))
    assert complaints
    for complaint in complaints:
        assert complaint.startswith((f"{change.pointer}: ", f"{change.pointer}/"))


@pytest.mark.parametrize("change", changes(TOLERATED), ids=name)
def test_a_variant_of_real_traffic_is_accepted(change: Change) -> None:
    """What a conformant side may send is no problem."""
    assert schemas.problems(change.component, changed(change)) == []


@pytest.mark.parametrize("change", MISSING, ids=name)
def test_a_missing_field_is_called_missing(change: Change) -> None:
    """The complaint names the field that is not there, not the object around it."""
    assert schemas.problems(change.component, changed(change)) == [
        f"{change.pointer}: is required, but missing"
    ]


@pytest.mark.parametrize(
    ("component", "payload"),
    [
        ("ValidationEnvelope", {"message": "no", "errors": {"amount": ["too low"]}}),
        ("ThrottledEnvelope", {}),
        ("CancelRequest", {}),
        ("RefundRequest", {}),
        ("CompleteRequest", {}),
        ("WebhookChangeRequest", {}),
        ("MessageEnvelope", {"status": True}),
        ("OrderEnvelope", {"status": True, "data": {"data": {"order_status": "cancelled"}}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_smallest_payload_is_accepted(component: str, payload: object) -> None:
    """What is optional may be left out all at once."""
    assert schemas.problems(component, payload) == []


@pytest.mark.parametrize("payload", [None, [], "cancelled", 5, True], ids=repr)
@pytest.mark.parametrize(
    "component", ["OrderEnvelope", "ErrorEnvelope", "ValidationEnvelope", "RefundedEvent"]
)
def test_a_payload_that_is_no_object_is_rejected_as_a_whole(
    component: str, payload: object
) -> None:
    """Lists, texts and numbers are refused at the root."""
    [complaint] = schemas.problems(component, payload)
    assert complaint.startswith("/: ")


def test_complaints_are_sorted_and_each_is_made_once() -> None:
    """Two wrong fields give two complaints, in the same order every time."""
    payload = specs.example("webhook-refunded-full")
    payload["order"] |= {"id": 5, "total_price": -1}
    assert schemas.problems("RefundedEvent", payload) == [
        '/order/id: 5 is not of type "string"',
        "/order/total_price: -1 is less than the minimum of 0",
    ]


def test_a_pointer_escapes_slash_and_tilde() -> None:
    """A field name with a slash or a tilde is written as RFC 6901 asks."""
    [complaint] = schemas.problems(
        "ValidationEnvelope", {"message": "no", "errors": {"a/b~c": "wrong"}}
    )
    assert complaint.startswith("/errors/a~1b~0c: ")


def test_a_long_value_does_not_flood_the_complaint() -> None:
    """A complaint stays readable, and still says what is wrong."""
    [complaint] = schemas.problems("CancelRequest", {"reason": "x" * 10_000})
    assert len(complaint) < 300
    assert complaint.endswith("is longer than 500 characters")


def test_text_that_no_encoding_holds_is_a_problem_of_the_payload() -> None:
    """A lone surrogate, which json reads, is reported instead of raised."""
    [complaint] = schemas.problems("StatusRequest", {"status": "\ud800"})
    assert complaint.startswith("/: cannot be judged as JSON")
