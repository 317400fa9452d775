"""The calls of the API as one table: method and path to the function that answers.

Each function reads its form, asks the gate for what the call is about, has the desk do it and the
presenter show it.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.lifecycle import Action
from points_conformance.contract.limits import NO_CUSTOMER
from points_conformance.contract.money import sar
from points_conformance.contract.names import STEPS, Event, OrderStatus, OrderType
from points_conformance.simulator.clock import Clock
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import Forms, OrderForm, invalid
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Request, Response
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Endpoint, Merchant, Order, World

__all__ = ["OPERATIONS", "Call", "Operation"]


@dataclass(frozen=True, slots=True)
class Call:
    """A routed request: whose it is, what the path names, and the request itself."""

    merchant: Merchant
    name: str
    request: Request


class Server(Protocol):
    """What an operation uses of the simulator."""

    dialect: Dialect
    clock: Clock
    world: World
    presenter: Presenter
    notifier: Notifier
    desk: Desk
    forms: Forms
    gate: Gate

    def open_order(
        self, merchant: Merchant, kind: OrderType, status: OrderStatus, form: OrderForm
    ) -> Order:
        """Store a new order."""
        ...

    def open_endpoint(self, merchant: Merchant, name: str, url: str) -> Endpoint:
        """Register a webhook endpoint."""
        ...


#: Called with the simulator; what takes an operation's place may use all of it.
Answer = Callable[[Any, Call], Response]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table. ``path`` is matched below the API's prefix; its group is the name."""

    method: str
    path: re.Pattern[str]
    answer: Answer
    public: bool = False


# ---------------------------------------------------------------------- orders
def _get(sim: Server, call: Call) -> Response:
    return sim.presenter.order_answer(sim.gate.order(call.merchant, call.name))


def _cancel(sim: Server, call: Call) -> Response:
    order = sim.gate.order(call.merchant, call.name)
    sim.desk.cancel(order, sim.forms.cancel(call.request))
    return sim.presenter.order_answer(order, "Order cancelled successfully")


def _refund(sim: Server, call: Call) -> Response:
    order = sim.gate.order(call.merchant, call.name)
    sim.desk.refund(order, sim.forms.refund(call.request))
    return sim.presenter.order_answer(order, "Order refunded successfully")


def _step(action: Action) -> Answer:
    def answer(sim: Server, call: Call) -> Response:
        order = sim.gate.order(call.merchant, call.name)
        if action is Action.COMPLETE:
            sim.forms.complete(call.request)
        sim.desk.step(order, action)
        return sim.presenter.order_answer(order)

    return answer


def _ship(sim: Server, call: Call) -> Response:
    order = sim.gate.order(call.merchant, call.name)
    sim.desk.ship(order, sim.forms.shipping(call.request))
    return sim.presenter.order_answer(order)


def _earning(sim: Server, call: Call) -> Response:
    form = sim.forms.earning(call.request)
    _fresh_number(sim, call.merchant, form)
    if form.phone == NO_CUSTOMER:
        raise Refusal(400, "لا يوجد حساب مرتبط بهذا الرقم")
    starts = sim.dialect.earning_starts
    if starts == "pending":
        return sim.presenter.success(_pending(sim, call.merchant, form))
    status = OrderStatus.NEW if starts == "new" else OrderStatus.APPROVED
    order = sim.open_order(call.merchant, OrderType.EARNING, status, form)
    if status is OrderStatus.APPROVED:
        sim.notifier.changed(Event.APPROVED, order)
    return sim.presenter.order_answer(order)


def _pending(sim: Server, merchant: Merchant, form: OrderForm) -> dict[str, Any]:
    return {
        "pending_client_activation": True,
        "pending_earning_order": {
            "id": len(sim.world.orders) + 1,
            "merchant_order_number": form.number,
            "total_price": sar(form.total),
            "total_points": form.total // 100 * merchant.rate,
        },
    }


def _checkout(sim: Server, call: Call) -> Response:
    form = sim.forms.checkout(call.request)
    _fresh_number(sim, call.merchant, form)
    order = sim.open_order(call.merchant, OrderType.REPLACING, OrderStatus.NEW, form)
    return sim.presenter.success(
        {"checkout_url": f"https://checkout.papp.sa/pay/{order.reference}"}
    )


def _fresh_number(sim: Server, merchant: Merchant, form: OrderForm) -> None:
    used = sim.world.has_number(merchant, form.number)
    if used and sim.dialect.used_order_number == "422":
        raise invalid({"order_number": ["The order number has already been taken."]})


# ---------------------------------------------------------------------- webhook endpoints
def _webhooks(sim: Server, call: Call) -> Response:
    query = parse_qs(call.request.query)
    per_page = min(max(_number(query, "per_page", 15), 1), 100)
    page = max(_number(query, "page", 1), 1)
    endpoints = call.merchant.endpoints
    shown = endpoints[(page - 1) * per_page : page * per_page]
    last = max(math.ceil(len(endpoints) / per_page), 1)
    return sim.presenter.success(
        [sim.presenter.endpoint(endpoint, call.merchant.id) for endpoint in shown],
        links={name: f"?page={n}" for name, n in (("first", 1), ("last", last))}
        | {"prev": f"?page={page - 1}" if page > 1 else None}
        | {"next": f"?page={page + 1}" if page < last else None},
        meta={
            "current_page": page,
            "last_page": last,
            "per_page": per_page,
            "total": len(endpoints),
        },
    )


def _number(query: dict[str, list[str]], name: str, default: int) -> int:
    text = query.get(name, [""])[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else default


def _webhook_create(sim: Server, call: Call) -> Response:
    form = sim.forms.webhook(call.request)
    _unused_url(call.merchant, form.url)
    endpoint = sim.open_endpoint(call.merchant, form.name or "", form.url or "")
    return sim.presenter.success(sim.presenter.endpoint(endpoint, call.merchant.id))


def _webhook_get(sim: Server, call: Call) -> Response:
    endpoint = sim.gate.endpoint(call.merchant, call.name)
    return sim.presenter.success(sim.presenter.endpoint(endpoint, call.merchant.id))


def _webhook_update(*, partial: bool) -> Answer:
    def answer(sim: Server, call: Call) -> Response:
        endpoint = sim.gate.endpoint(call.merchant, call.name)
        form = sim.forms.webhook(call.request, partial=partial)
        _unused_url(call.merchant, form.url, but=endpoint)
        endpoint.name = form.name or endpoint.name
        endpoint.url = form.url or endpoint.url
        endpoint.updated_at = sim.clock.now()
        return sim.presenter.success(sim.presenter.endpoint(endpoint, call.merchant.id))

    return answer


def _webhook_delete(sim: Server, call: Call) -> Response:
    call.merchant.endpoints.remove(sim.gate.endpoint(call.merchant, call.name))
    return sim.presenter.success(message="Webhook deleted successfully")


def _unused_url(merchant: Merchant, url: str | None, but: Endpoint | None = None) -> None:
    if any(endpoint.url == url for endpoint in merchant.endpoints if endpoint is not but):
        raise Refusal(400, "A webhook with this URL already exists")


_ORDER = r"/orders/([^/]*)"
_WEBHOOK = r"/webhooks/([^/]*)"

OPERATIONS: tuple[Operation, ...] = tuple(
    Operation(method, re.compile(path), answer, public)
    for method, path, answer, public in (
        ("POST", r"/orders/(earning)", _earning, False),
        ("POST", r"/orders/checkout/([^/]*)", _checkout, True),
        ("GET", _ORDER, _get, False),
        ("POST", _ORDER + "/cancel", _cancel, False),
        ("POST", _ORDER + "/refund", _refund, False),
        *(("POST", f"{_ORDER}/{step.value}", _step(Action(step)), False) for step in STEPS),
        ("POST", _ORDER + "/status", _ship, False),
        ("GET", r"/(webhooks)", _webhooks, False),
        ("POST", r"/(webhooks)", _webhook_create, False),
        ("GET", _WEBHOOK, _webhook_get, False),
        ("PUT", _WEBHOOK, _webhook_update(partial=False), False),
        ("PATCH", _WEBHOOK, _webhook_update(partial=True), False),
        ("DELETE", _WEBHOOK, _webhook_delete, False),
    )
)
