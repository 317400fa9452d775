"""Faults on demand: lost requests, lost and wrong answers, delays, and a bad post for deliveries.

A wrapper around :meth:`Simulator.handle <points_conformance.simulator.core.Simulator.handle>`, so
that the core knows nothing of it. A mount turns a :class:`Handled` without a response into a
broken connection and waits for ``seconds`` before it answers.
"""

import random
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from points_conformance.contract.names import OrderOperation
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.messages import Request, Response, dump_json
from points_conformance.simulator.world import Delivery

__all__ = [
    "OPERATION_NAMES",
    "DeliveryFaults",
    "Fault",
    "FaultError",
    "Faults",
    "Handled",
    "Parcel",
]

_ORDER: Final = r"/api/v1/orders/[^/]+"
_WEBHOOK: Final = r"/api/v1/webhooks/[^/]+"
#: What a fault can be asked for, and the calls it meets.
OPERATION_NAMES: Final[Mapping[str, re.Pattern[str]]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "any": r".*",
        "get": f"GET {_ORDER}",
        **{one.value: f"POST {_ORDER}/{one.value}" for one in OrderOperation},
        "status": f"POST {_ORDER}/status",
        "earning": r"POST /api/v1/orders/earning",
        "checkout": r"POST /api/v1/orders/checkout/[^/]+",
        "webhooks": rf"(GET|POST) /api/v1/webhooks|(GET|PUT|PATCH|DELETE) {_WEBHOOK}",
    }.items()
}


class FaultError(ValueError):
    """A fault that cannot be: an operation, a status or a number that does not exist."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a request. ``response`` is ``None`` where the connection breaks instead."""

    response: Response | None
    seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class Fault:
    """One planned fault. ``times`` counts down; ``None`` means every call.

    ``answer`` replaces the simulator's own; ``cut`` breaks the connection in place of any answer;
    ``seconds`` pass between the call being carried out and its answer.
    """

    operation: str
    times: int | None = 1
    carried_out: bool = True
    answer: Response | None = None
    cut: bool = False
    seconds: float = 0.0

    def meets(self, call: str) -> bool:
        """Whether the fault is still to happen and is about this call (``METHOD /path``)."""
        return self.times != 0 and OPERATION_NAMES[self.operation].fullmatch(call) is not None


class Faults:
    """Plans faults for the next calls and lets them happen, first planned first.

    Each method is for the next ``times`` calls of one operation (:data:`OPERATION_NAMES`; ``any``
    is all of them); ``times=None`` lasts until :meth:`clear`. One call meets one fault.
    """

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.deliveries = DeliveryFaults()
        self._planned: list[Fault] = []
        self._lock = threading.Lock()

    @classmethod
    def over(cls, simulator: "Simulator | Faults") -> "Faults":
        """The faults themselves, or none yet over a bare simulator."""
        return simulator if isinstance(simulator, Faults) else cls(simulator)

    # ------------------------------------------------------------------ planning
    def lose_answer(self, operation: str = "any", *, times: int | None = 1) -> None:
        """The call is carried out, then the connection breaks: the outcome is unknown."""
        self._plan(Fault(operation=operation, times=times, cut=True))

    def lose_request(self, operation: str = "any", *, times: int | None = 1) -> None:
        """The connection breaks before the call was carried out; it looks just the same."""
        self._plan(Fault(operation=operation, times=times, cut=True, carried_out=False))

    def answer(
        self,
        operation: str,
        status: int,
        *,
        times: int | None = 1,
        carried_out: bool = False,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> None:
        """Answer with ``status`` (400 to 599), whether or not the call is carried out first.

        Without ``body`` it is the error envelope. ``headers`` are added: ``{"Retry-After": "1"}``.
        """
        if isinstance(status, bool) or not isinstance(status, int) or not 400 <= status <= 599:
            raise FaultError(f"status cannot be {status!r}: give a number from 400 to 599")
        answer = _error(status, headers or {}, body)
        self._plan(Fault(operation=operation, times=times, carried_out=carried_out, answer=answer))

    def delay(self, operation: str, seconds: float, *, times: int | None = 1) -> None:
        """Carry the call out at once and answer ``seconds`` later, or after the client gave up."""
        self._plan(Fault(operation=operation, times=times, seconds=_seconds(seconds)))

    def clear(self) -> None:
        """Forget every fault, those of deliveries too."""
        with self._lock:
            self._planned.clear()
        self.deliveries.clear()

    @property
    def planned(self) -> tuple[Fault, ...]:
        """The faults that are still to happen."""
        with self._lock:
            return tuple(fault for fault in self._planned if fault.times != 0)

    def _plan(self, fault: Fault) -> None:
        if fault.operation not in OPERATION_NAMES:
            names = ", ".join(OPERATION_NAMES)
            raise FaultError(f"no operation is called {fault.operation!r}; there are: {names}")
        _times(fault.times)
        with self._lock:
            self._planned.append(fault)

    # ------------------------------------------------------------------ happening
    def handle(self, request: Request) -> Handled:
        """Answer one request through the simulator, with the first fault that is about it."""
        fault = self._take(request) if self._planned else None
        if fault is None:
            return Handled(self.simulator.handle(request))
        response = self.simulator.handle(request) if fault.carried_out else None
        if fault.cut:
            return Handled(None, fault.seconds)
        return Handled(fault.answer or response, fault.seconds)

    def _take(self, request: Request) -> Fault | None:
        call = f"{request.method} {request.path}"
        with self._lock:
            fault = next((fault for fault in self._planned if fault.meets(call)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if not fault.times:
                    self._planned.remove(fault)
        return fault


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery as the post will treat it: lost, so late (seconds), and once more ``extra``."""

    delivery: Delivery
    lost: bool = False
    late: float = 0.0
    extra: int = 0


@dataclass(slots=True)
class _Habits:
    lose: int = 0
    lose_every: int | None = None
    lose_when: Callable[[Delivery], bool] | None = None
    extra: int = 0
    shuffle: random.Random | None = None
    lateness: tuple[random.Random, float, float] | None = None
    seen: int = field(default=0)


class DeliveryFaults:
    """How the post treats deliveries. Every habit lasts until :meth:`clear`, except a counted loss.

    Without any: in order, at once, each exactly once.
    """

    def __init__(self) -> None:
        self._habits = _Habits()

    def lose(
        self,
        times: int | None = None,
        *,
        every: int | None = None,
        when: Callable[[Delivery], bool] | None = None,
    ) -> None:
        """Lose the next ``times`` deliveries (one, where nothing is said), every n-th, or those
        that ``when`` picks: no attempt of them arrives."""
        if every is None and when is None and times is None:
            times = 1
        self._habits.lose += _times(times) or 0
        self._habits.lose_every = _times(every) or self._habits.lose_every
        self._habits.lose_when = when or self._habits.lose_when

    def repeat(self, extra: int = 1) -> None:
        """Send each accepted delivery ``extra`` times more, the same to the byte."""
        self._habits.extra = _times(extra) or 0

    def reorder(self, seed: int = 0) -> None:
        """Shuffle what is queued at one time."""
        self._habits.shuffle = random.Random(seed)  # noqa: S311 - reproducible on purpose

    def late(self, shortest: float, longest: float | None = None, *, seed: int = 0) -> None:
        """Wait before each delivery, from ``shortest`` to ``longest`` seconds."""
        low, high = _seconds(shortest), _seconds(shortest if longest is None else longest)
        if high < low:
            raise FaultError(f"longest cannot be {longest!r}: it is shorter than {shortest!r}")
        self._habits.lateness = random.Random(seed), low, high  # noqa: S311 - as above

    def clear(self) -> None:
        """Back to a post that can be relied upon."""
        self._habits = _Habits()

    def arrange(self, deliveries: Iterable[Delivery]) -> list[Parcel]:
        """Decide for deliveries that were queued together, in their order, how each will fare."""
        parcels = [self._parcel(delivery) for delivery in deliveries]
        if self._habits.shuffle is not None:
            self._habits.shuffle.shuffle(parcels)
        return parcels

    def _parcel(self, delivery: Delivery) -> Parcel:
        late = 0.0
        if self._habits.lateness is not None:
            source, low, high = self._habits.lateness
            late = source.uniform(low, high)
        return Parcel(delivery, self._loses(delivery), late, self._habits.extra)

    def _loses(self, delivery: Delivery) -> bool:
        habits = self._habits
        habits.seen += 1
        if habits.lose:
            habits.lose -= 1
            return True
        if habits.lose_every is not None and habits.seen % habits.lose_every == 0:
            return True
        return habits.lose_when is not None and habits.lose_when(delivery)


def _error(status: int, headers: Mapping[str, str], body: bytes | None) -> Response:
    if body is None:
        envelope = {"status": False, "message": "A fault on demand", "appended_data": {}}
        body, headers = dump_json(envelope), {"Content-Type": "application/json", **headers}
    return Response(status, dict(headers), body)


def _times(times: int | None) -> int | None:
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise FaultError(f"times cannot be {times!r}: give a whole number from 1, or None")
    return times


def _seconds(seconds: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise FaultError(f"seconds cannot be {seconds!r}: give a number from 0")
    return float(seconds)
