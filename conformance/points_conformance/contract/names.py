"""The words of the API: statuses, types, operations, events (Order Lifecycle, Webhook Events)."""

from enum import StrEnum

__all__ = [
    "MERCHANT_EVENTS",
    "ORDER_EVENTS",
    "REST_TYPES",
    "REVERSALS",
    "REVERSAL_EVENTS",
    "STEPS",
    "Event",
    "OrderOperation",
    "OrderStatus",
    "OrderType",
    "PaymentStatus",
]


class OrderStatus(StrEnum):
    """``order_status`` as every channel spells it (OpenAPI ``OrderResource``)."""

    NEW = "new"
    APPROVED = "approved"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    CANCELLED = "cancelled"
    FULLY_REFUNDED = "fully_refunded"
    PARTIALLY_REFUNDED = "partially_refunded"


class OrderType(StrEnum):
    """An order earns points or replaces money by points; webhooks spell it like this."""

    EARNING = "earning"
    REPLACING = "replacing"


#: REST spells the type as an integer, webhooks as a string (OpenAPI; Webhook Events).
REST_TYPES: dict[OrderType, int] = {OrderType.EARNING: 1, OrderType.REPLACING: 2}


class OrderOperation(StrEnum):
    """What a merchant has done to an order: the last part of the call's path (OpenAPI)."""

    CANCEL = "cancel"
    REFUND = "refund"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    COMPLETE = "complete"


#: What gives back, and what leads there.
REVERSALS = (OrderOperation.CANCEL, OrderOperation.REFUND)
STEPS = (OrderOperation.AUTHORIZE, OrderOperation.CAPTURE, OrderOperation.COMPLETE)


class PaymentStatus(StrEnum):
    """``payment_status`` in webhook payloads."""

    FULLY_PAID = "fully_paid"
    PARTIALLY_PAID = "partially_paid"


class Event(StrEnum):
    """Every event a merchant's endpoint may receive (Webhook Events)."""

    APPROVED = "approved"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    AUTO_REFUNDED = "auto_refunded"
    SHIPPING_STATUS_UPDATED = "shipping_status_updated"
    DEBT_EXCEEDED = "debt_exceeded"
    LOW_BALANCE_WARNING = "low_balance_warning"


#: Events that carry ``merchant`` and ``data`` in place of ``order`` (client library, fixtures).
MERCHANT_EVENTS = frozenset({Event.DEBT_EXCEEDED, Event.LOW_BALANCE_WARNING})
ORDER_EVENTS = frozenset(Event) - MERCHANT_EVENTS
#: The events that give something back to the customer.
REVERSAL_EVENTS = frozenset({Event.CANCELLED, Event.REFUNDED, Event.AUTO_REFUNDED})
