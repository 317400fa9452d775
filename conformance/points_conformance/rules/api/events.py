"""The events of one order, all of them: whatever sums or compares what they say asks here."""

from points_conformance.judging.finding import Denied, NotExercised
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.target import ApiTarget

__all__ = ["all_of"]


def all_of(api: ApiTarget, order: TestOrder, event: str, count: int = 1) -> list[Received]:
    """All ``count`` events of an order, for the rules that sum or compare what they say.

    Raises :class:`Denied` where they have not all come: a sum of some would be a wrong sum, and
    that they come is for other rules to say (webhook.every-reversal-is-told, at the end).
    """
    inbox = api.webhooks()
    events = inbox.waited_for(order.uuid, event, count)
    if len(events) >= count:
        return events
    if _may_look_the_same(events) and len(inbox.of(order.uuid)) >= count:
        raise NotExercised(
            "equal refunds within a second may look the same here: left_amount, which is optional, "
            "is not told"
        )
    raise Denied(
        f"not told: {len(events)} of {count} {event} events of order {order.uuid} came within "
        f"{inbox.patience:g} s (--webhook-grace; webhook.every-reversal-is-told judges whether "
        "they come)"
    )


def _may_look_the_same(events: list[Received]) -> bool:
    return any(one.event == "refunded" and "left_amount" not in one.order for one in events)
