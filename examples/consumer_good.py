"""A webhook consumer that loses no refund: Starlette and SQLite.

``points-conformance consumer --app consumer_good:app --url /webhooks/points
--state-url /orders/{order_id} --state-unit halala``, with the secret in ``POINTS_WEBHOOK_SECRET``.
"""

import contextlib
import hashlib
import hmac
import json
import os
import sqlite3
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SECRET = os.environ.get("POINTS_WEBHOOK_SECRET", "")
LARGEST = 65_536
SCHEMA = """
create table if not exists deliveries (digest text primary key);
create table if not exists orders (
    id text primary key, total integer not null, refunded integer not null default 0,
    cancelled integer not null default 0);
"""
DATABASE = sqlite3.connect(os.environ.get("SHOP_DATABASE", ":memory:"), check_same_thread=False)


def halalas(amount: Decimal) -> int:
    """Money is counted in halalas, exactly."""
    return int(amount.scaleb(2))


def number(value: Any) -> Decimal:
    """An amount, however it is written. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("no amount")
    return Decimal(value)


def book(digest: str, payload: dict[str, Any]) -> None:
    """The effect of one delivery, once, in one transaction.

    A retry is the same content again. The key is not (order, event): two refunds of one order share
    that.
    """
    order, event = payload["order"], payload["event"]
    total = halalas(number(order["total_price"]))
    back = halalas(number(order["refund_amount"])) if "refunded" in event else 0
    with DATABASE:
        new = DATABASE.execute("insert or ignore into deliveries values (?)", (digest,)).rowcount
        if not new:
            return
        DATABASE.execute(
            "insert or ignore into orders (id, total) values (?, ?)", (order["id"], total)
        )
        DATABASE.execute(
            "update orders set refunded = refunded + ?, cancelled = max(cancelled, ?) where id = ?",
            (back, event == "cancelled", order["id"]),
        )


async def webhook(request: Request) -> Response:
    """One delivery."""
    given = request.headers.get("x-webhook-secret", "")
    if not hmac.compare_digest(given.encode(), SECRET.encode()):
        return Response(status_code=401)
    body = await request.body()
    try:
        payload = json.loads(body, parse_float=Decimal) if len(body) <= LARGEST else None
        if payload["event"] != request.headers.get("x-webhook-event"):
            return Response(status_code=400)
        if payload["event"] in ("approved", "cancelled", "refunded", "auto_refunded"):
            book(hashlib.sha256(body).hexdigest(), payload)
    except (ValueError, KeyError, TypeError):
        return Response(status_code=400)
    return Response(status_code=204)


async def state(request: Request) -> Response:
    """What the shop knows of an order; how is its own."""
    row = DATABASE.execute(
        "select total, refunded, cancelled from orders where id = ?", (request.path_params["id"],)
    ).fetchone()
    if row is None:
        return Response(status_code=404)
    total, refunded, cancelled = row
    if cancelled:
        status = "cancelled"
    elif refunded:
        status = "fully_refunded" if refunded >= total else "partially_refunded"
    else:
        status = "approved"
    return JSONResponse({"order_status": status, "refunded_amount": refunded})


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """The database is there before the first delivery."""
    DATABASE.executescript(SCHEMA)
    yield


app = Starlette(
    routes=[
        Route("/webhooks/points", webhook, methods=["POST"]),
        Route("/orders/{id}", state),
    ],
    lifespan=lifespan,
)
