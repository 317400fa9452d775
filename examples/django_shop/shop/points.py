"""Cancels and refunds by the Points API, each once, and says truthfully what came of it.

The API has no idempotency key. So the order is read before a call, and again after an unclear
answer; a partial refund that may have been carried out is never sent again. Whoever gets "unknown"
waits for the webhook, or asks a person.
"""

import json
import os
import ssl
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx

DONE, REFUSED, UNKNOWN = "done", "refused", "unknown"
#: Every ``order_status`` that the API has. Another one is nothing to build on.
KNOWN = {"new", "approved", "authorized", "captured"}
KNOWN |= {"cancelled", "partially_refunded", "fully_refunded"}

Answer = httpx.Response | httpx.RequestError


def cancel(order_uuid: str, reason: str = "") -> str:
    """Cancel an order that is not captured yet."""
    return carry_out(order_uuid, "cancel", body_of(None, reason), {"cancelled"}, part=False)


def refund(order_uuid: str, amount: Decimal | None = None, reason: str = "") -> str:
    """Refund ``amount`` SAR, or all that is left. Give each a reason with a reference."""
    goals = {"fully_refunded"} if amount is None else {"fully_refunded", "partially_refunded"}
    body = body_of(amount, reason)
    return carry_out(order_uuid, "refund", body, goals, part=amount is not None)


def body_of(amount: Decimal | None, reason: str) -> str:
    """What is not given is absent; the amount is a JSON number that never was a float."""
    fields = [] if amount is None else [f'"amount": {amount:f}']
    if reason:
        fields.append(f'"reason": {json.dumps(reason[:500])}')
    return f"{{{', '.join(fields)}}}"


def carry_out(uuid: str, operation: str, body: str, goals: set[str], *, part: bool) -> str:
    """Read, call, and read again where the answer is unclear."""
    path = f"/orders/{quote(uuid, safe='')}"
    given = os.environ
    with httpx.Client(
        base_url=given["POINTS_BASE_URL"],
        headers={"x-api-key": given["POINTS_API_KEY"], "Content-Type": "application/json"},
        verify=ssl.create_default_context(cafile=given.get("POINTS_CA_FILE")),
        trust_env=False,
        timeout=5,
    ) as http:
        before = status_in(call(http, "GET", path), uuid)
        for tries in range(2):
            answer = call(http, "POST", f"{path}/{operation}", body)
            if status_in(answer, uuid) in goals:
                return DONE
            if is_refusal(answer) and tries == 0:
                return REFUSED  # later it may be refused for what the first call did
            if code(answer) == 429:
                return UNKNOWN
            after = status_in(call(http, "GET", path), uuid)
            if before is None or after is None:
                return UNKNOWN
            if after != before:
                return DONE if after in goals else UNKNOWN
            if after in goals or (part and not has_ended(answer)):
                return UNKNOWN  # a second part shows nowhere, and a late one not yet
    return UNKNOWN


def call(http: httpx.Client, method: str, path: str, body: str | None = None) -> Answer:
    """One request. No redirect is followed: the key is for this host alone."""
    try:
        return http.request(method, path, content=body)
    except httpx.RequestError as error:
        return error


def code(answer: Answer) -> int:
    """The HTTP status; 0 without an answer."""
    return answer.status_code if isinstance(answer, httpx.Response) else 0


def is_refusal(answer: Answer) -> bool:
    """By the API; "too slow" and "too many" say nothing about the order."""
    return 400 <= code(answer) < 500 and code(answer) not in (408, 429)


def has_ended(answer: Answer) -> bool:
    """Whether the call is over at the other end; after a timeout it may come yet."""
    broken = isinstance(answer, httpx.NetworkError | httpx.RemoteProtocolError)
    return broken or code(answer) in (500, 502, 503)


def status_in(answer: Answer, uuid: str) -> str | None:
    """``order_status``, where the answer is a success that shows this order."""
    if not isinstance(answer, httpx.Response) or answer.status_code != 200:
        return None
    try:
        envelope: Any = json.loads(answer.content)
        order = envelope["data"] if envelope["status"] is True else {}
        order = order if "order_status" in order else order["data"]
        right = order.get("uuid", uuid).lower() == uuid.lower()
        return order["order_status"] if right and order["order_status"] in KNOWN else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
