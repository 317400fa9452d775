"""The endpoint that Points delivers to, and the state of an order."""

import hashlib
import json
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from shop.models import Order, book

TELLING = ("approved", "cancelled", "refunded", "auto_refunded")


def halalas(amount: Any) -> int:
    """An amount of SAR, exactly. Raises ValueError for anything else."""
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise ValueError("no amount")
    scaled = Decimal(amount).scaleb(2)
    if scaled != int(scaled) or scaled < 0:
        raise ValueError("no amount of whole halalas")
    return int(scaled)


def take(body: bytes, header: str | None) -> None:
    """Book what a delivery tells of an order, if anything. Raises for what is no delivery."""
    payload = json.loads(body, parse_float=Decimal)
    event = payload["event"]
    if event != header:
        raise ValueError("header and body disagree")
    if event in TELLING:
        order = payload["order"]
        back = halalas(order["refund_amount"]) if "refunded" in event else 0
        digest = hashlib.sha256(body).hexdigest()
        book(digest, str(order["id"]), event, halalas(order["total_price"]), back)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Booked, then acknowledged. An event that tells us nothing is acknowledged as well: every
    endpoint hears all of them.
    """
    secret = settings.POINTS_WEBHOOK_SECRET
    given = request.headers.get("x-webhook-secret", "")
    if not secret or not constant_time_compare(given, secret):
        return HttpResponse(status=401)
    try:
        take(request.body, request.headers.get("x-webhook-event"))
    except (ValueError, KeyError, TypeError, ArithmeticError, RequestDataTooBig):
        return HttpResponse(status=400)
    return HttpResponse(status=204)


@require_GET
def state(request: HttpRequest, order_id: str) -> HttpResponse:
    """What is booked of an order; who asks from outside needs leave, in a real shop."""
    order = get_object_or_404(Order, id=order_id)
    return JsonResponse({"order_status": order.status, "refunded_amount": order.refunded})
