"""One cancel or refund as the environment says: ``points-conformance client`` runs this, and so may
a person. Exit status: 0 done once, 10 refused by the API, 11 unknown.
"""

import os
import sys
from decimal import Decimal

from shop.points import PointsClient

STATUS = {"done": 0, "refused": 10, "unknown": 11}


def main() -> int:
    """Carry it out."""
    given = os.environ
    client = PointsClient(
        given["POINTS_BASE_URL"], given["POINTS_API_KEY"], given.get("POINTS_CA_FILE")
    )
    uuid, reason = given["POINTS_ORDER_UUID"], given.get("POINTS_REASON")
    if given["POINTS_OPERATION"] == "cancel":
        outcome = client.cancel(uuid, reason)
    else:
        amount = given.get("POINTS_AMOUNT")
        outcome = client.refund(uuid, None if amount is None else Decimal(amount), reason)
    print(outcome)
    return STATUS[outcome]


if __name__ == "__main__":
    sys.exit(main())
