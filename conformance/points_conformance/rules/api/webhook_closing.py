"""``webhook.*`` at the end of the run: what was told of every order, and what was not.

Absence is judged here, once, for all orders, when the grace time after the last call is over.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial

from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.contract.schemas import event_component, problems
from points_conformance.judging.finding import Denied, Finding, NotExercised
from points_conformance.judging.rule import Level, Profile, inferred, promised, source
from points_conformance.rules.api.endpoint_life import ANSWERED
from points_conformance.rules.api.family import family
from points_conformance.rules.api.glances import (
    DISAGREE,
    TOLD_TWICE,
    TOLD_UNASKED,
    attempted_by_now,
    attempted_too_often,
    by_delivery,
    heard_at,
    looking_back,
    nothing_heard,
    of_calls_at_once,
    sent_again,
    sent_again_by_now,
    told_too_much,
)
from points_conformance.rules.api.histories import histories
from points_conformance.rules.api.reconcile import Discrepancy, Kind, discrepancies, lacking
from points_conformance.rules.api.roads import STRANGER
from points_conformance.rules.api.shared import Compared, Shared
from points_conformance.rules.api.telling import at_rest, wait_for_the_late
from points_conformance.rules.api.webhook_retries import (
    ALWAYS_FAILING,
    DELETED,
    MOVED,
    REDIRECTED,
    REFUSED,
    RETRIED,
    THIRD,
)
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST, SHOULD, OBSERVE = Level.MUST, Level.SHOULD, Level.OBSERVE
SMOKE = Profile.SMOKE
REFUND = source(Page.REVERSALS)
EVENTS = source(Page.EVENTS, "Payload structure")
DELIVERY = source(Page.WEBHOOKS, "Delivery")
DELETE = source(Page.OPENAPI, "DELETE /webhooks/{uuid}")
PUT = source(Page.OPENAPI, "PUT /webhooks/{uuid}")
MONEY = promised("no double refunds, partial sums bounded")
CONSERVED = inferred("halalas and points are conserved")
NOT_DONE = inferred("what did not happen is not told")
THREE = inferred("3 attempts, or 3 retries")
ONE = "webhook.refund-is-told"
#: What fails is attempted so often at least.
_TRIED = 3
Readings = dict[str, str]
rule = family(after=ONE, needs=Need.INBOX, closing=True)


# ---------------------------------------------------------------------- all orders
@rule("webhook.every-reversal-is-told", MUST, REFUND, profile=SMOKE)
def every_reversal_is_told(api: ApiTarget) -> None:
    """Every cancel and refund that was carried out MUST be told, also those of repeated calls."""
    _none_of(api, "a reversal is not told", {Kind.LOST})


@rule(
    "webhook.told-once",
    MUST,
    REFUND,
    inferred("a reversal happens once"),
    profile=SMOKE,
    glance=partial(told_too_much, kind=Kind.DOUBLED, title=TOLD_TWICE),
)
def a_reversal_is_told_once(api: ApiTarget) -> None:
    """A reversal MUST be told once: repeats are identical, never with another timestamp."""
    _none_of(api, TOLD_TWICE, {Kind.DOUBLED})


@rule(
    "webhook.nothing-for-a-refusal",
    MUST,
    REFUND,
    NOT_DONE,
    profile=SMOKE,
    glance=partial(told_too_much, kind=Kind.UNASKED, title=TOLD_UNASKED),
)
def a_refusal_is_not_told(api: ApiTarget) -> None:
    """A refused cancel or refund MUST NOT be told."""
    _none_of(api, TOLD_UNASKED, {Kind.UNASKED})


@rule(
    "webhook.views-agree",
    MUST,
    REFUND,
    MONEY,
    CONSERVED,
    profile=SMOKE,
    glance=partial(told_too_much, kind=Kind.OVERDRAWN, title=DISAGREE),
)
def answers_webhooks_and_reads_agree(api: ApiTarget) -> None:
    """Answers, webhooks and reads of an order MUST agree on its money, points and status."""
    _none_of(
        api,
        DISAGREE,
        set(Kind) - {Kind.LOST, Kind.DOUBLED, Kind.UNASKED},
    )


def _none_of(api: ApiTarget, title: str, kinds: set[Kind]) -> None:
    at_rest(api)
    compared = _compared(api)
    at_once = of_calls_at_once(api)
    found = [d for d in compared.found if d.kind in kinds]
    found.sort(key=lambda d: d.order in at_once)  # what shows again in any run is told first
    if not found:
        return
    orders = {d.order for d in found}
    raise Finding(
        title,
        expected=f"none in {compared.orders} orders",
        got=f"{len(orders)} of them; {found[0].kind} ({found[0].order}): {found[0].text}",
        story=tuple(_line(d) for d in found[:10]),
        **looking_back(api, found[0].order),
    )


def _compared(api: ApiTarget) -> Compared:
    """What was found in all orders; compared once for all rules.

    An order that lacks events is not compared before they have had their last chance to come.
    """
    shared, calls = Shared.of(api), len(api.whole.exchanges)
    if shared.compared is None or shared.compared[0] != calls:
        compared = _differences(api)
        if any(difference.kind is Kind.LOST for difference in compared.found):
            late = [(h.order, *lack) for h in histories(api) for lack in lacking(h)]
            wait_for_the_late(api, late)
            compared = _differences(api)
        shared.compared = calls, compared
    return shared.compared[1]


def _differences(api: ApiTarget) -> Compared:
    count, found = 0, []
    for history in histories(api):
        if history.was_asked:
            count += 1
            found += discrepancies(history)
    return Compared(count, found)


def _line(found: Discrepancy) -> str:
    return f"{found.order}: {found.kind}: {found.text}"


@rule("webhook.all-payloads", MUST, EVENTS)
def every_payload_is_as_described(api: ApiTarget) -> None:
    """Every event of every order MUST have the documented fields and types."""
    for order, event in _events(api):
        component = event_component(event.event)
        wrong = problems(component, event.payload) if component else []
        if wrong:
            raise Finding(
                "a payload is not as described",
                expected=f"{event.event} as {component}",
                got="; ".join(wrong[:5]),
                story=(event.body.decode("utf-8", "replace")[:1000],),
                **looking_back(api, order),
            )


@rule("webhook.all-secrets", MUST, source(Page.WEBHOOKS, "Headers"), after="webhook.secret")
def every_delivery_has_its_secret(api: ApiTarget) -> None:
    """Every delivery of the run MUST carry its endpoint's secret, in the header alone."""
    for order, event in _events(api):
        if not event.secret_right or event.secret_shown:
            raise Finding(
                "a delivery without its secret, or with it in the body",
                expected="the endpoint's secret in X-Webhook-Secret alone",
                got=f"{event.event}: "
                + ("the body shows it" if event.secret_shown else "another header"),
                **looking_back(api, order),
            )


def _events(api: ApiTarget) -> Iterator[tuple[str, Received]]:
    """Every event of the run, with the order that it tells of."""
    inbox = at_rest(api)
    for order in api.whole.orders:
        yield from ((order.uuid, event) for event in inbox.of(order.uuid))


# ---------------------------------------------------------------------- attempts
@rule(
    "webhook.at-most-four-attempts",
    MUST,
    DELIVERY,
    THREE,
    after=RETRIED,
    glance=attempted_by_now,
)
def a_delivery_has_at_most_four_attempts(api: ApiTarget) -> None:
    """A delivery that keeps failing MUST be attempted at most four times."""
    at_rest(api)
    attempted_too_often(api, api.whole.orders)


@rule(
    "webhook.no-attempt-after-2xx",
    SHOULD,
    DELIVERY,
    inferred("accepted is delivered"),
    glance=sent_again_by_now,
)
def an_accepted_delivery_is_notsent_again(api: ApiTarget) -> None:
    """A delivery that was answered with 2xx SHOULD NOT be sent again."""
    at_rest(api)
    sent_again(api, api.whole.orders)


@rule("webhook.accepted-is-accepted", MUST, DELIVERY, THREE, after="webhook.accepted-answers")
def what_is_accepted_does_not_count_as_failed(api: ApiTarget) -> None:
    """A delivery that was answered 201, 202 or 204, with a body or none, MUST NOT be repeated as
    one that failed.
    """
    names = {_planted(api, name): name for name in ANSWERED}
    plain, repeated = 0, dict[str, int]()
    at_rest(api)
    for uuid, attempts in by_delivery(api, api.whole.orders):
        if uuid not in names and all(attempt.answered == 200 for attempt in attempts):
            plain = max(plain, len(attempts))
        elif uuid in names and len(attempts) >= _TRIED:
            repeated[uuid] = len(attempts)
    # Who repeats at any time, as is allowed, also repeats what was answered with a plain 200.
    for uuid, times in repeated.items() if plain < _TRIED else ():
        raise Finding(
            f"an accepted delivery is repeated as if it had failed: {names[uuid]}",
            expected="one attempt, as of those that were answered 200; a repeat may happen",
            got=f"{times} attempts",
            **looking_back(api, uuid),
        )


@rule(
    "webhook.nothing-to-a-deleted-endpoint",
    MUST,
    DELETE,
    after="webhook.endpoint-deleted",
    glance=partial(heard_at, place=DELETED),
)
def a_deleted_endpoint_hears_nothing(api: ApiTarget) -> None:
    """An endpoint that was deleted MUST NOT be told of what happens afterwards."""
    _heard_nothing(api, DELETED)


@rule(
    "webhook.nothing-to-a-former-url",
    MUST,
    PUT,
    after="webhook.endpoint-moved",
    glance=partial(heard_at, place=MOVED),
)
def a_former_url_hears_nothing(api: ApiTarget) -> None:
    """After an endpoint's URL was changed the former one MUST NOT be told any more."""
    _heard_nothing(api, MOVED)


@rule(
    "isolation.nothing-to-another-merchant",
    MUST,
    source(Page.REVERSALS, "Only the owning merchant"),
    after="isolation.foreign-endpoint",
    needs=(Need.INBOX, Need.SECOND_MERCHANT),
    glance=partial(heard_at, place=STRANGER),
)
def another_merchant_hears_nothing(api: ApiTarget) -> None:
    """Another merchant's endpoint MUST NOT be told of this merchant's orders."""
    _heard_nothing(api, STRANGER)


def _heard_nothing(api: ApiTarget, place: str) -> None:
    inbox = at_rest(api)
    nothing_heard(inbox.of(_planted(api, place), place), place)


def _planted(api: ApiTarget, name: str) -> str:
    """The order of a story that an earlier rule began."""
    uuid = Shared.of(api).planted.get(name)
    if uuid is None:
        raise Denied("the story that this looks at did not come about")
    return uuid


# ---------------------------------------------------------------------- readings
@rule("reading.webhook-attempts", OBSERVE, DELIVERY, after=RETRIED, matter="webhook-attempts")
def how_often_a_delivery_is_attempted(api: ApiTarget) -> Readings:
    """How many attempts a delivery has that keeps failing is read."""
    attempts = _attempts(api, ALWAYS_FAILING)
    return {"webhook-attempts": str(max(Counter(one.digest for one in attempts).values()))}


@rule("reading.webhook-client-error", OBSERVE, DELIVERY, after=THIRD, matter="webhook-client-error")
def whether_a_client_error_is_repeated(api: ApiTarget) -> Readings:
    """Whether a delivery that was answered with 400 is attempted again is read."""
    repeated = len(_attempts(api, REFUSED)) > 1
    return {"webhook-client-error": "repeated" if repeated else "given up"}


@rule("reading.webhook-redirect", OBSERVE, DELIVERY, after=THIRD, matter="webhook-redirect")
def what_a_redirect_does(api: ApiTarget) -> Readings:
    """What becomes of a delivery that was answered with a redirect is read."""
    attempts = _attempts(api, REDIRECTED)
    if any(one.place.endswith("-elsewhere") for one in attempts):
        return {"webhook-redirect": "followed"}
    return {"webhook-redirect": "repeated" if len(attempts) > 1 else "given up"}


def _attempts(api: ApiTarget, name: str) -> list[Received]:
    inbox = at_rest(api)
    attempts = [one for one in inbox.of(_planted(api, name), None) if one.event == "refunded"]
    if not attempts:
        raise Denied("the delivery that this looks at never came")
    return attempts


@rule("reading.webhook-optionals", OBSERVE, EVENTS, matter="webhook-optionals")
def which_optional_fields_are_told(api: ApiTarget) -> Readings:
    """Which of the optional fields of a payload are told, by event and type, is read."""
    inbox = at_rest(api)
    found: Readings = {}
    for order in api.whole.orders:
        for event in inbox.of(order.uuid):
            kind = f"webhook-optionals/{event.event}/{order.kind.value}"
            if event.event in ("refunded", "cancelled") and kind not in found:
                found[kind] = " ".join(_present(event.order)) or "none"
    return found


def _present(order: Iterable[str]) -> list[str]:
    optional = ("metadata", "reference_number", "refund_points", "left_points", "left_amount")
    return [name for name in optional if name in order]


@rule("reading.webhook-timestamps", OBSERVE, EVENTS, matter="webhook-timestamps")
def how_fine_timestamps_are(api: ApiTarget) -> Readings:
    """Whether timestamps of events have fractions of a second is read."""
    fine = any("." in str(event.payload.get("timestamp")) for _, event in _events(api))
    return {"webhook-timestamps": "fractions of a second" if fine else "whole seconds"}


@rule(
    "reading.webhook-cancelled-points",
    OBSERVE,
    source(Page.EVENTS, "cancelled"),
    after="webhook.cancel-is-told",
    matter="webhook-cancelled-points",
)
def which_points_a_cancel_tells(api: ApiTarget) -> Readings:
    """Whether a cancelled event tells the order's points or none is read."""
    inbox = at_rest(api)
    for order in api.whole.orders:
        for event in inbox.of(order.uuid):
            if event.event == "cancelled" and order.points:
                none = event.order.get("total_points") == 0
                return {"webhook-cancelled-points": "zero" if none else "the order's"}
    raise NotExercised(
        "no cancelled event of an order with points", lacks="cancelled events with points"
    )
