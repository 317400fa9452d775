"""What a seeded client is, and how a module declares its own."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from points_conformance.defects.client.sample import ReconcilingClient, SampleClient
from points_conformance.judging.rule import Profile

__all__ = ["ClientDefect", "ClientSeeds"]

Wrong = TypeVar("Wrong", bound=type[SampleClient])


@dataclass(frozen=True, slots=True)
class ClientDefect:
    """One wrong client. ``caught_by``: the rules that must fail."""

    id: str
    summary: str
    caught_by: tuple[str, ...]
    make: type[SampleClient]
    profile: Profile = Profile.SMOKE

    def may_fail(self, rule_id: str) -> bool:
        """Whether the rule has to do with this defect. Made-up schedules have to do with any."""
        return rule_id in (*self.caught_by, "client.generated")

    def facts(self) -> dict[str, Any]:
        """What else there is to know of it."""
        return {"reconciles": issubclass(self.make, ReconcilingClient)}


class ClientSeeds:
    """Collects the wrong clients of one module: ``seed = ClientSeeds()``, then ``@seed(...)``."""

    def __init__(self) -> None:
        self.defects: list[ClientDefect] = []

    def __call__(self, id_: str, *caught_by: str) -> Callable[[Wrong], Wrong]:
        """Seed the decorated client; ``caught_by`` without the family."""

        def register(wrong: Wrong) -> Wrong:
            summary = " ".join(inspect.cleandoc(wrong.__doc__ or "").split())
            rules = tuple(f"client.{name}" for name in caught_by)
            self.defects.append(ClientDefect(f"client-{id_}", summary, rules, wrong))
            return wrong

        return register
