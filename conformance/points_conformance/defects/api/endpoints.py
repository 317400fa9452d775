"""Servers whose webhook endpoints are made, shown, changed or kept apart wrongly."""

import contextlib
from dataclasses import replace
from typing import Any

from points_conformance.defects.api.defect import Answering, ServerDefect
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.simulator.core import Parts, Simulator
from points_conformance.simulator.forms import Forms, WebhookForm
from points_conformance.simulator.gate import Gate
from points_conformance.simulator.messages import Refusal, Request, Response
from points_conformance.simulator.operations import OPERATIONS, Call
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Endpoint, Merchant

__all__ = ["seed"]

seed = Seeds(ServerDefect)
STANDARD = Profile.STANDARD
RELATED = ("webhook.*", "isolation.*", "schema.*")
_LIST, _ONE = r"/(webhooks)", r"/webhooks/([^/]*)"


def _parts(method: str, path: str, answer: Answering) -> Parts:
    """Parts with another answer to one call about endpoints."""
    rows = (
        replace(row, answer=answer) if (row.method, row.path.pattern) == (method, path) else row
        for row in OPERATIONS
    )
    return Parts(operations=tuple(rows))


def _operation(method: str, path: str) -> Answering:
    """The simulator's own answer to one call about endpoints."""
    rows = (row for row in OPERATIONS if (row.method, row.path.pattern) == (method, path))
    return next(rows).answer


def _takes_duplicates(sim: Simulator, call: Call) -> Response:
    form = sim.forms.webhook(call.request)
    endpoint = sim.open_endpoint(call.merchant, form.name or "", form.url or "")
    return sim.presenter.success(sim.presenter.endpoint(endpoint, call.merchant.id))


def _ignores_pages(sim: Simulator, call: Call) -> Response:
    shown = [sim.presenter.endpoint(one, call.merchant.id) for one in call.merchant.endpoints]
    return sim.presenter.success(shown)


def _lists_everybodys(sim: Simulator, call: Call) -> Response:
    every = [one for merchant in sim.world.merchants for one in merchant.endpoints]
    shown = [sim.presenter.endpoint(one, call.merchant.id) for one in every]
    return sim.presenter.success(shown)


def _renames_only(sim: Simulator, call: Call) -> Response:
    endpoint = sim.gate.endpoint(call.merchant, call.name)
    endpoint.name = sim.forms.webhook(call.request).name or endpoint.name
    return sim.presenter.success(sim.presenter.endpoint(endpoint, call.merchant.id))


def _patches_nothing(sim: Simulator, call: Call) -> Response:
    endpoint = sim.gate.endpoint(call.merchant, call.name)
    return sim.presenter.success(sim.presenter.endpoint(endpoint, call.merchant.id))


def _keeps_what_is_deleted(sim: Simulator, call: Call) -> Response:
    sim.gate.endpoint(call.merchant, call.name)
    return sim.presenter.success(message="Webhook deleted successfully")


def _deletes_the_unknown(sim: Simulator, call: Call) -> Response:
    with contextlib.suppress(Refusal):
        call.merchant.endpoints.remove(sim.gate.endpoint(call.merchant, call.name))
    return sim.presenter.success(message="Webhook deleted successfully")


def _lists_all_but_the_newest(sim: Simulator, call: Call) -> Response:
    known = call.merchant.endpoints[:-1]
    return sim.presenter.success([sim.presenter.endpoint(one, call.merchant.id) for one in known])


def _shows_the_first(sim: Simulator, call: Call) -> Response:
    sim.gate.endpoint(call.merchant, call.name)
    first = call.merchant.endpoints[0]
    return sim.presenter.success(sim.presenter.endpoint(first, call.merchant.id))


def _shares_the_secret(sim: Simulator, call: Call) -> Response:
    _operation("POST", _LIST)(sim, call)
    made = call.merchant.endpoints[-1]
    made.secret = call.merchant.endpoints[0].secret
    return sim.presenter.success(sim.presenter.endpoint(made, call.merchant.id))


def _keeps_the_former_url(sim: Simulator, call: Call) -> Response:
    endpoint = sim.gate.endpoint(call.merchant, call.name)
    former = replace(endpoint, uuid=sim.world.uuid())
    response = _operation("PUT", _ONE)(sim, call)
    if endpoint.url != former.url:
        call.merchant.endpoints.append(former)
    return response


for id_, summary, method, path, answer, rules in (
    ("endpoint-duplicate-taken", "A URL can be registered twice, and is told everything twice.",
     "POST", _LIST, _takes_duplicates, ["webhook.endpoint-duplicate"]),
    ("endpoint-pages-ignored", "The list shows all endpoints, whatever per_page says.",
     "GET", _LIST, _ignores_pages, ["webhook.endpoint-pages"]),
    ("endpoint-list-of-everybody", "The list shows every merchant's endpoints and secrets.",
     "GET", _LIST, _lists_everybodys, ["webhook.endpoint-of-another-merchant"]),
    ("endpoint-put-keeps-url", "PUT changes the name and leaves the URL.",
     "PUT", _ONE, _renames_only, ["webhook.endpoint-put"]),
    ("endpoint-patch-does-nothing", "PATCH is accepted and changes nothing.",
     "PATCH", _ONE, _patches_nothing, ["webhook.endpoint-patch"]),
    ("endpoint-delete-does-nothing", "DELETE is accepted and the endpoint stays.",
     "DELETE", _ONE, _keeps_what_is_deleted, ["webhook.endpoint-deleted"]),
    ("endpoint-delete-of-unknown", "DELETE of an endpoint that does not exist is accepted.",
     "DELETE", _ONE, _deletes_the_unknown, ["webhook.endpoint-unknown"]),
    ("endpoint-newest-not-listed", "The endpoint that was registered last is not listed.",
     "GET", _LIST, _lists_all_but_the_newest, ["webhook.endpoint-listed"]),
    ("endpoint-always-the-first", "Reading any endpoint shows the merchant's first one.",
     "GET", _ONE, _shows_the_first, ["webhook.endpoint-shown"]),
    ("endpoint-secret-of-the-merchant", "All endpoints of a merchant have the same secret.",
     "POST", _LIST, _shares_the_secret, ["webhook.endpoint-own-secret"]),
    ("endpoint-former-url-told", "After a change of its URL the former one is told as well.",
     "PUT", _ONE, _keeps_the_former_url, ["webhook.nothing-to-a-former-url"]),
):  # fmt: skip
    seed.add(id_, summary, _parts(method, path, answer), *rules, related=RELATED, profile=STANDARD)


@seed("endpoint-of-anyone", "webhook.endpoint-of-another-merchant", related=RELATED,
      profile=STANDARD)  # fmt: skip
class OpensAnyonesEndpoints(Gate):
    """An endpoint can be read, changed and deleted by every merchant."""

    def endpoint(self, merchant: Merchant, uuid: str) -> Endpoint:
        """By its uuid alone."""
        for owner in self.world.merchants:
            for endpoint in owner.endpoints:
                if endpoint.uuid == uuid.lower():
                    return endpoint
        raise Refusal(404, "Webhook not found")


@seed("endpoint-without-key", "webhook.endpoint-needs-key", related=(*RELATED, "auth.*"),
      profile=STANDARD)  # fmt: skip
class NeedsNoKey(Gate):
    """Endpoints are shown without a key."""

    def merchant(self, request: Request) -> Merchant:
        """The first merchant's, where nobody says."""
        if "/webhooks" in request.path and "x-api-key" not in request.headers:
            return self.world.merchants[0]
        return super().merchant(request)


@seed("endpoint-limits-forgotten", "webhook.endpoint-limits", "webhook.endpoint-fields",
      related=RELATED, profile=STANDARD)  # fmt: skip
class TakesAnyEndpoint(Forms):
    """Names and URLs of any length are taken, and none at all."""

    def webhook(self, request: Request, *, partial: bool = False) -> WebhookForm:
        """As it comes."""
        body = self.body(request)
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


@seed("endpoint-secret-hidden", "webhook.endpoint-made", related=RELATED, profile=STANDARD)
class HidesSecrets(_Shown):
    """An endpoint's secret is never shown: nobody can check what comes."""

    def spoil(self, shown: dict[str, Any]) -> None:
        """Careful, and useless."""
        del shown["secret"]


@seed("endpoint-secret-masked-later", "webhook.endpoint-secret-shown", related=RELATED,
      profile=STANDARD)  # fmt: skip
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


@seed("endpoint-url-rewritten", "webhook.endpoint-made", related=RELATED, profile=STANDARD)
class RewritesUrls(_Shown):
    """An endpoint's URL is shown without its path."""

    def spoil(self, shown: dict[str, Any]) -> None:
        """The host is enough."""
        shown["url"] = "/".join(shown["url"].split("/")[:3])
