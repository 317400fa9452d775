"""``consumer.*``: events that are no reversal, and input that is none at all."""

from collections.abc import Callable
from typing import Any, Final

from points_conformance.contract.names import MERCHANT_EVENTS, OrderType
from points_conformance.contract.needs import Need
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.rule import Level, inferred
from points_conformance.rules.consumer.family import family
from points_conformance.rules.consumer.telling import (
    APPROVED,
    DELIVERY,
    DOUBLE,
    EVENTS,
    broken,
    ends_right,
    insisting,
)
from points_conformance.simulator import Delivery
from points_conformance.targets.consumer.probe import Expected, wanted
from points_conformance.targets.consumer.shop import ShopOrder
from points_conformance.targets.consumer.target import ConsumerTarget, Told

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
_SILENT: Final = inferred("no source says what a consumer answers to what Points never sends")
_NO_REVERSAL: Final = inferred("an event that is no reversal gives nothing back")
_MERCHANT: Final = inferred("an event about the merchant gives nothing back")
_NO_DELIVERY: Final = inferred("what is no delivery gives nothing back")
_NO_LIST: Final = inferred("no source says that a delivery may come in a list")
_KNOWN: Final = "consumer.acknowledges-refunded"
_BOOKS: Final = "consumer.full-refund"
_PART: Final = "consumer.partial-refund"
_MIB: Final = 1024 * 1024
rule = family(_SILENT, after=_KNOWN, calls=12)


@rule("consumer.unknown-event-no-effect", MUST, _NO_REVERSAL, after=_BOOKS, needs=Need.PROBE)
def an_unknown_event_has_no_effect(consumer: ConsumerTarget) -> None:
    """An event that the consumer does not know MUST NOT change an order."""
    consumer.probe()
    approved, refunded = consumer.order(), consumer.order()
    consumer.deliver(approved.approved(), refunded.approved(), refunded.refund())
    for case in (approved, refunded):
        other = case.tell("completed")
        insisting(consumer, other, **consumer.body_with(other, "refund_reminder"))
    ends_right(
        consumer,
        [(approved, APPROVED), (refunded, wanted(refunded.ledger))],
        "an unknown event takes effect",
    )


@rule("consumer.merchant-event-no-effect", MUST, _MERCHANT, after=_PART, needs=Need.PROBE, calls=16)
def a_merchant_event_has_no_effect(consumer: ConsumerTarget) -> None:
    """An event about the merchant MUST NOT change an order, nor keep the next from being booked."""
    consumer.probe()
    before, after = consumer.order(), consumer.order()
    consumer.deliver(before.approved(), after.approved())
    for event in sorted(MERCHANT_EVENTS):
        consumer.deliver(consumer.shop.merchant_event(event))
    consumer.deliver(after.refund(2500))
    ends_right(consumer, [(before, APPROVED), after], "a merchant event takes effect")


@rule(
    "consumer.shipping-is-no-cancel",
    MUST,
    EVENTS,
    inferred("a shipping status `cancelled` is no financial cancel"),
    after="consumer.cancel",
    needs=Need.PROBE,
)
def a_cancelled_shipping_is_no_cancel(consumer: ConsumerTarget) -> None:
    """A shipping status `cancelled` MUST NOT cancel the order."""
    consumer.probe()
    case = consumer.order(kind=OrderType.REPLACING)
    shipping = case.tell("shipping_status_updated", status="cancelled", status_label="Cancelled")
    for delivery in (case.approved(), shipping):
        consumer.deliver(delivery)
    ends_right(consumer, [(case, APPROVED)], "a cancelled shipping cancels the order")


_Spoil = Callable[[Delivery], dict[str, Any]]
_CUT: Final = "JSON that is cut"
#: What is no delivery, however it is read.
_NONE: Final[dict[str, _Spoil]] = {
    _CUT: lambda d: {"body": d.body[: len(d.body) // 2]},
    "text": lambda d: {"body": b"refunded"},
    "an empty body": lambda d: {"body": b""},
    "an order that is null": lambda d: {"body": b'{"event":"refunded","order":null}'},
    "a MiB of text": lambda d: {"body": b"x" * _MIB},
    "another content type": lambda d: {
        "body": b"event=refunded",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    },
    "another method": lambda d: {"method": "PUT", "body": b""},
}
_LIST: Final = "a list"
#: What no source speaks of: an answer is asked for, and no more.
_ODD: Final[dict[str, _Spoil]] = {
    _LIST: lambda d: {"body": b"[" + d.body + b"]"},
    "no amount that is a number": lambda d: {
        "body": d.body.replace(b'"refund_amount":25.00', b'"refund_amount":"much"')
    },
}


@rule("consumer.bad-input-no-effect", MUST, _NO_DELIVERY, after=_PART, needs=Need.PROBE, calls=60)
def bad_input_has_no_effect(consumer: ConsumerTarget) -> None:
    """JSON that is cut, text, a form, an empty body, an `order` that is null, a MiB of text, or a
    PUT without a body MUST have no effect.
    """
    consumer.probe()
    cases = [_spoilt(consumer, spoil) for spoil in _NONE.values()]
    after = consumer.order()
    consumer.deliver(after.approved(), after.refund(2500))
    ends_right(consumer, [*cases, after], "what is no delivery takes effect")


@rule(
    "consumer.cut-then-whole",
    MUST,
    DELIVERY,
    DOUBLE,
    inferred("2xx is acknowledged: a refund that was cut on its way would never come again"),
    after="consumer.bad-input-no-effect",
    needs=Need.PROBE,
)
def a_cut_refund_is_made_good(consumer: ConsumerTarget) -> None:
    """A refund that arrives cut MUST be booked once in the end: acknowledged it never comes again,
    and what is not acknowledged comes again whole.
    """
    consumer.probe()
    case = consumer.order()
    consumer.deliver(case.approved())
    delivery = case.refund(2500)
    told = consumer.send(delivery, **_NONE[_CUT](delivery))
    if not told.accepted:
        consumer.deliver(delivery)
    elif consumer.speed.queues:
        raise NotExercised(
            "this consumer acknowledges before it reads: what it could not read is in its queue, "
            "for somebody to look at",
            lacks="a consumer that reads before it answers",
        )
    ends_right(consumer, [case], "a refund that arrives cut is lost, or booked twice")


@rule("consumer.list-no-effect", SHOULD, _NO_LIST, after=_PART, needs=Need.PROBE)
def a_list_has_no_effect(consumer: ConsumerTarget) -> None:
    """A list with a `refunded` payload in it SHOULD have no effect."""
    consumer.probe()
    ends_right(consumer, [_spoilt(consumer, _ODD[_LIST])], "a list takes effect")


def _spoilt(consumer: ConsumerTarget, spoil: _Spoil) -> tuple[ShopOrder, Expected]:
    """An order that was approved, and a refund of it that is none; what comes of it: nothing."""
    case = consumer.order()
    consumer.deliver(case.approved())
    consumer.send(case.refund(2500), **spoil(case.refund(2500)))
    return case, APPROVED


def _bad(consumer: ConsumerTarget, what: str) -> Told:
    case = consumer.order()
    consumer.deliver(case.approved())
    delivery = case.refund(2500)
    return insisting(consumer, delivery, **{**_NONE, **_ODD}[what](delivery))


def _refused(consumer: ConsumerTarget, *kinds: str) -> None:
    for what in kinds:
        told = _bad(consumer, what)
        if told.status is None or not 400 <= told.status < 500:
            raise broken(
                consumer,
                "bad input is not refused",
                expected=f"4xx for {what}",
                got=str(told),
                exchanges=[told.exchange],
            )


@rule("consumer.malformed-json-refused", SHOULD, calls=20)
def malformed_json_is_refused(consumer: ConsumerTarget) -> None:
    """A body that is no JSON object SHOULD be refused with 4xx."""
    _refused(consumer, _CUT, "text", "a list")


@rule("consumer.empty-body-refused", SHOULD)
def an_empty_body_is_refused(consumer: ConsumerTarget) -> None:
    """An empty body SHOULD be refused with 4xx."""
    _refused(consumer, "an empty body")


@rule("consumer.large-body-refused", SHOULD)
def a_large_body_is_refused(consumer: ConsumerTarget) -> None:
    """A body of a MiB that is no JSON SHOULD be refused with 4xx."""
    _refused(consumer, "a MiB of text")


@rule("consumer.content-type-refused", SHOULD)
def another_content_type_is_refused(consumer: ConsumerTarget) -> None:
    """A form in place of JSON SHOULD be refused with 4xx."""
    _refused(consumer, "another content type")


@rule("consumer.method-refused", SHOULD, DELIVERY)
def another_method_is_refused(consumer: ConsumerTarget) -> None:
    """Another method than POST SHOULD be refused with 4xx."""
    _refused(consumer, "another method")


@rule("consumer.odd-values-no-5xx", SHOULD, calls=20)
def odd_values_break_nothing(consumer: ConsumerTarget) -> None:
    """An `order` that is null, or a `refund_amount` of "much", SHOULD NOT be answered with 5xx."""
    for what in ("an order that is null", "no amount that is a number"):
        told = _bad(consumer, what)
        if told.status is None or told.status >= 500:
            raise broken(
                consumer,
                "bad input is answered with 5xx",
                expected=f"no 5xx for {what}",
                got=str(told),
                exchanges=[told.exchange],
            )
