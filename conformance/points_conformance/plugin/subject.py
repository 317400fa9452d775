"""What a run asks of the part that knows its subject, and the other way round."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import pytest

from points_conformance.judging.judged import Judged
from points_conformance.judging.plan import Plan
from points_conformance.judging.side_by_side import Errands
from points_conformance.plugin.settings import Settings
from points_conformance.targets.effect import Effect

__all__ = ["Run", "SubjectRun"]


class Run(Protocol):
    """What is asked of the run that a target is made for."""

    config: pytest.Config
    settings: Settings
    plan: Plan
    command: str | None
    started: datetime
    errands: Errands

    def judge_instead(self, settings: Settings) -> None:
        """The run is about another target of its subject: settings, and the plan, anew."""
        ...

    def stop(self, why: str) -> None:
        """Note why the run cannot be trusted."""
        ...


class SubjectRun(Protocol):
    """Makes the target of a run's settings, and closes what it opened. One run judges one.

    A subject's own derives from it, and leaves out what it has no use for.
    """

    @property
    def looks_first(self) -> bool:
        """Whether there is anything to find out before the first rule."""
        return False

    @property
    def seconds(self) -> float | None:
        """How many a run takes at most, whatever its target does, where that is known."""
        ...

    def made(self) -> Judged:
        """The target of the settings, made once. Raises ``SettingsError`` or ``Unjudgeable``."""
        ...

    def given(self, given: Any) -> Judged:
        """The target that a class's fixture names; raises as :meth:`made` does."""
        ...

    def ready(self, target: Any) -> None:
        """Open what only the process that judges opens. Raises ``SettingsError``."""

    def look(self, target: Any) -> None:
        """Whether the target can be judged. Raises ``Unjudgeable``."""

    def opened(self, target: Any) -> list[str]:
        """Open what has to be open while rules are judged; what there is to say of it, once."""
        return []

    def side_by_side(self, target: Any) -> int:
        """How many rules may be judged at once. One, unless a subject says more."""
        return 1

    def begin_ahead(self, asked: Sequence[str]) -> None:
        """Begin what takes long before the first rule is judged. No target is called."""

    def went_on(self, decided: int) -> None:
        """So many rules are decided by now."""

    def plan_lines(self) -> list[str]:
        """What the run will do at most, in words."""
        ...

    def orders_needed(self) -> list[str]:
        """Which orders it takes, in words."""
        ...

    def effect_lines(self, effect: Effect) -> list[str]:
        """What the run did, in words."""
        ...

    def close(self) -> tuple[Effect, list[str]]:
        """End what was opened: what the run did, and what there is to say about it."""
        ...
