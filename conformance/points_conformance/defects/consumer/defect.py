"""What a wrong consumer is."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import httpx

from points_conformance.contract.limits import DELIVERY_TIMEOUT_SECONDS
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.defects.defect import Defect

__all__ = ["Answer", "ConsumerDefect"]

Answer = int | httpx.Response


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerDefect(Defect):
    """One wrong consumer.

    ``told_first``: it learns of orders by its own checkout. ``timeout``: seconds that a delivery
    waits for its answer.
    """

    prefix: ClassVar = "consumer."
    generated: ClassVar = ("consumer.stories",)

    make: type[SampleConsumer]
    told_first: bool = False
    timeout: float = DELIVERY_TIMEOUT_SECONDS

    @classmethod
    def of(cls, wrong: type[SampleConsumer], **declared: Any) -> Self:
        """A class that derives from the good consumer."""
        return cls(make=wrong, **declared)

    def facts(self) -> dict[str, Any]:
        """How it learns of orders."""
        return {"told_first": self.told_first}
