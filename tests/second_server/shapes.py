"""How things look on the wire: envelopes, orders, endpoints, events."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .values import TYPE_NUMBERS, Endpoint, Json, Order, Refused

if TYPE_CHECKING:
    from datetime import datetime

    from .dialects import Dialect

SHIPPING = {
    "new": (1, "New"),
    "license_in_progress": (2, "License in progress"),
    "ready_shipping": (3, "Ready for shipping"),
    "delivery_is_in_progress": (4, "Out for delivery"),
    "delivered": (5, "Delivered"),
    "cancelled": (6, "Cancelled"),
}


def encode(body: Json) -> bytes:
    """Return JSON in ASCII, so that even half a surrogate pair can be echoed."""
    return json.dumps(body, default=_decimal).encode("ascii")


def _decimal(value: Any) -> float | str:
    """Write the decimals that `metadata` was read with."""
    if isinstance(value, Decimal):
        near = float(value)
        return near if math.isfinite(near) else str(value)
    raise TypeError(type(value))


def riyals(halalas: int, dialect: Dialect) -> int | float:
    """Return money as a JSON number; up to fifteen digits a double shows each halala."""
    if dialect.whole_money_is_integer and halalas % 100 == 0:
        return halalas // 100
    return float(Decimal(halalas) / 100)


def moment(at: datetime, dialect: Dialect) -> str:
    """Return a time as bodies show it."""
    return stamp(at) if dialect.microseconds else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp(at: datetime) -> str:
    """Return a time with its microseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def success(message: str, dialect: Dialect, **rest: Any) -> Json:
    """Return the envelope of a call that was carried out."""
    return {
        "status": True,
        "message": message if dialect.says_message else None,
        "appended_data": [] if dialect.empty_map_is_list else {},
        **rest,
    }


def failure(refusal: Refused, dialect: Dialect) -> Json:
    """Return the envelope of a refused call."""
    if refusal.errors is not None and dialect.bare_validation_errors:
        return {"message": refusal.message, "errors": refusal.errors}
    body: Json = {
        "status": False,
        "message": refusal.message,
        "appended_data": [] if dialect.empty_map_is_list else {},
    }
    return body if refusal.errors is None else {**body, "errors": refusal.errors}


def order_answer(message: str, order: Order, status: str, dialect: Dialect) -> Json:
    """Return the envelope that holds an order, with the status to be shown."""
    shown = order_resource(order, status, dialect)
    data = {"data": shown} if dialect.order_is_nested else shown
    return success(message, dialect, data=data)


def order_resource(order: Order, status: str, dialect: Dialect) -> Json:
    """Return an order as REST shows it."""
    created = order.created_at
    shown: Json = {
        "id": order.id,
        "uuid": order.uuid,
        "reference_number": f"REF-{order.id}",
        "order_status": status,
        "order_number": order.order_number,
        "type": TYPE_NUMBERS[order.type],
        "total_price": riyals(order.total, dialect),
        "total_points": order.total_points,
        "metadata": order.metadata,
        "date": created.strftime("%A,%d %b" if dialect.human_date else "%Y-%m-%d"),
        "time": created.strftime("%H:%M"),
        "since": "1 second ago",
        "settlement_status": None,
        "status": SHIPPING[order.shipping][0] if order.shipping else None,
        "created_at": moment(created, dialect),
        "updated_at": moment(order.updated_at, dialect),
        "items": _items(order, dialect),
    }
    return {**shown, **_labels(status)} if dialect.extra_fields else shown


def _items(order: Order, dialect: Dialect) -> list[Json] | None:
    """Return the items with their prices in riyals."""
    if order.items is None:
        return None
    return [
        {**item, "product_price": riyals(item["product_price"], dialect)} for item in order.items
    ]


def _labels(status: str) -> Json:
    """Return the fields that only newer pages show."""
    label = status.replace("_", " ").capitalize()
    return {"status_label": label, "custom_status": {"ar": "حالة الطلب", "en": label}}


def endpoint_resource(endpoint: Endpoint, merchant_id: int, dialect: Dialect) -> Json:
    """Return a webhook endpoint as REST shows it."""
    return {
        "uuid": endpoint.uuid,
        "merchant_id": merchant_id,
        "name": endpoint.name,
        "url": endpoint.url,
        "secret": endpoint.secret,
        "created_at": moment(endpoint.created_at, dialect),
        "updated_at": moment(endpoint.updated_at, dialect),
    }


def event(name: str, order: Order, extra: Json, at: datetime, dialect: Dialect) -> Json:
    """Return the payload of a webhook; here the order's `id` is its uuid."""
    hidden = name == "cancelled" and dialect.cancelled_shows_no_points
    shown: Json = {
        "id": order.uuid,
        "order_number": order.order_number,
        "order_status": order.status,
        "total_price": riyals(order.total, dialect),
        "total_points": 0 if hidden else order.total_points,
        "payment_status": "fully_paid",
        "created_at": moment(order.created_at, dialect),
        "updated_at": moment(order.updated_at, dialect),
    }
    if dialect.webhooks_say_everything:
        shown["reference_number"] = f"REF-{order.id}"
        shown["type"] = order.type
        shown["metadata"] = order.metadata
    return {"event": name, "order": {**shown, **extra}, "timestamp": stamp(at)}
