"""Puts an API target together: the embedded simulator's, or a live server's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.contract.hosts import is_loopback
from points_conformance.judging.budget import Budget, Pace
from points_conformance.judging.journal import Journal
from points_conformance.judging.share import Share
from points_conformance.simulator import Simulator
from points_conformance.simulator.core import Parts
from points_conformance.simulator.messages import Refusal
from points_conformance.targets.api.calls import CALL_TIMEOUT, Keys
from points_conformance.targets.api.inbox import Inbox
from points_conformance.targets.api.live import EarningSource
from points_conformance.targets.api.received import MAIN
from points_conformance.targets.api.simulator_inbox import SimulatorInbox
from points_conformance.targets.api.sources import (
    FileSource,
    Hook,
    HookSource,
    SimulatorSource,
    load_orders,
)
from points_conformance.targets.api.target import ApiTarget
from points_conformance.targets.api.transport import SimulatorTransport
from points_conformance.targets.api.turns import turn_at
from points_conformance.targets.fetch import tls_context
from points_conformance.targets.guard import checked_base_url

__all__ = ["EMBEDDED_URL", "RATE", "LiveSettings", "embedded_target", "live_target"]

#: What the embedded simulator's calls are shown to go to; nothing is sent there.
EMBEDDED_URL = "http://127.0.0.1:8787/api/v1"
_INBOX_URL = "https://inbox.invalid/points"
#: Calls a second off loopback, unless the user says else.
RATE = 5.0


def embedded_target(
    dialect: Dialect = DIALECTS["default"], *, seed: int = 0, parts: Parts | None = None
) -> ApiTarget:
    """The simulator in this process, with all abilities: any order, a second merchant, an inbox."""
    simulator = Simulator(dialect=dialect, seed=seed, parts=parts)
    inbox = SimulatorInbox(simulator, _INBOX_URL)
    endpoint = simulator.open_endpoint(simulator.merchant, "conformance inbox", inbox.url())
    inbox.trust(MAIN, endpoint.secret)

    def auto_refund(uuid: str) -> bool:
        try:
            simulator.auto_refund(uuid)
        except Refusal:
            return False
        return True

    target = ApiTarget(
        base_url=EMBEDDED_URL,
        client=httpx.Client(transport=SimulatorTransport(simulator)),
        keys=Keys(simulator.merchant.key, simulator.other.key, simulator.merchant.public_key),
        inbox=inbox,
        auto_refund=auto_refund,
    )
    target.sources.append(SimulatorSource(simulator))
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """What a live target is built from. ``calls`` bounds the run, ``share`` its rate."""

    base_url: str
    environment: Mapping[str, str] = field(repr=False)
    orders: Path | None = None
    rate: float | None = None
    share: Share = field(default_factory=Share)
    calls: int | None = None
    allow_production: bool = False
    journal: Path | None = None
    inbox: Inbox | None = None


def live_target(
    settings: LiveSettings,
    hook: Hook | None = None,
    auto_refund: Callable[[str], bool] | None = None,
) -> ApiTarget:
    """A server behind a base URL.

    Raises :class:`~points_conformance.targets.guard.TargetRefused` and
    :class:`~points_conformance.targets.api.sources.OrdersFileError`; sends nothing.
    """
    base_url = checked_base_url(settings.base_url, allow_production=settings.allow_production)
    rows = load_orders(settings.orders) if settings.orders else []
    loopback = is_loopback(urlsplit(base_url).hostname or "")
    rate = settings.rate or (None if loopback else RATE)
    env = settings.environment
    target = ApiTarget(
        base_url=base_url,
        client=live_client(),
        keys=Keys(
            env.get("POINTS_API_KEY", ""),
            env.get("POINTS_OTHER_API_KEY") or None,
            env.get("POINTS_PUBLIC_KEY") or None,
        ),
        budget=Budget(settings.calls),
        pace=Pace(settings.share.rate(rate)),
        journal=Journal(settings.journal, base_url=base_url),
        inbox=settings.inbox,
        loopback=loopback,
        racer=live_client,
        deadline=CALL_TIMEOUT,
        secrets={"POINTS_WEBHOOK_SECRET": env.get("POINTS_WEBHOOK_SECRET")},
        auto_refund=auto_refund,
    )
    if hook is not None:
        target.sources.append(HookSource(hook))
    if rows:
        target.sources.append(FileSource(rows))
    target.sources.append(EarningSource(turn_at(base_url, processes=settings.share.processes)))
    return target


def live_client() -> httpx.Client:
    """A client for a live server: TLS verified, no redirects, nothing from the environment."""
    return httpx.Client(
        verify=tls_context(),
        timeout=httpx.Timeout(CALL_TIMEOUT, connect=10.0),
        trust_env=False,
        follow_redirects=False,
    )
