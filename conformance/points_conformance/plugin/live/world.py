"""The live world of one process: its server, looked at once, and what its tests did there."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Self, cast

import httpx
import pytest

from points_conformance import __version__
from points_conformance.judging.finding import Denied, Finding, NetworkTrouble, Unjudgeable
from points_conformance.judging.plan import CAPS, Plan
from points_conformance.judging.redaction import Redactor
from points_conformance.judging.side_by_side import Errands
from points_conformance.plugin.api.run import ApiRun
from points_conformance.plugin.api.settings import ServerSettings
from points_conformance.plugin.config import option
from points_conformance.plugin.live.endings import failed, in_pytest
from points_conformance.plugin.live.seen import OwnTransport
from points_conformance.plugin.settings import Settings, SettingsError, read_settings
from points_conformance.subjects import Subject
from points_conformance.targets.api.build import RATE
from points_conformance.targets.api.calls import CALL_TIMEOUT
from points_conformance.targets.api.live import EarningSource
from points_conformance.targets.api.target import ApiTarget
from points_conformance.targets.effect import Effect
from points_conformance.targets.fetch import tls_context

__all__ = ["Account", "LiveWorld", "live_settings"]

#: Calls of tests at most, where a profile bounds none: on this machine nothing does.
_NO_BOUND: Final = 10**9


def live_settings(config: pytest.Config) -> Settings:
    """The options of a live run, checked. Raises :class:`SettingsError`."""
    settings = read_settings(partial(option, config), os.environ, Subject.API)
    if not settings.of.url:
        raise SettingsError(
            "--points-live needs a server to talk to: give --points-base-url as well"
        )
    return settings


@dataclass(slots=True)
class Account:
    """What the live tests of a process came to; those of workers add up.

    ``tests``: ``ran``, ``error``, ``lacking`` or ``simulator``, by a test's ID.
    """

    tests: dict[str, str] = field(default_factory=dict)
    effect: Effect = field(default_factory=Effect)
    left: list[str] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)

    def __add__(self, other: "Account") -> "Account":
        return Account(
            self.tests | other.tests,
            self.effect + other.effect,
            self.left + other.left,
            self.notes | other.notes,
        )

    def told(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """What such values stand for."""
        return cls(**{**told, "effect": Effect(**told["effect"])})

    @property
    def nothing_ran(self) -> bool:
        """Whether every test that could have run lacked something."""
        kinds = set(self.tests.values())
        return "lacking" in kinds and "ran" not in kinds


class LiveWorld:
    """Makes the target when the first test asks; the suites' own run makes another one."""

    command: str | None = None

    def __init__(self, config: pytest.Config) -> None:
        settings = live_settings(config)
        workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        own = cast(ServerSettings, settings.of)
        if own.rate or not own.on_loopback:
            own = replace(own, rate=(own.rate or RATE) / workers)
        self.config = config
        self.settings = replace(settings, of=own)
        #: What is asked of the server alone.
        self.own = own
        self.errands = Errands()
        self.redact = Redactor.of(settings.environment)
        self.started = datetime.now(UTC)
        bound = None if own.on_loopback else CAPS.get(settings.profile)
        #: Of all workers together; each has its part.
        self.bound = bound
        self.plan = Plan((), bound // workers if bound else _NO_BOUND)
        self.account = Account()
        self._run = ApiRun(self)
        self._target: ApiTarget | None = None
        self._why_not = ""
        self._hook_raised = ""
        self.failed_tests: set[str] = set()

    def has_failed(self, test: str) -> bool:
        """Whether a test failed already, for whatever reason."""
        return test in self.failed_tests

    def judge_instead(self, settings: Settings) -> None:
        """No fixture names another server here."""

    def stop(self, why: str) -> None:
        """A hook of the user's raised: the test that asked for it fails."""
        self._hook_raised = self.redact(why)

    def raised_by_a_hook(self) -> str:
        """Why, once; empty where none did."""
        why, self._hook_raised = self._hook_raised, ""
        return why

    def target(self) -> ApiTarget:
        """The server, looked at before the first test; a server that cannot be used fails every
        test, and is not called again.
        """
        if self._target is None and not self._why_not:
            try:
                self._target = self._looked_at()
            except (SettingsError, Unjudgeable, Finding, NetworkTrouble, Denied) as error:
                self._why_not = self.redact(str(error))
        if self._target is None:
            failed(self._why_not)
        return self._target

    def _looked_at(self) -> ApiTarget:
        target = self._run.made()
        target.client.close()
        target.client = httpx.Client(
            transport=OwnTransport(verify=tls_context(), trust_env=False),
            timeout=httpx.Timeout(CALL_TIMEOUT, connect=10.0),
            trust_env=False,
        )
        target.redact = self.redact
        target.journal.redact = self.redact
        target.journal.write(
            "run", started=f"{self.started:%Y-%m-%dT%H:%M:%SZ}", version=__version__
        )
        self._run.look(target)
        return target

    def plan_lines(self, tests: int) -> list[str]:
        """What the tests will do at most, before the first call."""
        own = self.own
        who = "the tests that ask for points"
        if tests:
            who = f"{tests} test{'s' * (tests > 1)} that ask{'s' * (tests == 1)} for points"
        bound = f"at most {self.bound} calls" if self.bound else "as many calls as they make"
        rate = own.rate or (None if own.on_loopback else RATE)
        pace = f", {self._workers_rate(rate):g} a second" if rate else ""
        sources = ["the hook"] * (self._run.order_hook() is not None)
        sources += [str(own.orders)] * (own.orders is not None)
        lines = [
            f"points, live: {who} against {own.url}",
            f"  {bound}{pace}; each test says what its orders cost",
            f"  orders come from {', '.join([*sources, 'the earning endpoint'])}; they are really "
            "refunded and cancelled",
        ]
        if own.webhook_listen:
            at = own.webhook_url or own.webhook_listen
            lines.append(f"  webhooks are received at {at}, by endpoints that go with their test")
        return [self.redact(in_pytest(line)) for line in lines]

    def _workers_rate(self, rate: float) -> float:
        return rate * int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))

    def close(self) -> Account:
        """The end: what the tests did."""
        if self._target is not None:
            self.account.effect = self._target.effect()
            self.account.left += [
                f"{made.uuid} ({made.number or 'no number'}), {made.status.value}: made, and in "
                "another status than the test wanted"
                for source in self._target.sources
                if isinstance(source, EarningSource)
                for made in source.unused
            ]
            self._target.client.close()
            self._target = None
        return self.account
