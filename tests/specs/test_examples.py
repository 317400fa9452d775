"""Each example payload is what the documentation describes, and is listed with its source."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from points_conformance.contract import schemas, specs

ROW = re.compile(r"^\| `([a-z0-9-]+)\.json` \| `(\w+)` \| (.+) \|$", re.MULTILINE)
LISTED = {
    name: (component, source)
    for name, component, source in ROW.findall(specs.text("examples/README.md"))
}

#: Typed by hand: what must have an example of its own.
EXPECTED = {
    "rest-cancel": "OrderEnvelope",
    "rest-refund-full": "OrderEnvelope",
    "rest-refund-partial": "OrderEnvelope",
    "rest-get": "OrderEnvelope",
    "rest-earning": "EarningEnvelope",
    "rest-earning-pending": "EarningEnvelope",
    "rest-checkout": "CheckoutEnvelope",
    "rest-webhook": "WebhookEnvelope",
    "rest-webhook-list": "WebhookListEnvelope",
    "error-400-state": "ErrorEnvelope",
    "error-404": "ErrorEnvelope",
    "error-422": "ValidationEnvelope",
    "webhook-approved": "ApprovedEvent",
    "webhook-authorized": "AuthorizedEvent",
    "webhook-captured": "CapturedEvent",
    "webhook-completed": "CompletedEvent",
    "webhook-cancelled": "CancelledEvent",
    "webhook-refunded-full": "RefundedEvent",
    "webhook-refunded-partial": "RefundedEvent",
    "webhook-auto-refunded": "AutoRefundedEvent",
    "webhook-shipping-status-updated": "ShippingStatusUpdatedEvent",
    "webhook-debt-exceeded": "DebtExceededEvent",
    "webhook-low-balance-warning": "LowBalanceWarningEvent",
}


def order_of(name: str) -> dict[str, Any]:
    """The order inside a webhook example."""
    order = specs.example(name)["order"]
    assert isinstance(order, dict)
    return order


@pytest.mark.parametrize("name", specs.example_names())
def test_an_example_is_listed_with_component_and_source(name: str) -> None:
    """Every file in the folder says what validates it and where its shape is from."""
    assert name in LISTED
    assert LISTED[name][1].strip()


def test_every_listed_example_exists() -> None:
    """The table names no file that is gone."""
    assert sorted(LISTED) == list(specs.example_names())


@pytest.mark.parametrize("name", specs.example_names())
def test_an_example_validates_against_its_component(name: str) -> None:
    """The payload is valid for the component that the table names."""
    assert schemas.problems(LISTED[name][0], specs.example(name)) == []


@pytest.mark.parametrize("name", specs.example_names())
def test_an_example_validates_with_decimal_numbers(name: str) -> None:
    """Numbers that were read as Decimal are judged like any other."""
    instance = json.loads(specs.text(f"examples/{name}.json"), parse_float=Decimal)
    assert schemas.problems(LISTED[name][0], instance) == []


@pytest.mark.parametrize(("name", "component"), EXPECTED.items(), ids=list(EXPECTED))
def test_every_expected_payload_has_an_example(name: str, component: str) -> None:
    """The payloads that users look for are there, each under its own component."""
    assert LISTED[name][0] == component


@pytest.mark.parametrize("name", [each for each in LISTED if each.startswith("webhook-")])
def test_an_event_example_is_validated_by_the_component_of_its_event(name: str) -> None:
    """The event inside the payload leads to the component of the table."""
    assert schemas.event_component(specs.example(name)["event"]) == LISTED[name][0]


def test_the_partial_refund_is_the_documented_example() -> None:
    """150.75 riyals and 3000 points, 25.00 back: 500 points moved, 2500 and 125.75 left."""
    order = order_of("webhook-refunded-partial")
    numbers = ("total_price", "total_points", "refund_amount", "refund_points")
    assert [order[each] for each in numbers] == [150.75, 3000, 25.0, 500]
    assert (order["left_points"], order["left_amount"]) == (2500, 125.75)
    assert order["order_status"] == "partially_refunded"


def test_the_full_refund_leaves_nothing() -> None:
    """A fully refunded order has no riyal and no point left."""
    order = order_of("webhook-refunded-full")
    assert (order["order_status"], order["left_points"], order["left_amount"]) == (
        "fully_refunded",
        0,
        0,
    )
    assert order["refund_amount"] == order["total_price"]


def test_the_cancelled_example_carries_the_default_reason() -> None:
    """The documented default reason is there to the letter, and total_points is 0."""
    order = order_of("webhook-cancelled")
    assert order["reason"] == "Order cancelled via API"
    assert (order["order_status"], order["total_points"]) == ("cancelled", 0)


def test_the_auto_refund_example_is_a_full_refund_of_a_replacing_order() -> None:
    """Only replacing orders are refunded by the platform, and always in full."""
    order = order_of("webhook-auto-refunded")
    assert (order["type"], order["order_status"]) == ("replacing", "fully_refunded")
    assert order["reason"] == "auto_refund_missing_transaction"


def test_rest_and_webhooks_spell_the_same_order_differently() -> None:
    """REST has an integer id and type, webhooks the uuid as id and the type as a word."""
    rest = specs.example("rest-get")["data"]
    webhook = order_of("webhook-approved")
    assert webhook["id"] == rest["uuid"] != rest["id"]
    assert (rest["type"], webhook["type"]) == (1, "earning")


def test_an_example_is_a_fresh_copy() -> None:
    """Changing one loaded example does not change the next."""
    specs.example("rest-get")["data"].clear()
    assert specs.example("rest-get")["data"]
