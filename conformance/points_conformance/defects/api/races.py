"""Servers with a window of milliseconds between what they check and what they book.

The simulator answers one call at a time, behind its lock. These desks open it for a moment, as a
server does that reads and writes without a lock on the row.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import Answering, ServerDefect, with_answer
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.ledger import Booked, Cancel, OrderLedger, Refund
from points_conformance.simulator.core import Parts, Simulator
from points_conformance.simulator.messages import Response
from points_conformance.simulator.operations import Call, Operation
from points_conformance.simulator.world import Order

__all__ = ["WINDOW_SECONDS", "seed"]

#: How long others may come in between.
WINDOW_SECONDS: Final = 0.005
S = OrderStatus
#: Calls at once are nobody else's business.
RACES = ("race.*",)
seed = Seeds(ServerDefect, related=RACES, profile=Profile.STANDARD)

Book = Callable[[Order, Booked], OrderLedger]


@contextmanager
def _window(sim: Simulator) -> Iterator[None]:
    """Let other calls in for a moment. The core holds its lock exactly once."""
    sim.lock.release()
    try:
        time.sleep(WINDOW_SECONDS)
        yield
    finally:
        sim.lock.acquire()


def _overwritten(order: Order, booked: Booked) -> OrderLedger:
    """``UPDATE ... SET refunded = :computed``: what others booked meanwhile is lost."""
    del order
    return booked.ledger


def _added(order: Order, booked: Booked) -> OrderLedger:
    """``UPDATE ... SET refunded = refunded + :amount``: the sum is right, the bound was not."""
    refunded = order.ledger.refunded + booked.amount
    full = refunded >= order.ledger.total
    return replace(
        order.ledger,
        refunded=refunded,
        refunded_points=order.ledger.refunded_points + booked.points,
        status=S.FULLY_REFUNDED if full else S.PARTIALLY_REFUNDED,
    )


def _refund(book: Book, only: Callable[[Order, int | None], bool] | None = None) -> Answering:
    """A refund that is checked, and after the window booked."""

    def answer(sim: Simulator, call: Call) -> Response:
        order = sim.gate.order(call.merchant, call.name)
        form = sim.forms.refund(call.request)
        booked = sim.desk.decide(order, Refund(form.amount))
        if booked.action is not None:
            if only is None or only(order, form.amount):
                with _window(sim):
                    pass
                booked = replace(booked, ledger=book(order, booked))
            sim.desk.commit(order, booked)
            sim.notifier.refunded(order, booked, form.reason)
        return sim.presenter.order_answer(order, "Order refunded successfully")

    return answer


def _cancel(sim: Simulator, call: Call) -> Response:
    """A cancel that is checked, and after the window booked."""
    order = sim.gate.order(call.merchant, call.name)
    reason = sim.forms.cancel(call.request)
    booked = sim.desk.decide(order, Cancel())
    with _window(sim):
        pass
    sim.desk.commit(order, replace(booked, ledger=replace(order.ledger, status=S.CANCELLED)))
    sim.notifier.cancelled(order, sim.desk.cancel_reason(reason))
    return sim.presenter.order_answer(order, "Order cancelled successfully")


def _full_only(order: Order, amount: int | None) -> bool:
    return amount is None or amount >= order.ledger.total


def _parts_only(order: Order, amount: int | None) -> bool:
    return not _full_only(order, amount)


def _unlocked(**answers: Answering) -> tuple[Operation, ...]:
    operations = Parts().operations
    for call, answer in answers.items():
        operations = with_answer(call, answer, operations)
    return operations


seed.add(
    "refunds-race-and-overwrite",
    "Two refunds at once read the same books, and the later one overwrites the earlier.",
    Parts(operations=_unlocked(refund=_refund(_overwritten))),
    "race.full-refunds",
    "race.partial-refunds",
    "race.cancel-or-refund",
)
seed.add(
    "refunds-race-past-the-total",
    "Partial refunds at once are each checked against the same books and then added up.",
    Parts(operations=_unlocked(refund=_refund(_added))),
    "race.full-refunds",
    "race.partial-refunds",
)
seed.add(
    "full-refunds-race",
    "Only full refunds are checked outside of the lock: at once, several are carried out.",
    Parts(operations=_unlocked(refund=_refund(_added, _full_only))),
    "race.full-refunds",
)
seed.add(
    "partial-refunds-race",
    "Only partial refunds are checked outside of the lock: at once, one overwrites another.",
    Parts(operations=_unlocked(refund=_refund(_overwritten, _parts_only))),
    "race.partial-refunds",
)
seed.add(
    "cancels-race",
    "Cancels at once are all carried out, and each is told.",
    Parts(operations=_unlocked(cancel=_cancel)),
    "race.cancels",
)
seed.add(
    "cancel-races-refund",
    "A cancel and a refund at once are both carried out: the money goes back twice.",
    Parts(operations=_unlocked(cancel=_cancel, refund=_refund(_added))),
    "race.cancel-or-refund",
    "race.cancels",
    "race.full-refunds",
)
