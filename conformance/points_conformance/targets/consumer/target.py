"""What the rules of subject ``consumer`` are given: deliveries, their answers, and the state."""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Self

import httpx

from points_conformance.contract.limits import DELIVERY_TIMEOUT_SECONDS, EVENT_HEADER
from points_conformance.contract.names import OrderType
from points_conformance.contract.needs import Need
from points_conformance.judging.budget import Budget, Pace
from points_conformance.judging.exchange import Exchange, Redactor
from points_conformance.judging.finding import Denied, NetworkTrouble, NotExercised
from points_conformance.simulator import Delivery
from points_conformance.targets.consumer.attempt import Attempt
from points_conformance.targets.consumer.probe import (
    ConsumerState,
    Expected,
    Probe,
    Unreadable,
    wanted,
)
from points_conformance.targets.consumer.restart import until_it_answers
from points_conformance.targets.consumer.shop import SECONDS_AGO, Shop, ShopOrder
from points_conformance.targets.consumer.speed import (
    LONGEST_WAIT,
    Promised,
    Speed,
    Turnstile,
    waiting_time,
)
from points_conformance.targets.consumer.told import Learned, Mismatch, Told
from points_conformance.targets.viewed import Viewed

__all__ = ["ATTEMPTS", "SECONDS", "SECRET", "ConsumerTarget", "Mismatch", "Told"]

#: The variable that holds the secret.
SECRET: Final = "POINTS_WEBHOOK_SECRET"  # noqa: S105 - a name
#: How often a delivery is made at most: what every reading of the documentation allows.
ATTEMPTS: Final = 3
_NO_PROBE: Final = (
    "no state probe: give --state-url TEMPLATE or the hook pytest_points_consumer_state"
)
#: Seconds that a run may take where the consumer's speed decides; a longer profile has more.
SECONDS: Final = 900.0
#: After so many attempts without an answer in time the next such is not repeated.
_HANGS: Final = 3
#: Seconds for which a 503 with Retry-After is waited for.
_LONGEST_PAUSE: Final = 10.0
#: Seconds between two looks at the states: few, and more the longer they are waited for.
_POLL: Final = 0.03
_SELDOM: Final = 0.5
#: Where no effect is expected: how long to wait for one, by the longest that any has taken; from
#: the last delivery on, and from when all is right: a queue with one worker is longer by then.
_LEAST_QUIET: Final = 0.08
_SINCE_DELIVERY: Final = 1.2
_SINCE_RIGHT: Final = 0.5


class ConsumerTarget(Viewed):
    """A consumer behind a URL (or a function), the orders it is told of, and what it says of them.

    ``introduce`` tells it of an order beside the webhook; ``settle`` is how long it may take.
    """

    def __init__(
        self,
        *,
        url: str,
        client: httpx.Client,
        secret: str,
        probe: Probe | None = None,
        introduce: Callable[[ShopOrder], object] | None = None,
        settle: float = 2.0,
        loopback: bool = True,
        budget: Budget | None = None,
        pace: Pace | None = None,
        timeout: float = DELIVERY_TIMEOUT_SECONDS,
        door: Turnstile | None = None,
        seconds: float = SECONDS,
        restart: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self.url = url
        self.client = client
        self.secret = secret
        self.settle = settle
        self.timeout = timeout
        self.loopback = loopback
        self.budget = budget or Budget()
        self.pace = pace or Pace(None)
        #: What 429 asked for; and how fast it is, by what was seen so far.
        self.door = door or Turnstile()
        self.speed = Speed(seconds)
        self.redact = Redactor({SECRET: secret})
        self.shop = Shop(secret, url)
        self.began = time.monotonic()
        #: All of the run.
        self.told: list[Told] = []
        self.learned = Learned()
        self.introduces = introduce is not None
        self._probe = probe
        self._introduce = introduce
        self._restart = restart
        self._lock = threading.Lock()
        self._state, self._checkout = Promised(), Promised()

    # ------------------------------------------------------------------ the run, and one rule
    def view(self, *, rule: str, seed: int, allowance: int, seconds: float = math.inf) -> Self:
        """This target as one rule is given it; the rule's seconds begin now."""
        view = super().view(rule=rule, seed=seed, allowance=allowance, seconds=seconds)
        view.began = time.monotonic()
        return view

    def _in_time(self) -> None:
        """Raises :class:`Denied` once the run, or this rule, has taken as long as it may."""
        self.speed.check()
        if time.monotonic() - self.began > self.seconds:
            raise Denied(
                f"the rule's bound of {self.seconds:.0f} s is used up, for this consumer takes "
                f"{self.speed.cost():.2g} s a delivery"
            )

    # ------------------------------------------------------------------ orders
    def order(
        self,
        total: int = 10_000,
        kind: OrderType = OrderType.EARNING,
        variant: str = "plain",
        *,
        known: bool = True,
        ago: float = SECONDS_AGO,
    ) -> ShopOrder:
        """An order that the consumer is told of first, where that is how it knows orders. ``ago``:
        how long its story began before now, in seconds.
        """
        case = self.shop.order(total, kind, variant, ago)
        if known and self._introduce is not None:
            with self._checkout.asked():
                self._introduce(case)
            case.introduced = True
        return case

    # ------------------------------------------------------------------ sending
    def send(
        self,
        delivery: Delivery,
        *,
        headers: Mapping[str, str | None] | None = None,
        body: bytes | None = None,
        method: str = "POST",
        timeout: float | None = None,
        raced: bool = False,
        beside: bool = False,
    ) -> Told:
        """One attempt. ``headers`` replace those of the delivery; ``None`` leaves one out.

        What is turned away with 429 was none: it comes again after the wait. Raises
        :class:`Denied` where that goes on for too long. ``raced``: one of several at once, whose
        time says nothing. ``beside``: the bound on deliveries does not hold for it.
        """
        wished = {**delivery.headers, **(headers or {})}
        sent = {name: value for name, value in wished.items() if value is not None}
        content = delivery.body if body is None else body
        told = self.call(
            method, sent, content, timeout=timeout or self.timeout, raced=raced, beside=beside
        )
        if not raced:
            self.told.append(told)
            self.speed.answered(told.seconds, accepted=told.accepted)
        return told

    def call(
        self,
        method: str,
        headers: Mapping[str, str],
        content: bytes,
        *,
        timeout: float = DELIVERY_TIMEOUT_SECONDS,
        raced: bool = False,
        beside: bool = False,
    ) -> Told:
        """One attempt of anything, recorded; see :meth:`send`."""
        self._in_time()
        if self.learned.late:
            raise Denied(f"nothing is answered within {self.timeout:g} s: each delivery would fail")
        request = self.client.build_request(
            method, self.url, headers=dict(headers), content=content
        )
        pay = self.budget.note if beside else self.budget.take
        attempt = Attempt(request, timeout, self.client, self.pace, self.budget, pay)
        answer, error, late = attempt.answered(self.door, in_place=raced)
        late = late or attempt.seconds > self.timeout
        return self._recorded(request, headers, answer, error, late, attempt.seconds)

    def _recorded(
        self,
        request: httpx.Request,
        sent: Mapping[str, str],
        answer: httpx.Response | None,
        error: str,
        late: bool,
        seconds: float,
    ) -> Told:
        text, headers = (answer.text, dict(answer.headers)) if answer is not None else ("", {})
        with self._lock:
            exchange = Exchange(
                number=len(self.whole.exchanges) + 1,
                method=request.method,
                url=self.redact(str(request.url)),
                headers={name: self.redact(value) for name, value in sent.items()},
                body=self.redact.cut(request.content.decode("utf-8", "replace")),
                status=answer.status_code if answer is not None else None,
                answer_headers={k: self.redact(v) for k, v in headers.items()},
                answer=self.redact(text),
                at=time.perf_counter() - seconds,
                seconds=seconds,
                error=self.redact(error),
                rule=self.rule,
            )
            self.record(exchange)
        return Told(exchange.status, seconds, exchange, headers, text, exchange.error, late)

    def deliver(self, *deliveries: Delivery) -> list[Told]:
        """Deliver as Points does: in this order; what is not acknowledged comes again, later.

        The last answer to each. Raises :class:`NetworkTrouble` where a delivery never arrived.
        """
        last: dict[int, Told] = {}
        waiting = list(enumerate(deliveries))
        for _ in range(ATTEMPTS):
            for number, delivery in waiting:
                last[number] = self.send(delivery)
            waiting = [(n, delivery) for n, delivery in waiting if self.comes_again(last[n])]
        for told in last.values():
            if told.status is None and not told.late:
                raise NetworkTrouble(f"{self.url} was not reached: {told.error}")
        return [last[number] for number in range(len(deliveries))]

    def comes_again(self, told: Told) -> bool:
        """Whether a sender repeats it; waits for as long as a 503 asks for, ten seconds at most.
        One that hangs has been waited for often enough, soon.
        """
        asked = told.headers.get("retry-after", "") if told.status == 503 else ""
        if asked:
            time.sleep(min(waiting_time(asked), _LONGEST_PAUSE))
        hangs = told.late and sum(one.late for one in self.told) > _HANGS
        return not told.accepted and not hangs

    def at_once(self, delivery: Delivery) -> list[Told]:
        """The same delivery several times at the same moment: three, or two where the consumer
        takes long over each and would answer the last too late.
        """
        times = 3 if 3 * self.speed.slowest < self.timeout / 2 else 2
        answers: list[Told] = []
        start = threading.Barrier(times)

        def post() -> None:
            start.wait()
            with contextlib.suppress(Denied):
                answers.append(self.send(delivery, raced=True))

        for _ in range(times):
            self.door.wait()
        threads = [threading.Thread(target=post, daemon=True) for _ in range(times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONGEST_WAIT + self.timeout + 5)
        self.speed.pending += sum(told.accepted for told in answers)
        return answers

    # ------------------------------------------------------------------ crashes
    def restarts(self) -> None:
        """Raises :class:`NotExercised` where nobody can crash it and start it anew."""
        if self._restart is None:
            raise NotExercised(
                "nothing crashes the consumer: give --restart-command CMD, which ends it at once, "
                "starts it again and returns",
                lacks=Need.RESTART,
            )

    def crash(self) -> None:
        """Have it end at once and start anew; it is waited for until it answers.

        Raises :class:`Denied` where it does not come back.
        """
        self.restarts()
        assert self._restart is not None
        self._restart()
        until_it_answers(self.client, self.url, self.timeout)

    def affords(self, wished: int, each: int, seconds: float) -> int:
        """How many stories of ``each`` deliveries, at most so many, fit into the seconds by what
        this consumer was seen to take; at least one.
        """
        cost = self.speed.cost(self.door.gap) * each + 2 * self.speed.reading
        return max(1, min(wished, int(seconds / max(cost, 1e-6))))

    def body_with(self, delivery: Delivery, event: str) -> dict[str, Any]:
        """Body and headers of the delivery under another event's name."""
        body = delivery.body.replace(
            f'"event":"{delivery.event}"'.encode(), f'"event":"{event}"'.encode(), 1
        )
        return {"body": body, "headers": {EVENT_HEADER: event}}

    # ------------------------------------------------------------------ state
    @property
    def has_probe(self) -> bool:
        """Whether the state can be read."""
        return self._probe is not None

    def probe(self) -> Probe:
        """The probe. Raises :class:`NotExercised` without one."""
        if self._probe is None:
            raise NotExercised(_NO_PROBE, lacks=Need.PROBE)
        return self._probe

    def read(self, case: ShopOrder) -> ConsumerState | None:
        """What the consumer says of an order now."""
        probe = self.probe()
        started = time.monotonic()
        with self._state.asked():
            try:
                state = probe.read(case.id)
            except Unreadable as error:
                if not self.learned.calibrated:
                    raise
                raise Denied(f"the state could be read at first, and not now: {error}") from error
        self.speed.reading = max(self.speed.reading / 2, time.monotonic() - started)
        return state

    def mismatches(self, cases: Iterable[ShopOrder | tuple[ShopOrder, Expected]]) -> list[Mismatch]:
        """Which orders do not come to rest in the expected state, by default that of their books.

        Waited for by what this consumer was seen to take, see :meth:`waited_for`. Looked at once
        more after a while, for what is applied twice shows late. One wait for all of them.
        """
        pairs = [case if isinstance(case, tuple) else (case, wanted(case.ledger)) for case in cases]
        started = time.monotonic()
        wrong = self.waited_for(pairs)
        if wrong:
            return wrong
        if self.speed.queues:
            self._see_the_end()
        self.speed.pending = 0
        time.sleep(self._quiet(time.monotonic() - started))
        return self._wrong(pairs)

    def waited_for(
        self, pairs: Sequence[tuple[ShopOrder, Expected]], unknown_for: float = 0.0
    ) -> list[Mismatch]:
        """What is still wrong when nothing has moved for longer than this consumer may take.

        Any change begins the wait anew: many deliveries make a long queue. What is found wrong was
        read when the time was over, however long the reads take. ``unknown_for``: seconds for
        which all may stay unknown.
        """
        started = moved = looked = time.monotonic()
        over, wrong = False, self._wrong(pairs)
        while wrong and not over:
            self._in_time()
            time.sleep(min(_SELDOM, max(_POLL, (looked - started) / 10)))
            patience = self.speed.patience(self.settle)
            if all(found.state is None for found in wrong):
                patience = max(patience, unknown_for)
            looked = time.monotonic()
            over, before = looked - moved >= patience, wrong
            wrong = self._wrong([(found.case, found.expected) for found in wrong])
            if [found.state for found in wrong] != [found.state for found in before]:
                over, moved = False, time.monotonic()
        if wrong:
            self.speed.pending = 0
        else:
            self.speed.showed(looked - started)
        return wrong

    def _see_the_end(self) -> None:
        """See a queue's end: one more order is known, whose delivery came after all the others."""
        last = self.order()
        deliveries = [last.approved()]
        # An order that it was told of is known before its delivery is worked off.
        deliveries += [last.refund()] if self.introduces else []
        for delivery in deliveries:
            self.send(delivery, beside=True)
        self.waited_for([(last, wanted(last.ledger))])

    def _quiet(self, waited: float) -> float:
        """How long still to wait for an effect that must not be."""
        lag = self.speed.lag
        still = max(_SINCE_DELIVERY * lag - waited, _SINCE_RIGHT * lag)
        return min(self.settle, _LEAST_QUIET + still)

    def _wrong(self, pairs: Sequence[tuple[ShopOrder, Expected]]) -> list[Mismatch]:
        found = [Mismatch(case, expected, self.read(case)) for case, expected in pairs]
        return [mismatch for mismatch in found if not mismatch.expected.agrees(mismatch.state)]
