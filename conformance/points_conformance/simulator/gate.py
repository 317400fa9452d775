"""Who may do what to which order or endpoint: keys, ownership, identifiers."""

import re

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.limits import KEY_HEADER
from points_conformance.simulator.messages import Refusal, Request
from points_conformance.simulator.world import Endpoint, Merchant, Order, World

__all__ = ["Gate"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Gate:
    """Finds the merchant behind a key and the things that are that merchant's."""

    def __init__(self, world: World, dialect: Dialect) -> None:
        self.world = world
        self.dialect = dialect
        #: Any key is this merchant's, until keys are required (the fixture's default).
        self.anyone: Merchant | None = None

    def merchant(self, request: Request) -> Merchant:
        """The merchant of the private key. A missing, unknown or inactive key is 400 (API keys)."""
        key = request.headers.get(KEY_HEADER)
        for merchant in self.world.merchants:
            if merchant.key == key and merchant.active:
                return merchant
        if self.anyone is not None and key:
            return self.anyone
        raise Refusal(400, "Invalid or inactive API key")

    def public(self, public_key: str) -> Merchant:
        """The merchant of a public key, which is good for checkout alone."""
        for merchant in self.world.merchants:
            if merchant.public_key == public_key and merchant.active:
                return merchant
        raise Refusal(400, "Invalid or inactive API key")

    def order(self, merchant: Merchant, uuid: str) -> Order:
        """The merchant's own order. Another merchant's is as unknown as one that never was."""
        if not _UUID.fullmatch(uuid):
            status = int(self.dialect.malformed_uuid)
            errors = {"uuid": ["The uuid field must be a valid UUID."]}
            raise Refusal(status, "Order not found", errors if status == 422 else None)
        order = self.world.orders.get(uuid.lower())
        if order is None:
            raise Refusal(404, "Order not found")
        if order.merchant is not merchant:
            raise Refusal(int(self.dialect.foreign_order), "Order not found")
        return order

    def endpoint(self, merchant: Merchant, uuid: str) -> Endpoint:
        """The merchant's own webhook endpoint."""
        for endpoint in merchant.endpoints:
            if endpoint.uuid == uuid.lower():
                return endpoint
        raise Refusal(404, "Webhook not found")
