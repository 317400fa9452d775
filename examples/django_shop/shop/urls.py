"""Where things are."""

from django.urls import path

from shop import views

urlpatterns = [
    path("webhooks/points", views.webhook),
    path("orders/<str:order_id>", views.state),
]
