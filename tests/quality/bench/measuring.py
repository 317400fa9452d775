"""How two things are measured in turn, and what is told of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

__all__ = ["Row", "Scale", "Timed", "compared", "cpu", "in_turn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is done for a figure."""

    rounds: int = 31
    calls: int = 100
    orders: int = 100_000
    many: int = 100_000
    runs: int = 3
    at_once: tuple[int, ...] = (1, 2, 8, 16)
    #: None: all there are.
    defects: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: what was measured, and beside what."""

    what: str
    figure: str
    beside: str = ""
    ratio: str = ""


Timed = Callable[[], float]


def in_turn(rounds: int, one: Timed, other: Timed) -> tuple[float, float, float]:
    """The medians of both, and of how much faster the first is; each begins every other round."""
    pairs = []
    for number in range(rounds):
        first, second = (one, other) if number % 2 else (other, one)
        told = first(), second()
        pairs.append(told if number % 2 else told[::-1])
    ones, others = zip(*pairs, strict=True)
    return median(ones), median(others), median(there / here for here, there in pairs)


def compared(
    what: str, beside: str, scale: Scale, one: Timed, other: Timed, unit: str = "µs of CPU"
) -> Row:
    """A row of two things measured in turn, in seconds a call."""
    here, there, ratio = in_turn(scale.rounds, one, other)
    return Row(
        what, f"{here * 1e6:.0f} {unit}", f"{beside}: {there * 1e6:.0f} {unit}", f"{ratio:.2f}"
    )


def cpu(calls: int, call: Callable[[], object], clock: Timed = time.process_time) -> float:
    """Seconds a call, of CPU unless by another clock."""
    started = clock()
    for _ in range(calls):
        call()
    return (clock() - started) / calls
