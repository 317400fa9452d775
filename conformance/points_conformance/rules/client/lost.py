"""``client.*``: answers that do not come, or come as errors, whether or not the call was done.

There is no idempotency key: who repeats a partial refund whose answer was lost
may refund twice. Judged by the books and by what the client says; how it went about is read.
"""

from collections.abc import Sequence
from typing import Final

from points_conformance.contract.names import OrderStatus
from points_conformance.judging.rule import Level, Profile, inferred, promised
from points_conformance.rules.client.family import family
from points_conformance.rules.client.judging import (
    NO_KEY,
    PART,
    REFUND,
    asked_with,
    broken,
    honest,
    not_said_refused,
)
from points_conformance.targets.client.case import Case, Fault, Operation, What, cancel, refund
from points_conformance.targets.client.record import Record
from points_conformance.targets.client.target import ClientTarget

__all__ = ["LOST", "rule"]

MUST, OBSERVE = Level.MUST, Level.OBSERVE
SMOKE = Profile.SMOKE
_CANCEL: Final = "client.cancel"
_FULL: Final = "client.full-refund"
_PART: Final = "client.partial-refund"
LOST: Final = "client.lost-partial-answer"
_ONCE: Final = promised("no double refunds")
rule = family(_ONCE, NO_KEY, after=_PART)
#: How an answer gets lost.
_WAYS: Final = (What.CLOSED, What.RESET, What.HALF)
_ALL: Final = (refund(None, "The goods came back"),)
_OFF: Final = (cancel("The customer changed their mind"),)
_AGAIN: Final = refund("20.00", "Another item came back")


def _each(
    *ways: What, carried_out: bool, operations: Sequence[Operation] = (PART,), **order: object
) -> list[Case]:
    """A case for each way in which the first call goes wrong."""
    return [
        asked_with(Fault(what=way, carried_out=carried_out), operations=operations, **order)
        for way in ways
    ]


# ---------------------------------------------------------------------- lost answers
_LOST_REQUESTS: Final = (
    *_each(What.CLOSED, What.RESET, carried_out=False),
    *_each(What.CLOSED, carried_out=False, operations=_ALL),
    *_each(What.CLOSED, carried_out=False, operations=_OFF, status=OrderStatus.NEW),
)
_LOST_SECOND: Final = tuple(
    asked_with(
        Fault(what=What.CLOSED, carried_out=carried_out, operation=2), operations=(PART, _AGAIN)
    )
    for carried_out in (True, False)
)
_UNREAD: Final = (
    Fault(what=What.STATUS, status=500, reads=True, always=True),
    Fault(what=What.CLOSED, reads=True, always=True),
    Fault(what=What.HTML, reads=True, always=True),
)
_LOST_TWICE: Final = tuple(
    asked_with(Fault(what=What.CLOSED, carried_out=True), read) for read in _UNREAD
)


@rule(LOST, MUST, profile=SMOKE, cases=_each(*_WAYS, carried_out=True))
def a_lost_answer_refunds_once(records: list[Record]) -> None:
    """After the lost answer to a partial refund the money MUST have moved once, not be refused."""
    honest(records)


@rule(
    "client.lost-full-answer",
    MUST,
    _ONCE,
    REFUND,
    after=_FULL,
    profile=SMOKE,
    cases=_each(*_WAYS, carried_out=True, operations=_ALL),
)
def a_lost_answer_is_no_refusal(records: list[Record]) -> None:
    """A full refund whose answer was lost MUST NOT be called refused: the 400 is for the repeat."""
    honest(records)


@rule(
    "client.lost-cancel-answer",
    MUST,
    NO_KEY,
    after=_CANCEL,
    cases=_each(*_WAYS, carried_out=True, operations=_OFF, status=OrderStatus.NEW),
)
def a_lost_cancel_is_no_refusal(records: list[Record]) -> None:
    """A cancel whose answer was lost MUST NOT be called refused: the 400 is for the repeat."""
    honest(records)


@rule("client.lost-request", MUST, NO_KEY, profile=SMOKE, cases=_LOST_REQUESTS)
def a_lost_request_is_not_done(records: list[Record]) -> None:
    """A call that was lost before it was carried out MUST NOT be called done unless it then was."""
    honest(records)


@rule(
    "client.lost-second-partial",
    MUST,
    _ONCE,
    inferred("a read shows partially_refunded before and after a second part: it settles nothing"),
    after=(LOST, "client.lost-request"),
    cases=_LOST_SECOND,
)
def a_lost_second_part_is_not_guessed(records: list[Record]) -> None:
    """Whether a second partial refund was done MUST NOT be guessed: no read can show it."""
    honest(records)


@rule("client.lost-answer-and-read", MUST, after=LOST, cases=_LOST_TWICE)
def a_read_that_fails_settles_nothing(records: list[Record]) -> None:
    """Where the answer and the read after it are lost, nothing MUST be repeated or guessed."""
    honest(records)


# ---------------------------------------------------------------------- errors
def _errors(*, carried_out: bool) -> list[Case]:
    faults = [
        Fault(what=What.STATUS, status=status, carried_out=carried_out)
        for status in (500, 502, 503, 504)
    ]
    page = Fault(what=What.HTML, status=502, carried_out=carried_out)
    parts = [asked_with(fault) for fault in (*faults, page)]
    return [*parts, asked_with(faults[0], operations=_ALL)]


@rule("client.error-after-commit", MUST, profile=SMOKE, cases=_errors(carried_out=True))
def an_error_may_have_been_carried_out(records: list[Record]) -> None:
    """After a 5xx that was carried out the money MUST have moved once, not be called refused."""
    honest(records)


@rule("client.error-before-commit", MUST, NO_KEY, cases=_errors(carried_out=False))
def an_error_is_not_done(records: list[Record]) -> None:
    """A 5xx that was not carried out MUST NOT be called done, unless it then was."""
    honest(records)


# ---------------------------------------------------------------------- late and never
_SILENT: Final = Fault(what=What.SILENT, carried_out=True)
_SLOW: Final = Fault(what=What.SLOW, seconds=3.0)


@rule(
    "client.hanging-answer", MUST, cases=(asked_with(_SILENT), asked_with(_SILENT, operations=_ALL))
)
def an_answer_that_never_comes_refunds_once(records: list[Record]) -> None:
    """Where no answer ever comes the money MUST have moved once, and not be called refused."""
    honest(records)


@rule(
    "client.hanging-ends",
    MUST,
    inferred("a server that never answers must not hold up a shop"),
    cases=(asked_with(Fault(what=What.SILENT, always=True)),),
    drives=True,
)
def a_server_that_hangs_is_given_up(client: ClientTarget, records: list[Record]) -> None:
    """A server that never answers MUST be given up within the time allowed (--timeout)."""
    for record in records:
        if record.turns[0].said.hung:
            raise broken(
                record,
                "a server that hangs is waited for without end",
                expected=f"an end within {client.timeout:g} s",
                got=record.turns[0].said.how,
            )
        honest([record])


@rule("client.slow-answer", MUST, cases=(asked_with(_SLOW), asked_with(_SLOW, operations=_ALL)))
def a_slow_answer_refunds_once(records: list[Record]) -> None:
    """An answer that takes three seconds MUST NOT make the money move twice."""
    honest(records)


_LATE: Final = (
    asked_with(Fault(what=What.LATE)),
    asked_with(Fault(what=What.LATE), operations=_ALL),
)


@rule("client.late-commit", MUST, NO_KEY, cases=_LATE)
def what_is_done_late_is_not_refused(records: list[Record]) -> None:
    """A refund that is carried out after the client gave up MUST NOT have been called refused."""
    for record in records:
        not_said_refused(record)


@rule(
    "client.late-commit-twice",
    OBSERVE,
    inferred("a refund that is carried out late escapes every read: a hole in the API"),
    cases=_LATE[:1],
    matter="late-commit",
)
def what_a_late_commit_does(records: list[Record]) -> dict[str, str]:
    """Whether a partial refund that is carried out late happens twice: no client can know."""
    turn = records[0].turns[0]
    times = {0: "not at all", 1: "once", 2: "twice"}.get(
        turn.moved // turn.asked, "more than twice"
    )
    return {"late-commit": f"moved {times}, said {turn.said.outcome or 'nothing'}"}


@rule(
    "client.recovery",
    OBSERVE,
    NO_KEY,
    profile=SMOKE,
    cases=_each(What.CLOSED, carried_out=True),
    matter="recovery",
)
def how_a_lost_answer_is_recovered(records: list[Record]) -> dict[str, str]:
    """How the client goes on after the lost answer to a partial refund."""
    return {"recovery": _recovery(records[0])}


def _recovery(record: Record) -> str:
    said = record.turns[0].said.outcome or "nothing"
    calls = record.writes()
    if not calls:
        return f"makes no call, says {said}"
    later = [seen for seen in record.calls if seen.at > calls[0].at]
    repeats = [seen for seen in later if seen.writes]
    reads = [seen for seen in later if seen.reads]
    if repeats:
        read_first = any(seen.at < repeats[0].at for seen in reads)
        how = "reads the order, then repeats" if read_first else "repeats without reading"
    else:
        how = "reads the order" if reads else "neither reads nor repeats"
    return f"{how}, says {said}"
