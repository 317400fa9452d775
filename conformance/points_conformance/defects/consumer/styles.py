"""Good consumers, each in its own style: no rule may fail any of them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import httpx

from points_conformance.contract.limits import EVENT_HEADER
from points_conformance.defects.consumer.sample import Books, SampleConsumer

__all__ = [
    "STYLES",
    "FailsFirst",
    "FromWhatIsLeft",
    "HidesItself",
    "Inline",
    "OneByOne",
    "OwnOrders",
    "Poller",
    "Queueing",
    "RateLimited",
    "SlowQueue",
    "Strict",
]


class Inline(SampleConsumer):
    """Books before it answers; a delivery is known by its order, event and timestamp."""

    def key(self, payload: dict[str, Any]) -> Any:
        """Two refunds of an order are a second apart, a retry is not."""
        return (payload.get("order", {}).get("id"), payload["event"], payload["timestamp"])


class Queueing(SampleConsumer):
    """Books 0.3 s after its answer."""

    delay = 0.3
    more_calls = True


class SlowQueue(SampleConsumer):
    """Books by one worker that takes half a second for each delivery."""

    job = 0.5
    slow = more_calls = True

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.free_at = 0.0

    def later(self, work: Callable[[], None]) -> None:
        """When all that came before is done."""
        with self.lock:
            now = time.monotonic()
            self.free_at = max(self.free_at, now) + self.job
            self.after(self.free_at - now, work)


class Poller(SampleConsumer):
    """Keeps what comes, and looks through it once a second."""

    period = 1.0
    slow = more_calls = True

    def later(self, work: Callable[[], None]) -> None:
        """At the next look."""
        self.after(self.period - time.monotonic() % self.period, work)


class OneByOne(SampleConsumer):
    """Takes 0.4 s for each delivery, and none beside it."""

    slow = True

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.busy = threading.Lock()

    def __call__(self, request: httpx.Request) -> int | httpx.Response:
        """One after the other."""
        with self.busy:
            self.sleep(0.4)
            return super().__call__(request)


class RateLimited(SampleConsumer):
    """Answers 429 to more than 20 deliveries in a second, whoever sends them."""

    more_calls = True

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.taken: deque[float] = deque(maxlen=20)

    def __call__(self, request: httpx.Request) -> int | httpx.Response:
        """The twentieth before it must be a second ago."""
        now = time.monotonic()
        with self.lock:
            if len(self.taken) == 20 and now - self.taken[0] < 1:
                return httpx.Response(429, headers={"retry-after": "1"})
            self.taken.append(now)
        return super().__call__(request)


class FromWhatIsLeft(SampleConsumer):
    """What was refunded is the total without the least that was ever left; where a payload does
    not say what is left, its amount.
    """

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        #: By an order's books, how much is gone by what is left.
        self.gone: dict[int, int] = {}

    def amount(self, order: dict[str, Any]) -> int:
        """By what is left."""
        if "left_amount" not in order:
            return super().amount(order)
        return self.total(order) - int(Decimal(order["left_amount"]) * 100)

    def refunded(self, books: Books, order: dict[str, Any]) -> None:
        """What was left once is never left again; what says nothing of it is booked beside that,
        whichever of them comes first.
        """
        amount = self.amount(order)
        if "left_amount" in order:
            before = self.gone.get(id(books), 0)
            self.gone[id(books)] = max(before, amount)
            amount = max(amount - before, 0)
        books.refunds.append(amount)


class HidesItself(SampleConsumer):
    """Answers 404 to whoever does not know the secret, as if there were nothing."""

    advised = ("consumer.secret-*",)

    def refusal(self, request: httpx.Request) -> int | httpx.Response:
        """No word of what is here."""
        del request
        return 404


class Strict(SampleConsumer):
    """Wants every header to be there and as documented."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> int | httpx.Response:
        """415 for what is not said to be JSON, 400 for what is not said to be an event."""
        if request.headers.get("content-type") != "application/json":
            return 415
        if EVENT_HEADER not in request.headers:
            return 400
        return super().received(request, payload)


class FailsFirst(SampleConsumer):
    """Answers 503 to every first attempt, whoever makes it, then books once."""

    def __call__(self, request: httpx.Request) -> int | httpx.Response:
        """Bad input included."""
        attempt = (request.method, request.content, str(request.headers))
        if attempt not in self.seen:
            self.seen.add(attempt)
            return 503
        return super().__call__(request)


class OwnOrders(SampleConsumer):
    """Knows only the orders of its own checkout; of others it wants to hear again."""

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> int | httpx.Response:
        """404 for an order of somebody else."""
        order = payload.get("order")
        if isinstance(order, dict) and order["id"] not in self.orders:
            return 404
        return super().received(request, payload)


#: Those that nothing at all is said against, but for the advice that they name.
STYLES: Final[Mapping[str, type[SampleConsumer]]] = {
    "inline": Inline,
    "queueing": Queueing,
    "by content": SampleConsumer,
    "strict": Strict,
    "503 first": FailsFirst,
    "429 above 20 a second": RateLimited,
    "400 ms, one at a time": OneByOne,
    "a worker of 0.5 s": SlowQueue,
    "poller": Poller,
    "by what is left": FromWhatIsLeft,
    "404 for a wrong secret": HidesItself,
}
