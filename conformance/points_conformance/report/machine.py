"""The lifecycle as a run walked it: which arrows were tried, and how that went. Pure."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from points_conformance.contract.lifecycle import ARROWS, Action, Arrow, Disputed
from points_conformance.contract.names import OrderStatus
from points_conformance.judging.verdict import Result, Verdict
from points_conformance.targets.api.walk import REFUSED, Move

__all__ = ["Cell", "Edge", "Place", "cells", "edges", "places"]

S = OrderStatus

#: How an arrow went, worst first: the first that is true of it counts.
FAILED, PASSED, EXERCISED, NOT_TRIED = "failed", "passed", "exercised", "not tried"
SIGNS: Final = {FAILED: "✗", PASSED: "✓", EXERCISED: "•", NOT_TRIED: "○"}

_NUMBER: Final = re.compile(r"\d+")
_BROKEN: Final = frozenset({Verdict.FAILED, Verdict.ADVICE, Verdict.KNOWN})


@dataclass(frozen=True, slots=True)
class Cell:
    """One entry of the table, and how it went. ``open``: its sources dispute it."""

    at: str
    action: str
    to: str
    open: bool
    went: str

    @property
    def sign(self) -> str:
        """How it went, in one character."""
        return SIGNS[self.went]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a status is drawn: the middle of its box, and half its width."""

    status: str
    x: float
    y: float
    half: float

    @classmethod
    def of(cls, status: OrderStatus) -> "Place":
        """The one place of a status."""
        x, y = _PLACES[status]
        return cls(status.value, x, y, 8 + 3.6 * len(status.value))


@dataclass(frozen=True, slots=True)
class Edge:
    """The arrows from one status to another as one line; the worst of them colours it."""

    path: str
    x: float
    y: float
    anchor: str
    cells: tuple[Cell, ...]

    @property
    def went(self) -> str:
        """As the worst of its arrows."""
        return next(went for went in SIGNS if any(cell.went == went for cell in self.cells))

    @property
    def tip(self) -> str:
        """Where its point stands, and which way that looks."""
        x1, y1, x2, y2 = map(float, _NUMBER.findall(self.path)[-4:])
        degrees = math.degrees(math.atan2(y2 - y1, x2 - x1))
        return f"translate({x2:g} {y2:g}) rotate({degrees:.0f})"

    @property
    def open(self) -> bool:
        """Whether no source is sure of it."""
        return all(cell.open for cell in self.cells)

    @property
    def labels(self) -> list[str]:
        """Its arrows with their signs."""
        return [f"{cell.sign} {_SHORT.get(cell.action, cell.action)}" for cell in self.cells]


_SHORT: Final[Mapping[str, str]] = {
    Action.REFUND_PART: "part",
    Action.REFUND_REST: "rest",
    Action.AUTO_REFUND: "auto",
}

_PLACES: Final[Mapping[OrderStatus, tuple[float, float]]] = {
    S.NEW: (180, 18),
    S.AUTHORIZED: (60, 100),
    S.CANCELLED: (180, 160),
    S.CAPTURED: (50, 226),
    S.APPROVED: (310, 226),
    S.PARTIALLY_REFUNDED: (180, 316),
    S.FULLY_REFUNDED: (180, 410),
}

#: How each line runs, where its label stands, and on which side of that.
_LINES: Final[Mapping[tuple[OrderStatus, OrderStatus], tuple[str, float, float, str]]] = {
    (S.NEW, S.APPROVED): ("M206 22 C290 40 312 120 312 210", 358, 62, "end"),
    (S.NEW, S.AUTHORIZED): ("M160 30 L82 86", 112, 52, "end"),
    (S.NEW, S.CANCELLED): ("M180 32 L180 144", 186, 76, "start"),
    (S.AUTHORIZED, S.CAPTURED): ("M54 114 L50 210", 58, 178, "start"),
    (S.AUTHORIZED, S.CANCELLED): ("M104 112 L150 145", 116, 120, "start"),
    (S.APPROVED, S.CANCELLED): ("M276 216 L214 175", 252, 184, "start"),
    (S.CAPTURED, S.APPROVED): ("M90 228 L270 228", 188, 244, "start"),
    (S.CAPTURED, S.CANCELLED): ("M80 211 L146 175", 120, 205, "start"),
    (S.APPROVED, S.PARTIALLY_REFUNDED): ("M296 241 L226 301", 266, 286, "start"),
    (S.CAPTURED, S.PARTIALLY_REFUNDED): ("M64 241 L134 301", 94, 286, "end"),
    (S.APPROVED, S.FULLY_REFUNDED): ("M322 241 C334 340 300 404 242 410", 302, 350, "end"),
    (S.CAPTURED, S.FULLY_REFUNDED): ("M38 241 C26 340 60 404 118 410", 58, 350, "start"),
    (S.PARTIALLY_REFUNDED, S.CANCELLED): ("M180 301 L180 176", 176, 268, "end"),
    (S.PARTIALLY_REFUNDED, S.FULLY_REFUNDED): ("M180 331 L180 394", 186, 356, "start"),
    (S.PARTIALLY_REFUNDED, S.PARTIALLY_REFUNDED): (
        "M108 312 C80 300 80 336 108 324",
        84,
        323,
        "end",
    ),
}


def places() -> list[Place]:
    """Every status."""
    return [Place.of(status) for status in ARROWS]


def cells(results: Sequence[Result]) -> list[Cell]:
    """Every entry of the table, refusals included, with how it went."""
    return [
        Cell(
            at=status.value,
            action=action.value,
            to=_leads(arrow),
            open=isinstance(arrow, Disputed),
            went=_went(results, Move(status.value, action.value, _leads(arrow)), arrow),
        )
        for status, row in ARROWS.items()
        for action, arrow in row.items()
    ]


def edges(table: Iterable[Cell]) -> Iterator[Edge]:
    """The lines of the drawing: what leads somewhere, together by its ends."""
    by_ends: dict[tuple[str, str], list[Cell]] = {}
    for cell in table:
        if cell.to != REFUSED:
            by_ends.setdefault((cell.at, cell.to), []).append(cell)
    for (at, to), same in by_ends.items():
        path, x, y, anchor = _LINES[S(at), S(to)]
        yield Edge(path, x, y, anchor, tuple(same))


def _leads(arrow: Arrow) -> str:
    if isinstance(arrow, Disputed):
        return arrow.to.value
    return arrow.value if isinstance(arrow, OrderStatus) else REFUSED


def _went(results: Iterable[Result], right: Move, arrow: Arrow) -> str:
    """Failed where a broken rule went another way there, or ended its story there; passed where a
    rule that held went this way; exercised where no rule decided about it.
    """
    seen = {
        went
        for result in results
        for move in map(Move.of, result.moves)
        if move is not None and move[:2] == right[:2]
        for went in [_seen(result, move, right, open_=isinstance(arrow, Disputed))]
    }
    return next((went for went in SIGNS if went in seen), NOT_TRIED)


def _seen(result: Result, move: Move, right: Move, *, open_: bool) -> str:
    other_way = move.to != right.to and not open_
    ends_here = str(move) == result.moves[-1]
    if result.verdict in _BROKEN and (ends_here or (other_way and move.to != REFUSED)):
        return FAILED
    if other_way:
        # A refusal of what is not refused by its status has another reason: its amount, say.
        return NOT_TRIED if move.to == REFUSED else EXERCISED
    return PASSED if result.verdict is Verdict.PASSED else EXERCISED
