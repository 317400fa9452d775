"""Where webhooks arrive. In process the simulator's own record is read; a live one has a socket."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from points_conformance.contract.limits import SECRET_HEADER
from points_conformance.simulator import Simulator
from points_conformance.simulator.messages import load_json

__all__ = ["Inbox", "Received", "RecordedInbox"]


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery as it came. Header names are lower case; ``at`` counts seconds.

    The secret's header is replaced by whether it was the registered one (``secret_right``).
    """

    number: int
    headers: Mapping[str, str]
    body: bytes
    at: float
    secret_right: bool

    @property
    def payload(self) -> dict[str, Any]:
        """The body as JSON, numbers exact; empty where it is no JSON object."""
        try:
            payload = load_json(self.body)
        except ValueError:
            return {}
        return payload if isinstance(payload, dict) else {}

    @property
    def event(self) -> str:
        """The event's name as the body has it."""
        return str(self.payload.get("event", ""))

    @property
    def order(self) -> dict[str, Any]:
        """The ``order`` of the payload, empty where there is none."""
        order = self.payload.get("order")
        return order if isinstance(order, dict) else {}


class Inbox(Protocol):
    """What rules read webhooks from."""

    def of(self, uuid: str) -> list[Received]:
        """Every delivery for an order so far, oldest first."""
        ...

    def wait(self, uuid: str, event: str, count: int = 1) -> list[Received]:
        """The deliveries of ``event`` for an order, once there are ``count`` that differ, or when
        the grace time is over.
        """
        ...


class RecordedInbox:
    """Reads what the embedded simulator would deliver to one endpoint."""

    def __init__(self, simulator: Simulator, url: str) -> None:
        self._simulator = simulator
        self._url = url

    def of(self, uuid: str) -> list[Received]:
        """Every delivery for an order so far."""
        return [
            Received(
                number=delivery.number,
                headers={
                    name.lower(): value
                    for name, value in delivery.headers.items()
                    if name != SECRET_HEADER
                },
                body=delivery.body,
                at=float(delivery.number),
                secret_right=delivery.headers.get(SECRET_HEADER) == delivery.endpoint.secret,
            )
            for delivery in self._simulator.deliveries
            if delivery.endpoint is not None
            and delivery.endpoint.url == self._url
            and delivery.order_uuid == uuid
        ]

    def wait(self, uuid: str, event: str, count: int = 1) -> list[Received]:
        """In process everything is there at once."""
        del count
        return [received for received in self.of(uuid) if received.event == event]
