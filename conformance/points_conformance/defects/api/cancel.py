"""Servers that cancel what they must not, refuse what they must, or lose the reason."""

from dataclasses import replace
from typing import Any

from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import LateReads, Rebooking, Yielding, crash
from points_conformance.defects.defect import Seeds
from points_conformance.ledger import Booked, Cancel, Command, OrderLedger, Refund
from points_conformance.ledger import Refusal as Why
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import Errors, Forms, invalid
from points_conformance.simulator.messages import Refusal, Request
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["seed"]

seed = Seeds(ServerDefect)
S = OrderStatus
ALL = ("cancel.*", "webhook.*", "story.*")
#: What was final before the run is reversed as what becomes final in it.
FINAL = "lifecycle.final-before-the-run"
#: Rules that cancel what was refunded, from where they stand.
BOTH = (FINAL, "lifecycle.auto-refund-is-final", "race.cancel-or-refund", "story.*", "webhook.*")


#: Rules that tell reasons from where they stand.
REASONS = ("webhook.*", "property.reasons")


# ---------------------------------------------------------------------- from which statuses
@seed("cancel-is-a-no-op", "cancel.ends-cancelled", "cancel.new-order", "cancel.authorized-order",
      "cancel.settled-either-way", related=(*ALL, "refund.cancelled-is-refused"))  # fmt: skip
class CancelsNothing(Desk):
    """A cancel is answered 200 and told, but the order stays as it was."""

    def cancel(self, order: Order, reason: str | None) -> None:
        """Tell, and forget to save."""
        self.decide(order, Cancel())
        self.notifier.cancelled(order, self.cancel_reason(reason))


@seed("cancel-of-new-is-refused", "cancel.new-order", "cancel.ends-cancelled", related=ALL)
class KeepsNewOrders(Desk):
    """A new order cannot be cancelled, only an authorized one."""

    def decide(self, order: Order, command: Command) -> Booked:
        """Refuse where nothing was reserved yet."""
        if isinstance(command, Cancel) and order.ledger.status is S.NEW:
            raise self.refusal(Why.STATE)
        return super().decide(order, command)


@seed("cancel-of-authorized-is-refused", "cancel.authorized-order")
class KeepsAuthorizedOrders(Desk):
    """An authorized order cannot be cancelled, so its points stay reserved for ever."""

    def decide(self, order: Order, command: Command) -> Booked:
        """Refuse where points are reserved."""
        if isinstance(command, Cancel) and order.ledger.status is S.AUTHORIZED:
            raise self.refusal(Why.STATE)
        return super().decide(order, command)


@seed("cancel-twice", "cancel.second-is-refused", related=FINAL)
class CancelsTwice(Yielding):
    """A cancelled order is cancelled once more, and told once more."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """No look at the status first."""
        return isinstance(command, Cancel) and ledger.status is S.CANCELLED


@seed("cancel-of-fully-refunded", "cancel.fully-refunded-is-refused", related=BOTH)
class CancelsWhatWentBack(Yielding):
    """A fully refunded order is cancelled, so that it counts as given back twice."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """Only cancelled ones are protected."""
        return isinstance(command, Cancel) and ledger.status is S.FULLY_REFUNDED


@seed("cancel-then-refund-the-rest", "cancel.partially-refunded-is-bounded",
      "cancel.partially-refunded-is-refused",
      related=("refund.cancelled-is-refused",))  # fmt: skip
class CancelsAndRefundsParts(Yielding):
    """A partially refunded order can be cancelled, and its rest refunded after that."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """A part that went back protects nothing."""
        if isinstance(command, Cancel):
            return ledger.status is S.PARTIALLY_REFUNDED
        refund = isinstance(command, Refund)
        return refund and ledger.status is S.CANCELLED and ledger.refunded > 0


@seed(
    "cancel-refusal-forgets-the-parts", "cancel.partially-refunded-is-bounded", related="refund.*"
)
class ForgetsPartsOnRefusedCancel(Desk):
    """A refused cancel of a partially refunded order sets the refunded amount back to zero."""

    def decide(self, order: Order, command: Command) -> Booked:
        """Roll back too much."""
        try:
            return super().decide(order, command)
        except Refusal:
            if isinstance(command, Cancel) and order.ledger.status is S.PARTIALLY_REFUNDED:
                order.ledger = replace(order.ledger, refunded=0, refunded_points=0)
            raise


@seed("cancel-of-partially-refunded", "cancel.partially-refunded-is-refused")
class CancelsPartlyRefunded(Yielding):
    """A partially refunded order is cancelled as if nothing had gone back."""

    def yields(self, ledger: OrderLedger, command: Command, why: Why) -> bool:
        """The diagram has no such arrow; refusing is what it asks for."""
        return isinstance(command, Cancel) and ledger.status is S.PARTIALLY_REFUNDED


@seed(
    "cancel-of-paid-is-half-done",
    "cancel.settled-either-way",
    related=ALL,
)
class HalfCancelsPaidOrders(Rebooking):
    """A cancel of a paid order is answered 200 and told, but the order stays approved."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """The points go back, the status does not change."""
        if isinstance(command, Cancel) and order.ledger.status in (S.APPROVED, S.CAPTURED):
            return replace(booked, ledger=order.ledger)
        return booked


@seed("refused-cancel-cancels-paid", "cancel.settled-either-way", related=ALL, dialect="strict")
class CancelsBeforeItRefuses(Desk):
    """A cancel of an approved order is refused with 400, and the order is cancelled."""

    def decide(self, order: Order, command: Command) -> Booked:
        """Saved before the check."""
        try:
            return super().decide(order, command)
        except Refusal:
            if isinstance(command, Cancel) and order.ledger.status is S.APPROVED:
                order.ledger = replace(order.ledger, status=S.CANCELLED)
            raise


@seed("refused-cancel-of-refunded-cancels", "cancel.fully-refunded-is-refused", related=BOTH)
class OverwritesRefundedOnRefusal(Desk):
    """A cancel of a fully refunded order is refused, and its status becomes cancelled."""

    def decide(self, order: Order, command: Command) -> Booked:
        """Saved before the check."""
        try:
            return super().decide(order, command)
        except Refusal:
            if isinstance(command, Cancel) and order.ledger.status is S.FULLY_REFUNDED:
                order.ledger = replace(order.ledger, status=S.CANCELLED)
            raise


@seed("second-cancel-is-200", "cancel.second-is-refused", related=(FINAL, "race.cancels"))
class SecondCancelIsIdempotent(Desk):
    """A second cancel is answered 200 and does nothing."""

    def cancel(self, order: Order, reason: str | None) -> None:
        """As if it were idempotent."""
        if order.ledger.status is not S.CANCELLED:
            super().cancel(order, reason)


@seed("second-cancel-is-409", "cancel.second-is-refused", related=FINAL)
class SecondCancelConflicts(Desk):
    """A second cancel is refused with 409 instead of 400."""

    def cancel(self, order: Order, reason: str | None) -> None:
        """Another code than the documented one."""
        if order.ledger.status is S.CANCELLED:
            raise Refusal(409, "The order is already cancelled.")
        super().cancel(order, reason)


# ---------------------------------------------------------------------- what a cancel keeps
@seed("cancel-zeroes-the-price", "cancel.identity", related=ALL)
class CancelZeroesPrice(Rebooking):
    """A cancel sets the order's total_price to zero."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """Nothing is owed any more."""
        if isinstance(command, Cancel):
            return replace(booked, ledger=replace(booked.ledger, total=0))
        return booked


@seed("cancel-renames-the-order", "cancel.identity", related=ALL)
class CancelRenames(Desk):
    """A cancel appends a suffix to order_number, so that the number can be used again."""

    def cancel(self, order: Order, reason: str | None) -> None:
        """Free the unique number."""
        super().cancel(order, reason)
        order.number += "-cancelled"


@seed("cancel-is-read-one-read-late", "cancel.ends-cancelled", "cancel.new-order",
      related=(*ALL, FINAL, "refund.cancelled-*", "lifecycle.cancelled-*",
               "isolation.*"))  # fmt: skip
class ReadsCancelsLate(LateReads):
    """The first read after a cancel still shows the order as new."""

    def shown(self, order: Order, reads: int) -> OrderStatus:
        """A replica that lags by one read."""
        cancelled = order.ledger.status is S.CANCELLED
        return S.NEW if cancelled and reads == 1 else order.ledger.status


@seed("cancel-is-forgotten-by-a-replica", "cancel.read-after-write",
      related=(*ALL, FINAL, "refund.cancelled-*", "lifecycle.cancelled-*",
               "isolation.*"))  # fmt: skip
class SecondReadOfCancelIsStale(LateReads):
    """The second read after a cancel comes from a replica that has not heard of it."""

    def shown(self, order: Order, reads: int) -> OrderStatus:
        """Two replicas in turn."""
        cancelled = order.ledger.status is S.CANCELLED
        return S.NEW if cancelled and reads == 2 else order.ledger.status


# ---------------------------------------------------------------------- the default reason
class _OtherDefault(Desk):
    default = ""

    def cancel_reason(self, reason: str | None) -> str:
        """The wrong default."""
        return self.default if reason is None else reason


_DEFAULT = ("cancel.default-reason", "cancel.default-reason-empty-body")
_TOLD = ("cancel.default-*", "cancel.reason-null-or-empty", "webhook.*", "property.reasons")


@seed("default-reason-with-a-dot", _DEFAULT[0], related=_TOLD)
class DefaultWithDot(_OtherDefault):
    """The default reason ends in a full stop."""

    default = "Order cancelled via API."


@seed("default-reason-in-lower-case", _DEFAULT[0], related=_TOLD)
class DefaultInLowerCase(_OtherDefault):
    """The default reason is written in lower case."""

    default = "order cancelled via api"


@seed("default-reason-in-american", _DEFAULT[0], related=_TOLD)
class DefaultInAmerican(_OtherDefault):
    """The default reason is spelt with one l."""

    default = "Order canceled via API"


@seed("default-reason-is-empty", _DEFAULT[0], related=_TOLD)
class DefaultIsEmpty(_OtherDefault):
    """An omitted reason becomes an empty text."""


@seed("default-reason-is-null", _DEFAULT[0], "cancel.reason-null-or-empty", related=_TOLD)
class DefaultIsNull(Presenter):
    """An omitted reason stays null in the webhook."""

    def cancelled(self, order: Order, reason: str) -> dict[str, Any]:
        """The default is for the page alone."""
        given = None if reason == "Order cancelled via API" else reason
        return super().cancelled(order, reason) | {"reason": given}


@seed("default-reason-only-without-a-body", _DEFAULT[1], related=_TOLD)
class NoDefaultForEmptyObject(Forms):
    """The body {} gives an empty reason: the default is set only where there is no body at all."""

    def cancel(self, request: Request) -> str | None:
        """``body.reason ?? ''`` behind ``if (body)``."""
        return super().cancel(request) or ("" if request.body.strip() else None)


@seed("null-reason-is-told-as-null", "cancel.reason-null-or-empty", related=REASONS,
      dialect="lenient")  # fmt: skip
class NullReasonStaysNull(Presenter):
    """A reason of null or of no characters is told as null."""

    def cancelled(self, order: Order, reason: str) -> dict[str, Any]:
        """``$request->reason ?: null``."""
        return super().cancelled(order, reason) | {"reason": reason or None}


@seed("null-reason-crashes", "cancel.reason-null-or-empty",
      related=("reading.reason-null", "robust.*"))  # fmt: skip
class NullReasonCrashes(Forms):
    """A reason of null is a server error."""

    def reason(self, body: Any, errors: Errors) -> str | None:
        """``strlen(null)``."""
        if body.get("reason", "") is None:
            raise crash()
        return super().reason(body, errors)


# ---------------------------------------------------------------------- a given reason
@seed("given-reason-is-dropped", "cancel.given-reason", related=("cancel.reason-limit", *REASONS))
class DropsReason(Desk):
    """The default reason is told even where one was given."""

    def cancel_reason(self, reason: str | None) -> str:
        """The request's field never reaches the model."""
        return super().cancel_reason(None)


@seed("given-reason-loses-its-script", "cancel.given-reason", related=REASONS)
class MangledReason(Desk):
    """Characters beyond ASCII in a reason become question marks."""

    def cancel_reason(self, reason: str | None) -> str:
        """A latin1 column."""
        return super().cancel_reason(reason).encode("ascii", "replace").decode()


@seed("reason-of-256-is-lost", "property.reasons", related=REASONS)
class LosesReasonAtTheBorder(Desk):
    """A reason of exactly 256 characters becomes the default: between two columns, one is off."""

    def cancel_reason(self, reason: str | None) -> str:
        """Up to 255 in one column, from 257 in the other."""
        return super().cancel_reason(None if reason and len(reason) == 256 else reason)


@seed("given-reason-is-cut-at-255", "cancel.reason-limit", related=REASONS)
class CutsReason(Desk):
    """A reason of 500 characters is accepted, and told with its first 255."""

    def cancel_reason(self, reason: str | None) -> str:
        """A varchar(255) column of a server that is not strict."""
        return super().cancel_reason(reason)[:255]


class _OtherLimit(Forms):
    limit = 500

    def reason(self, body: Any, errors: Errors) -> str | None:
        """Count otherwise."""
        reason = body.get("reason")
        if isinstance(reason, str):
            if self.length(reason) > self.limit:
                raise invalid({"reason": ["The reason field is too long."]})
            return reason or None
        return super().reason(body, errors)

    def length(self, reason: str) -> int:
        """How long a reason is."""
        return len(reason)


_LIMITS = ("cancel.reason-limit", "refund.reason-limit")
_LENGTHS = ("*reason*", "robust.*", "schema.*", "webhook.*")


@seed("reason-limit-in-bytes", "cancel.reason-counts-characters", "refund.reason-limit",
      related=_LENGTHS)  # fmt: skip
class CountsBytes(_OtherLimit):
    """The limit of a reason is counted in bytes: 500 Arabic letters are refused."""

    def length(self, reason: str) -> int:
        """``strlen``, not ``mb_strlen``."""
        return len(reason.encode())


@seed("reason-limit-255", *_LIMITS, related=_LENGTHS)
class LimitOf255(_OtherLimit):
    """A reason of more than 255 characters is refused."""

    limit = 255


@seed("reason-limit-499", *_LIMITS, related=_LENGTHS)
class LimitOf499(_OtherLimit):
    """A reason of 500 characters is refused: the limit is tested with < instead of <=."""

    limit = 499


@seed("reason-limit-501", *_LIMITS, related=_LENGTHS)
class LimitOf501(_OtherLimit):
    """A reason of 501 characters is accepted."""

    limit = 501


@seed("reason-without-limit", *_LIMITS, related=_LENGTHS)
class NoLimit(_OtherLimit):
    """A reason of any length is accepted."""

    limit = 10**9


@seed("reason-is-made-text", "cancel.reason-is-text", "refund.reason-is-text",
      related=("*reason*", "robust.*", "schema.*"))  # fmt: skip
class CastsReason(Forms):
    """A reason that is a number, a list or an object is turned into text and accepted."""

    def reason(self, body: Any, errors: Errors) -> str | None:
        """``String(reason)``."""
        reason = body.get("reason")
        if reason is None or isinstance(reason, str):
            return super().reason(body, errors)
        return str(reason)


@seed("reason-may-be-true", "cancel.reason-is-text", related="*reason*")
class TakesTrueReason(Forms):
    """A reason of true is accepted."""

    def reason(self, body: Any, errors: Errors) -> str | None:
        """``if (reason && ...)``."""
        return "1" if body.get("reason") is True else super().reason(body, errors)


@seed("cancel-body-that-is-text-crashes", "cancel.malformed-body", related="robust.*")
class CrashesOnTextBody(Forms):
    """A cancel whose body is JSON but no object is a server error."""

    def cancel(self, request: Request) -> str | None:
        """``array_key_exists`` on a string."""
        try:
            return super().cancel(request)
        except Refusal as refusal:
            if refusal.errors and "body" in refusal.errors:
                raise crash() from None
            raise
