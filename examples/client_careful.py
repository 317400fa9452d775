"""Cancel or refund an order once, and say truthfully what came of it: the standard library alone.

The API has no idempotency key, so what may have been carried out is never sent again. Exit status:
0 done once, 10 refused by the API, 11 unknown (wait for the webhook, or ask a person).

``points-conformance client --command "python examples/client_careful.py"``
"""

import http.client
import json
import os
import re
import ssl
import sys
import time
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

DONE, REFUSED, UNKNOWN = 0, 10, 11
#: Seconds: for each wait for the other end, and after which no call is sent again.
TIMEOUT, PATIENCE = 10, 20
GOALS = {
    "cancel": {"cancelled"},
    "refund": {"fully_refunded"},
    "part": {"partially_refunded", "fully_refunded"},
}
#: Status, ``Retry-After`` and body; the first two below are no answers of anybody.
Answer = tuple[int, str, bytes]
NOT_SENT: Answer = (0, "", b"")
LOST: Answer = (-1, "", b"")


def body(amount: str | None, reason: str | None) -> bytes:
    """What is not given is absent. The amount is a number with the decimals it was given with."""
    fields = []
    if amount is not None:
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", amount):
            sys.exit(f"POINTS_AMOUNT is no amount: {amount!r}")
        fields.append(f'"amount": {amount}')
    if reason:
        fields.append(f'"reason": {json.dumps(reason[:500])}')
    return f"{{{', '.join(fields)}}}".encode()


def send(url: str, key: str, payload: bytes) -> Answer:
    """One POST. No redirect is followed: the key is for this host alone."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        trusted = ssl.create_default_context(cafile=os.environ.get("POINTS_CA_FILE"))
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            parts.netloc, timeout=TIMEOUT, context=trusted
        )
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
    headers = {"x-api-key": key, "Content-Type": "application/json"}
    try:
        connection.connect()
    except OSError:
        connection.close()
        return NOT_SENT
    try:
        connection.request("POST", parts.path, payload, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Retry-After", ""), answer.read()
    except (OSError, http.client.HTTPException):
        return LOST
    finally:
        connection.close()


def told_to_wait(retry_after: str) -> float:
    """Seconds: a number, or until a date."""
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return float(retry_after)
    try:
        return parsedate_to_datetime(retry_after).timestamp() - time.time()
    except ValueError:
        return 0.0


def send_until_let_in(url: str, key: str, payload: bytes) -> Answer:
    """Again only after 429 or without a connection: both were certainly not carried out."""
    started = time.monotonic()
    answer = send(url, key, payload)
    for backoff in (0.5, 1.0, 2.0):
        pause = max(told_to_wait(answer[1]), backoff)
        again = answer is NOT_SENT or answer[0] == 429
        if not again or time.monotonic() - started + pause > PATIENCE:
            break
        time.sleep(pause)
        answer = send(url, key, payload)
    return answer


def meaning(answer: Answer, uuid: str, goals: set[str]) -> int:
    """Done only where the answer shows this order as it should be by now."""
    status, _, content = answer
    if 400 <= status < 500 and status not in (408, 429):
        return REFUSED
    try:
        envelope = json.loads(content) if status == 200 else {}
        order = envelope["data"] if envelope["status"] is True else {}
        order = order if "order_status" in order else order["data"]
        right = order.get("uuid", uuid).lower() == uuid.lower()
        return DONE if right and order["order_status"] in goals else UNKNOWN
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return UNKNOWN


def main() -> int:
    """One operation, as the environment says."""
    operation, uuid = os.environ["POINTS_OPERATION"], os.environ["POINTS_ORDER_UUID"]
    amount = os.environ.get("POINTS_AMOUNT")
    payload = body(amount, os.environ.get("POINTS_REASON"))
    url = f"{os.environ['POINTS_BASE_URL'].rstrip('/')}/orders/{quote(uuid, safe='')}/{operation}"
    answer = send_until_let_in(url, os.environ["POINTS_API_KEY"], payload)
    return meaning(answer, uuid, GOALS["part" if amount else operation])


if __name__ == "__main__":
    outcome = main()
    print({DONE: "done", REFUSED: "refused", UNKNOWN: "unknown"}[outcome])
    sys.exit(outcome)
