"""Two good API clients, in small parts that a defect may exchange one by one."""

import json
import re
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Final
from urllib.parse import quote

import httpx

from points_conformance.contract.limits import KEY_HEADER, REASON_MAX
from points_conformance.contract.names import OrderStatus
from points_conformance.targets.client.outcome import ClientOutcome

__all__ = ["Answer", "ReconcilingClient", "SampleClient", "Work"]

_MAKING: Final = threading.Lock()
DONE, REFUSED, UNKNOWN = ClientOutcome.DONE, ClientOutcome.REFUSED, ClientOutcome.UNKNOWN

#: What came back, or why nothing did.
Answer = httpx.Response | httpx.RequestError


@dataclass(frozen=True, slots=True)
class Work:
    """One operation to carry out once. ``amount`` is SAR; ``None`` means all that is left."""

    operation: str
    uuid: str
    amount: Decimal | None = None
    reason: str | None = None

    @property
    def goals(self) -> frozenset[str]:
        """What ``order_status`` may be once it was carried out (Order Lifecycle)."""
        if self.operation == "cancel":
            return frozenset({"cancelled"})
        part = set() if self.amount is None else {"partially_refunded"}
        return frozenset({"fully_refunded", *part})


class SampleClient:
    """A careful client: it never repeats what may have been carried out, and says so.

    It repeats what certainly was not: calls that were turned away with 429, and those for which no
    connection came about. Times are seconds.
    """

    #: For the connection, and for each wait for bytes of an answer.
    timeout: float | None = 2.0
    #: The first pause before a call is repeated; it doubles.
    backoff = 0.1
    attempts = 4
    #: Told to wait longer by ``Retry-After``, it gives up.
    longest_wait = 10.0

    def __init__(self, base_url: str, api_key: str, *, ca_file: str | None = None) -> None:
        self.base_url, self.api_key, self.ca_file = base_url, api_key, ca_file

    def cancel(self, order_uuid: str, reason: str | None = None) -> ClientOutcome:
        """Cancel an order."""
        return self.operate(Work("cancel", order_uuid, None, reason))

    def refund(
        self, order_uuid: str, amount: Decimal | None = None, reason: str | None = None
    ) -> ClientOutcome:
        """Refund a part (SAR), or all that is left."""
        return self.operate(Work("refund", order_uuid, amount, reason))

    def operate(self, work: Work) -> ClientOutcome:
        """Carry it out, and say what became of it."""
        return self.meaning(work, self.write(work))

    # ------------------------------------------------------------------ sending
    def write(self, work: Work) -> Answer:
        """The call itself."""
        return self.ask("POST", f"{self.path(work)}/{work.operation}", self.body(work))

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """One call, again while it is certain not to have been carried out."""
        answer = self.send(method, path, body)
        for tries in range(self.attempts - 1):
            pause = self.pause(answer, tries)
            if not self.may_repeat(answer) or pause > self.longest_wait:
                break
            self.sleep(pause)
            answer = self.send(method, path, body)
        return answer

    def send(self, method: str, path: str, body: bytes | None) -> Answer:
        """One request on a connection of its own."""
        try:
            with httpx.Client(**self.options()) as http:
                return http.request(method, self.url(path), content=body, headers=self.headers())
        except httpx.RequestError as error:
            return error

    def options(self) -> dict[str, Any]:
        """How connections are made: no proxy of the environment's, no redirect followed."""
        return {
            "timeout": self.timeout,
            "trust_env": False,
            "follow_redirects": False,
            "verify": self.tls(),
        }

    def tls(self) -> ssl.SSLContext:
        """Whose certificates are trusted."""
        return _trusting(self.ca_file)

    def path(self, work: Work) -> str:
        """The order's."""
        return f"/orders/{quote(work.uuid, safe='')}"

    def url(self, path: str) -> str:
        """Where a call goes."""
        return self.base_url.rstrip("/") + path

    def headers(self) -> dict[str, str]:
        """The key and what the body is."""
        return {
            KEY_HEADER: self.api_key,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    def body(self, work: Work) -> bytes:
        """A JSON object of what is to be said."""
        members = (f'"{name}": {text}' for name, text in self.fields(work).items())
        return f"{{{', '.join(members)}}}".encode()

    def fields(self, work: Work) -> dict[str, str]:
        """Each field as JSON text: what is not said is absent."""
        fields = {}
        if work.amount is not None:
            fields["amount"] = self.amount(work.amount)
        if work.reason:
            fields["reason"] = json.dumps(self.reason(work.reason))
        return fields

    def amount(self, amount: Decimal) -> str:
        """A JSON number with the decimals that it was given with."""
        return format(amount, "f")

    def reason(self, reason: str) -> str:
        """No longer than it may be."""
        return reason[:REASON_MAX]

    # ------------------------------------------------------------------ repeating
    def may_repeat(self, answer: Answer) -> bool:
        """Whether the call is certain not to have been carried out, and worth another try."""
        if isinstance(answer, httpx.Response):
            return answer.status_code == 429
        return isinstance(answer, httpx.ConnectError | httpx.ConnectTimeout)

    def pause(self, answer: Answer, tries: int) -> float:
        """Seconds before the next try: as told, and never less than the back-off."""
        told = self.told(answer) if isinstance(answer, httpx.Response) else 0.0
        return max(told, self.backoff * 2.0**tries)

    def told(self, answer: httpx.Response) -> float:
        """``Retry-After`` in seconds, 0 where nothing (readable) is said."""
        text = answer.headers.get("retry-after", "").strip()
        if re.fullmatch(r"[0-9]{1,9}", text):
            return float(text)
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return (at - datetime.now(UTC)).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Take time."""
        time.sleep(seconds)

    # ------------------------------------------------------------------ what an answer means
    def meaning(self, work: Work, answer: Answer) -> ClientOutcome:
        """What is known once this is all that came back."""
        if isinstance(answer, httpx.RequestError):
            return self.lost(answer)
        if answer.status_code == 200:
            return self.confirmed(work, answer)
        return self.failed(answer)

    def lost(self, error: httpx.RequestError) -> ClientOutcome:
        """No answer, or half of one."""
        del error
        return UNKNOWN

    def failed(self, answer: httpx.Response) -> ClientOutcome:
        """A 4xx refuses, but for "too slow" and "too many"; a 5xx may be of a gateway."""
        refused = 400 <= answer.status_code < 500 and answer.status_code not in (408, 429)
        return REFUSED if refused else UNKNOWN

    def confirmed(self, work: Work, answer: httpx.Response) -> ClientOutcome:
        """200 alone says nothing: the order in it does."""
        order = self.order_in(answer)
        return DONE if order is not None and self.fits(work, order) else UNKNOWN

    def order_in(self, answer: httpx.Response) -> dict[str, Any] | None:
        """The order of a success envelope, in ``data`` or one deeper; ``None`` without one."""
        envelope = self.parsed(answer)
        if not isinstance(envelope, dict) or envelope.get("status") is not True:
            return None
        data = envelope.get("data")
        if isinstance(data, dict) and "order_status" not in data:
            data = data.get("data")
        return data if isinstance(data, dict) else None

    def parsed(self, answer: httpx.Response) -> Any:
        """The body as JSON, ``None`` where it is none."""
        try:
            return json.loads(answer.content, parse_float=Decimal)
        except (ValueError, ArithmeticError, RecursionError):
            return None

    def fits(self, work: Work, order: dict[str, Any]) -> bool:
        """Whether the order is as it should be by now."""
        return self.status(work, order) in work.goals

    def status(self, work: Work, order: dict[str, Any]) -> str | None:
        """The status, where the word is known and this is the order (its uuid is optional)."""
        right = str(order.get("uuid", work.uuid)).lower() == work.uuid.lower()
        status = str(order.get("order_status"))
        return status if right and status in set(OrderStatus) else None


class ReconcilingClient(SampleClient):
    """A careful client that reads the order where an answer is unclear, and repeats where it may.

    It reads the order first, so that a change can be told from what was there before. It cannot
    tell its own change from one that somebody else makes meanwhile, nor see a call that is carried
    out after it was read: the API has no key that would. So it repeats a partial refund only where
    the call has ended (no timeout), for two of them are two refunds; of a cancel or a full refund
    the API refuses the second.
    """

    backoff = 0.5
    attempts = 3

    def operate(self, work: Work) -> ClientOutcome:
        """Read, carry out, and read again after whatever is unclear."""
        read = self.read(work)
        if self.may_repeat(read):
            return UNKNOWN
        before = self.status_in(work, read)
        for tries in range(self.attempts):
            answer = self.write(work)
            outcome = self.meaning(work, answer)
            if self.is_clear(outcome, tries) or self.may_repeat(answer):
                return outcome
            concluded = self.concluded(work, before, answer)
            if concluded is not None:
                return concluded
            if tries < self.attempts - 1:
                self.sleep(self.backoff * 2.0**tries)
        return UNKNOWN

    def is_clear(self, outcome: ClientOutcome, tries: int) -> bool:
        """A refusal is clear of the first try alone: later it may be for what the first one did."""
        return outcome is DONE or (outcome is REFUSED and tries == 0)

    def read(self, work: Work) -> Answer:
        """The order as it is."""
        return self.ask("GET", self.path(work))

    def status_in(self, work: Work, answer: Answer) -> str | None:
        """The ``order_status`` of this order, ``None`` where that was not answered."""
        if isinstance(answer, httpx.RequestError) or answer.status_code != 200:
            return None
        order = self.order_in(answer)
        return None if order is None else self.status(work, order)

    def concluded(self, work: Work, before: str | None, answer: Answer) -> ClientOutcome | None:
        """What a read makes of an unclear answer; ``None``: not carried out, to be repeated."""
        after = self.status_in(work, self.read(work))
        if before is None or after is None:
            return UNKNOWN
        if after != before:
            return DONE if after in work.goals else UNKNOWN
        return self.unchanged(work, after, answer)

    def unchanged(self, work: Work, status: str, answer: Answer) -> ClientOutcome | None:
        """A second part leaves the status as it was; so does a call that has yet to be booked."""
        if status in work.goals:
            return UNKNOWN
        return None if work.amount is None or self.has_ended(answer) else UNKNOWN

    def has_ended(self, answer: Answer) -> bool:
        """Whether the call is over at the other end, as far as can be told."""
        if isinstance(answer, httpx.Response):
            return answer.status_code in (500, 502, 503)
        return isinstance(answer, httpx.NetworkError | httpx.RemoteProtocolError)


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    """A context costs 50 ms, in which no other thread runs: one for all, also of those that ask at
    the same moment, for their calls would wait longer than a client waits for an answer.
    """
    with _MAKING:
        return _context(ca_file)


@cache
def _context(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)
