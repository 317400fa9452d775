"""Servers that refund twice, more than there was, or less than they say."""

from dataclasses import replace
from typing import Any

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import Rebooking, Yielding, given_back
from points_conformance.defects.defect import Seeds
from points_conformance.ledger import Booked, Command, OrderLedger, Refund
from points_conformance.ledger import Refusal as Why
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import RefundForm
from points_conformance.simulator.messages import Refusal
from points_conformance.simulator.world import Order

__all__ = ["SUMS", "seed"]

S = OrderStatus
FULL, PARTIAL = S.FULLY_REFUNDED, S.PARTIALLY_REFUNDED
#: Rules that see a wrong sum from where they stand.
SUMS = (
    "refund.*",
    "lifecycle.*refund*",
    "lifecycle.final-before-the-run",
    "cancel.fully-refunded-is-refused",
    "points.*",
    "isolation.orders-apart",
    "cancel.partially-refunded-is-bounded",
    "property.*",
    "story.*",
    "webhook.*",
    "race.*",
)
seed = Seeds(ServerDefect, related=SUMS)


# ---------------------------------------------------------------------- no double refund
@seed.on(Yielding.yields, "full-refund-twice", "refund.second-full-is-refused")
def refunds_twice(desk: Yielding, ledger: OrderLedger, command: Command, why: Why) -> bool:
    """A full refund of a fully refunded order is carried out again."""
    # No look at the status.
    return isinstance(command, Refund) and command.amount is None and ledger.status is FULL


@seed.on(
    Yielding.yields,
    "part-after-full",
    "refund.part-after-full-is-refused",
    related=(*SUMS, "lifecycle.auto-refund-is-final"),
)
def refunds_part_after_full(
    desk: Yielding, ledger: OrderLedger, command: Command, why: Why
) -> bool:
    """A partial refund of a fully refunded order is carried out: only full ones are checked."""
    # The amount is compared with the total, not with what is left.
    return (
        isinstance(command, Refund)
        and 0 < (command.amount or 0) < ledger.total
        and ledger.status is FULL
    )


@seed.on(Yielding.yields, "full-by-amount-twice", "refund.full-by-amount-twice-is-refused")
def refunds_total_by_amount_twice(
    desk: Yielding, ledger: OrderLedger, command: Command, why: Why
) -> bool:
    """A refund of the whole total by amount is carried out a second time."""
    # ``amount <= total`` is all that is asked.
    return isinstance(command, Refund) and command.amount == ledger.total and ledger.status is FULL


@seed("parts-then-full", "refund.after-parts-is-refused")
class RefundsFullAfterParts(Desk):
    """An order that was refunded in parts up to its total is refunded in full once more."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._in_parts: set[str] = set()

    def decide(self, order: Order, command: Command) -> Booked:
        """The flag that forbids a full refund is set by full refunds alone."""
        ledger = order.ledger
        if isinstance(command, Refund):
            if command.amount is None and ledger.status is FULL and order.uuid in self._in_parts:
                return given_back(ledger, ledger.total)
            booked = super().decide(order, command)
            if booked.action is Action.REFUND_PART:
                self._in_parts.add(order.uuid)
            return booked
        return super().decide(order, command)


@seed.on(Desk.refund, "second-full-is-200", "refund.second-full-is-refused")
def second_refund_is_idempotent(desk: Desk, order: Order, form: RefundForm) -> None:
    """A second full refund is answered 200 and does nothing, so a client counts it twice."""
    # As if it were idempotent.
    if order.ledger.status is not FULL:
        Desk.refund(desk, order, form)


@seed.on(Desk.decide, "refused-refund-becomes-partial", "refund.part-after-full-is-refused")
def refused_refund_is_saved(desk: Desk, order: Order, command: Command) -> Booked:
    """A refused partial refund of a fully refunded order sets it to partially_refunded."""
    # The status is saved before the check.
    try:
        return Desk.decide(desk, order, command)
    except Refusal:
        if isinstance(command, Refund) and command.amount and order.ledger.status is FULL:
            order.ledger = replace(order.ledger, status=PARTIAL)
        raise


# ---------------------------------------------------------------------- partial sums bounded
@seed.on(Desk.decide, "sum-not-checked", "refund.sum-bounded")
def forgets_the_sum(desk: Desk, order: Order, command: Command) -> Booked:
    """Each partial refund is compared with the total alone: their sum may exceed it."""
    # ``if ($amount > $order->total_price)``.
    ledger = order.ledger
    if isinstance(command, Refund) and command.amount and ledger.status is PARTIAL:
        if command.amount > ledger.total:
            raise desk.refusal(Why.ABOVE_LEFT)
        return given_back(ledger, command.amount)
    return Desk.decide(desk, order, command)


@seed.on(Yielding.yields, "a-halala-too-much", "refund.above-total", "refund.sum-bounded")
def allows_a_halala_more(desk: Yielding, ledger: OrderLedger, command: Command, why: Why) -> bool:
    """A refund may be one halala above what is left."""
    # A tolerance for floats.
    return (
        isinstance(command, Refund) and why is Why.ABOVE_LEFT and command.amount == ledger.left + 1
    )


@seed("above-left-pays-the-rest", "refund.sum-bounded")
class CapsAtWhatIsLeft(Yielding):
    """An amount above what is left is cut to what is left, and accepted."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """``min($amount, $left)``, once something has gone back."""
        return isinstance(command, Refund) and why is Why.ABOVE_LEFT and ledger.status is PARTIAL

    def forced(self, ledger: OrderLedger, command: Command) -> Booked:
        """The rest."""
        return given_back(ledger, ledger.left)


@seed("above-total-is-a-full-refund", "refund.above-total")
class CapsAtTheTotal(Yielding):
    """An amount above the total of an untouched order is taken for a full refund."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """``$amount >= $order->total_price``."""
        return isinstance(command, Refund) and why is Why.ABOVE_LEFT and not ledger.refunded

    def forced(self, ledger: OrderLedger, command: Command) -> Booked:
        """All of it."""
        return given_back(ledger, ledger.total)


@seed("total-means-the-rest", "refund.whole-total-after-part")
class TakesTotalForTheRest(Yielding):
    """After a part an amount equal to the total is taken for a refund of the rest."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """``$amount == $order->total_price`` is "full"."""
        return (
            isinstance(command, Refund)
            and why is Why.ABOVE_LEFT
            and command.amount == ledger.total
            and ledger.refunded > 0
        )

    def forced(self, ledger: OrderLedger, command: Command) -> Booked:
        """The rest."""
        return given_back(ledger, ledger.left)


@seed.on(Desk.decide, "the-rest-is-too-much", "refund.remainder-by-amount")
def refuses_exactly_the_rest(desk: Desk, order: Order, command: Command) -> Booked:
    """A refund of exactly what is left after a part is refused: >= where > is meant."""
    # The comparison is off by one.
    ledger = order.ledger
    if isinstance(command, Refund) and ledger.refunded and command.amount == ledger.left:
        raise desk.refusal(Why.ABOVE_LEFT)
    return Desk.decide(desk, order, command)


@seed.on(Desk.decide, "refused-amount-is-booked", "refund.sum-bounded")
def books_refused_amounts(desk: Desk, order: Order, command: Command) -> Booked:
    """A refund above what is left is refused with 400, and what is left is booked all the same."""
    # The decrement runs before the check, and is not rolled back.
    ledger = order.ledger
    try:
        return Desk.decide(desk, order, command)
    except Refusal:
        above = isinstance(command, Refund) and (command.amount or 0) > ledger.left
        if above and ledger.status is PARTIAL:
            order.ledger = given_back(ledger, ledger.left).ledger
        raise


@seed.on(Desk.decide, "refused-amount-shrinks-the-rest", "refund.sum-bounded")
def eats_the_rest_on_refusal(desk: Desk, order: Order, command: Command) -> Booked:
    """A refused refund of too much lessens what is left, though the status does not show it."""
    # The counter is incremented first, and only the status is rolled back.
    try:
        return Desk.decide(desk, order, command)
    except Refusal:
        if isinstance(command, Refund) and order.ledger.status is PARTIAL:
            ledger = order.ledger
            order.ledger = replace(ledger, refunded=min(ledger.total, ledger.refunded + 100))
        raise


@seed.on(Rebooking.rebook, "rest-without-amount-is-a-part", "refund.remainder-without-amount")
def rest_stays_partial(desk: Rebooking, order: Order, command: Command, booked: Booked) -> Booked:
    """A refund without amount after a part gives back the rest and stays partially_refunded."""
    # Whether anything went back before decides the status.
    if isinstance(command, Refund) and command.amount is None and order.ledger.refunded:
        return replace(booked, ledger=replace(booked.ledger, status=PARTIAL))
    return booked


@seed.on(Desk.decide, "rest-without-amount-gives-all-again", "webhook.views-agree")
def rest_is_the_total_again(desk: Desk, order: Order, command: Command) -> Booked:
    """A refund without amount after a part gives the whole total back on top of the part."""
    # ``$amount ?? $order->total_price``, and no check for full refunds.
    ledger = order.ledger
    if isinstance(command, Refund) and command.amount is None and ledger.status is PARTIAL:
        return given_back(ledger, ledger.total)
    return Desk.decide(desk, order, command)


@seed.on(Desk.refusal, "above-left-is-409", "refund.above-left", "refund.whole-total-after-part")
def above_left_conflicts(desk: Desk, why: Why) -> Refusal:
    """An amount above what is left after a part is refused with 409."""
    # Another code than the documented ones.
    refusal = Desk.refusal(desk, why)
    return Refusal(409, refusal.message) if why is Why.ABOVE_LEFT else refusal


@seed.on(Desk.decide, "refused-amount-resets-the-status", "refund.above-left")
def resets_status_on_refusal(desk: Desk, order: Order, command: Command) -> Booked:
    """A refused refund above what is left makes the order read approved again."""
    # The status is rolled back further than the sum.
    try:
        return Desk.decide(desk, order, command)
    except Refusal:
        above = isinstance(command, Refund) and (command.amount or 0) > order.ledger.left
        if above and order.ledger.status is PARTIAL:
            order.ledger = replace(order.ledger, status=S.APPROVED)
        raise


# ---------------------------------------------------------------------- parts that do not count
@seed("equal-parts-are-deduplicated", "refund.two-equal-parts")
class DropsEqualParts(Desk):
    """A second partial refund of an equal amount is answered 200 and not carried out."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._last: dict[str, int | None] = {}

    def refund(self, order: Order, form: RefundForm) -> None:
        """A guard against double clicks."""
        partial = order.ledger.status is PARTIAL
        if partial and form.amount and self._last.get(order.uuid) == form.amount:
            return
        super().refund(order, form)
        self._last[order.uuid] = form.amount


@seed("the-20th-part-is-lost", "refund.many-parts")
class LosesTheTwentieth(Rebooking):
    """From the 20th partial refund of an order on the refunded sum no longer grows."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._parts: dict[str, int] = {}

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """The sum is taken over the first page of refunds."""
        if booked.action is not Action.REFUND_PART:
            return booked
        count = self._parts[order.uuid] = self._parts.get(order.uuid, 0) + 1
        if count < 20:
            return booked
        kept = replace(booked.ledger, refunded=order.ledger.refunded)
        return replace(booked, ledger=kept)


@seed("at-most-ten-parts", "refund.many-parts")
class TakesTenParts(Desk):
    """The eleventh partial refund of an order is refused."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._parts: dict[str, int] = {}

    def decide(self, order: Order, command: Command) -> Booked:
        """A limit that no page names."""
        booked = super().decide(order, command)
        if booked.action is Action.REFUND_PART:
            count = self._parts[order.uuid] = self._parts.get(order.uuid, 0) + 1
            if count > 10:
                raise self.refusal(Why.STATE)
        return booked


@seed.on(
    Rebooking.rebook,
    "only-the-last-part-counts",
    "refund.sum-bounded",
    "refund.remainder-by-amount",
)
def counts_the_last_part(desk: Rebooking, order: Order, command: Command, booked: Booked) -> Booked:
    """The refunded sum is overwritten by each partial refund instead of added to."""
    # ``refunded = amount``.
    if not isinstance(command, Refund) or not order.ledger.refunded or not command.amount:
        return booked
    full = command.amount >= order.ledger.total
    after = replace(booked.ledger, refunded=command.amount, status=FULL if full else PARTIAL)
    return replace(booked, ledger=after)


@seed.on(
    Desk.decide,
    "full-refund-is-cut-by-a-float",
    "refund.full-to-the-halala",
    "property.amount-or-none",
)
def cuts_the_full_refund(desk: Desk, order: Order, command: Command) -> Booked:
    """A refund without amount gives back `int(total * 100)` of a float: a halala may be left."""
    # 19.99 has 1998 halalas.
    if isinstance(command, Refund) and command.amount is None and not order.ledger.refunded:
        cut = int(order.ledger.total / 100 * 100)
        command = command if cut >= order.ledger.total else Refund(cut)
    return Desk.decide(desk, order, command)


@seed.on(Yielding.yields, "tolerance-grows-with-the-total", "property.above-left")
def tolerance_of_the_total(desk: Yielding, ledger: OrderLedger, command: Command, why: Why) -> bool:
    """A refund may be above what is left by a hundred thousandth of the total."""
    # An epsilon for floats that is relative.
    above = isinstance(command, Refund) and why is Why.ABOVE_LEFT
    amount = command.amount or 0 if isinstance(command, Refund) else 0
    return above and amount - ledger.left <= ledger.total // 100_000
