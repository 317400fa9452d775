"""What a client is asked to do, and the faults that meet it: a schedule, as plain values.

Money is SAR as ``Decimal`` here, for that is what a client is given.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from points_conformance.contract.names import OrderStatus, OrderType

__all__ = ["Case", "Fault", "Operation", "Tls", "What", "cancel", "refund"]


class What(StrEnum):
    """What happens to a call in place of its answer."""

    CLOSED = "the connection is closed without an answer"
    RESET = "the connection is reset"
    HALF = "half an answer, then the connection is closed"
    SILENT = "no answer ever comes"
    STATUS = "an error is answered"
    HTML = "an HTML page is answered"
    SLOW = "the answer comes late"
    TRUNCATED = "the answer's JSON is cut off"
    STATUS_FALSE = 'HTTP 200 says "status": false'
    UNCHANGED = "HTTP 200 shows the order as it was"
    NO_ORDER = "HTTP 200 without an order"
    UNKNOWN_STATUS = "HTTP 200 shows an order_status that nobody knows"
    LATE = "no answer comes, and it is carried out after the client is done"
    REDIRECT = "a redirect to another host"


class Tls(StrEnum):
    """The certificate that a client meets."""

    NONE = "plain HTTP"
    TRUSTED = "a certificate of the authority that it was told to trust"
    UNTRUSTED = "a certificate of an authority that nobody trusts"
    OTHER_HOST = "a trusted certificate of another host"
    EXPIRED = "a trusted certificate that has expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: what happens to which call of which operation.

    ``operation`` counts the case's operations, ``attempt`` this operation's calls, both from 1;
    ``always`` means that attempt and all after it. ``reads`` meets reads of the order in place of
    the call that changes it. ``retry_after`` is the header: seconds, or ``date`` for an HTTP date
    that is ``seconds`` ahead.
    """

    what: What
    carried_out: bool = False
    reads: bool = False
    operation: int = 1
    attempt: int = 1
    always: bool = False
    status: int = 0
    seconds: float = 0.0
    retry_after: str = ""

    def meets(self, operation: int, attempt: int, *, read: bool) -> bool:
        """Whether it is about this call."""
        nth = attempt >= self.attempt if self.always else attempt == self.attempt
        return self.operation == operation and nth and self.reads is read

    def __str__(self) -> str:
        which = f"{'read' if self.reads else 'call'} {self.attempt}"
        which += " and after" if self.always else ""
        return f"operation {self.operation}, {which}: {self.happening}"

    @property
    def happening(self) -> str:
        """What happens, in words."""
        what = str(self.what)
        if self.status and self.what is not What.STATUS:
            what = f"{what} (HTTP {self.status})"
        elif self.status:
            what = f"HTTP {self.status}"
        if self.retry_after:
            shown = f"a date {self.seconds:g} s ahead"
            what += f", Retry-After: {shown if self.retry_after == 'date' else self.retry_after}"
        elif self.seconds:
            what += f" ({self.seconds:g} s)"
        if self.reads or self.what in (What.LATE, What.SLOW):
            return what
        return f"{'carried out' if self.carried_out else 'not carried out'}, {what}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the client is asked to do. ``amount`` in SAR; without one the full refund.
    ``order``: which of the case's orders it is about, from 1.
    """

    kind: str
    amount: Decimal | None = None
    reason: str | None = None
    order: int = 1

    def __str__(self) -> str:
        amount = f" {self.amount} SAR" if self.amount is not None else ""
        amount = amount or (" in full" if self.kind == "refund" else "")
        return self.kind + amount + (f", order {self.order}" if self.order > 1 else "")


def refund(amount: str | None = None, reason: str | None = None, order: int = 1) -> Operation:
    """A refund of ``amount`` SAR, or in full."""
    return Operation("refund", None if amount is None else Decimal(amount), reason, order)


def cancel(reason: str | None = None, order: int = 1) -> Operation:
    """A cancel."""
    return Operation("cancel", None, reason, order)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An order, what the client is asked to do with it one after the other, and the faults.

    ``exists=False``: the order is nobody's. ``key=False``: the API does not take the key.
    ``refuses``: for so many seconds no connection is accepted. ``rich``: answers have fields that
    newer pages show, microseconds, integers and empty lists. ``watched``: what the client prints
    matters, so that it runs with nothing beside it. ``others``: the statuses of more orders, the
    second, the third, of the same total. ``at_once``: the operations, each of another order, begin
    at the same moment. ``optional``: no client need take it, and may refuse it in its own way.
    """

    operations: tuple[Operation, ...]
    faults: tuple[Fault, ...] = ()
    total: str = "100.00"
    status: OrderStatus = OrderStatus.APPROVED
    kind: OrderType = OrderType.EARNING
    exists: bool = True
    key: bool = True
    refuses: float = 0.0
    rich: bool = False
    tls: Tls = Tls.NONE
    watched: bool = False
    others: tuple[OrderStatus, ...] = ()
    at_once: bool = False
    optional: bool = False

    def lines(self) -> list[str]:
        """The schedule in words."""
        order = f"an order of {self.total} SAR, {self.status.value}" if self.exists else "no order"
        lines = [order]
        lines += [f"order {n}, {other.value}" for n, other in enumerate(self.others, 2)]
        lines += ["all operations at the same moment"] if self.at_once else []
        lines += ["the API does not take the key"] if not self.key else []
        lines += [f"connections are refused for {self.refuses:g} s"] if self.refuses else []
        lines += [f"the server shows {self.tls}"] if self.tls is not Tls.NONE else []
        return lines + [f"fault: {fault}" for fault in self.faults]
