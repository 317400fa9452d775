"""What a client may say of an operation."""

from enum import StrEnum

__all__ = ["ClientOutcome"]


class ClientOutcome(StrEnum):
    """Done once, refused by the API, or not to be known from where the client stands."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
