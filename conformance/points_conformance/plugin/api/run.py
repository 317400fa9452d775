"""The target of a run that judges an API: made once, its hooks, its journal, its inbox, its end."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from points_conformance import __version__
from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.journal import Journal, JournalError
from points_conformance.judging.judge import seed_of
from points_conformance.plugin.api.settings import ServerSettings
from points_conformance.plugin.settings import SettingsError, wrong_usage
from points_conformance.plugin.subject import Run, SubjectRun
from points_conformance.plugin.users_own import own_hook
from points_conformance.targets.api.build import LiveSettings, embedded_target, live_target
from points_conformance.targets.api.live import preflight
from points_conformance.targets.api.sources import FileSource, HookSource
from points_conformance.targets.api.target import ApiTarget
from points_conformance.targets.effect import Effect

if TYPE_CHECKING:
    from points_conformance.plugin.api.listening import Listening

__all__ = ["ApiRun"]

#: The rule that waits for Schemathesis.
_SWEEP = "schema.no-server-error"
#: So many rules are decided before it is loaded.
_HEAD_START = 60
#: How many rules are judged at once, on loopback and off it.
_NEAR, _FAR = 8, 2
OrderHook = Callable[[OrderType, OrderStatus, Decimal], str | None]


class ApiRun(SubjectRun):
    """Makes the target of a run's settings and closes what it opened."""

    #: The plan bounds calls, not seconds.
    seconds = None

    def __init__(self, run: Run) -> None:
        self.run = run
        self.target: ApiTarget | None = None
        self._given: Any = None
        self._listening: Listening | None = None
        #: Whether Schemathesis is still to be loaded.
        self._sweeps = False

    @property
    def _own(self) -> ServerSettings:
        return cast(ServerSettings, self.run.settings.of)

    @property
    def looks_first(self) -> bool:
        """Whether there is a server to look at."""
        return bool(self._own.url)

    def made(self) -> ApiTarget:
        """The target of the settings, made once. Raises :class:`SettingsError`."""
        if self.target is None:
            self.target = self._make(self._own)
        return self.target

    def given(self, given: Any) -> ApiTarget:
        """What a class's ``points_api`` returned: a target, or a base URL."""
        if self._given is None:
            self._given = given
        if given != self._given:
            raise SettingsError(
                f"one run judges one server, and this one judges {_named(self._given)}: judge "
                f"{_named(given)} in a run of its own (and let points_api return the same for "
                "all tests of a run)"
            )
        if isinstance(given, ApiTarget):
            self.target = given
        elif not isinstance(given, str):
            raise SettingsError(
                f"points_api must be a base URL or the fixture points_target, not {given!r}"
            )
        elif self.target is None:
            self.run.judge_instead(self.run.settings.at(given))
        return self.made()

    def ready(self, target: ApiTarget) -> None:
        """Listen for webhooks, if that was asked for, and begin the journal."""
        if self._listening is not None or not self._own.url:
            return
        # Here, for a listener takes a server to import.
        from points_conformance.plugin.api.listening import Listening

        self._listening = Listening(self._own)
        target.inbox = self._listening.inbox or target.inbox
        try:
            self._begin_journal(target)
        except OSError as error:
            why = f"no journal can be kept in {target.journal.path}: {error.strerror}"
            raise SettingsError(why) from None

    def look(self, target: ApiTarget) -> None:
        """Whether the server can be judged. Raises ``Unjudgeable``."""
        preflight(target)

    def side_by_side(self, target: ApiTarget) -> int:
        """As asked for; else so many that a server is busy, and none is hurt. A simulator in this
        process answers at once: nothing is gained. Listed orders are used up in the catalogue's
        order.
        """
        if target.listed_orders:
            return 1
        if self.run.settings.side_by_side:
            return self.run.settings.side_by_side
        if not self.looks_first:
            return 1
        return _NEAR if target.loopback else _FAR

    def begin_ahead(self, asked: Sequence[str]) -> None:
        """Schemathesis takes long to load: that happens while other rules run. Where a server needs
        the machine as well it does not take it from the first of them, which find the most.
        """
        self._sweeps = _SWEEP in asked
        if not (self._own.on_loopback and self._own.url and len(asked) > _HEAD_START):
            self._begin_to_sweep()

    def went_on(self, decided: int) -> None:
        """The first rules are decided."""
        if decided >= _HEAD_START:
            self._begin_to_sweep()

    def _begin_to_sweep(self) -> None:
        if not self._sweeps:
            return
        from points_conformance.rules.api.generation.sweep import start_ahead

        self._sweeps = False
        settings = self.run.settings
        sweep = settings.catalogue[_SWEEP]
        allowance = sweep.bound(settings.profile, loopback=settings.of.on_loopback)
        start_ahead(seed_of(settings.seed, _SWEEP), allowance)

    def plan_lines(self) -> list[str]:
        """Calls, orders and riyals at most."""
        lines = [f"plan for {self._own.target}:", *(f"  {line}" for line in self.run.plan.lines())]
        if self._own.url:
            lines.append("  orders come from the hook, --orders, or the earning endpoint")
        return lines

    def orders_needed(self) -> list[str]:
        """What an orders file should hold."""
        from points_conformance.plugin.api.rehearsal import orders_needed

        settings = self.run.settings
        lines = orders_needed(settings.catalogue, self.run.plan.rules, settings)
        return ["orders needed, as the embedded simulator was asked for them:", *lines]

    def effect_lines(self, effect: Effect) -> list[str]:
        """Calls, orders, riyals."""
        return effect.lines()

    def opened(self, target: ApiTarget) -> list[str]:
        """Have webhooks sent here, if they are to be; who else hears of the run, in lines."""
        return self._listening.register(target) if self._listening is not None else []

    def close(self) -> tuple[Effect, list[str]]:
        """End what was opened: what the run did, and what there is to say about it."""
        target = self.target
        if target is None:
            return Effect(), []
        notes = self._listening.close(target) if self._listening is not None else []
        effect = target.effect()
        target.client.close()
        return effect, [*notes, *_orders_not_used(target)]

    def _make(self, own: ServerSettings) -> ApiTarget:
        hook = self.order_hook()
        if not own.url:
            target = embedded_target(DIALECTS[own.dialect], seed=self.run.settings.seed)
            if hook is not None:
                target.sources.insert(0, HookSource(hook))
            return target
        return live_target(
            LiveSettings(
                base_url=own.url,
                environment=self.run.settings.environment,
                orders=own.orders,
                rate=own.rate,
                share=self.run.settings.share,
                calls=self.run.plan.calls,
                allow_production=own.allow_production,
                journal=self._journal(),
            ),
            hook,
            self._auto_refund_hook(),
        )

    def _journal(self) -> Path:
        """A live run keeps a journal, also where nobody asked for a report."""
        folder = (
            self.run.settings.report_dir or self.run.config.rootpath / "points-conformance-report"
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"no journal can go to {folder}: {error.strerror}") from None
        path = folder / "journal.jsonl"
        with wrong_usage(JournalError):
            Journal(path).begin()
        return path

    def _begin_journal(self, target: ApiTarget) -> None:
        run = self.run
        target.journal.write(
            "run",
            started=f"{run.started:%Y-%m-%dT%H:%M:%SZ}",
            profile=run.settings.profile.value,
            seed=run.settings.seed,
            version=__version__,
        )

    def order_hook(self) -> OrderHook | None:
        """The user's hook that makes orders, if there is one."""
        call = own_hook("pytest_points_make_order", self.run, lambda: self.target)
        if call is None:
            return None
        return lambda kind, status, total: call(
            type=kind.value, order_status=status.value, total_price=total
        )

    def _auto_refund_hook(self) -> Callable[[str], bool] | None:
        call = own_hook("pytest_points_auto_refund", self.run, lambda: self.target)
        return None if call is None else lambda uuid: bool(call(order_uuid=uuid))


def _orders_not_used(target: ApiTarget) -> list[str]:
    return [
        f"order not used: {line}"
        for source in target.sources
        if isinstance(source, FileSource | HookSource)
        for line in source.skipped
    ]


def _named(given: Any) -> str:
    return given.base_url if isinstance(given, ApiTarget) else str(given)
