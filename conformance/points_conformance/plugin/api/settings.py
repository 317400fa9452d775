"""What a run that judges a server was asked for, checked before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.hosts import is_loopback
from points_conformance.plugin.settings import (
    Chosen,
    SettingsError,
    SubjectSettings,
    fits_a_header,
    path_of,
    positive,
    words_of,
    wrong_usage,
)
from points_conformance.targets.api.sources import OrdersFileError, load_orders
from points_conformance.targets.guard import TargetRefused, checked_base_url

__all__ = ["SIMULATOR", "ServerSettings", "read"]

#: What ``--base-url`` may say to mean the embedded simulator whatever the environment says.
SIMULATOR: Final = "simulator"
#: What comes from the environment alone.
_SECRETS = ("POINTS_API_KEY", "POINTS_OTHER_API_KEY", "POINTS_PUBLIC_KEY", "POINTS_WEBHOOK_SECRET")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings(SubjectSettings):
    """Without ``url`` the embedded simulator is judged. ``listed``: how many ``orders`` there are.

    Times are in seconds, ``rate`` is in calls a second.
    """

    url: str = ""
    orders: Path | None = None
    listed: int = 0
    dialect: str = "default"
    rate: float | None = None
    allow_production: bool = False
    webhook_listen: str = ""
    webhook_url: str = ""
    webhook_grace: float | None = None
    webhook_retry_within: float | None = None

    @property
    def target(self) -> str:
        """What is judged, in words."""
        return self.url or f"embedded simulator (dialect {self.dialect})"

    @property
    def on_loopback(self) -> bool:
        """Whether the server is on this machine."""
        return not self.url or is_loopback(urlsplit(self.url).hostname or "")

    @property
    def plan_is_said(self) -> bool:
        """Of every server but the kit's own."""
        return bool(self.url)

    @property
    def arguments(self) -> list[str]:
        """The options beside the URL that it takes to judge the same server again."""
        return words_of(
            self,
            "dialect orders webhook_listen webhook_url webhook_grace webhook_retry_within rate "
            "allow_production",
        )

    @property
    def used_up(self) -> list[str]:
        """Orders that were given are there once: a command that runs again needs others."""
        if self.orders is None:
            return []
        return [
            f"to run an 'again' command, put fresh orders into {self.orders}: those that this run "
            "used stay as it left them"
        ]

    def at(self, url: str, environment: Mapping[str, str]) -> Self:
        """The settings for another server. Raises :class:`SettingsError`."""
        if url == SIMULATOR:
            return self
        own = replace(self, url=_checked(url, self.allow_production))
        _fit_together(own, environment)
        return own


def read(option: Chosen, environment: Mapping[str, str], *, command: bool) -> ServerSettings:
    """The options, checked. Raises :class:`SettingsError`."""
    given, allowed = option("base_url"), bool(option("allow_production"))
    own = ServerSettings(
        url=_checked(str(given), allowed) if given and given != SIMULATOR else "",
        orders=path_of(option("orders")),
        dialect=_dialect(option("dialect")),
        rate=positive("rate", option("rate")),
        allow_production=allowed,
        webhook_listen=option("webhook_listen") or "",
        webhook_url=option("webhook_url") or "",
        webhook_grace=positive("webhook-grace", option("webhook_grace")),
        webhook_retry_within=positive("webhook-retry-within", option("webhook_retry_within")),
    )
    if own.orders:
        with wrong_usage(OrdersFileError):
            own = replace(own, listed=len(load_orders(own.orders)))
    _fit_together(own, environment)
    return own


def _checked(url: str, allow_production: bool) -> str:
    with wrong_usage(TargetRefused):
        return checked_base_url(url, allow_production=allow_production)


def _dialect(value: Any) -> str:
    name = value or "default"
    if name not in DIALECTS:
        raise SettingsError(f"no dialect {name!r}; one of {', '.join(DIALECTS)}")
    return str(name)


def _fit_together(own: ServerSettings, environment: Mapping[str, str]) -> None:
    if own.url and not environment.get("POINTS_API_KEY"):
        raise SettingsError(f"no key for {own.url}: set POINTS_API_KEY in the environment")
    for name in _SECRETS if own.url else ():
        fits_a_header(name, environment.get(name, ""), "key")
    if own.url and own.dialect != "default":
        raise SettingsError("--dialect is the embedded simulator's: leave out --base-url")
    if own.orders and not own.url:
        raise SettingsError("--orders names orders of a live target: give --base-url as well")
    if own.webhook_url and not own.webhook_listen:
        raise SettingsError("--webhook-url is where a listener is: give --webhook-listen as well")
    if own.webhook_listen and not own.url:
        raise SettingsError(
            "--webhook-listen is for a server that sends webhooks: give --base-url as well (the "
            "embedded simulator has an inbox of its own)"
        )
    if own.webhook_listen:
        _can_listen(own)


def _can_listen(own: ServerSettings) -> None:
    # Here, for a listener takes a server to import.
    from points_conformance.targets.api.live_inbox import (
        ListenError,
        check_public_url,
        parse_listen,
    )

    with wrong_usage(ListenError):
        address = parse_listen(own.webhook_listen)
        check_public_url(address, own.webhook_url, near=own.on_loopback)
