"""A consumer's story as it is drawn: what it was told, when, and what it answered. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from points_conformance.judging.exchange import Exchange
from points_conformance.judging.picture import answered, short
from points_conformance.judging.step import Step
from points_conformance.simulator.messages import load_json

__all__ = ["pictured"]

_POINTS: Final = "Points"
_CONSUMER: Final = "consumer"


def pictured(story: Sequence[Exchange]) -> list[Step]:
    """A step for each attempt, oldest first; what was sent before says that it comes again."""
    since = min((call.at for call in story), default=0.0)
    bodies: list[str | None] = []
    steps = []
    for call in sorted(story, key=lambda call: (call.at, call.number)):
        event, after = _told(call.body)
        again = " again" if call.body in bodies else ""
        bodies.append(call.body)
        steps.append(
            Step(
                teller=_POINTS,
                hearer=_CONSUMER,
                said=short(f"{event or f'{call.method} {call.body or str()}'}{again}"),
                answer=answered(call),
                lost=call.status is None,
                after=after,
                event=True,
                at=call.at - since,
            )
        )
    return steps


def _told(body: str | None) -> tuple[str, str]:
    """The event and its amount, and what it says is left; empty of what is no event."""
    try:
        payload: Any = load_json((body or "").encode("utf-8", "replace"))
        event, order = str(payload["event"]), dict(payload["order"])
    except (ValueError, KeyError, TypeError):
        return "", ""
    amount = order.get("refund_amount")
    left, total = order.get("left_amount"), order.get("total_price")
    after = f"{left} of {total} SAR left" if left is not None else ""
    return (f"{event} {amount} SAR" if amount is not None else event), after
