"""``webhook.endpoint-*``: what becomes of an endpoint that is changed, deleted, or made once more.

Every endpoint that is made here is at the run's own inbox and removed again.
"""

from collections.abc import Mapping
from typing import Any, Final

from points_conformance.contract.limits import WEBHOOK_NAME_MAX
from points_conformance.contract.money import sar
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.rule import Level, inferred, source
from points_conformance.rules.api.cells import cell
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.shared import Shared
from points_conformance.rules.api.telling import ENDPOINT_NAME, own_endpoint, told
from points_conformance.rules.api.webhook_retries import EVERY
from points_conformance.simulator.messages import dump_json
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.endpoints import endpoint_of
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.reply import Reply, Said
from points_conformance.targets.api.target import ApiTarget

__all__ = ["ANSWERED", "rule"]

MUST = Level.MUST
WEBHOOKS = source(Page.OPENAPI, "Webhooks")
LIMITS = source(Page.OPENAPI, "POST /webhooks")
PUT = source(Page.OPENAPI, "PUT /webhooks/{uuid}")
PATCH = source(Page.OPENAPI, "PATCH /webhooks/{uuid}")
DELETE = source(Page.OPENAPI, "DELETE /webhooks/{uuid}")
DELIVERY = source(Page.WEBHOOKS, "Delivery")
GONE = inferred("what was deleted is there no more")
APART = inferred("a call names one endpoint")
NOTHING_DONE = inferred("a refusal changes nothing")
PUT_WORKS, DELETED = "webhook.endpoint-put", "webhook.endpoint-deleted"
rule = family(WEBHOOKS, after=EVERY, needs=Need.INBOX, alone="endpoints")

#: Ways to accept a delivery, by the names of their cells, which are also those of their stories.
ANSWERED: Final[Mapping[str, Reply]] = {
    "answered 201": 201,
    "answered 202": 202,
    "answered 204": 204,
    "answered with a body": Said(200, b'{"status": true, "received": "yes"}'),
    "answered in chunks": Said(202, b'{"status": true, "queued": "yes"}' * 50, chunked=True),
}


def _trusted(api: ApiTarget, place: str, endpoint: Mapping[str, Any]) -> None:
    if isinstance(endpoint.get("secret"), str):
        api.webhooks().trust(place, endpoint["secret"])


def _read(api: ApiTarget, endpoint: Mapping[str, Any]) -> dict[str, Any]:
    return endpoint_of(expect(api.call("GET", f"/webhooks/{endpoint['uuid']}")).accepted().answer)


def _change(api: ApiTarget, method: str, endpoint: Mapping[str, Any], **fields: Any) -> Answer:
    return api.call(method, f"/webhooks/{endpoint['uuid']}", body=dump_json(fields))


def _stays(api: ApiTarget, endpoint: Mapping[str, Any]) -> None:
    """The endpoint reads as it was made: name, URL and secret."""
    shown = _read(api, endpoint)
    for field in ("name", "url", "secret"):
        fail_unless(
            shown.get(field) == endpoint.get(field),
            f"an endpoint's {field} changed",
            expected="the secret it had" if field == "secret" else repr(endpoint.get(field)),
            got="another one" if field == "secret" else repr(shown.get(field)),
        )


def _refunded(api: ApiTarget, order: TestOrder | None = None) -> TestOrder:
    order = order or api.refundable()
    expect(api.refund(order), order).accepted()
    return order


def _told_once(api: ApiTarget, order: TestOrder, place: str) -> None:
    """The refund is told at a place, with the secret that its endpoint showed last."""
    event = told(api, order, "refunded", place=place)[0]
    fail_unless(
        event.secret_right,
        "another secret is sent than is shown",
        expected="the secret that the endpoint shows",
        got="another one",
    )


# ---------------------------------------------------------------------- made once more
@rule("webhook.endpoint-made-again", MUST, DELETE, LIMITS, GONE, after=DELETED, calls=16)
def a_deleted_url_can_be_registered_again(api: ApiTarget) -> None:
    """After its endpoint was deleted a URL MUST be free again, and be told with the new secret."""
    with own_endpoint(api, "again") as first:
        _told_once(api, _refunded(api), "again")
        expect(api.endpoints.remove(first["uuid"])).accepted()
        expect(_change(api, "PATCH", first, name="again")).refused_with(404)
        expect(_change(api, "PUT", first, name="again", url=first["url"])).refused_with(404)
    with own_endpoint(api, "again"):
        _told_once(api, _refunded(api), "again")


@rule("webhook.endpoint-hears-of-older-orders", MUST, DELIVERY, calls=7)
def an_endpoint_hears_of_orders_that_were_there_before_it(api: ApiTarget) -> None:
    """An endpoint MUST be told of what happens from now on, also to orders older than it."""
    order = api.refundable()
    api.read(order)
    with own_endpoint(api, "younger"):
        _told_once(api, _refunded(api, order), "younger")


# ---------------------------------------------------------------------- changed
@rule("webhook.endpoint-secret-after-changes", MUST, PUT, PATCH, after=(EVERY, PUT_WORKS), calls=10)
def a_changed_endpoint_is_told_with_the_secret_it_shows(api: ApiTarget) -> None:
    """After changes of its URL and name an endpoint MUST be told with the secret that it shows."""
    with own_endpoint(api, "changed") as made:
        url = api.webhooks().url("changed-to")
        expect(_change(api, "PUT", made, name="changed", url=url)).accepted()
        expect(_change(api, "PATCH", made, name="changed again")).accepted()
        _trusted(api, "changed-to", _read(api, made))
        _told_once(api, _refunded(api), "changed-to")


@rule("webhook.endpoint-keeps-its-url", MUST, PUT, LIMITS, after=PUT_WORKS, calls=9)
def an_endpoints_own_url_is_no_duplicate(api: ApiTarget) -> None:
    """A PUT with the endpoint's own URL MUST be accepted; with another's URL, refused."""
    with own_endpoint(api, "mine") as mine, own_endpoint(api, "others") as other:
        expect(_change(api, "PUT", mine, name=mine["name"], url=mine["url"])).accepted()
        for method in ("PUT", "PATCH"):
            with cell(method):
                expect(_change(api, method, mine, name=ENDPOINT_NAME, url=other["url"])).refused()
        _stays(api, mine)


@rule(
    "webhook.endpoint-refused-changes",
    MUST,
    PUT,
    PATCH,
    NOTHING_DONE,
    after=(PUT_WORKS, "webhook.endpoint-limits"),
    calls=9,
)
def a_refused_change_changes_nothing(api: ApiTarget) -> None:
    """A name of 256 characters or a URL that is none MUST be refused (422) and change nothing."""
    long = "n" * (WEBHOOK_NAME_MAX + 1)
    with own_endpoint(api, "kept") as made:
        url = api.webhooks().url("kept-no-more")
        for method, fields in (
            ("PUT", {"name": long, "url": url}),
            ("PATCH", {"name": long, "url": url}),
            ("PATCH", {"name": "kept no more", "url": "no url"}),
        ):
            with cell(f"{method} of {' and '.join(fields)}"):
                expect(_change(api, method, made, **fields)).refused_with(422)
        _stays(api, made)


# ---------------------------------------------------------------------- beside others
@rule("webhook.endpoint-neighbours", MUST, APART, after=(DELETED, PUT_WORKS), calls=18)
def an_endpoints_neighbours_stay(api: ApiTarget) -> None:
    """A change or deletion of one endpoint MUST leave the others as they were, and told."""
    with own_endpoint(api, "left") as left, own_endpoint(api, "right") as right:
        url = api.webhooks().url("left-moved")
        expect(_change(api, "PUT", left, name="moved", url=url)).accepted()
        _stays(api, right)
        expect(_change(api, "PATCH", left, name="renamed")).accepted()
        _stays(api, right)
        expect(api.endpoints.remove(left["uuid"])).accepted()
        _stays(api, right)
        order = _refunded(api)
        _told_once(api, order, "right")
        told(api, order, "refunded")


# ---------------------------------------------------------------------- how it accepts
@rule(
    "webhook.accepted-answers",
    MUST,
    DELIVERY,
    after="webhook.each-part-is-told",
    calls=25,
    alone="",
)
def any_2xx_accepts_a_delivery(api: ApiTarget) -> None:
    """After a delivery was answered 201, 202 or 204, with a body or none, the next MUST come."""
    inbox = api.webhooks()
    orders: dict[str, TestOrder] = {}
    for name, reply in ANSWERED.items():
        order = orders[name] = api.refundable()
        inbox.answer(order.uuid, "refunded", [reply] * 8)
        for amount in (100, 200):
            expect(api.refund(order, amount=sar(amount)), order).accepted()
    for name, order in orders.items():
        with cell(name):
            told(api, order, "refunded", 2)
        Shared.of(api).planted[name] = order.uuid
