"""``python manage.py points_refund``: one cancel or refund as the environment says.

Exit status: 0 done once, 10 refused by the API, 11 unknown.
"""

import os
import sys
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand

from shop import points

STATUS = {points.DONE: 0, points.REFUSED: 10, points.UNKNOWN: 11}


class Command(BaseCommand):
    """Told of it in ``POINTS_…``, as ``points-conformance client`` does."""

    help = "Cancel or refund an order once"
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Carry it out."""
        given = os.environ
        uuid, reason = given["POINTS_ORDER_UUID"], given.get("POINTS_REASON", "")
        if given["POINTS_OPERATION"] == "cancel":
            outcome = points.cancel(uuid, reason)
        else:
            amount = given.get("POINTS_AMOUNT")
            outcome = points.refund(uuid, None if amount is None else Decimal(amount), reason)
        self.stdout.write(outcome)
        sys.exit(STATUS[outcome])
