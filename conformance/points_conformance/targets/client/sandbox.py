"""The API that a client meets: a simulator of its own behind a real socket, with a schedule.

It notes each request as it came. Every sandbox has an order or a few, one key, and its own port.
"""

import contextlib
import hashlib
import math
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Final, Self

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.limits import API_PREFIX
from points_conformance.contract.names import OrderStatus
from points_conformance.ledger import OrderLedger
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.messages import Request, Response, dump_json, load_json
from points_conformance.simulator.mounts.rough_server import End, RoughServer, Sent
from points_conformance.targets.client.case import Case, Fault, What

__all__ = ["ClientSandbox", "Seen"]

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NOBODYS: Final = "00000000-0000-4000-8000-000000000000"
_ENDS: Final[Mapping[What, End]] = {
    What.CLOSED: End.CLOSED,
    What.RESET: End.RESET,
    What.HALF: End.HALF,
    What.SILENT: End.SILENT,
    What.LATE: End.SILENT,
}
_PAGE: Final = b"<!doctype html><html><body><h1>Please try again later</h1></body></html>"
_STRANGE: Final = "reversal_pending"
_EXTRA: Final[Mapping[str, Any]] = {
    "status_label": "Refunded",
    "custom_status": {"en": "Refunded", "ar": "\u0645\u0633\u062a\u0631\u062f"},
    "created_at": "2026-04-20T10:00:00.000000Z",
    "updated_at": "2026-04-20T10:00:00.123456Z",
    "settlement_status": None,
    "loyalty": {"tier": 3, "history": []},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it came, and what became of it. ``at`` in seconds since the case began.

    ``host``: ``api``, ``elsewhere`` (where a redirect led), or ``in clear`` (plain HTTP where the
    address says HTTPS).
    """

    at: float
    answered_at: float
    operation: int
    host: str
    request: Request
    writes: bool
    reads: bool
    moved: bool
    status: int | None
    answer: str
    fault: Fault | None = None
    #: What of the order had not gone back then, in halalas.
    left: int | None = None

    @property
    def happened(self) -> str:
        """What was done to it, in words; empty where nothing was."""
        return self.fault.happening if self.fault is not None else ""

    def json(self) -> Any:
        """The body as JSON, numbers exact; ``None`` where it is empty. Raises ``ValueError``."""
        return load_json(self.request.body) if self.request.body else None


@dataclass(slots=True)
class _Counts:
    """How many calls of either kind an operation has made."""

    reads: int = 0
    writes: int = 0


#: Lenient where a page is: what a request looks like is a matter of its own rules.
_DIALECT: Final = DIALECTS["default"].with_(
    amount_string="accepted",
    amount_decimals="half-up",
    reason_empty="kept",
    timestamps="seconds",
)


#: Seconds for which an answer is held back until all operations of one moment have called.
_TOGETHER: Final = 0.5


class ClientSandbox:
    """Serves one case while the ``with`` block lasts; each ``attempt`` at it with a key and orders
    of its own.
    """

    def __init__(
        self, case: Case, seed: int, context: ssl.SSLContext | None = None, *, attempt: int = 1
    ) -> None:
        self.case = case
        self.seen: list[Seen] = []
        self._late: list[Request] = []
        self._lock = threading.Lock()
        again = f"/{attempt}" if attempt > 1 else ""
        number = hashlib.sha256(f"{seed}/{case!r}{again}".encode()).digest()[:8]
        self._simulator = Simulator(dialect=_DIALECT, seed=int.from_bytes(number))
        self._orders = [
            self._simulator.make_order(case.kind, status, case.total)
            for status in (case.status, *case.others)
        ]
        self.uuids = [order.uuid if case.exists else _NOBODYS for order in self._orders]
        self.uuid = self.uuids[0]
        self.key = self._simulator.merchant.key
        if not case.key:
            self._simulator.merchant.key = self._simulator.world.token("sk_test_", 40)
        self._server = RoughServer(self._answer, context=context, plain=self._answer_plain)
        self._elsewhere = RoughServer(self._answer_elsewhere)
        self._operation = 0
        self._counts: dict[int, _Counts] = {}
        #: Where the first reads meet, and the first calls that change something.
        self._meeting = {read: threading.Barrier(len(case.operations)) for read in (True, False)}
        self.started = time.monotonic()

    def __enter__(self) -> Self:
        refuses = self.case.refuses
        self.started = time.monotonic()
        if not math.isinf(refuses):
            self._server.start(after=refuses)
        if any(fault.what is What.REDIRECT for fault in self.case.faults):
            self._elsewhere.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        self._elsewhere.stop()

    @property
    def base_url(self) -> str:
        """What a client takes for the API's address."""
        return self._server.origin + API_PREFIX

    @property
    def held_up(self) -> float:
        """Seconds for which it stood still at worst, because the process or the machine did."""
        return self._server.held_up

    @property
    def books(self) -> OrderLedger:
        """The truth of the first order."""
        return self.books_of(1)

    def books_of(self, order: int) -> OrderLedger:
        """The truth of one of the orders, from 1."""
        return self._orders[order - 1].ledger

    def begin(self, operation: int, order: int = 1) -> OrderLedger:
        """From now on calls are this operation's (from 1): the books before it. At the same moment
        with others an operation's calls are those about its order.
        """
        with self._lock:
            self._operation = operation
            self._counts[operation] = _Counts()
        return self.books_of(order)

    def close_books(self, order: int = 1) -> OrderLedger:
        """The operation is over: what was held back is carried out now. The books after it."""
        with self._lock:
            late, self._late = self._late, []
        for request in late:
            self._simulator.handle(request)
        return self.books_of(order)

    def now(self) -> float:
        """Seconds since the case began."""
        return time.monotonic() - self.started

    # ------------------------------------------------------------------ answering
    def _answer(self, request: Request) -> Sent:
        at = self.now()
        path = request.path.rstrip("/")
        orders = [f"{API_PREFIX}/orders/{uuid}" for uuid in self.uuids]
        reads = request.method == "GET" and path in orders
        writes = request.method not in _SAFE
        with self._lock:
            operation = self._operation_of(path)
            counts = self._counts.setdefault(operation, _Counts())
            counts.reads += reads
            counts.writes += writes
            attempt = counts.reads if reads else counts.writes
            fault = next(
                (f for f in self.case.faults if f.meets(operation, attempt, read=reads)), None
            )
            fault = fault if reads or writes else None
            before = [order.ledger for order in self._orders]
            reply = self._carried_out(request, fault)
            moved = before != [order.ledger for order in self._orders]
            self._note(at, operation, "api", request, reply, fault, moved=moved)
        if self.case.at_once and attempt == 1:
            self._wait_for_the_others(self._meeting[reads])
        return reply

    def _operation_of(self, path: str) -> int:
        """Whose call it is: of the operation that is under way, or of the one on that order."""
        if not self.case.at_once:
            return self._operation
        about = [uuid in path for uuid in self.uuids]
        orders = [operation.order for operation in self.case.operations]
        return orders.index(about.index(True) + 1) + 1 if True in about else self._operation

    def _wait_for_the_others(self, meeting: threading.Barrier) -> None:
        """So that no answer is there before all have asked. A client that asks in turn breaks that
        off, for all.
        """
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(_TOGETHER)

    def _carried_out(self, request: Request, fault: Fault | None) -> Sent:
        if fault is None:
            return Sent(self._shown(self._simulator.handle(request)))
        if fault.what is What.LATE:
            self._late.append(request)
        elif fault.carried_out or fault.reads or fault.what is What.SLOW:
            true = self._shown(self._simulator.handle(request))
            return self._instead(request, fault, true)
        return self._instead(request, fault, self._as_it_was())

    def _instead(self, request: Request, fault: Fault, true: Response) -> Sent:
        """What is sent in place of the true answer."""
        end = _ENDS.get(fault.what, End.KEPT)
        made = _MADE.get(fault.what)
        response = made(self, request, fault, true) if made is not None else true
        return Sent(response, end, fault.seconds if fault.what is What.SLOW else 0.0)

    def _as_it_was(self) -> Response:
        """The order unchanged, in an answer of HTTP 200, whoever asks."""
        path = f"{API_PREFIX}/orders/{self._orders[0].uuid}"
        key = {"x-api-key": self._simulator.merchant.key}
        return self._shown(self._simulator.handle(Request("GET", path, key)))

    def _shown(self, response: Response) -> Response:
        if not self.case.rich or response.status != 200:
            return response
        body = response.json()
        body["appended_data"], body["request_id"] = [], 81
        if isinstance(body.get("data"), dict):
            data = body["data"]
            data |= _EXTRA
            data["total_price"] = int(data["total_price"])
        return Response(200, response.headers, dump_json(body))

    def _status_false(self, request: Request, fault: Fault, true: Response) -> Response:
        refusal = {"status": False, "message": "The order was not changed", "appended_data": {}}
        return Response(200, true.headers, dump_json(refusal))

    def _no_order(self, request: Request, fault: Fault, true: Response) -> Response:
        empty: dict[str, Any] = {"status": True, "message": None, "appended_data": {}, "data": {}}
        return Response(200, true.headers, dump_json(empty))

    def _strange(self, request: Request, fault: Fault, true: Response) -> Response:
        body = true.json()
        if true.status != 200 or not isinstance(body.get("data"), dict):
            return true
        body["data"]["order_status"] = _STRANGE
        return Response(200, true.headers, dump_json(body))

    def _truncated(self, request: Request, fault: Fault, true: Response) -> Response:
        return Response(true.status, true.headers, true.body[: len(true.body) // 2])

    def _html(self, request: Request, fault: Fault, true: Response) -> Response:
        return Response(fault.status or 200, {"Content-Type": "text/html; charset=utf-8"}, _PAGE)

    def _error(self, request: Request, fault: Fault, true: Response) -> Response:
        message = "Too Many Requests" if fault.status == 429 else "Server Error"
        body = dump_json({"status": False, "message": message, "appended_data": {}})
        headers = {"Content-Type": "application/json"}
        if fault.retry_after == "date":
            at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=fault.seconds + 1)
            headers["Retry-After"] = format_datetime(at, usegmt=True)
        elif fault.retry_after:
            headers["Retry-After"] = fault.retry_after
        return Response(fault.status, headers, body)

    def _redirect(self, request: Request, fault: Fault, true: Response) -> Response:
        port = self._elsewhere.port
        headers = {"Location": f"http://localhost:{port}{request.path}"}
        return Response(fault.status or 307, headers, b"")

    def _answer_elsewhere(self, request: Request) -> Sent:
        """Another host, which answers as if all were well."""
        at = self.now()
        done = OrderStatus.CANCELLED if "cancel" in request.path else OrderStatus.FULLY_REFUNDED
        true = self._as_it_was()
        body = true.json()
        body["data"]["order_status"] = done.value
        reply = Sent(Response(200, true.headers, dump_json(body)))
        with self._lock:
            self._note(at, self._operation, "elsewhere", request, reply, None, moved=False)
        return reply

    def _answer_plain(self, request: Request) -> Sent:
        """The address is one of HTTPS, and somebody speaks plain HTTP to it."""
        at = self.now()
        headers = {"Content-Type": "text/plain"}
        reply = Sent(Response(400, headers, b"plain HTTP was sent to an HTTPS port"))
        with self._lock:
            self._note(at, self._operation, "in clear", request, reply, None, moved=False)
        return reply

    def _note(
        self,
        at: float,
        operation: int,
        host: str,
        request: Request,
        reply: Sent,
        fault: Fault | None,
        *,
        moved: bool,
    ) -> None:
        sent = reply.response if reply.end in (End.KEPT, End.HALF) else None
        self.seen.append(
            Seen(
                at=at,
                answered_at=self.now() + reply.seconds,
                operation=operation,
                host=host,
                request=request,
                writes=request.method not in _SAFE,
                reads=request.method == "GET",
                moved=moved,
                status=sent.status if sent else None,
                answer=sent.body.decode("utf-8", "replace") if sent else "",
                fault=fault,
                left=self.books.left if moved else None,
            )
        )


_MADE: Final[Mapping[What, Callable[[ClientSandbox, Request, Fault, Response], Response]]] = {
    What.STATUS: ClientSandbox._error,
    What.HTML: ClientSandbox._html,
    What.TRUNCATED: ClientSandbox._truncated,
    What.STATUS_FALSE: ClientSandbox._status_false,
    What.NO_ORDER: ClientSandbox._no_order,
    What.UNKNOWN_STATUS: ClientSandbox._strange,
    What.REDIRECT: ClientSandbox._redirect,
}
