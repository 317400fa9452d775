"""What came of one delivery, of one order, and of the deliveries so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from points_conformance.judging.exchange import Exchange
from points_conformance.targets.consumer.probe import ConsumerState, Expected
from points_conformance.targets.consumer.shop import ShopOrder

__all__ = ["Learned", "Mismatch", "Replay", "Told"]


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
        """Whether it was acknowledged, in time."""
        return self.status is not None and 200 <= self.status < 300 and not self.late

    def __str__(self) -> str:
        if self.status is None:
            return f"no answer: {self.error}"
        return f"HTTP {self.status}" + (f" after {self.seconds:.1f} s" if self.late else "")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An order whose state is not as expected."""

    case: ShopOrder
    expected: Expected
    state: ConsumerState | None

    @property
    def got(self) -> str:
        """What the consumer says."""
        return "order unknown" if self.state is None else str(self.state)


class Replay(TypedDict):
    """The smallest story of a broken rule, as it is written down to be sent again."""

    rule: str
    title: str
    expected: str
    got: str
    deliveries: list[dict[str, Any]]


@dataclass(slots=True)
class Learned:
    """What a run knows of its consumer by what was seen so far; one object for all rules."""

    #: Whether the state could be read once: from then on that is not a matter of options.
    calibrated: bool = False
    #: Whether nothing is answered in time: each delivery more would take as long to show that.
    late: bool = False
    #: Whether a delivery that failed with 5xx was seen to be booked once when it came again.
    retries_right: bool = False
    #: By broken rule.
    replays: dict[str, Replay] = field(default_factory=dict)
