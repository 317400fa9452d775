"""``consumer.crash-*``: a consumer that is ended at once and started anew, as by ``kill -9``.

2xx says that a delivery is in good hands: Points never sends it again, whatever becomes of the
process. What was not acknowledged comes again, and what was may do so as well.
"""

import threading
import time
from typing import Final

from points_conformance.contract.needs import Need
from points_conformance.judging.budget import BudgetSpent
from points_conformance.judging.finding import Denied
from points_conformance.judging.rule import Level, inferred
from points_conformance.rules.consumer.family import family
from points_conformance.rules.consumer.telling import DELIVERY, DOUBLE, delivered, ends_right
from points_conformance.simulator import Delivery
from points_conformance.targets.consumer.shop import ShopOrder
from points_conformance.targets.consumer.target import ConsumerTarget

__all__ = ["CRASHES", "rule"]

#: How often a run has the consumer crash: once in each of the first rules, twice in the last.
CRASHES: Final = 4
_ROUNDS: Final = 2
#: The most orders that are told of while it crashes, and the seconds for that. The pause after each
#: grows, for it may be a while until the command has come to ending the consumer.
_STREAM: Final = 60
_STREAMING: Final = 20.0
_PAUSE: Final = 0.002
_LONGER: Final = 1.1
_KEEPS: Final = "consumer.crash-keeps-what-was-acknowledged"
_AGAIN: Final = "consumer.crash-books-repeats-once"
_GOOD_HANDS: Final = inferred(
    "what was acknowledged is never sent again: it has to outlive the process that took it"
)
rule = family(
    DELIVERY,
    DOUBLE,
    after=("consumer.second-partial-refund", "consumer.repeat-applied-once"),
    needs=(Need.PROBE, Need.RESTART),
    calls=24,
    # A crash may take two minutes: the command, and until the consumer answers.
    seconds=300.0,
)


@rule(_KEEPS, Level.MUST, _GOOD_HANDS)
def a_crash_loses_nothing(consumer: ConsumerTarget) -> None:
    """What was acknowledged before a crash MUST be booked after it, though it never comes again."""
    consumer.probe()
    consumer.restarts()
    long_ago = delivered(consumer, lambda c: (c.approved(), c.refund(2500)))
    ends_right(consumer, [long_ago], "a partial refund is not booked")
    just_now = delivered(consumer, lambda c: (c.approved(), c.refund(2500), c.refund(3000)))
    consumer.crash()
    ends_right(
        consumer, [just_now, long_ago], "what was acknowledged is lost in a crash, or booked again"
    )


@rule(_AGAIN, Level.MUST, _GOOD_HANDS, after=_KEEPS)
def a_crash_forgets_no_delivery(consumer: ConsumerTarget) -> None:
    """A delivery that was acknowledged before a crash, and comes again after it, MUST be booked
    once: neither twice, nor taken for a repeat of what was noted and not booked.
    """
    consumer.probe()
    consumer.restarts()
    told: list[tuple[ShopOrder, Delivery]] = []
    for wait in (True, False):
        case = delivered(consumer, lambda c: [c.approved()])
        refund = case.refund(2500)
        consumer.deliver(refund)
        if wait:
            ends_right(consumer, [case], "a partial refund is not booked")
        told.append((case, refund))
    consumer.crash()
    consumer.deliver(*(refund for _, refund in told))
    ends_right(
        consumer, [case for case, _ in told], "after a crash a repeat is lost, or booked twice"
    )


@rule(
    "consumer.crash-in-between", Level.MUST, _GOOD_HANDS, after=_AGAIN, calls=_ROUNDS * 6 * _STREAM
)
def a_crash_in_the_midst_is_made_good(consumer: ConsumerTarget) -> None:
    """Deliveries that a crash comes upon MUST be booked once in the end: what was not acknowledged
    comes again.
    """
    consumer.probe()
    consumer.restarts()
    for _ in range(_ROUNDS):
        cases = _crashed_upon(consumer)
        ends_right(consumer, cases, "a delivery that a crash came upon is lost, or booked twice")


def _crashed_upon(consumer: ConsumerTarget) -> list[ShopOrder]:
    """Orders that were told of, one after the other, while the consumer was ended and started."""
    stream = _Stream(consumer)
    teller = threading.Thread(target=stream.run, daemon=True)
    teller.start()
    try:
        consumer.crash()
    finally:
        stream.over.set()
        teller.join(consumer.timeout + _STREAMING)
    if stream.trouble is not None:
        raise stream.trouble
    consumer.deliver(*stream.unheard)
    return stream.cases


class _Stream:
    """Deliveries about one order after another, until it is ``over`` or nobody is there any more.

    ``unheard``: what was not acknowledged, and comes again. ``trouble``: why it broke off.
    """

    def __init__(self, consumer: ConsumerTarget) -> None:
        self.over = threading.Event()
        self.cases: list[ShopOrder] = []
        self.unheard: list[Delivery] = []
        self.trouble: Denied | BudgetSpent | None = None
        self._consumer = consumer
        self._most = consumer.affords(_STREAM, 2, _STREAMING)

    def run(self) -> None:
        """Tell; a consumer that is down cannot be told of an order by its own checkout either."""
        until = time.monotonic() + _STREAMING
        while not self.over.is_set() and len(self.cases) < self._most and time.monotonic() < until:
            try:
                case = self._consumer.order()
            except Denied:
                return
            try:
                self._tell(case)
            except (Denied, BudgetSpent) as trouble:
                self.trouble = trouble
                return
            if self.unheard:  # once it is down nothing more is to be seen
                return
            self.over.wait(_PAUSE * _LONGER ** len(self.cases))

    def _tell(self, case: ShopOrder) -> None:
        self.cases.append(case)
        for delivery in (case.approved(), case.refund(2500)):
            self._consumer.door.wait()
            if not self._consumer.send(delivery, raced=True).accepted:
                self.unheard.append(delivery)
