"""Cancels and refunds by the Points API, each once, and says truthfully what came of it.

The API has no idempotency key. So the order is read before a call, and again after an unclear
answer; a partial refund that may have been carried out is never sent again.
"""

import json
import ssl
import time
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import quote

import httpx

Outcome = Literal["done", "refused", "unknown"]
Answer = httpx.Response | httpx.RequestError

#: Every ``order_status`` that the API has. Another one is nothing to build on.
KNOWN = {"new", "approved", "authorized", "captured"}
KNOWN |= {"cancelled", "partially_refunded", "fully_refunded"}
#: Seconds: for one call, and for one operation with all its calls and waits.
TIMEOUT, PATIENCE = 10.0, 30.0


@dataclass
class Order:
    """One order during one operation, which ends at ``end`` (monotonic seconds)."""

    http: httpx.Client
    uuid: str
    end: float

    def call(self, path: str = "", body: str | None = None) -> Answer:
        """One call, again only while it certainly was not carried out: 429, no connection."""
        answer = self.send(path, body)
        for tries in range(2):
            pause = max(told_to_wait(answer), 0.5 * 2**tries)
            if not turned_away(answer) or time.monotonic() + pause > self.end - 1:
                break
            time.sleep(pause)
            answer = self.send(path, body)
        return answer

    def send(self, path: str, body: str | None) -> Answer:
        """A GET, or a POST where there is a body. No redirect is followed."""
        timeout = max(0.1, min(TIMEOUT, self.end - time.monotonic()))
        method, url = "GET" if body is None else "POST", f"/orders/{quote(self.uuid, safe='')}"
        try:
            return self.http.request(method, url + path, content=body, timeout=timeout)
        except httpx.RequestError as error:
            return error

    def status(self, answer: Answer) -> str | None:
        """``order_status``, where the answer is a success that shows this order."""
        if not isinstance(answer, httpx.Response) or answer.status_code != 200:
            return None
        try:
            envelope: Any = json.loads(answer.content)
            order = envelope["data"] if envelope["status"] is True else {}
            order = order if "order_status" in order else order["data"]
            right = order.get("uuid", self.uuid).lower() == self.uuid.lower()
            return order["order_status"] if right and order["order_status"] in KNOWN else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def carry_out(self, path: str, body: str, goals: set[str], *, part: bool) -> Outcome:
        """Read, call, and read again where the answer is unclear."""
        first = self.call()
        if turned_away(first):
            return "unknown"
        before = self.status(first)
        for tries in range(3):
            time.sleep(0.5 * tries)
            answer = self.call(path, body)
            if self.status(answer) in goals:
                return "done"
            if refused(answer) and tries == 0:
                return "refused"  # later it may be refused for what the first call did
            if turned_away(answer):
                return "unknown"
            after = self.status(self.call())
            if before is None or after is None:
                return "unknown"
            if after != before:
                return "done" if after in goals else "unknown"
            if after in goals or (part and not has_ended(answer)):
                return "unknown"  # a second part shows nowhere, and a late one not yet
            if time.monotonic() > self.end - TIMEOUT:
                break
        return "unknown"


class PointsClient:
    """The two reversals. "unknown" is for the books: the webhook tells, or a person asks."""

    def __init__(self, base_url: str, api_key: str, ca_file: str | None = None) -> None:
        self.base_url = base_url
        self.headers = {"x-api-key": api_key, "Content-Type": "application/json"}
        self.tls = ssl.create_default_context(cafile=ca_file)

    def cancel(self, order_uuid: str, reason: str | None = None) -> Outcome:
        """Cancel an order that is not captured yet."""
        return self.carry_out(order_uuid, "/cancel", body_of(None, reason), {"cancelled"})

    def refund(
        self, order_uuid: str, amount: Decimal | None = None, reason: str | None = None
    ) -> Outcome:
        """Refund ``amount`` SAR, or all that is left. Give each a reason with a reference."""
        body, goals = body_of(amount, reason), {"fully_refunded"}
        if amount is not None:
            goals.add("partially_refunded")
        return self.carry_out(order_uuid, "/refund", body, goals, part=amount is not None)

    def carry_out(
        self, uuid: str, path: str, body: str, goals: set[str], *, part: bool = False
    ) -> Outcome:
        """One operation with a connection of its own: threads may share this client."""
        with httpx.Client(
            base_url=self.base_url, headers=self.headers, verify=self.tls, trust_env=False
        ) as http:
            order = Order(http, uuid, time.monotonic() + PATIENCE)
            return order.carry_out(path, body, goals, part=part)


def body_of(amount: Decimal | None, reason: str | None) -> str:
    """What is not given is absent; the amount is a JSON number that never was a float."""
    fields = [] if amount is None else [f'"amount": {amount:f}']
    if reason:
        fields.append(f'"reason": {json.dumps(reason[:500])}')
    return f"{{{', '.join(fields)}}}"


def turned_away(answer: Answer) -> bool:
    """Whether the call was certainly not carried out."""
    if isinstance(answer, httpx.Response):
        return answer.status_code == 429
    return isinstance(answer, httpx.ConnectError | httpx.ConnectTimeout)


def refused(answer: Answer) -> bool:
    """By the API; "too slow" and "too many" say nothing about the order."""
    code = answer.status_code if isinstance(answer, httpx.Response) else 0
    return 400 <= code < 500 and code not in (408, 429)


def has_ended(answer: Answer) -> bool:
    """Whether the call is over at the other end; after a timeout it may come yet."""
    if isinstance(answer, httpx.Response):
        return answer.status_code in (500, 502, 503)
    return isinstance(answer, httpx.NetworkError | httpx.RemoteProtocolError)


def told_to_wait(answer: Answer) -> float:
    """``Retry-After`` in seconds: a number, or until a date."""
    text = answer.headers.get("retry-after", "") if isinstance(answer, httpx.Response) else ""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return 0.0
