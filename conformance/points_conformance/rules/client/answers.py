"""``client.*``: what a client makes of answers: refusals, lies, redirects, newer fields, TLS."""

import re
from collections.abc import Mapping
from typing import Final

from points_conformance.contract.names import OrderStatus
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import NotExercised
from points_conformance.judging.rule import Level, Profile, Source, inferred, source
from points_conformance.rules.client.family import family
from points_conformance.rules.client.judging import (
    ENVELOPE,
    KEYS,
    PART,
    asked_with,
    at_most,
    broken,
    honest,
    not_said_done,
    refused,
    was_done,
)
from points_conformance.targets.client.case import Case, Fault, Operation, Tls, What, cancel, refund
from points_conformance.targets.client.outcome import ClientOutcome
from points_conformance.targets.client.record import Record

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
SMOKE = Profile.SMOKE
_CANCEL: Final = "client.cancel"
_FULL: Final = "client.full-refund"
_PART: Final = "client.partial-refund"
#: Words that lay an answer to the key, and such as say that it may be something else as well.
_KEY_MATTER: Final = re.compile(
    r"authenticat|authori[sz](?:ation|ed)|credential|"
    r"(?:bad|wrong|invalid|inactive|expired|unknown|missing|rejected|refused|check)\b.{0,24}\bkey\b|"
    r"(?:Bad|Wrong|Invalid|Inactive|Expired|Unknown)(?:Api)?Key|"
    r"\bkey\b.{0,24}(?:bad|wrong|invalid|inactive|expired|unknown|missing|rejected|refused|"
    r"not (?:valid|active|taken|accepted))",
    re.IGNORECASE,
)
_OTHER_MATTER: Final = re.compile(
    r"\b(?:or|either|may|might|perhaps)\b|\bnot\b.{0,20}\b(?:auth|key)", re.IGNORECASE
)
_REFUSALS: Final = source(Page.LIFECYCLE, "State machine")
_TRUTH: Final = inferred("HTTP 200 alone says nothing: the envelope and the order do (OpenAPI)")
rule = family(_TRUTH, after=_PART)
_ALL: Final = refund(None, "The goods came back")
_OFF: Final = cancel("The customer changed their mind")

#: What the API refuses: a refund of a cancelled or an unpaid order, or of too much, and a cancel of
#: a refunded one. Not what is so already: who reads first may well call that done.
REFUSED: Final = (
    asked_with(status=OrderStatus.CANCELLED),
    asked_with(operations=(_ALL,), status=OrderStatus.NEW),
    asked_with(operations=(_OFF,), status=OrderStatus.FULLY_REFUNDED),
    asked_with(operations=(refund("80.00", "Too much"),), total="50.00"),
)
#: Each operation, and the status in which nothing but what is tried keeps it from being done.
_EACH: Final = ((PART, OrderStatus.APPROVED), (_ALL, OrderStatus.APPROVED), (_OFF, OrderStatus.NEW))


def _every(*faults: Fault, **order: object) -> tuple[Case, ...]:
    return tuple(asked_with(*faults, operations=(o,), status=s, **order) for o, s in _EACH)


_INVALID: Final = _every(Fault(what=What.STATUS, status=422, always=True))
_NOBODYS: Final = _every(exists=False)


# ---------------------------------------------------------------------- refusals
@rule(
    "client.refused-is-refused",
    MUST,
    _REFUSALS,
    after=(_CANCEL, _PART),
    profile=SMOKE,
    cases=REFUSED,
)
def a_refusal_is_called_one(records: list[Record]) -> None:
    """HTTP 400 for the order's state MUST be called refused: not done, and no matter of the key."""
    refused(records)


@rule(
    "client.refusal-is-no-key-matter",
    SHOULD,
    KEYS,
    inferred("400 means three things: who looks for a bad key never sees the refused refund"),
    after="client.refused-is-refused",
    cases=REFUSED,
)
def a_refusal_is_not_laid_to_the_key(records: list[Record]) -> None:
    """Where a client says why it was refused, it SHOULD NOT lay that to the key."""
    for record in records:
        said = record.turns[-1].said.output
        found = _KEY_MATTER.search(said)
        if found and not _OTHER_MATTER.search(said):
            raise broken(
                record,
                "a refused refund or cancel is told as a matter of keys",
                expected="the order's state, or nothing, for the key was taken",
                got=repr(found[0]),
            )


@rule(
    "client.not-found-is-refused",
    MUST,
    source(Page.OPENAPI, "Endpoints"),
    after=(_CANCEL, _PART),
    cases=_NOBODYS,
)
def an_unknown_order_is_refused(records: list[Record]) -> None:
    """HTTP 404 MUST be called refused."""
    refused(records)


@rule("client.invalid-is-refused", MUST, ENVELOPE, after=(_CANCEL, _PART), cases=_INVALID)
def an_invalid_call_is_refused(records: list[Record]) -> None:
    """HTTP 422 MUST be called refused."""
    refused(records)


@rule(
    "client.no-retry-after-refusal",
    SHOULD,
    _REFUSALS,
    after=(_CANCEL, _PART),
    cases=(*REFUSED, *_NOBODYS, *_INVALID),
)
def a_refusal_is_not_repeated(records: list[Record]) -> None:
    """A refusal SHOULD NOT be answered with the same call again."""
    for record in records:
        at_most(record, 1, "call, for a refusal stays one")


@rule(
    "client.changed-key",
    MUST,
    KEYS,
    after=(_CANCEL, _PART),
    cases=_every(key=False),
)
def a_refused_key_is_not_done(records: list[Record]) -> None:
    """HTTP 400 for a key that is no longer taken MUST NOT be called done, nor tried for ever."""
    for record in records:
        not_said_done(record)
        at_most(record, 10, "calls, for the key stays refused")


# ---------------------------------------------------------------------- answers that lie
def _lie(what: What, *, carried_out: bool = False, cancels: bool = False) -> tuple[Case, ...]:
    """One answer of that kind, to a partial refund, to a full one, and to a cancel if asked."""
    fault = Fault(what=what, carried_out=carried_out)
    refunds = (asked_with(fault), asked_with(fault, operations=(_ALL,)))
    off = asked_with(fault, operations=(_OFF,), status=OrderStatus.NEW)
    return (*refunds, off) if cancels else refunds


_UNKNOWN_STATUS: Final = (
    *_lie(What.UNKNOWN_STATUS, carried_out=True),
    asked_with(Fault(what=What.UNKNOWN_STATUS)),
    asked_with(
        Fault(what=What.CLOSED, carried_out=True),
        Fault(what=What.UNKNOWN_STATUS, reads=True, always=True),
    ),
)


@rule(
    "client.status-false",
    MUST,
    ENVELOPE,
    _TRUTH,
    profile=SMOKE,
    cases=_lie(What.STATUS_FALSE, cancels=True),
)
def status_false_is_not_done(records: list[Record]) -> None:
    """HTTP 200 with "status": false MUST NOT be called done."""
    honest(records)


@rule("client.unchanged-order", MUST, cases=_lie(What.UNCHANGED, cancels=True))
def an_unchanged_order_is_not_done(records: list[Record]) -> None:
    """HTTP 200 that shows the order as it was MUST NOT be called done."""
    honest(records)


@rule("client.no-order", MUST, cases=_lie(What.NO_ORDER))
def an_answer_without_an_order_is_not_done(records: list[Record]) -> None:
    """HTTP 200 without an order MUST NOT be called done."""
    honest(records)


@rule("client.html-answer", MUST, cases=_lie(What.HTML))
def a_page_is_not_done(records: list[Record]) -> None:
    """HTTP 200 with an HTML page MUST NOT be called done."""
    honest(records)


@rule(
    "client.truncated-answer",
    MUST,
    cases=(*_lie(What.TRUNCATED), *_lie(What.TRUNCATED, carried_out=True)),
)
def a_cut_off_answer_settles_nothing(records: list[Record]) -> None:
    """JSON that is cut off MUST be taken for neither success nor refusal, nor repeated blindly."""
    honest(records)


@rule("client.unknown-status", MUST, source(Page.LIFECYCLE, "order_status"), cases=_UNKNOWN_STATUS)
def an_unknown_status_settles_nothing(records: list[Record]) -> None:
    """An order_status that nobody knows MUST be taken for no known one, such as new."""
    honest(records)


# ---------------------------------------------------------------------- redirects
#: The ways to redirect: two keep the method, two mostly turn it into GET.
_REDIRECTS: Final[Mapping[int, Operation]] = {307: PART, 302: _ALL, 308: PART, 301: _ALL}


_REDIRECTED: Final = tuple(
    asked_with(Fault(what=What.REDIRECT, status=status, always=True), operations=(operation,))
    for status, operation in _REDIRECTS.items()
)
_READ_REDIRECTED: Final = asked_with(
    Fault(what=What.CLOSED, carried_out=True),
    Fault(what=What.REDIRECT, status=302, reads=True, always=True),
)


@rule(
    "client.key-not-redirected", MUST, KEYS, profile=SMOKE, cases=(*_REDIRECTED, _READ_REDIRECTED)
)
def the_key_is_not_taken_elsewhere(records: list[Record]) -> None:
    """A redirect to another host MUST NOT take the key there."""
    for record in records:
        for seen in record.seen:
            request = seen.request
            body = request.body.decode("utf-8", "replace")
            everything = [*request.headers.values(), request.query, request.path, body]
            if seen.host != "api" and any(record.key in text for text in everything):
                raise broken(
                    record,
                    "a redirect takes the key to another host",
                    expected="no key at another host",
                    got="the key, sent where the redirect led",
                )


@rule("client.redirect-is-not-done", MUST, cases=_REDIRECTED)
def a_redirect_is_not_done(records: list[Record]) -> None:
    """A redirect MUST NOT be called done, whatever another host answers."""
    honest(records)


# ---------------------------------------------------------------------- what newer pages show
_RICH: Final = (
    asked_with(rich=True),
    asked_with(operations=(_ALL,), rich=True),
    asked_with(operations=(_OFF,), status=OrderStatus.NEW, rich=True),
)


@rule(
    "client.tolerant",
    MUST,
    source(Page.OPENAPI, "OrderResource"),
    inferred("fields may be added"),
    after=(_CANCEL, _FULL, _PART),
    profile=SMOKE,
    cases=_RICH,
)
def newer_answers_are_understood(records: list[Record]) -> None:
    """Fields nobody asked for, microseconds, integers and empty lists MUST NOT stop a client."""
    for record in records:
        was_done(record)


# ---------------------------------------------------------------------- TLS
_TLS: Final[tuple[Source, ...]] = (source(Page.SECURITY, "TLS"),)
_AUTHORITY: Final = Need.AUTHORITY
_TRUSTS: Final = "client.trusts-its-ca"
_UNTRUSTED: Final = "client.untrusted-certificate"


def _over_https(tls: Tls) -> tuple[Case, ...]:
    return (Case(operations=(PART,), tls=tls),)


@rule(_TRUSTS, MUST, *_TLS, needs=_AUTHORITY, cases=_over_https(Tls.TRUSTED))
def a_trusted_certificate_is_accepted(records: list[Record]) -> None:
    """HTTPS with a certificate of an authority that the client was told to trust MUST work."""
    record = records[0]
    if any(seen.host == "in clear" for seen in record.seen):
        raise broken(
            record,
            "plain HTTP is spoken where the address says HTTPS",
            expected="TLS",
            got="a request that everybody on the way can read",
        )
    if not record.seen and record.turns[0].said.outcome is not ClientOutcome.DONE:
        raise NotExercised(
            "the client uses none of POINTS_CA_FILE, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS and "
            "CURL_CA_BUNDLE: let it trust the authority in one of them to have HTTPS judged",
            lacks="trust in an authority",
        )
    was_done(record)


def _refuses_certificate(record: Record) -> None:
    if record.seen:
        raise broken(
            record,
            "a certificate that must not be trusted is",
            expected="no request: the key stays here",
            got=f"{len(record.seen)} requests, with {record.case.tls}",
        )
    not_said_done(record)


@rule(_UNTRUSTED, MUST, *_TLS, after=_TRUSTS, needs=_AUTHORITY, cases=_over_https(Tls.UNTRUSTED))
def an_untrusted_certificate_ends_it(records: list[Record]) -> None:
    """A certificate of an authority that nobody trusts MUST be refused before the key is sent."""
    _refuses_certificate(records[0])


@rule(
    "client.wrong-host-certificate",
    MUST,
    *_TLS,
    after=_UNTRUSTED,
    needs=_AUTHORITY,
    cases=_over_https(Tls.OTHER_HOST),
)
def a_certificate_of_another_host_ends_it(records: list[Record]) -> None:
    """A trusted certificate of another host MUST be refused before the key is sent."""
    _refuses_certificate(records[0])


@rule(
    "client.expired-certificate",
    MUST,
    *_TLS,
    after=_UNTRUSTED,
    needs=_AUTHORITY,
    cases=_over_https(Tls.EXPIRED),
)
def an_expired_certificate_ends_it(records: list[Record]) -> None:
    """A trusted certificate that has expired MUST be refused before the key is sent."""
    _refuses_certificate(records[0])
