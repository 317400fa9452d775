"""``texts.*``: a reason comes back as it was given, code point by code point."""

from collections.abc import Mapping, Sequence

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Finding, NotExercised
from points_conformance.judging.rule import Level, inferred, source
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.readings import cancel_settled, cancellable
from points_conformance.rules.api.reasons import DIGITS, MARKUP, SCRIPTS, SPACES, difference
from points_conformance.rules.api.watched import CANCELLED_FOR, cancels, looked_back_on
from points_conformance.targets.api.order import TurnedAway
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST, OBSERVE = Level.MUST, Level.OBSERVE
TOLD = source(Page.EVENTS, "refunded")
TOLD_CANCEL = source(Page.EVENTS, "cancelled")
AS_GIVEN = inferred("a reason is a text, not a page, a pattern or a number")
SPACES_OPEN = inferred("whether spaces around are told is said nowhere; those within are the text")
A_REFUND = ("webhook.refund-reason", "webhook.refund-amount")
A_CANCEL = ("cancel.given-reason", "fields.cancel-keeps")
Readings = dict[str, str]

rule = family(TOLD, AS_GIVEN, after=A_REFUND, needs=Need.INBOX)


# ---------------------------------------------------------------------- refunds
@rule("texts.markup-in-a-refund", MUST, calls=12)
def markup_of_a_refund_is_told(api: ApiTarget) -> None:
    """A refund's reason MUST be told as given where it holds what is special to HTML, SQL, URLs,
    formats or JSON.
    """
    _refunds_tell(api, MARKUP)


@rule("texts.scripts-in-a-refund", MUST, calls=11)
def every_script_of_a_refund_is_told(api: ApiTarget) -> None:
    """A refund's reason MUST be told as given, whatever characters, marks and joiners are in it."""
    _refunds_tell(api, SCRIPTS)


@rule("texts.digits-in-a-refund", MUST, calls=13)
def digits_of_a_refund_are_text(api: ApiTarget) -> None:
    """A refund's reason MUST be told as given, and as text, if it looks like a number or null."""
    _refunds_tell(api, DIGITS)


@rule("texts.spaces-in-a-refund", MUST, TOLD, SPACES_OPEN, calls=7)
def spaces_of_a_refund_are_kept_or_trimmed(api: ApiTarget) -> None:
    """A refund's reason with spaces around it MUST be told with or without them, and with those
    within.
    """
    _kept_or_trimmed(_refunded(api, [SPACES])[0])


def _refunds_tell(api: ApiTarget, texts: Mapping[str, str]) -> None:
    told = _refunded(api, list(texts.values()))
    for (what, text), reason in zip(texts.items(), told, strict=True):
        _is_told(what, text, reason)


def _refunded(api: ApiTarget, texts: Sequence[str]) -> list[object]:
    """The reasons that are told of the parts of one order, each refunded for one of the texts."""
    api.webhooks()
    order = api.refundable()
    # No two parts are equal, so that each text is known by its amount.
    first = order.total // (len(texts) + 1) - len(texts)
    if first < 1:
        raise NotExercised("the order is too small for so many parts", lacks="larger orders")
    amounts = [first + number for number in range(len(texts))]
    for amount, text in zip(amounts, texts, strict=True):
        answer = api.refund(order, amount=sar(amount), reason=text)
        if answer.refused and not order.accepted and amount == first and len(texts) > 1:
            raise TurnedAway(f"a first partial refund is refused with {answer.status}", order)
        expect(answer, order).accepted()
    told = [event.order for event in all_of(api, order, "refunded", len(texts))]
    return [
        next((one.get("reason") for one in told if one.get("refund_amount") == sar(amount)), None)
        for amount in amounts
    ]


@rule("reading.reason-spaces", OBSERVE, TOLD, SPACES_OPEN, matter="reason-spaces", calls=7)
def whether_spaces_around_are_told(api: ApiTarget) -> Readings:
    """Whether the spaces around a reason are told is read."""
    return {"reason-spaces": _spaces(_refunded(api, [SPACES])[0])}


def _spaces(reason: object) -> str:
    if reason == SPACES:
        return "kept"
    return "trimmed" if reason == SPACES.strip() else "otherwise"


# ---------------------------------------------------------------------- cancels
@rule("texts.markup-in-a-cancel", MUST, TOLD_CANCEL, AS_GIVEN, after=A_CANCEL)
def markup_of_a_cancel_is_told(api: ApiTarget) -> None:
    """A cancel's reason MUST be told as given where it holds what is special to HTML, SQL, URLs,
    formats or JSON.
    """
    _cancel_tells(api, 0, "markup")


@rule("texts.scripts-in-a-cancel", MUST, TOLD_CANCEL, AS_GIVEN, after=A_CANCEL)
def every_script_of_a_cancel_is_told(api: ApiTarget) -> None:
    """A cancel's reason MUST be told as given, whatever characters, marks and joiners are in it."""
    _cancel_tells(api, 1, "scripts")


def _cancel_tells(api: ApiTarget, number: int, what: str) -> None:
    one = looked_back_on(api, cancels)[number]
    for event in one.events:
        _is_told(what, CANCELLED_FOR[number], event.order.get("reason"), one.exchanges)


@rule("texts.digits-in-a-cancel", MUST, TOLD_CANCEL, AS_GIVEN, after="cancel.given-reason", calls=8)
def digits_of_a_cancel_are_text(api: ApiTarget) -> None:
    """A cancel's reason MUST be told as given, and as text, if it is the digit zero."""
    api.webhooks()
    cancel_settled(api, OrderStatus.APPROVED)
    order = cancellable(api)
    expect(api.cancel(order, reason=DIGITS["a zero"]), order).accepted()
    told = all_of(api, order, "cancelled")[0].order.get("reason")
    _is_told("a zero", DIGITS["a zero"], told)


# ---------------------------------------------------------------------- comparing
def _kept_or_trimmed(reason: object) -> None:
    fail_unless(
        _spaces(reason) != "otherwise",
        "the spaces within a reason are not told",
        expected=f"{SPACES!r}, or the same without the spaces around",
        got=ascii(reason),
    )


def _is_told(what: str, text: str, reason: object, calls: Sequence[Exchange] = ()) -> None:
    if reason != text:
        raise Finding(
            "a reason is told otherwise than it was given",
            expected=f"{text!a} ({what})",
            got=f"{reason!a}; {difference(text, reason)}",
            exchanges=calls,
        )
