"""A good consumer in memory, in small parts that a defect may exchange one by one."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

import httpx

from points_conformance.targets.consumer.probe import ConsumerState

__all__ = ["Books", "SampleConsumer"]

_EVENTS = frozenset({"approved", "cancelled", "refunded", "auto_refunded"})


@dataclass
class Books:
    """One order as a consumer keeps it. Amounts in halalas."""

    total: int = 0
    approved: bool = False
    cancelled: bool = False
    refunds: list[int] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        """What went back."""
        return sum(self.refunds)

    @property
    def status(self) -> str:
        """From what happened, in whatever order."""
        if self.cancelled:
            return "cancelled"
        if self.refunds and self.refunded >= self.total:
            return "fully_refunded"
        return "partially_refunded" if self.refunds else "approved"


class SampleConsumer:
    """Books each delivery once, by its content. ``delay`` seconds after the answer, if any."""

    delay = 0.0
    #: Globs of the advice that a good consumer of this design is given all the same; whether a run
    #: takes minutes, for it works slowly; and whether calls come beside those that rules say, since
    #: they are turned away at first, or mark the end of a queue.
    advised: ClassVar[tuple[str, ...]] = ()
    slow: ClassVar[bool] = False
    more_calls: ClassVar[bool] = False

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.orders: dict[str, Books] = {}
        self.seen: set[Any] = set()
        self.lock = threading.Lock()

    # ------------------------------------------------------------------ requests
    def __call__(self, request: httpx.Request) -> int | httpx.Response:
        """One delivery."""
        if request.method != "POST":
            return self.wrong_method()
        if not self.is_trusted(request.headers.get("x-webhook-secret")):
            return self.refusal(request)
        payload = self.parsed(request)
        if payload is None:
            return self.malformed(request)
        return self.received(request, payload)

    def wrong_method(self) -> int:
        """Only POST is taken."""
        return 405

    def is_trusted(self, secret: str | None) -> bool:
        """Whether the sender knows the secret."""
        return secret == self.secret

    def refusal(self, request: httpx.Request) -> int | httpx.Response:
        """Of a wrong secret."""
        del request
        return 401

    def malformed(self, request: httpx.Request) -> int | httpx.Response:
        """Of what is no delivery."""
        del request
        return 400

    def parsed(self, request: httpx.Request) -> dict[str, Any] | None:
        """The payload, ``None`` where it is none."""
        try:
            payload = json.loads(request.content, parse_float=Decimal)
            if not isinstance(payload, dict) or not self.agrees(request, payload):
                return None
            if payload.get("event") in _EVENTS:
                self.total(payload["order"])
                if payload["event"] in ("refunded", "auto_refunded"):
                    self.amount(payload["order"])
        except (ValueError, KeyError, TypeError, ArithmeticError):
            return None
        return payload

    def agrees(self, request: httpx.Request, payload: dict[str, Any]) -> bool:
        """Whether header and body name one event."""
        return bool(request.headers.get("x-webhook-event") == payload.get("event"))

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> int | httpx.Response:
        """Book a delivery that is one."""
        del request
        self.later(lambda: self.book_once(payload))
        return 204

    def later(self, work: Callable[[], None]) -> None:
        """Now, or after the delay."""
        if self.delay:
            self.after(self.delay, work)
        else:
            work()

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """So much later, on a thread that ends with it."""
        timer = threading.Timer(seconds, work)
        timer.daemon = True
        timer.start()

    def restart(self) -> None:
        """The process is ended at once and started anew: all that it needs is in its database."""

    # ------------------------------------------------------------------ books
    def key(self, payload: dict[str, Any]) -> Any:
        """What tells two deliveries apart: their content."""
        return json.dumps(payload, sort_keys=True, default=str)

    def book_once(self, payload: dict[str, Any]) -> None:
        """What was booked is not booked again."""
        with self.lock:
            if self.key(payload) in self.seen:
                return
            self.seen.add(self.key(payload))
            self.book(payload)

    def book(self, payload: dict[str, Any]) -> None:
        """What an event does to the books."""
        event = payload["event"]
        if event not in _EVENTS:
            return
        order = payload["order"]
        books = self.orders.setdefault(order["id"], Books())
        books.total = self.total(order)
        getattr(self, event)(books, order)

    def approved(self, books: Books, order: dict[str, Any]) -> None:
        """An order that is approved."""
        del order
        books.approved = True

    def cancelled(self, books: Books, order: dict[str, Any]) -> None:
        """An order that is cancelled."""
        del order
        books.cancelled = True

    def refunded(self, books: Books, order: dict[str, Any]) -> None:
        """One refund more."""
        books.refunds.append(self.amount(order))

    def auto_refunded(self, books: Books, order: dict[str, Any]) -> None:
        """A refund that nobody asked for."""
        self.refunded(books, order)

    def total(self, order: dict[str, Any]) -> int:
        """The order's price in halalas."""
        return int(Decimal(order["total_price"]) * 100)

    def amount(self, order: dict[str, Any]) -> int:
        """What is refunded, in halalas."""
        return int(Decimal(order["refund_amount"]) * 100)

    # ------------------------------------------------------------------ the probe
    def state(self, order_id: str) -> ConsumerState | None:
        """What a shop's own page would show."""
        books = self.orders.get(order_id)
        return None if books is None else self.shown(books)

    def shown(self, books: Books) -> ConsumerState:
        """The state of an order that is known."""
        return ConsumerState(books.status, Decimal(books.refunded).scaleb(-2))

    def told_of(self, order_id: str) -> bool:
        """Its own checkout made an order."""
        self.orders.setdefault(order_id, Books())
        return True

    def sleep(self, seconds: float) -> None:
        """Take time."""
        time.sleep(seconds)
