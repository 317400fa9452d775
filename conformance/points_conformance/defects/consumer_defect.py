"""What a wrong consumer is, and how a module declares its own."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx

from points_conformance.defects.consumer_sample import SampleConsumer

__all__ = ["Answer", "ConsumerDefect", "ConsumerSeeds"]

Wrong = TypeVar("Wrong", bound=type[SampleConsumer])
Answer = int | httpx.Response


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerDefect:
    """One wrong consumer. ``caught_by``: the rules that must fail.

    ``told_first``: it learns of orders by its own checkout.
    """

    id: str
    summary: str
    caught_by: tuple[str, ...]
    make: type[SampleConsumer]
    told_first: bool = False


class ConsumerSeeds:
    """Collects the wrong consumers of one module: ``seed = ConsumerSeeds()``, then ``@seed(...)``.

    The rules are named without their family.
    """

    def __init__(self) -> None:
        self.defects: list[ConsumerDefect] = []

    def __call__(
        self, id_: str, *caught_by: str, told_first: bool = False
    ) -> Callable[[Wrong], Wrong]:
        """Seed the decorated consumer."""

        def register(wrong: Wrong) -> Wrong:
            self.defects.append(
                ConsumerDefect(
                    id=f"consumer-{id_}",
                    summary=" ".join(inspect.cleandoc(wrong.__doc__ or "").split()),
                    caught_by=tuple(f"consumer.{name}" for name in caught_by),
                    make=wrong,
                    told_first=told_first,
                )
            )
            return wrong

        return register
