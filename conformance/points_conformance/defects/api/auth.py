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


@seed("read-without-key", "auth.missing-key", related=KEYS)
class ReadsWithoutKey(_WideGate):
    """An order can be read without a key."""

    def lets_in(self, request: Request, key: str | None) -> bool:
        """The route lies outside the middleware's group."""
        return key is None and _is_read(request)


@seed("refund-without-key", "auth.missing-key", related=KEYS)
class RefundsWithoutKey(_WideGate):
    """An order can be refunded without a key."""

    def lets_in(self, request: Request, key: str | None) -> bool:
        """The route lies outside the middleware's group."""
        return key is None and _ends("/refund")(request)


@seed("cancel-without-key", "auth.missing-key", related=KEYS)
class CancelsWithoutKey(_WideGate):
    """An order can be cancelled without a key."""

    def lets_in(self, request: Request, key: str | None) -> bool:
        """The route lies outside the middleware's group."""
        return key is None and _ends("/cancel")(request)


@seed("read-with-unknown-key", "auth.unknown-key", related=KEYS)
class ReadsWithUnknownKey(_WideGate):
    """An order can be read with any key at all."""

    def lets_in(self, request: Request, key: str | None) -> bool:
        """That there is a key is enough."""
        return bool(key) and _is_read(request)


@seed("refund-with-unknown-key", "auth.unknown-key", related=KEYS)
class RefundsWithUnknownKey(_WideGate):
    """An order can be refunded with any key at all."""

    def lets_in(self, request: Request, key: str | None) -> bool:
        """That there is a key is enough."""
        return bool(key) and _ends("/refund")(request)


@seed("cancel-with-unknown-key", "auth.unknown-key", related=KEYS)
class CancelsWithUnknownKey(_WideGate):
    """An order can be cancelled with any key at all."""

    def lets_in(self, request: Request, key: str | None) -> bool:
        """That there is a key is enough."""
        return bool(key) and _ends("/cancel")(request)


class _PublicKeys(_WideGate):
    def lets_in(self, request: Request, key: str | None) -> bool:
        """A public key will do."""
        public = {merchant.public_key for merchant in self.world.merchants}
        return key in public and self.opens(request)

    def opens(self, request: Request) -> bool:
        """Which calls it opens."""
        raise NotImplementedError


@seed("read-with-public-key", "auth.public-key")
class ReadsWithPublicKey(_PublicKeys):
    """The public key, which every customer sees, reads orders."""

    def opens(self, request: Request) -> bool:
        """Reads."""
        return _is_read(request)


@seed("refund-with-public-key", "auth.public-key")
class RefundsWithPublicKey(_PublicKeys):
    """The public key, which every customer sees, refunds orders."""

    def opens(self, request: Request) -> bool:
        """Refunds."""
        return _ends("/refund")(request)


@seed("cancel-with-public-key", "auth.public-key")
class CancelsWithPublicKey(_PublicKeys):
    """The public key, which every customer sees, cancels orders."""

    def opens(self, request: Request) -> bool:
        """Cancels."""
        return _ends("/cancel")(request)


@seed("key-without-case", "auth.altered-key")
class KeyWithoutCase(_WideGate):
    """Keys are compared without regard to case: a collation of the database."""

    def lets_in(self, request: Request, key: str | None) -> bool:
        """``utf8mb4_general_ci``."""
        return any((key or "").lower() == m.key.lower() for m in self.world.merchants)


@seed("key-by-its-beginning", "auth.altered-key")
class KeyByPrefix(_WideGate):
    """A key that begins like a merchant's is let in: LIKE 'key%'."""

    def lets_in(self, request: Request, key: str | None) -> bool:
        """At least twenty characters of it."""
        return any(
            len(key or "") > 20 and m.key.startswith(key or "") for m in self.world.merchants
        )


@seed("key-with-a-tail", "auth.altered-key")
class KeyWithTail(_WideGate):
    """A key with something appended is let in: only the column's length is compared."""

    def lets_in(self, request: Request, key: str | None) -> bool:
        """Cut to forty characters."""
        return any((key or "").startswith(m.key) for m in self.world.merchants)


@seed("missing-key-is-401", "auth.missing-key", related=KEYS)
class MissingKeyIs401(Gate):
    """A missing key is answered with 401 instead of the documented 400."""

    def merchant(self, request: Request) -> Merchant:
        """The framework's habit."""
        if KEY_HEADER not in request.headers:
            raise Refusal(401, "Unauthenticated.")
        return super().merchant(request)


@seed("unknown-key-is-401", "auth.unknown-key", related=KEYS)
class UnknownKeyIs401(Gate):
    """An unknown key is answered with 401 instead of the documented 400."""

    def merchant(self, request: Request) -> Merchant:
        """The framework's habit."""
        try:
            return super().merchant(request)
        except Refusal:
            if KEY_HEADER in request.headers:
                raise Refusal(401, "Unauthenticated.") from None
            raise


@seed("header-name-in-lower-case-only", "auth.header-name")
class WantsLowerCase(Gate):
    """The key is found only under a header whose name is spelt in lower case."""

    def merchant(self, request: Request) -> Merchant:
        """Raw headers in a dictionary. Behind ASGI, which spells all names so, nobody notices."""
        if request.spelt and KEY_HEADER not in request.spelt:
            raise Refusal(400, "Invalid or inactive API key")
        return super().merchant(request)


@seed("valid-key-is-refused-on-reads", "auth.valid-key", related="*")
class RefusesReads(Gate):
    """The merchant's own key is refused when an order is read."""

    def merchant(self, request: Request) -> Merchant:
        """Reads want another scope."""
        if _is_read(request):
            raise Refusal(400, "Invalid or inactive API key")
        return super().merchant(request)
