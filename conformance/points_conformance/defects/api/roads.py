"""Servers that ask whose an order or an endpoint is on some roads only."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect, answer_of
from points_conformance.defects.api.variants import of_anyone
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.simulator.core import Parts, Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Request, Response, dump_json
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.operations import Call
from points_conformance.simulator.world import Delivery, Endpoint, Merchant, Order

__all__ = ["seed"]

S = OrderStatus
FOREIGN = ("isolation.foreign-*", "reading.foreign-order", "story.*")
EVERYWHERE = ("isolation.foreign-unpaid", "isolation.foreign-paid")
seed = Seeds(ServerDefect, related=FOREIGN, profile=Profile.STANDARD)
_LIST = r"/(webhooks)"


# ---------------------------------------------------------------------- calls
@seed("others-can-ship", *EVERYWHERE, operation="status")
def ships_for_anyone(sim: Simulator, call: Call) -> Response:
    """Any merchant can change any order's shipping status: the carriers' route has no owner."""
    order = of_anyone(sim, call)
    sim.desk.ship(order, sim.forms.shipping(call.request))
    return sim.presenter.order_answer(order)


@seed("others-can-authorize", "isolation.foreign-unpaid", operation="authorize")
def authorizes_for_anyone(sim: Simulator, call: Call) -> Response:
    """Any merchant can authorize any new order: ``Order::where('uuid', $uuid)`` and no more."""
    order = of_anyone(sim, call)
    sim.desk.step(order, Action.AUTHORIZE)
    return sim.presenter.order_answer(order)


@seed("others-can-capture", "isolation.foreign-unpaid", operation="capture")
def captures_for_anyone(sim: Simulator, call: Call) -> Response:
    """Any merchant can capture any authorized order: the payment service trusts its caller."""
    order = of_anyone(sim, call)
    sim.desk.step(order, Action.CAPTURE)
    return sim.presenter.order_answer(order)


@seed("others-can-read-the-cancelled", "isolation.foreign-unpaid", operation="get")
def archives_for_anyone(sim: Simulator, call: Call) -> Response:
    """A cancelled order can be read by anyone: the archive's table has no merchant."""
    order = of_anyone(sim, call)
    if order.ledger.status is not S.CANCELLED:
        order = sim.gate.order(call.merchant, call.name)
    return sim.presenter.order_answer(order)


@seed(
    "others-can-refund-the-rest",
    "isolation.foreign-rest",
    "isolation.foreign-paid",
    operation="refund",
)
def refunds_rests_for_anyone(sim: Simulator, call: Call) -> Response:
    """What is left of a partly refunded order can be refunded by anyone: found by its refunds."""
    # ``Refund::where('order_uuid', ...)->first()->order``.
    order = of_anyone(sim, call)
    if order.ledger.status is not S.PARTIALLY_REFUNDED:
        order = sim.gate.order(call.merchant, call.name)
    sim.desk.refund(order, sim.forms.refund(call.request))
    return sim.presenter.order_answer(order, "Order refunded successfully")


@seed(
    "the-status-is-checked-before-the-owner",
    "isolation.foreign-tells-no-status",
    operation="cancel",
)
def checks_the_status_first(sim: Simulator, call: Call) -> Response:
    """A stranger's cancel of a final order is 400, of another 404: the status is checked first."""
    order = of_anyone(sim, call)
    if order.ledger.status in (S.CANCELLED, S.FULLY_REFUNDED):
        raise Refusal(400, "This order cannot be changed.")
    return answer_of("cancel")(sim, call)


@seed("a-stranger-is-told-so", "isolation.foreign-as-unknown", operation="get")
def says_whose_it_is_not(sim: Simulator, call: Call) -> Response:
    """A stranger's read is 404 and says that the order belongs to another merchant."""
    order = sim.world.orders.get(call.name.lower())
    if order is not None and order.merchant is not call.merchant:
        raise Refusal(404, "This order belongs to another merchant")
    return answer_of("get")(sim, call)


@seed("not-found-is-remembered", "isolation.foreign-after-own")
class RemembersNotFound(Gate):
    """That an order was not found is cached by its uuid, and then its owner does not find it."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.missing: set[str] = set()

    def order(self, merchant: Merchant, uuid: str) -> Order:
        """A cache for bots, that is emptied with the next call."""
        if uuid in self.missing:
            self.missing.clear()
            raise Refusal(404, "Order not found")
        try:
            return super().order(merchant, uuid)
        except Refusal:
            self.missing = {uuid} if uuid in self.world.orders else set()
            raise


@seed.on(Gate.order, "upper-case-uuids-are-anyones", "isolation.foreign-after-own")
def upper_case_opens(gate: Gate, merchant: Merchant, uuid: str) -> Order:
    """A uuid in capital letters opens any merchant's order: the owners' cache has small letters."""
    # ``owners[uuid] ?? merchant``, and the key is in lower case.
    order = gate.world.orders.get(uuid.lower())
    if order is not None and uuid != uuid.lower():
        return order
    return Gate.order(gate, merchant, uuid)


# ---------------------------------------------------------------------- whose call it is
def _named(gate: Gate, number: object, otherwise: Merchant) -> Merchant:
    """The merchant of a number."""
    return next((one for one in gate.world.merchants if str(one.id) == str(number)), otherwise)


@seed.on(Gate.merchant, "the-header-names-the-merchant", "isolation.foreign-by-name")
def header_names_the_merchant(gate: Gate, request: Request) -> Merchant:
    """X-Merchant-Id says whose call it is: it was meant for the gateway alone."""
    # The gateway sets it, and nobody takes it away.
    merchant = Gate.merchant(gate, request)
    return _named(gate, request.headers.get("x-merchant-id"), merchant)


@seed("the-body-names-the-merchant", "isolation.foreign-by-name", operation="refund")
def body_names_the_merchant(sim: Simulator, call: Call) -> Response:
    """merchant_id in the body says whose order is refunded: input is merged over the session."""
    # ``$request->merge(['merchant_id' => ...])``, before the body is read.
    body = sim.forms.body(call.request)
    merchant = _named(sim.gate, body.get("merchant_id"), call.merchant)
    return answer_of("refund")(sim, replace(call, merchant=merchant))


@seed("the-query-names-the-merchant", "isolation.foreign-by-name", operation="get")
def query_names_the_merchant(sim: Simulator, call: Call) -> Response:
    """merchant_id in the query says whose order is read, as the back office's does."""
    number = call.request.query.removeprefix("merchant_id=")
    return answer_of("get")(sim, replace(call, merchant=_named(sim.gate, number, call.merchant)))


# ---------------------------------------------------------------------- lists and events
@seed("endpoints-of-all-are-counted", "isolation.foreign-lists", operation=("GET", _LIST))
def counts_everybodys(sim: Simulator, call: Call) -> Response:
    """The list's total counts every merchant's endpoints: the count has lost its WHERE."""
    response = answer_of(("GET", _LIST))(sim, call)
    envelope = response.json()
    envelope["meta"]["total"] = sum(len(one.endpoints) for one in sim.world.merchants)
    return replace(response, body=dump_json(envelope))


@seed(
    "later-pages-are-everybodys",
    "isolation.foreign-lists",
    operation=("GET", _LIST),
    related=("webhook.*",),
)
def later_pages_of_everybody(sim: Simulator, call: Call) -> Response:
    """From the second page on the list shows every merchant's endpoints: ``… AND … OR id > ?``."""
    response = answer_of(("GET", _LIST))(sim, call)
    if "page=2" not in call.request.query.split("&"):
        return response
    every = [(one, owner.id) for owner in sim.world.merchants for one in owner.endpoints]
    envelope = response.json()
    envelope["data"] += [
        sim.presenter.endpoint(one, id_) for one, id_ in every if id_ != call.merchant.id
    ]
    return replace(response, body=dump_json(envelope))


class _TellsEverybody(Notifier):
    """Tells every endpoint there is."""

    def endpoints(self, merchant: Merchant) -> list[Endpoint | None]:
        """``Webhook::all()``."""
        return [one for owner in self.world.merchants for one in owner.endpoints]


class _SendsToAnyone(Courier):
    """Does not look whose an endpoint is."""

    def is_registered(self, endpoint: Endpoint, delivery: Delivery) -> bool:
        """Somebody's."""
        merchants = self.simulator.world.merchants
        return any(endpoint in merchant.endpoints for merchant in merchants)


class _TellsPartsToEverybody(Notifier):
    """Tells every endpoint there is of partial refunds."""

    tell_all = False

    def refunded(self, order: Order, *told: Any) -> None:
        """A listener of its own, and its own query."""
        self.tell_all = order.ledger.status is S.PARTIALLY_REFUNDED
        super().refunded(order, *told)
        self.tell_all = False

    def endpoints(self, merchant: Merchant) -> list[Endpoint | None]:
        """Everybody's, or the merchant's."""
        if not self.tell_all:
            return super().endpoints(merchant)
        return [one for owner in self.world.merchants for one in owner.endpoints]


def _tells(id_: str, summary: str, notifier: Callable[..., Notifier]) -> None:
    parts = Parts(notifier=notifier, courier=_SendsToAnyone)
    seed.add(id_, summary, parts, "isolation.nothing-to-another-merchant")


_tells(
    "events-go-to-everybody", "Every merchant's endpoint is told of every order.", _TellsEverybody
)
_tells(
    "parts-go-to-everybody",
    "Every merchant's endpoint is told of partial refunds, of full ones only the order's own.",
    _TellsPartsToEverybody,
)
