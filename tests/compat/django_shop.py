"""A shop on Django whose consumer keeps what it is told in the database."""

from __future__ import annotations

from tests.compat.project import shown

__all__ = ["CONFTEST", "FILES", "TESTS"]

_WSGI = """
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
"""
_SETTINGS = """
SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
ROOT_URLCONF = "urls"
USE_TZ = True
"""
_URLS = """
import json
import os
from decimal import Decimal

from django.db import connection
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

KNOWN = ("approved", "cancelled", "refunded", "auto_refunded")


@csrf_exempt
def webhook(request):
    if request.method != "POST":
        return HttpResponse(status=405)
    if request.headers.get("x-webhook-secret") != os.environ["POINTS_WEBHOOK_SECRET"]:
        return HttpResponse(status=401)
    try:
        payload = json.loads(request.body, parse_float=Decimal)
        event = payload["event"]
        if event != request.headers.get("x-webhook-event"):
            return HttpResponse(status=400)
        if event in KNOWN:
            order = payload["order"]
            back = str(order["refund_amount"]) if "refunded" in event else "0"
            total = str(Decimal(order["total_price"]))
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT OR IGNORE INTO told VALUES (%s, %s, %s, %s, %s)",
                    [order["id"], request.body.hex(), event, back, total],
                )
    except (ValueError, KeyError, TypeError, ArithmeticError):
        return HttpResponse(status=400)
    return HttpResponse(status=204)


def state(order_id):
    with connection.cursor() as cursor:
        cursor.execute("SELECT event, back, total FROM told WHERE id = %s", [order_id])
        told = [(event, Decimal(back), Decimal(total)) for event, back, total in cursor.fetchall()]
    refunded = sum(back for _, back, _ in told)
    if any(event == "cancelled" for event, _, _ in told):
        return "cancelled", refunded
    if refunded:
        full = all(refunded >= total for _, _, total in told)
        return "fully_refunded" if full else "partially_refunded", refunded
    return ("approved", refunded) if told else None


urlpatterns = [path("", webhook), path("webhook", webhook)]
"""
#: Beside its tests.
FILES = {"settings.py": _SETTINGS, "urls.py": _URLS, "shop/__init__.py": "", "shop/wsgi.py": _WSGI}
CONFTEST = """
import pytest
from points_conformance.suite import ConsumerState


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE told (id, body PRIMARY KEY, event, back, total)")


def pytest_points_consumer_state(config, order_id):
    import urls

    found = urls.state(order_id)
    return found and ConsumerState(*found)
"""
TESTS = f"""
import pytest
from points_conformance.suite import ConsumerSuite


{shown(1)}

@pytest.mark.django_db
def test_an_event_reaches_the_view(points, settings):
    from shop.wsgi import application

    points.deliver_to(application, path="/webhook", secret="s" * 60)
    points.order(status="new")
    points.settle()


def test_without_the_database(client):
    assert client.get("/webhook").status_code == 405
"""
