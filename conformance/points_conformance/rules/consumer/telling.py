"""What the rules of consumers share: delivering, expecting, and telling what went wrong."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from points_conformance.contract.pages import Page
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Attributed, Finding, NetworkTrouble
from points_conformance.judging.rule import inferred, source
from points_conformance.judging.verdict import Cost
from points_conformance.rules.costs import CUSTOMER, MERCHANT, in_sar
from points_conformance.simulator import Delivery
from points_conformance.targets.consumer.picture import pictured
from points_conformance.targets.consumer.probe import Expected
from points_conformance.targets.consumer.shop import ShopOrder
from points_conformance.targets.consumer.target import ATTEMPTS, ConsumerTarget, Mismatch, Told

__all__ = [
    "APPROVED",
    "DELIVERY",
    "DOUBLE",
    "EVENTS",
    "HEADERS",
    "REFUND",
    "RETRY",
    "SECURITY",
    "acknowledged",
    "arriving",
    "broken",
    "cost_of",
    "delivered",
    "ends_right",
    "ends_right_at_first",
    "insisting",
    "story_of",
]

DELIVERY: Final = source(Page.WEBHOOKS, "Delivery")
EVENTS: Final = source(Page.EVENTS, "Events and payloads")
HEADERS: Final = source(Page.WEBHOOKS, "Headers")
SECURITY: Final = source(Page.WEBHOOKS, "Responses: 401/403 for a bad secret")
REFUND: Final = source(Page.REVERSALS, "Refund an order")
DOUBLE: Final = inferred(
    "no double refunds, and no lost ones: what Points gave back is booked once"
)
#: The rule that a wrong end after a 5xx and a retry is laid to.
RETRY: Final = "consumer.retry-after-5xx"
#: What a consumer says of an order that was approved, and nothing more.
APPROVED: Final = Expected(frozenset({"approved"}), 0)


def story_of(consumer: ConsumerTarget, case: ShopOrder) -> list[Exchange]:
    """The deliveries about one order: its id is in no other's."""
    return [e for e in consumer.exchanges if e.body and case.id in e.body]


def broken(
    consumer: ConsumerTarget,
    title: str,
    *,
    expected: str,
    got: str,
    exchanges: Sequence[Exchange],
    cost: Cost | None = None,
) -> Finding:
    """A finding with the deliveries that show it, kept so that they can be sent again."""
    consumer.learned.replays[consumer.rule] = {
        "rule": consumer.rule,
        "title": title,
        "expected": consumer.redact(expected),
        "got": consumer.redact(got),
        "deliveries": [
            {"method": e.method, "headers": dict(e.headers), "body": e.body} for e in exchanges
        ],
    }
    words = [_in_words(exchange) for exchange in exchanges]
    return Finding(
        title,
        expected=expected,
        got=got,
        exchanges=exchanges,
        story=words,
        steps=pictured(exchanges),
        cost=cost,
    )


def _in_words(exchange: Exchange) -> str:
    answer = f"HTTP {exchange.status}" if exchange.status is not None else exchange.error
    try:
        payload: Any = json.loads(exchange.body or "", parse_float=str)
        order = dict(payload["order"])
    except (ValueError, KeyError, TypeError):
        return f"{exchange.method} {(exchange.body or 'nothing')[:60]} -> {answer}"
    amount = f" {order['refund_amount']}" if "refund_amount" in order else ""
    return (
        f"{payload.get('event')}{amount} of {order.get('total_price')} SAR "
        f"({payload.get('timestamp')}) -> {answer}"
    )


def delivered(
    consumer: ConsumerTarget,
    tell: Callable[[ShopOrder], Iterable[Delivery]],
    *,
    together: bool = False,
    **order: Any,
) -> ShopOrder:
    """A new order whose story is delivered, one after the other; ``together`` what is refused
    comes again after the rest. Raises :class:`NotExercised` where nobody could see what comes of
    it.
    """
    consumer.probe()
    case = consumer.order(**order)
    if together:
        consumer.deliver(*tell(case))
    else:
        for delivery in tell(case):
            consumer.deliver(delivery)
    return case


def arriving(made: Sequence[Delivery], *places: int) -> list[Delivery]:
    """Deliveries as they arrive: those of these places, again and in another order than made."""
    return [made[place] for place in places]


def ends_right(
    consumer: ConsumerTarget, cases: Iterable[ShopOrder | tuple[ShopOrder, Expected]], title: str
) -> None:
    """Every order ends in the expected state, or a finding with the smallest wrong story."""
    wrong = consumer.mismatches(cases)
    if wrong:
        raise _wrong_end(consumer, wrong, title)


def _wrong_end(consumer: ConsumerTarget, wrong: Sequence[Mismatch], title: str) -> Finding:
    found = min(wrong, key=lambda mismatch: len(story_of(consumer, mismatch.case)))
    return broken(
        consumer,
        title,
        expected=f"the order to end {found.expected}",
        got=found.got + (f"; so with {len(wrong)} orders" if len(wrong) > 1 else ""),
        exchanges=story_of(consumer, found.case),
        cost=cost_of(found),
    )


def cost_of(wrong: Mismatch) -> Cost | None:
    """What it costs that a consumer's books are not those of Points: what it takes for given back
    the customer goes without, what it does not know of may be given again.
    """
    if wrong.expected.refunded is None:
        return None
    booked = wrong.state.halalas if wrong.state is not None else 0
    more, total = (booked or 0) - wrong.expected.refunded, wrong.case.order.ledger.total
    if more > 0:
        return in_sar(more, "booked that never went back", of=total, loses=CUSTOMER)
    return in_sar(-more, "gone back and not booked", of=total, loses=MERCHANT)


def ends_right_at_first(
    consumer: ConsumerTarget,
    tell: Callable[[ShopOrder], Iterable[Delivery]],
    title: str,
    **order: Any,
) -> None:
    """A plain story ends right. A wrong end after a 5xx and a retry is laid to the rule of those,
    as long as no retry was seen to end right: one bug, one story.
    """
    case = delivered(consumer, tell, **order)
    try:
        ends_right(consumer, [case], title)
    except Finding as finding:
        if consumer.learned.retries_right or not _retried(finding.exchanges):
            raise
        replays = consumer.learned.replays
        replays.setdefault(RETRY, replays.pop(consumer.rule))
        raise Attributed({RETRY: finding}) from None


def _retried(story: Sequence[Exchange]) -> bool:
    """Whether a delivery that failed came again, and was accepted then."""
    failed = {e.body for e in story if e.status is None or e.status >= 500}
    return any(e.status is not None and e.status < 300 and e.body in failed for e in story)


def acknowledged(consumer: ConsumerTarget, told: Told, what: str) -> None:
    """It was answered with 2xx, if need be when it came again."""
    if told.accepted:
        return
    raise broken(
        consumer,
        f"{what} is not acknowledged",
        expected=f"2xx, at the latest to attempt {ATTEMPTS}",
        got=str(told),
        exchanges=[told.exchange],
    )


def insisting(consumer: ConsumerTarget, delivery: Delivery, **altered: Any) -> Told:
    """An attempt, again where the consumer asks for one by a 5xx; the last answer."""
    for _ in range(ATTEMPTS):
        told = consumer.send(delivery, **altered)
        if (told.status is not None and told.status < 500) or not consumer.comes_again(told):
            break
    if told.status is None and not told.late:
        raise NetworkTrouble(f"{consumer.url} was not reached: {told.error}")
    return told
