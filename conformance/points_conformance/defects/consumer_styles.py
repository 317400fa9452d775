"""Good consumers, each in its own style: no rule may fail any of them."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from points_conformance.contract.limits import EVENT_HEADER
from points_conformance.defects.consumer_sample import SampleConsumer

__all__ = ["STYLES", "FailsFirst", "Inline", "OwnOrders", "Queueing", "Strict"]


class Inline(SampleConsumer):
    """Books before it answers; a delivery is known by its order, event and timestamp."""

    def key(self, payload: dict[str, Any]) -> Any:
        """Two refunds of an order are a second apart, a retry is not."""
        return (payload.get("order", {}).get("id"), payload["event"], payload["timestamp"])


class Queueing(SampleConsumer):
    """Books 0.3 s after its answer."""

    delay = 0.3


class Strict(SampleConsumer):
    """Wants every header to be there and as documented."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> int | httpx.Response:
        """415 for what is not said to be JSON, 400 for what is not said to be an event."""
        if request.headers.get("content-type") != "application/json":
            return 415
        if EVENT_HEADER not in request.headers:
            return 400
        return super().received(request, payload)


class FailsFirst(SampleConsumer):
    """Answers 503 to every first attempt, whoever makes it, then books once."""

    def __call__(self, request: httpx.Request) -> int | httpx.Response:
        """Bad input included."""
        attempt = (request.method, request.content, str(request.headers))
        if attempt not in self.seen:
            self.seen.add(attempt)
            return 503
        return super().__call__(request)


class OwnOrders(SampleConsumer):
    """Knows only the orders of its own checkout; of others it wants to hear again."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> int | httpx.Response:
        """404 for an order of somebody else."""
        order = payload.get("order")
        if isinstance(order, dict) and order["id"] not in self.orders:
            return 404
        return super().received(request, payload)


#: Those that nothing at all is said against; ``OwnOrders`` is given advice.
STYLES: Final[Mapping[str, type[SampleConsumer]]] = {
    "inline": Inline,
    "queueing": Queueing,
    "by content": SampleConsumer,
    "strict": Strict,
    "503 first": FailsFirst,
}
