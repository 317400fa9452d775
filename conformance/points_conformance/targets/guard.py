"""Which hosts may be called at all."""

from urllib.parse import urlsplit

import httpx

from points_conformance.contract.hosts import is_loopback
from points_conformance.contract.limits import API_PREFIX, PRODUCTION_HOSTS

__all__ = ["TargetRefused", "can_be_called", "checked_base_url"]

#: How much of a URL an error shows.
_LONGEST_SHOWN = 200


class TargetRefused(ValueError):
    """A base URL that must not, or cannot, be called. The text says why and what to do."""


def checked_base_url(url: str, *, allow_production: bool = False) -> str:
    """The base URL with ``/api/v1`` and without a trailing slash.

    Raises :class:`TargetRefused` for what is no URL, for a production host without leave, for
    credentials or a query in the URL, and for plain HTTP to anything but this machine.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise TargetRefused(f"{_shown(url)} has no valid host and port") from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise TargetRefused("give the base URL without user, query or fragment")
    try:
        host, _ = _called_host(url.strip(), parts.hostname or ""), parts.port
    except ValueError:
        raise TargetRefused(f"{_shown(url)} has no valid host and port") from None
    if parts.scheme not in ("http", "https") or not host:
        raise TargetRefused(f"{_shown(url)} is not a URL: give https://host/api/v1")
    if host in PRODUCTION_HOSTS and not allow_production:
        raise TargetRefused(
            f"{host} is production: real orders and real money. Nothing was sent. "
            "Judge the sandbox, or say --allow-production"
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise TargetRefused(f"plain HTTP to {host} would show the key to the network: use https")
    if ":" not in host and not _is_name(parts.hostname or ""):
        raise TargetRefused(f"{_shown(url)} has no valid host and port")
    path = parts.path.rstrip("/")
    if not path.endswith(API_PREFIX):
        path += API_PREFIX
    return f"{parts.scheme}://{parts.netloc}{path}"


def _shown(url: str) -> str:
    return repr(url if len(url) <= _LONGEST_SHOWN else f"{url[:_LONGEST_SHOWN]}…")


def _called_host(url: str, host: str) -> str:
    """The host that the HTTP client would call, in lower case and without a dot at the end.

    The client knows other spellings of a dot, and folds letters; a name that it reads as another
    one than the standard library does is refused. Raises :class:`ValueError`.
    """
    try:
        asked = httpx.URL(url)
        _ = asked.host  # raises for letters that no name may have
        called = asked.raw_host.decode("ascii").lower().rstrip(".")
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from None
    plain = host.lower().rstrip(".")
    if plain.isascii() and plain != called:
        raise ValueError(f"{plain} or {called}?")
    return called


def _is_name(host: str) -> bool:
    """Whether a name can be looked up: an empty label, or one of 64 letters, is an error there."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return bool(host)


def can_be_called(url: str) -> bool:
    """Whether a client can make anything of a URL: of its brackets, host and port."""
    try:
        parts = urlsplit(url)
        _ = parts.port, httpx.URL(url).host
    except (ValueError, httpx.InvalidURL):
        return False
    host = parts.hostname or ""
    return ":" in host or _is_name(host)
