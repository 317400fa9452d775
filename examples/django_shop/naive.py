"""A consumer as the documentation can be read, and what it costs: do not copy it.

It drops repeats of ``(order.id, event)``, which two partial refunds of one order share; it believes
the newest delivery; and it forgets all when it ends. One file, as Django can be.
"""

import json
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="naive")

SEEN: set[tuple[str, str]] = set()
ORDERS: dict[str, dict[str, str | float]] = {}


@csrf_exempt
def webhook(request: HttpRequest) -> HttpResponse:
    """One delivery."""
    if request.headers.get("x-webhook-secret") != os.environ["POINTS_WEBHOOK_SECRET"]:
        return HttpResponse(status=401)
    try:
        payload = json.loads(request.body)
        event, order = payload["event"], payload["order"]
    except (ValueError, KeyError, TypeError):
        return HttpResponse(status=400)
    if (order["id"], event) not in SEEN:  # the second refund of an order is lost here
        SEEN.add((order["id"], event))
        refunded = ORDERS.get(order["id"], {}).get("refunded_amount", 0)
        refunded += order.get("refund_amount", 0)
        ORDERS[order["id"]] = {
            "order_status": order["order_status"],
            "refunded_amount": refunded,
        }
    return HttpResponse(status=204)


def state(request: HttpRequest, order_id: str) -> HttpResponse:
    """What is known of an order."""
    found = ORDERS.get(order_id)
    return JsonResponse(found) if found else HttpResponse(status=404)


urlpatterns = [path("webhooks/points", webhook), path("orders/<str:order_id>", state)]
application = get_wsgi_application()
