"""The OpenAPI description is valid, complete, and usable by tools that follow its links."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from points_conformance.contract import schemas, specs

#: Typed by hand from the documentation, never read from the description: method, path,
#: operationId, documented statuses, component of the body, component of the success.
ENDPOINTS = [
    ("post", "/orders/{uuid}/cancel", "cancelOrder", "200 400 404 422", "CancelRequest", "Order"),
    ("post", "/orders/{uuid}/refund", "refundOrder", "200 400 404 422", "RefundRequest", "Order"),
    ("get", "/orders/{uuid}", "getOrder", "200 400 404", None, "Order"),
    (
        "post",
        "/orders/earning",
        "createEarningOrder",
        "200 400 403 422 429",
        "EarningRequest",
        "Earning",
    ),
    (
        "post",
        "/orders/checkout/{publicKey}",
        "createCheckout",
        "200 400 403 422",
        "CheckoutRequest",
        "Checkout",
    ),
    ("post", "/orders/{uuid}/authorize", "authorizeOrder", "200 400 404", None, "Order"),
    ("post", "/orders/{uuid}/capture", "captureOrder", "200 400 404", None, "Order"),
    (
        "post",
        "/orders/{uuid}/complete",
        "completeOrder",
        "200 400 404 422",
        "CompleteRequest",
        "Order",
    ),
    (
        "post",
        "/orders/{uuid}/status",
        "updateOrderStatus",
        "200 400 404 422",
        "StatusRequest",
        "Order",
    ),
    ("get", "/webhooks", "listWebhooks", "200 400 403", None, "WebhookList"),
    ("post", "/webhooks", "createWebhook", "200 400 403 422", "WebhookRequest", "Webhook"),
    ("get", "/webhooks/{uuid}", "getWebhook", "200 400 403 404", None, "Webhook"),
    (
        "put",
        "/webhooks/{uuid}",
        "replaceWebhook",
        "200 400 403 404 422",
        "WebhookRequest",
        "Webhook",
    ),
    (
        "patch",
        "/webhooks/{uuid}",
        "changeWebhook",
        "200 400 403 404 422",
        "WebhookChangeRequest",
        "Webhook",
    ),
    ("delete", "/webhooks/{uuid}", "deleteWebhook", "200 400 403 404", None, "Message"),
]

#: Typed by hand from Webhook Events and the client library's two merchant events.
EVENTS = {
    "approved": "ApprovedEvent",
    "authorized": "AuthorizedEvent",
    "captured": "CapturedEvent",
    "completed": "CompletedEvent",
    "cancelled": "CancelledEvent",
    "refunded": "RefundedEvent",
    "auto_refunded": "AutoRefundedEvent",
    "shipping_status_updated": "ShippingStatusUpdatedEvent",
    "debt_exceeded": "DebtExceededEvent",
    "low_balance_warning": "LowBalanceWarningEvent",
}

#: Typed by hand: the operation that makes or moves an order, and what may be done to it next.
LINKS = {
    "createEarningOrder": (
        "authorizeOrder cancelOrder captureOrder completeOrder getOrder refundOrder "
        "updateOrderStatus"
    ),
    "completeOrder": "cancelOrder getOrder refundOrder",
    "authorizeOrder": "cancelOrder captureOrder getOrder",
    "captureOrder": "cancelOrder getOrder refundOrder",
    "cancelOrder": "cancelOrder getOrder refundOrder",
    "refundOrder": "cancelOrder getOrder refundOrder",
    "createWebhook": "changeWebhook deleteWebhook getWebhook replaceWebhook",
}


def operations() -> dict[str, dict[str, Any]]:
    """Every operation of the paths by its operationId."""
    methods = {"get", "post", "put", "patch", "delete"}
    return {
        operation["operationId"]: operation
        for item in specs.openapi()["paths"].values()
        for method, operation in item.items()
        if method in methods
    }


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """The node itself, or the component that it refers to."""
    if "$ref" not in node:
        return node
    target: Any = specs.openapi()
    for step in node["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    assert isinstance(target, dict)
    return target


def schema_name(holder: dict[str, Any]) -> str:
    """The component that a request body or a response is made of."""
    reference = resolved(holder)["content"]["application/json"]["schema"]["$ref"]
    return str(reference).rpartition("/")[2]


def every(key: str, node: Any) -> Iterator[Any]:
    """Every value that stands under this key, anywhere in the description."""
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == key)
        children: Any = node.values()
    else:
        children = node if isinstance(node, list) else ()
    for child in children:
        yield from every(key, child)


def test_the_description_is_valid_openapi_3_1() -> None:
    """A validator that we did not write finds nothing wrong."""
    assert specs.openapi()["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(specs.openapi()).iter_errors()) == []


def test_exactly_the_documented_endpoints_are_described() -> None:
    """No endpoint is missing and none is made up."""
    described = {
        (method, path)
        for path, item in specs.openapi()["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert described == {(method, path) for method, path, *_ in ENDPOINTS}


@pytest.mark.parametrize(
    ("method", "path", "operation_id", "statuses", "body", "success"),
    ENDPOINTS,
    ids=[row[2] for row in ENDPOINTS],
)
def test_an_endpoint_has_its_documented_statuses_and_bodies(
    method: str, path: str, operation_id: str, statuses: str, body: str | None, success: str
) -> None:
    """Statuses and the schemas of request and answers are those of the documentation."""
    operation = specs.openapi()["paths"][path][method]
    assert operation["operationId"] == operation_id
    answers = operation["responses"]
    assert sorted(answers) == statuses.split()
    assert schema_name(answers["200"]) == f"{success}Envelope"
    refusals = {"400": "ErrorEnvelope", "403": "ErrorEnvelope", "404": "ErrorEnvelope"}
    refusals |= {"422": "ValidationEnvelope", "429": "ThrottledEnvelope"}
    for status in answers.keys() - {"200"}:
        assert schema_name(answers[status]) == refusals[status]
    sent = operation.get("requestBody")
    assert (schema_name(sent) if sent else None) == body


@pytest.mark.parametrize("operation_id", ["cancelOrder", "refundOrder", "completeOrder"])
def test_a_body_without_required_fields_may_be_left_out(operation_id: str) -> None:
    """Cancel, refund and complete work without any body."""
    assert operations()[operation_id]["requestBody"]["required"] is False


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_is_described_with_its_headers(event: str) -> None:
    """Each event has its own schema, needs no API key, and names its three headers."""
    post = specs.openapi()["webhooks"][event]["post"]
    assert schema_name(post["requestBody"]) == EVENTS[event]
    assert post["requestBody"]["required"] is True
    assert post["security"] == []
    headers = {resolved(header)["name"]: resolved(header) for header in post["parameters"]}
    assert sorted(headers) == ["Content-Type", "X-Webhook-Event", "X-Webhook-Secret"]
    assert all(header["in"] == "header" and header["required"] for header in headers.values())
    assert sorted(post["responses"]) == ["200", "204", "401", "403", "5XX"]


def test_exactly_the_known_events_are_described() -> None:
    """No event is missing, above all not auto_refunded, and none is made up."""
    assert set(specs.openapi()["webhooks"]) == set(EVENTS)
    assert specs.openapi()["components"]["schemas"]["EventName"]["enum"] == list(EVENTS)


@pytest.mark.parametrize("event", ["cancelled", "refunded", "auto_refunded"])
def test_the_event_header_of_a_reversal_is_that_event(event: str) -> None:
    """The X-Webhook-Event header equals the event of the body."""
    headers = [resolved(each) for each in specs.openapi()["webhooks"][event]["post"]["parameters"]]
    values = [each["schema"] for each in headers if each["name"] == "X-Webhook-Event"]
    assert values == [{"const": event}]


@pytest.mark.parametrize(("event", "component"), EVENTS.items())
def test_an_event_name_leads_to_its_component(event: str, component: str) -> None:
    """The mapping from event to component is the documented one."""
    assert schemas.event_component(event) == component


def test_an_unknown_event_has_no_component() -> None:
    """An event that nobody described is told apart, not guessed."""
    assert schemas.event_component("auto-refunded") is None


def test_the_private_key_guards_everything_but_the_checkout() -> None:
    """The x-api-key header is the default, and the checkout alone needs none."""
    description = specs.openapi()
    schemes = description["components"]["securitySchemes"]
    [(name, scheme)] = schemes.items()
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "x-api-key")
    assert description["security"] == [{name: []}]
    assert [key for key, each in operations().items() if "security" in each] == ["createCheckout"]
    assert operations()["createCheckout"]["security"] == []


def test_production_and_sandbox_are_the_servers() -> None:
    """Both documented base URLs are offered."""
    assert [server["url"] for server in specs.openapi()["servers"]] == [
        "https://business.papp.sa/api/v1",
        "https://sandbox.papp.sa/api/v1",
    ]


@pytest.mark.parametrize(("operation_id", "targets"), LINKS.items(), ids=list(LINKS))
def test_links_lead_from_an_answer_to_the_next_calls(operation_id: str, targets: str) -> None:
    """Each link hands the uuid of the answer to an operation that exists and takes it."""
    links = operations()[operation_id]["responses"]["200"]["links"]
    found = [resolved(link) for link in links.values()]
    assert sorted(link["operationId"] for link in found) == targets.split()
    assert all(link["parameters"] == {"uuid": "$response.body#/data/uuid"} for link in found)
    assert {link["operationId"] for link in found} <= operations().keys()


def test_every_operation_has_its_own_id_in_camel_case() -> None:
    """Operation ids are unique over paths and webhooks, and spelt alike."""
    ids = list(every("operationId", {key: specs.openapi()[key] for key in ("paths", "webhooks")}))
    assert len(ids) == len(set(ids)) == len(ENDPOINTS) + len(EVENTS)
    assert [each for each in ids if not re.fullmatch(r"[a-z]+(?:[A-Z][a-z]+)*", each)] == []


def test_every_reference_leads_somewhere() -> None:
    """No $ref dangles, and no component is left unused."""
    references = {str(each) for each in every("$ref", specs.openapi())}
    for reference in references:
        assert resolved({"$ref": reference})
    components = specs.openapi()["components"]
    described = {
        f"#/components/{kind}/{name}"
        for kind in components.keys() - {"securitySchemes"}
        for name in components[kind]
    }
    assert described == references


def test_every_linked_example_is_shipped() -> None:
    """An externalValue names a file in specs/examples that belongs to the same component."""
    paths = list(every("externalValue", specs.openapi()))
    assert len(paths) >= 25
    for path in paths:
        assert Path(path).parent.as_posix() == "examples"
        assert Path(path).stem in specs.example_names()


def test_every_inline_request_example_is_valid() -> None:
    """The examples that tools send first are within the limits."""
    seen = 0
    for operation in operations().values():
        body = operation.get("requestBody", {"content": {"application/json": {}}})
        for example in body["content"]["application/json"].get("examples", {}).values():
            assert schemas.problems(schema_name(body), example["value"]) == []
            seen += 1
    assert seen == 12


def test_every_schema_compiles() -> None:
    """No component holds a keyword value that a validator refuses."""
    for component in specs.openapi()["components"]["schemas"]:
        schemas.problems(component, None)


def test_an_unknown_component_is_the_callers_mistake() -> None:
    """A misspelt component raises instead of passing."""
    with pytest.raises(KeyError, match="OrderEnvelop'"):
        schemas.problems("OrderEnvelop", {})


def test_a_missing_file_is_named() -> None:
    """A broken installation says which file it lacks."""
    with pytest.raises(specs.SpecsMissingError, match=r"examples/no-such-example\.json is missing"):
        specs.example("no-such-example")


def test_the_specs_of_the_checkout_are_found() -> None:
    """In a checkout the loader reads the top-level folder."""
    assert specs.specs_folder().name == "specs"
    assert specs.text("README.md").startswith("# ")
