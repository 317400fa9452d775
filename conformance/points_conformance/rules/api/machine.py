"""``story.*``: whatever is done to several orders, in whatever order, each step does as the rules
say. The ledger is the oracle.

A story is drawn whole. What each step must come to follows from the ledger and the lifecycle table
(:func:`predict`, pure). A step that comes out otherwise is laid to the rule that it breaks, not to
the story: one search goes on for each broken rule, and each is shrunk for itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from points_conformance.contract.lifecycle import Action, Disputed, Refused, arrow, every_arrow
from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger import (
    AutoRefund,
    Booked,
    Cancel,
    OrderLedger,
    Refund,
    carry_out,
)

__all__ = ["Do", "Must", "Prediction", "StoryOrder", "StoryStep", "blamed", "predict"]


class Do(StrEnum):
    """What a step does."""

    CANCEL = Action.CANCEL.value
    REFUND = "refund without amount"
    PART = "refund of an amount"
    REST = "refund of what is left"
    MORE = "refund of a halala more than is left"
    READ = "read"
    STRANGER = "another merchant's refund"
    AUTHORIZE = Action.AUTHORIZE.value
    CAPTURE = Action.CAPTURE.value
    COMPLETE = Action.COMPLETE.value
    AUTO_REFUND = Action.AUTO_REFUND.value


class Must(StrEnum):
    """What a step must come to."""

    ACCEPT = "be accepted"
    REFUSE = "be refused"
    EITHER = "be carried out whole, or be refused"
    NOTHING = "be left out: no source says what it comes to"


@dataclass(frozen=True, slots=True)
class StoryOrder:
    """An order of a story. ``total`` in halalas."""

    kind: OrderType
    status: OrderStatus
    total: int


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One step on the order number ``order``. ``amount`` in halalas, of a :attr:`Do.PART`."""

    do: Do
    order: int
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a step must come to, the ledger if it is accepted, and the rule that says so."""

    must: Must
    after: OrderLedger
    rule: str
    amount: int | None = None


#: The oracle asks what *may* happen.
_EVERY_ARROW = every_arrow()
S = OrderStatus

_REFUND_REFUSED: Mapping[OrderStatus, str] = {
    S.NEW: "refund.new-is-refused",
    S.AUTHORIZED: "refund.authorized-is-refused",
    S.CANCELLED: "refund.cancelled-is-refused",
    S.FULLY_REFUNDED: "refund.second-full-is-refused",
}
_CANCEL_RULE: Mapping[OrderStatus, str] = {
    S.NEW: "cancel.new-order",
    S.AUTHORIZED: "cancel.authorized-order",
    S.CANCELLED: "cancel.second-is-refused",
    S.FULLY_REFUNDED: "cancel.fully-refunded-is-refused",
    S.PARTIALLY_REFUNDED: "cancel.partially-refunded-is-bounded",
}


def predict(ledger: OrderLedger, step: StoryStep) -> Prediction:
    """What a step must come to on an order with these books. Pure."""
    match step.do:
        case Do.READ:
            return Prediction(Must.ACCEPT, ledger, _read_rule(ledger))
        case Do.STRANGER:
            return Prediction(Must.REFUSE, ledger, "isolation.foreign-refund")
        case Do.CANCEL:
            return _cancel(ledger)
        case Do.REFUND:
            return _refund_without_amount(ledger)
        case Do.PART:
            return _refund(ledger, step.amount)
        case Do.REST:
            return _refund(ledger, max(ledger.left, 1))
        case Do.MORE:
            return _refund(ledger, ledger.left + 1)
        case Do.AUTO_REFUND:
            return _auto_refund(ledger)
        case Do.AUTHORIZE | Do.CAPTURE | Do.COMPLETE:
            return _forward(ledger, step.do)


def _read_rule(ledger: OrderLedger) -> str:
    return "cancel.read-after-write" if ledger.status is S.CANCELLED else "refund.read-after-write"


def blamed(
    rule: str, do: Do, ledger: OrderLedger, shown: str, left: Collection[OrderStatus]
) -> str:
    """The rule that a wrong read after a step is laid to: the step's, or the one about reads. Pure.

    ``left``: statuses that the order had before. What a stranger's refused attempt changes is new
    to the order; a status that it has left is an old answer, whoever called in between.
    """
    stale = do is Do.STRANGER and shown in left
    return _read_rule(ledger) if stale else rule


def _cancel(ledger: OrderLedger) -> Prediction:
    rule = _CANCEL_RULE.get(ledger.status, "cancel.settled-either-way")
    outcome = carry_out(ledger, Cancel(), _EVERY_ARROW)
    if not isinstance(outcome, Booked):
        return Prediction(Must.REFUSE, ledger, rule)
    return _booked(ledger, outcome, rule)


def _booked(
    ledger: OrderLedger, outcome: Booked, rule: str, amount: int | None = None
) -> Prediction:
    """A disputed arrow may be refused as well."""
    found = outcome.action and arrow(ledger.kind, ledger.status, outcome.action)
    must = Must.EITHER if isinstance(found, Disputed) else Must.ACCEPT
    return Prediction(must, outcome.ledger, rule, amount)


def _refund_without_amount(ledger: OrderLedger) -> Prediction:
    outcome = carry_out(ledger, Refund(), _EVERY_ARROW)
    if not isinstance(outcome, Booked):
        return Prediction(Must.REFUSE, ledger, _REFUND_REFUSED.get(ledger.status, "refund.full"))
    if ledger.status is S.PARTIALLY_REFUNDED:
        return Prediction(Must.EITHER, outcome.ledger, "refund.remainder-without-amount")
    rule = "refund.captured-order" if ledger.status is S.CAPTURED else "refund.full"
    return _booked(ledger, outcome, rule)


def _refund(ledger: OrderLedger, amount: int) -> Prediction:
    outcome = carry_out(ledger, Refund(amount), _EVERY_ARROW)
    if isinstance(outcome, Booked):
        return _booked(ledger, outcome, _accepted_rule(ledger, amount), amount)
    if ledger.status in _REFUND_REFUSED:
        rule = _REFUND_REFUSED[ledger.status]
        if ledger.status is S.FULLY_REFUNDED:
            rule = "refund.part-after-full-is-refused"
        return Prediction(Must.REFUSE, ledger, rule, amount)
    rule = "refund.sum-bounded" if ledger.refunded else "refund.above-total"
    return Prediction(Must.REFUSE, ledger, rule, amount)


def _auto_refund(ledger: OrderLedger) -> Prediction:
    """The platform's own; from which statuses is not said, so only where money was taken."""
    outcome = carry_out(ledger, AutoRefund(), _EVERY_ARROW)
    rule = "lifecycle.auto-refund-is-final"
    if isinstance(outcome, Booked):
        return Prediction(Must.ACCEPT, outcome.ledger, rule)
    return Prediction(Must.NOTHING, ledger, rule)


_FORWARD: Mapping[Do, Action] = {
    Do.AUTHORIZE: Action.AUTHORIZE,
    Do.CAPTURE: Action.CAPTURE,
    Do.COMPLETE: Action.COMPLETE,
}
#: Which rule says that a step is refused: that of the status, else that of the step.
_STAYS: Mapping[OrderStatus, str] = {
    S.CANCELLED: "lifecycle.cancelled-is-final",
    S.FULLY_REFUNDED: "lifecycle.refunded-is-final",
    S.PARTIALLY_REFUNDED: "lifecycle.partially-refunded-goes-on",
}
_STEP_REFUSED: Mapping[Do, str] = {
    Do.AUTHORIZE: "lifecycle.authorize",
    Do.CAPTURE: "lifecycle.capture-needs-authorization",
    Do.COMPLETE: "lifecycle.complete-twice",
}


def _forward(ledger: OrderLedger, do: Do) -> Prediction:
    """What a disputed step leads to is as it is answered: no rule says what its readings share."""
    earning = ledger.kind is OrderType.EARNING
    found = arrow(ledger.kind, ledger.status, _FORWARD[do])
    if isinstance(found, Refused):
        again = "lifecycle.complete-earning" if earning and do is Do.COMPLETE else _STEP_REFUSED[do]
        return Prediction(Must.REFUSE, ledger, _STAYS.get(ledger.status, again))
    if not isinstance(found, OrderStatus) or earning:
        return Prediction(Must.NOTHING, ledger, "")
    return Prediction(Must.ACCEPT, replace(ledger, status=found), f"lifecycle.{do.value}")


def _accepted_rule(ledger: OrderLedger, amount: int) -> str:
    if ledger.status is S.CAPTURED:
        return "refund.captured-order"
    if ledger.refunded:
        return "refund.remainder-by-amount" if amount == ledger.left else "refund.two-equal-parts"
    return "refund.amount-equal-to-total" if amount == ledger.left else "refund.partial"


def opened(order: StoryOrder, points: int) -> OrderLedger:
    """The books of an order of a story before anything is done to it."""
    return OrderLedger(kind=order.kind, status=order.status, total=order.total, points=points)


def told(step: StoryStep, prediction: Prediction, ledger: OrderLedger) -> str:
    """A step in words: what is done, and what the books say before it."""
    amount = f" {sar(prediction.amount)}" if prediction.amount is not None else ""
    books = f"{ledger.status.value}, {sar(ledger.left)} of {sar(ledger.total)} SAR left"
    return f"order {step.order + 1} ({books}): {step.do.value}{amount} must {prediction.must.value}"


def carried_out(ledger: OrderLedger, prediction: Prediction, accepted: bool) -> OrderLedger:
    """The books after a step that came out as it may."""
    return prediction.after if accepted else replace(ledger)
