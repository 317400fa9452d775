"""Limits, defaults and addresses that the documentation states."""

from typing import Final

__all__ = [
    "API_PREFIX",
    "AUTO_REFUND_REASON",
    "CUSTOMER_WITHOUT_BALANCE",
    "CUSTOMER_WITH_BALANCE",
    "DEFAULT_CANCEL_REASON",
    "DELIVERY_TIMEOUT_SECONDS",
    "EVENT_HEADER",
    "KEY_HEADER",
    "MAX_ATTEMPTS",
    "NO_CUSTOMER",
    "PRODUCTION_HOSTS",
    "PRODUCTION_URLS",
    "REASON_MAX",
    "SANDBOX_URL",
    "SECRET_HEADER",
    "SHIPPING_STATUSES",
    "WEBHOOK_NAME_MAX",
    "WEBHOOK_URL_MAX",
]

API_PREFIX: Final = "/api/v1"
#: Refunds & Cancellations shows the second host; API keys names the first: the host moved.
PRODUCTION_URLS: Final = ("https://business.papp.sa/api/v1", "https://api.papp.sa/api/v1")
PRODUCTION_HOSTS: Final = frozenset({"business.papp.sa", "api.papp.sa"})
#: Testing credentials.
SANDBOX_URL: Final = "https://sandbox.papp.sa/api/v1"

KEY_HEADER: Final = "x-api-key"
SECRET_HEADER: Final = "X-Webhook-Secret"  # noqa: S105 - a name, not a secret
EVENT_HEADER: Final = "X-Webhook-Event"

#: Refunds & Cancellations, Cancel: what an omitted reason becomes, to the letter.
DEFAULT_CANCEL_REASON: Final = "Order cancelled via API"
#: Webhook Events: the reason in the example of ``auto_refunded``.
AUTO_REFUND_REASON: Final = "auto_refund_missing_transaction"
#: OpenAPI: characters, not bytes.
REASON_MAX: Final = 500
WEBHOOK_NAME_MAX: Final = 255
WEBHOOK_URL_MAX: Final = 500

#: Webhooks: seconds per attempt, and the most attempts that any page allows ("3 retries").
DELIVERY_TIMEOUT_SECONDS: Final = 10
MAX_ATTEMPTS: Final = 4

#: Testing credentials: the sandbox's customers.
CUSTOMER_WITH_BALANCE: Final = "500000001"
CUSTOMER_WITHOUT_BALANCE: Final = "500000002"
NO_CUSTOMER: Final = "500000003"

#: OpenAPI: ``POST /orders/{uuid}/status``. The last one is no financial cancel.
SHIPPING_STATUSES: Final = (
    "new",
    "license_in_progress",
    "ready_shipping",
    "delivery_is_in_progress",
    "delivered",
    "cancelled",
)
