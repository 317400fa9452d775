"""``webhook.endpoint-*``: registering, showing, changing and deleting endpoints (OpenAPI).

Every endpoint that is made here is at the run's own inbox and removed again.
"""

from typing import Any

from points_conformance.contract.limits import WEBHOOK_NAME_MAX, WEBHOOK_URL_MAX
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.contract.schemas import problems
from points_conformance.judging.rule import Level, inferred, source
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.shared import Shared
from points_conformance.rules.api.telling import ENDPOINT_NAME, own_endpoint, told
from points_conformance.rules.api.webhook_retries import DELETED, EVERY, MOVED
from points_conformance.simulator.messages import dump_json
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.endpoints import endpoint_of, endpoints_of
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
WEBHOOKS = source(Page.OPENAPI, "Webhooks")
LIMITS = source(Page.OPENAPI, "POST /webhooks")
PUT = source(Page.OPENAPI, "PUT /webhooks/{uuid}")
DELETE = source(Page.OPENAPI, "DELETE /webhooks/{uuid}")
MADE, SHOWN = "webhook.endpoint-made", "webhook.endpoint-shown"
ONE = "webhook.refund-is-told"
UNKNOWN = "00000000-0000-4000-8000-00000000c0de"
ANOTHERS = (Need.INBOX, Need.SECOND_MERCHANT)
rule = family(WEBHOOKS, after=MADE, needs=Need.INBOX, calls=4, alone="endpoints")


def _get(api: ApiTarget, uuid: str, **options: Any) -> Answer:
    return api.call("GET", f"/webhooks/{uuid}", **options)


def _send(api: ApiTarget, method: str, path: str, fields: object, **options: Any) -> Answer:
    return api.call(method, f"/webhooks{path}", body=dump_json(fields), **options)


def _shows(answer: Answer, name: str, url: str) -> None:
    shown = endpoint_of(answer)
    fail_unless(
        (shown.get("name"), shown.get("url")) == (name, url),
        "another name or URL",
        expected=f"{name!r} at {url}",
        got=f"{shown.get('name')!r} at {shown.get('url')}",
    )


# ---------------------------------------------------------------------- made and shown
@rule(MADE, MUST, after=(), calls=2)
def an_endpoint_is_made(api: ApiTarget) -> None:
    """A registration MUST be answered with the endpoint: uuid, name, URL and secret."""
    inbox = api.webhooks()
    answer = api.endpoints.open(ENDPOINT_NAME, inbox.url("made"))
    expect(answer).accepted()
    endpoint = endpoint_of(answer)
    if isinstance(endpoint.get("uuid"), str):
        api.endpoints.remove(endpoint["uuid"])
    wrong = problems("WebhookResource", endpoint)
    fail_unless(not wrong, "no endpoint as described", expected="WebhookResource", got=wrong[:5])
    _shows(answer, ENDPOINT_NAME, inbox.url("made"))


@rule(SHOWN, MUST, calls=3)
def an_endpoint_is_shown(api: ApiTarget) -> None:
    """Reading an endpoint MUST show its name, URL and secret as they were registered."""
    with own_endpoint(api, "shown") as made:
        answer = _get(api, made["uuid"])
        expect(answer).accepted()
        _shows(answer, made["name"], made["url"])


@rule("webhook.endpoint-secret-shown", MUST, after=SHOWN)
def every_read_shows_the_same_secret(api: ApiTarget) -> None:
    """Every read of an endpoint, alone or in the list, MUST show the same secret."""
    with own_endpoint(api, "secret") as made:
        rows = [row for row in api.endpoints.listed() if row.get("uuid") == made["uuid"]]
        for row in (endpoint_of(_get(api, made["uuid"])), *rows):
            fail_unless(
                row.get("secret") == made["secret"],
                "another secret is shown",
                expected="the secret that the registration showed",
                got="another one" if row.get("secret") else "none",
            )


@rule("webhook.endpoint-own-secret", SHOULD, inferred("one leak is not every leak"))
def each_endpoint_has_its_own_secret(api: ApiTarget) -> None:
    """Each endpoint SHOULD have a secret of its own, of at least 16 characters."""
    with own_endpoint(api, "one") as one, own_endpoint(api, "two") as two:
        fail_unless(
            one["secret"] != two["secret"] and len(one["secret"]) >= 16,
            "a weak secret",
            expected="two different secrets of at least 16 characters",
            got="the same one" if one["secret"] == two["secret"] else f"{len(one['secret'])} long",
        )


@rule("webhook.endpoint-listed", MUST, calls=7)
def an_endpoint_is_listed(api: ApiTarget) -> None:
    """A registered endpoint MUST be in the list, once."""
    with own_endpoint(api, "listed") as made:
        times = [row.get("uuid") for row in api.endpoints.listed()].count(made["uuid"])
        fail_unless(times == 1, "not listed once", expected="once in the list", got=times)


@rule("webhook.endpoint-pages", MUST, after="webhook.endpoint-listed", calls=6)
def the_list_has_pages(api: ApiTarget) -> None:
    """A page MUST have at most per_page endpoints, and pages MUST NOT overlap."""
    with own_endpoint(api, "first"), own_endpoint(api, "second"):
        pages = [
            endpoints_of(api.call("GET", f"/webhooks?per_page=1&page={page}")) for page in (1, 2)
        ]
        uuids = [row.get("uuid") for page in pages for row in page]
        fail_unless(
            [len(page) for page in pages] == [1, 1] and len(set(uuids)) == 2,
            "pages overlap or are of another size",
            expected="two pages with one endpoint each",
            got=f"{[len(page) for page in pages]} endpoints, {len(set(uuids))} different",
        )


# ---------------------------------------------------------------------- what is refused
@rule("webhook.endpoint-duplicate", MUST, LIMITS)
def a_url_is_registered_once(api: ApiTarget) -> None:
    """A URL that the merchant has registered already MUST be refused with 400."""
    with own_endpoint(api, "twice") as made:
        again = api.endpoints.open(ENDPOINT_NAME, made["url"])
        uuid = endpoint_of(again).get("uuid")
        if again.accepted and isinstance(uuid, str) and uuid != made["uuid"]:
            api.endpoints.remove(uuid)
        expect(again).refused_with(400)


@rule("webhook.endpoint-limits", MUST, LIMITS, calls=6)
def names_and_urls_have_limits(api: ApiTarget) -> None:
    """A name of 256 or a URL of 501 characters MUST be refused with 422; 255 and 500 not."""
    inbox = api.webhooks()
    longest = inbox.url("long").ljust(WEBHOOK_URL_MAX, "x")
    for name, url in (
        ("n" * (WEBHOOK_NAME_MAX + 1), inbox.url("long")),
        (ENDPOINT_NAME, longest + "x"),
    ):
        answer = api.endpoints.open(name, url)
        _take_back(api, answer)
        expect(answer).refused_with(422)
    answer = api.endpoints.open("n" * WEBHOOK_NAME_MAX, longest)
    _take_back(api, answer)
    expect(answer).accepted()


@rule("webhook.endpoint-fields", MUST, LIMITS, calls=8)
def name_and_url_are_required(api: ApiTarget) -> None:
    """A registration without a name or a URL, or with a URL that is none, MUST be refused (422)."""
    url = api.webhooks().url("fields")
    for fields in (
        {"name": ENDPOINT_NAME},
        {"url": url},
        {"name": ENDPOINT_NAME, "url": "no url"},
        {},
    ):
        answer = _send(api, "POST", "", fields)
        _take_back(api, answer)
        expect(answer).refused_with(422)


def _take_back(api: ApiTarget, answer: Answer) -> None:
    """Remove what should not have been made."""
    uuid = endpoint_of(answer).get("uuid")
    if answer.accepted and isinstance(uuid, str):
        api.endpoints.remove(uuid)


@rule("webhook.endpoint-unknown", MUST, after=())
def an_unknown_endpoint_is_404(api: ApiTarget) -> None:
    """An endpoint that does not exist MUST be 404, whatever is asked of it."""
    url = api.webhooks().url("unknown")
    expect(_get(api, UNKNOWN)).refused_with(404)
    expect(_send(api, "PUT", f"/{UNKNOWN}", {"name": ENDPOINT_NAME, "url": url})).refused_with(404)
    expect(_send(api, "PATCH", f"/{UNKNOWN}", {"name": ENDPOINT_NAME})).refused_with(404)
    expect(api.call("DELETE", f"/webhooks/{UNKNOWN}")).refused_with(404)


@rule("webhook.endpoint-needs-key", MUST, source(Page.API_KEYS, "Authentication"), calls=6)
def endpoints_need_a_key(api: ApiTarget) -> None:
    """Without a key no endpoint MUST be shown, made or deleted: 400."""
    with own_endpoint(api, "key") as made:
        fields = {"name": ENDPOINT_NAME, "url": api.webhooks().url("nobody")}
        expect(api.call("GET", "/webhooks", key=None)).refused_with(400)
        expect(_get(api, made["uuid"], key=None)).refused_with(400)
        expect(_send(api, "POST", "", fields, key=None)).refused_with(400)
        expect(api.call("DELETE", f"/webhooks/{made['uuid']}", key=None)).refused_with(400)


@rule("webhook.endpoint-of-another-merchant", MUST, after=SHOWN, needs=ANOTHERS, calls=9)
def another_merchants_endpoint_is_404(api: ApiTarget) -> None:
    """Another merchant's endpoint MUST be 404 and stay as it is, and MUST NOT be listed."""
    other = api.other_key
    with own_endpoint(api, "own") as made:
        path = f"/{made['uuid']}"
        fields = {"name": "taken over", "url": api.webhooks().url("taken")}
        expect(_get(api, made["uuid"], key=other)).refused_with(404)
        expect(_send(api, "PUT", path, fields, key=other)).refused_with(404)
        expect(_send(api, "PATCH", path, fields, key=other)).refused_with(404)
        expect(api.call("DELETE", f"/webhooks{path}", key=other)).refused_with(404)
        listed = endpoints_of(api.call("GET", "/webhooks?per_page=100", key=other))
        seen = [row.get("uuid") for row in listed]
        fail_unless(
            made["uuid"] not in seen,
            "another merchant's endpoint is listed",
            expected="a merchant's own endpoints alone",
            got=made["uuid"],
        )
        _shows(_get(api, made["uuid"]), made["name"], made["url"])


# ---------------------------------------------------------------------- changed and deleted
@rule("webhook.endpoint-put", MUST, PUT, after=SHOWN)
def a_put_replaces_name_and_url(api: ApiTarget) -> None:
    """PUT MUST replace name and URL, in its answer and in the next read."""
    with own_endpoint(api, "put") as made:
        fields = {"name": "another name", "url": api.webhooks().url("put-again")}
        answer = _send(api, "PUT", f"/{made['uuid']}", fields)
        expect(answer).accepted()
        for shown in (answer, _get(api, made["uuid"])):
            _shows(shown, fields["name"], fields["url"])


@rule("webhook.endpoint-patch", MUST, source(Page.OPENAPI, "PATCH /webhooks/{uuid}"), after=SHOWN)
def a_patch_changes_what_it_names(api: ApiTarget) -> None:
    """PATCH MUST change what it names and leave the rest."""
    with own_endpoint(api, "patch") as made:
        expect(_send(api, "PATCH", f"/{made['uuid']}", {"name": "another name"})).accepted()
        _shows(_get(api, made["uuid"]), "another name", made["url"])


@rule("webhook.endpoint-moved", MUST, PUT, after=("webhook.endpoint-put", ONE), calls=6)
def a_changed_url_is_told_there(api: ApiTarget) -> None:
    """After its URL was changed an endpoint MUST be told at the new one."""
    inbox = api.webhooks()
    with own_endpoint(api, MOVED) as made:
        fields = {"name": made["name"], "url": inbox.url("moved-to")}
        answer = _send(api, "PUT", f"/{made['uuid']}", fields)
        expect(answer).accepted()
        secret = endpoint_of(answer).get("secret", made["secret"])
        inbox.trust("moved-to", str(secret))
        order = api.refundable()
        expect(api.refund(order), order).accepted()
        told(api, order, "refunded", place="moved-to")
        Shared.of(api).planted[MOVED] = order.uuid


@rule(EVERY, MUST, source(Page.WEBHOOKS, "Delivery"), after=(MADE, ONE), calls=5)
def every_endpoint_is_told(api: ApiTarget) -> None:
    """Every registered endpoint MUST be told the same, each with its own secret."""
    with own_endpoint(api, "beside"):
        order = api.refundable()
        expect(api.refund(order), order).accepted()
        here = told(api, order, "refunded")
        there = told(api, order, "refunded", place="beside")
        fail_unless(
            here[0].order == there[0].order,
            "endpoints are told differently",
            expected=here[0].body.decode("utf-8", "replace")[:400],
            got=there[0].body.decode("utf-8", "replace")[:400],
        )
        fail_unless(
            there[0].secret_right,
            "another endpoint's secret",
            expected="each endpoint's own secret",
            got="another one at the second endpoint",
        )
    Shared.of(api).every_endpoint_is_told = True


@rule("webhook.endpoint-deleted", MUST, DELETE, after=(EVERY, SHOWN), calls=12)
def a_deleted_endpoint_is_gone(api: ApiTarget) -> None:
    """A deleted endpoint MUST be 404 and be listed no more."""
    inbox = api.webhooks()
    with own_endpoint(api, DELETED) as made:
        before = api.refundable()
        expect(api.refund(before), before).accepted()
        told(api, before, "refunded", place=DELETED)
        expect(api.endpoints.remove(made["uuid"])).accepted()
        expect(_get(api, made["uuid"])).refused_with(404)
        expect(api.call("DELETE", f"/webhooks/{made['uuid']}")).refused_with(404)
        listed = [row.get("uuid") for row in api.endpoints.listed()]
        fail_unless(
            made["uuid"] not in listed, "still listed", expected="not in the list", got="listed"
        )
        order = api.refundable()
        expect(api.refund(order), order).accepted()
        inbox.waited_for(order.uuid, "refunded")
        Shared.of(api).planted[DELETED] = order.uuid
