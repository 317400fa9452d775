"""``texts.*``: a reason comes back as it was given, code point by code point.

Always the same texts, so that what breaks one of them is found in every run: each class of
characters by which some layer of a server (a page's template, a database, a filter of input, a
spreadsheet's idea of a number) changes what passes through it.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import Denied, NotExercised
from points_conformance.judging.rule import Level, inferred, source
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.readings import cancel_settled, cancellable
from points_conformance.targets.api.order import TurnedAway
from points_conformance.targets.api.target import ApiTarget

__all__ = ["DIGITS", "MARKUP", "SCRIPTS", "SPACES", "difference", "rule"]

MUST, OBSERVE = Level.MUST, Level.OBSERVE
TOLD = source(Page.EVENTS, "refunded")
TOLD_CANCEL = source(Page.EVENTS, "cancelled")
AS_GIVEN = inferred("a reason is a text, not a page, a pattern or a number")
SPACES_OPEN = inferred("whether spaces around are told is said nowhere; those within are the text")
A_REFUND = ("webhook.refund-reason", "webhook.refund-amount")
A_CANCEL = "cancel.given-reason"
Readings = dict[str, str]

#: What is special to a page, a query, a URL, a format or JSON itself.
MARKUP: Final[Mapping[str, str]] = MappingProxyType(
    {
        "tags": "<b>5 > 3</b> & 2 < 4 <br/> <!-- x --> {{ x }}",
        "entities": "&amp; &lt;b&gt; &quot;x&quot; &#39; &eacute; &nbsp;",
        "percent signs": "100% off %20 %s %d %n %% %u0041 a+b",
        "quotes": 'O\'Brien said "no" -- `x`; \'\' ""',
        "backslashes": 'C:\\new\\table \\" \\\\ \\u0041 \\0',
        "escapes of JSON": 'a\tb\nc {"a": [1]} // /',
    }
)
#: What is more than one unit to something: UTF-16, a character as people see it, a normal form.
SCRIPTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "joiners and marks of direction": "می\u200cخواهم \u200fabc\u200f so\u00adft \u200dx\ufeffy",
        "emoji of several parts": "👨\u200d👩\u200d👧\u200d👦 👍🏽 🇸🇦 ❤\ufe0f",
        "combining marks": "cafe\u0301 and caf\u00e9, \u0301x, a\u0308 \u212b \ufb01",
        "signs of writing": "مُدَّة ٠١٢٣ ﷼ ـــ “x” ‘y’ – …",
        "characters of four bytes": "🧾" * 60 + "𝔘𐍈",
    }
)
#: What looks like a number, or like nothing, to a language that guesses.
DIGITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "digits": "20260420",
        "a zero": "0",
        "leading zeros": "007",
        "an exponent": "1e3",
        "a decimal": "12.50",
        "a word of JSON": "null",
        "a word of JSON that is false": "false",
    }
)
#: Spaces around, and two within.
SPACES: Final = "  two  within  "

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


# ---------------------------------------------------------------------- cancels
@rule("texts.markup-in-a-cancel", MUST, TOLD_CANCEL, AS_GIVEN, after=A_CANCEL, calls=10)
def markup_of_a_cancel_is_told(api: ApiTarget) -> None:
    """A cancel's reason MUST be told as given where it holds what is special to HTML, SQL, URLs,
    formats or JSON.
    """
    _cancels_tell(api, {"markup": " ".join(MARKUP.values())})


@rule("texts.scripts-in-a-cancel", MUST, TOLD_CANCEL, AS_GIVEN, after=A_CANCEL, calls=10)
def every_script_of_a_cancel_is_told(api: ApiTarget) -> None:
    """A cancel's reason MUST be told as given, whatever characters, marks and joiners are in it."""
    _cancels_tell(api, {"scripts": " ".join(SCRIPTS.values())})


@rule("texts.digits-in-a-cancel", MUST, TOLD_CANCEL, AS_GIVEN, after=A_CANCEL, calls=18)
def digits_of_a_cancel_are_text(api: ApiTarget) -> None:
    """A cancel's reason MUST be told as given, and as text, if it looks like a number or zero."""
    _cancels_tell(api, {what: DIGITS[what] for what in ("digits", "a zero", "leading zeros")})


def _cancels_tell(api: ApiTarget, texts: Mapping[str, str]) -> None:
    """Each text takes an order; where there are no more, those that were tried are judged."""
    for number, (what, text) in enumerate(texts.items()):
        try:
            reason = _cancelled(api, text)
        except Denied:
            raise
        except NotExercised:
            if not number:
                raise
            return
        _is_told(what, text, reason)


def _cancelled(api: ApiTarget, text: str) -> object:
    """The reason that is told of a cancel for this text."""
    api.webhooks()
    cancel_settled(api, OrderStatus.APPROVED)
    order = cancellable(api)
    expect(api.cancel(order, reason=text), order).accepted()
    return all_of(api, order, "cancelled")[0].order.get("reason")


@rule(
    "reading.reason-spaces",
    OBSERVE,
    TOLD_CANCEL,
    SPACES_OPEN,
    after=A_CANCEL,
    matter="reason-spaces",
    calls=8,
)
def whether_spaces_around_are_told(api: ApiTarget) -> Readings:
    """Whether the spaces around a reason are told is read."""
    reason = _cancelled(api, SPACES)
    return {"reason-spaces": _spaces(reason)}


def _spaces(reason: object) -> str:
    if reason == SPACES:
        return "kept"
    return "trimmed" if reason == SPACES.strip() else "otherwise"


# ---------------------------------------------------------------------- comparing
def _kept_or_trimmed(reason: object) -> None:
    fail_unless(
        _spaces(reason) != "otherwise",
        "the spaces within a reason are not told",
        expected=f"{SPACES!r}, or the same without the spaces around",
        got=ascii(reason),
    )


def _is_told(what: str, text: str, reason: object) -> None:
    fail_unless(
        reason == text and isinstance(reason, str),
        "a reason is told otherwise than it was given",
        expected=f"{text!a} ({what})",
        got=f"{reason!a}; {difference(text, reason)}",
    )


def difference(text: str, told: object) -> str:
    """Where two texts begin to differ, by position and code point."""
    if not isinstance(told, str):
        return f"a {type(told).__name__}, no text"
    alike = next(
        (n for n, (one, other) in enumerate(zip(text, told, strict=False)) if one != other),
        min(len(text), len(told)),
    )
    return (
        f"from character {alike + 1} on: {_point(text, alike)} was given, "
        f"{_point(told, alike)} is told"
    )


def _point(text: str, index: int) -> str:
    if index >= len(text):
        return "nothing more"
    return f"U+{ord(text[index]):04X} {unicodedata.name(text[index], '')}".strip()
