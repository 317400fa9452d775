"""What a wrong consumer is, and how a module declares its own."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar

import httpx

from points_conformance.contract.limits import DELIVERY_TIMEOUT_SECONDS
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.judging.rule import Profile

__all__ = ["Answer", "ConsumerDefect", "ConsumerSeeds"]

Wrong = TypeVar("Wrong", bound=type[SampleConsumer])
Answer = int | httpx.Response


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerDefect:
    """One wrong consumer. ``caught_by``: the rules that must fail; ``related``: globs of those that
    may fail as well.

    ``told_first``: it learns of orders by its own checkout. ``timeout``: seconds that a delivery
    waits for its answer.
    """

    id: str
    summary: str
    caught_by: tuple[str, ...]
    make: type[SampleConsumer]
    related: tuple[str, ...] = ()
    told_first: bool = False
    timeout: float = DELIVERY_TIMEOUT_SECONDS
    #: Found by every profile that its rules run in.
    profile: Profile = Profile.SMOKE

    def may_fail(self, rule_id: str) -> bool:
        """Whether the rule has to do with this defect. Made-up stories have to do with any."""
        globs = (*self.caught_by, *self.related, "consumer.stories")
        return any(fnmatchcase(rule_id, glob) for glob in globs)

    def facts(self) -> dict[str, Any]:
        """What else there is to know of it."""
        return {"told_first": self.told_first}


class ConsumerSeeds:
    """Collects the wrong consumers of one module: ``seed = ConsumerSeeds()``, then ``@seed(...)``.

    The rules are named without their family.
    """

    def __init__(self) -> None:
        self.defects: list[ConsumerDefect] = []

    def __call__(
        self,
        id_: str,
        *caught_by: str,
        related: tuple[str, ...] = (),
        told_first: bool = False,
        timeout: float = DELIVERY_TIMEOUT_SECONDS,
    ) -> Callable[[Wrong], Wrong]:
        """Seed the decorated consumer."""

        def register(wrong: Wrong) -> Wrong:
            self.defects.append(
                ConsumerDefect(
                    id=f"consumer-{id_}",
                    summary=" ".join(inspect.cleandoc(wrong.__doc__ or "").split()),
                    caught_by=tuple(f"consumer.{name}" for name in caught_by),
                    make=wrong,
                    related=tuple(f"consumer.{name}" for name in related),
                    told_first=told_first,
                    timeout=timeout,
                )
            )
            return wrong

        return register
