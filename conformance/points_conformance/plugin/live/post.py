"""Webhooks of the live server on their way to the test's handlers.

As with the simulator a handler is told while the test settles, in its thread or its event loop: it
may use whatever belongs to those. Until then a delivery waits with its sender, but not for ever.
"""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, cast
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx

from points_conformance.contract.hosts import is_loopback
from points_conformance.contract.limits import EVENT_HEADER
from points_conformance.contract.money import MoneyError, halalas
from points_conformance.judging.finding import Finding, NetworkTrouble, NotExercised
from points_conformance.plugin.api.listening import opened_inbox
from points_conformance.plugin.api.settings import ServerSettings
from points_conformance.plugin.live.endings import failed, lacking, plainly
from points_conformance.plugin.live.held import Held, HeldInbox, alone, answering
from points_conformance.plugin.live.real import RealMerchant
from points_conformance.plugin.live.reversals import Expected, Reversals
from points_conformance.plugin.live.waits import SenderWaits
from points_conformance.plugin.settings import SettingsError
from points_conformance.simulator.delivery.receivers import Receiver, Reply, Wire, in_process
from points_conformance.simulator.world import Attempt, Deliveries, Delivery, Endpoint, Merchant
from points_conformance.targets.api.endpoints import SECRET_NAME, endpoint_of, others
from points_conformance.targets.api.live_inbox import (
    FAR_GRACE,
    NEAR_GRACE,
    NEAR_RETRY,
    parse_listen,
)
from points_conformance.targets.api.payload import order_of, payload_of
from points_conformance.targets.api.target import ApiTarget

__all__ = ["Post"]

_TICK: Final = 0.02
#: Attempts of a delivery that a handler is sure to be given: some pages say 3, others 4.
_SURE_ATTEMPTS: Final = 3
#: Grace times in all that a queue which moves is waited for.
_MOST_GRACES: Final = 5
#: Of one connection each, and of the sender's alone.
_HOPS: Final = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade"})


@dataclass(eq=False)
class _Place:
    """An endpoint of the test's: who is told, from which turn on."""

    endpoint: Endpoint
    receiver: Receiver
    url: str
    turn: int
    told: dict[str, Delivery] = field(default_factory=dict)
    #: When a delivery was last refused by the handler, by the clock.
    refused_at: dict[str, float] = field(default_factory=dict)


_Work = Generator[Held | float, Reply | None, None]


class Post:
    """The endpoints of one test, what came to them, and its telling."""

    def __init__(
        self,
        api: ApiTarget,
        settings: ServerSettings,
        reversals: Reversals,
        merchant: RealMerchant,
        waits: SenderWaits,
    ) -> None:
        self._api, self._settings, self._reversals = api, settings, reversals
        self._merchant, self._waits = merchant, waits
        self._inbox: HeldInbox | None = None
        self._places: dict[str, _Place] = {}
        self._wire = Wire()
        self._open = ExitStack()
        self._telling = threading.local()
        #: In words: who else hears of the test, and what is left of it.
        self.heard_by: list[str] = []
        self.deliveries = Deliveries()

    @property
    def has_endpoints(self) -> bool:
        """Whether anything can be told to the test."""
        return bool(self._places)

    # ------------------------------------------------------------------ endpoints
    def deliver_to(self, receiver: object, path: str) -> Endpoint:
        """Register an endpoint of ours whose deliveries go to a receiver."""
        told, url = self._receiver(receiver, path)
        inbox = self._listening()
        place = f"test-{len(self._places) + 1}"
        with plainly(self._api.redact):
            self._reversals.look()
            if not self._places:
                rows = self._api.endpoints.listed()
                self.heard_by = [self._api.redact(line) for line in others(rows, inbox.is_ours)]
            answer = self._api.endpoints.open("points-conformance test", inbox.url(place))
        row = endpoint_of(answer)
        secret = row.get("secret")
        if not answer.accepted or not isinstance(secret, str):
            failed(
                "the server did not register our webhook endpoint: "
                + (f"HTTP {answer.status}" if not answer.accepted else "it shows no secret")
            )
        self._api.redact.add(SECRET_NAME, secret)
        now = datetime.now(UTC)
        endpoint = Endpoint(
            str(row.get("uuid")), str(row.get("name")), inbox.url(place), secret, now, now
        )
        self._places[place] = _Place(endpoint, told, url, self._reversals.turn())
        return endpoint

    def _receiver(self, receiver: object, path: str) -> tuple[Receiver, str]:
        if not isinstance(receiver, str | httpx.URL):
            number = len(self._places) + 1
            return in_process(receiver), f"https://receiver-{number}.test/{path.lstrip('/')}"
        url = str(receiver)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is not a URL to deliver to: give http://127.0.0.1:…")
        if not is_loopback(parts.hostname or "", below=True):
            raise ValueError(f"{url!r} is not a loopback address")
        return self._wire, url

    def _listening(self) -> HeldInbox:
        if self._inbox is None:
            listen = self._settings.webhook_listen
            if not listen:
                lacking(
                    "webhooks need a listener: give --webhook-listen HOST:PORT (and --webhook-url, "
                    "where the server reaches it by another address)"
                )
            self._open.enter_context(alone(*parse_listen(listen)))
            try:
                self._inbox = cast(HeldInbox, opened_inbox(self._settings, HeldInbox))
            except SettingsError as error:
                self._open.close()
                failed(str(error))
            self._inbox.reversals = self._reversals
            self._inbox.waits = self._waits
        return self._inbox

    def close(self) -> list[str]:
        """Remove the endpoints and stop listening; what could not be removed, in lines."""
        inbox, self._inbox = self._inbox, None
        if inbox is None:
            self._wire.close()
            return []
        whole = self._api.whole
        limit = whole.budget.limit
        try:
            for held in inbox.held:
                held.reply(200)
            return inbox.close(whole)
        except (Finding, NetworkTrouble, NotExercised) as error:
            return [f"our webhook endpoints may still be registered: {error}"]
        finally:
            # Removing is not bounded; the tests that follow are.
            whole.budget.limit = limit
            self._wire.close()
            for place in self._places.values():
                place.receiver.close()
            self._open.close()

    # ------------------------------------------------------------------ telling
    def settle(self) -> None:
        """Tell the handlers what came, until all that was reversed has been told."""
        if self._begin():
            return
        try:
            with plainly(self._api.redact):
                self._reversals.look()
            work, reply = self._work(), None
            while (step := _next(work, reply)) is not None:
                reply = None
                if isinstance(step, Held):
                    place = self._places[step.place]
                    with answering(step):
                        reply = place.receiver.tell(self._request(step, place))
                else:
                    time.sleep(step)
        finally:
            self._telling.now = False

    async def asettle(self) -> None:
        """The same without blocking the event loop."""
        if self._begin():
            return
        try:
            with plainly(self._api.redact):
                await anyio.to_thread.run_sync(self._reversals.look)
            work, reply = self._work(), None
            while (step := _next(work, reply)) is not None:
                reply = None
                if isinstance(step, Held):
                    place = self._places[step.place]
                    with answering(step):
                        reply = await place.receiver.atell(self._request(step, place))
                else:
                    await anyio.sleep(step)
        finally:
            self._telling.now = False

    def _begin(self) -> bool:
        """Whether there is nothing to do: nobody listens, or a handler settles."""
        if self._inbox is None or getattr(self._telling, "now", False):
            return True
        self._telling.now = True
        return False

    def _work(self) -> _Work:
        """What to tell next, or for how long to wait. Knows no I/O."""
        assert self._inbox is not None
        started = last = time.monotonic()
        while True:
            held = self._taken(self._inbox)
            if held is not None:
                reply = yield held
                last = time.monotonic()
                self._note(held, reply)
                continue
            missing = self._missing()
            now = time.monotonic()
            if not missing and not self._comes_again(now):
                return
            over = now - last > self._grace or now - started > self._grace * _MOST_GRACES
            if over and missing:
                failed(self._not_told(missing))
            if over and not self._comes_again(now):
                return
            yield _TICK

    def _taken(self, inbox: HeldInbox) -> Held | None:
        """The oldest that is the test's to hear; others are answered."""
        while inbox.held:
            held = inbox.held.pop(0)
            ours = self._reversals.owner(held.payload) is not None
            if ours and held.place in self._places and not self._reversals.is_quiet(held.payload):
                return held
            held.reply(200)
        return None

    @staticmethod
    def _request(held: Held, place: _Place) -> httpx.Request:
        left_out = _HOPS | ({b"host"} if isinstance(place.receiver, Wire) else frozenset())
        headers = [(k, v) for k, v in held.headers if k.lower() not in left_out]
        return httpx.Request("POST", place.url, headers=headers, content=held.body)

    def _note(self, held: Held, reply: Reply | None) -> None:
        """Answer the sender as the handler did, and keep what came."""
        reply = reply or Reply(None, "nobody answered", 0.0)
        held.reply(reply.status if reply.status is not None else 503)
        place = self._places[held.place]
        digest = hashlib.sha256(held.body).hexdigest()
        if digest not in place.told:
            headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in held.headers}
            event = next((v for k, v in headers.items() if k.lower() == EVENT_HEADER.lower()), "")
            place.told[digest] = Delivery(
                number=self.deliveries.total + 1,
                merchant=cast(Merchant, self._merchant),
                endpoint=place.endpoint,
                event=str(held.payload.get("event", event)),
                body=held.body,
                headers=headers,
                order_uuid=self._reversals.owner(held.payload),
            )
            self.deliveries.append(place.told[digest])
        now = datetime.now(UTC)
        place.told[digest].attempts.append(Attempt(now, reply.status, reply.seconds, reply.error))
        if reply.status is not None and 200 <= reply.status < 300:
            place.refused_at.pop(digest, None)
        else:
            place.refused_at[digest] = time.monotonic()

    # ------------------------------------------------------------------ what is still to come
    def _missing(self) -> list[Expected]:
        return [one for place in self._places.values() for one in self._missing_at(place)]

    def _missing_at(self, place: _Place) -> Iterator[Expected]:
        used: set[int] = set()
        for one in self._reversals.expected:
            if one.turn < place.turn:
                continue
            told = [
                d
                for d in place.told.values()
                if d.order_uuid == one.uuid and d.event in one.events and d.number not in used
            ]
            if one.whole is not None and told:
                used |= {d.number for d in told}
                sums = [_given_back(d) for d in told]
                if None not in sums and sum(s for s in sums if s is not None) < one.whole:
                    yield one
            elif told:
                used.add(told[0].number)
            else:
                yield one

    def _comes_again(self, now: float) -> bool:
        """Whether a handler refused what its sender is still to repeat."""
        return any(
            now - at < self._retry_within and len(place.told[digest].attempts) < _SURE_ATTEMPTS
            for place in self._places.values()
            for digest, at in place.refused_at.items()
        )

    @property
    def _grace(self) -> float:
        near = self._settings.on_loopback
        return self._settings.webhook_grace or (NEAR_GRACE if near else FAR_GRACE)

    @property
    def _retry_within(self) -> float:
        near = self._settings.on_loopback
        return self._settings.webhook_retry_within or (NEAR_RETRY if near else self._grace)

    def _not_told(self, missing: list[Expected]) -> str:
        assert self._inbox is not None
        counted = Counter(map(str, missing)).items()
        what = "; ".join(f"{one} ({n} of them)" if n > 1 else one for one, n in counted)
        return self._api.redact(
            f"no webhook came within {self._grace:g} s: {what}\n"
            f"Can the server reach {self._inbox.base_url}? (--webhook-url, --webhook-grace)"
        )


def _next(work: _Work, reply: Reply | None) -> Held | float | None:
    try:
        return work.send(reply)
    except StopIteration:
        return None


def _given_back(delivery: Delivery) -> int | None:
    """Halalas, ``None`` where the event does not say."""
    amount = order_of(payload_of(delivery.body)).get("refund_amount")
    try:
        return halalas(amount)  # type: ignore[arg-type]
    except MoneyError:
        return None
