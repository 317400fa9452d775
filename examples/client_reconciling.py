"""Cancel or refund an order once; where the answer is unclear, read the order before anything else.

Needs httpx. Exit status: 0 done once, 10 refused by the API, 11 unknown (wait for the webhook, or
ask a person). What a read can settle and what it cannot: ``docs/how-to-refund-safely.md``.

``points-conformance client --command "python examples/client_reconciling.py"``
"""

import json
import os
import re
import ssl
import sys
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx

DONE, REFUSED, UNKNOWN = 0, 10, 11
#: Every ``order_status`` that the API has. Another one is nothing to build on.
KNOWN = {"new", "approved", "authorized", "captured"}
KNOWN |= {"cancelled", "partially_refunded", "fully_refunded"}
#: Seconds: for one call, and for all of them.
TIMEOUT, PATIENCE = 10.0, 30.0
END = time.monotonic() + PATIENCE
#: What came back, or why nothing did.
Answer = httpx.Response | httpx.RequestError


class Order:
    """One order of the API, by its uuid."""

    def __init__(self, base_url: str, key: str, uuid: str, ca_file: str | None = None) -> None:
        self.url = f"{base_url.rstrip('/')}/orders/{quote(uuid, safe='')}"
        self.key, self.uuid = key, uuid
        self.tls = ssl.create_default_context(cafile=ca_file)

    def call(self, method: str, path: str = "", body: str | None = None) -> Answer:
        """One call, again only while it certainly was not carried out: 429, no connection."""
        answer = self.send(method, path, body)
        for tries in range(2):
            pause = max(told_to_wait(answer), 0.5 * 2**tries)
            if not not_let_in(answer) or time.monotonic() + pause > END - 1:
                break
            time.sleep(pause)
            answer = self.send(method, path, body)
        return answer

    def send(self, method: str, path: str, body: str | None) -> Answer:
        """One request. No redirect is followed: the key is for this host alone."""
        headers = {"x-api-key": self.key, "Content-Type": "application/json"}
        timeout = max(0.1, min(TIMEOUT, END - time.monotonic()))
        try:
            with httpx.Client(verify=self.tls, trust_env=False, timeout=timeout) as http:
                return http.request(method, self.url + path, content=body, headers=headers)
        except httpx.RequestError as error:
            return error

    def status_in(self, answer: Answer) -> str | None:
        """``order_status``, if this is a success that shows the order."""
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


def not_let_in(answer: Answer) -> bool:
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
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return 0.0


def carry_out(order: Order, path: str, body: str, goals: set[str], *, part: bool) -> int:
    """Read, call, and read again where the answer is unclear."""
    first = order.call("GET")
    if not_let_in(first):
        return UNKNOWN
    before = order.status_in(first)
    for tries in range(3):
        time.sleep(0.5 * tries)
        answer = order.call("POST", path, body)
        if order.status_in(answer) in goals:
            return DONE
        if refused(answer) and tries == 0:
            return REFUSED  # later it may be refused for what the first call did
        if not_let_in(answer):
            return UNKNOWN
        after = order.status_in(order.call("GET"))
        if before is None or after is None:
            return UNKNOWN
        if after != before:
            return DONE if after in goals else UNKNOWN
        if after in goals or (part and not has_ended(answer)):
            return UNKNOWN  # a second part shows nowhere, and a late one not yet
        if time.monotonic() > END - TIMEOUT:
            break
    return UNKNOWN


def body_of(amount: str | None, reason: str | None) -> str:
    """What is not given is absent. The amount is a number with the decimals it was given with."""
    fields = []
    if amount is not None:
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", amount):
            sys.exit(f"POINTS_AMOUNT is no amount: {amount!r}")
        fields.append(f'"amount": {amount}')
    if reason:
        fields.append(f'"reason": {json.dumps(reason[:500])}')
    return f"{{{', '.join(fields)}}}"


def main() -> int:
    """One operation, as the environment says."""
    given = os.environ
    order = Order(
        given["POINTS_BASE_URL"],
        given["POINTS_API_KEY"],
        given["POINTS_ORDER_UUID"],
        given.get("POINTS_CA_FILE"),
    )
    operation, amount = given["POINTS_OPERATION"], given.get("POINTS_AMOUNT")
    goals = {"cancelled"} if operation == "cancel" else {"fully_refunded"}
    if amount:
        goals.add("partially_refunded")
    body = body_of(amount, given.get("POINTS_REASON"))
    return carry_out(order, f"/{operation}", body, goals, part=amount is not None)


if __name__ == "__main__":
    outcome = main()
    print({DONE: "done", REFUSED: "refused", UNKNOWN: "unknown"}[outcome])
    sys.exit(outcome)
