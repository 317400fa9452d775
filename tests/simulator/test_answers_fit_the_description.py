"""Every answer and every event is valid against the OpenAPI description, in every dialect."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.schemas import event_component, problems
from points_conformance.simulator import Request, Response, Simulator
from points_conformance.simulator.messages import dump_json

UNKNOWN = "00000000-0000-4000-8000-000000000000"
EARNING = {
    "phone_number": "500000002",
    "total_price": Decimal("150.75"),
    "order_number": "SHOP-1",
    "products": [{"product_name": "Beans", "product_price": Decimal("50.25"), "quantity": 3}],
    "metadata": {"channel": "web"},
}
CHECKOUT = {"total_price": Decimal("150.75"), "order_number": "#1"}
HOOK = {"name": "Shop", "url": "https://shop.example/points"}


def call(sim: Simulator, method: str, path: str, body: object = None) -> Response:
    """One request of the first merchant's."""
    raw = b"" if body is None else dump_json(body)
    headers = {"x-api-key": sim.merchant.key}
    return sim.handle(Request(method, "/api/v1" + path, headers, raw))


def on(kind: str, status: str, action: str, body: object = None) -> Callable[[Simulator], Response]:
    """A call on an order of this type and status."""

    def story(sim: Simulator) -> Response:
        uuid = sim.make_order(kind, status, "150.75").uuid
        return call(sim, "POST", f"/orders/{uuid}/{action}", body)

    return story


def hook(method: str, body: object = None) -> Callable[[Simulator], Response]:
    """A call on a registered endpoint."""

    def story(sim: Simulator) -> Response:
        endpoint = sim.open_endpoint(sim.merchant, "Old", "https://old.example")
        return call(sim, method, f"/webhooks/{endpoint.uuid}", body)

    return story


def read(sim: Simulator) -> Response:
    """Read an order that was refunded in part."""
    order = sim.make_order("replacing", "partially_refunded")
    return call(sim, "GET", f"/orders/{order.uuid}")


def hooks(sim: Simulator) -> Response:
    """A list with one endpoint."""
    sim.open_endpoint(sim.merchant, "Old", "https://old.example")
    return call(sim, "GET", "/webhooks")


def used_url(sim: Simulator) -> Response:
    """An endpoint whose URL is taken."""
    sim.open_endpoint(sim.merchant, "Old", HOOK["url"])
    return call(sim, "POST", "/webhooks", HOOK)


def foreign(sim: Simulator) -> Response:
    """Another merchant's order."""
    return call(sim, "GET", f"/orders/{sim.make_order(merchant=sim.other).uuid}")


def checkout(sim: Simulator) -> Response:
    """A checkout begun."""
    return call(sim, "POST", f"/orders/checkout/{sim.merchant.public_key}", CHECKOUT)


SUCCESSES: dict[str, tuple[str, Callable[[Simulator], Response]]] = {
    "read": ("OrderEnvelope", read),
    "cancel": ("OrderEnvelope", on("replacing", "new", "cancel")),
    "full refund": ("OrderEnvelope", on("earning", "approved", "refund")),
    "part": ("OrderEnvelope", on("earning", "captured", "refund", {"amount": 25})),
    "replacing": ("OrderEnvelope", on("replacing", "captured", "refund", {"amount": 25})),
    "authorize": ("OrderEnvelope", on("replacing", "new", "authorize")),
    "capture": ("OrderEnvelope", on("replacing", "authorized", "capture")),
    "complete": ("OrderEnvelope", on("replacing", "new", "complete", {"payment_method": "1"})),
    "status": ("OrderEnvelope", on("earning", "approved", "status", {"status": "delivered"})),
    "earning": ("EarningEnvelope", lambda sim: call(sim, "POST", "/orders/earning", EARNING)),
    "checkout": ("CheckoutEnvelope", checkout),
    "webhook": ("WebhookEnvelope", lambda sim: call(sim, "POST", "/webhooks", HOOK)),
    "webhook read": ("WebhookEnvelope", hook("GET")),
    "webhook put": ("WebhookEnvelope", hook("PUT", HOOK)),
    "webhook patch": ("WebhookEnvelope", hook("PATCH", {"name": "New"})),
    "webhook delete": ("MessageEnvelope", hook("DELETE")),
    "webhook list": ("WebhookListEnvelope", hooks),
}

REFUSALS: dict[str, Callable[[Simulator], Response]] = {
    "no key": lambda sim: sim.handle(Request("GET", "/api/v1/webhooks")),
    "unknown path": lambda sim: call(sim, "GET", "/nothing"),
    "wrong method": lambda sim: call(sim, "PUT", "/orders/earning"),
    "unknown order": lambda sim: call(sim, "GET", f"/orders/{UNKNOWN}"),
    "malformed uuid": lambda sim: call(sim, "GET", "/orders/none"),
    "foreign order": foreign,
    "no JSON": lambda sim: call(sim, "POST", "/orders/earning", "text"),
    "cancel twice": on("earning", "cancelled", "cancel"),
    "refund twice": on("earning", "fully_refunded", "refund"),
    "too much": on("earning", "approved", "refund", {"amount": 1000}),
    "negative": on("earning", "approved", "refund", {"amount": -1}),
    "long reason": on("earning", "new", "cancel", {"reason": "x" * 501}),
    "wrong status": on("earning", "approved", "status", {"status": "lost"}),
    "no customer": lambda sim: call(
        sim, "POST", "/orders/earning", EARNING | {"phone_number": "500000003"}
    ),
    "empty earning": lambda sim: call(sim, "POST", "/orders/earning", {}),
    "unknown webhook": lambda sim: call(sim, "GET", f"/webhooks/{UNKNOWN}"),
    "empty webhook": lambda sim: call(sim, "POST", "/webhooks", {}),
    "used url": used_url,
}

DIALECT = pytest.mark.parametrize("dialect", list(DIALECTS))


@DIALECT
@pytest.mark.parametrize("name", list(SUCCESSES))
def test_a_success_fits(dialect: str, name: str) -> None:
    """Each success is what its call's component says, and every event it causes fits as well."""
    sim = Simulator(dialect=DIALECTS[dialect])
    component, story = SUCCESSES[name]
    response = story(sim)
    assert response.status == 200, response.json()
    assert problems(component, response.json()) == []
    for delivery in sim.deliveries:
        described = event_component(delivery.event)
        assert described is not None
        assert problems(described, delivery.payload) == []


@DIALECT
@pytest.mark.parametrize("starts", ["approved", "new", "pending"])
def test_an_earning_order_fits_however_it_starts(dialect: str, starts: str) -> None:
    """Pending orders are described too."""
    sim = Simulator(dialect=DIALECTS[dialect].with_(earning_starts=starts))
    response = call(sim, "POST", "/orders/earning", EARNING)
    assert problems("EarningEnvelope", response.json()) == []


@DIALECT
@pytest.mark.parametrize("name", list(REFUSALS))
def test_a_refusal_fits(dialect: str, name: str) -> None:
    """Each refusal is the error envelope, a 422 the validation envelope; nothing is told."""
    sim = Simulator(dialect=DIALECTS[dialect])
    response = REFUSALS[name](sim)
    assert 400 <= response.status < 500
    component = "ValidationEnvelope" if response.status == 422 else "ErrorEnvelope"
    assert problems(component, response.json()) == []
    assert not sim.deliveries


@DIALECT
def test_an_auto_refund_fits(dialect: str) -> None:
    """The event that the platform causes by itself."""
    sim = Simulator(dialect=DIALECTS[dialect])
    sim.auto_refund(sim.make_order("replacing").uuid)
    assert problems("AutoRefundedEvent", sim.deliveries[0].payload) == []
