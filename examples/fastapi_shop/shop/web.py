"""The endpoint that Points delivers to, and the state of an order.

It answers once a delivery is noted: what takes longer is the worker's.
"""

import contextlib
import hashlib
import hmac
import json
import os
import threading
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool

from shop import books, worker

TELLING = ("approved", "cancelled", "refunded", "auto_refunded")
LARGEST = 65_536


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Tables before the first delivery, and a worker as long as the endpoint is there."""
    books.prepare()
    stop = threading.Event()
    thread = threading.Thread(target=worker.work, args=(stop,))
    thread.start()
    yield
    stop.set()
    worker.NOTED.set()
    thread.join()


app = FastAPI(lifespan=lifespan, openapi_url=None)


def halalas(amount: Any) -> int:
    """An amount of SAR, exactly. Raises ValueError for anything else."""
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise ValueError("no amount")
    scaled = Decimal(amount).scaleb(2)
    if scaled != int(scaled) or scaled < 0:
        raise ValueError("no amount of whole halalas")
    return int(scaled)


def delivery_of(body: bytes, event: str | None) -> books.Delivery | None:
    """What a delivery tells of an order, if anything. Raises for what is no delivery."""
    if len(body) > LARGEST:
        raise ValueError("too large")
    payload = json.loads(body, parse_float=Decimal)
    if payload["event"] != event:
        raise ValueError("header and body disagree")
    if event not in TELLING:
        return None
    order = payload["order"]
    back = halalas(order["refund_amount"]) if "refunded" in event else 0
    digest = hashlib.sha256(body).hexdigest()
    return books.Delivery(digest, str(order["id"]), event, halalas(order["total_price"]), back)


@app.post("/webhooks/points")
async def webhook(request: Request) -> Response:
    """One delivery: noted, then acknowledged. An event that tells us nothing is acknowledged too:
    every endpoint hears all of them.
    """
    given = request.headers.get("x-webhook-secret", "").encode()
    if not hmac.compare_digest(given, os.environ["POINTS_WEBHOOK_SECRET"].encode()):
        raise HTTPException(401)
    try:
        event = request.headers.get("x-webhook-event")
        delivery = delivery_of(await request.body(), event)
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise HTTPException(400) from error
    if delivery is not None:
        await run_in_threadpool(books.note, delivery)
        worker.NOTED.set()
    return Response(status_code=204)


@app.get("/orders/{order_id}")
def state(order_id: str) -> dict[str, str | int]:
    """What the shop has booked of an order; who asks from outside needs leave, in a real shop."""
    found = books.state(order_id)
    if found is None:
        raise HTTPException(404)
    status, refunded = found
    return {"order_status": status, "refunded_amount": refunded}
