"""Orders, and what Points would deliver about them: events of an embedded simulator, never made-up
JSON.

A variant is one way that the contract lets payloads look; each has a simulator of its own.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.contract.limits import API_PREFIX, KEY_HEADER
from points_conformance.contract.money import sar
from points_conformance.contract.names import Event, OrderStatus, OrderType
from points_conformance.ledger import OrderLedger
from points_conformance.simulator import Delivery, Order, Request, Simulator
from points_conformance.simulator.core import Parts
from points_conformance.simulator.messages import dump_json
from points_conformance.simulator.presenter import Presenter

__all__ = ["SECONDS_AGO", "VARIANTS", "Shop", "ShopOrder", "Variant"]


class _Wide(Presenter):
    """Payloads with fields that are not documented yet."""

    def payload(
        self, event: Event, order: Order, at: datetime, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """Texts in two languages, a list, and a number."""
        body = super().payload(event, order, at, extra)
        body["order"] |= {
            "status_label": {"ar": "مسترجع", "en": "Refunded"},
            "branch": 7,
            "tags": ["web", None],
        }
        return body | {"version": 2, "merchant": {"id": 1}}


class _Whole(Presenter):
    """Amounts without decimals are integers, as PHP writes them."""

    def payload(
        self, event: Event, order: Order, at: datetime, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """The same payload."""
        body = super().payload(event, order, at, extra)
        body["order"] = {name: _whole(value) for name, value in body["order"].items()}
        return body


def _whole(value: Any) -> Any:
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return int(value) if whole else value


@dataclass(frozen=True, slots=True)
class Variant:
    """How payloads look."""

    dialect: Dialect
    presenter: type[Presenter] = Presenter


def _variant(
    dialect: str = "default", presenter: type[Presenter] = Presenter, timestamps: str = "seconds"
) -> Variant:
    return Variant(DIALECTS[dialect].with_(timestamps=timestamps), presenter)


#: Each differs from the first in one way, so that one way of reading them wrongly is one finding.
VARIANTS: Final[Mapping[str, Variant]] = {
    "plain": _variant(),
    "fine": _variant(timestamps="microseconds"),
    "bare": _variant("minimal"),
    "wide": _variant(presenter=_Wide),
    "whole": _variant(presenter=_Whole),
    "lenient": _variant("lenient"),
}
#: How long ago a story begins, in seconds: its events are of the last minute, never of the future.
SECONDS_AGO: Final = 60.0


class _Clock:
    """Moves a second whenever it is read: no two events of an order share a timestamp."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC) - timedelta(seconds=SECONDS_AGO)

    def now(self) -> datetime:
        """The moment; afterwards it is a second later."""
        moment = self.moment
        self.moment += timedelta(seconds=1)
        return moment


_EVENT: Final[Mapping[str, Event]] = {event.value: event for event in Event}


@dataclass(slots=True, eq=False)
class ShopOrder:
    """One order of a story, with what Points delivers about it. Amounts in halalas."""

    order: Order
    simulator: Simulator = field(repr=False)
    clock: _Clock = field(repr=False)
    #: The time in the order's own story.
    moment: datetime
    variant: str = "plain"
    #: Whether the consumer was told of it beside the webhook.
    introduced: bool = False

    @property
    def id(self) -> str:
        """The order's uuid, which webhooks call ``order.id``."""
        return self.order.uuid

    @property
    def ledger(self) -> OrderLedger:
        """The books: the oracle."""
        return self.order.ledger

    def tell(self, event: str, **extra: Any) -> Delivery:
        """Any other event of the order."""
        with self._in_its_time():
            self.simulator.notifier.changed(_EVENT[event], self.order, extra)
        return self._last()

    def approved(self) -> Delivery:
        """The order was approved."""
        return self.tell("approved")

    def refund(self, amount: int | None = None, reason: str | None = "Returned") -> Delivery:
        """A refund, of an amount or of all."""
        asked: dict[str, Any] = {} if reason is None else {"reason": reason}
        if amount is not None:
            asked["amount"] = sar(amount)
        return self._call("refund", asked)

    def cancel(self, reason: str | None = None) -> Delivery:
        """A cancel."""
        return self._call("cancel", {} if reason is None else {"reason": reason})

    def auto_refund(self) -> Delivery:
        """The platform refunds by itself."""
        with self._in_its_time():
            self.simulator.auto_refund(self.id)
        return self._last()

    def _call(self, operation: str, asked: dict[str, Any]) -> Delivery:
        before = self.simulator.deliveries.total
        request = Request(
            "POST",
            f"{API_PREFIX}/orders/{self.id}/{operation}",
            {KEY_HEADER: self.simulator.merchant.key, "content-type": "application/json"},
            dump_json(asked),
        )
        with self._in_its_time():
            answer = self.simulator.handle(request)
        if self.simulator.deliveries.total == before:
            raise ValueError(f"{operation} of {self.ledger} came to {answer.status}")
        return self._last()

    @contextmanager
    def _in_its_time(self) -> Iterator[None]:
        self.clock.moment = self.moment
        yield
        self.moment = self.clock.moment

    def _last(self) -> Delivery:
        return self.simulator.deliveries[-1]

    def as_json(self) -> dict[str, Any]:
        """The order as its own checkout would tell the consumer of it."""
        return {
            "id": self.id,
            "order_number": self.order.number,
            "type": self.order.kind.value,
            "order_status": OrderStatus.APPROVED.value,
            "total_price": sar(self.ledger.total),
            "total_points": self.ledger.points,
        }


class Shop:
    """Makes orders. Their ids are fresh in each run: a database that persists spoils nothing."""

    def __init__(self, secret: str, url: str) -> None:
        self._secret, self._url = secret, url
        self._run = secrets.token_hex(4)
        self._clock = _Clock()
        self._simulators: dict[str, Simulator] = {}
        self.made = 0

    def order(
        self,
        total: int = 10_000,
        kind: OrderType = OrderType.EARNING,
        variant: str = "plain",
        ago: float = SECONDS_AGO,
    ) -> ShopOrder:
        """An approved order, whose story began so many seconds ago; nothing is delivered yet."""
        simulator = self._simulator(variant)
        self._clock.moment = datetime.now(UTC) - timedelta(seconds=ago)
        order = simulator.make_order(kind, OrderStatus.APPROVED, sar(total))
        self.made += 1
        order.number = f"PC-{self._run}-{self.made}"
        return ShopOrder(order, simulator, self._clock, self._clock.moment, variant)

    def merchant_event(self, event: Event) -> Delivery:
        """An event that is about no order."""
        simulator = self._simulator("plain")
        self._clock.moment = datetime.now(UTC)
        payload = {
            "event": event.value,
            "merchant": {"id": 1, "name": "First merchant"},
            "data": {"balance": "1500.00", "limit": "2000.00"},
            "timestamp": simulator.presenter.timestamp(simulator.clock.now()),
        }
        simulator.notifier.deliver(simulator.merchant, event.value, payload)
        return simulator.deliveries[-1]

    def _simulator(self, variant: str) -> Simulator:
        if variant not in self._simulators:
            chosen = VARIANTS[variant]
            simulator = Simulator(
                dialect=chosen.dialect,
                clock=self._clock,
                seed=secrets.randbits(64),
                parts=Parts(presenter=chosen.presenter),
            )
            endpoint = simulator.open_endpoint(simulator.merchant, "consumer", self._url)
            endpoint.secret = self._secret
            self._simulators[variant] = simulator
        return self._simulators[variant]
