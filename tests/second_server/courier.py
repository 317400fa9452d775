"""Real webhook deliveries: one background thread for each URL."""

from __future__ import annotations

import heapq
import http.client
import random
import threading
import time
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

MODES = ("prompt", "late", "shuffled", "repeated", "untimely")
ATTEMPTS = 3
TIMEOUT = 10.0
# How long a shuffled event waits for a later one to overtake it.
OVERTAKEN = 0.4
REPEAT_AFTER = 0.05


@dataclass(order=True)
class Parcel:
    """One delivery still to be made; the order is that of the heap."""

    due: float
    turn: int
    body: bytes = field(compare=False)
    headers: dict[str, str] = field(compare=False)
    attempt: int = field(default=1, compare=False)
    repeats: int = field(default=0, compare=False)


def is_loopback(url: str) -> bool:
    """Tell whether a URL is plain HTTP to this machine; nothing else is ever called."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        return False
    if parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def post(url: str, body: bytes, headers: dict[str, str]) -> bool:
    """Send one attempt; tell whether the answer was 2xx."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, TIMEOUT)
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        response.read()
        return 200 <= response.status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Route:
    """The deliveries to one URL, made one after another as they fall due."""

    def __init__(self, url: str, mode: str, retry_pause: float, seed: int, longest: float) -> None:
        """Start the thread."""
        self.longest = longest
        self.url = url
        self.mode = mode
        self.retry_pause = retry_pause
        self._random = random.Random(f"{seed} {url}")
        self._heap: list[Parcel] = []
        self._turn = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"courier {url}", daemon=True)
        self._thread.start()

    def send(self, body: bytes, headers: dict[str, str]) -> None:
        """Take a new event."""
        with self._changed:
            parcel = Parcel(time.monotonic() + self._delay(), self._turn, body, headers)
            parcel.repeats = self._repeats()
            self._push(parcel)

    def close(self) -> None:
        """Stop after the attempt under way."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(TIMEOUT + 1)

    def _repeats(self) -> int:
        """Return how often this event is sent again after it was delivered."""
        if self.mode == "untimely":
            return self._random.choice((0, 0, 1, 2))
        return 1 if self.mode == "repeated" else 0

    def _delay(self) -> float:
        """Return how long this event is held back."""
        if self.mode == "untimely":
            return self._random.uniform(0.0, self.longest)
        if self.mode == "late":
            return self._random.uniform(0.2, 0.5)
        # Every other event waits, so that the one after it comes first.
        return OVERTAKEN if self.mode == "shuffled" and self._turn % 2 == 0 else 0.0

    def _push(self, parcel: Parcel) -> None:
        """Put a parcel on the heap; the condition is held."""
        heapq.heappush(self._heap, parcel)
        self._turn += 1
        self._changed.notify()

    def _run(self) -> None:
        """Deliver until closed."""
        while (parcel := self._next()) is not None:
            delivered = post(self.url, parcel.body, parcel.headers)
            self._follow_up(parcel, delivered)

    def _next(self) -> Parcel | None:
        """Wait for the next parcel that is due; none once closed."""
        with self._changed:
            while not self._closed:
                if not self._heap:
                    self._changed.wait()
                elif (wait := self._heap[0].due - time.monotonic()) > 0:
                    self._changed.wait(wait)
                else:
                    return heapq.heappop(self._heap)
            return None

    def _follow_up(self, parcel: Parcel, delivered: bool) -> None:
        """Put the same bytes on the heap again where they are due again."""
        if delivered and parcel.repeats > 0:
            parcel.repeats -= 1
            pause = REPEAT_AFTER
        elif not delivered and parcel.attempt < ATTEMPTS:
            pause = self.retry_pause
        else:
            return
        parcel.attempt += 1
        with self._changed:
            parcel.due = time.monotonic() + pause
            self._push(parcel)


class Courier:
    """Sends events to endpoints."""

    def __init__(self, mode: str, retry_pause: float, seed: int, longest: float = 2.0) -> None:
        """Keep how deliveries are made; `longest` is for those of the mode untimely."""
        if mode not in MODES:
            raise ValueError(f"no delivery mode {mode!r}; there are: {', '.join(MODES)}")
        self.mode = mode
        self.retry_pause = retry_pause
        self.seed = seed
        self.longest = longest
        self._routes: dict[str, Route] = {}
        self._lock = threading.Lock()
        self._closed = False

    def send(self, url: str, event: str, secret: str, body: bytes) -> None:
        """Send an event on its way, if its endpoint is on this machine."""
        if not is_loopback(url):
            return
        headers = {
            "Content-Type": "application/json",
            "X-Webhook-Secret": secret,
            "X-Webhook-Event": event,
        }
        with self._lock:
            if self._closed:
                return
            if url not in self._routes:
                self._routes[url] = Route(url, self.mode, self.retry_pause, self.seed, self.longest)
            self._routes[url].send(body, headers)

    def close(self) -> None:
        """Stop all threads; what is still under way is lost."""
        with self._lock:
            self._closed = True
            routes = list(self._routes.values())
        for route in routes:
            route.close()
