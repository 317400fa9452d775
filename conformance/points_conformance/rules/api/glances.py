"""What closing rules find in webhooks that came, whatever else comes: told as soon as it is seen.

Absence is no business of this module. What it finds it finds again when the run closes, of all
orders; it neither calls nor waits.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict

from points_conformance.contract.limits import MAX_ATTEMPTS
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Finding
from points_conformance.rules.api.reconcile import Kind
from points_conformance.rules.api.roads import STRANGER
from points_conformance.rules.api.shared import Shared
from points_conformance.targets.api.news import News, each_once
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.target import ApiTarget

__all__ = [
    "AT_ONCE",
    "DISAGREE",
    "TOLD_TWICE",
    "TOLD_UNASKED",
    "attempted_by_now",
    "attempted_too_often",
    "by_delivery",
    "heard_at",
    "looking_back",
    "nothing_heard",
    "of_calls_at_once",
    "sent_again",
    "sent_again_by_now",
    "told_too_much",
]

#: Said of a finding that looks back on a race.
AT_ONCE = "of calls at once, which may end otherwise in another run"
DISAGREE = "answers, webhooks and reads disagree"
TOLD_TWICE = "a reversal is told twice"
TOLD_UNASKED = "what was refused is told"


def told_too_much(api: ApiTarget, news: Iterable[News], *, kind: Kind, title: str) -> None:
    """More was told of an order than had been asked for by then: no later answer undoes that."""
    for order in each_once(one.told for one in news):
        found = Shared.of(api).unfolding.differences(api, order)
        if found is None:
            api.webhooks().look_again(order.uuid)
            continue
        for one in found:
            if one.kind is kind:
                raise Finding(title, expected="none", got=f"{kind} ({order.uuid}): {one.text}")


def heard_at(api: ApiTarget, news: Iterable[News], *, place: str) -> None:
    """The order of a story was told to a place that may hear nothing of it."""
    planted = Shared.of(api).planted.get(place)
    for order in each_once(one.heard for one in news):
        if order.uuid == planted:
            nothing_heard(api.webhooks().of(order.uuid, place), place)


def attempted_by_now(api: ApiTarget, news: Iterable[News]) -> None:
    """A delivery that came lately was attempted more than four times."""
    attempted_too_often(api, each_once(one.heard for one in news))


def sent_again_by_now(api: ApiTarget, news: Iterable[News]) -> None:
    """What came lately had been accepted before."""
    sent_again(api, each_once(one.heard for one in news))


def nothing_heard(heard: Sequence[Received], place: str) -> None:
    """Raise a finding where anything was heard at this place."""
    if heard:
        raise Finding(
            "told where nobody may hear it"
            if place == STRANGER
            else "told where nobody is registered any more",
            expected="nothing",
            got=f"{len(heard)} deliveries: {', '.join(one.event for one in heard)}",
        )


def attempted_too_often(api: ApiTarget, orders: Iterable[TestOrder]) -> None:
    """A delivery that keeps failing was attempted more than four times."""
    for uuid, attempts in by_delivery(api, orders):
        failed = sum(not attempt.accepted for attempt in attempts)
        if failed > MAX_ATTEMPTS:
            raise Finding(
                "too many attempts",
                expected=f"at most {MAX_ATTEMPTS} attempts of a delivery",
                got=f"{failed} that were not accepted, of order {uuid}",
                **looking_back(api, uuid),
            )


def sent_again(api: ApiTarget, orders: Iterable[TestOrder]) -> None:
    """A delivery came again to where it had been accepted."""
    for uuid, attempts in by_delivery(api, orders):
        if sum(attempt.accepted for attempt in attempts) > 1 and _is_told_apart(attempts[0]):
            raise Finding(
                "sent again after it was accepted",
                expected="no attempt after a 2xx",
                got=f"{len(attempts)} attempts of a {attempts[0].event} event of order {uuid}",
                **looking_back(api, uuid),
            )


def _is_told_apart(event: Received) -> bool:
    """Two equal refunds within a second can look the same where left_amount is not told."""
    return event.event != "refunded" or "left_amount" in event.order


def by_delivery(
    api: ApiTarget, orders: Iterable[TestOrder]
) -> Iterator[tuple[str, list[Received]]]:
    """The attempts of each delivery of these orders, by its order."""
    inbox = api.webhooks()
    for order in orders:
        deliveries: dict[tuple[str, str], list[Received]] = defaultdict(list)
        for one in inbox.of(order.uuid, None):
            deliveries[one.place, one.digest].append(one)
        for attempts in deliveries.values():
            yield order.uuid, attempts


class LookingBack(TypedDict):
    """What a finding says of an order that another rule made."""

    exchanges: Sequence[Exchange]
    led_by: Sequence[str]
    rounds: str


def looking_back(api: ApiTarget, order: str) -> LookingBack:
    """The last calls on an order, also while others add to them; the rule whose order it is; and
    that another run may end otherwise, where that is a matter of chance.
    """
    return LookingBack(
        exchanges=tuple(e for e in api.exchanges_after(0) if order in e.url)[-14:],
        led_by=[known.rule for known in api.whole.orders if known.uuid == order],
        rounds=AT_ONCE if order in of_calls_at_once(api) else "",
    )


def of_calls_at_once(api: ApiTarget) -> set[str]:
    """The orders that were called at once: what came of them is another thing in each run."""
    return {known.uuid for known in api.whole.orders if known.rule.startswith("race.")}
