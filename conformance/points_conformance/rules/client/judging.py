"""What a record of a client's doing is held against. Pure: the books and what the client said.

Each function takes a record and raises a finding, so that it can judge made-up evidence as well.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

from points_conformance.contract.money import sar_text
from points_conformance.contract.names import OrderStatus
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import Finding
from points_conformance.judging.rule import inferred, source
from points_conformance.judging.verdict import Cost
from points_conformance.rules.costs import CUSTOMER, MERCHANT, in_sar
from points_conformance.targets.client.case import Case, Fault, Operation, refund
from points_conformance.targets.client.outcome import ClientOutcome
from points_conformance.targets.client.record import Record, Turn

__all__ = [
    "BODY",
    "CANCEL",
    "ENVELOPE",
    "KEYS",
    "NO_KEY",
    "PART",
    "REFUND",
    "asked_with",
    "at_most",
    "broken",
    "cost_of",
    "gaps_after_faults",
    "honest",
    "moved_at_most_once",
    "not_said_done",
    "not_said_refused",
    "refused",
    "said_the_truth",
    "sent_as",
    "was_done",
]

REFUND: Final = source(Page.REVERSALS, "Refund an order")
CANCEL: Final = source(Page.REVERSALS, "Cancel an order")
BODY: Final = source(Page.OPENAPI, "POST /orders/{uuid}/refund")
KEYS: Final = source(Page.API_KEYS)
ENVELOPE: Final = source(Page.OPENAPI, "Envelopes")
#: Why repeating a call of unknown outcome may refund twice.
NO_KEY: Final = inferred("no page gives refunds an idempotency key, so a repeated call is another")

#: The operation that most faults are tried on: a part of the order, so that a second call of the
#: same is carried out as well.
PART: Final = refund("25.00", "One item came back")


def asked_with(*faults: Fault, operations: Sequence[Operation] = (PART,), **order: object) -> Case:
    """A case with these faults."""
    return Case(operations=tuple(operations), faults=faults, **order)  # type: ignore[arg-type]


def broken(
    record: Record, title: str, *, expected: str, got: str, cost: Cost | None = None
) -> Finding:
    """A finding with the schedule and the calls of its record."""
    return Finding(
        title,
        expected=expected,
        got=record.redact(got),
        story=record.story(),
        exchanges=record.exchanges(),
        led_by=(record.rule,),
        steps=record.steps(),
        cost=cost,
    )


def cost_of(turn: Turn) -> Cost | None:
    """What an operation costs that came to something else than was asked, or was said of it."""
    of, more = turn.before.total, turn.moved - turn.asked
    if more > 0:
        return in_sar(more, "more than was asked for", of=of, loses=MERCHANT)
    if turn.said.outcome is ClientOutcome.REFUSED:
        return in_sar(turn.moved, "gone back that is taken for kept", of=of, loses=MERCHANT)
    if turn.said.outcome is ClientOutcome.DONE or turn.moved:
        return in_sar(-more, "that never went back", of=of, loses=CUSTOMER)
    return None


# ---------------------------------------------------------------------- what was done
def was_done(record: Record) -> None:
    """Every operation was carried out once, as asked, and the client says so."""
    for turn in record.turns:
        _as_asked(record, turn)
        if turn.said.outcome is not ClientOutcome.DONE:
            raise broken(
                record,
                "what was done is not said to be done",
                expected=f"done, for the {turn.operation} was carried out",
                got=str(turn.said),
            )


def _as_asked(record: Record, turn: Turn) -> None:
    if turn.operation.kind == "cancel":
        right = turn.after.status is OrderStatus.CANCELLED and turn.moved == 0
    else:
        right = turn.moved == turn.asked
    if not right:
        raise broken(
            record,
            "the operation was not carried out as asked",
            expected=_wanted(turn),
            got=f"{turn.truth()}; the client said {turn.said}",
            cost=cost_of(turn),
        )


def _wanted(turn: Turn) -> str:
    if turn.operation.kind == "cancel":
        return "the order is cancelled and no money goes back"
    return f"{sar_text(turn.asked)} SAR go back"


# ---------------------------------------------------------------------- truth and money
def honest(records: Iterable[Record]) -> None:
    """Whatever happened: the money moved at most once, and nothing untrue was said of it."""
    for record in records:
        moved_at_most_once(record)
        said_the_truth(record)


def moved_at_most_once(record: Record) -> None:
    """No operation moved more than was asked for, nor another amount; a cancel moves none."""
    for turn in record.turns:
        if turn.moved > turn.asked:
            raise broken(
                record,
                "more went back than was asked for",
                expected=f"at most {sar_text(turn.asked)} SAR, once",
                got=f"{sar_text(turn.moved)} SAR, by {turn.moves} calls that were carried out",
                cost=cost_of(turn),
            )
        if turn.moved not in (0, turn.asked):
            raise broken(
                record,
                "another amount went back than was asked for",
                expected=f"{sar_text(turn.asked)} SAR or nothing",
                got=f"{sar_text(turn.moved)} SAR",
                cost=cost_of(turn),
            )


def said_the_truth(record: Record) -> None:
    """Nothing is called done that was not, or refused that was done. Unknown is never a lie."""
    not_said_done(record)
    not_said_refused(record)


def not_said_done(record: Record) -> None:
    """No operation is called done that was not carried out."""
    for turn in record.turns:
        if turn.said.outcome is ClientOutcome.DONE and not turn.done:
            raise broken(
                record,
                "what was not done is said to be done",
                expected="refused or unknown, for nothing was done",
                got=str(turn.said),
                cost=cost_of(turn),
            )


def not_said_refused(record: Record) -> None:
    """No operation is called refused that was carried out."""
    for turn in record.turns:
        if turn.said.outcome is ClientOutcome.REFUSED and turn.done:
            raise broken(
                record,
                "what was done is said to be refused",
                expected=f"done or unknown, for {turn.truth()}",
                got=str(turn.said),
                cost=cost_of(turn),
            )


def refused(records: Iterable[Record]) -> None:
    """The API refused the last operation, nothing was done, and the client says refused."""
    for record in records:
        moved_at_most_once(record)
        turn = record.turns[-1]
        if turn.done or turn.said.outcome is not ClientOutcome.REFUSED:
            raise broken(
                record,
                "a refusal is not said to be one",
                expected="refused, for the API refused it and nothing was done",
                got=f"{turn.said}; in truth {turn.truth()}",
            )


# ---------------------------------------------------------------------- how often, how fast
def at_most(record: Record, calls: int, why: str) -> None:
    """The client called for each operation at most so many times."""
    for number, turn in enumerate(record.turns, 1):
        kind = f"/{turn.operation.kind}"
        made = sum(seen.request.path.endswith(kind) for seen in record.writes(number))
        if made > calls:
            raise broken(
                record,
                "too many calls for one operation",
                expected=f"at most {calls} {why}",
                got=f"{made} calls in {record.turns[number - 1].said.seconds:.1f} s",
            )


def gaps_after_faults(record: Record) -> list[float]:
    """The seconds from each answer of a fault to the next such call of the same operation."""
    calls = record.writes()
    return [
        second.at - first.answered_at
        for first, second in pairwise(calls)
        if first.fault is not None and first.operation == second.operation
    ]


# ---------------------------------------------------------------------- what was sent
def _bodies(record: Record) -> Iterable[dict[str, Any]]:
    """What was sent as JSON objects; what is none breaks the plain operations."""
    for seen in record.writes():
        try:
            body = seen.json()
        except ValueError:
            continue
        if isinstance(body, dict):
            yield body


def sent_as(record: Record, name: str) -> list[Any]:
    """What was sent under this name, as JSON; a call that says nothing of it is left out."""
    return [body[name] for body in _bodies(record) if name in body]
