"""The lifecycle of an order as one total table. Whatever decides a status stands here.

Every status is a key, terminal ones with an empty row; an action that is missing from a row *is*
the refused transition. An action is what a command means to the lifecycle: a refund is a *part* or
the *rest*, by what the ledger has left; completing is an action of replacing orders alone.

Sources: Order Lifecycle (diagram), Refunds & Cancellations. ``partially_refunded`` with
``REFUND_PART`` is inferred from "partial sums bounded" and the ``left_*`` fields. From which
statuses an auto-refund starts is not said: the simulator takes those in which money was taken.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from points_conformance.contract.names import OrderStatus, OrderType

__all__ = ["ACTIONS", "DISPUTED", "TRANSITIONS", "Action", "next_status"]

S = OrderStatus


class Action(StrEnum):
    """What a command means to the lifecycle."""

    COMPLETE = "complete"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    CANCEL = "cancel"
    REFUND_PART = "refund part"
    REFUND_REST = "refund rest"
    AUTO_REFUND = "auto-refund"


_REFUNDABLE = {
    Action.REFUND_PART: S.PARTIALLY_REFUNDED,
    Action.REFUND_REST: S.FULLY_REFUNDED,
    Action.AUTO_REFUND: S.FULLY_REFUNDED,
}

TRANSITIONS: Mapping[OrderStatus, Mapping[Action, OrderStatus]] = MappingProxyType(
    {
        S.NEW: {
            Action.COMPLETE: S.APPROVED,
            Action.AUTHORIZE: S.AUTHORIZED,
            Action.CANCEL: S.CANCELLED,
        },
        S.AUTHORIZED: {Action.CAPTURE: S.CAPTURED, Action.CANCEL: S.CANCELLED},
        S.APPROVED: _REFUNDABLE,
        S.CAPTURED: _REFUNDABLE,
        S.PARTIALLY_REFUNDED: _REFUNDABLE,
        S.FULLY_REFUNDED: {},
        S.CANCELLED: {},
    }
)

#: What the sources dispute: a target may follow these arrows or refuse them.
DISPUTED: Mapping[OrderStatus, Mapping[Action, OrderStatus]] = MappingProxyType(
    {
        S.NEW: {},
        S.AUTHORIZED: {},
        S.APPROVED: {Action.CANCEL: S.CANCELLED},
        S.CAPTURED: {Action.CANCEL: S.CANCELLED, Action.COMPLETE: S.APPROVED},
        S.PARTIALLY_REFUNDED: {Action.CANCEL: S.CANCELLED},
        S.FULLY_REFUNDED: {},
        S.CANCELLED: {},
    }
)

#: Which actions an order of a type knows at all (Order Lifecycle: an earning order is never
#: completed; the auto-refund is of replacing orders).
ACTIONS: Mapping[OrderType, frozenset[Action]] = MappingProxyType(
    {
        OrderType.EARNING: frozenset(Action) - {Action.COMPLETE, Action.AUTO_REFUND},
        OrderType.REPLACING: frozenset(Action),
    }
)


def next_status(
    kind: OrderType, status: OrderStatus, action: Action, *, disputed: bool = False
) -> OrderStatus | None:
    """Where an action leads, or ``None`` where it is refused.

    With ``disputed`` the arrows that the sources dispute are followed too.
    """
    if action not in ACTIONS[kind]:
        return None
    certain = TRANSITIONS[status].get(action)
    return certain or (DISPUTED[status].get(action) if disputed else None)
