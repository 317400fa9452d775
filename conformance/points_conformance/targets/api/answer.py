"""An answer as a check reads it: status, JSON with exact numbers, the order wherever it sits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from points_conformance.contract.names import OrderStatus
from points_conformance.judging.exchange import Exchange
from points_conformance.simulator.messages import NumberError, load_json

__all__ = ["Answer", "order_in"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` is raw and never kept beyond the check; ``exchange`` is redacted."""

    exchange: Exchange
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON, ``None`` where it is none."""
        try:
            return load_json(self.body)
        except ValueError:
            return None

    @property
    def wrong_number(self) -> str:
        """Why a number in the body is one that no program can take; empty where none is."""
        try:
            load_json(self.body)
        except NumberError as error:
            return str(error)
        except ValueError:
            pass
        return ""

    @property
    def order(self) -> dict[str, Any]:
        """The order resource, in ``data`` or one ``data`` deeper; empty where there is none."""
        return order_in(self.json)

    @property
    def order_status(self) -> str | None:
        """``order_status`` as answered, ``None`` where the answer does not say."""
        status = self.order.get("order_status")
        return status if isinstance(status, str) else None

    @property
    def accepted(self) -> bool:
        """Whether the call was carried out, by its HTTP status."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the call was refused, by its HTTP status."""
        return 400 <= self.status < 500

    def is_in(self, *statuses: OrderStatus) -> bool:
        """Whether the order is said to be in one of the statuses."""
        return self.order_status in {status.value for status in statuses}


def order_in(node: Any) -> dict[str, Any]:
    """The order resource of an answer's JSON; empty where there is none."""
    for _ in range(3):
        if not isinstance(node, dict):
            return {}
        if "order_status" in node or "uuid" in node:
            return node
        node = node.get("data")
    return {}
