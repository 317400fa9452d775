"""Orders, endpoints and deliveries as JSON texts and back: pure, and nothing is lost between."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger import OrderLedger
from points_conformance.simulator.messages import dump_json, load_json
from points_conformance.simulator.world import Attempt, Delivery, Endpoint, Merchant, Order

__all__ = [
    "StoreError",
    "delivery_from",
    "delivery_text",
    "endpoint_from",
    "endpoint_text",
    "order_from",
    "order_text",
]


class StoreError(ValueError):
    """A file that is none of ours, is broken, is in use, or cannot be written."""


Merchants = Mapping[int, Merchant]


def order_text(order: Order) -> str:
    """An order with its books."""
    return _text(
        {
            "id": order.id,
            "uuid": order.uuid,
            "merchant": order.merchant.id,
            "number": order.number,
            "ledger": asdict(order.ledger),
            "created_at": order.created_at.isoformat(),
            "updated_at": order.updated_at.isoformat(),
            "reference": order.reference,
            "metadata": order.metadata,
            "items": order.items,
            "shipping": order.shipping,
        }
    )


def order_from(text: str, merchants: Merchants) -> Order:
    """The order again. Raises :class:`KeyError`, :class:`TypeError` or :class:`ValueError`."""
    told = load_json(text.encode())
    books = told.pop("ledger")
    ledger = OrderLedger(
        **{**books, "kind": OrderType(books["kind"]), "status": OrderStatus(books["status"])}
    )
    return Order(
        **{**told, **_moments(told), "merchant": merchants[told["merchant"]]}, ledger=ledger
    )


def endpoint_text(merchant: Merchant, endpoint: Endpoint) -> str:
    """A registered endpoint and whose it is."""
    told = {**asdict(endpoint), "merchant": merchant.id}
    moments = {name: told[name].isoformat() for name in ("created_at", "updated_at")}
    return _text({**told, **moments})


def endpoint_from(text: str, merchants: Merchants) -> tuple[Merchant, Endpoint]:
    """Both again. Raises as :func:`order_from` does."""
    told = load_json(text.encode())
    merchant = merchants[told.pop("merchant")]
    return merchant, Endpoint(**{**told, **_moments(told)})


def delivery_text(delivery: Delivery) -> str:
    """A delivery with its attempts. Of its endpoint as much as is needed once that is removed."""
    endpoint = delivery.endpoint
    return _text(
        {
            "number": delivery.number,
            "merchant": delivery.merchant.id,
            "endpoint": None if endpoint is None else endpoint_text(delivery.merchant, endpoint),
            "event": delivery.event,
            "body": delivery.body.decode(),
            "headers": delivery.headers,
            "order_uuid": delivery.order_uuid,
            "attempts": [
                [one.at.isoformat(), one.status, repr(one.seconds), one.error]
                for one in delivery.attempts
            ],
        }
    )


def delivery_from(text: str, merchants: Merchants, known: Iterable[Endpoint]) -> Delivery:
    """The delivery again, to one of the ``known`` endpoints where it is still registered. Raises as
    :func:`order_from` does.
    """
    told = load_json(text.encode())
    endpoint = None
    if told["endpoint"] is not None:
        _, former = endpoint_from(told["endpoint"], merchants)
        endpoint = next((one for one in known if one.uuid == former.uuid), former)
    return Delivery(
        **{
            **told,
            "merchant": merchants[told["merchant"]],
            "endpoint": endpoint,
            "body": told["body"].encode(),
            "attempts": [
                Attempt(datetime.fromisoformat(at), status, float(seconds), error)
                for at, status, seconds, error in told["attempts"]
            ],
        }
    )


def _text(told: Mapping[str, Any]) -> str:
    return dump_json(told).decode()


def _moments(told: Mapping[str, str]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(told[name]) for name in ("created_at", "updated_at")}
