"""Servers on which endpoints do not survive a change, a deletion, or their neighbours'."""

from typing import Any

from points_conformance.contract.limits import SECRET_HEADER
from points_conformance.defects.api.defect import ServerDefect, answer_of
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.delivery.receivers import Reply
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Response
from points_conformance.simulator.notifier import Notifier
from points_conformance.simulator.operations import Call
from points_conformance.simulator.world import Delivery, Endpoint, Merchant

__all__ = ["seed"]

RELATED = ("webhook.*", "isolation.foreign-endpoint", "isolation.foreign-lists", "schema.*")
seed = Seeds(ServerDefect, related=RELATED, profile=Profile.STANDARD)
_LIST, _ONE = r"/(webhooks)", r"/webhooks/([^/]*)"


# ---------------------------------------------------------------------- made once more
@seed("endpoint-url-is-taken-for-ever", "webhook.endpoint-made-again")
class NeverFreesUrls(Gate):
    """A deleted endpoint's URL cannot be registered again: it is deleted softly, and unique."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.ever: dict[str, str] = {}

    def endpoint(self, merchant: Merchant, uuid: str) -> Endpoint:
        """Whatever is looked at is remembered."""
        endpoint = super().endpoint(merchant, uuid)
        self.ever[endpoint.url] = endpoint.uuid
        return endpoint

    def merchant(self, request: Any) -> Merchant:
        """``deleted_at`` is no part of the index."""
        merchant = super().merchant(request)
        if request.method == "POST" and request.path.endswith("/webhooks"):
            live = {endpoint.url for endpoint in merchant.endpoints}
            if any(url not in live and url.encode() in request.body for url in self.ever):
                raise Refusal(400, "A webhook with this URL already exists")
        return merchant


@seed("endpoint-deleted-can-be-renamed", "webhook.endpoint-made-again")
class RestoresTheDeleted(Gate):
    """A deleted endpoint can still be changed: the query has ``withTrashed``."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.trashed: dict[str, Endpoint] = {}
        self._changing = False

    def merchant(self, request: Any) -> Merchant:
        """Changes look into the bin as well."""
        self._changing = request.method in ("PUT", "PATCH")
        return super().merchant(request)

    def endpoint(self, merchant: Merchant, uuid: str) -> Endpoint:
        """The bin has all that was ever found."""
        if self._changing and uuid in self.trashed:
            return self.trashed[uuid]
        endpoint = super().endpoint(merchant, uuid)
        self.trashed[uuid] = endpoint
        return endpoint


@seed("endpoint-secret-is-remembered-by-url", "webhook.endpoint-made-again")
class RemembersSecretsByUrl(Notifier):
    """A URL is sent the secret that it was first told with: the cache's key is the URL."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.secrets: dict[str, str] = {}

    def headers(self, event: str, endpoint: Endpoint | None) -> dict[str, str]:
        """``Cache::rememberForever($url, …)``, filled when an endpoint is told or found."""
        headers = super().headers(event, endpoint)
        if endpoint is not None:
            headers[SECRET_HEADER] = self.secrets.setdefault(endpoint.url, endpoint.secret)
        return headers


@seed("endpoint-hears-of-younger-orders", "webhook.endpoint-hears-of-older-orders")
class TellsYoungerOrders(Notifier):
    """An endpoint is told of orders that are younger than it: who hears is kept with the order."""

    def deliver(
        self, merchant: Merchant, event: str, payload: dict[str, Any], order_uuid: str | None = None
    ) -> None:
        """A snapshot of the subscribers, made at checkout."""
        order = self.world.orders[order_uuid] if order_uuid else None
        every = merchant.endpoints
        if order is not None:
            heard = [one for one in every if one.created_at <= order.created_at]
            merchant.endpoints = heard
        super().deliver(merchant, event, payload, order_uuid)
        merchant.endpoints = every


# ---------------------------------------------------------------------- changed
@seed("endpoint-own-url-is-taken", "webhook.endpoint-keeps-its-url", operation=("PUT", _ONE))
def own_url_is_taken(sim: Simulator, call: Call) -> Response:
    """A PUT that leaves the URL as it is is refused: the URL is taken, by the endpoint itself."""
    # ``unique:webhooks,url`` without ``ignore``.
    endpoint = sim.gate.endpoint(call.merchant, call.name)
    if sim.forms.webhook(call.request).url == endpoint.url:
        raise Refusal(400, "A webhook with this URL already exists")
    return answer_of(("PUT", _ONE))(sim, call)


@seed("endpoint-takes-anothers-url", "webhook.endpoint-keeps-its-url", operation=("PATCH", _ONE))
def takes_anothers_url(sim: Simulator, call: Call) -> Response:
    """A PATCH may name a URL that another endpoint has: only creation asks whether it is free."""
    endpoint = sim.gate.endpoint(call.merchant, call.name)
    form = sim.forms.webhook(call.request, partial=True)
    endpoint.name, endpoint.url = form.name or endpoint.name, form.url or endpoint.url
    return sim.presenter.success(sim.presenter.endpoint(endpoint, call.merchant.id))


@seed.on(
    Notifier.headers, "endpoint-change-hashes-the-secret", "webhook.endpoint-secret-after-changes"
)
def hashes_again(notifier: Notifier, event: str, endpoint: Endpoint | None) -> dict[str, str]:
    """Once an endpoint was changed another secret is sent than is shown: saving hashed it again."""
    # A mutator that encrypts, on a value that is encrypted already.
    headers = Notifier.headers(notifier, event, endpoint)
    if endpoint is not None and endpoint.updated_at != endpoint.created_at:
        headers[SECRET_HEADER] = endpoint.secret[::-1]
    return headers


@seed(
    "endpoint-refused-change-is-half-done",
    "webhook.endpoint-refused-changes",
    operation=("PATCH", _ONE),
)
def changes_before_it_refuses(sim: Simulator, call: Call) -> Response:
    """A PATCH with a wrong URL is refused, and has renamed the endpoint: setters save at once."""
    endpoint = sim.gate.endpoint(call.merchant, call.name)
    name = sim.forms.body(call.request).get("name")
    try:
        return answer_of(("PATCH", _ONE))(sim, call)
    except Refusal:
        endpoint.name = str(name or endpoint.name)
        raise


# ---------------------------------------------------------------------- beside others
@seed("endpoint-rename-renames-all", "webhook.endpoint-neighbours", operation=("PATCH", _ONE))
def renames_all(sim: Simulator, call: Call) -> Response:
    """A PATCH renames all of the merchant's endpoints: an UPDATE that lost half of its WHERE."""
    response = answer_of(("PATCH", _ONE))(sim, call)
    name = sim.gate.endpoint(call.merchant, call.name).name
    for endpoint in call.merchant.endpoints:
        endpoint.name = name
    return response


@seed("endpoint-delete-takes-the-next", "webhook.endpoint-neighbours", operation=("DELETE", _ONE))
def deletes_the_next(sim: Simulator, call: Call) -> Response:
    """A DELETE takes the endpoint that was registered next as well: a wrong count in ``splice``."""
    endpoints = call.merchant.endpoints
    place = endpoints.index(sim.gate.endpoint(call.merchant, call.name))
    del endpoints[place : place + 2]
    return sim.presenter.success(message="Webhook deleted successfully")


# ---------------------------------------------------------------------- how it accepts
@seed.on(Courier.repeats, "only-200-is-success", "webhook.accepted-is-accepted")
def only_200(courier: Courier, reply: Reply) -> bool:
    """A delivery that is answered 201, 202 or 204 is repeated: ``status === 200``."""
    # As the first consumer answered.
    return reply.status != 200


@seed.on(Courier.repeats, "no-content-is-failure", "webhook.accepted-is-accepted")
def no_content_fails(courier: Courier, reply: Reply) -> bool:
    """A delivery that is answered 204 is repeated: there is no body to parse."""
    # ``await response.json()`` throws.
    return reply.status == 204 or Courier.repeats(courier, reply)


@seed.on(Courier.is_registered, "accepted-waits-for-a-callback", "webhook.accepted-answers")
def waits_for_a_callback(courier: Courier, endpoint: Endpoint, delivery: Delivery) -> bool:
    """After a 202 an order's later events are held back until somebody says that it is done."""
    # ``ACCEPTED`` is a state of its own, that nothing leaves.
    earlier = (
        one
        for one in courier.simulator.deliveries
        if one.order_uuid == delivery.order_uuid and one.number < delivery.number
    )
    pending = any(attempt.status == 202 for one in earlier for attempt in one.attempts)
    return not pending and Courier.is_registered(courier, endpoint, delivery)
