"""From a request to an answer: routing, keys, bodies and envelopes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from . import bodies, endpoints, shapes
from .shop import Shop
from .values import Json, Merchant, Order, Refused

PREFIX = "/api/v1"
SEGMENT = "([^/]+)"

OrderCall = Callable[[Shop, Order, Json], Json]
EndpointCall = Callable[[Shop, Merchant, str, Json], Json]

# An action's name is also what ownership is asked for.
ORDER_CALLS: dict[tuple[str, str], tuple[str, OrderCall]] = {
    ("GET", ""): ("read", Shop.read),
    ("POST", "/cancel"): ("cancel", Shop.cancel),
    ("POST", "/refund"): ("refund", Shop.refund),
    ("POST", "/authorize"): ("authorize", Shop.authorize),
    ("POST", "/capture"): ("capture", Shop.capture),
    ("POST", "/complete"): ("complete", Shop.complete),
    ("POST", "/status"): ("ship", Shop.ship),
}
ENDPOINT_CALLS: dict[str, EndpointCall] = {
    "GET": endpoints.read,
    "PUT": endpoints.replace,
    "PATCH": endpoints.amend,
    "DELETE": endpoints.delete,
}


@dataclass(frozen=True)
class Request:
    """An HTTP request, read in full."""

    method: str
    path: str
    query: str = ""
    key: str | None = None
    body: bytes = b""
    origin: str = ""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer with a JSON body."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[["Api", Request, tuple[str, ...]], Json]


class Api:
    """Answers requests out of a shop."""

    def __init__(self, shop: Shop) -> None:
        """Keep the shop."""
        self.shop = shop

    def answer(self, request: Request) -> Answer:
        """Carry out a request, or say why not."""
        try:
            handler, parts = _route(request.method, request.path)
            return Answer(200, handler(self, request, parts))
        except Refused as refusal:
            return self.refusal(refusal)

    def refusal(self, refusal: Refused) -> Answer:
        """Return the answer to a refused call."""
        body = shapes.failure(refusal, self.shop.dialect)
        return Answer(refusal.status, body, refusal.headers)

    def body(self, request: Request) -> Json:
        """Return the body as an object."""
        return bodies.parse(request.body, self.shop.dialect)

    def earning(self, request: Request, parts: tuple[str, ...]) -> Json:
        """Make an earning order."""
        merchant = self.shop.authenticate(request.key)
        return self.shop.earning(merchant, self.body(request))

    def checkout(self, request: Request, parts: tuple[str, ...]) -> Json:
        """Start a checkout, for which the public key is enough."""
        return self.shop.checkout(parts[0], self.body(request))

    def list_endpoints(self, request: Request, parts: tuple[str, ...]) -> Json:
        """List webhook endpoints."""
        merchant = self.shop.authenticate(request.key)
        query = dict(parse_qsl(request.query, keep_blank_values=True, max_num_fields=None))
        base = f"{request.origin}{PREFIX}/webhooks"
        with self.shop.lock:
            return endpoints.list_endpoints(self.shop, merchant, query, base)

    def create_endpoint(self, request: Request, parts: tuple[str, ...]) -> Json:
        """Register a webhook endpoint."""
        merchant = self.shop.authenticate(request.key)
        return endpoints.create(self.shop, merchant, self.body(request))


def _order_handler(action: str, call: OrderCall) -> Handler:
    """Return what serves a call on an order: key, order and body are looked at in this order."""

    def handle(api: Api, request: Request, parts: tuple[str, ...]) -> Json:
        merchant = api.shop.authenticate(request.key)
        order = api.shop.order_for(merchant, parts[0], action)
        return call(api.shop, order, {} if action == "read" else api.body(request))

    return handle


def _endpoint_handler(call: EndpointCall) -> Handler:
    """Return what serves a call on a webhook endpoint."""

    def handle(api: Api, request: Request, parts: tuple[str, ...]) -> Json:
        merchant = api.shop.authenticate(request.key)
        body = api.body(request) if request.method in ("PUT", "PATCH") else {}
        return call(api.shop, merchant, parts[0], body)

    return handle


def _routes() -> list[tuple[re.Pattern[str], dict[str, Handler]]]:
    """Return the paths, the most special first, with the handler of each method."""
    table: dict[str, dict[str, Handler]] = {
        "/orders/earning": {"POST": Api.earning},
        f"/orders/checkout/{SEGMENT}": {"POST": Api.checkout},
        "/webhooks": {"GET": Api.list_endpoints, "POST": Api.create_endpoint},
        f"/webhooks/{SEGMENT}": {
            method: _endpoint_handler(call) for method, call in ENDPOINT_CALLS.items()
        },
    }
    for (method, ending), (action, call) in ORDER_CALLS.items():
        handlers = table.setdefault(f"/orders/{SEGMENT}{ending}", {})
        handlers[method] = _order_handler(action, call)
    return [(re.compile(PREFIX + path), handlers) for path, handlers in table.items()]


ROUTES = _routes()


def _route(method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
    """Return the handler of a request and the parts of its path."""
    for pattern, handlers in ROUTES:
        match = pattern.fullmatch(path.rstrip("/"))
        if match is None:
            continue
        if method not in handlers:
            allowed = ", ".join(sorted(handlers))
            raise Refused(405, "Method not allowed.", headers={"Allow": allowed})
        return handlers[method], match.groups()
    raise Refused(404, "Not found.")
