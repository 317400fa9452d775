"""What a body holds, whatever came: never more than a JSON object, and never an error."""

from collections.abc import Mapping
from typing import Any

from points_conformance.simulator.messages import load_json

__all__ = ["order_of", "payload_of"]


def payload_of(body: bytes) -> dict[str, Any]:
    """A body as JSON, numbers exact; empty where it is no JSON object."""
    try:
        payload = load_json(body)
    except ValueError:
        return {}
    return payload if isinstance(payload, dict) else {}


def order_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The order that an event is about; empty for a merchant's events."""
    order = payload.get("order")
    return order if isinstance(order, dict) else {}
