"""How orders, endpoints, envelopes and webhook payloads look in one dialect."""

from datetime import datetime
from typing import Any

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.limits import SHIPPING_STATUSES
from points_conformance.contract.money import sar
from points_conformance.contract.names import REST_TYPES, Event, OrderStatus, PaymentStatus
from points_conformance.ledger import Booked
from points_conformance.simulator.messages import Refusal, Response, dump_json
from points_conformance.simulator.world import Endpoint, Order

__all__ = ["Presenter"]

_JSON = {"Content-Type": "application/json"}
#: The fields that every server shows, however little else it does.
_FEW = ("uuid", "order_status", "order_number", "type", "total_price", "total_points")
_LABELS = {status: status.value.replace("_", " ").title() for status in OrderStatus}


class Presenter:
    """Turns what the simulator knows into what travels."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    # ------------------------------------------------------------------ envelopes
    def success(self, data: Any = None, message: str | None = None, **beside: Any) -> Response:
        """The success envelope. ``data`` is left out where there is none."""
        envelope = {"status": True, "message": message, "appended_data": self.empty_map(), **beside}
        if data is not None:
            envelope["data"] = data
        return Response(200, _JSON, dump_json(envelope))

    def refusal(self, refusal: Refusal) -> Response:
        """The error envelope, with ``errors`` for a validation."""
        envelope: dict[str, Any] = {"message": refusal.message}
        if refusal.errors is None or self.dialect.validation_body == "full":
            envelope = {"status": False, **envelope, "appended_data": self.empty_map()}
        if refusal.errors is not None:
            envelope["errors"] = refusal.errors
        return Response(refusal.status, _JSON, dump_json(envelope))

    def empty_map(self) -> dict[str, Any] | list[Any]:
        """An empty map, which some servers write as a list."""
        return {} if self.dialect.empty_map == "object" else []

    # ------------------------------------------------------------------ resources
    def order_answer(self, order: Order, message: str | None = None) -> Response:
        """The order in its envelope."""
        resource = self.order(order)
        return self.success(
            resource if self.dialect.order_depth == "data" else {"data": resource}, message
        )

    def order(self, order: Order) -> dict[str, Any]:
        """``OrderResource`` as REST shows it."""
        resource = {
            "id": order.id,
            "uuid": order.uuid,
            "reference_number": order.reference,
            "order_status": self.status(order).value,
            "order_number": order.number,
            "type": REST_TYPES[order.kind],
            "total_price": sar(order.ledger.total),
            "total_points": order.ledger.points,
            "metadata": order.metadata,
            "date": self.date(order.created_at),
            "time": order.created_at.isoformat()[11:16],
            "since": "1 minute ago",
            "settlement_status": "settled" if order.ledger.settled else None,
            "status": self.shipping(order),
            "created_at": self.timestamp(order.created_at),
            "updated_at": self.timestamp(order.updated_at),
            "items": order.items or None,
        }
        if self.dialect.rest_fields == "few":
            return {name: resource[name] for name in _FEW}
        if self.dialect.rest_fields == "extra":
            resource |= {
                "status_label": _LABELS[self.status(order)],
                "custom_status": {"en": _LABELS[self.status(order)], "ar": "حالة الطلب"},
            }
        return resource

    def status(self, order: Order) -> OrderStatus:
        """The status that a read shows."""
        return order.ledger.status

    def shipping(self, order: Order) -> int | None:
        """The shipping status, which REST shows as an integer; which ones is documented nowhere."""
        return SHIPPING_STATUSES.index(order.shipping) if order.shipping else None

    def endpoint(self, endpoint: Endpoint, merchant_id: int) -> dict[str, Any]:
        """A webhook endpoint; the secret is shown on every read."""
        return {
            "uuid": endpoint.uuid,
            "merchant_id": merchant_id,
            "name": endpoint.name,
            "url": endpoint.url,
            "secret": endpoint.secret,
            "created_at": self.timestamp(endpoint.created_at),
            "updated_at": self.timestamp(endpoint.updated_at),
        }

    # ------------------------------------------------------------------ webhooks
    def payload(
        self, event: Event, order: Order, at: datetime, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """The body of an order event."""
        body: dict[str, Any] = {
            "id": order.uuid,
            "order_number": order.number,
            "order_status": self.payload_status(order).value,
            "total_price": sar(order.ledger.total),
            "total_points": order.ledger.points,
            "payment_status": PaymentStatus.FULLY_PAID.value,
            "created_at": self.timestamp(order.created_at),
            "updated_at": self.timestamp(order.updated_at),
        }
        if self.dialect.payload_optionals == "present":
            body |= {
                "reference_number": order.reference,
                "type": order.kind.value,
                "metadata": order.metadata,
            }
        return {"event": event.value, "order": body | extra, "timestamp": self.timestamp(at)}

    def payload_status(self, order: Order) -> OrderStatus:
        """The status that a webhook tells."""
        return order.ledger.status

    def cancelled(self, order: Order, reason: str) -> dict[str, Any]:
        """What ``cancelled`` adds."""
        extra: dict[str, Any] = {"reason": reason}
        if self.dialect.cancelled_points == "zero":
            extra["total_points"] = 0
        return extra

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> dict[str, Any]:
        """What ``refunded`` adds: this refund's amount and points, and what is left."""
        extra: dict[str, Any] = {"refund_amount": sar(booked.amount), "type": order.kind.value}
        if reason is not None or self.dialect.payload_optionals == "present":
            extra["reason"] = reason
        if order.kind == "earning" or self.dialect.replacing_points == "present":
            extra |= {
                "refund_points": booked.points,
                "left_points": booked.ledger.left_points,
                "left_amount": sar(booked.ledger.left),
            }
        return extra

    def auto_refunded(self, order: Order, booked: Booked, reason: str) -> dict[str, Any]:
        """What ``auto_refunded`` adds."""
        return {
            "refund_amount": sar(booked.amount),
            "refund_points": booked.points,
            "reason": reason,
            "type": order.kind.value,
        }

    # ------------------------------------------------------------------ time
    def timestamp(self, at: datetime) -> str:
        """ISO 8601 in UTC, with or without microseconds."""
        # A third of the time that strftime takes, and there are seven in a refund.
        if self.dialect.timestamps == "microseconds":
            return at.isoformat(timespec="microseconds")[:26] + "Z"
        return at.isoformat()[:19] + "Z"

    def date(self, at: datetime) -> str:
        """The order's date, or a text for people."""
        if self.dialect.rest_date == "iso":
            return at.isoformat()[:10]
        return at.strftime("%A,%d %b")
