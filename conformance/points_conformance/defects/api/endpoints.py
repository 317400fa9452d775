"""Servers whose webhook endpoints are made, shown, changed or kept apart wrongly."""

import contextlib
from dataclasses import replace
from typing import Any

from points_conformance.defects.api.defect import ServerDefect, answer_of
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.forms import Forms, WebhookForm
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Request, Response
from points_conformance.simulator.operations import Call
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Endpoint, Merchant

__all__ = ["seed"]

STANDARD = Profile.STANDARD
RELATED = ("webhook.*", "isolation.*", "schema.*")
seed = Seeds(ServerDefect, related=RELATED, profile=STANDARD)
_LIST, _ONE = r"/(webhooks)", r"/webhooks/([^/]*)"


@seed("endpoint-duplicate-taken", "webhook.endpoint-duplicate", operation=("POST", _LIST))
def takes_duplicates(sim: Simulator, call: Call) -> Response:
    """A URL can be registered twice, and is told everything twice."""
    form = sim.forms.webhook(call.request)
    endpoint = sim.open_endpoint(call.merchant, form.name or "", form.url or "")
    return sim.presenter.success(sim.presenter.endpoint(endpoint, call.merchant.id))


@seed("endpoint-pages-ignored", "webhook.endpoint-pages", operation=("GET", _LIST))
def ignores_pages(sim: Simulator, call: Call) -> Response:
    """The list shows all endpoints, whatever per_page says."""
    shown = [sim.presenter.endpoint(one, call.merchant.id) for one in call.merchant.endpoints]
    return sim.presenter.success(shown)


@seed(
    "endpoint-list-of-everybody",
    "webhook.endpoint-of-another-merchant",
    "isolation.foreign-endpoint",
    "isolation.foreign-lists",
    operation=("GET", _LIST),
)
def lists_everybodys(sim: Simulator, call: Call) -> Response:
    """The list shows every merchant's endpoints and secrets."""
    every = [one for merchant in sim.world.merchants for one in merchant.endpoints]
    shown = [sim.presenter.endpoint(one, call.merchant.id) for one in every]
    return sim.presenter.success(shown)


@seed("endpoint-put-keeps-url", "webhook.endpoint-put", operation=("PUT", _ONE))
def renames_only(sim: Simulator, call: Call) -> Response:
    """PUT changes the name and leaves the URL."""
    endpoint = sim.gate.endpoint(call.merchant, call.name)
    endpoint.name = sim.forms.webhook(call.request).name or endpoint.name
    return sim.presenter.success(sim.presenter.endpoint(endpoint, call.merchant.id))


@seed("endpoint-patch-does-nothing", "webhook.endpoint-patch", operation=("PATCH", _ONE))
def patches_nothing(sim: Simulator, call: Call) -> Response:
    """PATCH is accepted and changes nothing."""
    endpoint = sim.gate.endpoint(call.merchant, call.name)
    return sim.presenter.success(sim.presenter.endpoint(endpoint, call.merchant.id))


@seed("endpoint-delete-does-nothing", "webhook.endpoint-deleted", operation=("DELETE", _ONE))
def keeps_what_is_deleted(sim: Simulator, call: Call) -> Response:
    """DELETE is accepted and the endpoint stays."""
    sim.gate.endpoint(call.merchant, call.name)
    return sim.presenter.success(message="Webhook deleted successfully")


@seed("endpoint-delete-of-unknown", "webhook.endpoint-unknown", operation=("DELETE", _ONE))
def deletes_the_unknown(sim: Simulator, call: Call) -> Response:
    """DELETE of an endpoint that does not exist is accepted."""
    with contextlib.suppress(Refusal):
        call.merchant.endpoints.remove(sim.gate.endpoint(call.merchant, call.name))
    return sim.presenter.success(message="Webhook deleted successfully")


@seed("endpoint-newest-not-listed", "webhook.endpoint-listed", operation=("GET", _LIST))
def lists_all_but_the_newest(sim: Simulator, call: Call) -> Response:
    """The endpoint that was registered last is not listed."""
    known = call.merchant.endpoints[:-1]
    return sim.presenter.success([sim.presenter.endpoint(one, call.merchant.id) for one in known])


@seed("endpoint-always-the-first", "webhook.endpoint-shown", operation=("GET", _ONE))
def shows_the_first(sim: Simulator, call: Call) -> Response:
    """Reading any endpoint shows the merchant's first one."""
    sim.gate.endpoint(call.merchant, call.name)
    first = call.merchant.endpoints[0]
    return sim.presenter.success(sim.presenter.endpoint(first, call.merchant.id))


@seed("endpoint-secret-of-the-merchant", "webhook.endpoint-own-secret", operation=("POST", _LIST))
def shares_the_secret(sim: Simulator, call: Call) -> Response:
    """All endpoints of a merchant have the same secret."""
    answer_of(("POST", _LIST))(sim, call)
    made = call.merchant.endpoints[-1]
    made.secret = call.merchant.endpoints[0].secret
    return sim.presenter.success(sim.presenter.endpoint(made, call.merchant.id))


@seed("endpoint-former-url-told", "webhook.nothing-to-a-former-url", operation=("PUT", _ONE))
def keeps_the_former_url(sim: Simulator, call: Call) -> Response:
    """After a change of its URL the former one is told as well."""
    endpoint = sim.gate.endpoint(call.merchant, call.name)
    former = replace(endpoint, uuid=sim.world.uuid())
    response = answer_of(("PUT", _ONE))(sim, call)
    if endpoint.url != former.url:
        call.merchant.endpoints.append(former)
    return response


@seed.on(
    Gate.endpoint,
    "endpoint-of-anyone",
    "webhook.endpoint-of-another-merchant",
    "isolation.foreign-endpoint",
)
def opens_anyones_endpoints(gate: Gate, merchant: Merchant, uuid: str) -> Endpoint:
    """An endpoint can be read, changed and deleted by every merchant."""
    # By its uuid alone.
    for owner in gate.world.merchants:
        for endpoint in owner.endpoints:
            if endpoint.uuid == uuid.lower():
                return endpoint
    raise Refusal(404, "Webhook not found")


@seed.on(
    Gate.merchant,
    "endpoint-without-key",
    "webhook.endpoint-needs-key",
    related=(*RELATED, "auth.*"),
)
def needs_no_key(gate: Gate, request: Request) -> Merchant:
    """Endpoints are shown without a key."""
    # The first merchant's, where nobody says.
    if "/webhooks" in request.path and "x-api-key" not in request.headers:
        return gate.world.merchants[0]
    return Gate.merchant(gate, request)


@seed.on(
    Forms.webhook, "endpoint-limits-forgotten", "webhook.endpoint-limits", "webhook.endpoint-fields"
)
def takes_any_endpoint(forms: Forms, request: Request, *, partial: bool = False) -> WebhookForm:
    """Names and URLs of any length are taken, and none at all."""
    # As it comes.
    body = forms.body(request)
    return WebhookForm(body.get("name"), body.get("url"))


class _Shown(Presenter):
    """Shows an endpoint otherwise."""

    reads = 0

    def endpoint(self, endpoint: Endpoint, merchant_id: int) -> dict[str, Any]:
        """The sound one, spoilt."""
        shown = super().endpoint(endpoint, merchant_id)
        self.spoil(shown)
        return shown

    def spoil(self, shown: dict[str, Any]) -> None:
        """Change what is shown."""


@seed.on(_Shown.spoil, "endpoint-secret-hidden", "webhook.endpoint-made")
def hides_secrets(presenter: _Shown, shown: dict[str, Any]) -> None:
    """An endpoint's secret is never shown: nobody can check what comes."""
    # Careful, and useless.
    del shown["secret"]


@seed("endpoint-secret-masked-later", "webhook.endpoint-secret-shown")
class MasksSecretsLater(Presenter):
    """An endpoint's secret is shown once, and masked on every later read."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.seen: set[str] = set()

    def endpoint(self, endpoint: Endpoint, merchant_id: int) -> dict[str, Any]:
        """As other APIs do."""
        shown = super().endpoint(endpoint, merchant_id)
        if endpoint.uuid in self.seen:
            shown["secret"] = f"{endpoint.secret[:4]}****"
        self.seen.add(endpoint.uuid)
        return shown


@seed.on(_Shown.spoil, "endpoint-url-rewritten", "webhook.endpoint-made")
def rewrites_urls(presenter: _Shown, shown: dict[str, Any]) -> None:
    """An endpoint's URL is shown without its path."""
    # The host is enough.
    shown["url"] = "/".join(shown["url"].split("/")[:3])
