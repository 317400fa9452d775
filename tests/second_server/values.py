"""What the server remembers: merchants, orders, webhook endpoints, and the time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

NEW = "new"
APPROVED = "approved"
AUTHORIZED = "authorized"
CAPTURED = "captured"
CANCELLED = "cancelled"
FULLY_REFUNDED = "fully_refunded"
PARTIALLY_REFUNDED = "partially_refunded"
STATUSES = (
    NEW,
    APPROVED,
    AUTHORIZED,
    CAPTURED,
    CANCELLED,
    FULLY_REFUNDED,
    PARTIALLY_REFUNDED,
)

TYPE_NUMBERS = {"earning": 1, "replacing": 2}


class Refused(Exception):
    """A call that is answered with an error envelope and changes nothing."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: dict[str, list[str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Keep what the answer needs."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}


def invalid(name: str, text: str) -> Refused:
    """Return the validation error (422) of one field."""
    return Refused(422, "The given data was invalid.", {name: [text]})


class Clock:
    """Wall time that never stands still: no two readings are equal."""

    def __init__(self) -> None:
        """Start before any possible reading."""
        self._lock = threading.Lock()
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time, at least a microsecond after the reading before."""
        with self._lock:
            self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
            return self._last


@dataclass(eq=False)
class Endpoint:
    """A registered webhook endpoint."""

    uuid: str
    name: str
    url: str
    secret: str
    created_at: datetime
    updated_at: datetime


@dataclass(eq=False)
class Merchant:
    """A merchant with its keys and endpoints."""

    id: int
    key: str
    public_key: str
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    order_numbers: set[str] = field(default_factory=set)
    earning_lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(eq=False)
class Order:
    """An order; money is whole halalas."""

    id: int
    uuid: str
    merchant: Merchant
    type: str
    status: str
    order_number: str
    total: int
    total_points: int
    created_at: datetime
    updated_at: datetime
    items: list[Json] | None = None
    metadata: Json | None = None
    shipping: str | None = None
    previous_status: str = NEW
    refunds: list[int] = field(default_factory=list)
    refund_calls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def refunded(self) -> int:
        """Halalas given back so far."""
        return sum(self.refunds)

    @property
    def left(self) -> int:
        """Halalas that may still be given back."""
        return self.total - self.refunded

    def move(self, status: str, moment: datetime) -> None:
        """Enter a status."""
        self.previous_status, self.status = self.status, status
        self.updated_at = moment
