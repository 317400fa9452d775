"""What came of one delivery, and of one order."""

from collections.abc import Mapping
from dataclasses import dataclass

from points_conformance.judging.exchange import Exchange
from points_conformance.targets.consumer.probe import ConsumerState, Expected
from points_conformance.targets.consumer.shop import Case

__all__ = ["Mismatch", "Told"]


@dataclass(frozen=True, slots=True)
class Told:
    """How one attempt went. ``status`` is ``None`` where no answer came, and ``error`` why."""

    status: int | None
    seconds: float
    exchange: Exchange
    headers: Mapping[str, str]
    text: str = ""
    error: str = ""
    late: bool = False

    @property
    def accepted(self) -> bool:
        """Whether it was acknowledged."""
        return self.status is not None and 200 <= self.status < 300

    def __str__(self) -> str:
        return f"HTTP {self.status}" if self.status is not None else f"no answer: {self.error}"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An order whose state is not as expected."""

    case: Case
    expected: Expected
    state: ConsumerState | None

    @property
    def got(self) -> str:
        """What the consumer says."""
        return "order unknown" if self.state is None else str(self.state)
