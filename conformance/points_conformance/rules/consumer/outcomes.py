"""``consumer.*``: what a consumer makes of reversals. They are read by the state probe."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from points_conformance.contract.names import OrderType
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.rule import Level, Profile, inferred, source
from points_conformance.rules.consumer.family import family
from points_conformance.rules.consumer.telling import (
    DELIVERY,
    DOUBLE,
    EVENTS,
    REFUND,
    RETRY,
    arriving,
    broken,
    delivered,
    ends_right,
    ends_right_at_first,
    story_of,
)
from points_conformance.simulator import Delivery
from points_conformance.targets.consumer.probe import Expected
from points_conformance.targets.consumer.shop import ShopOrder
from points_conformance.targets.consumer.target import ATTEMPTS, ConsumerTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
SMOKE = Profile.SMOKE
AUTO: Final = source(Page.REVERSALS, "Auto-refund")
CANCEL: Final = source(Page.REVERSALS, "Cancel an order")
HALALAS: Final = inferred("money is counted in halalas: 0.1 + 0.2 is not 0.3 in floating point")
ONE_SECOND: Final = inferred(
    "timestamps are of seconds (Webhook Events): two orders may well be refunded in the same one"
)
MOMENT: Final = "consumer.same-second"
#: How long ago what it tells began: no other rule's orders are of that second.
_ITS_OWN: Final = 8.0
_PART: Final = "consumer.partial-refund"
_KNOWN: Final = "consumer.acknowledges-refunded"
_SECOND: Final = "consumer.second-partial-refund"
_CANCELS: Final = "consumer.acknowledges-cancelled"
_AUTOS: Final = "consumer.acknowledges-auto-refunded"
rule = family(EVENTS, after=_PART, needs=Need.PROBE, calls=24)


@rule(MOMENT, MUST, ONE_SECOND, DOUBLE, after=_KNOWN, profile=SMOKE)
def one_moment_is_not_one_delivery(consumer: ConsumerTarget) -> None:
    """What is told of two orders at the same second MUST be booked for both."""
    consumer.probe()
    first, second = (consumer.order(ago=_ITS_OWN) for _ in range(2))
    second.moment = first.moment
    consumer.deliver(first.approved(), second.approved(), first.refund(2500), second.refund(2500))
    wrong = consumer.mismatches([first, second])
    # Where both are wrong a refund is not booked at all, and that is for another rule.
    if len(wrong) == 1:
        both = sorted((first, second), key=lambda case: case is wrong[0].case)
        raise broken(
            consumer,
            "what comes at the same second is taken for a repeat",
            expected=f"both orders {wrong[0].expected}: a repeat is known by its content",
            got=f"one of them so, and the other {wrong[0].got}",
            exchanges=[exchange for case in both for exchange in story_of(consumer, case)],
        )


@rule(RETRY, MUST, DELIVERY, DOUBLE, after=MOMENT, profile=SMOKE)
def a_5xx_is_made_good_by_the_retry(consumer: ConsumerTarget) -> None:
    """A delivery that was answered with 5xx MUST have its effect once after it came again."""
    asked = []
    for _ in range(3):
        case = delivered(consumer, lambda c: [c.approved()])
        delivery = case.refund(2500)
        told = consumer.send(delivery)
        again = told.status is None or told.status >= 500
        for _ in range(ATTEMPTS - 1):
            if not consumer.comes_again(told):
                break
            told = consumer.send(delivery)
        if again and told.accepted:
            asked.append(case)
    if not asked:
        raise NotExercised(
            "no delivery was answered with 5xx, so that none came again: have the consumer's "
            "database fail once, as a test double can, to see what a retry makes good",
            lacks="a delivery answered with 5xx",
        )
    ends_right(consumer, asked, "a retry after a 5xx does not end right")
    consumer.learned.retries_right = True


@rule("consumer.full-refund", MUST, REFUND, after=(_KNOWN, MOMENT), profile=SMOKE, calls=12)
def a_full_refund_is_booked(consumer: ConsumerTarget) -> None:
    """A full refund MUST leave the order fully refunded, with all of its total."""
    ends_right_at_first(
        consumer, lambda c: (c.approved(), c.refund()), "a full refund is not booked"
    )


@rule(_PART, MUST, REFUND, after="consumer.full-refund", profile=SMOKE, calls=12)
def a_partial_refund_is_booked(consumer: ConsumerTarget) -> None:
    """A partial refund MUST leave the order partially refunded, with its amount."""
    ends_right_at_first(
        consumer, lambda c: (c.approved(), c.refund(2500)), "a partial refund is not booked"
    )


@rule("consumer.second-partial-refund", MUST, REFUND, DOUBLE, core=True, profile=SMOKE)
def two_partial_refunds_are_both_booked(consumer: ConsumerTarget) -> None:
    """Two different partial refunds of one order MUST both be booked, though they share order and
    event.
    """
    cases = [
        delivered(consumer, lambda c: (c.approved(), c.refund(2500), c.refund(3000)), kind=kind)
        for kind in OrderType
    ]
    ends_right(consumer, cases, "a second partial refund is lost")


@rule("consumer.equal-partial-refunds", MUST, REFUND, DOUBLE, after=_SECOND, profile=SMOKE)
def two_equal_refunds_are_both_booked(consumer: ConsumerTarget) -> None:
    """Two refunds of the same amount, a second or more apart, MUST both be booked."""
    cases = [
        delivered(
            consumer,
            lambda c: (c.approved(), c.refund(2500), c.refund(2500)),
            kind=kind,
            variant=variant,
        )
        for kind, variant in (
            (OrderType.EARNING, "plain"),
            (OrderType.REPLACING, "bare"),
            (OrderType.EARNING, "bare"),
        )
    ]
    ends_right(consumer, cases, "the second of two equal refunds is lost")


@rule("consumer.parts-up-to-full", MUST, REFUND, after=_SECOND)
def parts_end_in_a_full_refund(consumer: ConsumerTarget) -> None:
    """Partial refunds up to the total MUST leave the order fully refunded."""
    cases = [
        delivered(
            consumer,
            lambda c: (c.approved(), c.refund(2500), c.refund(3000), c.refund(4500)),
            kind=kind,
        )
        for kind in OrderType
    ]
    ends_right(consumer, cases, "refunds up to the total leave no full refund")


@rule("consumer.cancel", MUST, CANCEL, after=(_CANCELS, MOMENT), profile=SMOKE, calls=12)
def a_cancel_is_booked(consumer: ConsumerTarget) -> None:
    """A cancel MUST leave the order cancelled."""
    ends_right_at_first(consumer, lambda c: (c.approved(), c.cancel()), "a cancel is not booked")


@rule("consumer.auto-refund", MUST, AUTO, after=(_AUTOS, MOMENT), profile=SMOKE, calls=12)
def an_auto_refund_is_a_refund(consumer: ConsumerTarget) -> None:
    """An auto-refund MUST leave the order fully refunded, with all of its total."""
    ends_right_at_first(
        consumer,
        lambda c: (c.approved(), c.auto_refund()),
        "an auto-refund is not booked as a refund",
        kind=OrderType.REPLACING,
    )


@rule("consumer.auto-refund-is-final", MUST, AUTO, after="consumer.auto-refund")
def an_auto_refund_is_final(consumer: ConsumerTarget) -> None:
    """After an auto-refund a late `approved`, or the same event again, MUST change nothing."""
    case = delivered(
        consumer,
        lambda c: arriving((c.approved(), c.auto_refund()), 0, 1, 1, 0),
        kind=OrderType.REPLACING,
    )
    ends_right(consumer, [case], "something changes after an auto-refund")


@rule("consumer.cancel-keeps-refunds", SHOULD, DOUBLE, after=("consumer.cancel", _PART), calls=12)
def a_cancel_keeps_what_was_refunded(consumer: ConsumerTarget) -> None:
    """A cancel after a partial refund SHOULD NOT make the refund unseen."""
    case = delivered(
        consumer,
        lambda c: (c.approved(), c.refund(2500), c.cancel()),
        variant="lenient",
    )
    either = frozenset({"cancelled", "partially_refunded"})
    found = consumer.mismatches([(case, Expected(either, 2500))])
    whole = Expected(frozenset({"cancelled", "fully_refunded"}), case.ledger.total)
    if found and not whole.agrees(found[0].state):
        ends_right(consumer, [(case, Expected(either, 2500))], "a cancel hides a refund")


@rule("consumer.halala-sums", MUST, HALALAS, after="consumer.parts-up-to-full", calls=40)
def sums_are_exact(consumer: ConsumerTarget) -> None:
    """Partial refunds MUST add up to the halala: 0.10 and 0.20 of 0.30 are a full refund."""
    cases = [
        delivered(consumer, partial(_in_parts, parts=parts), total=sum(parts))
        for parts in ((10, 20), (110, 220), (1999, 1), (3333, 3333, 3334), (5, 65), (70, 10))
    ]
    ends_right(consumer, cases, "refunds do not add up to the halala")


@rule("consumer.halala-amounts", MUST, HALALAS, calls=40)
def amounts_are_exact(consumer: ConsumerTarget) -> None:
    """An amount MUST be booked to the halala: 19.99 are 1999 halalas."""
    cases = [
        delivered(consumer, partial(_in_parts, parts=[amount]))
        for amount in (1999, 29, 57, 113, 1001, 8239, 1)
    ]
    ends_right(consumer, cases, "an amount is not booked to the halala")


@rule("consumer.large-amount", MUST, calls=12)
def a_large_amount_is_booked(consumer: ConsumerTarget) -> None:
    """A refund of millions MUST be booked to the halala."""
    large = 9_876_543_210
    case = delivered(consumer, lambda c: (c.approved(), c.refund(5_432_109_876)), total=large)
    ends_right(consumer, [case], "a large refund is not booked")


@rule("consumer.extra-fields", MUST, calls=12)
def extra_fields_are_no_matter(consumer: ConsumerTarget) -> None:
    """Fields that are not documented MUST NOT keep a refund from being booked."""
    _variant(consumer, "wide", "extra fields keep a refund from being booked")


@rule("consumer.absent-fields", MUST)
def optional_fields_may_be_absent(consumer: ConsumerTarget) -> None:
    """A refund whose payload leaves out the optional fields MUST be booked."""
    _variant(consumer, "bare", "absent optional fields keep a refund from being booked")


@rule("consumer.whole-amounts", MUST)
def amounts_may_be_integers(consumer: ConsumerTarget) -> None:
    """An amount that is written as an integer MUST be booked."""
    _variant(consumer, "whole", "integers keep a refund from being booked")


@rule("consumer.fine-timestamps", MUST)
def timestamps_may_have_microseconds(consumer: ConsumerTarget) -> None:
    """A refund whose timestamps have microseconds MUST be booked."""
    _variant(consumer, "fine", "microseconds keep a refund from being booked")


@rule("consumer.arabic-reason", MUST, calls=12)
def a_reason_may_be_arabic(consumer: ConsumerTarget) -> None:
    """A refund whose reason is in Arabic, and long, MUST be booked."""
    reason = ("أعاد العميل المنتج لأنه تالف 🙂 " * 20)[:500]
    case = delivered(consumer, lambda c: (c.approved(), c.refund(2500, reason)))
    ends_right(consumer, [case], "a reason keeps a refund from being booked")


def _variant(consumer: ConsumerTarget, variant: str, title: str) -> None:
    cases = [
        delivered(consumer, lambda c: (c.approved(), c.refund(2500)), kind=kind, variant=variant)
        for kind in OrderType
    ]
    ends_right(consumer, cases, title)


def _in_parts(case: ShopOrder, parts: Sequence[int]) -> list[Delivery]:
    return [case.approved(), *(case.refund(part) for part in parts)]
