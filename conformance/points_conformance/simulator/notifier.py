"""From what happened to deliveries: one per endpoint, the same bytes for every attempt."""

from typing import Any

from points_conformance.contract.limits import AUTO_REFUND_REASON, EVENT_HEADER, SECRET_HEADER
from points_conformance.contract.names import Event
from points_conformance.ledger import Booked
from points_conformance.simulator.clock import Clock
from points_conformance.simulator.messages import dump_json
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Delivery, Endpoint, Merchant, Order, World

__all__ = ["Notifier"]


class Notifier:
    """Records what is to be delivered. Sending is somebody else's work."""

    def __init__(self, world: World, presenter: Presenter, clock: Clock) -> None:
        self.world = world
        self.presenter = presenter
        self.clock = clock

    def cancelled(self, order: Order, reason: str) -> None:
        """A cancel succeeded."""
        self.tell(Event.CANCELLED, order, self.presenter.cancelled(order, reason))

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> None:
        """A refund succeeded."""
        self.tell(Event.REFUNDED, order, self.presenter.refunded(order, booked, reason))

    def auto_refunded(self, order: Order, booked: Booked) -> None:
        """The platform refunded by itself."""
        extra = self.presenter.auto_refunded(order, booked, AUTO_REFUND_REASON)
        self.tell(Event.AUTO_REFUNDED, order, extra)

    def changed(self, event: Event, order: Order, extra: dict[str, Any] | None = None) -> None:
        """Anything else happened to the order."""
        self.tell(event, order, extra or {})

    def tell(self, event: Event, order: Order, extra: dict[str, Any]) -> None:
        """Tell every endpoint of the order's merchant."""
        payload = self.presenter.payload(event, order, self.clock.now(), extra)
        self.deliver(order.merchant, event.value, payload, order.uuid)

    def deliver(
        self, merchant: Merchant, event: str, payload: dict[str, Any], order_uuid: str | None = None
    ) -> None:
        """Queue one payload for each endpoint; with none registered it is recorded all the same."""
        body = dump_json(payload)
        for endpoint in self.endpoints(merchant) or [None]:
            self.queue(merchant, endpoint, event, body, order_uuid)

    def endpoints(self, merchant: Merchant) -> list[Endpoint | None]:
        """Who hears the merchant's events: every registered endpoint."""
        return list(merchant.endpoints)

    def queue(
        self,
        merchant: Merchant,
        endpoint: Endpoint | None,
        event: str,
        body: bytes,
        order_uuid: str | None,
    ) -> None:
        """Record one delivery."""
        self.world.deliveries.append(
            Delivery(
                number=self.world.deliveries.total + 1,
                merchant=merchant,
                endpoint=endpoint,
                event=event,
                body=body,
                headers=self.headers(event, endpoint),
                order_uuid=order_uuid,
            )
        )

    def headers(self, event: str, endpoint: Endpoint | None) -> dict[str, str]:
        """The headers of a delivery; the secret is the registered one itself, no signature."""
        headers = {"Content-Type": "application/json", EVENT_HEADER: event}
        if endpoint is not None:
            headers[SECRET_HEADER] = endpoint.secret
        return headers
