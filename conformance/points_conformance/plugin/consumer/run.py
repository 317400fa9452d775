"""The target of a run that judges a webhook consumer: made once, its hooks, its end."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from points_conformance.judging.rule import Profile
from points_conformance.plugin.consumer.settings import ConsumerSettings
from points_conformance.plugin.settings import SettingsError
from points_conformance.plugin.subject import Run, SubjectRun
from points_conformance.plugin.users_own import own_hook
from points_conformance.rules.consumer.restart import CRASHES
from points_conformance.targets.command import words_of_command
from points_conformance.targets.consumer.build import (
    ConsumerOptions,
    Interface,
    build_consumer,
    interface_of,
    load_app,
    served,
)
from points_conformance.targets.consumer.calibration import look_first
from points_conformance.targets.consumer.probe import ConsumerState
from points_conformance.targets.consumer.restart import RestartCommand
from points_conformance.targets.consumer.shop import ShopOrder
from points_conformance.targets.consumer.target import SECONDS, SECRET, ConsumerTarget
from points_conformance.targets.effect import Effect

__all__ = ["ConsumerRun"]

_WITHOUT_PROBE = (
    "the half that matters was not tested: without --state-url or the hook "
    "pytest_points_consumer_state nobody can see what the consumer made of a refund"
)

_OUTLIVED = (
    "a connection to the consumer was open before and after the --restart-command: if no proxy "
    "keeps it, nothing was crashed, and the rules consumer.crash-* say nothing"
)

#: How long a run may take, however slow the consumer is.
_SECONDS = {Profile.SMOKE: 300.0, Profile.STANDARD: SECONDS, Profile.DEEP: 3600.0}


class ConsumerRun(SubjectRun):
    """Makes the target of a run's settings, and stops what it served."""

    #: What an effect takes is measured once.
    looks_first = True

    def __init__(self, run: Run) -> None:
        self.run = run
        self.target: ConsumerTarget | None = None
        self._given: Any = None
        self._stop: Callable[[], None] | None = None
        self._restarting: RestartCommand | None = None

    def made(self) -> ConsumerTarget:
        """The target of the settings, made once. Raises :class:`SettingsError`."""
        if self.target is None:
            self.target = self._make(None)
        return self.target

    def given(self, given: Any) -> ConsumerTarget:
        """What a class's ``points_consumer`` returned; ``None`` is the options'."""
        if self.target is None:
            self._given = given
            self.target = self._make(given)
        elif given is not None and given is not self._given and given != self._given:
            raise SettingsError(
                f"one run judges one consumer, and this one judges {self._given!r}: judge "
                "another in a run of its own (points_consumer returns the same for all tests)"
            )
        return self.target

    def look(self, target: ConsumerTarget) -> None:
        """Whether the consumer can be judged. Raises ``Unjudgeable``."""
        look_first(target)

    def plan_lines(self) -> list[str]:
        """Deliveries at most."""
        told = [line for line in self.run.plan.lines() if "orders made" not in line]
        told.append(
            f"at most {self.seconds / 60:.0f} minutes, if the consumer is slow; what does not fit "
            "in is not exercised"
        )
        if cast(ConsumerSettings, self.run.settings.of).restart_command:
            told.append(
                f"the consumer is crashed and started anew at most {CRASHES} times, by the "
                "--restart-command"
            )
        return [f"plan for {self.run.settings.of.target}:", *(f"  {line}" for line in told)]

    @property
    def seconds(self) -> float:
        """By the profile."""
        return _SECONDS[self.run.settings.profile]

    def orders_needed(self) -> list[str]:
        """None."""
        return ["orders needed: none, the deliveries are about orders that the run makes up"]

    def effect_lines(self, effect: Effect) -> list[str]:
        """Deliveries."""
        return [f"{effect.calls} calls about {effect.made} orders, none of them real"]

    def close(self) -> tuple[Effect, list[str]]:
        """End what was opened: what the run did, and what there is to say about it."""
        target, stop = self.target, self._stop
        if target is None:
            return Effect(), []
        notes = self._keep_stories(target)
        if not target.has_probe:
            notes.append(_WITHOUT_PROBE)
        if self._restarting is not None and self._restarting.outlived:
            notes.append(_OUTLIVED)
        notes += _calls_apart(target)
        target.client.close()
        if stop is not None:
            stop()
        return Effect(calls=target.budget.spent, made=target.shop.made), notes

    def _keep_stories(self, target: ConsumerTarget) -> list[str]:
        folder = self.run.settings.report_dir
        if folder is None or not target.learned.replays:
            return []
        lines = []
        for rule, story in target.learned.replays.items():
            path = folder / "stories" / f"{rule}.json"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(story, ensure_ascii=False, indent=1), encoding="utf-8")
            except OSError as error:
                self.run.stop(f"no story can be kept in {path}: {error.strerror or error}")
                continue
            lines.append(f"story of {rule}: points-conformance consumer … --replay {path}")
        return lines

    # ------------------------------------------------------------------ making
    def _make(self, given: Any) -> ConsumerTarget:
        function, is_url = None, isinstance(given, str)
        if is_url:
            self.run.judge_instead(self.run.settings.at(given))
        options = cast(ConsumerSettings, self.run.settings.of)
        if not is_url and (given is not None or options.app):
            app, interface = self._application(given, options)
            if interface == "function":
                function = app
            else:
                origin, self._stop = served(app, interface)
                options = replace(options, url=origin + (options.url or "/"))
        elif not options.url:
            raise SettingsError("no consumer: give --points-url, or a fixture points_consumer")
        return build_consumer(
            options,
            self.run.settings.environment[SECRET],
            function=function,
            state_hook=self._state_hook(),
            order_hook=self._order_hook(),
            seconds=self.seconds,
            restart=self._restart(options),
            calls=None if self.run.settings.of.on_loopback else self.run.plan.calls,
            share=self.run.settings.share,
        )

    def _restart(self, options: ConsumerOptions) -> RestartCommand | None:
        command, environment = options.restart_command, self.run.settings.environment
        if not command:
            return None
        words = words_of_command("--restart-command", command, environment.get("PATH"))
        url = options.url if self.run.settings.of.on_loopback else None
        self._restarting = RestartCommand(words, environment, url)
        return self._restarting

    @staticmethod
    def _application(given: Any, options: ConsumerOptions) -> tuple[Any, Interface]:
        app = given if given is not None else load_app(options.app)
        name = f"--app {options.app}" if given is None else f"points_consumer {given!r}"
        if options.app_interface != "auto":
            return app, options.app_interface
        interface = interface_of(app)
        if interface is None or (given is None and interface == "function"):
            raise SettingsError(
                f"{name}: is it an ASGI or a WSGI application? Say --app-interface asgi or wsgi"
            )
        return app, interface

    # ------------------------------------------------------------------ hooks
    def _state_hook(self) -> Callable[[str], ConsumerState | None] | None:
        call = own_hook("pytest_points_consumer_state", self.run, lambda: self.target)
        return None if call is None else lambda order_id: call(order_id=order_id)

    def _order_hook(self) -> Callable[[ShopOrder], bool] | None:
        call = own_hook("pytest_points_consumer_order", self.run, lambda: self.target)
        return None if call is None else lambda case: bool(call(order=case.as_json()))


def _calls_apart(target: ConsumerTarget) -> list[str]:
    """How many calls were deliveries, where not all of them were."""
    spent, beside = target.budget.spent, target.budget.beside
    if not beside:
        return []
    return [
        f"{spent} calls: {spent - beside} deliveries, {beside} that read states, told orders, came "
        "again after 429 or marked the end of a queue"
    ]
