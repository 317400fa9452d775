"""``webhook.*``: deliveries that fail, and several endpoints (Webhooks).

What must not come, and how often a delivery is attempted, is looked at when the run closes:
the stories that begin here are kept under their names.
"""

import itertools
from contextlib import nullcontext

from points_conformance.contract.limits import DELIVERY_TIMEOUT_SECONDS
from points_conformance.contract.money import sar
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.rule import Level, inferred, source
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.shared import Shared
from points_conformance.rules.api.telling import failed_deliveries, own_endpoint, told
from points_conformance.targets.api.received import MAIN, Received
from points_conformance.targets.api.target import ApiTarget

__all__ = [
    "ALWAYS_FAILING",
    "DELETED",
    "EVERY",
    "MOVED",
    "REDIRECTED",
    "REFUSED",
    "RETRIED",
    "THIRD",
    "rule",
]

MUST = Level.MUST
DELIVERY = source(Page.WEBHOOKS, "Delivery")
SAME = inferred("it is the same delivery")
ONE = "webhook.refund-is-told"
RETRIED, THIRD = "webhook.retry-after-500", "webhook.third-attempt"
EVERY = "webhook.every-endpoint"
#: Stories that begin here and are looked at when the run closes, and the places of endpoints.
ALWAYS_FAILING, REFUSED, REDIRECTED = "always failing", "client error", "redirect"
DELETED, MOVED = "deleted", "moved"
_HANGING = "hanging"
rule = family(DELIVERY, after=RETRIED, needs=Need.INBOX, calls=3)


@rule(RETRIED, MUST, after=ONE)
def a_failed_delivery_is_repeated(api: ApiTarget) -> None:
    """A delivery that was answered with 500 MUST be attempted again, within the stated time."""
    _, attempts = failed_deliveries(api, [500], 2)
    _again(attempts, "a delivery that was answered with 500")


def _planted(api: ApiTarget, status: int) -> str:
    """A refund whose deliveries are never accepted: what comes of it is seen at the end."""
    order = api.refundable()
    api.webhooks().answer(order.uuid, "refunded", itertools.repeat(status))
    expect(api.refund(order, reason="A delivery that fails"), order).accepted()
    return order.uuid


def _again(attempts: list[Received], what: str, count: int = 2) -> None:
    fail_unless(
        len(attempts) >= count,
        f"{what} is not attempted{' again' if count > 1 else ''}",
        expected=f"at least {count} attempt{'s' if count > 1 else ''}",
        got=f"{len(attempts)}",
    )


@rule("webhook.retry-after-timeout", MUST, waits=True, behind=(EVERY,), calls=5)
def an_unanswered_delivery_is_repeated(api: ApiTarget) -> None:
    """A delivery that is not answered in 10 seconds MUST be attempted again."""
    # A sender may have a queue for each address: at one of its own it holds nothing up.
    alone = Shared.of(api).every_endpoint_is_told
    place = _HANGING if alone else MAIN
    with own_endpoint(api, place) if alone else nullcontext():
        _, attempts = failed_deliveries(
            api, ["hang"], 2, more=DELIVERY_TIMEOUT_SECONDS, place=place
        )
    _again(attempts, "a delivery that timed out")


@rule("webhook.retry-after-broken-connection", MUST, holds_up=True)
def a_delivery_whose_connection_broke_is_repeated(api: ApiTarget) -> None:
    """A delivery whose connection broke MUST be attempted again."""
    _, attempts = failed_deliveries(api, ["drop"], 2)
    _again(attempts, "a delivery whose connection broke")


@rule(
    THIRD,
    MUST,
    DELIVERY,
    inferred("3 attempts, or 3 retries: at least 3"),
    calls=9,
    holds_up=True,
)
def a_delivery_that_keeps_failing_is_attempted_three_times(api: ApiTarget) -> None:
    """A delivery that fails twice MUST be attempted a third time."""
    attempts = _always_failing(api)
    _again(attempts, "a delivery that failed twice", 3)


def _always_failing(api: ApiTarget) -> list[Received]:
    def brought_about() -> str:
        order, _ = failed_deliveries(api, itertools.repeat(500), 3)
        planted = Shared.of(api).planted
        planted[ALWAYS_FAILING] = order.uuid
        for name, status in ((REFUSED, 400), (REDIRECTED, 302)):
            planted[name] = _planted(api, status)
        return order.uuid

    uuid = Shared.of(api).failing.get(ALWAYS_FAILING, brought_about)
    attempts = [one for one in api.webhooks().of(uuid) if one.event == "refunded"]
    _again(attempts, "a delivery that keeps failing", 1)
    return attempts


@rule("webhook.retry-same-bytes", MUST, calls=9, holds_up=True)
def every_attempt_sends_the_same_bytes(api: ApiTarget) -> None:
    """Every attempt of a delivery MUST have the same body, to the byte."""
    attempts = _always_failing(api)
    bodies = list(dict.fromkeys(one.body for one in attempts))
    fail_unless(
        len(bodies) == 1,
        "an attempt has another body",
        expected=f"{len(attempts)} attempts with the same bytes",
        got=" and ".join(body.decode("utf-8", "replace")[:400] for body in bodies[:2]),
    )


@rule(
    "webhook.retry-same-headers",
    MUST,
    DELIVERY,
    SAME,
    after=(RETRIED, "webhook.secret"),
    calls=9,
    holds_up=True,
)
def every_attempt_names_its_event_and_secret(api: ApiTarget) -> None:
    """Every attempt of a delivery MUST carry the event's name, the type JSON and the secret."""
    attempts = _always_failing(api)
    first = attempts[0]
    names = ("content-type", "x-webhook-event")
    for one in attempts:
        fail_unless(
            one.secret_right and all(one.headers.get(n) == first.headers.get(n) for n in names),
            "an attempt has other headers",
            expected=f"{', '.join(f'{n}: {first.headers.get(n)}' for n in names)}, and the secret",
            got=f"{', '.join(f'{n}: {one.headers.get(n)}' for n in names)}"
            + ("" if one.secret_right else ", and another secret"),
        )


@rule(
    "webhook.later-events-are-told",
    MUST,
    DELIVERY,
    inferred("one does not hold up others"),
    after=(RETRIED, "webhook.each-part-is-told"),
    calls=4,
    holds_up=True,
)
def an_event_after_a_failed_one_is_told(api: ApiTarget) -> None:
    """After a delivery that failed the order's next event MUST be told as well."""
    inbox = api.webhooks()
    order = api.refundable()
    inbox.answer(order.uuid, "refunded", [503])
    for amount in (100, 200):
        expect(api.refund(order, amount=sar(amount)), order).accepted()
    told(api, order, "refunded", 2)
