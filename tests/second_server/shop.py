"""The shop: merchants, orders, and what the order endpoints do with them."""

from __future__ import annotations

import itertools
import random
import re
import threading
import uuid
from typing import TYPE_CHECKING, Any

from . import bodies, shapes
from .desk import Desk, Wish
from .values import (
    APPROVED,
    AUTHORIZED,
    CANCELLED,
    CAPTURED,
    NEW,
    Clock,
    Json,
    Merchant,
    Order,
    Refused,
    invalid,
)

if TYPE_CHECKING:
    from .courier import Courier
    from .dialects import Dialect

UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII)
PAYMENT_METHODS = tuple(str(method) for method in range(1, 11))
NO_ACCOUNT = "500000003"
NO_ACCOUNT_MESSAGE = "لا يوجد حساب بهذا الرقم، وسيضاف الطلب بعد التسجيل"


class Shop:
    """All that the server knows, and the calls that change it."""

    def __init__(
        self,
        dialect: Dialect,
        desk_class: type[Desk],
        courier: Courier,
        seed: int,
        commit_delay: float,
    ) -> None:
        """Open with two merchants and no order."""
        self.dialect = dialect
        self.courier = courier
        self.clock = Clock()
        self.desk = desk_class(dialect, self.clock, self.announce, commit_delay)
        self.orders: dict[str, Order] = {}
        self.lock = threading.RLock()
        self._random = random.Random(seed)
        self._ids = itertools.count(1001)
        self.merchants = {
            merchant.key: merchant for merchant in (self._merchant(7), self._merchant(8))
        }

    def _merchant(self, number: int) -> Merchant:
        """Return a new merchant."""
        return Merchant(number, f"private-{self.token(40)}", f"public-{self.token(40)}")

    def token(self, length: int) -> str:
        """Return a random word of hexadecimal digits."""
        with self.lock:
            return f"{self._random.getrandbits(4 * length):0{length}x}"

    def new_uuid(self) -> str:
        """Return a uuid that depends on the seed alone."""
        with self.lock:
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    # Access.

    def authenticate(self, key: str | None) -> Merchant:
        """Return the merchant of a private key."""
        merchant = self.desk.merchant_for(key, self.merchants)
        if merchant is None:
            raise Refused(400, "Invalid or inactive API key")
        return merchant

    def canonical_uuid(self, text: str) -> str:
        """Return a uuid in lower case, or refuse what is none."""
        if UUID.fullmatch(text.lower()) is None:
            raise Refused(self.dialect.malformed_uuid_status, "Not found.")
        return text.lower()

    def order_for(self, merchant: Merchant, text: str, action: str) -> Order:
        """Return an order that this merchant may touch."""
        order = self.orders.get(self.canonical_uuid(text))
        if order is None:
            raise Refused(404, "Order not found.")
        if not self.desk.may_touch(merchant, order, action):
            # The same words as for an order that does not exist: nothing is revealed.
            raise Refused(self.dialect.foreign_status, "Order not found.")
        return order

    def announce(self, name: str, order: Order, extra: Json) -> None:
        """Send an event to each of the merchant's endpoints; the caller holds the order."""
        payload = shapes.event(name, order, extra, self.clock.now(), self.dialect)
        payload["order"]["id"] = self.desk.told_id(order)
        body = shapes.encode(payload)
        for endpoint in list(order.merchant.endpoints.values()):
            self.courier.send(endpoint.url, name, self.desk.told_secret(endpoint), body)

    def _answer(self, order: Order, message: str) -> Json:
        """Return the answer of a call that was carried out."""
        return shapes.order_answer(message, order, order.status, self.dialect)

    # Making orders.

    def points_for(self, halalas: int) -> int:
        """Return the points of an order."""
        return halalas * self.dialect.points_per_riyal // 100

    def add_order(
        self, merchant: Merchant, kind: str, status: str, order_number: str, total: int, **rest: Any
    ) -> Order:
        """Remember a new order."""
        now = self.clock.now()
        points = self.points_for(total)
        with self.lock:
            number = next(self._ids)
            order = Order(
                number, self.new_uuid(), merchant, kind, status, order_number,
                total, points, now, now, **rest,
            )  # fmt: skip
            merchant.order_numbers.add(order_number)
            self.orders[order.uuid] = order
        return order

    def _order_number(self, merchant: Merchant, body: Json) -> str:
        """Return the order number given, if it may be used."""
        order_number = bodies.text(body, "order_number", 255)
        if order_number in merchant.order_numbers and not self.dialect.takes_used_order_numbers:
            raise invalid("order_number", "The order_number has already been taken.")
        return order_number

    def earning(self, merchant: Merchant, body: Json) -> Json:
        """Make an earning order, or a pending one for a phone without an account."""
        if not merchant.earning_lock.acquire(blocking=not self.dialect.turns_busy_away):
            raise Refused(429, "Another order is being created.", headers={"Retry-After": "1"})
        try:
            return self._earn(merchant, body)
        finally:
            merchant.earning_lock.release()

    def _earn(self, merchant: Merchant, body: Json) -> Json:
        """Make the order, one at a time for each merchant."""
        phone = bodies.phone(body)
        total = bodies.price(body.get("total_price"), "total_price", self.dialect)
        order_number = self._order_number(merchant, body)
        items = bodies.products(body, self.dialect)
        bodies.order_extras(body, self.dialect)
        if phone == NO_ACCOUNT:
            return self._pending(merchant, order_number, total)
        order = self.add_order(
            merchant, "earning", APPROVED, order_number, total,
            items=items, metadata=body.get("metadata"),
        )  # fmt: skip
        with order.lock:
            answer = self._answer(order, "Order created successfully.")
            self.announce("approved", order, {})
        return answer

    def _pending(self, merchant: Merchant, order_number: str, total: int) -> Json:
        """Return the answer for a phone without an account."""
        with self.lock:
            merchant.order_numbers.add(order_number)
            number = next(self._ids)
        pending = {
            "id": number,
            "merchant_order_number": order_number,
            "total_price": shapes.riyals(total, self.dialect),
            "total_points": self.points_for(total),
        }
        data = {"pending_client_activation": True, "pending_earning_order": pending}
        return shapes.success("", self.dialect, data=data) | {"message": NO_ACCOUNT_MESSAGE}

    def checkout(self, public_key: str, body: Json) -> Json:
        """Make a replacing order that a customer is to pay; its uuid is not told here."""
        merchant = next((m for m in self.merchants.values() if m.public_key == public_key), None)
        if merchant is None:
            raise Refused(400, "Invalid or inactive API key")
        total = bodies.price(body.get("total_price"), "total_price", self.dialect)
        stripped = {"order_number": bodies.text(body, "order_number", 255).removeprefix("#")}
        order_number = self._order_number(merchant, stripped)
        if body.get("phone_number") is not None:
            bodies.phone(body)
        bodies.optional_text(body, "callback_url", 500)
        items = None if body.get("products") is None else bodies.products(body, self.dialect)
        bodies.order_extras(body, self.dialect)
        self.add_order(
            merchant, "replacing", NEW, order_number, total,
            items=items, metadata=body.get("metadata"),
        )  # fmt: skip
        data = {"checkout_url": f"https://checkout.example/{self.token(32)}"}
        return shapes.success("Checkout created successfully.", self.dialect, data=data)

    # Calls on an order.

    def read(self, order: Order, body: Json) -> Json:
        """Show an order."""
        status = self.desk.shown_status(order)
        return shapes.order_answer("Order retrieved.", order, status, self.dialect)

    def cancel(self, order: Order, body: Json) -> Json:
        """Cancel an order."""
        reason = bodies.reason(body, self.desk.reason_limit, self.dialect)
        with self.desk.holding(order):
            self.desk.cancel(order, reason)
            return self._answer(order, "Order cancelled successfully.")

    def refund(self, order: Order, body: Json) -> Json:
        """Refund an order, in part or in full."""
        reason = bodies.reason(body, self.desk.reason_limit, self.dialect)
        wish = Wish(self._refund_amount(body), reason)
        with self.desk.holding(order):
            self.desk.refund(order, wish)
            return self._answer(order, "Order refunded successfully.")

    def _refund_amount(self, body: Json) -> int | None:
        """Return the amount given in halalas; null may count as left out."""
        if "amount" not in body:
            return None
        if body["amount"] is None and self.dialect.null_amount_is_omitted:
            return None
        return self.desk.halalas(bodies.money(body["amount"], "amount", self.dialect))

    def authorize(self, order: Order, body: Json) -> Json:
        """Reserve the points of a new order."""
        return self._advance(order, {NEW}, AUTHORIZED, ("authorized",))

    def capture(self, order: Order, body: Json) -> Json:
        """Take the points that were reserved."""
        return self._advance(order, {AUTHORIZED}, CAPTURED, ("captured",))

    def complete(self, order: Order, body: Json) -> Json:
        """Approve a replacing order."""
        if body.get("payment_method") is not None:
            bodies.choice(body, "payment_method", PAYMENT_METHODS)
        if order.type == "earning":
            raise Refused(400, "An earning order cannot be completed.")
        if self.dialect.completes_captured:
            return self._advance(order, {NEW, CAPTURED}, APPROVED, ("approved", "completed"))
        return self._advance(order, {NEW}, APPROVED, ("completed",))

    def _advance(self, order: Order, sources: set[str], to: str, events: tuple[str, ...]) -> Json:
        """Move an order along its lifecycle."""
        with self.desk.holding(order):
            if order.status not in sources:
                raise Refused(400, "The order is not in the right status for this.")
            order.move(to, self.clock.now())
            for name in events:
                self.announce(name, order, {})
            return self._answer(order, "Order updated successfully.")

    def ship(self, order: Order, body: Json) -> Json:
        """Set the shipping status, which never cancels anything."""
        status = bodies.choice(body, "status", tuple(shapes.SHIPPING))
        with self.desk.holding(order):
            if order.status == CANCELLED and not self.dialect.ships_cancelled:
                raise Refused(400, "The order is cancelled.")
            order.shipping = status
            order.updated_at = self.clock.now()
            label = shapes.SHIPPING[status][1]
            extra = {"status": status, "status_label": label}
            self.announce("shipping_status_updated", order, extra)
            return self._answer(order, "Shipping status updated successfully.")
