"""``consumer.*``: what a consumer answers."""

from points_conformance.contract.names import MERCHANT_EVENTS, OrderType
from points_conformance.contract.pages import Page
from points_conformance.judging.rule import Level, Profile, inferred, source
from points_conformance.rules.consumer.family import family
from points_conformance.rules.consumer.telling import (
    DELIVERY,
    EVENTS,
    SECURITY,
    acknowledged,
    broken,
)
from points_conformance.targets.consumer.target import ConsumerTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
SMOKE = Profile.SMOKE
AUTO = source(Page.REVERSALS, "Auto-refund")
FIXTURES = source(Page.CLIENT_LIBRARY, "Fixtures of merchant events")
NEW_ONES = inferred("webhooks cannot be subscribed to by event, and new ones appear")
ANY_ORDER = inferred("order of deliveries is not guaranteed")
_REFUNDS = "consumer.acknowledges-refunded"
_CANCELS = "consumer.acknowledges-cancelled"
rule = family(DELIVERY, calls=12)


@rule("consumer.acknowledges-refunded", MUST, DELIVERY, EVENTS, profile=SMOKE, calls=24)
def refunds_are_acknowledged(consumer: ConsumerTarget) -> None:
    """A `refunded` event of either type of order MUST be acknowledged with 2xx."""
    for kind in OrderType:
        case = consumer.order(kind=kind)
        told = consumer.deliver(case.approved(), case.refund(2500), case.refund())
        acknowledged(consumer, told[1], "a partial refund")
        acknowledged(consumer, told[2], "the refund of the rest")


@rule("consumer.acknowledges-cancelled", MUST, DELIVERY, EVENTS, profile=SMOKE)
def cancels_are_acknowledged(consumer: ConsumerTarget) -> None:
    """A `cancelled` event MUST be acknowledged with 2xx."""
    case = consumer.order()
    told = consumer.deliver(case.approved(), case.cancel("The customer changed their mind"))
    acknowledged(consumer, told[1], "a cancel")


@rule("consumer.acknowledges-auto-refunded", MUST, AUTO, profile=SMOKE)
def auto_refunds_are_acknowledged(consumer: ConsumerTarget) -> None:
    """An `auto_refunded` event MUST be acknowledged with 2xx, for it is a refund as well."""
    case = consumer.order(kind=OrderType.REPLACING)
    told = consumer.deliver(case.approved(), case.auto_refund())
    acknowledged(consumer, told[1], "an auto-refund")


@rule("consumer.acknowledges-other-events", MUST, DELIVERY, EVENTS, calls=24)
def every_order_event_is_acknowledged(consumer: ConsumerTarget) -> None:
    """Every other event of an order MUST be acknowledged: each endpoint receives them all."""
    case = consumer.order(kind=OrderType.REPLACING)
    consumer.deliver(case.approved())
    for event in ("authorized", "captured", "completed"):
        acknowledged(consumer, consumer.deliver(case.tell(event))[0], f"`{event}`")
    shipping = case.tell("shipping_status_updated", status="delivered", status_label="Delivered")
    acknowledged(consumer, consumer.deliver(shipping)[0], "a shipping status")


@rule("consumer.acknowledges-unknown-events", SHOULD, NEW_ONES)
def unknown_events_are_acknowledged(consumer: ConsumerTarget) -> None:
    """An event that the consumer does not know SHOULD be acknowledged, or it comes again."""
    case = consumer.order()
    consumer.deliver(case.approved())
    other = case.tell("completed")
    told = consumer.send(other, **consumer.body_with(other, "points_expired"))
    for _ in range(2):
        if told.accepted:
            break
        told = consumer.send(other, **consumer.body_with(other, "points_expired"))
    acknowledged(consumer, told, "an unknown event")


@rule("consumer.acknowledges-merchant-events", SHOULD, FIXTURES)
def merchant_events_are_acknowledged(consumer: ConsumerTarget) -> None:
    """An event about the merchant, which has no `order`, SHOULD be acknowledged."""
    for event in sorted(MERCHANT_EVENTS):
        delivery = consumer.shop.merchant_event(event)
        acknowledged(consumer, consumer.deliver(delivery)[0], f"`{event.value}`")


@rule("consumer.acknowledges-repeats", MUST, after=(_REFUNDS, _CANCELS), profile=SMOKE, calls=24)
def repeats_are_acknowledged(consumer: ConsumerTarget) -> None:
    """A delivery that comes again MUST be acknowledged like the first one."""
    part, gone = consumer.order(), consumer.order()
    deliveries = [part.refund(2500), gone.cancel()]
    consumer.deliver(part.approved(), gone.approved(), *deliveries)
    for told in consumer.deliver(*deliveries):
        acknowledged(consumer, told, "a delivery that comes again")


@rule("consumer.unknown-order", MUST, ANY_ORDER, after=_REFUNDS, calls=24)
def an_unknown_order_breaks_nothing(consumer: ConsumerTarget) -> None:
    """A refund of an order that the consumer does not know MUST NOT keep it from taking others."""
    consumer.deliver(consumer.order(known=False).refund(2500))
    case = consumer.order()
    told = consumer.deliver(case.approved(), case.refund(2500))
    acknowledged(consumer, told[-1], "a refund that comes after one of an unknown order")


@rule("consumer.answers-in-time", MUST, profile=SMOKE)
def every_delivery_is_answered_in_time(consumer: ConsumerTarget) -> None:
    """A delivery MUST be answered within 10 s: after that it counts as failed, and comes again."""
    _in_time(consumer)
    _one_of_each(consumer)
    _in_time(consumer)


def _in_time(consumer: ConsumerTarget) -> None:
    """Every delivery so far: where some were late already, no more have to be."""
    late = [told for told in consumer.told if told.late]
    if late:
        raise broken(
            consumer,
            "no answer in time",
            expected="an answer within 10 s",
            got=f"{late[0]}; late were {len(late)} of {len(consumer.told)} attempts",
            exchanges=[late[0].exchange],
        )


@rule("consumer.answers-quickly", SHOULD, after="consumer.answers-in-time")
def every_delivery_is_answered_quickly(consumer: ConsumerTarget) -> None:
    """A delivery SHOULD be answered within 2 s: what takes longer belongs into a queue."""
    _one_of_each(consumer)
    slow = max(consumer.told, key=lambda told: told.seconds)
    if slow.seconds > 2:
        raise broken(
            consumer,
            "a slow answer",
            expected="an answer within 2 s",
            got=f"one after {slow.seconds:.1f} s",
            exchanges=[slow.exchange],
        )


@rule("consumer.no-redirect", MUST, profile=SMOKE)
def no_delivery_is_redirected(consumer: ConsumerTarget) -> None:
    """A delivery MUST NOT be answered with a redirect, which nobody says that Points follows."""
    _one_of_each(consumer)
    for told in consumer.told:
        if told.status is not None and 300 <= told.status < 400:
            raise broken(
                consumer,
                "a redirect",
                expected="an answer at the URL that is registered",
                got=f"{told} to {told.headers.get('location', 'nowhere')}",
                exchanges=[told.exchange],
            )


@rule("consumer.secret-not-echoed", MUST, SECURITY, profile=SMOKE)
def the_secret_is_not_echoed(consumer: ConsumerTarget) -> None:
    """An answer, also a refusal, MUST NOT show the secret."""
    _one_of_each(consumer)
    case = consumer.order()
    consumer.send(case.approved(), headers={"X-Webhook-Secret": "not-the-secret"})
    consumer.send(case.approved(), body=b'{"event": ')
    for told in consumer.told:
        if len(consumer.secret) >= 8 and consumer.secret in told.text + str(told.headers):
            raise broken(
                consumer,
                "the secret is shown",
                expected="an answer without the secret",
                got=f"{told} with it in the body or a header",
                exchanges=[told.exchange],
            )


def _one_of_each(consumer: ConsumerTarget) -> None:
    """So that there is something to look at when the rule runs alone."""
    part, gone = consumer.order(), consumer.order()
    for delivery in (part.approved(), part.refund(2500), gone.approved(), gone.cancel()):
        consumer.send(delivery)
