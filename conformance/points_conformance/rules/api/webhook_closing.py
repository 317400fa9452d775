"""``webhook.*`` at the end of the run: what was told of every order, and what was not.

Absence is judged here, once, for all orders, when the grace time after the last call is over.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from points_conformance.contract.limits import MAX_ATTEMPTS
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.contract.schemas import event_component, problems
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Denied, Finding, NotExercised
from points_conformance.judging.rule import Level, Profile, inferred, promised, source
from points_conformance.rules.api.endpoint_life import ANSWERED
from points_conformance.rules.api.family import family
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
)
from points_conformance.targets.api.inbox import Received
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
_GONE = "told where nobody is registered any more"
Readings = dict[str, str]
rule = family(after=ONE, needs=Need.INBOX, closing=True)


# ---------------------------------------------------------------------- all orders
@rule("webhook.every-reversal-is-told", MUST, REFUND, profile=SMOKE)
def every_reversal_is_told(api: ApiTarget) -> None:
    """Every cancel and refund that was carried out MUST be told, also those of repeated calls."""
    _none_of(api, "a reversal is not told", {Kind.LOST})


@rule("webhook.told-once", MUST, REFUND, inferred("a reversal happens once"), profile=SMOKE)
def a_reversal_is_told_once(api: ApiTarget) -> None:
    """A reversal MUST be told once: repeats are identical, never with another timestamp."""
    _none_of(api, "a reversal is told twice", {Kind.DOUBLED})


@rule("webhook.nothing-for-a-refusal", MUST, REFUND, NOT_DONE, profile=SMOKE)
def a_refusal_is_not_told(api: ApiTarget) -> None:
    """A refused cancel or refund MUST NOT be told."""
    _none_of(api, "what was refused is told", {Kind.UNASKED})


@rule("webhook.views-agree", MUST, REFUND, MONEY, CONSERVED, profile=SMOKE)
def answers_webhooks_and_reads_agree(api: ApiTarget) -> None:
    """Answers, webhooks and reads of an order MUST agree on its money, points and status."""
    _none_of(
        api,
        "answers, webhooks and reads disagree",
        set(Kind) - {Kind.LOST, Kind.DOUBLED, Kind.UNASKED},
    )


def _none_of(api: ApiTarget, title: str, kinds: set[Kind]) -> None:
    at_rest(api)
    compared = _compared(api)
    found = [d for d in compared.found if d.kind in kinds]
    if not found:
        return
    orders = {d.order for d in found}
    raise Finding(
        title,
        expected=f"none in {compared.orders} orders",
        got=f"{len(orders)} of them; {found[0].kind} ({found[0].order}): {found[0].text}",
        story=tuple(_line(d) for d in found[:10]),
        exchanges=_calls(api, found[0].order),
        led_by=_makers(api, found[0].order),
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
        if history.asked or history.platform:
            count += 1
            found += discrepancies(history)
    return Compared(count, found)


def _line(found: Discrepancy) -> str:
    return f"{found.order}: {found.kind}: {found.text}"


def _calls(api: ApiTarget, order: str) -> tuple[Exchange, ...]:
    return tuple(exchange for exchange in api.whole.exchanges if order in exchange.url)[-14:]


def _makers(api: ApiTarget, order: str) -> list[str]:
    """The rule whose order it is."""
    return [known.rule for known in api.whole.orders if known.uuid == order]


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
                exchanges=_calls(api, order),
                led_by=_makers(api, order),
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
                exchanges=_calls(api, order),
                led_by=_makers(api, order),
            )


def _events(api: ApiTarget) -> Iterator[tuple[str, Received]]:
    """Every event of the run, with the order that it tells of."""
    inbox = at_rest(api)
    for order in api.whole.orders:
        yield from ((order.uuid, event) for event in inbox.of(order.uuid))


# ---------------------------------------------------------------------- attempts
@rule("webhook.at-most-four-attempts", MUST, DELIVERY, THREE, after=RETRIED)
def a_delivery_has_at_most_four_attempts(api: ApiTarget) -> None:
    """A delivery that keeps failing MUST be attempted at most four times."""
    for uuid, attempts in _by_delivery(api):
        failed = sum(not attempt.accepted for attempt in attempts)
        if failed > MAX_ATTEMPTS:
            raise Finding(
                "too many attempts",
                expected=f"at most {MAX_ATTEMPTS} attempts of a delivery",
                got=f"{failed} that were not accepted, of order {uuid}",
                exchanges=_calls(api, uuid),
                led_by=_makers(api, uuid),
            )


@rule("webhook.no-attempt-after-2xx", SHOULD, DELIVERY, inferred("accepted is delivered"))
def an_accepted_delivery_is_not_sent_again(api: ApiTarget) -> None:
    """A delivery that was answered with 2xx SHOULD NOT be sent again."""
    for uuid, attempts in _by_delivery(api):
        if sum(attempt.accepted for attempt in attempts) > 1 and _is_told_apart(attempts[0]):
            raise Finding(
                "sent again after it was accepted",
                expected="no attempt after a 2xx",
                got=f"{len(attempts)} attempts of a {attempts[0].event} event of order {uuid}",
                exchanges=_calls(api, uuid),
                led_by=_makers(api, uuid),
            )


def _is_told_apart(event: Received) -> bool:
    """Two equal refunds within a second can look the same where left_amount is not told."""
    return event.event != "refunded" or "left_amount" in event.order


def _by_delivery(api: ApiTarget) -> Iterator[tuple[str, list[Received]]]:
    inbox = at_rest(api)
    for order in api.whole.orders:
        deliveries: dict[tuple[str, str], list[Received]] = defaultdict(list)
        for one in inbox.of(order.uuid, None):
            deliveries[one.place, one.digest].append(one)
        for attempts in deliveries.values():
            yield order.uuid, attempts


@rule("webhook.accepted-is-accepted", MUST, DELIVERY, THREE, after="webhook.accepted-answers")
def what_is_accepted_does_not_count_as_failed(api: ApiTarget) -> None:
    """A delivery that was answered 201, 202 or 204, with a body or none, MUST NOT be repeated as
    one that failed.
    """
    names = {_planted(api, name): name for name in ANSWERED}
    plain, repeated = 0, dict[str, int]()
    for uuid, attempts in _by_delivery(api):
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
            exchanges=_calls(api, uuid),
            led_by=_makers(api, uuid),
        )


@rule("webhook.nothing-to-a-deleted-endpoint", MUST, DELETE, after="webhook.endpoint-deleted")
def a_deleted_endpoint_hears_nothing(api: ApiTarget) -> None:
    """An endpoint that was deleted MUST NOT be told of what happens afterwards."""
    _heard_nothing(api, DELETED)


@rule("webhook.nothing-to-a-former-url", MUST, PUT, after="webhook.endpoint-moved")
def a_former_url_hears_nothing(api: ApiTarget) -> None:
    """After an endpoint's URL was changed the former one MUST NOT be told any more."""
    _heard_nothing(api, MOVED)


@rule(
    "isolation.nothing-to-another-merchant",
    MUST,
    source(Page.REVERSALS, "Only the owning merchant"),
    after="isolation.foreign-endpoint",
    needs=(Need.INBOX, Need.SECOND_MERCHANT),
)
def another_merchant_hears_nothing(api: ApiTarget) -> None:
    """Another merchant's endpoint MUST NOT be told of this merchant's orders."""
    _heard_nothing(api, STRANGER)


def _heard_nothing(api: ApiTarget, place: str) -> None:
    heard = at_rest(api).of(_planted(api, place), place)
    if heard:
        raise Finding(
            "told where nobody may hear it" if place == STRANGER else _GONE,
            expected="nothing",
            got=f"{len(heard)} deliveries: {', '.join(one.event for one in heard)}",
        )


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


@rule(
    "reading.webhook-client-error", OBSERVE, DELIVERY, after=RETRIED, matter="webhook-client-error"
)
def whether_a_client_error_is_repeated(api: ApiTarget) -> Readings:
    """Whether a delivery that was answered with 400 is attempted again is read."""
    repeated = len(_attempts(api, REFUSED)) > 1
    return {"webhook-client-error": "repeated" if repeated else "given up"}


@rule("reading.webhook-redirect", OBSERVE, DELIVERY, after=RETRIED, matter="webhook-redirect")
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
