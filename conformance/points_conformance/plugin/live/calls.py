"""The test's own calls, minded: which hosts they go to, how many there are, what they reversed."""

import re
from typing import Any, Final
from urllib.parse import urlsplit

from points_conformance.contract.limits import PRODUCTION_HOSTS, SANDBOX_URL
from points_conformance.judging.budget import BudgetSpent
from points_conformance.plugin.live.endings import failed
from points_conformance.plugin.live.reversals import Reversals
from points_conformance.plugin.live.seen import SeenCall
from points_conformance.plugin.live.waits import SenderWaits
from points_conformance.targets.api.payload import payload_of
from points_conformance.targets.api.target import ApiTarget

__all__ = ["TestCalls"]

_REVERSAL: Final = re.compile(r"/orders/([^/]+)/(cancel|refund)")
_ORDER: Final = re.compile(r"/orders/(?!earning|checkout)([^/]+)(?:/.*)?")
_MAKING: Final = re.compile(r"/orders/(earning|checkout/[^/]+)")
#: Who is the Points API, wherever a test has the address from.
_POINTS: Final = PRODUCTION_HOSTS | {urlsplit(SANDBOX_URL).hostname or ""}
_PORTS: Final = {"http": 80, "https": 443}
Origin = tuple[str, str, int | None]


class TestCalls:
    """Minds the calls of one test. Only the named host is called, by whatever follows it too."""

    __test__ = False

    def __init__(self, api: ApiTarget, reversals: Reversals, waits: SenderWaits) -> None:
        self._api, self._reversals, self._waits = api, reversals, waits
        parts = urlsplit(api.base_url)
        self._origin = _origin(parts.scheme, parts.hostname or "", parts.port)
        self._prefix = parts.path
        #: Why the test fails whatever its code made of that.
        self.trouble: list[str] = []
        #: While a hook of the user's runs: its calls are not the test's.
        self.paused = False

    def begun(self, request: Any) -> tuple[SeenCall, float] | None:
        """A call about to be made; paid, and in how many seconds its place is."""
        url = request.url
        host = url.host.lower().rstrip(".")
        if _origin(url.scheme, host, url.port) != self._origin:
            self._not_ours(host, request)
            return None
        if self.paused:
            return None
        try:
            self._api.budget.take()
        except BudgetSpent as spent:
            self._fail(str(spent))
        path = url.path.removeprefix(self._prefix)
        begun = SeenCall(request.method, path, _body(request)), self._api.pace.claim()
        self._waits.begun()
        return begun

    def looked_up(self, host: str) -> None:
        """Of all that is Points the named host alone is called, by whatever client."""
        host = host.lower().rstrip(".")
        if host in _POINTS and host != self._origin[1]:
            self._fail(
                f"the test calls {host}, but the live server is {self._api.base_url}. Nothing was "
                "sent: write it against points.base_url"
            )

    def _not_ours(self, host: str, request: Any) -> None:
        self.looked_up(host)
        secrets = {self._api.keys.private, self._api.keys.other} - {None, ""}
        if any(secret in value for value in request.headers.values() for secret in secrets):
            self._fail(f"the test would send the key to {host}. Nothing was sent")

    def answered(self, call: SeenCall, status: int, location: str) -> None:
        """What the call reversed, or made."""
        self._waits.ended()
        if 300 <= status < 400:
            to = urlsplit(location).hostname or location or "nowhere"
            self._fail(
                f"{call.method} {call.path}: the server redirects to {to} (HTTP {status}); only "
                "the named host is called"
            )
        reversal = _REVERSAL.fullmatch(call.path)
        if call.method == "POST" and reversal:
            self._reversals.accepted(reversal[1], reversal[2], payload_of(call.body), status)
        elif call.method == "POST" and _MAKING.fullmatch(call.path):
            self._reversals.know_number(str(payload_of(call.body).get("order_number")))
        elif order := _ORDER.fullmatch(call.path):
            self._reversals.know(order[1])

    def lost(self, call: SeenCall) -> None:
        """It may have been carried out."""
        self._waits.ended()
        if (reversal := _REVERSAL.fullmatch(call.path)) and call.method == "POST":
            self._reversals.lost(reversal[1])

    def _fail(self, why: str) -> None:
        why = self._api.redact(why)
        self.trouble.append(why)
        failed(why)


def _origin(scheme: str, host: str, port: int | None) -> Origin:
    return scheme, host.lower().rstrip("."), port or _PORTS.get(scheme)


def _body(request: Any) -> bytes:
    try:
        return bytes(request.content)
    except Exception:  # a body that is still to be made
        return b""
