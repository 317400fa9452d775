"""The target of a run that judges an API client: made once, its cases begun early, its end."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from points_conformance.judging.judge import seed_of
from points_conformance.plugin.client.settings import ClientSettings
from points_conformance.plugin.settings import SettingsError, wrong_usage
from points_conformance.plugin.subject import Run, SubjectRun
from points_conformance.rules.client.family import cases_of
from points_conformance.rules.client.schedules import LONGEST, SHRINKS
from points_conformance.targets.client.objects import ObjectClients
from points_conformance.targets.client.outcome import outcome_of
from points_conformance.targets.client.runners import (
    Clients,
    CommandClients,
    CommandError,
)
from points_conformance.targets.client.target import SIDE_BY_SIDE, ClientTarget
from points_conformance.targets.effect import Effect

__all__ = ["ClientRun"]


class ClientRun(SubjectRun):
    """Makes the target of a run's settings, and ends what it runs."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.target: ClientTarget | None = None
        self._given: Any = None
        self._asked: Sequence[str] = ()

    def made(self) -> ClientTarget:
        """The target of the settings, made once. Raises :class:`SettingsError`."""
        return self.given((None, outcome_of))

    def given(self, given: Any) -> ClientTarget:
        """What a class's ``points_api_client`` and ``points_client_outcome`` returned."""
        if self.target is None:
            self._given = given
            self.target = ClientTarget(
                self._clients(*given),
                timeout=self._own.timeout,
                seed=self.run.settings.seed,
                side_by_side=self._at_once,
            )
            self._begin(self.target)
        elif given[0] is not None and _origin(given[0]) != _origin(self._given[0]):
            raise SettingsError(
                f"one run judges one client, and this one judges {self._given[0]!r}: judge another "
                "in a run of its own (points_api_client returns the same for all tests)"
            )
        return self.target

    @property
    def _own(self) -> ClientSettings:
        return cast(ClientSettings, self.run.settings.of)

    def _clients(self, make: Any, outcome: Any) -> Clients:
        timeout, environment = self._own.timeout, self.run.settings.environment
        command = make if isinstance(make, str) else self._own.command
        if make is None and not command:
            raise SettingsError(
                "no client: let points_api_client return a class or function (base_url, api_key) "
                "that makes one, or give --points-command"
            )
        if make is None or isinstance(make, str):
            with wrong_usage(CommandError):
                return CommandClients(command, environment, timeout=timeout)
        if not callable(make):
            raise SettingsError(
                f"points_api_client must be a class or a function (base_url, api_key) that makes a "
                f"client, not {make!r}: each case has an address and a key of its own"
            )
        return ObjectClients(make, timeout=timeout, outcome=outcome)

    # ------------------------------------------------------------------ before the rules
    def begin_ahead(self, asked: Sequence[str]) -> None:
        """Note which rules are asked for: their cases begin with the target."""
        self._asked = asked

    def _begin(self, target: ClientTarget) -> None:
        """The cases of all rules begin at once, for they mostly wait."""
        settings = self.run.settings
        catalogue = settings.catalogue
        for rule in catalogue.with_prerequisites(catalogue[id_] for id_ in self._asked):
            seed, bound = seed_of(settings.seed, rule.id), rule.bound(settings.profile)
            target.begin(cases_of(rule, seed, bound))

    @property
    def _at_once(self) -> int:
        return self.run.settings.side_by_side or SIDE_BY_SIDE

    def _operations(self) -> int:
        """How many the cases of all rules have at most, but for those of shrinking."""
        rules = self.run.settings.catalogue.with_prerequisites(self.run.plan.rules)
        return sum(rule.bound(self.run.settings.profile) for rule in rules)

    @property
    def seconds(self) -> float:
        """Operations run side by side, each as long as it may; those of one case in turn."""
        return (math.ceil(self._operations() / self._at_once) + LONGEST) * self._own.timeout

    # ------------------------------------------------------------------ in words
    def plan_lines(self) -> list[str]:
        """Operations and time at most."""
        settings, operations = self.run.settings, self._operations()
        minutes = math.ceil(self.seconds / 60)
        return [
            f"plan for {settings.of.target}:",
            f"  {len(self.run.plan.rules)} rules, at most {operations} operations on sandboxes of "
            f"this machine, {self._at_once} side by side",
            f"  at most {self._own.timeout:g} s each, so at most {minutes} minutes, and mostly "
            f"under one (a failure is shrunk by at most {SHRINKS * LONGEST} operations more)",
        ]

    def orders_needed(self) -> list[str]:
        """None."""
        return ["orders needed: none, each case has a sandbox and an order of its own"]

    def effect_lines(self, effect: Effect) -> list[str]:
        """Operations and calls."""
        return [
            f"{effect.made} operations, {effect.calls} calls to sandboxes of this machine; nothing "
            "real was refunded or cancelled"
        ]

    def close(self) -> tuple[Effect, list[str]]:
        """End what runs: what the run did."""
        target = self.target
        if target is None:
            return Effect(), []
        target.close()
        return Effect(calls=target.budget.spent, made=target.operations), []


def _origin(make: Any) -> Any:
    """What tells one client from another: a fixture makes its lambda anew for each test."""
    if isinstance(make, partial):
        return _origin(make.func)
    return getattr(make, "__code__", make)
