"""A client that repeats whatever failed, and what it costs: do not copy it.

There is no idempotency key: a partial refund whose answer was lost is refunded twice.
"""

import os
import sys

import httpx

URL = "{POINTS_BASE_URL}/orders/{POINTS_ORDER_UUID}/{POINTS_OPERATION}".format(**os.environ)
HEADERS = {"x-api-key": os.environ["POINTS_API_KEY"]}
BODY: dict[str, str | float] = {}
if "POINTS_AMOUNT" in os.environ:
    BODY["amount"] = float(os.environ["POINTS_AMOUNT"])
if "POINTS_REASON" in os.environ:
    BODY["reason"] = os.environ["POINTS_REASON"]


def main() -> int:
    """Three tries, as many libraries do."""
    for _ in range(3):
        try:
            answer = httpx.post(URL, json=BODY, headers=HEADERS, timeout=5)
        except httpx.TransportError:
            continue  # it may have been carried out
        if answer.status_code < 500:
            return 0 if answer.is_success else 10
    return 11


if __name__ == "__main__":
    sys.exit(main())
