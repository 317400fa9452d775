"""Servers that refund twice, too much, from the wrong status, or lose a part on the way."""

from dataclasses import replace
from typing import Any

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect, answer_of
from points_conformance.defects.api.variants import LateReads, Rebooking, Yielding, given_back
from points_conformance.defects.defect import Seeds
from points_conformance.ledger import Booked, Command, OrderLedger, Refund
from points_conformance.ledger import Refusal as Why
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import Forms, RefundForm
from points_conformance.simulator.messages import Refusal, Request, Response
from points_conformance.simulator.operations import Call
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["seed"]

seed = Seeds(ServerDefect)
S = OrderStatus
FULL, PARTIAL = S.FULLY_REFUNDED, S.PARTIALLY_REFUNDED
#: Rules that see a wrong sum from where they stand.
SUMS = ("refund.*", "lifecycle.*refund*", "lifecycle.final-before-the-run",
        "cancel.fully-refunded-is-refused", "points.*",
        "isolation.orders-apart", "cancel.partially-refunded-is-bounded", "property.*", "story.*",
        "webhook.*", "race.*")  # fmt: skip


# ---------------------------------------------------------------------- no double refund
@seed("full-refund-twice", "refund.second-full-is-refused", related=SUMS)
class RefundsTwice(Yielding):
    """A full refund of a fully refunded order is carried out again."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """No look at the status."""
        return isinstance(command, Refund) and command.amount is None and ledger.status is FULL


@seed("part-after-full", "refund.part-after-full-is-refused",
      related=(*SUMS, "lifecycle.auto-refund-is-final"))  # fmt: skip
class RefundsPartAfterFull(Yielding):
    """A partial refund of a fully refunded order is carried out: only full ones are checked."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """The amount is compared with the total, not with what is left."""
        return (
            isinstance(command, Refund)
            and 0 < (command.amount or 0) < ledger.total
            and ledger.status is FULL
        )


@seed("full-by-amount-twice", "refund.full-by-amount-twice-is-refused", related=SUMS)
class RefundsTotalByAmountTwice(Yielding):
    """A refund of the whole total by amount is carried out a second time."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """``amount <= total`` is all that is asked."""
        return (
            isinstance(command, Refund) and command.amount == ledger.total and ledger.status is FULL
        )


@seed("parts-then-full", "refund.after-parts-is-refused", related=SUMS)
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


@seed("second-full-is-200", "refund.second-full-is-refused", related=SUMS)
class SecondRefundIsIdempotent(Desk):
    """A second full refund is answered 200 and does nothing, so a client counts it twice."""

    def refund(self, order: Order, form: RefundForm) -> None:
        """As if it were idempotent."""
        if order.ledger.status is not FULL:
            super().refund(order, form)


@seed("refused-refund-becomes-partial", "refund.part-after-full-is-refused", related=SUMS)
class RefusedRefundIsSaved(Desk):
    """A refused partial refund of a fully refunded order sets it to partially_refunded."""

    def decide(self, order: Order, command: Command) -> Booked:
        """The status is saved before the check."""
        try:
            return super().decide(order, command)
        except Refusal:
            if isinstance(command, Refund) and command.amount and order.ledger.status is FULL:
                order.ledger = replace(order.ledger, status=PARTIAL)
            raise


# ---------------------------------------------------------------------- partial sums bounded
@seed("sum-not-checked", "refund.sum-bounded", related=SUMS)
class ForgetsTheSum(Desk):
    """Each partial refund is compared with the total alone: their sum may exceed it."""

    def decide(self, order: Order, command: Command) -> Booked:
        """``if ($amount > $order->total_price)``."""
        ledger = order.ledger
        if isinstance(command, Refund) and command.amount and ledger.status is PARTIAL:
            if command.amount > ledger.total:
                raise self.refusal(Why.ABOVE_LEFT)
            return given_back(ledger, command.amount)
        return super().decide(order, command)


@seed("a-halala-too-much", "refund.above-total", "refund.sum-bounded", related=SUMS)
class AllowsAHalalaMore(Yielding):
    """A refund may be one halala above what is left."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """A tolerance for floats."""
        return (
            isinstance(command, Refund)
            and why is Why.ABOVE_LEFT
            and command.amount == ledger.left + 1
        )


@seed("above-left-pays-the-rest", "refund.sum-bounded", related=SUMS)
class CapsAtWhatIsLeft(Yielding):
    """An amount above what is left is cut to what is left, and accepted."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """``min($amount, $left)``, once something has gone back."""
        return isinstance(command, Refund) and why is Why.ABOVE_LEFT and ledger.status is PARTIAL

    def forced(self, ledger: OrderLedger, command: Command) -> Booked:
        """The rest."""
        return given_back(ledger, ledger.left)


@seed("above-total-is-a-full-refund", "refund.above-total", related=SUMS)
class CapsAtTheTotal(Yielding):
    """An amount above the total of an untouched order is taken for a full refund."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """``$amount >= $order->total_price``."""
        return isinstance(command, Refund) and why is Why.ABOVE_LEFT and not ledger.refunded

    def forced(self, ledger: OrderLedger, command: Command) -> Booked:
        """All of it."""
        return given_back(ledger, ledger.total)


@seed("total-means-the-rest", "refund.whole-total-after-part", related=SUMS)
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


@seed("the-rest-is-too-much", "refund.remainder-by-amount", related=SUMS)
class RefusesExactlyTheRest(Desk):
    """A refund of exactly what is left after a part is refused: >= where > is meant."""

    def decide(self, order: Order, command: Command) -> Booked:
        """The comparison is off by one."""
        ledger = order.ledger
        if isinstance(command, Refund) and ledger.refunded and command.amount == ledger.left:
            raise self.refusal(Why.ABOVE_LEFT)
        return super().decide(order, command)


@seed("refused-amount-is-booked", "refund.sum-bounded", related=SUMS)
class BooksRefusedAmounts(Desk):
    """A refund above what is left is refused with 400, and what is left is booked all the same."""

    def decide(self, order: Order, command: Command) -> Booked:
        """The decrement runs before the check, and is not rolled back."""
        ledger = order.ledger
        try:
            return super().decide(order, command)
        except Refusal:
            above = isinstance(command, Refund) and (command.amount or 0) > ledger.left
            if above and ledger.status is PARTIAL:
                order.ledger = given_back(ledger, ledger.left).ledger
            raise


@seed("refused-amount-shrinks-the-rest", "refund.sum-bounded", related=SUMS)
class EatsTheRestOnRefusal(Desk):
    """A refused refund of too much lessens what is left, though the status does not show it."""

    def decide(self, order: Order, command: Command) -> Booked:
        """The counter is incremented first, and only the status is rolled back."""
        try:
            return super().decide(order, command)
        except Refusal:
            if isinstance(command, Refund) and order.ledger.status is PARTIAL:
                ledger = order.ledger
                order.ledger = replace(ledger, refunded=min(ledger.total, ledger.refunded + 100))
            raise


@seed("rest-without-amount-is-a-part", "refund.remainder-without-amount", related=SUMS)
class RestStaysPartial(Rebooking):
    """A refund without amount after a part gives back the rest and stays partially_refunded."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """Whether anything went back before decides the status."""
        if isinstance(command, Refund) and command.amount is None and order.ledger.refunded:
            return replace(booked, ledger=replace(booked.ledger, status=PARTIAL))
        return booked


@seed("rest-without-amount-gives-all-again", "webhook.views-agree", related=SUMS)
class RestIsTheTotalAgain(Desk):
    """A refund without amount after a part gives the whole total back on top of the part."""

    def decide(self, order: Order, command: Command) -> Booked:
        """``$amount ?? $order->total_price``, and no check for full refunds."""
        ledger = order.ledger
        if isinstance(command, Refund) and command.amount is None and ledger.status is PARTIAL:
            return given_back(ledger, ledger.total)
        return super().decide(order, command)


@seed("above-left-is-409", "refund.above-left", "refund.whole-total-after-part", related=SUMS)
class AboveLeftConflicts(Desk):
    """An amount above what is left after a part is refused with 409."""

    def refusal(self, why: Why) -> Refusal:
        """Another code than the documented ones."""
        refusal = super().refusal(why)
        return Refusal(409, refusal.message) if why is Why.ABOVE_LEFT else refusal


@seed("refused-amount-resets-the-status", "refund.above-left", related=SUMS)
class ResetsStatusOnRefusal(Desk):
    """A refused refund above what is left makes the order read approved again."""

    def decide(self, order: Order, command: Command) -> Booked:
        """The status is rolled back further than the sum."""
        try:
            return super().decide(order, command)
        except Refusal:
            above = isinstance(command, Refund) and (command.amount or 0) > order.ledger.left
            if above and order.ledger.status is PARTIAL:
                order.ledger = replace(order.ledger, status=S.APPROVED)
            raise


# ---------------------------------------------------------------------- parts that do not count
@seed("equal-parts-are-deduplicated", "refund.two-equal-parts", related=SUMS)
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


@seed("the-20th-part-is-lost", "refund.many-parts", related=SUMS)
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


@seed("at-most-ten-parts", "refund.many-parts", related=SUMS)
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


@seed("only-the-last-part-counts", "refund.sum-bounded", "refund.remainder-by-amount",
      related=SUMS)  # fmt: skip
class CountsTheLastPart(Rebooking):
    """The refunded sum is overwritten by each partial refund instead of added to."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """``refunded = amount``."""
        if not isinstance(command, Refund) or not order.ledger.refunded or not command.amount:
            return booked
        full = command.amount >= order.ledger.total
        after = replace(booked.ledger, refunded=command.amount, status=FULL if full else PARTIAL)
        return replace(booked, ledger=after)


@seed("full-refund-is-cut-by-a-float", "property.amount-or-none", related=SUMS)
class CutsTheFullRefund(Desk):
    """A refund without amount gives back `int(total * 100)` of a float: a halala may be left."""

    def decide(self, order: Order, command: Command) -> Booked:
        """19.99 has 1998 halalas."""
        if isinstance(command, Refund) and command.amount is None and not order.ledger.refunded:
            cut = int(order.ledger.total / 100 * 100)
            command = command if cut >= order.ledger.total else Refund(cut)
        return super().decide(order, command)


@seed("tolerance-grows-with-the-total", "property.above-left", related=SUMS)
class ToleranceOfTheTotal(Yielding):
    """A refund may be above what is left by a hundred thousandth of the total."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """An epsilon for floats that is relative."""
        above = isinstance(command, Refund) and why is Why.ABOVE_LEFT
        amount = command.amount or 0 if isinstance(command, Refund) else 0
        return above and amount - ledger.left <= ledger.total // 100_000


# ---------------------------------------------------------------------- which status
@seed("full-refund-is-partial", "refund.full", related=("refund.*", *SUMS))
class FullIsPartial(Rebooking):
    """A refund without an amount ends in partially_refunded."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """The wrong constant."""
        if isinstance(command, Refund) and command.amount is None:
            return replace(booked, ledger=replace(booked.ledger, status=PARTIAL))
        return booked


@seed("partial-refund-is-full", "refund.partial", related=SUMS)
class PartialIsFull(Rebooking):
    """Every refund ends in fully_refunded."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """One status for all."""
        if booked.action is Action.REFUND_PART:
            return replace(booked, ledger=replace(booked.ledger, status=FULL))
        return booked


@seed("status-is-left-behind", "refund.full", related=SUMS)
class StatusBehind(Presenter):
    """The answer to a refund shows the status before it; reads are right."""

    def order_answer(self, order: Order, message: str | None = None) -> Response:
        """The model is not refreshed."""
        if message == "Order refunded successfully":
            stale = replace(order.ledger, status=S.APPROVED)
            order = replace(order, ledger=stale)
        return super().order_answer(order, message)


@seed("total-by-amount-is-partial", "refund.amount-equal-to-total", related=SUMS)
class TotalByAmountIsPartial(Rebooking):
    """A refund by amount of the whole total ends in partially_refunded."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """An amount means a part."""
        if isinstance(command, Refund) and command.amount == order.ledger.total:
            return replace(booked, ledger=replace(booked.ledger, status=PARTIAL))
        return booked


@seed("rest-by-amount-is-partial", "refund.remainder-by-amount", related=SUMS)
class RestByAmountIsPartial(Rebooking):
    """After the rest is refunded by amount the order stays partially_refunded."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """Only the amount of this call is compared with the total."""
        partial = isinstance(command, Refund) and command.amount and order.ledger.refunded
        if partial and booked.action is Action.REFUND_REST:
            return replace(booked, ledger=replace(booked.ledger, status=PARTIAL))
        return booked


@seed("nearly-all-is-full", "refund.sum-bounded", related=SUMS)
class NearlyAllIsFull(Rebooking):
    """An order of which three fifths went back counts as fully refunded."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """A tolerance for rounding."""
        refunded = booked.ledger.refunded
        if booked.action is Action.REFUND_PART and refunded * 10 >= booked.ledger.total * 6:
            return replace(booked, ledger=replace(booked.ledger, status=FULL))
        return booked


@seed("refund-of-new", "refund.new-is-refused", "story.orders-at-once", related="webhook.*")
class RefundsNew(Yielding):
    """A new order, which nobody paid, is refunded."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """Whatever is not cancelled or refunded can be refunded."""
        return isinstance(command, Refund) and ledger.status is S.NEW


@seed("refund-of-authorized", "refund.authorized-is-refused", related="story.*")
class RefundsAuthorized(Yielding):
    """An authorized order, whose money was not taken yet, is refunded."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """Authorized is taken for captured."""
        return isinstance(command, Refund) and ledger.status is S.AUTHORIZED


@seed("refund-of-cancelled", "refund.cancelled-is-refused", related=SUMS)
class RefundsCancelled(Yielding):
    """A cancelled order is refunded, so that its money goes back twice."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """The list of closed statuses is incomplete."""
        return isinstance(command, Refund) and ledger.status is S.CANCELLED


@seed("partial-refund-of-cancelled", "refund.cancelled-is-refused", related=SUMS)
class RefundsPartsOfCancelled(Yielding):
    """A cancelled order is refunded in part; only full refunds are refused."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """The check stands in the branch for full refunds."""
        return (
            isinstance(command, Refund)
            and command.amount is not None
            and ledger.status is S.CANCELLED
        )


@seed("captured-cannot-be-refunded", "refund.captured-order", related=SUMS)
class KeepsCaptured(Desk):
    """A captured order cannot be refunded, only an approved one."""

    def decide(self, order: Order, command: Command) -> Booked:
        """Captured is missing from a list."""
        if isinstance(command, Refund) and order.ledger.status is S.CAPTURED:
            raise self.refusal(Why.STATE)
        return super().decide(order, command)


# ---------------------------------------------------------------------- bodies
@seed("empty-object-is-zero", "refund.empty-object", related=("reading.*", "refund.*", "schema.*"))
class EmptyObjectIsZero(Forms):
    """A refund with the body {} is a refund of nothing, answered 200."""

    def refund(self, request: Request) -> RefundForm:
        """``body.amount || 0`` behind ``if (body)``."""
        form = super().refund(request)
        if request.body.strip() == b"{}":
            return replace(form, amount=0)
        return form


@seed("null-amount-is-zero", "refund.null-amount", related="schema.*", dialect="lenient")
class NullIsZero(Forms):
    """An amount of null is a refund of nothing, answered 200."""

    def refund(self, request: Request) -> RefundForm:
        """``(float) null``."""
        form = super().refund(request)
        return replace(form, amount=0) if b"null" in request.body else form


@seed("empty-list-is-a-part", "refund.empty-list-body", related=("reading.*", "schema.*"))
class EmptyListIsAPart(Forms):
    """The body [] refunds one riyal, the smallest amount that the shop has."""

    def refund(self, request: Request) -> RefundForm:
        """A default that was never meant to be seen."""
        form = super().refund(request)
        return replace(form, amount=100) if request.body.strip() == b"[]" else form


# ---------------------------------------------------------------------- what a refund keeps
@seed("refund-lowers-the-price", "refund.identity",
      related=("refund.*", "isolation.*", "points.*", "webhook.*", "cancel.*", "property.*",
               "story.*", "reading.*", "lifecycle.*"))  # fmt: skip
class RefundLowersPrice(Presenter):
    """total_price shows what is left after a refund instead of the order's price."""

    def order(self, order: Order) -> dict[str, Any]:
        """A column that is decremented."""
        lowered = replace(order.ledger, total=max(order.ledger.left, 0))
        return super().order(replace(order, ledger=lowered))


@seed("refund-renames-the-order", "refund.identity",
      related=("story.*", "property.*", "webhook.*"))  # fmt: skip
class RefundRenames(Desk):
    """A partial refund changes order_number."""

    def refund(self, order: Order, form: RefundForm) -> None:
        """A credit note of its own."""
        super().refund(order, form)
        if order.ledger.status is PARTIAL and not order.number.endswith("-R"):
            order.number += "-R"


@seed("refund-answers-with-its-own-uuid", "refund.identity",
                "envelope.order-is-the-one-asked-for",
                related=("story.*", "property.*", "reading.*"), operation="refund")  # fmt: skip
def _answers_with_its_own_uuid(sim: Simulator, call: Call) -> Response:
    """The answer to a refund shows the uuid of the refund, not of the order."""
    response = answer_of("refund")(sim, call)
    own = "11111111-1111-4111-8111-111111111111"
    return replace(response, body=response.body.replace(call.name.encode(), own.encode()))


@seed("reads-lag-by-one", "refund.full", related="*")
class FirstReadIsStale(LateReads):
    """The first read after a refund still shows approved; the next one is right."""

    def shown(self, order: Order, reads: int) -> OrderStatus:
        """A replica that lags by one read."""
        refunded = order.ledger.status in (FULL, PARTIAL)
        return S.APPROVED if refunded and reads == 1 else order.ledger.status


@seed("second-read-is-stale", "refund.read-after-write", related=(*SUMS, "lifecycle.*"))
class SecondReadIsStale(LateReads):
    """The second read after a refund comes from a replica that has not heard of it."""

    def shown(self, order: Order, reads: int) -> OrderStatus:
        """Two replicas in turn."""
        refunded = order.ledger.status in (FULL, PARTIAL)
        return S.APPROVED if refunded and reads == 2 else order.ledger.status
