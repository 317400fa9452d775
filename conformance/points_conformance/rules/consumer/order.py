"""``consumer.*``: deliveries that come again, and in any order. Only the end state is judged."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import permutations
from typing import Final

from points_conformance.contract.names import OrderType
from points_conformance.contract.needs import Need
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.rule import Level, Profile, inferred
from points_conformance.rules.consumer.family import family
from points_conformance.rules.consumer.telling import (
    DELIVERY,
    DOUBLE,
    arriving,
    delivered,
    ends_right,
)
from points_conformance.simulator import Delivery
from points_conformance.targets.consumer.shop import ShopOrder
from points_conformance.targets.consumer.target import ConsumerTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
SMOKE = Profile.SMOKE
_ORDER: Final = inferred("order of deliveries is not guaranteed: every order ends the same")
_OTHERS: Final = inferred(
    "an order of the Points app or of another channel is the merchant's as well"
)
_APART: Final = inferred("what is told of one order is about no other")
_PART: Final = "consumer.partial-refund"
_SECOND: Final = "consumer.second-partial-refund"
_EARLY: Final = "consumer.refund-before-approval"
_REPEATS: Final = "consumer.acknowledges-repeats"
_FULL: Final = "consumer.full-refund"
rule = family(DELIVERY, DOUBLE, needs=Need.PROBE, calls=40)

#: Orders whose refund comes several times at once, how often it comes, and the seconds for all.
_STORIES_AT_ONCE: Final = 6
_AT_ONCE: Final = 3
_SECONDS_AT_ONCE: Final = 10.0
#: Seconds for all orders of arrival of one story.
_SECONDS: Final = 30.0
#: Stories whose every order of arrival is tried, the smallest first.
_Tell = Callable[[ShopOrder], Sequence[Delivery]]
_STORIES: Final[Sequence[_Tell]] = (
    lambda c: (c.approved(), c.refund(2500), c.refund(7500)),
    lambda c: (c.approved(), c.refund(2500), c.refund(2500), c.refund(1000)),
)


@rule("consumer.repeat-applied-once", MUST, after=(_PART, _REPEATS), profile=SMOKE)
def a_repeat_is_booked_once(consumer: ConsumerTarget) -> None:
    """A delivery that comes again at once MUST be booked once."""
    cases = [
        delivered(
            consumer,
            lambda c: arriving((c.approved(), c.refund(2500)), 0, 1, 1),
            kind=kind,
            variant=variant,
        )
        for kind, variant in ((OrderType.EARNING, "plain"), (OrderType.REPLACING, "bare"))
    ]
    ends_right(consumer, cases, "a repeated delivery is booked twice")


@rule("consumer.repeat-of-full-refund", MUST, after=(_FULL, _REPEATS), calls=24)
def a_repeat_of_a_full_refund_is_booked_once(consumer: ConsumerTarget) -> None:
    """A full refund that comes again MUST be booked once."""
    case = delivered(consumer, lambda c: arriving((c.approved(), c.refund()), 0, 1, 1, 1))
    ends_right(consumer, [case], "a repeated full refund is booked twice")


@rule("consumer.repeat-later", MUST, after=("consumer.repeat-applied-once", _SECOND))
def a_late_repeat_is_booked_once(consumer: ConsumerTarget) -> None:
    """A delivery that comes again after another refund MUST be booked once."""
    cases = [
        delivered(
            consumer,
            lambda c: arriving((c.approved(), c.refund(2500), c.refund(3000)), 0, 1, 2, 1, 2),
            kind=kind,
        )
        for kind in OrderType
    ]
    ends_right(consumer, cases, "a late repeat is booked twice")


@rule(
    "consumer.repeats-at-once", MUST, after="consumer.repeat-applied-once", calls=60, seconds=60.0
)
def repeats_at_once_are_booked_once(consumer: ConsumerTarget) -> None:
    """A delivery that comes several times at the same moment MUST be booked once."""
    cases: list[ShopOrder] = []
    started, shows = time.monotonic(), False
    stories = consumer.affords(_STORIES_AT_ONCE, 1 + _AT_ONCE, _SECONDS_AT_ONCE)
    # Those that get into each other's way may take much longer than one by itself.
    while len(cases) < stories and not shows and time.monotonic() - started < _SECONDS_AT_ONCE:
        case = delivered(consumer, lambda c: [c.approved()])
        refund = case.refund(2500)
        if not any(told.accepted for told in consumer.at_once(refund)):
            consumer.deliver(refund)
        cases.append(case)
        state = consumer.read(case)
        shows = state is not None and (state.halalas or 0) > case.ledger.refunded
    ends_right(consumer, cases, "repeats at once are booked more than once")


@rule(_EARLY, MUST, _ORDER, DOUBLE, after=_PART, profile=SMOKE)
def a_refund_before_the_approval_is_kept(consumer: ConsumerTarget) -> None:
    """A refund that comes before the `approved` of an order that is then accepted MUST be kept."""
    cases = [
        delivered(consumer, partial(_refunded_early, amount), together=True)
        for amount in (2500, None)
    ]
    ends_right(consumer, cases, "a refund that comes before the approval is lost")


@rule("consumer.cancel-before-approval", MUST, _ORDER, after="consumer.cancel", calls=12)
def a_cancel_before_the_approval_is_kept(consumer: ConsumerTarget) -> None:
    """A cancel that comes before the `approved` of its order MUST be kept."""
    case = delivered(consumer, lambda c: arriving((c.approved(), c.cancel()), 1, 0), together=True)
    ends_right(consumer, [case], "a late approval revives a cancelled order")


@rule("consumer.late-approval-revives-nothing", MUST, _ORDER, after=_FULL, profile=SMOKE, calls=24)
def a_late_approval_revives_nothing(consumer: ConsumerTarget) -> None:
    """An `approved` that comes again after the refund MUST NOT revive the order."""
    case = delivered(consumer, lambda c: arriving((c.approved(), c.refund()), 0, 1, 0))
    ends_right(consumer, [case], "a late approval revives a refunded order")


@rule(
    "consumer.any-order",
    MUST,
    _ORDER,
    DOUBLE,
    after=(_SECOND, _EARLY, "consumer.equal-partial-refunds", "consumer.parts-up-to-full"),
    calls=400,
)
def every_order_ends_the_same(consumer: ConsumerTarget) -> None:
    """A story MUST end in the same right state in whatever order its deliveries arrive."""
    for tell in _STORIES:
        cases = [
            delivered(consumer, partial(_shuffled, tell, places), together=True)
            for places in _orders_of_arrival(consumer, len(tell(consumer.shop.order())))
        ]
        ends_right(consumer, cases, "another order of arrival ends in another state")


@rule("consumer.takes-unknown-orders", SHOULD, _OTHERS, after=_FULL, calls=12)
def an_order_is_taken_in(consumer: ConsumerTarget) -> None:
    """An order that the consumer was never told of SHOULD be taken in by its `approved`."""
    if not consumer.introduces:
        raise NotExercised(
            "this consumer is told of orders by their `approved` alone",
            lacks="orders of its own checkout",
        )
    case = delivered(consumer, lambda c: (c.approved(), c.refund()), together=True, known=False)
    ends_right(consumer, [case], "an order that it was not told of is not taken in")


@rule("consumer.orders-apart", MUST, _APART, after=(_PART, "consumer.cancel"))
def orders_are_kept_apart(consumer: ConsumerTarget) -> None:
    """A reversal of one order MUST NOT touch another, also of the same total and moment."""
    cases = [delivered(consumer, lambda c: [c.approved()]) for _ in range(4)]
    consumer.deliver(cases[0].refund(), cases[1].cancel(), cases[2].refund(2500))
    ends_right(consumer, cases, "a reversal touches another order")


def _orders_of_arrival(consumer: ConsumerTarget, length: int) -> list[tuple[int, ...]]:
    """All of them; of a slow consumer as many as there is time for, spread over all."""
    every = list(permutations(range(length)))
    number = consumer.affords(len(every), length, _SECONDS)
    return [every[place * len(every) // number] for place in range(number)]


def _shuffled(tell: _Tell, places: Sequence[int], case: ShopOrder) -> list[Delivery]:
    return arriving(tell(case), *places)


def _refunded_early(amount: int | None, case: ShopOrder) -> list[Delivery]:
    return arriving((case.approved(), case.refund(amount)), 1, 0)
