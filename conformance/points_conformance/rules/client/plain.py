"""``client.*``: the plain operations, and what their requests look like."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from points_conformance.contract.limits import REASON_MAX
from points_conformance.contract.names import OrderStatus
from points_conformance.contract.pages import Page
from points_conformance.judging.rule import Level, Profile, inferred, source
from points_conformance.rules.client.family import family
from points_conformance.rules.client.judging import (
    BODY,
    CANCEL,
    KEYS,
    PART,
    REFUND,
    asked_with,
    broken,
    sent_as,
    was_done,
)
from points_conformance.targets.client.case import Case, Fault, What, cancel, refund
from points_conformance.targets.client.record import Record
from points_conformance.targets.client.sandbox import Seen
from points_conformance.targets.client.target import ClientTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
SMOKE = Profile.SMOKE
rule = family(REFUND, profile=SMOKE)
_CANCEL: Final = "client.cancel"
_FULL: Final = "client.full-refund"
_PART: Final = "client.partial-refund"

CANCELS: Final = asked_with(
    operations=(cancel("The customer changed their mind"),), status=OrderStatus.NEW
)
REFUNDS_ALL: Final = asked_with(operations=(refund(None, "The goods came back"),))
REFUNDS_PART: Final = asked_with()
PLAIN: Final = (CANCELS, REFUNDS_ALL, REFUNDS_PART)
#: Without a reason: it is optional for both.
_WITHOUT_REASON: Final = (
    asked_with(operations=(cancel(),), status=OrderStatus.NEW),
    asked_with(operations=(refund(),)),
    asked_with(operations=(refund("25.00"),)),
)


# ---------------------------------------------------------------------- the plain operations
@rule(_CANCEL, MUST, CANCEL, core=True, cases=(CANCELS,))
def a_cancel_cancels(records: list[Record]) -> None:
    """A cancel that nothing disturbs MUST cancel the order and be called done."""
    was_done(*records)


@rule(_FULL, MUST, core=True, cases=(REFUNDS_ALL,))
def a_full_refund_refunds_all(records: list[Record]) -> None:
    """A full refund that nothing disturbs MUST give back the whole total and be called done."""
    was_done(*records)


@rule(_PART, MUST, core=True, cases=(REFUNDS_PART,))
def a_partial_refund_refunds_its_amount(records: list[Record]) -> None:
    """A partial refund that nothing disturbs MUST give back its amount and be called done."""
    was_done(*records)


@rule(
    "client.remainder",
    MUST,
    after=(_FULL, _PART),
    cases=(asked_with(operations=(PART, refund(None, "The rest came back"))),),
)
def the_rest_is_refunded(records: list[Record]) -> None:
    """A refund without an amount after a partial one MUST give back what is left."""
    was_done(*records)


@rule(
    "client.two-equal-refunds",
    MUST,
    inferred(
        "two refunds that are asked for are two, also where they look alike (client.remainder)"
    ),
    after=_PART,
    cases=(asked_with(operations=(PART, PART)),),
)
def two_equal_refunds_are_two(records: list[Record]) -> None:
    """Two partial refunds of one amount MUST both happen: the second is no repetition."""
    was_done(*records)


# ---------------------------------------------------------------------- the amount
_AMOUNTS: Final = tuple(
    asked_with(operations=(refund(amount, "Part"),), total=total)
    for amount, total in {
        "19.99": "100.00",
        "0.30": "1.00",
        "4.35": "10.00",
        "1.10": "10.00",
        "0.01": "1.00",
        "10000.10": "20000.00",
        "123456.78": "200000.00",
    }.items()
)


@rule(
    "client.exact-amount",
    MUST,
    BODY,
    inferred("money is no float: 19.99 is 1999 halalas"),
    after=_PART,
    cases=_AMOUNTS,
)
def the_amount_is_exact(records: list[Record]) -> None:
    """The amount of a refund MUST be the one asked for to the halala, without a float's digits."""
    for record in records:
        wanted = record.turns[0].operation.amount
        for sent in sent_as(record, "amount"):
            if _number(sent) != wanted:
                raise broken(
                    record, "the amount is not exact", expected=str(wanted), got=repr(str(sent))
                )
        was_done(record)


def _number(sent: Any) -> Decimal | None:
    if isinstance(sent, bool) or not isinstance(sent, int | Decimal | str):
        return None
    text = str(sent)
    return Decimal(text) if re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", text) else None


@rule("client.amount-is-a-number", MUST, BODY, after=_PART, cases=(REFUNDS_PART,))
def the_amount_is_a_number(records: list[Record]) -> None:
    """The amount of a refund MUST be a JSON number: a string may be refused."""
    for record in records:
        for sent in sent_as(record, "amount"):
            if isinstance(sent, bool) or not isinstance(sent, int | Decimal):
                raise broken(
                    record,
                    "the amount is no number",
                    expected="a JSON number",
                    got=f"{type(sent).__name__} {sent!r}",
                )


@rule(
    "client.no-amount-when-full",
    MUST,
    BODY,
    inferred("0 and null are not the same as absent"),
    after=_FULL,
    cases=(REFUNDS_ALL, _WITHOUT_REASON[1]),
)
def a_full_refund_names_no_amount(records: list[Record]) -> None:
    """A full refund MUST leave the amount out: null may be refused, and 0 refunds nothing."""
    for record in records:
        for sent in sent_as(record, "amount"):
            if sent is None or sent == 0:
                raise broken(
                    record, "a full refund names an amount", expected="no amount", got=repr(sent)
                )


# ---------------------------------------------------------------------- the reason
#: A client may add a reference of its own, and cut a long reason for it: so much has to be there.
_OWN: Final = 400
#: What programs make of nothing when they write it as a text.
_NOTHING: Final = frozenset({"", "none", "null", "nil", "undefined", "nan"})
_LONG = "\u0645" * REASON_MAX
_REASONS: Final = (
    "\u0627\u0644\u0645\u0646\u062a\u062c \u062a\u0627\u0644\u0641 \u2014 \u0631\u062c\u0627\u0621",
    'Says "too small", costs 5$ `now` \\ and 100%',
    "Two came back, one stays \U0001f44d",
    _LONG,
)
_GIVEN: Final = (
    *(asked_with(operations=(refund("25.00", reason),)) for reason in _REASONS),
    *(asked_with(operations=(cancel(reason),), status=OrderStatus.NEW) for reason in _REASONS),
)


@rule(
    "client.reason-as-given",
    MUST,
    source(Page.EVENTS, "refunded"),
    CANCEL,
    after=(_CANCEL, _PART),
    cases=_GIVEN,
    profile=Profile.STANDARD,
)
def the_reason_arrives_as_given(records: list[Record]) -> None:
    """A reason MUST arrive as it was given, in any script; more may stand beside it."""
    for record in records:
        given = record.turns[0].operation.reason
        for sent in [*sent_as(record, "reason"), *_missing(record, "reason")]:
            if not isinstance(sent, str) or (given or "")[:_OWN] not in sent:
                raise broken(
                    record,
                    "the reason is not the one that was given",
                    expected=f"{len(given or '')} characters: {given!r}",
                    got=repr(sent),
                )


@rule(
    "client.reason-absent",
    SHOULD,
    inferred("sources differ on a reason that is null or empty"),
    after=(_CANCEL, _FULL, _PART),
    cases=_WITHOUT_REASON,
    profile=Profile.STANDARD,
)
def no_reason_is_sent_as_none(records: list[Record]) -> None:
    """Without a reason a client SHOULD leave it out, or send its own: not null, not empty."""
    for record in records:
        for sent in sent_as(record, "reason"):
            if not isinstance(sent, str) or sent.strip().lower() in _NOTHING:
                raise broken(
                    record,
                    "a missing reason is sent as null or empty",
                    expected="no reason, or a text that says one",
                    got=repr(sent),
                )


# ---------------------------------------------------------------------- the request
_NOT_CANCELLABLE: Final = Case(operations=(PART, cancel("Too late")))
_NOT_REFUNDABLE: Final = asked_with(
    operations=(refund(None, "Never paid"),), status=OrderStatus.NEW
)


@rule("client.content-type", MUST, BODY, after=_PART, cases=PLAIN)
def a_body_is_called_json(records: list[Record]) -> None:
    """A body MUST be sent as application/json."""
    for record in records:
        for seen in record.writes():
            kind = seen.request.headers.get("content-type", "")
            if seen.request.body and kind.partition(";")[0].strip().lower() != "application/json":
                raise broken(
                    record,
                    "the content type is not JSON's",
                    expected="application/json",
                    got=repr(kind),
                )


@rule(
    "client.only-its-operation",
    MUST,
    inferred("who asks for a cancel has not asked for a refund (Refunds & Cancellations)"),
    after=(_CANCEL, _FULL),
    closing=True,
    cases=(*PLAIN, _NOT_CANCELLABLE, _NOT_REFUNDABLE),
    drives=True,
)
def only_what_was_asked_is_called(client: ClientTarget, records: list[Record]) -> None:
    """A client MUST call what it was asked to: a refused cancel never becomes a refund."""
    for record in client.records():
        for seen in record.calls:
            _is_the_operation(record, seen)


def _is_the_operation(record: Record, seen: Seen) -> None:
    turn = record.turns[seen.operation - 1]
    wanted = f"/orders/{turn.uuid or record.uuid}/{turn.operation.kind}"
    if seen.writes and not seen.request.path.endswith(wanted):
        raise broken(
            record,
            "another call is made than was asked for",
            expected=f"POST …{wanted}, and reads",
            got=f"{seen.request.method} {seen.request.path}",
        )


# ---------------------------------------------------------------------- the key
#: What is looked at where one of these rules is judged alone: plain calls, and some trouble.
_LOST: Final = asked_with(Fault(what=What.CLOSED, carried_out=True))


@rule(
    "client.key-in-header-only",
    MUST,
    KEYS,
    after=_PART,
    closing=True,
    cases=(*PLAIN, _LOST),
    drives=True,
)
def the_key_is_in_its_header_alone(client: ClientTarget, records: list[Record]) -> None:
    """The key MUST travel in the header x-api-key and nowhere else: not in a URL or a body."""
    for record in client.records():
        for seen in record.seen:
            for place, text in _places(seen):
                if record.key in text:
                    raise broken(
                        record,
                        "the key travels outside its header",
                        expected="the key in x-api-key alone",
                        got=f"it is in {place}",
                    )


#: What the client prints counts here, in success, refusal, silence and error.
_WATCHED: Final = (
    asked_with(watched=True),
    asked_with(status=OrderStatus.CANCELLED, watched=True),
    asked_with(Fault(what=What.CLOSED, carried_out=True), watched=True),
    asked_with(Fault(what=What.STATUS, status=500, always=True), watched=True),
    asked_with(key=False, watched=True),
)


@rule("client.key-not-shown", MUST, KEYS, after=_PART, closing=True, cases=_WATCHED, drives=True)
def the_key_is_not_shown(client: ClientTarget, records: list[Record]) -> None:
    """The key MUST NOT be printed, logged, or be in an error's text."""
    for record in client.records():
        for text in (record.printed, *(turn.said.output for turn in record.turns)):
            cut = record.redact(text)
            if cut != text:
                raise broken(
                    record, "the key is shown", expected="no key in what is printed", got=cut[:500]
                )


def _places(seen: Seen) -> Iterator[tuple[str, str]]:
    request = seen.request
    yield "the URL", f"{request.path}?{request.query}"
    yield "the body", request.body.decode("utf-8", "replace")
    for name, text in request.headers.items():
        if name != "x-api-key":
            yield f"the header {name}", text


def _missing(record: Record, name: str) -> list[None]:
    """One for each call that says nothing of it."""
    return [None] * (len(record.writes()) - len(sent_as(record, name)))
