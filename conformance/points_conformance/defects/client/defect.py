"""What a wrong client is."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from points_conformance.defects.client.sample import ReconcilingClient, SampleClient
from points_conformance.defects.defect import Defect

__all__ = ["ClientDefect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDefect(Defect):
    """One wrong client."""

    prefix: ClassVar = "client."
    generated: ClassVar = ("client.generated",)

    make: type[SampleClient]

    @classmethod
    def of(cls, wrong: type[SampleClient], **declared: Any) -> Self:
        """A class that derives from one of the good clients."""
        return cls(make=wrong, **declared)

    def facts(self) -> dict[str, Any]:
        """Whether it reads an order where an answer is unclear."""
        return {"reconciles": issubclass(self.make, ReconcilingClient)}
