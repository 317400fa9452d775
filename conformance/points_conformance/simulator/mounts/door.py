"""Who may use a sandbox: clients on this machine, and no page that a browser on it shows.

A page cannot choose what a browser sends as ``Host`` and ``Origin``. It can have a name of its own
lead to this machine (DNS rebinding), and send simple posts to any address.
"""

import ipaddress
import re
from typing import Final

from points_conformance.simulator.messages import Request, Response, dump_json

__all__ = ["Door"]

_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]*)?", re.ASCII)
_JSON: Final = {"Content-Type": "application/json"}


class Door:
    """Refuses what comes under another name than this machine's, or from another origin.

    ``host`` is where the sandbox listens. Everywhere (``0.0.0.0``, ``::``) means any address, and
    names without a dot, as containers have among themselves.
    """

    def __init__(self, host: str) -> None:
        self._host = host.strip("[]").lower()
        address = _address(self._host)
        self._everywhere = address is not None and address.is_unspecified

    def refusal(self, request: Request) -> Response | None:
        """The answer to what may not come in, else ``None``."""
        host = request.headers.get("host")
        if host is not None and not self._is_ours(host):
            return _refused(421, "this sandbox answers to 127.0.0.1, localhost and [::1] alone")
        if _crosses(request, host or ""):
            return _refused(403, "this sandbox answers no page of another origin")
        return None

    def _is_ours(self, host: str) -> bool:
        found = _HOST.fullmatch(host.strip().lower())
        if found is None:
            return False
        name = found[1].strip("[]").rstrip(".")
        address = _address(name)
        if name in ("localhost", self._host) or (address is not None and address.is_loopback):
            return True
        return self._everywhere and (address is not None or "." not in name)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _crosses(request: Request, host: str) -> bool:
    """Whether a browser says that a page of another origin sends this."""
    origin = request.headers.get("origin")
    ours = {f"{scheme}://{host.strip().lower()}" for scheme in ("http", "https")}
    if origin is not None and origin.strip().lower() not in ours:
        return True
    return request.headers.get("sec-fetch-site", "") in ("cross-site", "same-site")


def _refused(status: int, why: str) -> Response:
    return Response(status, _JSON, dump_json({"error": why}))
