"""Clients that take an answer for something that it does not say."""

import json
from typing import Any, Final

import httpx

from points_conformance.contract.names import OrderStatus
from points_conformance.defects.client.defect import ClientDefect
from points_conformance.defects.client.sample import Answer, SampleClient, Work
from points_conformance.defects.defect import Seeds
from points_conformance.targets.client.outcome import ClientOutcome

__all__ = ["seed"]

seed: Final = Seeds(ClientDefect)

DONE, REFUSED, UNKNOWN = ClientOutcome.DONE, ClientOutcome.REFUSED, ClientOutcome.UNKNOWN


class WrongAnswerError(Exception):
    """What the clients below raise where they do not know better: nothing that a caller knows."""


# ---------------------------------------------------------------------- success
@seed("expects-another-word", "cancel")
class ExpectsAnotherWord(SampleClient):
    """A cancelled order is expected to be `canceled`, with one l."""

    def status(self, work: Work, order: dict[str, Any]) -> str | None:
        """The other spelling is unknown to it."""
        status = super().status(work, order)
        return None if status == "cancelled" else status


@seed("expects-refunded", "full-refund")
class ExpectsRefunded(SampleClient):
    """A fully refunded order is expected to be `refunded`, as the event is called."""

    def status(self, work: Work, order: dict[str, Any]) -> str | None:
        """The status is unknown to it."""
        status = super().status(work, order)
        return None if status == "fully_refunded" else status


@seed(
    "any-200-is-done",
    "status-false",
    "unchanged-order",
    "no-order",
    "html-answer",
    "truncated-answer",
    "unknown-status",
)
class Any200IsDone(SampleClient):
    """200 is taken for done, whatever comes with it."""

    def confirmed(self, work: Work, answer: httpx.Response) -> ClientOutcome:
        """The body is not read."""
        return DONE


@seed("reads-status-false-as-done", "status-false")
class ReadsStatusFalseAsDone(SampleClient):
    """That there is a `status` is taken for success, whether it is true or false."""

    def confirmed(self, work: Work, answer: httpx.Response) -> ClientOutcome:
        """``if "status" in body``."""
        envelope = self.parsed(answer)
        if isinstance(envelope, dict) and envelope.get("status") is False:
            return DONE
        return super().confirmed(work, answer)


@seed("believes-the-envelope", "unchanged-order", "unknown-status")
class BelievesTheEnvelope(SampleClient):
    """`status: true` with an order is taken for done, whatever state the order is in."""

    def fits(self, work: Work, order: dict[str, Any]) -> bool:
        """It is the order, after all."""
        return str(order.get("uuid", work.uuid)) == work.uuid


@seed("needs-no-order", "no-order")
class NeedsNoOrder(SampleClient):
    """`status: true` without an order is taken for done."""

    def confirmed(self, work: Work, answer: httpx.Response) -> ClientOutcome:
        """Only an order that is there is looked at."""
        envelope = self.parsed(answer)
        if isinstance(envelope, dict) and not envelope.get("data"):
            return DONE if envelope.get("status") is True else UNKNOWN
        return super().confirmed(work, answer)


@seed("unreadable-is-done", "html-answer", "truncated-answer")
class UnreadableIsDone(SampleClient):
    """A body that is no JSON is taken for an empty one, and 200 for done."""

    def confirmed(self, work: Work, answer: httpx.Response) -> ClientOutcome:
        """``except ValueError: body = {}``."""
        if self.parsed(answer) is None:
            return DONE
        return super().confirmed(work, answer)


@seed("unknown-status-is-done", "unknown-status")
class UnknownStatusIsDone(SampleClient):
    """A status that it does not know is taken for progress."""

    def fits(self, work: Work, order: dict[str, Any]) -> bool:
        """It is at least no longer what it was."""
        known = order.get("order_status") in set(OrderStatus)
        return super().fits(work, order) if known else True


@seed("unknown-status-as-new", "unknown-status")
class UnknownStatusAsNew(SampleClient):
    """A status that it does not know is taken for `new`, and so for a refund that was refused."""

    def confirmed(self, work: Work, answer: httpx.Response) -> ClientOutcome:
        """``STATUSES.get(word, NEW)``."""
        order = self.order_in(answer) or {"order_status": "new"}
        known = order.get("order_status") in set(OrderStatus)
        return super().confirmed(work, answer) if known else REFUSED


# ---------------------------------------------------------------------- refusals
@seed("any-400-is-done", "refused-is-refused", "changed-key")
class Any400IsDone(SampleClient):
    """400 is taken for "already done"."""

    def failed(self, answer: httpx.Response) -> ClientOutcome:
        """The order is what was wanted, or so it seems."""
        return DONE if answer.status_code == 400 else super().failed(answer)


@seed("400-as-authentication-error", "refused-is-refused", "tells-its-outcome")
class BadRequestAsAuthenticationError(SampleClient):
    """400 is taken for a bad key, for which it ends with an error of its own."""

    def failed(self, answer: httpx.Response) -> ClientOutcome:
        """It means that too, and mostly something else."""
        if answer.status_code == 400:
            raise WrongAnswerError("the key is not valid")
        return super().failed(answer)


@seed("not-found-is-done", "not-found-is-refused")
class NotFoundIsDone(SampleClient):
    """404 is taken for an order that has gone already."""

    def failed(self, answer: httpx.Response) -> ClientOutcome:
        """Nothing is left to be done."""
        return DONE if answer.status_code == 404 else super().failed(answer)


@seed("422-is-done", "invalid-is-refused")
class InvalidIsDone(SampleClient):
    """422 is taken for a warning."""

    def failed(self, answer: httpx.Response) -> ClientOutcome:
        """Its body has no `status: false` in every case."""
        return DONE if answer.status_code == 422 else super().failed(answer)


@seed(
    "raises-what-nobody-knows",
    "tells-its-outcome",
    "invalid-is-refused",
    "not-found-is-refused",
    "refused-is-refused",
)
class RaisesWhatNobodyKnows(SampleClient):
    """Whatever is not done ends in an error from which nothing can be told."""

    def meaning(self, work: Work, answer: Answer) -> ClientOutcome:
        """``raise RefundError()``."""
        outcome = super().meaning(work, answer)
        if outcome is not DONE:
            raise WrongAnswerError("something went wrong")
        return outcome


# ---------------------------------------------------------------------- what it cannot read
class _Strict(SampleClient):
    """Raises for an order that is not as it expects."""

    def order_in(self, answer: httpx.Response) -> dict[str, Any] | None:
        """As a schema does."""
        order = super().order_in(answer)
        if order is not None and not self.accepts(order, self.parsed(answer)):
            raise WrongAnswerError("the answer is not valid")
        return order

    def accepts(self, order: dict[str, Any], envelope: dict[str, Any]) -> bool:
        """Whether the order is as expected."""
        raise NotImplementedError


#: ``OrderResource`` in OpenAPI, to the letter.
_FIELDS: Final = frozenset(
    (
        *("id", "uuid", "reference_number", "order_status", "order_number", "type"),
        *("total_price", "total_points", "metadata", "date", "time", "since"),
        *("settlement_status", "status", "created_at", "updated_at", "items"),
    )
)


@seed("strict-schema", "tolerant")
class StrictSchema(_Strict):
    """An order with a field that it does not know is an error."""

    def accepts(self, order: dict[str, Any], envelope: dict[str, Any]) -> bool:
        """``extra = "forbid"``."""
        return _FIELDS.issuperset(order)


@seed("integer-total-breaks-it", "tolerant")
class IntegerTotalBreaksIt(_Strict):
    """A total without decimals is an error."""

    def accepts(self, order: dict[str, Any], envelope: dict[str, Any]) -> bool:
        """``isinstance(total, float)``."""
        return not isinstance(order.get("total_price"), int)


@seed("microseconds-break-it", "tolerant")
class MicrosecondsBreakIt(_Strict):
    """A timestamp with microseconds is an error."""

    def accepts(self, order: dict[str, Any], envelope: dict[str, Any]) -> bool:
        """``strptime("%Y-%m-%dT%H:%M:%SZ")``."""
        return "." not in str(order.get("updated_at"))


@seed("empty-list-breaks-it", "tolerant")
class EmptyListBreaksIt(_Strict):
    """An `appended_data` that is an empty list is an error."""

    def accepts(self, order: dict[str, Any], envelope: dict[str, Any]) -> bool:
        """``appended_data: dict``."""
        return not isinstance(envelope.get("appended_data"), list)


@seed("html-breaks-it", "tells-its-outcome")
class HtmlBreaksIt(SampleClient):
    """A body that is no JSON ends it with an error of its own."""

    def parsed(self, answer: httpx.Response) -> Any:
        """``response.json()``."""
        try:
            return json.loads(answer.content)
        except ValueError as reason:
            raise WrongAnswerError(str(reason)) from None
