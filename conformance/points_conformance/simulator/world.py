"""What the simulator remembers: merchants, their endpoints and orders, deliveries."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from points_conformance.contract.names import OrderType
from points_conformance.ledger import OrderLedger
from points_conformance.simulator.messages import load_json

__all__ = [
    "MOST_DELIVERIES",
    "Attempt",
    "Deliveries",
    "Delivery",
    "Endpoint",
    "Merchant",
    "Order",
    "World",
]

#: How many deliveries are remembered, the newest of all: about 20 MB.
MOST_DELIVERIES: Final = 10_000


@dataclass(slots=True, eq=False)
class Endpoint:
    """A registered webhook endpoint. ``secret`` is what ``X-Webhook-Secret`` will carry."""

    uuid: str
    name: str
    url: str
    secret: str = field(repr=False)
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, eq=False)
class Merchant:
    """A merchant with its keys. ``rate`` is the points it awards for a whole riyal."""

    id: int
    name: str
    key: str = field(repr=False)
    public_key: str
    rate: int = 20
    active: bool = True
    endpoints: list[Endpoint] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Order:
    """An order as the server stores it: its books, and what merely describes it."""

    id: int
    uuid: str
    merchant: Merchant
    number: str
    ledger: OrderLedger
    created_at: datetime
    updated_at: datetime
    reference: str | None = None
    metadata: dict[str, Any] | None = None
    items: list[dict[str, Any]] = field(default_factory=list)
    shipping: str | None = None

    @property
    def kind(self) -> OrderType:
        """Earning or replacing."""
        return self.ledger.kind


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver: the HTTP status, or the error where there was none; seconds."""

    at: datetime
    status: int | None
    seconds: float
    error: str | None = None


@dataclass(slots=True, eq=False)
class Delivery:
    """One event on its way to one endpoint; ``endpoint`` is ``None`` where nobody is registered.

    ``body`` is what every attempt sends, to the byte.
    """

    number: int
    merchant: Merchant
    endpoint: Endpoint | None
    event: str
    body: bytes
    headers: dict[str, str] = field(repr=False)
    order_uuid: str | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def payload(self) -> dict[str, Any]:
        """The body as JSON, numbers exact."""
        payload: dict[str, Any] = load_json(self.body)
        return payload


class Deliveries(list[Delivery]):
    """What was to be delivered, oldest first; of many the newest ``most``."""

    def __init__(self, most: int = MOST_DELIVERIES) -> None:
        super().__init__()
        self.most = most
        #: How many older ones are remembered no more.
        self.dropped = 0
        #: Up to which number they were sent by a process before this one.
        self.taken = 0
        #: The newest dropped one's number, by the endpoint that it was for.
        self._last_dropped: dict[str, int] = {}

    @property
    def total(self) -> int:
        """How many there ever were; the newest one's number."""
        return self.dropped + len(self)

    def append(self, delivery: Delivery) -> None:
        """Remember one more."""
        super().append(delivery)
        if len(self) > self.most:
            self.forget(self.most)

    def forget(self, keep: int) -> None:
        """Remember no more than the newest ``keep``."""
        gone = max(len(self) - keep, 0)
        for oldest in self[:gone]:
            if oldest.endpoint is not None:
                self._last_dropped[oldest.endpoint.uuid] = oldest.number
        del self[:gone]
        self.dropped += gone

    def after(self, number: int) -> list[Delivery]:
        """Those with a higher number, as far as they are remembered."""
        return self[max(number - self.dropped, 0) :]

    def dropped_after(self, number: int, endpoint: str) -> bool:
        """Whether one for this endpoint (its uuid), with a higher number, is remembered no more."""
        return self._last_dropped.get(endpoint, 0) > number


class World:
    """Merchants, orders and deliveries, with identifiers from one seeded source."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose, nothing secret
        self.merchants: list[Merchant] = []
        self.orders: dict[str, Order] = {}
        self.deliveries = Deliveries()
        self._numbers: set[tuple[Merchant, str]] = set()

    def keep(self, order: Order) -> None:
        """Store a new order."""
        self.orders[order.uuid] = order
        self._numbers.add((order.merchant, order.number))

    def has_number(self, merchant: Merchant, number: str) -> bool:
        """Whether the merchant has an order that was stored under this number."""
        return (merchant, number) in self._numbers

    def reseed(self, seed: str) -> None:
        """Take identifiers from another source from now on."""
        self._random = random.Random(seed)  # noqa: S311 - as above

    def uuid(self) -> str:
        """A fresh version 4 uuid, the same for the same seed."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def token(self, prefix: str, length: int) -> str:
        """A fresh made-up key or secret of ``length`` characters."""
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        tail = "".join(self._random.choices(letters, k=length - len(prefix)))
        return prefix + tail

    def add_merchant(self, name: str, *, rate: int = 20, key: str | None = None) -> Merchant:
        """A new merchant with fresh keys."""
        merchant = Merchant(
            id=len(self.merchants) + 1,
            name=name,
            key=key or self.token("sk_test_", 40),
            public_key=self.token("pk_test_", 40),
            rate=rate,
        )
        self.merchants.append(merchant)
        return merchant
