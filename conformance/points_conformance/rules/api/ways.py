"""Ways into every status, read from the lifecycle's arrows. Pure: a new arrow is a new way.

Each arrow is the last one of one way, so that every status is reached by each action that leads
there. What a way takes before its last arrow is certain: where a target refuses a disputed arrow,
nothing else is lost. Of several ways into a status its arrows take one after the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from points_conformance.contract.lifecycle import (
    ARROWS,
    FINAL,
    Action,
    Disputed,
    Refused,
    arrow,
)
from points_conformance.contract.names import STEPS, OrderStatus, OrderType

__all__ = ["WAYS", "Way", "refused_at", "ways_into"]

S = OrderStatus
#: How orders begin, and what no source lets an order of the type be taken by: the payment of an
#: earning order is not the platform's.
_BEGINS: Final[Mapping[OrderType, tuple[OrderStatus, ...]]] = {
    OrderType.REPLACING: (S.NEW,),
    OrderType.EARNING: (S.NEW, S.APPROVED),
}
_UNSAID: Final[Mapping[OrderType, tuple[Action, ...]]] = {
    OrderType.REPLACING: (),
    OrderType.EARNING: tuple(Action(step.value) for step in STEPS),
}


@dataclass(frozen=True, slots=True)
class Way:
    """Actions that lead an order of a kind through ``statuses``, the first of which it begins in:
    one more than ``actions``.
    """

    kind: OrderType
    statuses: tuple[OrderStatus, ...]
    actions: tuple[Action, ...] = ()

    @property
    def end(self) -> OrderStatus:
        """Where it leads."""
        return self.statuses[-1]

    @property
    def last(self) -> Action | None:
        """The action that led there; ``None`` where the order came so."""
        return self.actions[-1] if self.actions else None

    @property
    def disputed(self) -> bool:
        """Whether a target may refuse its last action."""
        return bool(self.actions) and isinstance(
            arrow(self.kind, self.statuses[-2], self.actions[-1]), Disputed
        )

    def then(self, action: Action, to: OrderStatus) -> "Way":
        """This way, and an action more."""
        return Way(self.kind, (*self.statuses, to), (*self.actions, action))

    def __str__(self) -> str:
        steps = (
            f" -> {action.value} -> {status.value}"
            for action, status in zip(self.actions, self.statuses[1:], strict=True)
        )
        return f"{self.kind.value} order, {self.statuses[0].value}{''.join(steps)}"


def refused_at(kind: OrderType, status: OrderStatus) -> list[Action]:
    """What the sources say is refused there."""
    return [action for action in Action if isinstance(arrow(kind, status, action), Refused)]


def ways_into(kind: OrderType) -> list[Way]:
    """A way that ends in each arrow of a type, those that orders begin in, and final ones as they
    are given.
    """
    ways: dict[OrderStatus, list[Way]] = {status: [] for status in ARROWS}
    for status in _BEGINS[kind]:
        ways[status].append(Way(kind, (status,)))
    waiting = list(ARROWS)
    while reached := [status for status in waiting if ways[status]]:
        status = min(reached, key=lambda status: _open_into(kind, status, waiting))
        waiting.remove(status)
        for action, to in _arrows(kind, status):
            before = [way for way in ways[status] if not way.disputed] or ways[status]
            taken = sum(len(way.statuses) > 1 and way.statuses[-2] is status for way in _all(ways))
            ways[to].append(before[taken % len(before)].then(action, to))
    return [*_all(ways), *(Way(kind, (status,)) for status in FINAL)]


def _all(ways: Mapping[OrderStatus, Sequence[Way]]) -> list[Way]:
    return [way for into in ways.values() for way in into]


def _arrows(kind: OrderType, status: OrderStatus) -> list[tuple[Action, OrderStatus]]:
    """The arrows that leave a status; those that stay there first, for they are ways into it."""
    return sorted(_leading(kind, status), key=lambda found: found[1] is not status)


def _leading(kind: OrderType, status: OrderStatus) -> Iterator[tuple[Action, OrderStatus]]:
    for action in Action:
        found = None if action in _UNSAID[kind] else arrow(kind, status, action)
        if isinstance(found, Disputed):
            yield action, found.to
        elif isinstance(found, OrderStatus):
            yield action, found


def _open_into(kind: OrderType, status: OrderStatus, waiting: Sequence[OrderStatus]) -> int:
    """How many arrows into it are still to be followed."""
    others = (one for one in waiting if one is not status)
    return sum(to is status for one in others for _, to in _leading(kind, one))


#: All of both types.
WAYS: Final = tuple(way for kind in OrderType for way in ways_into(kind))
