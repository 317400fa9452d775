"""One order's money and points, and the one function that changes them.

Sources: Refunds & Cancellations (what a cancel and a refund do), Order Lifecycle (from where), the
design's three promises: no double refund, partial sums bounded, default reason. What the sources
dispute is read from the :class:`~points_conformance.contract.dialect.Dialect` that is passed in.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.lifecycle import Action, next_status
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger.points import reversed_points

__all__ = [
    "AutoRefund",
    "Booked",
    "Cancel",
    "Command",
    "OrderLedger",
    "Refund",
    "Refusal",
    "Refused",
    "Step",
    "carry_out",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLedger:
    """An order as its books show it. Money in halalas, points in whole points."""

    kind: OrderType
    status: OrderStatus
    total: int
    points: int
    refunded: int = 0
    refunded_points: int = 0
    settled: bool = False

    @property
    def left(self) -> int:
        """Halalas that can still go back."""
        return self.total - self.refunded

    @property
    def left_points(self) -> int:
        """Points not reversed yet."""
        return self.points - self.refunded_points


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel the order."""


@dataclass(frozen=True, slots=True)
class Refund:
    """Refund ``amount`` halalas, or without one whatever the dialect takes that to mean."""

    amount: int | None = None


@dataclass(frozen=True, slots=True)
class AutoRefund:
    """The platform's own refund of a replacing order."""


@dataclass(frozen=True, slots=True)
class Step:
    """``authorize``, ``capture`` or ``complete``: no money goes back."""

    action: Action


Command = Cancel | Refund | AutoRefund | Step


class Refusal(StrEnum):
    """Why a command is refused."""

    STATE = "the order's status does not allow it"
    ABOVE_LEFT = "the amount is above what is left"
    ZERO = "the amount is zero"
    SETTLED = "the order is settled"
    NO_PARTIALS = "partial refunds are switched off"


@dataclass(frozen=True, slots=True)
class Refused:
    """The command was refused; the ledger is as it was."""

    ledger: OrderLedger
    why: Refusal


@dataclass(frozen=True, slots=True)
class Booked:
    """The command was carried out: the new ledger, and what this one command gave back.

    ``action`` is ``None`` where a command was accepted and nothing moved (a zero amount).
    """

    ledger: OrderLedger
    action: Action | None
    amount: int = 0
    points: int = 0


def carry_out(ledger: OrderLedger, command: Command, dialect: Dialect) -> Booked | Refused:
    """What a server of this dialect does with the command. Pure: the ledger given is unchanged."""
    match command:
        case Cancel():
            return _move(ledger, Action.CANCEL, dialect)
        case Step(action):
            return _move(ledger, action, dialect)
        case AutoRefund():
            return _give_back(ledger, Action.AUTO_REFUND, ledger.left, dialect)
        case Refund(amount):
            return _refund(ledger, amount, dialect)


def _refund(ledger: OrderLedger, amount: int | None, dialect: Dialect) -> Booked | Refused:
    if amount is None:
        amount = ledger.left if dialect.refund_without_amount == "remainder" else ledger.total
        # Nothing left to go back is a matter of state, not of the amount.
        amount = amount or ledger.total
    elif amount == 0:
        return _refund_of_nothing(ledger, dialect)
    action = Action.REFUND_PART if amount < ledger.left else Action.REFUND_REST
    if _next(ledger, action, dialect) is None:
        return Refused(ledger, Refusal.STATE)
    if amount > ledger.left:
        return Refused(ledger, Refusal.ABOVE_LEFT)
    if ledger.settled and dialect.refund_settled == "refused":
        return Refused(ledger, Refusal.SETTLED)
    if action is Action.REFUND_PART and dialect.partial_refunds == "off":
        return Refused(ledger, Refusal.NO_PARTIALS)
    return _give_back(ledger, action, amount, dialect)


def _refund_of_nothing(ledger: OrderLedger, dialect: Dialect) -> Booked | Refused:
    if _next(ledger, Action.REFUND_PART, dialect) is None:
        return Refused(ledger, Refusal.STATE)
    if dialect.amount_zero == "nothing":
        return Booked(ledger, None)
    return Refused(ledger, Refusal.ZERO)


def _move(ledger: OrderLedger, action: Action, dialect: Dialect) -> Booked | Refused:
    status = _next(ledger, action, dialect)
    if status is None:
        return Refused(ledger, Refusal.STATE)
    return Booked(replace(ledger, status=status), action)


def _give_back(
    ledger: OrderLedger, action: Action, amount: int, dialect: Dialect
) -> Booked | Refused:
    status = _next(ledger, action, dialect)
    if status is None:
        return Refused(ledger, Refusal.STATE)
    refunded = ledger.refunded + amount
    points = reversed_points(
        ledger.points, ledger.total, refunded, rounding=dialect.points_rounding
    )
    after = replace(ledger, status=status, refunded=refunded, refunded_points=points)
    return Booked(after, action, amount, points - ledger.refunded_points)


def _next(ledger: OrderLedger, action: Action, dialect: Dialect) -> OrderStatus | None:
    return next_status(ledger.kind, ledger.status, action, dialect)
