"""Servers that lock what is alike, and let calls of different kinds, or on different orders, meet.

As in :mod:`~points_conformance.defects.api.races` a desk is open for a moment between what it
checks and what it books; here each kind of call has a lock of its own, or none has the answer's.
"""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.names import Event, OrderStatus
from points_conformance.defects.api.defect import Answering, ServerDefect, answer_of, with_answer
from points_conformance.defects.api.races import WINDOW_SECONDS
from points_conformance.defects.api.variants import crash, given_back
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.ledger import Booked, Cancel, Command, OrderLedger, Refund, Step
from points_conformance.simulator.core import Parts, Simulator
from points_conformance.simulator.messages import Response
from points_conformance.simulator.operations import Call, Operation
from points_conformance.simulator.world import Order

__all__ = ["seed"]

S = OrderStatus
#: Threads of a run that makes one call after the other, and how much longer a window is otherwise.
_ALONE: Final = 2
_BUSY: Final = 6
seed = Seeds(ServerDefect, profile=Profile.STANDARD)


@contextmanager
def _outside(sim: Simulator) -> Iterator[None]:
    """Without the core's lock, which it holds exactly once."""
    sim.lock.release()
    try:
        yield
    finally:
        sim.lock.acquire()


def _moment(sim: Simulator, windows: float = 1) -> None:
    """Let other calls in, longer where other threads may make some: on a busy machine those that
    are released together arrive many milliseconds apart.
    """
    crowded = threading.active_count() > _ALONE
    with _outside(sim):
        time.sleep(WINDOW_SECONDS * windows * (_BUSY if crowded else 1))


class _Locks:
    """A lock for each order and kind of call."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)

    def take(self, sim: Simulator, uuid: str, kind: str) -> threading.Lock:
        """The lock, held: one at a time of this kind."""
        lock = self._locks[uuid, kind]
        with _outside(sim):
            lock.acquire()
        return lock


Write = Callable[[Order, Booked], OrderLedger]
_TOLD = {
    Action.COMPLETE: Event.COMPLETED,
    Action.AUTHORIZE: Event.AUTHORIZED,
    Action.CAPTURE: Event.CAPTURED,
}


def _saved(order: Order, booked: Booked) -> OrderLedger:
    """The whole row as it was read and changed: what others wrote meanwhile is gone."""
    del order
    return booked.ledger


def _added(order: Order, booked: Booked) -> OrderLedger:
    """``UPDATE orders SET refunded = refunded + :amount``, and the status that this comes to."""
    return given_back(order.ledger, booked.amount).ledger


def _operation(name: str, write: Write, *, windows: float = 1) -> Answering:
    """A call with the lock of its kind: it checks, takes a moment, and writes."""
    locks = _Locks()

    def answer(sim: Simulator, call: Call) -> Response:
        order = sim.gate.order(call.merchant, call.name)
        command, tell = _asked(sim, call, order, name)
        whole = isinstance(command, Refund) and command.amount in (None, order.ledger.total)
        lock = locks.take(sim, order.uuid, "all" if whole else name)
        try:
            booked = sim.desk.decide(order, command)
            if booked.action is not None:
                _moment(sim, windows)
                booked = replace(booked, ledger=write(order, booked))
                sim.desk.commit(order, booked)
                tell(booked)
        finally:
            lock.release()
        return sim.presenter.order_answer(order, "Done")

    return answer


def _asked(
    sim: Simulator, call: Call, order: Order, name: str
) -> tuple[Command, Callable[[Booked], None]]:
    """What a call asks for, and how it is told."""
    if name == "cancel":
        reason = sim.desk.cancel_reason(sim.forms.cancel(call.request))
        return Cancel(), lambda booked: sim.notifier.cancelled(order, reason)
    if name == "refund":
        form = sim.forms.refund(call.request)
        return Refund(form.amount), lambda booked: sim.notifier.refunded(order, booked, form.reason)
    action = Action(name)
    return Step(action), lambda booked: sim.notifier.changed(_TOLD[action], order)


def _parts(**answers: Answering) -> Parts:
    operations: tuple[Operation, ...] = Parts().operations
    for name, answer in answers.items():
        operations = with_answer(name, answer, operations)
    return Parts(operations=operations)


def _unlocked(name: str) -> Answering:
    """A call without any lock: it checks, takes a moment, and writes."""

    def answer(sim: Simulator, call: Call) -> Response:
        order = sim.gate.order(call.merchant, call.name)
        command, tell = _asked(sim, call, order, name)
        booked = sim.desk.decide(order, command)
        _moment(sim)
        sim.desk.commit(order, booked)
        tell(booked)
        return sim.presenter.order_answer(order, "Done")

    return answer


# ---------------------------------------------------------------------- two calls on one order
seed.add(
    "completes-race",
    # PHP: the payment page sends its form twice, and the check is a SELECT without FOR UPDATE.
    "Completes at once are all carried out and told: the customer pays twice.",
    _parts(complete=_unlocked("complete")),
    "race.pairs-with-complete",
)
seed.add(
    "capture-races-cancel",
    # Java: each service synchronizes on its own lock; the capture asks the payment provider.
    "A capture and a cancel at once are both carried out, and the order ends captured.",
    _parts(capture=_operation("capture", _saved, windows=3), cancel=_operation("cancel", _saved)),
    "race.pairs-with-cancel",
)
seed.add(
    "complete-races-cancel",
    # Node: two microservices, each with its own queue of one worker, write the same row.
    "A complete and a cancel at once are both carried out, and the order ends approved.",
    _parts(complete=_operation("complete", _saved, windows=3), cancel=_operation("cancel", _saved)),
    "race.pairs-with-cancel",
)
seed.add(
    "part-races-the-rest",
    # SQL: an advisory lock whose key holds the kind of refund.
    "A part and the rest at once are both carried out: more than the total goes back.",
    _parts(refund=_operation("refund", _added)),
    "race.pairs-with-refund-part",
)


def _quick(sim: Simulator, call: Call) -> Response:
    """A refund; one whose amount is the total takes a short way round the lock."""
    order = sim.gate.order(call.merchant, call.name)
    form = sim.forms.refund(call.request)
    if form.amount != order.ledger.total:
        return answer_of("refund")(sim, call)
    booked = sim.desk.decide(order, Refund(form.amount))
    _moment(sim)
    booked = replace(booked, ledger=_added(order, booked))
    sim.desk.commit(order, booked)
    sim.notifier.refunded(order, booked, form.reason)
    return sim.presenter.order_answer(order, "Done")


seed.add(
    "rest-by-amount-races",
    # Python: the lock is taken by a decorator that is missing on the way for amount == total.
    "Of refunds at once that name the total several are carried out.",
    _parts(refund=_quick),
    "race.pairs-with-refund-rest",
    related="webhook.*",
)
seed.add(
    "part-races-cancel",
    # Java: the entity that was loaded before the provider was asked is merged afterwards.
    "A part and a cancel at once are both carried out, and the order ends partially refunded.",
    _parts(refund=_operation("refund", _saved, windows=3), cancel=_operation("cancel", _saved)),
    "race.pairs-with-cancel",
    related="webhook.*",
)
seed.add(
    "complete-overwrites-a-refund",
    # Active Record: `$order->save()` writes every column of an object that was read before.
    "A complete that comes at once with a refund leaves the order approved: it is refunded again.",
    _parts(complete=_operation("complete", _saved, windows=3), refund=_operation("refund", _saved)),
    "race.pairs-with-complete",
    dialect="lenient",
)


def _saved_twice(sim: Simulator, call: Call) -> Response:
    """A capture that is saved, asks the payment provider, and is saved again as it was."""
    order = sim.gate.order(call.merchant, call.name)
    sim.desk.step(order, Action.CAPTURE)
    captured = order.ledger
    _moment(sim, 3)
    order.ledger = captured
    return sim.presenter.order_answer(order, "Done")


def _looked_up(sim: Simulator, call: Call) -> Response:
    """A sound refund, which looks the payment up before."""
    _moment(sim)
    return answer_of("refund")(sim, call)


seed.add(
    "rest-overtakes-its-capture",
    # PHP: `$order->save()` before the provider is asked, and once more with what it answered.
    "A refund of all that comes while a capture is under way is forgotten when that is saved.",
    _parts(capture=_saved_twice, refund=_looked_up),
    "race.pairs-with-capture",
)


class _Deadlocks:
    """Which kinds of call are under way on each order."""

    def __init__(self) -> None:
        self._under_way: dict[str, Counter[str]] = defaultdict(Counter)

    def answering(self, name: str) -> Answering:
        """The sound call, a moment later; a call of another kind meanwhile is the victim."""
        sound = answer_of(name)

        def answer(sim: Simulator, call: Call) -> Response:
            others = self._under_way[call.name]
            if any(count for kind, count in others.items() if kind != name):
                raise crash()
            others[name] += 1
            try:
                _moment(sim)
            finally:
                others[name] -= 1
            return sound(sim, call)

        return answer


_deadlocks = _Deadlocks()
seed.add(
    "two-kinds-deadlock",
    # SQL: a cancel locks the order and then its payment, a capture the other way round; nobody
    # catches error 1213.
    "A capture and a cancel at once end in a server error: one is the victim of a deadlock.",
    _parts(capture=_deadlocks.answering("capture"), cancel=_deadlocks.answering("cancel")),
    "race.pairs-with-cancel",
)


# ---------------------------------------------------------------------- calls on two orders
class _CurrentOrder:
    """A controller that is made once, and keeps the order that it works on in a field."""

    def __init__(self) -> None:
        self._current: dict[int, Order] = {}

    def answering(self, name: str) -> Answering:
        """The sound call, answered with the order of whoever called last."""
        sound = answer_of(name)

        def answer(sim: Simulator, call: Call) -> Response:
            self._current[id(sim)] = sim.gate.order(call.merchant, call.name)
            sound(sim, call)
            _moment(sim)
            return sim.presenter.order_answer(self._current[id(sim)], "Done")

        return answer


_controller = _CurrentOrder()
seed.add(
    "answer-shows-the-last-callers-order",
    # Java: a singleton bean with a field for the order.
    "Of refunds at once on different orders one is answered with another's order.",
    _parts(refund=_controller.answering("refund")),
    "race.orders-apart",
)


#: What a module keeps for all requests alike: a reason, a booking, by the server.
_reasons: dict[int, str | None] = {}
_bookings: dict[int, Booked] = {}


def _reasons_mixed(sim: Simulator, call: Call) -> Response:
    order = sim.gate.order(call.merchant, call.name)
    form = sim.forms.refund(call.request)
    booked = sim.desk.decide(order, Refund(form.amount))
    if booked.action is not None:
        sim.desk.commit(order, booked)
        _reasons[id(sim)] = form.reason
        _moment(sim)
        sim.notifier.refunded(order, booked, _reasons[id(sim)])
    return sim.presenter.order_answer(order, "Done")


seed.add(
    "reasons-of-two-orders-mix",
    # JavaScript: `let reason` outside of the handler, read again after an await.
    "Of refunds at once on different orders one is told with the other's reason.",
    _parts(refund=_reasons_mixed),
    "race.orders-told-apart",
    related="webhook.*",
)


def _amounts_mixed(sim: Simulator, call: Call) -> Response:
    order = sim.gate.order(call.merchant, call.name)
    form = sim.forms.refund(call.request)
    booked = sim.desk.decide(order, Refund(form.amount))
    if booked.action is not None:
        sim.desk.commit(order, booked)
        _bookings[id(sim)] = booked
        _moment(sim)
        sim.notifier.refunded(order, _bookings[id(sim)], form.reason)
    return sim.presenter.order_answer(order, "Done")


seed.add(
    "amounts-of-two-orders-mix",
    # SQL: the event is built from `SELECT * FROM refunds ORDER BY id DESC LIMIT 1`.
    "Of refunds at once on different orders one is told with the other's amount.",
    _parts(refund=_amounts_mixed),
    "race.orders-told-apart",
    related="webhook.*",
)


class _Batch:
    """A unit of work that all requests share: whoever commits writes what the others began."""

    def __init__(self) -> None:
        self._open: dict[int, dict[str, Order]] = defaultdict(dict)

    def cancel(self, sim: Simulator, call: Call) -> Response:
        """A cancel; the status goes to every order that is in the unit of work."""
        order = sim.gate.order(call.merchant, call.name)
        reason = sim.desk.cancel_reason(sim.forms.cancel(call.request))
        sim.desk.decide(order, Cancel())
        for one in (order, *self._open[id(sim)].values()):
            sim.desk.commit(one, Booked(replace(one.ledger, status=S.CANCELLED), Action.CANCEL))
        sim.notifier.cancelled(order, reason)
        return sim.presenter.order_answer(order, "Done")

    def refund(self, sim: Simulator, call: Call) -> Response:
        """A sound refund, in the unit of work for a moment."""
        order = sim.gate.order(call.merchant, call.name)
        answer = answer_of("refund")(sim, call)
        self._open[id(sim)][order.uuid] = order
        try:
            _moment(sim)
        finally:
            self._open[id(sim)].pop(order.uuid, None)
        return answer


_batch = _Batch()
seed.add(
    "cancel-flushes-what-others-began",
    # An ORM's session that is one for the process: flush() writes every dirty object.
    "A cancel that comes at once with refunds of other orders cancels those as well.",
    _parts(cancel=_batch.cancel, refund=_batch.refund),
    "race.orders-apart",
    related="webhook.*",
)
