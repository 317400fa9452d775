"""Where webhooks arrive: one mailbox, filled in process or by a socket.

Deliveries are kept as they came, but for secrets: the secret's header is compared and dropped, a
secret anywhere else is replaced before anything is kept. Waiting is for arrivals, never a sleep.
"""

import hashlib
import hmac
import itertools
import re
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from points_conformance.contract.limits import SECRET_HEADER
from points_conformance.judging.archive import Packing
from points_conformance.judging.finding import Denied, NotExercised
from points_conformance.judging.slots import parked
from points_conformance.targets.api.endpoints import SECRET_NAME
from points_conformance.targets.api.patience import Awaited, Patience
from points_conformance.targets.api.payload import order_of, payload_of
from points_conformance.targets.api.received import MAIN, Received, distinct
from points_conformance.targets.api.reply import Reply

__all__ = ["Inbox"]

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: CPython looks for a signal only between waits.
_SLICE: Final = 0.1
#: Events of orders that are not ours (yet) are kept until so many newer ones have come.
_STRANGERS: Final = 200
#: In the place of an order: whatever comes.
_ANY: Final = ""


class Inbox:
    """What rules read webhooks from.

    ``grace`` is how many seconds an event may take, ``retry_within`` a repeated attempt (``None``:
    nobody said, so nothing rests on it). ``reachable``: events are certain to find their way here.
    """

    def __init__(
        self,
        base_url: str,
        *,
        grace: float,
        retry_within: float | None,
        clock: Callable[[], float],
        redact: Callable[[str], str] = str,
        reachable: bool = False,
    ) -> None:
        self.base_url = base_url
        self.retry_within = retry_within
        self.redact = redact
        self._clock = clock
        self._reachable = reachable
        self._heard = self._given_up = False
        self._patience = Patience(grace, clock())
        #: When the latest call was made that an order's events may tell of.
        self._stirred: dict[str, float] = {}
        self._secrets: dict[str, str] = {}
        self._known: dict[str, list[Received]] = {}
        self._numbers: dict[str, str] = {}
        self._strangers: deque[tuple[str, str, Received]] = deque(maxlen=_STRANGERS)
        self._plans: dict[tuple[str, str, str], Iterator[Reply]] = {}
        self._headers: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
        self._packing = Packing()
        self._count = itertools.count(1)
        self._lock = threading.RLock()
        #: Who waits, by the order whose events they are for: nobody is woken for nothing. What is
        #: under no order is for whatever comes.
        self._waiting: dict[str, list[threading.Condition]] = defaultdict(list)
        #: The orders of which something came since they were news, and since somebody asked.
        self._news: set[str] = set()
        self._heard_of: set[str] = set()

    # ------------------------------------------------------------------ endpoints and orders
    def url(self, place: str = MAIN) -> str:
        """The address of an endpoint here."""
        return f"{self.base_url}/{place}"

    def trust(self, place: str, secret: str) -> None:
        """From now on deliveries to a place must carry this secret, in their header alone."""
        self._secrets = {**self._secrets, place: secret}

    def know(self, uuid: str, number: str | None) -> None:
        """This order is ours: its events are looked for by its uuid, else by its number."""
        uuid = uuid.lower()
        with self._lock:
            kept = self._known.setdefault(uuid, [])
            if number:
                self._numbers[number] = uuid
            mine = [s for s in self._strangers if uuid == s[0] or (number and number == s[1])]
            if mine:
                self._note(uuid)
            for stranger in mine:
                self._strangers.remove(stranger)
                kept.append(stranger[2])

    def answer(self, uuid: str, event: str, replies: Iterable[Reply], place: str = MAIN) -> None:
        """Answer the attempts of an order's event at an endpoint so, then with 200."""
        with self._lock:
            self._plans[uuid.lower(), event, place] = iter(replies)

    # ------------------------------------------------------------------ arrivals
    def record(self, place: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Keep one attempt and say how it is answered. From any thread."""
        text = body.decode("utf-8", "surrogateescape")
        shown = self._without_secrets(text)
        payload = payload_of(body)
        order, event = order_of(payload), str(payload.get("event", ""))
        id_, number = str(order.get("id")).lower(), str(order.get("order_number"))
        secret = headers.get(SECRET_HEADER.lower(), "")
        with self._lock:
            uuid = id_ if id_ in self._known else self._numbers.get(number, "")
            reply = self._reply(uuid, event, place)
            received = Received(
                number=next(self._count),
                headers=self._headers_of(headers),
                packed=self._packing(shown.encode("utf-8", "surrogateescape")),
                at=self._clock(),
                secret_right=_same(secret, self._secrets.get(place)),
                secret_shown=shown != text,
                # Of very many there are few different ones.
                event=sys.intern(self._without_secrets(event)),
                digest=hashlib.blake2b(body, digest_size=12).hexdigest(),
                place=sys.intern(place),
                answered=reply,
            )
            if uuid:
                self._known[uuid].append(received)
                self._note(uuid)
            else:
                self._strangers.append((id_, number, received))
            self._heard = True
            self._patience.arrived(received.digest, received.at, place=place, hangs=reply == "hang")
            for waiting in (*self._waiting.get(uuid, ()), *self._waiting.get(_ANY, ())):
                waiting.notify_all()
        return reply

    def _headers_of(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """A delivery's headers but for the secret; the same ones are kept once."""
        kept = {
            name: self._without_secrets(value)
            for name, value in headers.items()
            if name != SECRET_HEADER.lower()
        }
        return self._headers.setdefault(tuple(kept.items()), kept)

    def let_go(self) -> None:
        """The sender gave a hanging delivery up: what stood behind it may come now."""
        with self._lock:
            self._patience.let_go(self._clock())

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets.values():
            text = text.replace(secret, f"${SECRET_NAME}")
        return self.redact(text)

    def _reply(self, uuid: str, event: str, place: str) -> Reply:
        plan = self._plans.get((uuid, event, place))
        return next(plan, 200) if plan is not None else 200

    def collect(self) -> None:
        """Have whatever is on its way arrive, where that is in our hands."""

    # ------------------------------------------------------------------ looking
    def of(self, uuid: str, place: str | None = MAIN) -> list[Received]:
        """Every attempt for an order so far, oldest first; ``None``: at any endpoint."""
        self.collect()
        return self.heard(uuid, place)

    def heard(self, uuid: str, place: str | None = MAIN) -> list[Received]:
        """The same, without a look for more."""
        with self._lock:
            received = self._known.get(uuid.lower(), ())
            return [one for one in received if place in (None, one.place)]

    def waited_for(
        self, uuid: str, event: str, count: int = 1, place: str | None = MAIN
    ) -> list[Received]:
        """The events of an order that differ, oldest first: all ``count`` of them, however late,
        shuffled and repeated they come; fewer only where the last look was in vain as well.

        Whatever sums or compares what an order's events say reads them here. Raises
        :class:`Denied` where no event of any order ever came.
        """
        awaited = Awaited(uuid.lower(), event, count, place)
        looked = self._clock()
        begun = self._stirred.get(uuid.lower(), looked)

        def all_are_there() -> bool:
            return len(distinct(self._named(uuid, event, place))) >= count

        def are_missing(now: float) -> bool:
            return self._is_missing(awaited, begun, looked, now)

        self._wait(awaited.order, all_are_there, are_missing)
        with self._lock:
            found = distinct(self._named(uuid, event, place))
            if len(found) >= count:
                self._patience.came(begun, max((one.at for one in found), default=begun))
            else:
                self._patience.missed(awaited)
        self.require()
        return found

    def _is_missing(self, awaited: Awaited, begun: float, looked: float, now: float) -> bool:
        """Whether it does not come any more; where nobody knows whether anything can come, nothing
        is waited for longer than it may take.
        """
        if not self._heard and not self._reachable:
            return self._silent or now - begun >= self.grace
        return self._silent or self._patience.is_missing(awaited, begun, now, looked=looked)

    def wait_for_attempts(
        self, uuid: str, event: str, count: int, *, more: float = 0.0, place: str = MAIN
    ) -> list[Received]:
        """The attempts at an endpoint, once there are ``count`` with their repeats, or when
        a repeated attempt should have come (``more`` seconds later). Raises :class:`NotExercised`
        also where nobody said how long that may take.
        """
        if self.retry_within is None:
            raise NotExercised(
                "nobody said how long a repeated attempt may take: --webhook-retry-within SECONDS"
            )
        begun = self._clock()
        seconds = self.grace + self.retry_within * (count - 1) + (more if self.grace else 0.0)
        self._wait(
            uuid.lower(),
            lambda: len(self._named(uuid, event, place)) >= count,
            lambda now: self._silent or self._patience.is_late(begun, seconds, now),
        )
        self.require()
        with self._lock:
            return self._named(uuid, event, place)

    def _note(self, uuid: str) -> None:
        self._news.add(uuid)
        self._heard_of.add(uuid)

    def news(self, orders: Collection[str]) -> set[str]:
        """Of these orders, by uuid, those of which anything came since they were news last."""
        with self._lock:
            news = self._news.intersection(orders)
            self._news -= news
        return news

    def heard_of(self) -> set[str]:
        """All orders, by uuid, of which anything came since this was asked last."""
        with self._lock:
            heard, self._heard_of = self._heard_of, set()
        return heard

    def look_again(self, uuid: str) -> None:
        """An order is news once more."""
        with self._lock:
            self._news.add(uuid.lower())

    @property
    def grace(self) -> float:
        """Seconds that an event may take."""
        return self._patience.grace

    @grace.setter
    def grace(self, seconds: float) -> None:
        self._patience.grace = seconds

    @property
    def patience(self) -> float:
        """Seconds after which an event that has not come is said to be missing."""
        return self._patience.whole

    def stir(self, about: str) -> None:
        """A call was made that may be told of; the order's uuid is somewhere in ``about``."""
        now = self._patience.stirred_at = self._clock()
        for uuid in _UUID.findall(about.lower()):
            self._stirred[uuid] = now

    def rest(self) -> None:
        """Wait for what was asked for last to be told: what has not come by then is late."""
        seen = self._patience
        self._wait(
            _ANY, lambda: False, lambda now: self._silent or now - seen.stirred_at >= self.grace
        )

    def rest_again(self, late: Iterable[tuple[str, str, int]]) -> None:
        """Take a last look for what is late: of an order (its uuid) so many of an event. Over once
        all of it is there or does not come any more.
        """
        looked = self._clock()
        awaited = [Awaited(uuid.lower(), event, count, MAIN) for uuid, event, count in late]

        def is_there(one: Awaited) -> bool:
            return len(distinct(self._named(one.order, one.event, one.place))) >= one.count

        def is_missing(one: Awaited, now: float) -> bool:
            begun = self._stirred.get(one.order, looked)
            return self._silent or self._patience.is_missing(one, begun, now, looked=looked)

        self._wait(
            _ANY,
            lambda: all(map(is_there, awaited)),
            lambda now: all(is_there(one) or is_missing(one, now) for one in awaited),
        )

    def require(self) -> None:
        """Raises :class:`Denied` where no event of any order has ever come, and nobody knows
        whether one could.
        """
        if not self._heard and not self._reachable:
            raise Denied(
                f"no webhook of any order came within {self.grace:g} s: can the server reach "
                f"{self.redact(self.base_url)}? (--webhook-url, --webhook-grace)"
            )

    @property
    def _silent(self) -> bool:
        """Once nothing at all has come in good time, nobody waits for more."""
        return self._given_up and not self._heard

    def _wait(self, order: str, enough: Callable[[], bool], over: Callable[[float], bool]) -> None:
        """Wait for an order's events until there is enough, or until it is over by the clock.
        Another rule may work meanwhile.
        """
        self.collect()
        with self._lock:
            ended = enough() or over(self._clock())
        if not ended:
            told = threading.Condition(self._lock)
            with parked(), self._lock:
                self._waiting[order].append(told)
                while not enough() and not over(self._clock()):
                    told.wait(_SLICE)
                self._waiting[order].remove(told)
        self._given_up = not self._heard

    def _named(self, uuid: str, event: str, place: str | None) -> list[Received]:
        return [
            one
            for one in self._known.get(uuid.lower(), ())
            if place in (None, one.place) and one.event == event
        ]


def _same(secret: str, registered: str | None) -> bool:
    if registered is None:
        return False
    one, other = (text.encode("utf-8", "surrogateescape") for text in (secret, registered))
    return hmac.compare_digest(one, other)
