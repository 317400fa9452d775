"""``client.*``: how often and how fast a client tries again, and that it comes to an end."""

import math
from typing import Final

from points_conformance.judging.rule import Level, Profile, inferred
from points_conformance.rules.client.family import family
from points_conformance.rules.client.judging import (
    NO_KEY,
    asked_with,
    at_most,
    broken,
    gaps_after_faults,
    honest,
)
from points_conformance.targets.client.case import Case, Fault, What
from points_conformance.targets.client.record import Record
from points_conformance.targets.client.target import ClientTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
_PART: Final = "client.partial-refund"
rule = family(after=_PART)
#: The most calls for one operation, and the most within a second.
_TRIES: Final = 10
_A_SECOND: Final = 5
#: Seconds that a client is told to wait; what its clock and ours may differ by.
_WAIT: Final = 2.0
_CLOCKS: Final = 0.1
_LIMITS: Final = inferred("429 is answered where too much comes at once (POST /orders/earning)")
_RETRY_AFTER: Final = inferred("RFC 9110, Retry-After: how long to wait before the next call")


def _too_many(retry_after: str = "", *, always: bool = False) -> Fault:
    seconds = _WAIT if retry_after == "date" else 0.0
    return Fault(
        what=What.STATUS, status=429, retry_after=retry_after, seconds=seconds, always=always
    )


_ALWAYS_429: Final = asked_with(_too_many(always=True))
_ALWAYS_503: Final = asked_with(Fault(what=What.STATUS, status=503, always=True))


_TOLD: Final = asked_with(_too_many("2"))
_TOLD_A_DATE: Final = asked_with(_too_many("date"))
_TOLD_TEN_MINUTES: Final = asked_with(_too_many("600", always=True))


@rule(
    "client.turned-away",
    MUST,
    _LIMITS,
    NO_KEY,
    cases=(_TOLD, _TOLD_A_DATE, _ALWAYS_429, _ALWAYS_503),
)
def what_is_turned_away_is_not_done(records: list[Record]) -> None:
    """After 429 or 503 the money MUST have moved at most once, and nothing untrue be said of it."""
    honest(records)


# ---------------------------------------------------------------------- Retry-After
def _waits(record: Record) -> None:
    for gap in gaps_after_faults(record):
        if gap < _WAIT - _CLOCKS:
            raise broken(
                record,
                "the next call comes before the time that was asked for",
                expected=f"no call for {_WAIT:g} s, or none at all",
                got=f"a call after {gap:.2f} s",
            )


@rule("client.waits-as-told", SHOULD, _LIMITS, _RETRY_AFTER, cases=(_TOLD,))
def retry_after_in_seconds_is_waited(records: list[Record]) -> None:
    """After 429 with Retry-After in seconds, up to ten, the next call SHOULD NOT come earlier."""
    for record in records:
        _waits(record)


@rule("client.waits-until-date", SHOULD, _LIMITS, _RETRY_AFTER, cases=(_TOLD_A_DATE,))
def retry_after_as_a_date_is_waited(records: list[Record]) -> None:
    """After 429 with Retry-After as a date, up to ten seconds ahead, the next call SHOULD wait."""
    for record in records:
        _waits(record)


@rule(
    "client.long-wait-ends",
    SHOULD,
    _RETRY_AFTER,
    profile=Profile.DEEP,
    cases=(_TOLD_TEN_MINUTES,),
    drives=True,
)
def a_long_wait_is_not_waited_out(client: ClientTarget, records: list[Record]) -> None:
    """Where Retry-After asks for ten minutes the operation SHOULD end within the time allowed."""
    for record in records:
        _ends(client, record)


# ---------------------------------------------------------------------- again and again
@rule("client.too-many-bounded", SHOULD, _LIMITS, cases=(_ALWAYS_429,))
def tries_after_429_are_bounded(records: list[Record]) -> None:
    """Where 429 is answered for ever a client SHOULD stop, after 10 calls at most."""
    for record in records:
        at_most(record, _TRIES, "calls, for it stays 429")


@rule(
    "client.errors-bounded",
    SHOULD,
    inferred("who never stops makes an outage worse"),
    cases=(_ALWAYS_503,),
)
def tries_after_errors_are_bounded(records: list[Record]) -> None:
    """Where 503 is answered for ever a client SHOULD stop, after 10 calls at most."""
    for record in records:
        at_most(record, _TRIES, "calls, for it stays 503")


@rule("client.no-hammering", SHOULD, _LIMITS, cases=(_ALWAYS_429, _ALWAYS_503))
def calls_are_spread_out(records: list[Record]) -> None:
    """Where it is turned away a client SHOULD NOT repeat a call more than 5 times in a second."""
    for record in records:
        times = [seen.at for seen in record.writes()]
        for first, sixth in zip(times, times[_A_SECOND:], strict=False):
            if sixth - first < 1.0:
                raise broken(
                    record,
                    "calls follow one another too fast",
                    expected=f"at most {_A_SECOND} calls within a second",
                    got=f"{_A_SECOND + 1} calls within {sixth - first:.2f} s",
                )


# ---------------------------------------------------------------------- no connection
@rule(
    "client.connection-refused",
    MUST,
    inferred("a refused connection carries nothing out"),
    cases=(asked_with(refuses=1.5), asked_with(refuses=math.inf)),
    drives=True,
)
def a_refused_connection_comes_to_an_end(client: ClientTarget, records: list[Record]) -> None:
    """Where connections are refused, for a while or for ever, a client MUST end, not say done."""
    for record in records:
        _ends(client, record)
        honest([record])


def _ends(client: ClientTarget, record: Record) -> None:
    for turn in record.turns:
        if turn.said.hung:
            raise broken(
                record,
                "the operation does not end",
                expected=f"an end within {client.timeout:g} s",
                got=turn.said.how,
            )


# ---------------------------------------------------------------------- over all cases
_WAITS_FOR_EVER: Final = frozenset({What.SILENT, What.LATE})


#: What a run of one of these rules alone looks at, beside all that the run has done.
_SOME: Final = (
    asked_with(Fault(what=What.CLOSED, carried_out=True)),
    asked_with(Fault(what=What.HTML)),
    asked_with(Fault(what=What.TRUNCATED)),
    asked_with(Fault(what=What.NO_ORDER)),
    asked_with(refuses=math.inf),
    _ALWAYS_429,
    _ALWAYS_503,
)


def _others(client: ClientTarget) -> list[Record]:
    """Cases in which something is always answered."""
    return [record for record in client.records() if not _never_answers(record.case)]


def _never_answers(case: Case) -> bool:
    return bool({fault.what for fault in case.faults} & _WAITS_FOR_EVER)


@rule(
    "client.ends-in-time",
    MUST,
    inferred("client.hanging-ends"),
    profile=Profile.SMOKE,
    closing=True,
    cases=_SOME,
    drives=True,
)
def every_operation_ends(client: ClientTarget, records: list[Record]) -> None:
    """Every operation that was answered MUST end within the time allowed (--timeout)."""
    for record in _others(client):
        _ends(client, record)


@rule(
    "client.tells-its-outcome",
    MUST,
    inferred("who calls a client must learn whether money moved: done, refused or unknown"),
    after=("client.cancel", "client.full-refund", _PART, "client.tolerant"),
    profile=Profile.SMOKE,
    closing=True,
    cases=_SOME,
    drives=True,
)
def one_of_three_is_said(client: ClientTarget, records: list[Record]) -> None:
    """Whatever happens a client MUST say done, refused or unknown, and not crash."""
    for record in client.records():
        for turn in () if record.case.optional else record.turns:
            if turn.said.outcome is None and not turn.said.hung:
                raise broken(
                    record,
                    "neither done nor refused nor unknown is said",
                    expected="done (exit status 0), refused (10) or unknown (11)",
                    got=turn.said.how,
                )


@rule(
    "client.leaves-nothing-running",
    SHOULD,
    inferred("what outlives its command is nobody's"),
    profile=Profile.SMOKE,
    closing=True,
    cases=_SOME,
    drives=True,
)
def nothing_is_left_running(client: ClientTarget, records: list[Record]) -> None:
    """A command SHOULD end what it starts: nothing of it runs on after its exit."""
    for record in client.records():
        for turn in record.turns:
            if turn.said.left:
                raise broken(
                    record,
                    "something is left running",
                    expected="no process after the exit",
                    got=f"at least {turn.said.left}, ended now",
                )
