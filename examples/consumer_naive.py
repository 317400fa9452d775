"""A webhook consumer that follows the documentation to the letter, and loses money.

It drops repeats of ``(order.id, event)``: two partial refunds of one order share that key. A WSGI
application.
"""

import json
import os
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

SECRET = os.environ.get("POINTS_WEBHOOK_SECRET", "")
SEEN: set[tuple[str, str]] = set()
ORDERS: dict[str, dict[str, Any]] = {}


def book(payload: dict[str, Any]) -> None:
    """The effect of a delivery whose order and event are new."""
    order, event = payload["order"], payload["event"]
    key = (order["id"], event)
    if key in SEEN:
        return  # the second refund of an order is lost here
    SEEN.add(key)
    kept = ORDERS.setdefault(order["id"], {"order_status": "approved", "refunded_amount": "0"})
    if event == "cancelled":
        kept["order_status"] = "cancelled"
    elif event in ("refunded", "auto_refunded"):
        refunded = Decimal(kept["refunded_amount"]) + Decimal(order["refund_amount"])
        full = refunded >= Decimal(order["total_price"])
        kept["order_status"] = "fully_refunded" if full else "partially_refunded"
        kept["refunded_amount"] = str(refunded)


def answered(environ: dict[str, Any]) -> tuple[str, bytes]:
    """Status and body."""
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] == "GET" and path.startswith("/orders/"):
        order = ORDERS.get(path.removeprefix("/orders/"))
        return ("200 OK", json.dumps(order).encode()) if order else ("404 Not Found", b"")
    if environ["REQUEST_METHOD"] != "POST" or path != "/webhooks/points":
        return "404 Not Found", b""
    if environ.get("HTTP_X_WEBHOOK_SECRET") != SECRET:
        return "401 Unauthorized", b""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        payload = json.loads(body, parse_float=Decimal)
        if payload["event"] in ("approved", "cancelled", "refunded", "auto_refunded"):
            book(payload)
    except (ValueError, KeyError, TypeError, ArithmeticError):
        return "400 Bad Request", b""
    return "204 No Content", b""


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The application."""
    status, body = answered(environ)
    start_response(status, [("Content-Type", "application/json")] if body else [])
    return [body]
