"""What the page shows, as plain values: equal when nothing has changed that anybody would see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import simplejson

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.money import sar_text
from points_conformance.contract.names import OrderType
from points_conformance.simulator.clock import MovableClock, ShiftedClock
from points_conformance.simulator.faults import Fault, Faults
from points_conformance.simulator.world import Attempt, Delivery, Order, World

__all__ = ["MOST_ROWS", "Shown", "shown"]

#: How many orders and how many deliveries are shown, the newest of those that are looked for.
MOST_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """One order with its books; amounts in SAR."""

    uuid: str
    number: str
    merchant: str
    kind: str
    status: str
    total: str
    refunded: str
    left: str
    points: int
    points_back: int
    points_left: int
    settled: bool
    shipping: str
    updated: str

    @property
    def may_auto_refund(self) -> bool:
        """The platform refunds orders by itself where points replaced money."""
        return self.kind == OrderType.REPLACING


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """One try to deliver."""

    at: str
    came: str
    seconds: str


@dataclass(frozen=True, slots=True)
class ShownDelivery:
    """One delivery. ``state`` is what became of it, and ``mood`` how that is coloured."""

    number: int
    event: str
    order: str
    url: str
    state: str
    mood: str
    attempts: tuple[ShownAttempt, ...]
    raw: bytes

    @property
    def body(self) -> str:
        """The body as people read it; every number as it is sent."""
        try:
            return simplejson.dumps(
                simplejson.loads(self.raw, use_decimal=True),
                use_decimal=True,
                indent=2,
                ensure_ascii=False,
            )
        except ValueError:
            return self.raw.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class ShownEndpoint:
    """A registered webhook endpoint."""

    uuid: str
    name: str
    url: str
    merchant: str
    secret: str


@dataclass(frozen=True, slots=True)
class ShownMerchant:
    """A merchant with its made-up keys."""

    id: int
    name: str
    key: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the page shows. ``matching`` and ``orders_in_all`` count orders, ``told`` events."""

    dialect: str
    ahead: str
    can_move_clock: bool
    orders: tuple[ShownOrder, ...]
    matching: int
    orders_in_all: int
    deliveries: tuple[ShownDelivery, ...]
    told: int
    endpoints: tuple[ShownEndpoint, ...]
    merchants: tuple[ShownMerchant, ...]
    faults: tuple[str, ...]


def shown(faults: Faults, wanted: str = "") -> Shown:
    """What there is, newest first; ``wanted`` is a part of the order's number, uuid or status."""
    simulator = faults.simulator
    with simulator.lock:
        world, clock = simulator.world, simulator.clock
        orders = [one for one in reversed(world.orders.values()) if _is_wanted(one, wanted)]
        return Shown(
            dialect=next((n for n, d in DIALECTS.items() if d == simulator.dialect), "of its own"),
            ahead=_ahead(clock.ahead.total_seconds()) if isinstance(clock, ShiftedClock) else "",
            can_move_clock=isinstance(clock, MovableClock),
            orders=tuple(_order(order) for order in orders[:MOST_ROWS]),
            matching=len(orders),
            orders_in_all=len(world.orders),
            deliveries=_deliveries(world, wanted),
            told=world.deliveries.total,
            endpoints=tuple(
                ShownEndpoint(end.uuid, end.name, end.url, merchant.name, end.secret)
                for merchant in world.merchants
                for end in merchant.endpoints
            ),
            merchants=tuple(
                ShownMerchant(one.id, one.name, one.key, one.public_key) for one in world.merchants
            ),
            faults=tuple(map(_fault, faults.planned)),
        )


def _is_wanted(order: Order, wanted: str) -> bool:
    looked_for = wanted.strip().casefold()
    places = (order.number, order.uuid, order.ledger.status)
    return not looked_for or any(looked_for in place.casefold() for place in places)


def _order(order: Order) -> ShownOrder:
    books = order.ledger
    return ShownOrder(
        uuid=order.uuid,
        number=order.number,
        merchant=order.merchant.name,
        kind=books.kind.value,
        status=books.status.value,
        total=sar_text(books.total),
        refunded=sar_text(books.refunded),
        left=sar_text(books.left),
        points=books.points,
        points_back=books.refunded_points,
        points_left=books.left_points,
        settled=books.settled,
        shipping=order.shipping or "",
        updated=_time(order.updated_at),
    )


def _deliveries(world: World, wanted: str) -> tuple[ShownDelivery, ...]:
    found: list[ShownDelivery] = []
    for delivery in reversed(world.deliveries):
        order = world.orders.get(delivery.order_uuid or "")
        if wanted.strip() and (order is None or not _is_wanted(order, wanted)):
            continue
        found.append(_delivery(delivery, "" if order is None else order.number))
        if len(found) == MOST_ROWS:
            break
    return tuple(found)


def _delivery(delivery: Delivery, order: str) -> ShownDelivery:
    state, mood = _state(delivery)
    return ShownDelivery(
        number=delivery.number,
        event=delivery.event,
        order=order,
        url="" if delivery.endpoint is None else delivery.endpoint.url,
        state=state,
        mood=mood,
        attempts=tuple(_attempt(attempt) for attempt in delivery.attempts),
        raw=delivery.body,
    )


def _state(delivery: Delivery) -> tuple[str, str]:
    if delivery.endpoint is None:
        return "nobody registered", "calm"
    if not delivery.attempts:
        gone = delivery.endpoint not in delivery.merchant.endpoints
        return ("endpoint removed", "calm") if gone else ("waiting", "calm")
    last = delivery.attempts[-1]
    if last.status is not None and 200 <= last.status < 300:
        return f"accepted with {last.status}", "good"
    return ("no answer" if last.status is None else f"answered {last.status}"), "bad"


def _attempt(attempt: Attempt) -> ShownAttempt:
    came = attempt.error or "no answer" if attempt.status is None else f"HTTP {attempt.status}"
    return ShownAttempt(_time(attempt.at), came, f"{attempt.seconds:.3f}")


def _fault(fault: Fault) -> str:
    if fault.cut:
        what = "carried out, its answer lost" if fault.carried_out else "lost before it is heard"
    elif fault.answer is not None:
        done = "carried out" if fault.carried_out else "not carried out"
        what = f"{done}, answered {fault.answer.status}"
    else:
        what = f"answered {fault.seconds:g} s late"
    calls = "every call" if fault.times is None else f"the next {_counted(fault.times)}"
    return f"{calls} of {fault.operation}: {what}"


def _counted(times: int) -> str:
    return "call" if times == 1 else f"{times} calls"


def _ahead(seconds: float) -> str:
    """How far a clock is ahead, in its largest units; nothing where it is not."""
    parts: Iterable[tuple[str, int]] = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    left, said = int(seconds), []
    for unit, size in parts:
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {unit}")
    return " ".join(said)


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
