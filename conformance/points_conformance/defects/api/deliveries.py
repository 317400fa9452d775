"""Servers that try a delivery again as they should not, or send it where they should not."""

from typing import Any

import httpx

from points_conformance.contract.limits import SECRET_HEADER
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.webhooks import TOLD
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.simulator.core import Parts
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.delivery.receivers import Reply
from points_conformance.simulator.messages import dump_json
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.world import Delivery, Endpoint, Merchant

__all__ = ["seed"]

STANDARD = Profile.STANDARD
seed = Seeds(ServerDefect, related=TOLD, profile=STANDARD)


# ---------------------------------------------------------------------- attempts
@seed.on(Courier.repeats, "webhook-no-retry", "webhook.retry-after-500")
def never_retries(courier: Courier, reply: Reply) -> bool:
    """A delivery is attempted once, whatever comes of it."""
    # Sent is sent.
    return False


@seed.on(
    Courier.repeats,
    "webhook-no-retry-without-answer",
    "webhook.retry-after-timeout",
    "webhook.retry-after-broken-connection",
)
def retries_only_answers(courier: Courier, reply: Reply) -> bool:
    """A delivery that is not answered is not attempted again."""
    # An exception ends the job.
    return reply.status is not None and Courier.repeats(courier, reply)


@seed.on(Courier.attempts, "webhook-two-attempts", "webhook.third-attempt")
def gives_up_early(courier: Courier) -> int:
    """A delivery is attempted twice at most."""
    # One retry.
    return 2


@seed.on(Courier.attempts, "webhook-too-many-attempts", "webhook.at-most-four-attempts")
def gives_up_late(courier: Courier) -> int:
    """A delivery is attempted six times."""
    # Five retries.
    return 6


@seed.on(
    Courier.request, "webhook-retry-with-new-time", "webhook.retry-same-bytes", "webhook.told-once"
)
def retries_with_new_time(
    courier: Courier, endpoint: Endpoint, delivery: Delivery, number: int
) -> httpx.Request:
    """Each attempt of a delivery has a timestamp of its own: a retry looks like another event."""
    # Written anew for each attempt.
    sound = Courier.request(courier, endpoint, delivery, number)
    if not number:
        return sound
    at = courier.simulator.presenter.timestamp(courier.simulator.clock.now())
    body = dump_json({**delivery.payload, "timestamp": at})
    return httpx.Request("POST", endpoint.url, headers=delivery.headers, content=body)


@seed.on(Courier.request, "webhook-retry-without-secret", "webhook.retry-same-headers")
def retries_without_secret(
    courier: Courier, endpoint: Endpoint, delivery: Delivery, number: int
) -> httpx.Request:
    """A repeated attempt lacks the secret."""
    # Another code path.
    request = Courier.request(courier, endpoint, delivery, number)
    if number:
        del request.headers[SECRET_HEADER]
    return request


@seed.on(Courier.repeats, "webhook-sent-after-2xx", "webhook.no-attempt-after-2xx")
def sends_after_acceptance(courier: Courier, reply: Reply) -> bool:
    """A delivery that was accepted is sent again all the same."""
    # Nobody looks at the answer.
    return True


@seed.on(
    Courier.is_registered,
    "webhook-failure-silences-order",
    "webhook.later-events-are-told",
    "webhook.every-reversal-is-told",
)
def silences_after_failure(courier: Courier, endpoint: Endpoint, delivery: Delivery) -> bool:
    """After a delivery that failed the order's later events are not delivered."""
    # A queue for each order, stopped by what failed.
    earlier = (
        one
        for one in courier.simulator.deliveries
        if one.order_uuid == delivery.order_uuid and one.number < delivery.number
    )
    failed = any(one.attempts and one.attempts[0].status != 200 for one in earlier)
    return not failed and Courier.is_registered(courier, endpoint, delivery)


# ---------------------------------------------------------------------- which endpoints
@seed.on(Courier.is_registered, "webhook-changed-endpoint-silent", "webhook.endpoint-moved")
def forgets_changed_endpoints(courier: Courier, endpoint: Endpoint, delivery: Delivery) -> bool:
    """An endpoint that was changed is told nothing any more."""
    # The list from before the change.
    unchanged = endpoint.created_at == endpoint.updated_at
    return unchanged and Courier.is_registered(courier, endpoint, delivery)


@seed.on(Notifier.endpoints, "webhook-only-first-endpoint", "webhook.every-endpoint")
def tells_first_endpoint(notifier: Notifier, merchant: Merchant) -> list[Endpoint | None]:
    """Only the first registered endpoint is told."""
    # One webhook, as it once was.
    return Notifier.endpoints(notifier, merchant)[:1]


@seed.on(Notifier.endpoints, "webhook-only-last-endpoint", "webhook.every-endpoint")
def tells_last_endpoint(notifier: Notifier, merchant: Merchant) -> list[Endpoint | None]:
    """Only the endpoint that was registered last is told."""
    # The newest setting wins.
    return Notifier.endpoints(notifier, merchant)[-1:]


@seed.on(Notifier.headers, "webhook-shared-secret", "webhook.every-endpoint")
def sends_first_secret(notifier: Notifier, event: str, endpoint: Endpoint | None) -> dict[str, str]:
    """Every endpoint is sent the secret of the merchant's first one."""
    # The merchant's secret.
    owner = next((m for m in notifier.world.merchants if endpoint in m.endpoints), None)
    return Notifier.headers(notifier, event, owner.endpoints[0] if owner else endpoint)


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
)
