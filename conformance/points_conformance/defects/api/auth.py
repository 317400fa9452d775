"""Servers that let in who must be kept out."""

from collections.abc import Callable

from points_conformance.contract.limits import KEY_HEADER
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.defect import Seeds
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Request
from points_conformance.simulator.world import Merchant

__all__ = ["seed"]

seed = Seeds(ServerDefect)
#: Rules that begin with a call that a wrong gate refuses, or that see keys from where they stand.
KEYS = ("auth.*", "webhook.endpoint-needs-key")


class _WideGate(Gate):
    """Lets calls in that a sound gate refuses, as the merchant of the order in the path."""

    def merchant(self, request: Request) -> Merchant:
        """The merchant of the key, or of the order."""
        try:
            return super().merchant(request)
        except Refusal:
            owner = self._owner(request)
            if owner is not None and self.lets_in(request, request.headers.get(KEY_HEADER)):
                return owner
            raise

    def _owner(self, request: Request) -> Merchant | None:
        for uuid, order in self.world.orders.items():
            if uuid in request.path:
                return order.merchant
        return None

    def lets_in(self, request: Request, key: str | None) -> bool:
        """Whether a wrong key will do for this call."""
        raise NotImplementedError


def _is_read(request: Request) -> bool:
    return request.method == "GET"


def _ends(suffix: str) -> Callable[[Request], bool]:
    return lambda request: request.path.endswith(suffix)


@seed.on(_WideGate.lets_in, "read-without-key", "auth.missing-key", related=KEYS)
def reads_without_key(gate: _WideGate, request: Request, key: str | None) -> bool:
    """An order can be read without a key."""
    # The route lies outside the middleware's group.
    return key is None and _is_read(request)


@seed.on(_WideGate.lets_in, "refund-without-key", "auth.missing-key", related=KEYS)
def refunds_without_key(gate: _WideGate, request: Request, key: str | None) -> bool:
    """An order can be refunded without a key."""
    # The route lies outside the middleware's group.
    return key is None and _ends("/refund")(request)


@seed.on(_WideGate.lets_in, "cancel-without-key", "auth.missing-key", related=KEYS)
def cancels_without_key(gate: _WideGate, request: Request, key: str | None) -> bool:
    """An order can be cancelled without a key."""
    # The route lies outside the middleware's group.
    return key is None and _ends("/cancel")(request)


@seed.on(_WideGate.lets_in, "read-with-unknown-key", "auth.unknown-key", related=KEYS)
def reads_with_unknown_key(gate: _WideGate, request: Request, key: str | None) -> bool:
    """An order can be read with any key at all."""
    # That there is a key is enough.
    return bool(key) and _is_read(request)


@seed.on(_WideGate.lets_in, "refund-with-unknown-key", "auth.unknown-key", related=KEYS)
def refunds_with_unknown_key(gate: _WideGate, request: Request, key: str | None) -> bool:
    """An order can be refunded with any key at all."""
    # That there is a key is enough.
    return bool(key) and _ends("/refund")(request)


@seed.on(_WideGate.lets_in, "cancel-with-unknown-key", "auth.unknown-key", related=KEYS)
def cancels_with_unknown_key(gate: _WideGate, request: Request, key: str | None) -> bool:
    """An order can be cancelled with any key at all."""
    # That there is a key is enough.
    return bool(key) and _ends("/cancel")(request)


class _PublicKeys(_WideGate):
    def lets_in(self, request: Request, key: str | None) -> bool:
        """A public key will do."""
        public = {merchant.public_key for merchant in self.world.merchants}
        return key in public and self.opens(request)

    def opens(self, request: Request) -> bool:
        """Which calls it opens."""
        raise NotImplementedError


@seed.on(_PublicKeys.opens, "read-with-public-key", "auth.public-key")
def reads_with_public_key(gate: _PublicKeys, request: Request) -> bool:
    """The public key, which every customer sees, reads orders."""
    # Reads.
    return _is_read(request)


@seed.on(_PublicKeys.opens, "refund-with-public-key", "auth.public-key")
def refunds_with_public_key(gate: _PublicKeys, request: Request) -> bool:
    """The public key, which every customer sees, refunds orders."""
    # Refunds.
    return _ends("/refund")(request)


@seed.on(_PublicKeys.opens, "cancel-with-public-key", "auth.public-key")
def cancels_with_public_key(gate: _PublicKeys, request: Request) -> bool:
    """The public key, which every customer sees, cancels orders."""
    # Cancels.
    return _ends("/cancel")(request)


@seed.on(_WideGate.lets_in, "key-without-case", "auth.altered-key")
def key_without_case(gate: _WideGate, request: Request, key: str | None) -> bool:
    """Keys are compared without regard to case: a collation of the database."""
    # ``utf8mb4_general_ci``.
    return any((key or "").lower() == m.key.lower() for m in gate.world.merchants)


@seed.on(_WideGate.lets_in, "key-by-its-beginning", "auth.altered-key")
def key_by_prefix(gate: _WideGate, request: Request, key: str | None) -> bool:
    """A key that begins like a merchant's is let in: LIKE 'key%'."""
    # At least twenty characters of it.
    return any(len(key or "") > 20 and m.key.startswith(key or "") for m in gate.world.merchants)


@seed.on(_WideGate.lets_in, "key-with-a-tail", "auth.altered-key")
def key_with_tail(gate: _WideGate, request: Request, key: str | None) -> bool:
    """A key with something appended is let in: only the column's length is compared."""
    # Cut to forty characters.
    return any((key or "").startswith(m.key) for m in gate.world.merchants)


@seed.on(Gate.merchant, "missing-key-is-401", "auth.missing-key", related=KEYS)
def missing_key_is_401(gate: Gate, request: Request) -> Merchant:
    """A missing key is answered with 401 instead of the documented 400."""
    # The framework's habit.
    if KEY_HEADER not in request.headers:
        raise Refusal(401, "Unauthenticated.")
    return Gate.merchant(gate, request)


@seed.on(Gate.merchant, "unknown-key-is-401", "auth.unknown-key", related=KEYS)
def unknown_key_is_401(gate: Gate, request: Request) -> Merchant:
    """An unknown key is answered with 401 instead of the documented 400."""
    # The framework's habit.
    try:
        return Gate.merchant(gate, request)
    except Refusal:
        if KEY_HEADER in request.headers:
            raise Refusal(401, "Unauthenticated.") from None
        raise


@seed.on(Gate.merchant, "header-name-in-lower-case-only", "auth.header-name")
def wants_lower_case(gate: Gate, request: Request) -> Merchant:
    """The key is found only under a header whose name is spelt in lower case."""
    # Raw headers in a dictionary. Behind ASGI, which spells all names so, nobody notices.
    if request.spelt and KEY_HEADER not in request.spelt:
        raise Refusal(400, "Invalid or inactive API key")
    return Gate.merchant(gate, request)


@seed.on(Gate.merchant, "valid-key-is-refused-on-reads", "auth.valid-key", related="*")
def refuses_reads(gate: Gate, request: Request) -> Merchant:
    """The merchant's own key is refused when an order is read."""
    # Reads want another scope.
    if _is_read(request):
        raise Refusal(400, "Invalid or inactive API key")
    return Gate.merchant(gate, request)
