"""The lifecycle of an order as one total table. Whatever decides a status stands here.

Every status is a key. Its row says of each action where it leads, that the sources dispute it (and
which field of the dialect decides), or that they refuse it. What is missing from a row no source
speaks of: the simulator refuses it, and no rule asks for it. An action is what a command means to
the lifecycle: a refund is a *part* or the *rest*, by what the ledger has left.

Sources: Order Lifecycle (diagram), Refunds & Cancellations. ``partially_refunded`` with
``REFUND_PART`` is inferred from "partial sums bounded" and the ``left_*`` fields. From which
statuses an auto-refund starts is not said: the simulator takes those in which money was taken.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.names import OrderOperation, OrderStatus, OrderType

__all__ = [
    "ARROWS",
    "FINAL",
    "REFUSED",
    "Action",
    "Arrow",
    "Disputed",
    "Refused",
    "arrow",
    "certain",
    "disputed",
    "every_arrow",
    "next_status",
    "refused",
]

S = OrderStatus


class Action(StrEnum):
    """What a command means to the lifecycle."""

    COMPLETE = OrderOperation.COMPLETE.value
    AUTHORIZE = OrderOperation.AUTHORIZE.value
    CAPTURE = OrderOperation.CAPTURE.value
    CANCEL = OrderOperation.CANCEL.value
    REFUND_PART = "refund part"
    REFUND_REST = "refund rest"
    AUTO_REFUND = "auto-refund"


@dataclass(frozen=True, slots=True)
class Disputed:
    """A target may lead there or refuse; ``field`` of the dialect says which (``accepted``)."""

    to: OrderStatus
    field: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The sources say that it is refused."""


Arrow = OrderStatus | Disputed | Refused

REFUSED: Final = Refused()

_REFUNDABLE = {
    Action.REFUND_PART: S.PARTIALLY_REFUNDED,
    Action.REFUND_REST: S.FULLY_REFUNDED,
    Action.AUTO_REFUND: S.FULLY_REFUNDED,
}
_UNREFUNDABLE = {Action.REFUND_PART: REFUSED, Action.REFUND_REST: REFUSED}
_NOWHERE = {
    Action.COMPLETE: REFUSED,
    Action.AUTHORIZE: REFUSED,
    Action.CAPTURE: REFUSED,
    Action.CANCEL: REFUSED,
    **_UNREFUNDABLE,
}

ARROWS: Mapping[OrderStatus, Mapping[Action, Arrow]] = MappingProxyType(
    {
        S.NEW: {
            Action.COMPLETE: S.APPROVED,
            Action.AUTHORIZE: S.AUTHORIZED,
            Action.CAPTURE: REFUSED,
            Action.CANCEL: S.CANCELLED,
            **_UNREFUNDABLE,
        },
        S.AUTHORIZED: {
            Action.CAPTURE: S.CAPTURED,
            Action.CANCEL: S.CANCELLED,
            **_UNREFUNDABLE,
        },
        S.APPROVED: {
            Action.COMPLETE: REFUSED,
            Action.CAPTURE: REFUSED,
            Action.CANCEL: Disputed(S.CANCELLED, "cancel_approved"),
            **_REFUNDABLE,
        },
        S.CAPTURED: {
            Action.COMPLETE: Disputed(S.APPROVED, "complete_captured"),
            Action.CANCEL: Disputed(S.CANCELLED, "cancel_captured"),
            **_REFUNDABLE,
        },
        S.PARTIALLY_REFUNDED: {
            Action.COMPLETE: REFUSED,
            Action.AUTHORIZE: REFUSED,
            Action.CANCEL: Disputed(S.CANCELLED, "cancel_partially_refunded"),
            **_REFUNDABLE,
        },
        S.CANCELLED: _NOWHERE,
        S.FULLY_REFUNDED: _NOWHERE,
    }
)

#: What no arrow leaves.
FINAL: Final = tuple(status for status, row in ARROWS.items() if row is _NOWHERE)

#: What an order of a type does not know at all, from whatever status (Order Lifecycle: an earning
#: order is never completed; the auto-refund is of replacing orders, and no call that is refused).
_UNKNOWN: Mapping[OrderType, Mapping[Action, Arrow | None]] = MappingProxyType(
    {
        OrderType.EARNING: {Action.COMPLETE: REFUSED, Action.AUTO_REFUND: None},
        OrderType.REPLACING: {},
    }
)


def arrow(kind: OrderType, status: OrderStatus, action: Action) -> Arrow | None:
    """What the sources say of an action; ``None`` where they say nothing."""
    if action in _UNKNOWN[kind]:
        return _UNKNOWN[kind][action]
    return ARROWS[status].get(action)


def next_status(
    kind: OrderType, status: OrderStatus, action: Action, dialect: Dialect
) -> OrderStatus | None:
    """Where an action leads in a dialect, or ``None`` where it is refused."""
    found = arrow(kind, status, action)
    if isinstance(found, Disputed):
        return found.to if getattr(dialect, found.field) == "accepted" else None
    return found if isinstance(found, OrderStatus) else None


def every_arrow() -> Dialect:
    """The dialect that follows all disputed arrows: what *may* happen."""
    fields = [one.field for action in Action for one in disputed(action).values()]
    return Dialect().with_(**dict.fromkeys(fields, "accepted"))


def certain(action: Action) -> list[tuple[OrderStatus, OrderStatus]]:
    """From where to where an action leads undisputed."""
    return [(at, to) for at, to in _column(action) if isinstance(to, OrderStatus)]


def disputed(action: Action) -> Mapping[OrderStatus, Disputed]:
    """From which statuses an action is disputed."""
    return {at: found for at, found in _column(action) if isinstance(found, Disputed)}


def refused(action: Action) -> list[OrderStatus]:
    """From which statuses the sources refuse an action."""
    return [at for at, found in _column(action) if isinstance(found, Refused)]


def _column(action: Action) -> Iterator[tuple[OrderStatus, Arrow]]:
    return ((status, row[action]) for status, row in ARROWS.items() if action in row)
