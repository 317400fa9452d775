"""The API as a check sees it: calls, orders in the status it wants, webhooks, readings.

The embedded simulator and a live server differ only in what this is built from
(:mod:`points_conformance.targets.build`): an httpx client, order sources, an inbox, a budget.
"""

import itertools
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar

import httpx

from points_conformance.contract.limits import KEY_HEADER
from points_conformance.contract.money import sar, sar_text
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.simulator.messages import dump_json
from points_conformance.targets.answer import Answer
from points_conformance.targets.budget import Budget, Pace
from points_conformance.targets.deadline import within
from points_conformance.targets.endpoints import Endpoints, without_secrets
from points_conformance.targets.exchange import Exchange, Redactor
from points_conformance.targets.finding import Finding, NetworkTrouble, NotExercised
from points_conformance.targets.inbox import Inbox
from points_conformance.targets.journal import Journal
from points_conformance.targets.order import Made, Reversal, TestOrder, Wanted

if TYPE_CHECKING:
    from points_conformance.targets.sources import OrderSource

__all__ = ["MADE_UP_KEYS", "ApiTarget", "Effect", "Keys"]

#: Seconds until a call counts as unanswered.
CALL_TIMEOUT = 30.0
#: The longest that a Retry-After is obeyed, in seconds, and how often.
LONGEST_WAIT = 60.0
MOST_RETRIES = 3
_GATEWAY = frozenset({502, 503, 504})
#: Keys of nobody, which evidence may show.
MADE_UP_KEYS = ("", "sk_test_of_nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a run did to its target, in numbers that add up over workers. Halalas at most."""

    calls: int = 0
    made: int = 0
    given: int = 0
    refunded: int = 0
    cancelled: int = 0
    halalas: int = 0

    def __add__(self, other: "Effect") -> "Effect":
        sums = {name: value + getattr(other, name) for name, value in asdict(self).items()}
        return Effect(**sums)

    def lines(self) -> list[str]:
        """The same in words."""
        return [
            f"{self.calls} calls",
            f"{self.made} orders made, {self.given} given ones used",
            f"{self.refunded} refunded in part or in full, {self.cancelled} cancelled, "
            f"worth {sar_text(self.halalas)} SAR at most",
        ]


@dataclass(frozen=True, slots=True)
class Keys:
    """The merchant's private key, and what else is known: a second merchant's, a public one."""

    private: str = field(repr=False)
    other: str | None = field(default=None, repr=False)
    public: str | None = None


class ApiTarget:
    """What the rules of subject ``api`` are given."""

    def __init__(
        self,
        *,
        base_url: str,
        client: httpx.Client,
        keys: Keys,
        budget: Budget | None = None,
        pace: Pace | None = None,
        journal: Journal | None = None,
        inbox: Inbox | None = None,
        auto_refund: Callable[[str], bool] | None = None,
        loopback: bool = True,
        racer: Callable[[], httpx.Client] | None = None,
        deadline: float | None = None,
        secrets: Mapping[str, str | None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base_url = base_url
        self.client = client
        self.keys = keys
        self.budget = budget or Budget()
        self.pace = pace or Pace(None)
        self.journal = journal or Journal(None)
        self.sources: list[OrderSource] = []
        self.inbox = inbox
        self._no_inbox = "no webhook inbox: start with --webhook-listen HOST:PORT"
        self.loopback = loopback
        self.redact = Redactor(
            {
                "POINTS_API_KEY": keys.private,
                "POINTS_OTHER_API_KEY": keys.other,
                **(secrets or {}),
            }
        )
        self.orders: list[TestOrder] = []
        self.exchanges: list[Exchange] = []
        self.readings: dict[str, str] = {}
        self.endpoints = Endpoints(self)
        #: What several rules look at and one of them brought about, by name.
        self.stories: dict[str, Any] = {}
        self.rule = ""
        #: The seed of this rule, and how many calls it may make.
        self.seed = 0
        self.allowance = 0
        self._auto_refund = auto_refund
        self._racer = racer
        self._deadline = deadline
        self._sleep = sleep
        self._clock = clock
        #: Until when the server asked not to be called.
        self._closed_until = 0.0
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    # ------------------------------------------------------------------ calls
    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call, recorded. ``key`` empty: the merchant's; ``None``: none at all.

        A redirect and a server error are findings wherever they come. A gateway's error and a
        dropped connection are :class:`NetworkTrouble`; only a GET is tried again. 429 is obeyed:
        the call was not carried out, so that any may be tried again.
        """
        for attempt in range(MOST_RETRIES + 1):
            last = attempt == MOST_RETRIES
            self._mind_the_door(method, path)
            try:
                answer = self._once(method, path, body, key, headers)
            except NetworkTrouble:
                if method != "GET" or last:
                    raise
                continue
            if answer.status == 429:
                self._obey(answer, 1.0)
            elif answer.status in _GATEWAY and method == "GET" and not last:
                self._obey(answer, 0.2)
            else:
                return self._judged(answer)
        raise NetworkTrouble(f"{method} {path}: 429 to each of {MOST_RETRIES + 1} attempts")

    def _mind_the_door(self, method: str, path: str) -> None:
        """Call nobody who asked to be left alone."""
        left = self._closed_until - self._clock()
        if left > 0:
            raise NetworkTrouble(
                f"{method} {path} was not sent: the server asked to be left alone for another "
                f"{left:.0f} s (Retry-After)"
            )

    def _obey(self, answer: Answer, otherwise: float) -> None:
        """Wait as long as ``Retry-After`` says; where that is too long, call no more till then."""
        seconds = _retry_after(answer, otherwise)
        if seconds > LONGEST_WAIT:
            self._closed_until = self._clock() + seconds
            raise NetworkTrouble(
                f"the server asked to be left alone for {seconds:.0f} s (HTTP {answer.status})"
            )
        self._sleep(seconds)

    def call_raced(
        self, method: str, path: str, body: bytes | None, client: httpx.Client
    ) -> Answer:
        """One call of a race: no retry, no waiting, whatever the answer; on its own connection."""
        return self._once(method, path, body, "", None, client=client, paid=True)

    def _once(
        self,
        method: str,
        path: str,
        body: bytes | None,
        key: str | None,
        headers: Mapping[str, str] | None,
        *,
        client: httpx.Client | None = None,
        paid: bool = False,
    ) -> Answer:
        if not paid:
            self.budget.take()
            self.pace.wait()
        sent = {"Accept": "application/json"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if key is not None:
            sent[KEY_HEADER] = key or self.keys.private
        sent |= headers or {}
        url = self.base_url + path
        started = time.perf_counter()
        try:
            response = within(
                self._deadline,
                lambda: (client or self.client).request(
                    method, url, content=body, headers=sent, follow_redirects=False
                ),
            )
        except httpx.InvalidURL as error:
            raise NotExercised(f"no URL can hold {path!r}") from error
        except httpx.HTTPError as error:
            self._record(method, url, sent, body, None, started, type(error).__name__)
            raise NetworkTrouble(
                f"the network lost {method} {path} ({type(error).__name__})"
            ) from error
        exchange = self._record(method, url, sent, body, response, started, "")
        return Answer(exchange, response.status_code, response.headers, response.content)

    def _record(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        response: httpx.Response | None,
        started: float,
        error: str,
    ) -> Exchange:
        redact = self.redact
        exchange = Exchange(
            number=next(self._numbers),
            method=method,
            url=redact(url),
            headers={
                name: self._label(value) if name.lower() == KEY_HEADER else redact(value)
                for name, value in headers.items()
                if name != "Accept"
            },
            body=None if body is None else redact(body.decode("utf-8", "backslashreplace")),
            status=response.status_code if response is not None else None,
            answer_headers=_shown(response, redact),
            answer=redact(without_secrets(url, _text(response))),
            seconds=time.perf_counter() - started,
            error=error,
        )
        with self._lock:
            self.exchanges.append(exchange)
        return exchange

    def _label(self, key: str) -> str:
        """A key as evidence shows it: never any part of a real one, altered ones included."""
        shown = self.redact(key)
        plain = shown.startswith("$") and shown[1:].isidentifier() and shown[1:].isupper()
        return shown if plain or shown in MADE_UP_KEYS else "(an altered key)"

    def _judged(self, answer: Answer) -> Answer:
        """An answer that says something about the rule; redirects and server errors never do."""
        if 300 <= answer.status < 400:
            raise Finding(
                "the API redirects",
                expected="an answer from the host that was asked",
                got=f"{answer.status} to {_location(answer)}",
            )
        if answer.status in _GATEWAY:
            raise NetworkTrouble(
                f"the network stood in the way: a gateway answered {answer.status}"
            )
        if answer.status >= 500:
            raise Finding(
                "server error", expected="an answer below 500", got=f"HTTP {answer.status}"
            )
        return answer

    # ------------------------------------------------------------------ the order's calls
    def read(self, order: TestOrder | str, *, key: str | None = "") -> Answer:
        """``GET /orders/{uuid}``."""
        return self.call("GET", f"/orders/{_uuid(order)}", key=key)

    def cancel(self, order: TestOrder, *, key: str | None = "", **fields: Any) -> Answer:
        """``POST /orders/{uuid}/cancel``; without fields there is no body at all."""
        return self.reverse("cancel", order, fields, key=key)

    def refund(self, order: TestOrder, *, key: str | None = "", **fields: Any) -> Answer:
        """``POST /orders/{uuid}/refund``; ``amount`` as JSON shall have it (Decimal, int, …)."""
        return self.reverse("refund", order, fields, key=key)

    def reverse(
        self,
        operation: str,
        order: TestOrder,
        fields: Mapping[str, Any] | None = None,
        *,
        body: bytes | None = None,
        key: str | None = "",
    ) -> Answer:
        """A cancel or refund with these fields, or with this very body."""
        if body is None and fields:
            body = dump_json(dict(fields))
        answer = self.call("POST", f"/orders/{order.uuid}/{operation}", body=body, key=key)
        order.reversals.append(Reversal(operation, dict(fields or {}), answer))
        return answer

    def step(self, order: TestOrder, step: str) -> Answer:
        """``authorize``, ``capture`` or ``complete``."""
        return self.call("POST", f"/orders/{order.uuid}/{step}")

    def at_once(
        self, order: TestOrder, calls: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> list[Answer]:
        """Reversals of one order released together, each on a connection of its own.

        The rate is paid before the barrier; a call that the network loses is left out.
        """
        for _ in calls:
            self.budget.take()
            self.pace.wait()
        barrier = threading.Barrier(len(calls))
        clients = [self.racer() for _ in calls]

        def run(client: httpx.Client, operation: str, fields: Mapping[str, Any]) -> Answer | None:
            body = dump_json(dict(fields)) if fields else None
            barrier.wait(timeout=CALL_TIMEOUT)
            try:
                return self.call_raced("POST", f"/orders/{order.uuid}/{operation}", body, client)
            except NetworkTrouble:
                return None

        try:
            with ThreadPoolExecutor(len(calls)) as pool:
                futures = [
                    pool.submit(run, client, operation, fields)
                    for client, (operation, fields) in zip(clients, calls, strict=True)
                ]
                answers = [future.result() for future in futures]
        finally:
            for client in clients:
                if client is not self.client:
                    client.close()
        for answer, (operation, fields) in zip(answers, calls, strict=True):
            if answer is not None:
                order.reversals.append(Reversal(operation, dict(fields), answer))
        return [answer for answer in answers if answer is not None]

    def racer(self) -> httpx.Client:
        """A client with a connection of its own; in process the shared one does."""
        return self._racer() if self._racer else self.client

    # ------------------------------------------------------------------ orders
    def order(
        self,
        status: OrderStatus = OrderStatus.APPROVED,
        *,
        kind: OrderType | None = None,
        total: int = 10_000,
        exact: bool = False,
        fresh: bool = False,
    ) -> TestOrder:
        """An order in a status, of a total in halalas (at least one riyal, unless exact).

        ``fresh``: none of those that the user gave, which only example-based rules use up.
        Raises :class:`NotExercised` where no source has one.
        """
        wanted = Wanted(kind=kind, status=status, total=total, exact=exact, fresh=fresh)
        made = self._from_sources(wanted) or self._derived(wanted)
        if made is None:
            raise NotExercised(_what_to_supply(wanted))
        return self._adopt(made)

    def _from_sources(self, wanted: Wanted) -> Made | None:
        """Ask every source. Where any type will do, replacing orders come last: they are rare."""
        if wanted.kind is not None:
            return self._first(wanted)
        try:
            made = self._first(replace(wanted, kind=OrderType.EARNING))
        except NotExercised:
            made = self._first(replace(wanted, kind=OrderType.REPLACING))
            if made is None:
                raise
            return made
        return made or self._first(replace(wanted, kind=OrderType.REPLACING))

    def _first(self, wanted: Wanted) -> Made | None:
        for source in self.sources:
            made = source.make(wanted)
            if made is not None:
                return made
        return None

    #: How an order gets into a status that no source gives: from where, and by which call.
    _STEPS: ClassVar[Mapping[OrderStatus, tuple[OrderStatus, str]]] = {
        OrderStatus.AUTHORIZED: (OrderStatus.NEW, "authorize"),
        OrderStatus.CAPTURED: (OrderStatus.AUTHORIZED, "capture"),
    }

    def _derived(self, wanted: Wanted) -> Made | None:
        if wanted.status not in self._STEPS:
            return None
        before, step = self._STEPS[wanted.status]
        earlier = replace(wanted, status=before)
        made = self._from_sources(earlier) or self._derived(earlier)
        if made is None:
            return None
        answer = self.call("POST", f"/orders/{made.uuid}/{step}")
        return replace(made, status=wanted.status) if answer.is_in(wanted.status) else None

    def _adopt(self, made: Made) -> TestOrder:
        order = TestOrder(
            uuid=made.uuid,
            kind=made.kind,
            status=made.status,
            total=made.total,
            points=made.points,
            number=made.number,
            given=made.given,
            rule=self.rule,
        )
        self.orders.append(order)
        if self.inbox is not None:
            self.inbox.know(order.uuid, order.number)
        return order

    def refundable(self, total: int = 10_000, *, exact: bool = False) -> TestOrder:
        """An order whose money was taken: approved, or captured where there is no approved one."""
        try:
            return self.order(total=total, exact=exact)
        except NotExercised as missing:
            try:
                return self.order(OrderStatus.CAPTURED, total=total, exact=exact)
            except NotExercised:
                raise missing from None

    def cancellable(self, *, fresh: bool = False) -> TestOrder:
        """An order that can be cancelled: new or authorized, or approved where that is accepted."""
        for status in (OrderStatus.NEW, OrderStatus.AUTHORIZED):
            try:
                return self.order(status, fresh=fresh)
            except NotExercised:
                continue
        if self.readings.get("cancel-settled/approved") != "accepted":
            raise NotExercised(
                "no order can be cancelled: supply new or authorized ones with --orders or the "
                "hook pytest_points_make_order"
            )
        return self.order(fresh=fresh)

    def auto_refund(self, order: TestOrder) -> None:
        """Have the platform refund a replacing order by itself, where it can be triggered."""
        if self._auto_refund is None or not self._auto_refund(order.uuid):
            raise NotExercised(
                "nothing triggers an auto-refund: supply the hook pytest_points_auto_refund"
            )
        order.auto_refunded = len(self.exchanges)

    @property
    def can_auto_refund(self) -> bool:
        """Whether anything may trigger an auto-refund."""
        return self._auto_refund is not None

    @property
    def other_key(self) -> str:
        """A second merchant's key. Raises :class:`NotExercised` without one."""
        if self.keys.other is None:
            raise NotExercised("no second merchant: set POINTS_OTHER_API_KEY")
        return self.keys.other

    def webhooks(self) -> Inbox:
        """The inbox. Raises :class:`NotExercised` without one."""
        if self.inbox is None:
            raise NotExercised(self._no_inbox)
        return self.inbox

    def without_inbox(self, why: str) -> None:
        """No webhook can be received after all."""
        self.inbox, self._no_inbox = None, why

    # ------------------------------------------------------------------ bookkeeping
    def effect(self) -> Effect:
        """What the run did to the target so far."""
        refunded = [o for o in self.orders if any(r.operation == "refund" for r in o.accepted)]
        cancelled = [o for o in self.orders if any(r.operation == "cancel" for r in o.accepted)]
        reversed_ = {id(order): order for order in refunded + cancelled}
        return Effect(
            calls=self.budget.spent,
            made=sum(source.made for source in self.sources),
            given=sum(order.given for order in self.orders),
            refunded=len(refunded),
            cancelled=len(cancelled),
            halalas=sum(order.total for order in reversed_.values()),
        )


def _uuid(order: TestOrder | str) -> str:
    return order if isinstance(order, str) else order.uuid


def _location(answer: Answer) -> str:
    return answer.exchange.answer_headers.get("location", "nowhere")


def _shown(response: httpx.Response | None, redact: Redactor) -> dict[str, str]:
    if response is None:
        return {}
    shown = ("content-type", "location", "retry-after")
    return {name: redact(response.headers[name]) for name in shown if name in response.headers}


def _text(response: httpx.Response | None) -> str:
    return "" if response is None else response.content.decode("utf-8", "backslashreplace")


def _retry_after(answer: Answer, otherwise: float) -> float:
    """Seconds to wait: a number or a date, and at least a moment."""
    text = answer.headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            seconds = otherwise
    return otherwise if math.isnan(seconds) else max(seconds, 0.05)


def _what_to_supply(wanted: Wanted) -> str:
    kind = f"{wanted.kind.value} " if wanted.kind else ""
    total = f" of {sar(wanted.total)} SAR" if wanted.exact else ""
    return (
        f"no {wanted.status.value} {kind}order{total}: supply one with --orders or the hook "
        "pytest_points_make_order"
    )
