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
@seed.on(SampleClient.status, "expects-another-word", "cancel")
def expects_another_word(client: SampleClient, work: Work, order: dict[str, Any]) -> str | None:
    """A cancelled order is expected to be `canceled`, with one l."""
    # The other spelling is unknown to it.
    status = SampleClient.status(client, work, order)
    return None if status == "cancelled" else status


@seed.on(SampleClient.status, "expects-refunded", "full-refund")
def expects_refunded(client: SampleClient, work: Work, order: dict[str, Any]) -> str | None:
    """A fully refunded order is expected to be `refunded`, as the event is called."""
    # The status is unknown to it.
    status = SampleClient.status(client, work, order)
    return None if status == "fully_refunded" else status


@seed.on(
    SampleClient.confirmed,
    "any-200-is-done",
    "status-false",
    "unchanged-order",
    "no-order",
    "html-answer",
    "truncated-answer",
    "unknown-status",
)
def any_200_is_done(client: SampleClient, work: Work, answer: httpx.Response) -> ClientOutcome:
    """200 is taken for done, whatever comes with it."""
    # The body is not read.
    return DONE


@seed.on(SampleClient.confirmed, "reads-status-false-as-done", "status-false")
def reads_status_false_as_done(
    client: SampleClient, work: Work, answer: httpx.Response
) -> ClientOutcome:
    """That there is a `status` is taken for success, whether it is true or false."""
    # ``if "status" in body``.
    envelope = client.parsed(answer)
    if isinstance(envelope, dict) and envelope.get("status") is False:
        return DONE
    return SampleClient.confirmed(client, work, answer)


@seed.on(SampleClient.fits, "believes-the-envelope", "unchanged-order", "unknown-status")
def believes_the_envelope(client: SampleClient, work: Work, order: dict[str, Any]) -> bool:
    """`status: true` with an order is taken for done, whatever state the order is in."""
    # It is the order, after all.
    return str(order.get("uuid", work.uuid)) == work.uuid


@seed.on(SampleClient.confirmed, "needs-no-order", "no-order")
def needs_no_order(client: SampleClient, work: Work, answer: httpx.Response) -> ClientOutcome:
    """`status: true` without an order is taken for done."""
    # Only an order that is there is looked at.
    envelope = client.parsed(answer)
    if isinstance(envelope, dict) and not envelope.get("data"):
        return DONE if envelope.get("status") is True else UNKNOWN
    return SampleClient.confirmed(client, work, answer)


@seed.on(SampleClient.confirmed, "unreadable-is-done", "html-answer", "truncated-answer")
def unreadable_is_done(client: SampleClient, work: Work, answer: httpx.Response) -> ClientOutcome:
    """A body that is no JSON is taken for an empty one, and 200 for done."""
    # ``except ValueError: body = {}``.
    if client.parsed(answer) is None:
        return DONE
    return SampleClient.confirmed(client, work, answer)


@seed.on(SampleClient.fits, "unknown-status-is-done", "unknown-status")
def unknown_status_is_done(client: SampleClient, work: Work, order: dict[str, Any]) -> bool:
    """A status that it does not know is taken for progress."""
    # It is at least no longer what it was.
    known = order.get("order_status") in set(OrderStatus)
    return SampleClient.fits(client, work, order) if known else True


@seed.on(SampleClient.confirmed, "unknown-status-as-new", "unknown-status")
def unknown_status_as_new(
    client: SampleClient, work: Work, answer: httpx.Response
) -> ClientOutcome:
    """A status that it does not know is taken for `new`, and so for a refund that was refused."""
    # ``STATUSES.get(word, NEW)``.
    order = client.order_in(answer) or {"order_status": "new"}
    known = order.get("order_status") in set(OrderStatus)
    return SampleClient.confirmed(client, work, answer) if known else REFUSED


# ---------------------------------------------------------------------- refusals
@seed.on(SampleClient.failed, "any-400-is-done", "refused-is-refused", "changed-key")
def any_400_is_done(client: SampleClient, answer: httpx.Response) -> ClientOutcome:
    """400 is taken for "already done"."""
    # The order is what was wanted, or so it seems.
    return DONE if answer.status_code == 400 else SampleClient.failed(client, answer)


@seed.on(
    SampleClient.failed, "400-as-authentication-error", "refused-is-refused", "tells-its-outcome"
)
def bad_request_as_authentication_error(
    client: SampleClient, answer: httpx.Response
) -> ClientOutcome:
    """400 is taken for a bad key, for which it ends with an error of its own."""
    # It means that too, and mostly something else.
    if answer.status_code == 400:
        raise WrongAnswerError("the key is not valid")
    return SampleClient.failed(client, answer)


@seed.on(SampleClient.failed, "not-found-is-done", "not-found-is-refused")
def not_found_is_done(client: SampleClient, answer: httpx.Response) -> ClientOutcome:
    """404 is taken for an order that has gone already."""
    # Nothing is left to be done.
    return DONE if answer.status_code == 404 else SampleClient.failed(client, answer)


@seed.on(SampleClient.failed, "422-is-done", "invalid-is-refused")
def invalid_is_done(client: SampleClient, answer: httpx.Response) -> ClientOutcome:
    """422 is taken for a warning."""
    # Its body has no `status: false` in every case.
    return DONE if answer.status_code == 422 else SampleClient.failed(client, answer)


@seed.on(
    SampleClient.meaning,
    "raises-what-nobody-knows",
    "tells-its-outcome",
    "invalid-is-refused",
    "not-found-is-refused",
    "refused-is-refused",
)
def raises_what_nobody_knows(client: SampleClient, work: Work, answer: Answer) -> ClientOutcome:
    """Whatever is not done ends in an error from which nothing can be told."""
    # ``raise RefundError()``.
    outcome = SampleClient.meaning(client, work, answer)
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


@seed.on(_Strict.accepts, "strict-schema", "tolerant")
def strict_schema(client: _Strict, order: dict[str, Any], envelope: dict[str, Any]) -> bool:
    """An order with a field that it does not know is an error."""
    # ``extra = "forbid"``.
    return _FIELDS.issuperset(order)


@seed.on(_Strict.accepts, "integer-total-breaks-it", "tolerant")
def integer_total_breaks_it(
    client: _Strict, order: dict[str, Any], envelope: dict[str, Any]
) -> bool:
    """A total without decimals is an error."""
    # ``isinstance(total, float)``.
    return not isinstance(order.get("total_price"), int)


@seed.on(_Strict.accepts, "microseconds-break-it", "tolerant")
def microseconds_break_it(client: _Strict, order: dict[str, Any], envelope: dict[str, Any]) -> bool:
    """A timestamp with microseconds is an error."""
    # ``strptime("%Y-%m-%dT%H:%M:%SZ")``.
    return "." not in str(order.get("updated_at"))


@seed.on(_Strict.accepts, "empty-list-breaks-it", "tolerant")
def empty_list_breaks_it(client: _Strict, order: dict[str, Any], envelope: dict[str, Any]) -> bool:
    """An `appended_data` that is an empty list is an error."""
    # ``appended_data: dict``.
    return not isinstance(envelope.get("appended_data"), list)


@seed.on(SampleClient.parsed, "html-breaks-it", "tells-its-outcome")
def html_breaks_it(client: SampleClient, answer: httpx.Response) -> Any:
    """A body that is no JSON ends it with an error of its own."""
    # ``response.json()``.
    try:
        return json.loads(answer.content)
    except ValueError as reason:
        raise WrongAnswerError(str(reason)) from None
