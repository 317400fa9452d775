"""The pages of the Points documentation that rules cite."""

from enum import StrEnum

__all__ = ["Page"]


class Page(StrEnum):
    """A page by its title."""

    API_KEYS = "API keys"
    CLIENT_LIBRARY = "Client library"
    OPENAPI = "OpenAPI"
    LIFECYCLE = "Order Lifecycle"
    REVERSALS = "Refunds & Cancellations"
    SECURITY = "Security"
    TESTING = "Testing credentials"
    EVENTS = "Webhook Events"
    WEBHOOKS = "Webhooks"
