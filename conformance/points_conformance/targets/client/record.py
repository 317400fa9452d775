"""What came of one case: what the client was asked, did and said, and what the books say."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP
from typing import Final

from points_conformance.contract.money import rounded_halalas, sar_text
from points_conformance.contract.names import OrderStatus
from points_conformance.judging.exchange import Exchange, Redactor
from points_conformance.judging.step import Step
from points_conformance.ledger import OrderLedger
from points_conformance.targets.client.case import Case, Operation, Tls
from points_conformance.targets.client.runners import Said
from points_conformance.targets.client.sandbox import Seen

__all__ = ["KEY", "Record", "Turn"]

#: The variable that holds a client's key.
KEY: Final = "POINTS_API_KEY"
#: Headers that say nothing of the client's own doing.
_DULL: Final = frozenset({"host", "connection", "content-length", "accept", "accept-encoding"})
_LONGEST: Final = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One operation: what the client said, and the books before and after it. Halalas."""

    operation: Operation
    said: Said
    at: float
    before: OrderLedger
    after: OrderLedger
    #: How many of its calls changed the books.
    moves: int
    #: The order that it was about.
    uuid: str = ""

    @property
    def asked(self) -> int:
        """What was to go back, to the nearest halala."""
        if self.operation.kind == "cancel":
            return 0
        if self.operation.amount is None:
            return self.before.left
        return rounded_halalas(self.operation.amount, ROUND_HALF_UP)

    @property
    def moved(self) -> int:
        """What went back."""
        return self.after.refunded - self.before.refunded

    @property
    def done(self) -> bool:
        """Whether the operation was carried out, whoever says what."""
        if self.operation.kind == "cancel":
            cancelled = OrderStatus.CANCELLED
            return self.after.status is cancelled and self.before.status is not cancelled
        return self.moved > 0

    def truth(self) -> str:
        """What the books say of it, in words."""
        if self.operation.kind == "cancel":
            moved = f", {sar_text(self.moved)} SAR went back" if self.moved else ""
            return f"the order is {self.after.status.value}{moved}"
        return f"{sar_text(self.moved)} SAR went back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The evidence of one case. ``seen`` in the order in which the calls came. ``rule``: the one
    that had the case run, where another looks back on it.
    """

    case: Case
    turns: tuple[Turn, ...]
    seen: tuple[Seen, ...]
    key: str
    uuid: str
    printed: str = ""
    rule: str = ""

    @property
    def redact(self) -> Redactor:
        """Cuts the case's key."""
        return Redactor({KEY: self.key})

    @property
    def calls(self) -> list[Seen]:
        """What came to the API itself."""
        return [seen for seen in self.seen if seen.host == "api"]

    def writes(self, operation: int | None = None) -> list[Seen]:
        """The calls that may change something, of one operation (from 1) or of all."""
        return [s for s in self.calls if s.writes and operation in (None, s.operation)]

    def exchanges(self) -> list[Exchange]:
        """Every call as evidence, without the key."""
        redact = self.redact
        secure = self.case.tls is not Tls.NONE
        return [_exchange(n, seen, redact, secure) for n, seen in enumerate(self.seen, 1)]

    def story(self) -> list[str]:
        """What was done to whom, and when: the schedule and a timeline, without the key."""
        rows = [(seen.at, 1, _call(seen)) for seen in self.seen]
        for turn in self.turns:
            rows.append((turn.at, 0, f"asked: {turn.operation}"))
            end = self._end(turn)
            rows.append((end, 2, f"said: {_short(str(turn.said))}; in truth {turn.truth()}"))
            if turn.said.outcome is None and turn.said.output.strip():
                last = turn.said.output.strip().splitlines()[-1]
                rows.append((end, 3, f"its last words: {_short(last)}"))
        lines = [f"{at:6.2f} s  {text}" for at, _, text in sorted(rows, key=lambda r: r[:2])]
        return [self.redact(line) for line in [*self.case.lines(), *lines]]

    def _end(self, turn: Turn) -> float:
        """When the client was done: never before its last call, though its clock starts later."""
        operation = self.turns.index(turn) + 1
        answered = [seen.answered_at for seen in self.seen if seen.operation == operation]
        return max([turn.at + turn.said.seconds, *answered])

    def steps(self) -> list[Step]:
        """The same as it is drawn, with the second of each."""
        notes = [Step(teller="kit", hearer="", said=line) for line in self.case.lines()]
        rows = [(seen.at, 1, _drawn(seen, self.case.total)) for seen in self.seen]
        for turn in self.turns:
            asked = Step(teller="kit", hearer="client", said=f"asked: {turn.operation}", at=turn.at)
            end = self._end(turn)
            said = Step(
                teller="client",
                hearer="kit",
                said=f"said: {_short(str(turn.said))}",
                after=f"in truth {turn.truth()}",
                at=end,
            )
            rows += [(turn.at, 0, asked), (end, 2, said)]
        return [*notes, *(step for _, _, step in sorted(rows, key=lambda row: row[:2]))]


def _drawn(seen: Seen, total: str) -> Step:
    """A call, and what was done to it."""
    host = {"api": "", "elsewhere": "to another host: "}.get(seen.host, f"{seen.host}: ")
    body = seen.request.body.decode("utf-8", "replace")
    came = f"HTTP {seen.status}" if seen.status is not None else "no answer"
    left = f"{sar_text(seen.left)} of {total} SAR left" if seen.left is not None else ""
    return Step(
        teller="client",
        hearer="API",
        said=_short(f"{host}{seen.request.method} {_path(seen)} {body}"),
        answer=seen.happened if came in seen.happened else f"{came}: {seen.happened}".rstrip(": "),
        lost=seen.status is None,
        after=left,
        wrong=seen.left is not None and seen.left < 0,
        at=seen.at,
    )


def _path(seen: Seen) -> str:
    """The path without what is the same in all calls of a case."""
    path = seen.request.path
    return "/…/" + path.rsplit("/", 1)[1] if path.count("/") > 2 else path


def _call(seen: Seen) -> str:
    request = seen.request
    host = {"api": "", "elsewhere": "another host: "}.get(seen.host, f"{seen.host}: ")
    query = f"?{request.query}" if request.query else ""
    body = f" {_short(request.body.decode('utf-8', 'replace'))}" if request.body else ""
    came = f"HTTP {seen.status}" if seen.status is not None else "no answer"
    moved = ", the books change" if seen.moved else ""
    happened = f"{seen.happened}{moved}" if seen.happened else f"{came}{moved}"
    return f"{host}{request.method} {request.path}{query}{body} -> {happened}"


def _exchange(number: int, seen: Seen, redact: Redactor, secure: bool) -> Exchange:
    request = seen.request
    query = f"?{request.query}" if request.query else ""
    headers: Mapping[str, str] = {
        name: redact(value) for name, value in request.headers.items() if name not in _DULL
    }
    scheme = "https" if secure and seen.host == "api" else "http"
    origin = f"{scheme}://{request.headers.get('host', 'localhost')}"
    body = request.body.decode("utf-8", "replace")
    return Exchange(
        number=number,
        method=request.method,
        url=redact(f"{origin}{request.path}{query}"),
        headers=headers,
        body=redact.cut(body) if body else None,
        status=seen.status,
        answer=redact(seen.answer),
        seconds=seen.answered_at - seen.at,
        error="" if seen.status is not None else seen.happened,
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
