"""Servers that tell of a reversal not at all, twice, of another one, or in other headers."""

from points_conformance.contract.limits import EVENT_HEADER, SECRET_HEADER
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.ledger import Booked
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import RefundForm
from points_conformance.simulator.messages import Refusal, dump_json, load_json
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.world import Endpoint, Merchant, Order

__all__ = ["TOLD", "seed"]

STANDARD = Profile.STANDARD
#: Whoever reads payloads may stumble over a wrong one.
TOLD = (
    "webhook.*",
    "points.*",
    "cancel.*",
    "property.*",
    "story.*",
    "race.*",
    "lifecycle.*",
    "refund.*",
    "reading.*",
    "isolation.*",
    "robust.*",
    "fields.*",
    "texts.*",
    "numbers.*",
)
seed = Seeds(ServerDefect, related=TOLD)


# ---------------------------------------------------------------------- whether it is told
@seed.on(Notifier.refunded, "webhook-refund-missing", "webhook.refund-is-told")
def tells_no_refund(notifier: Notifier, order: Order, booked: Booked, reason: str | None) -> None:
    """No refund is told."""
    # The job is never queued.


@seed.on(
    Notifier.cancelled,
    "webhook-cancel-missing",
    "webhook.cancel-is-told",
    "webhook.every-reversal-is-told",
    profile=STANDARD,
)
def tells_no_cancel(notifier: Notifier, order: Order, reason: str) -> None:
    """No cancel is told."""
    # The job is never queued.


@seed.on(
    Notifier.refunded,
    "webhook-second-part-missing",
    "webhook.each-part-is-told",
    "webhook.every-reversal-is-told",
)
def tells_one_part(notifier: Notifier, order: Order, booked: Booked, reason: str | None) -> None:
    """Only the first of an order's partial refunds is told: the key (order, event) was used."""
    # Take what is told already for a repeat.
    if order.ledger.refunded == booked.amount:
        Notifier.refunded(notifier, order, booked, reason)


@seed.on(
    Notifier.refunded,
    "webhook-last-part-missing",
    "webhook.each-part-is-told",
    "webhook.every-reversal-is-told",
)
def tells_no_last_part(
    notifier: Notifier, order: Order, booked: Booked, reason: str | None
) -> None:
    """The partial refund that completes an order is not told."""
    # Skip the end of a series.
    if booked.ledger.left or booked.amount == booked.ledger.total:
        Notifier.refunded(notifier, order, booked, reason)


@seed.on(Notifier.refunded, "webhook-small-refund-missing", "webhook.every-reversal-is-told")
def tells_no_small_refund(
    notifier: Notifier, order: Order, booked: Booked, reason: str | None
) -> None:
    """Refunds of less than a riyal are not told."""
    # Round to riyals before looking whether there is anything to tell.
    if booked.amount >= 100:
        Notifier.refunded(notifier, order, booked, reason)


@seed.on(Notifier.refunded, "webhook-refund-told-twice", "webhook.told-once")
def tells_refunds_twice(
    notifier: Notifier, order: Order, booked: Booked, reason: str | None
) -> None:
    """Each refund is told twice, with different timestamps."""
    # Two listeners for one event.
    Notifier.refunded(notifier, order, booked, reason)
    Notifier.refunded(notifier, order, booked, reason)


@seed.on(Notifier.cancelled, "webhook-cancel-told-twice", "webhook.told-once")
def tells_cancels_twice(notifier: Notifier, order: Order, reason: str) -> None:
    """Each cancel is told twice, with different timestamps."""
    # Two listeners for one event.
    Notifier.cancelled(notifier, order, reason)
    Notifier.cancelled(notifier, order, reason)


@seed.on(Desk.refund, "webhook-refused-refund-told", "webhook.nothing-for-a-refusal")
def tells_refused_refunds(desk: Desk, order: Order, form: RefundForm) -> None:
    """A refund that the order's status forbids is refused and told all the same."""
    # Tell before the answer is known.
    try:
        Desk.refund(desk, order, form)
    except Refusal:
        amount = form.amount or order.ledger.total
        desk.notifier.refunded(order, Booked(order.ledger, None, amount), form.reason)
        raise


@seed.on(Desk.cancel, "webhook-refused-cancel-told", "webhook.nothing-for-a-refusal")
def tells_refused_cancels(desk: Desk, order: Order, reason: str | None) -> None:
    """A cancel that is refused is told all the same."""
    # Tell before the answer is known.
    try:
        Desk.cancel(desk, order, reason)
    except Refusal:
        desk.notifier.cancelled(order, desk.cancel_reason(reason))
        raise


# ---------------------------------------------------------------------- how it is sent
class _Headers(Notifier):
    """Sends other headers."""

    def headers(self, event: str, endpoint: Endpoint | None) -> dict[str, str]:
        """The sound ones, spoilt."""
        headers = super().headers(event, endpoint)
        self.spoil(headers)
        return headers

    def spoil(self, headers: dict[str, str]) -> None:
        """Change the headers."""


@seed.on(_Headers.spoil, "webhook-wrong-secret", "webhook.secret", profile=STANDARD)
def sends_wrong_secret(notifier: _Headers, headers: dict[str, str]) -> None:
    """X-Webhook-Secret is not the registered secret."""
    # The wrong end of it.
    headers[SECRET_HEADER] = headers.get(SECRET_HEADER, "")[::-1]


@seed.on(_Headers.spoil, "webhook-no-secret", "webhook.secret", profile=STANDARD)
def sends_no_secret(notifier: _Headers, headers: dict[str, str]) -> None:
    """X-Webhook-Secret is missing."""
    # Forget it.
    headers.pop(SECRET_HEADER, None)


@seed.on(
    _Headers.spoil, "webhook-header-names-another-event", "webhook.event-header", profile=STANDARD
)
def names_another_event(notifier: _Headers, headers: dict[str, str]) -> None:
    """X-Webhook-Event has a prefix that the body's event has not."""
    # The internal name.
    headers[EVENT_HEADER] = f"order.{headers[EVENT_HEADER]}"


@seed.on(_Headers.spoil, "webhook-no-event-header", "webhook.event-header", profile=STANDARD)
def names_no_event(notifier: _Headers, headers: dict[str, str]) -> None:
    """X-Webhook-Event is missing."""
    # Forget it.
    del headers[EVENT_HEADER]


@seed.on(_Headers.spoil, "webhook-sent-as-form", "webhook.content-type", profile=STANDARD)
def sends_a_form(notifier: _Headers, headers: dict[str, str]) -> None:
    """JSON is sent as application/x-www-form-urlencoded."""
    # A client's default.
    headers["Content-Type"] = "application/x-www-form-urlencoded"


@seed.on(
    Notifier.queue,
    "webhook-secret-in-body",
    "webhook.secret-in-header-alone",
    "webhook.all-secrets",
    profile=STANDARD,
)
def shows_secret_in_body(
    notifier: Notifier,
    merchant: Merchant,
    endpoint: Endpoint | None,
    event: str,
    body: bytes,
    order_uuid: str | None,
) -> None:
    """The endpoint's secret stands in the body too."""
    # The whole endpoint is in the payload.
    if endpoint is not None:
        body = dump_json({**load_json(body), "webhook": {"secret": endpoint.secret}})
    Notifier.queue(notifier, merchant, endpoint, event, body, order_uuid)
