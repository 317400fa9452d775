"""A consumer as the documentation can be read, and what it costs: do not copy it.

It drops repeats of ``(order.id, event)``, which two partial refunds of one order share; it counts
in floats; and it forgets all when it ends.
"""

import os

from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel


class Order(BaseModel):
    """What is used of an order."""

    id: str
    order_status: str = ""
    refund_amount: float = 0


class Delivery(BaseModel):
    """A delivery."""

    event: str
    order: Order


app = FastAPI()
SEEN: set[tuple[str, str]] = set()
STATUS: dict[str, str] = {}
REFUNDED: dict[str, float] = {}


@app.post("/webhooks/points", status_code=204)
def webhook(delivery: Delivery, x_webhook_secret: str = Header()) -> None:
    """Believe the newest delivery of an order."""
    if x_webhook_secret != os.environ["POINTS_WEBHOOK_SECRET"]:
        raise HTTPException(401)
    order = delivery.order
    if (order.id, delivery.event) in SEEN:
        return  # the second refund of an order is lost here
    SEEN.add((order.id, delivery.event))
    STATUS[order.id] = order.order_status
    REFUNDED[order.id] = REFUNDED.get(order.id, 0) + order.refund_amount


@app.get("/orders/{order_id}")
def state(order_id: str) -> dict[str, str | float]:
    """What is known of an order."""
    if order_id not in STATUS:
        raise HTTPException(404)
    return {"order_status": STATUS[order_id], "refunded_amount": REFUNDED[order_id]}
