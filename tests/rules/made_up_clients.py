"""Made-up records of clients: what a careful one leaves behind, and ways to spoil that.

No socket and no clock: only values. ``careful`` writes down what a client does that calls once for
each operation and says unknown where the answer is unclear.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import ROUND_HALF_UP
from typing import Any

from points_conformance.contract.limits import REASON_MAX
from points_conformance.contract.money import halalas, rounded_halalas
from points_conformance.contract.names import OrderStatus
from points_conformance.ledger import OrderLedger
from points_conformance.simulator.messages import Request, dump_json
from points_conformance.targets.client.case import Case, Fault, Operation, Tls, What
from points_conformance.targets.client.outcome import ClientOutcome
from points_conformance.targets.client.record import Record, Turn
from points_conformance.targets.client.runners import Said
from points_conformance.targets.client.sandbox import Seen

DONE, REFUSED, UNKNOWN = ClientOutcome.DONE, ClientOutcome.REFUSED, ClientOutcome.UNKNOWN
KEY = "sk_test_madeUpmadeUpmadeUp"
UUID = "11111111-2222-4333-8444-555555555555"
#: What an order's status lets happen to it.
_REFUNDABLE = {OrderStatus.APPROVED, OrderStatus.CAPTURED, OrderStatus.PARTIALLY_REFUNDED}
_CANCELLABLE = {OrderStatus.NEW, OrderStatus.AUTHORIZED}
_LOST = {What.CLOSED, What.RESET, What.SILENT, What.LATE}
_TRUE = {What.SLOW, What.LATE}

Spoiled = Callable[[Record], Record]


class MadeUpTarget:
    """Answers each case with what ``of`` makes up for it."""

    timeout = 35.0
    loopback = True

    def __init__(self, of: Callable[[Case], Record], *, takes_ca: bool = True) -> None:
        self.of = of
        self.seed = 0
        self.allowance = 36
        self.takes_ca = takes_ca
        self.made: list[Record] = []

    def run(self, *cases: Case) -> list[Record]:
        """A record for each."""
        records = [self.of(case) for case in cases]
        self.made += records
        return records

    def records(self) -> list[Record]:
        """All that were asked for."""
        return self.made

    def needs_ca(self) -> None:
        """It takes one."""
        assert self.takes_ca


# ---------------------------------------------------------------------- a careful client
def careful(case: Case) -> Record:
    """What becomes of a case where the client calls once, and says what it knows."""
    of_orders = [_books(case, status) for status in (case.status, *case.others)]
    turns, seen = [], []
    for number, operation in enumerate(case.operations, 1):
        books = of_orders[operation.order - 1]
        fault = next((f for f in case.faults if f.meets(number, 1, read=False)), None)
        status, after = _answered(case, operation, books, fault)
        turns.append(_turn(operation, number, books, after, _said(fault, status)))
        if _reached(case):
            moved = after != books and not (fault and fault.what is What.LATE)
            seen.append(call(operation, number, fault=fault, status=status, moved=moved))
        of_orders[operation.order - 1] = after
    return Record(case=case, turns=tuple(turns), seen=tuple(seen), key=KEY, uuid=UUID)


def _books(case: Case, status: OrderStatus) -> OrderLedger:
    total = halalas(case.total)
    gone = total if status is OrderStatus.FULLY_REFUNDED else 0
    return OrderLedger(kind=case.kind, status=status, total=total, points=total, refunded=gone)


def _reached(case: Case) -> bool:
    return not math.isinf(case.refuses) and case.tls in (Tls.NONE, Tls.TRUSTED)


def _answered(
    case: Case, operation: Operation, books: OrderLedger, fault: Fault | None
) -> tuple[int | None, OrderLedger]:
    """The HTTP status of the answer (``None``: none), and the books after it."""
    after = _after(operation, books)
    if not (case.exists and case.key):
        return (404 if case.key else 400), books
    if not _reached(case) or (fault and fault.what in _LOST):
        carried_out = fault is not None and (fault.carried_out or fault.what in _TRUE)
        return None, after if carried_out else books
    if fault is None or fault.what in _TRUE:
        return (200 if after != books else 400), after
    status = fault.status or {What.REDIRECT: 307}.get(fault.what, 200)
    return status, after if fault.carried_out else books


def _after(operation: Operation, books: OrderLedger) -> OrderLedger:
    """The books once it is carried out; as they were where it is refused."""
    if operation.kind == "cancel":
        allowed = books.status in _CANCELLABLE
        return replace(books, status=OrderStatus.CANCELLED) if allowed else books
    asked = operation.amount
    amount = books.left if asked is None else rounded_halalas(asked, ROUND_HALF_UP)
    if books.status not in _REFUNDABLE or not 0 < amount <= books.left:
        return books
    status = OrderStatus.PARTIALLY_REFUNDED if amount < books.left else OrderStatus.FULLY_REFUNDED
    return replace(books, status=status, refunded=books.refunded + amount)


def _said(fault: Fault | None, status: int | None) -> ClientOutcome:
    if fault is None or fault.what is What.SLOW:
        return {200: DONE, None: UNKNOWN}.get(status, REFUSED)
    if status is not None and 400 <= status < 500 and status != 429:
        return REFUSED
    return UNKNOWN


def _turn(
    operation: Operation, number: int, before: OrderLedger, after: OrderLedger, said: ClientOutcome
) -> Turn:
    return Turn(
        operation=operation,
        said=Said(outcome=said, how="exit status", seconds=0.5, output="some words"),
        at=float(number),
        before=before,
        after=after,
        moves=int(before != after),
    )


def call(operation: Operation, number: int = 1, **more: Any) -> Seen:
    """A call as a careful client makes it, but for what is said."""
    fields: dict[str, Any] = {}
    if operation.amount is not None:
        fields["amount"] = operation.amount
    if operation.reason:
        fields["reason"] = operation.reason[:REASON_MAX]
    path = f"/api/v1/orders/{UUID}/{operation.kind}"
    headers = {"x-api-key": KEY, "content-type": "application/json; charset=utf-8"}
    request = Request("POST", path, headers, dump_json(fields))
    at = number + 0.1
    told = {"at": at, "answered_at": at, "operation": number, "host": "api", "request": request}
    told |= {"writes": True, "reads": False, "moved": False, "status": 200, "answer": ""}
    return Seen(**{**told, **more})


# ---------------------------------------------------------------------- ways to spoil it
def says(outcome: ClientOutcome | None, **more: Any) -> Spoiled:
    """It says so, whatever happened."""

    def spoil(record: Record) -> Record:
        turns = [
            replace(turn, said=replace(turn.said, outcome=outcome, **more)) for turn in record.turns
        ]
        return replace(record, turns=tuple(turns))

    return spoil


def moves(times: float) -> Spoiled:
    """Each operation moves its amount so many times; a cancel all there is."""

    def spoil(record: Record) -> Record:
        return replace(record, turns=tuple(_moved(turn, times) for turn in record.turns))

    return spoil


def _moved(turn: Turn, times: float) -> Turn:
    refunded = turn.before.refunded + int((turn.asked or turn.before.left) * times)
    return replace(turn, after=replace(turn.before, refunded=refunded), moves=round(times))


def second(spoil: Spoiled) -> Spoiled:
    """Only the last operation is spoiled."""

    def spoil_last(record: Record) -> Record:
        return replace(record, turns=(*record.turns[:-1], spoil(record).turns[-1]))

    return spoil_last


def sends(change: Callable[[Request], Request]) -> Spoiled:
    """Its calls look otherwise."""

    def spoil(record: Record) -> Record:
        seen = [replace(one, request=change(one.request)) for one in record.seen]
        return replace(record, seen=tuple(seen))

    return spoil


def body(**fields: Any) -> Spoiled:
    """The body has these fields, or what a function makes of those that were there."""

    def change(request: Request) -> Request:
        known: dict[str, Any] = Seen.json(call(Operation("refund"), request=request))
        made = {
            name: value(known.get(name)) if callable(value) else value
            for name, value in fields.items()
        }
        return replace(request, body=dump_json(known | made))

    return sends(change)


def header(name: str, text: str) -> Spoiled:
    """A header of its calls."""
    return sends(lambda request: replace(request, headers={**request.headers, name: text}))


def calls_at(times: Iterable[float], **more: Any) -> Spoiled:
    """It calls again and again: the first operation's call, at these seconds."""

    def spoil(record: Record) -> Record:
        operation = record.case.operations[0]
        fault = next(iter(record.case.faults), None)
        seen = [call(operation, fault=fault, at=at, answered_at=at, **more) for at in times]
        return replace(record, seen=tuple(seen))

    return spoil


def also_calls(**more: Any) -> Spoiled:
    """One call more, somewhere."""

    def spoil(record: Record) -> Record:
        return replace(record, seen=(*record.seen, call(record.case.operations[0], **more)))

    return spoil
