"""What a target must offer beyond plain orders, in the words of every report."""

from enum import StrEnum

__all__ = ["Need"]


class Need(StrEnum):
    """A rule that needs one of these is not exercised where the run has none."""

    INBOX = "webhook inbox"
    REPLACING = "replacing orders"
    AUTO_REFUND = "auto-refund trigger"
    FINAL = "final orders"
    SECOND_MERCHANT = "second merchant"
    PUBLIC_KEY = "public key"
    PROBE = "state probe"
    RESTART = "restart command"
    AUTHORITY = "authority to trust"
