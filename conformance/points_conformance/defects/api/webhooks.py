"""Servers that reverse orders rightly and tell a wrong story of it, or tell it wrongly."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from points_conformance.contract.limits import (
    DEFAULT_CANCEL_REASON,
    EVENT_HEADER,
    SECRET_HEADER,
)
from points_conformance.contract.money import sar, sar_text
from points_conformance.contract.names import REST_TYPES, Event, OrderStatus
from points_conformance.defects.api.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.ledger import Booked
from points_conformance.simulator.core import Parts
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.delivery.receivers import Reply
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import RefundForm
from points_conformance.simulator.messages import Refusal, dump_json, load_json
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Delivery, Endpoint, Merchant, Order

__all__ = ["seed"]

seed = Seeds()
STANDARD = Profile.STANDARD
#: Whoever reads payloads may stumble over a wrong one.
TOLD = ("webhook.*", "points.*", "cancel.*", "property.*", "story.*", "race.*", "lifecycle.*",
        "refund.*", "reading.*", "isolation.*", "robust.*")  # fmt: skip


# ---------------------------------------------------------------------- whether it is told
@seed("webhook-refund-missing", "webhook.refund-is-told", related=TOLD)
class TellsNoRefund(Notifier):
    """No refund is told."""

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> None:
        """The job is never queued."""


@seed("webhook-cancel-missing", "webhook.cancel-is-told", "webhook.every-reversal-is-told",
      related=TOLD, profile=STANDARD)  # fmt: skip
class TellsNoCancel(Notifier):
    """No cancel is told."""

    def cancelled(self, order: Order, reason: str) -> None:
        """The job is never queued."""


@seed("webhook-second-part-missing", "webhook.each-part-is-told", "webhook.every-reversal-is-told",
      related=TOLD)  # fmt: skip
class TellsOnePart(Notifier):
    """Only the first of an order's partial refunds is told: the key (order, event) was used."""

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> None:
        """Take what is told already for a repeat."""
        if order.ledger.refunded == booked.amount:
            super().refunded(order, booked, reason)


@seed("webhook-last-part-missing", "webhook.each-part-is-told", "webhook.every-reversal-is-told",
      related=TOLD)  # fmt: skip
class TellsNoLastPart(Notifier):
    """The partial refund that completes an order is not told."""

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> None:
        """Skip the end of a series."""
        if booked.ledger.left or booked.amount == booked.ledger.total:
            super().refunded(order, booked, reason)


@seed("webhook-small-refund-missing", "webhook.every-reversal-is-told", related=TOLD)
class TellsNoSmallRefund(Notifier):
    """Refunds of less than a riyal are not told."""

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> None:
        """Round to riyals before looking whether there is anything to tell."""
        if booked.amount >= 100:
            super().refunded(order, booked, reason)


@seed("webhook-refund-told-twice", "webhook.told-once", related=TOLD)
class TellsRefundsTwice(Notifier):
    """Each refund is told twice, with different timestamps."""

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> None:
        """Two listeners for one event."""
        super().refunded(order, booked, reason)
        super().refunded(order, booked, reason)


@seed("webhook-cancel-told-twice", "webhook.told-once", related=TOLD)
class TellsCancelsTwice(Notifier):
    """Each cancel is told twice, with different timestamps."""

    def cancelled(self, order: Order, reason: str) -> None:
        """Two listeners for one event."""
        super().cancelled(order, reason)
        super().cancelled(order, reason)


@seed("webhook-refused-refund-told", "webhook.nothing-for-a-refusal", related=TOLD)
class TellsRefusedRefunds(Desk):
    """A refund that the order's status forbids is refused and told all the same."""

    def refund(self, order: Order, form: RefundForm) -> None:
        """Tell before the answer is known."""
        try:
            super().refund(order, form)
        except Refusal:
            amount = form.amount or order.ledger.total
            self.notifier.refunded(order, Booked(order.ledger, None, amount), form.reason)
            raise


@seed("webhook-refused-cancel-told", "webhook.nothing-for-a-refusal", related=TOLD)
class TellsRefusedCancels(Desk):
    """A cancel that is refused is told all the same."""

    def cancel(self, order: Order, reason: str | None) -> None:
        """Tell before the answer is known."""
        try:
            super().cancel(order, reason)
        except Refusal:
            self.notifier.cancelled(order, self.cancel_reason(reason))
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


@seed("webhook-wrong-secret", "webhook.secret", related=TOLD, profile=STANDARD)
class SendsWrongSecret(_Headers):
    """X-Webhook-Secret is not the registered secret."""

    def spoil(self, headers: dict[str, str]) -> None:
        """The wrong end of it."""
        headers[SECRET_HEADER] = headers.get(SECRET_HEADER, "")[::-1]


@seed("webhook-no-secret", "webhook.secret", related=TOLD, profile=STANDARD)
class SendsNoSecret(_Headers):
    """X-Webhook-Secret is missing."""

    def spoil(self, headers: dict[str, str]) -> None:
        """Forget it."""
        headers.pop(SECRET_HEADER, None)


@seed("webhook-header-names-another-event", "webhook.event-header", related=TOLD,
      profile=STANDARD)  # fmt: skip
class NamesAnotherEvent(_Headers):
    """X-Webhook-Event has a prefix that the body's event has not."""

    def spoil(self, headers: dict[str, str]) -> None:
        """The internal name."""
        headers[EVENT_HEADER] = f"order.{headers[EVENT_HEADER]}"


@seed("webhook-no-event-header", "webhook.event-header", related=TOLD, profile=STANDARD)
class NamesNoEvent(_Headers):
    """X-Webhook-Event is missing."""

    def spoil(self, headers: dict[str, str]) -> None:
        """Forget it."""
        del headers[EVENT_HEADER]


@seed("webhook-sent-as-form", "webhook.content-type", related=TOLD, profile=STANDARD)
class SendsAForm(_Headers):
    """JSON is sent as application/x-www-form-urlencoded."""

    def spoil(self, headers: dict[str, str]) -> None:
        """A client's default."""
        headers["Content-Type"] = "application/x-www-form-urlencoded"


@seed("webhook-secret-in-body", "webhook.secret-in-header-alone", "webhook.all-secrets",
      related=TOLD, profile=STANDARD)  # fmt: skip
class ShowsSecretInBody(Notifier):
    """The endpoint's secret stands in the body too."""

    def queue(
        self,
        merchant: Merchant,
        endpoint: Endpoint | None,
        event: str,
        body: bytes,
        order_uuid: str | None,
    ) -> None:
        """The whole endpoint is in the payload."""
        if endpoint is not None:
            body = dump_json({**load_json(body), "webhook": {"secret": endpoint.secret}})
        super().queue(merchant, endpoint, event, body, order_uuid)


# ---------------------------------------------------------------------- what it says
class _Payload(Presenter):
    """Tells other fields of an order."""

    def payload(
        self, event: Event, order: Order, at: datetime, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """The sound payload, spoilt."""
        payload = super().payload(event, order, at, extra)
        self.spoil(payload["order"], order)
        return payload

    def spoil(self, shown: dict[str, Any], order: Order) -> None:
        """Change what is told of the order."""


@seed("webhook-integer-id", "webhook.order-id", "webhook.payload", related=TOLD)
class TellsIntegerId(_Payload):
    """order.id is the internal integer."""

    def spoil(self, shown: dict[str, Any], order: Order) -> None:
        """As REST calls it."""
        shown["id"] = order.id


@seed("webhook-reference-as-id", "webhook.order-id", related=TOLD)
class TellsReferenceAsId(_Payload):
    """order.id is the reference number."""

    def spoil(self, shown: dict[str, Any], order: Order) -> None:
        """Another name of the order."""
        shown["id"] = order.reference


@seed("webhook-integer-type", "webhook.type-is-a-word", "webhook.payload", related=TOLD,
      profile=STANDARD)  # fmt: skip
class TellsIntegerType(_Payload):
    """order.type is the integer of REST."""

    def spoil(self, shown: dict[str, Any], order: Order) -> None:
        """As REST spells it."""
        shown["type"] = REST_TYPES[order.kind]


@seed("webhook-other-price", "webhook.identity", related=TOLD, profile=STANDARD)
class TellsWhatIsLeftAsPrice(_Payload):
    """total_price is what is left of it."""

    def spoil(self, shown: dict[str, Any], order: Order) -> None:
        """The price now."""
        shown["total_price"] = sar(order.ledger.left)


@seed("webhook-other-number", "webhook.identity", related=TOLD, profile=STANDARD)
class TellsAnotherNumber(_Payload):
    """order_number has a leading # that the merchant's has not."""

    def spoil(self, shown: dict[str, Any], order: Order) -> None:
        """As the shop shows it."""
        shown["order_number"] = f"#{order.number}"


@seed("webhook-money-as-text", "webhook.payload", "webhook.all-payloads", related=TOLD)
class TellsMoneyAsText(_Payload):
    """total_price is a text."""

    def spoil(self, shown: dict[str, Any], order: Order) -> None:
        """As the database has it."""
        shown["total_price"] = sar_text(order.ledger.total)


@seed("webhook-no-payment-status", "webhook.payload", related=TOLD)
class TellsNoPaymentStatus(_Payload):
    """payment_status is missing."""

    def spoil(self, shown: dict[str, Any], order: Order) -> None:
        """Only where it is known."""
        del shown["payment_status"]


@seed("webhook-stale-status", "webhook.status", related=TOLD)
class TellsStaleStatus(Presenter):
    """A refund that completes a series is told as partially_refunded."""

    def payload_status(self, order: Order) -> OrderStatus:
        """The status before the commit."""
        status = order.ledger.status
        return OrderStatus.PARTIALLY_REFUNDED if status is OrderStatus.FULLY_REFUNDED else status


@seed("webhook-full-too-early", "webhook.status", related=TOLD)
class TellsFullTooEarly(Presenter):
    """Every refund is told as fully_refunded."""

    def payload_status(self, order: Order) -> OrderStatus:
        """A refund is a refund."""
        status = order.ledger.status
        return OrderStatus.FULLY_REFUNDED if status is OrderStatus.PARTIALLY_REFUNDED else status


@seed("webhook-stale-cancel", "webhook.cancel-payload", related=TOLD, profile=STANDARD)
class TellsStaleCancel(Presenter):
    """A cancelled event tells the status from before the cancel."""

    def payload_status(self, order: Order) -> OrderStatus:
        """The status before the commit."""
        status = order.ledger.status
        return OrderStatus.NEW if status is OrderStatus.CANCELLED else status


class _Refunded(Presenter):
    """Tells other fields of a refund."""

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> dict[str, Any]:
        """The sound fields, spoilt."""
        extra = super().refunded(order, booked, reason)
        self.spoil(extra, booked)
        return extra

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """Change what is told of the refund."""


@seed("webhook-cumulative-amount", "webhook.refund-amount", "webhook.views-agree", related=TOLD)
class TellsSumSoFar(_Refunded):
    """refund_amount is the sum of all refunds so far."""

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """The column, not the change."""
        extra["refund_amount"] = sar(booked.ledger.refunded)


@seed("webhook-total-as-amount", "webhook.refund-amount", "webhook.views-agree", related=TOLD)
class TellsTotalAsAmount(_Refunded):
    """refund_amount is the order's total."""

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """As of a full refund."""
        extra["refund_amount"] = sar(booked.ledger.total)


@seed("webhook-amount-in-halalas", "webhook.refund-amount", related=TOLD)
class TellsHalalas(_Refunded):
    """refund_amount is in halalas."""

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """The unit of the books."""
        extra["refund_amount"] = booked.amount


@seed("webhook-amount-without-halalas", "webhook.refund-amount", "webhook.views-agree",
      related=TOLD)  # fmt: skip
class TellsWholeRiyals(_Refunded):
    """refund_amount drops its halalas."""

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """Cut off."""
        extra["refund_amount"] = booked.amount // 100


@seed("webhook-left-before", "webhook.left-amount", related=TOLD, profile=STANDARD)
class TellsLeftBefore(_Refunded):
    """left_amount is what was left before the refund."""

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """Read too early."""
        extra["left_amount"] = sar(booked.ledger.left + booked.amount)


@seed("webhook-left-of-this-refund", "webhook.left-amount", related=TOLD, profile=STANDARD)
class TellsLeftOfThisRefund(_Refunded):
    """left_amount is the total less this refund alone."""

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """Forget the others."""
        extra["left_amount"] = sar(booked.ledger.total - booked.amount)


@seed("webhook-left-points-before", "webhook.views-agree", related=TOLD)
class TellsLeftPointsBefore(_Refunded):
    """left_points is what was left before the refund."""

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """Read too early."""
        extra["left_points"] = booked.ledger.left_points + booked.points


@seed("webhook-refund-reason-dropped", "webhook.refund-reason", related=TOLD, profile=STANDARD)
class DropsRefundReason(_Refunded):
    """A refund's reason is not told."""

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """Only cancels have one."""
        extra["reason"] = None


@seed("webhook-refund-reason-cut", "webhook.views-agree", related=TOLD)
class CutsRefundReason(_Refunded):
    """A refund's reason is told in lower case."""

    def spoil(self, extra: dict[str, Any], booked: Booked) -> None:
        """Normalised."""
        extra["reason"] = extra["reason"] and extra["reason"].lower()


@seed("webhook-cancel-reason-dropped", "cancel.given-reason", "webhook.cancel-reason",
      related=TOLD)  # fmt: skip
class DropsCancelReason(Presenter):
    """A cancel is told with the default reason, whatever was given."""

    def cancelled(self, order: Order, reason: str) -> dict[str, Any]:
        """Always the same."""
        return super().cancelled(order, DEFAULT_CANCEL_REASON)


@seed("webhook-cancel-tells-refund", "webhook.cancel-payload", related=TOLD, profile=STANDARD)
class TellsCancelAsRefund(Presenter):
    """A cancelled event tells a refund_amount: whoever adds them up counts it as a refund."""

    def cancelled(self, order: Order, reason: str) -> dict[str, Any]:
        """One template for both."""
        extra = super().cancelled(order, reason)
        return extra | {"refund_amount": sar(order.ledger.total)}


@seed("webhook-time-runs-backwards", "webhook.timestamps", related=TOLD, profile=STANDARD)
class TellsTimeBackwards(Presenter):
    """Each event is told as earlier than the one before."""

    told = 0

    def payload(
        self, event: Event, order: Order, at: datetime, extra: dict[str, Any]
    ) -> dict[str, Any]:
        """A queue's priority taken for a time."""
        self.told += 1
        return super().payload(event, order, at - timedelta(hours=self.told), extra)


# ---------------------------------------------------------------------- auto-refunds, shipping
@seed("webhook-auto-refund-missing", "webhook.auto-refunded", related=TOLD, profile=STANDARD)
class TellsNoAutoRefund(Notifier):
    """An auto-refund is not told."""

    def auto_refunded(self, order: Order, booked: Booked) -> None:
        """Internal."""


@seed("webhook-auto-refund-of-total", "webhook.auto-refunded-after-a-part", related=TOLD,
      profile=STANDARD)  # fmt: skip
class TellsTotalAsAutoRefund(Presenter):
    """An auto-refund tells the order's total, although a part had gone back before."""

    def auto_refunded(self, order: Order, booked: Booked, reason: str) -> dict[str, Any]:
        """The total."""
        total = sar(booked.ledger.total)
        return super().auto_refunded(order, booked, reason) | {"refund_amount": total}


@seed("webhook-auto-refund-not-booked", "lifecycle.auto-refund-is-final", related=TOLD,
      profile=STANDARD)  # fmt: skip
class DoesNotBookAutoRefunds(Desk):
    """An auto-refund is told as what it is, and leaves the order refundable."""

    def auto_refund(self, order: Order) -> None:
        """Tell, and put the books back."""
        before = order.ledger
        super().auto_refund(order)
        order.ledger = replace(before)


@seed("webhook-shipping-cancels", "lifecycle.shipping-is-not-money", related=TOLD, profile=STANDARD)
class CancelsByShipping(Desk):
    """The shipping status cancelled cancels the order."""

    def ship(self, order: Order, status: str) -> None:
        """One word, two meanings."""
        super().ship(order, status)
        if status == "cancelled":
            self.cancel(order, None)


# ---------------------------------------------------------------------- attempts
@seed("webhook-no-retry", "webhook.retry-after-500", related=TOLD, profile=STANDARD)
class NeverRetries(Courier):
    """A delivery is attempted once, whatever comes of it."""

    def repeats(self, reply: Reply) -> bool:
        """Sent is sent."""
        return False


@seed("webhook-no-retry-without-answer", "webhook.retry-after-timeout",
      "webhook.retry-after-broken-connection", related=TOLD, profile=STANDARD)  # fmt: skip
class RetriesOnlyAnswers(Courier):
    """A delivery that is not answered is not attempted again."""

    def repeats(self, reply: Reply) -> bool:
        """An exception ends the job."""
        return reply.status is not None and super().repeats(reply)


@seed("webhook-two-attempts", "webhook.third-attempt", related=TOLD, profile=STANDARD)
class GivesUpEarly(Courier):
    """A delivery is attempted twice at most."""

    def attempts(self) -> int:
        """One retry."""
        return 2


@seed("webhook-too-many-attempts", "webhook.at-most-four-attempts", related=TOLD,
      profile=STANDARD)  # fmt: skip
class GivesUpLate(Courier):
    """A delivery is attempted six times."""

    def attempts(self) -> int:
        """Five retries."""
        return 6


@seed("webhook-retry-with-new-time", "webhook.retry-same-bytes", "webhook.told-once", related=TOLD,
      profile=STANDARD)  # fmt: skip
class RetriesWithNewTime(Courier):
    """Each attempt of a delivery has a timestamp of its own: a retry looks like another event."""

    def request(self, endpoint: Endpoint, delivery: Delivery, number: int) -> httpx.Request:
        """Written anew for each attempt."""
        sound = super().request(endpoint, delivery, number)
        if not number:
            return sound
        at = self.simulator.presenter.timestamp(self.simulator.clock.now())
        body = dump_json({**delivery.payload, "timestamp": at})
        return httpx.Request("POST", endpoint.url, headers=delivery.headers, content=body)


@seed("webhook-retry-without-secret", "webhook.retry-same-headers", related=TOLD,
      profile=STANDARD)  # fmt: skip
class RetriesWithoutSecret(Courier):
    """A repeated attempt lacks the secret."""

    def request(self, endpoint: Endpoint, delivery: Delivery, number: int) -> httpx.Request:
        """Another code path."""
        request = super().request(endpoint, delivery, number)
        if number:
            del request.headers[SECRET_HEADER]
        return request


@seed("webhook-sent-after-2xx", "webhook.no-attempt-after-2xx", related=TOLD, profile=STANDARD)
class SendsAfterAcceptance(Courier):
    """A delivery that was accepted is sent again all the same."""

    def repeats(self, reply: Reply) -> bool:
        """Nobody looks at the answer."""
        return True


@seed("webhook-failure-silences-order", "webhook.later-events-are-told",
      "webhook.every-reversal-is-told", related=TOLD, profile=STANDARD)  # fmt: skip
class SilencesAfterFailure(Courier):
    """After a delivery that failed the order's later events are not delivered."""

    def is_registered(self, endpoint: Endpoint, delivery: Delivery) -> bool:
        """A queue for each order, stopped by what failed."""
        earlier = (
            one
            for one in self.simulator.deliveries
            if one.order_uuid == delivery.order_uuid and one.number < delivery.number
        )
        failed = any(one.attempts and one.attempts[0].status != 200 for one in earlier)
        return not failed and super().is_registered(endpoint, delivery)


# ---------------------------------------------------------------------- which endpoints
@seed("webhook-changed-endpoint-silent", "webhook.endpoint-moved", related=TOLD, profile=STANDARD)
class ForgetsChangedEndpoints(Courier):
    """An endpoint that was changed is told nothing any more."""

    def is_registered(self, endpoint: Endpoint, delivery: Delivery) -> bool:
        """The list from before the change."""
        unchanged = endpoint.created_at == endpoint.updated_at
        return unchanged and super().is_registered(endpoint, delivery)


@seed("webhook-only-first-endpoint", "webhook.every-endpoint", related=TOLD, profile=STANDARD)
class TellsFirstEndpoint(Notifier):
    """Only the first registered endpoint is told."""

    def endpoints(self, merchant: Merchant) -> list[Endpoint | None]:
        """One webhook, as it once was."""
        return super().endpoints(merchant)[:1]


@seed("webhook-only-last-endpoint", "webhook.every-endpoint", related=TOLD, profile=STANDARD)
class TellsLastEndpoint(Notifier):
    """Only the endpoint that was registered last is told."""

    def endpoints(self, merchant: Merchant) -> list[Endpoint | None]:
        """The newest setting wins."""
        return super().endpoints(merchant)[-1:]


@seed("webhook-shared-secret", "webhook.every-endpoint", related=TOLD, profile=STANDARD)
class SendsFirstSecret(Notifier):
    """Every endpoint is sent the secret of the merchant's first one."""

    def headers(self, event: str, endpoint: Endpoint | None) -> dict[str, str]:
        """The merchant's secret."""
        owner = next((m for m in self.world.merchants if endpoint in m.endpoints), None)
        return super().headers(event, owner.endpoints[0] if owner else endpoint)


class _TellsTheGone(Notifier):
    """Tells whoever was ever registered."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.ever: dict[str, Endpoint] = {}

    def endpoints(self, merchant: Merchant) -> list[Endpoint | None]:
        """A list that is only ever added to."""
        if merchant is self.world.merchants[0]:
            self.ever |= {endpoint.uuid: endpoint for endpoint in merchant.endpoints}
        return list(self.ever.values()) or super().endpoints(merchant)


class _SendsToTheGone(Courier):
    """Does not look whether an endpoint is still registered."""

    def is_registered(self, endpoint: Endpoint, delivery: Delivery) -> bool:
        """It was when the job was queued."""
        return True


seed.add(
    "webhook-deleted-endpoint-told",
    "An endpoint that was deleted is told of what happens afterwards.",
    Parts(notifier=_TellsTheGone, courier=_SendsToTheGone),
    "webhook.nothing-to-a-deleted-endpoint",
    related=TOLD,
    profile=STANDARD,
)
