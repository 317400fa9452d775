"""What several rules of one judging look at, and one of them brought about."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Self, TypeVar

from points_conformance.contract.names import OrderStatus
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Finding
from points_conformance.judging.slots import parked
from points_conformance.rules.api.generation.sweep import Sweep
from points_conformance.rules.api.histories import Unfolding
from points_conformance.rules.api.reconcile import Discrepancy
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.target import ApiTarget

__all__ = ["Compared", "Knock", "Once", "Shared", "Telling", "ToldOrder"]

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Telling:
    """One reversal and the event that tells of it; ``left`` halalas are left after it."""

    event: Received
    reason: str
    amount: int = 0
    left: int = 0
    status: OrderStatus = OrderStatus.CANCELLED


@dataclass(frozen=True, slots=True)
class ToldOrder:
    """An order, its calls, and what was told of them. ``led_by``: the rule without which it would
    not have come about.
    """

    order: TestOrder
    tellings: Sequence[Telling]
    exchanges: Sequence[Exchange]
    led_by: tuple[str, ...] = ()

    def require(self, held: bool, title: str, *, expected: object, got: object) -> None:
        """Raise a finding with the story's calls unless ``held``."""
        if not held:
            raise Finding(
                title,
                expected=str(expected),
                got=str(got),
                exchanges=self.exchanges,
                led_by=self.led_by,
            )


@dataclass(frozen=True, slots=True)
class Knock:
    """How another merchant's call on an order was refused: the code, and the message's words."""

    road: str
    status: int
    words: str


@dataclass(frozen=True, slots=True)
class Compared:
    """How many orders were compared at the end, and what was found in them."""

    orders: int
    found: list[Discrepancy]


class Once(Generic[Key, Value]):
    """What is brought about once a run, by whichever rule asks first; the others wait for it.

    A finding is everybody's who asks. Whatever else keeps it from coming about is the asker's
    alone: the next one tries again.
    """

    def __init__(self) -> None:
        self._made: dict[Key, Value | Finding] = {}
        self._making: set[Key] = set()
        self._changed = threading.Condition()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """What is there under a key, made if need be."""
        if key not in self._made:
            self._claim(key)
        if key not in self._made:
            try:
                self._made[key] = make()
            except Finding as finding:
                self._made[key] = finding
            finally:
                with self._changed:
                    self._making.discard(key)
                    self._changed.notify_all()
        made = self._made[key]
        if isinstance(made, Finding):
            raise made
        return made

    def _claim(self, key: Key) -> None:
        """Wait while another rule makes it; where it is not there then, it is for this one to."""
        with parked(), self._changed:
            self._changed.wait_for(lambda: key not in self._making)
            if key not in self._made:
                self._making.add(key)

    def has(self, key: Key) -> bool:
        """Whether it came about."""
        return not isinstance(self._made.get(key, Finding("", expected="", got="")), Finding)


@dataclass(slots=True)
class Shared:
    """The one object of a judging in which its rules leave what others look at.

    What is looked at when the run closes holds for as long as no call is made: ``calls`` say after
    how many calls of the run it was looked at.
    """

    #: Whether an order of this status can be cancelled.
    cancelled: Once[OrderStatus, bool] = field(default_factory=Once)
    #: Stories, by their names.
    stories: Once[str, ToldOrder] = field(default_factory=Once)
    #: The order whose deliveries always fail, its attempts fetched.
    failing: Once[str, str] = field(default_factory=Once)
    #: The uuid of the order of a story that is looked at when the run closes, by the story's name.
    planted: dict[str, str] = field(default_factory=dict)
    #: How each call of another merchant's was refused, by the status of the order.
    knocks: dict[str, tuple[Knock, ...]] = field(default_factory=dict)
    #: Whether a second endpoint was told what the first was, in the rule that says so.
    every_endpoint_is_told: bool = False
    #: What the sweep of generated requests saw.
    sweep: Sweep | None = None
    #: The calls after which the inbox was at rest, and after which the late had their last look.
    calls_at_rest: int | None = None
    calls_at_last_look: int | None = None
    #: The histories of orders before the run closes.
    unfolding: Unfolding = field(default_factory=Unfolding)
    #: The calls after which answers, webhooks and reads were compared, and what came of it.
    compared: tuple[int, Compared] | None = None

    @classmethod
    def of(cls, api: ApiTarget) -> Self:
        """That of the judging which a target is used for."""
        return api.shared(cls)
