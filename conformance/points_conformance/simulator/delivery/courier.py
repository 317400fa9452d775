"""Sends what the simulator has queued: attempts, repeats, and the faults of the post.

The simulator's lock is held only to look, never while somebody is told: a receiver may call the
API. What to send next is decided by one generator, which knows no I/O; it is driven blocking
(:meth:`Courier.settle`), awaited (:meth:`Courier.asettle`) or by a thread (:meth:`Courier.start`).
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal

import anyio
import anyio.to_thread
import httpx

from points_conformance.contract.hosts import is_loopback
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.delivery.receivers import Receiver, Reply, Wire, in_process
from points_conformance.simulator.faults import Faults, Parcel
from points_conformance.simulator.world import Attempt, Delivery, Endpoint, Merchant, World

__all__ = ["Courier", "CourierError"]

#: A receiver that causes an event whenever it is told one would never be done with.
MOST_ROUNDS: Final = 1000
_TURN_SECONDS: Final = 120.0
_telling: ContextVar[bool] = ContextVar("points_telling", default=False)


class CourierError(RuntimeError):
    """Sending cannot come to an end."""


@dataclass(frozen=True, slots=True)
class _Errand:
    """One attempt to make."""

    receiver: Receiver
    request: httpx.Request


_Work = Generator[_Errand | float, Reply | None, None]


class Courier:
    """Sends deliveries of one simulator.

    ``reach`` says to which endpoints: ``receivers`` only to those given to :meth:`deliver_to`;
    ``loopback`` also to registered URLs on this machine; ``anywhere`` to every registered URL.
    ``pause`` is the time between attempts in seconds (by default none within the process, 0.2 over
    sockets); ``wait`` replaces real waiting, ``timeout`` the 10 seconds of an attempt to a URL,
    ``wire`` the sockets.
    """

    def __init__(
        self,
        simulator: Simulator | Faults,
        *,
        reach: Literal["receivers", "loopback", "anywhere"] = "receivers",
        pause: float | None = None,
        wait: Callable[[float], None] | None = None,
        timeout: float | None = None,
        wire: Receiver | None = None,
    ) -> None:
        self.faults = Faults.over(simulator)
        self.simulator = self.faults.simulator
        self.reach = reach
        self._pause = pause
        self._wait = wait
        self._wire = wire or (Wire() if timeout is None else Wire(timeout))
        self._receivers: dict[str, Receiver] = {}
        #: When each is due, by the courier's clock, and in which turn it came.
        self._queue: list[tuple[float, int, Parcel]] = []
        self._turns = itertools.count()
        #: The courier's clock: what was waited for, or the machine's while the thread sends.
        self._waited = 0.0
        self._wakeable = False
        self._world: World | None = None
        self._seen = 0
        self._again: list[Delivery] = []
        self._turn = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    # ------------------------------------------------------------------ receivers
    def deliver_to(
        self,
        receiver: object,
        *,
        path: str = "/",
        url: str | None = None,
        secret: str | None = None,
        merchant: Merchant | None = None,
    ) -> Endpoint:
        """Send the merchant's events to a URL, an ASGI or WSGI application, or a function.

        An application is called at ``path``. ``url`` is the address that the endpoint shows; where
        one of this address is registered already, its events go to the receiver. ``secret``
        replaces the made-up one. Raises :class:`ReceiverError` or :class:`ValueError`.
        """
        told, address = self._receiver_for(receiver, path, url)
        merchant = merchant or self.simulator.merchant
        with self.simulator.lock:
            known = (end for end in merchant.endpoints if end.url == address)
            endpoint = next(known, None) or self.simulator.open_endpoint(
                merchant, "Receiver", address
            )
            if secret is not None:
                endpoint.secret = secret
            before = self._receivers.get(endpoint.uuid, self._wire)
            self._receivers[endpoint.uuid] = told
        if before is not self._wire:
            before.close()
        return endpoint

    def _receiver_for(self, receiver: object, path: str, url: str | None) -> tuple[Receiver, str]:
        if not isinstance(receiver, str | httpx.URL):
            number = len(self._receivers) + 1
            made_up = f"https://receiver-{number}.test/{path.removeprefix('/')}"
            return in_process(receiver), url or made_up
        address = str(receiver)
        if httpx.URL(address).scheme not in ("http", "https"):
            raise ValueError(f"{address!r} is not a URL to deliver to: give http://127.0.0.1:…")
        if self.reach != "anywhere" and not _is_here(address):
            raise ValueError(f"{address!r} is not a loopback address")
        return self._wire, address

    # ------------------------------------------------------------------ sending
    def settle(self) -> None:
        """Send what is queued, and what that causes, until nothing is left.

        Raises :class:`CourierError` where that would never be.
        """
        if _telling.get():
            return
        if not self._turn.acquire(timeout=_TURN_SECONDS):
            raise CourierError("somebody else has been sending for two minutes")
        try:
            self._drive(self._work(MOST_ROUNDS))
        finally:
            self._turn.release()
        self._raise_failure()

    async def asettle(self) -> None:
        """The same without blocking the event loop."""
        if _telling.get():
            return
        free = self._turn.acquire(blocking=False)
        if not free and not await anyio.to_thread.run_sync(self._turn.acquire, True, _TURN_SECONDS):
            raise CourierError("somebody else has been sending for two minutes")
        try:
            await self._adrive(self._work(MOST_ROUNDS))
        finally:
            self._turn.release()
        self._raise_failure()

    def send_again(self, delivery: Delivery) -> None:
        """Deliver what was delivered before once more, the same to the byte."""
        with self.simulator.lock:
            self._again.append(delivery)
            self.simulator.changed.notify_all()

    def start(self) -> None:
        """Send from a thread, as events happen, until :meth:`close`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="points-courier", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop sending and let go of threads, loops and sockets. Raises what a receiver asserted
        in the thread."""
        self._closing.set()
        with self.simulator.lock:
            self.simulator.changed.notify_all()
        self._wire.close()
        if self._thread is not None:
            self._thread.join()
        for receiver in self._receivers.values():
            receiver.close()
        self._raise_failure()

    def _run(self) -> None:
        while not self._closing.is_set():
            with self.simulator.changed:
                self.simulator.changed.wait_for(lambda: self._closing.is_set() or self._has_news())
            with self._turn:
                try:
                    self._drive(self._work(None))
                except Exception as failure:
                    # Told to whoever settles or closes.
                    self._failure = failure

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    # ------------------------------------------------------------------ driving
    def _drive(self, work: _Work) -> None:
        with _sending(work):
            reply: Reply | None = None
            while True:
                step = work.send(reply)
                if isinstance(step, _Errand):
                    reply = step.receiver.tell(step.request)
                else:
                    self._pause_for(step)

    def _pause_for(self, seconds: float) -> None:
        """Wait; the thread is woken by news, which may be due before what it waits for."""
        if self._wait is not None:
            self._wait(seconds)
        elif self._in_real_time and self._wakeable:
            with self.simulator.changed:
                self.simulator.changed.wait_for(
                    lambda: self._closing.is_set() or self._has_news(), timeout=seconds
                )
        else:
            self._closing.wait(seconds)

    @property
    def _in_real_time(self) -> bool:
        return self._wait is None and threading.current_thread() is self._thread

    def _now(self) -> float:
        return time.monotonic() if self._in_real_time else self._waited

    async def _adrive(self, work: _Work) -> None:
        with _sending(work):
            reply: Reply | None = None
            while True:
                step = work.send(reply)
                if isinstance(step, _Errand):
                    reply = await step.receiver.atell(step.request)
                elif self._wait is not None:
                    self._wait(step)
                else:
                    await anyio.sleep(step)

    # ------------------------------------------------------------------ deciding
    def _has_news(self) -> bool:
        world = self.simulator.world
        news = world.deliveries.total > self._seen or bool(self._again)
        return news or world is not self._world

    def _work(self, rounds: int | None) -> _Work:
        """Everything there is to do, and in between what came of it."""
        done = 0
        while not self._closing.is_set():
            news = self._take()
            if not self._queue:
                return
            if news and done == rounds:
                raise CourierError(
                    f"still new events after {rounds} rounds: does a receiver cause an event "
                    "whenever it is told of one?"
                )
            done += 1
            yield from self._next()
            while self._queue and rounds is not None and not self._closing.is_set():
                yield from self._next()

    def _take(self) -> bool:
        """Fetch what is new; whether anything is."""
        with self.simulator.lock:
            world = self.simulator.world
            if world is not self._world:
                self._world, self._seen = world, world.deliveries.taken
                self._queue.clear()
                self._again = [one for one in self._again if one in world.deliveries]
            self._mind_dropped(world)
            again, self._again = self._again, []
            news = [*again, *world.deliveries.after(self._seen)]
            self._seen = world.deliveries.total
        reached = [delivery for delivery in news if self._receiver(delivery.endpoint) is not None]
        now = self._now()
        for parcel in self.faults.deliveries.arrange(reached):
            heapq.heappush(self._queue, (now + parcel.late, next(self._turns), parcel))
        return bool(reached)

    def _mind_dropped(self, world: World) -> None:
        """Nothing that somebody was to be told is left out without a word."""
        deliveries, seen = world.deliveries, self._seen
        ends = (end for merchant in world.merchants for end in merchant.endpoints)
        if any(deliveries.dropped_after(seen, end.uuid) and self._receiver(end) for end in ends):
            self._seen = deliveries.dropped
            raise CourierError(
                f"more than {deliveries.most} events were waiting to be sent, and the oldest are "
                "gone: settle more often"
            )

    def _next(self) -> _Work:
        """Deliver what is due first, or wait for it."""
        due, _, parcel = self._queue[0]
        wait = due - self._now()
        if wait > 0:
            self._wakeable = True
            yield wait
            self._wakeable = False
            self._waited += wait
            return
        heapq.heappop(self._queue)
        yield from self._deliver(parcel)

    def _deliver(self, parcel: Parcel) -> _Work:
        if parcel.lost:
            self._note(parcel.delivery, Reply(None, "lost on the way (a fault on demand)", 0.0))
            return
        reply = None
        for number in range(self.attempts()):
            reply = yield from self._attempt(parcel.delivery, number)
            if reply is None or not self.repeats(reply):
                break
        if reply is not None and reply.status is not None and 200 <= reply.status < 300:
            for _ in range(parcel.extra):
                yield from self._attempt(parcel.delivery)

    def _attempt(
        self, delivery: Delivery, number: int = 0
    ) -> Generator[_Errand | float, Reply | None, Reply | None]:
        """One attempt; ``None`` where nothing may be sent (any more)."""
        endpoint, receiver = delivery.endpoint, self._receiver(delivery.endpoint)
        if endpoint is None or receiver is None:
            return None
        if not self._may_reach(endpoint, receiver):
            self._note(delivery, Reply(None, f"{endpoint.url} is not a loopback address", 0.0))
            return None
        pause = (receiver.pause if self._pause is None else self._pause) if number else 0.0
        if pause:
            yield pause
        if self._closing.is_set() or not self.is_registered(endpoint, delivery):
            return None
        reply = yield _Errand(receiver, self.request(endpoint, delivery, number))
        if reply is not None:
            self._note(delivery, reply)
        return reply

    def attempts(self) -> int:
        """How many attempts a delivery has at most."""
        return int(self.simulator.dialect.attempts)

    def is_registered(self, endpoint: Endpoint, delivery: Delivery) -> bool:
        """Whether the endpoint is still the merchant's."""
        return endpoint in delivery.merchant.endpoints

    def request(self, endpoint: Endpoint, delivery: Delivery, number: int) -> httpx.Request:
        """What an attempt sends, the same each time; attempts are counted from 0."""
        del number
        return httpx.Request("POST", endpoint.url, headers=delivery.headers, content=delivery.body)

    def repeats(self, reply: Reply) -> bool:
        """Whether another attempt may follow this one."""
        if reply.status is None:
            return True
        if 400 <= reply.status < 500:
            return self.simulator.dialect.client_errors_repeated == "yes"
        return not 200 <= reply.status < 300

    def _receiver(self, endpoint: Endpoint | None) -> Receiver | None:
        if endpoint is None:
            return None
        return self._receivers.get(endpoint.uuid, None if self.reach == "receivers" else self._wire)

    def _may_reach(self, endpoint: Endpoint, receiver: Receiver) -> bool:
        return receiver is not self._wire or self.reach == "anywhere" or _is_here(endpoint.url)

    def _note(self, delivery: Delivery, reply: Reply) -> None:
        with self.simulator.lock:
            at = self.simulator.clock.now()
            delivery.attempts.append(Attempt(at, reply.status, reply.seconds, reply.error))


def _is_here(url: str) -> bool:
    """Whether a URL names this machine."""
    try:
        return is_loopback(httpx.URL(url).host, below=True)
    except httpx.InvalidURL:
        return False


@contextmanager
def _sending(work: _Work) -> Iterator[None]:
    """Until the work is done. Whoever asks for sending while being told has it done after that."""
    token = _telling.set(True)
    try:
        with closing(work), suppress(StopIteration):
            yield
    finally:
        _telling.reset(token)
