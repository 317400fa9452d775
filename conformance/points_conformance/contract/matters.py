"""What the sources dispute or leave open: one row for each matter.

A row names the dialect's field whose values are the readings that the simulator can follow, and the
OBSERVE rule that finds out which one a target follows, or why none can.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["MATTERS", "Matter", "matter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One row.

    ``name`` is how reports and files of known failures call it, followed by ``/`` and the kind of
    input where one rule reads several. ``field`` is empty where the simulator knows one way alone.
    ``text`` says what is open; with "is read" behind it, it is what the rule ``reading`` states.
    ``unread`` is the reason why no rule reads it.
    """

    name: str
    field: str
    text: str
    reading: str | None = None
    unread: str = ""


def _read(name: str, field: str, text: str) -> Matter:
    """A matter that a rule reads: rules are named by what stands before the slash."""
    return Matter(name=name, field=field, text=text, reading=f"reading.{name.partition('/')[0]}")


def _unread(name: str, text: str, why: str) -> Matter:
    """A matter that no rule reads."""
    return Matter(name=name, field=name.replace("-", "_"), text=text, unread=why)


_CANCEL: Final = "Whether an approved or captured order can be cancelled"
_OPTIONALS: Final = "Which of the optional fields of a payload are told, by event and type,"
_ANY_SHAPE: Final = "answers of either shape are read alike, and no rule looks at which it was"

MATTERS: Final = (
    # --- lifecycle
    _read("cancel-settled/approved", "cancel_approved", _CANCEL),
    _read("cancel-settled/captured", "cancel_captured", _CANCEL),
    _read(
        "cancel-partially-refunded",
        "cancel_partially_refunded",
        "Whether a partially refunded order can be cancelled",
    ),
    _read("complete-captured", "complete_captured", "Whether a captured order can be completed"),
    # --- refunds
    _read(
        "refund-without-amount",
        "refund_without_amount",
        "What a refund without amount means after a partial refund",
    ),
    _unread(
        "refund-settled",
        "Whether a settled order can be refunded",
        "settlement cannot be seen from outside: a refusal may be one of the refund window",
    ),
    _read("amount-zero", "amount_zero", "What a refund of zero does"),
    _read(
        "amount-above-left",
        "amount_above_left",
        "With which code an amount above what is left is refused",
    ),
    _read("amount-decimals", "amount_decimals", "How an amount with three decimals is booked"),
    _read("amount-string", "amount_string", "What an amount as text does"),
    _read("amount-null", "amount_null", "What a refund of null does"),
    _unread(
        "partial-refunds",
        "Whether the merchant may refund in parts",
        "a merchant's switch, not the server's reading: refusals are told as not exercised",
    ),
    # --- reasons and bodies
    _read("reason-null", "reason_null", "What a null reason of a cancel becomes"),
    _read("reason-empty", "reason_empty", "What an empty reason of a cancel becomes"),
    _read(
        "reason-spaces",
        "reason_spaces",
        "Whether the spaces around a reason are told",
    ),
    _read("body-list", "body_list", "Whether the body [] is taken for an empty one"),
    # --- refusals
    _read("foreign-order", "foreign_order", "With which code another merchant's order is refused"),
    _read("malformed-uuid", "malformed_uuid", "With which code a malformed uuid is refused"),
    _unread(
        "used-order-number",
        "Whether an order number can be used twice",
        "each order is made with a fresh number: a second one would stay in the merchant's books",
    ),
    # --- points
    _unread(
        "points-rounding",
        "How points in proportion are rounded",
        "documented nowhere: proportion is judged with a tolerance of the points of one riyal",
    ),
    # --- earning
    _unread(
        "earning-starts",
        "In which status an earning order starts",
        "an order's status is read when it is made, and taken as it is",
    ),
    # --- shapes
    _unread("validation-body", "Whether a 422 has the whole error envelope", _ANY_SHAPE),
    _unread("empty-map", "Whether an empty object is sent as {} or []", _ANY_SHAPE),
    _unread("order-depth", "Whether the order is in data, or one data deeper", _ANY_SHAPE),
    _unread("rest-fields", "Which fields beyond the documented ones are shown", _ANY_SHAPE),
    _unread("rest-date", "Whether an order's date is ISO or a human text", _ANY_SHAPE),
    _read(
        "webhook-timestamps",
        "timestamps",
        "Whether timestamps of events have fractions of a second",
    ),
    # --- webhooks
    _read("webhook-attempts", "attempts", "How many attempts a delivery has that keeps failing"),
    _read(
        "webhook-client-error",
        "client_errors_repeated",
        "Whether a delivery that was answered with 400 is attempted again",
    ),
    _read("webhook-redirect", "", "What becomes of a delivery that was answered with a redirect"),
    _read(
        "order-fields",
        "",
        "Which of the fields that a reversal leaves alone an order shows, and so are judged,",
    ),
    _read("webhook-optionals", "payload_optionals", _OPTIONALS),
    _read("webhook-optionals/refunded/replacing", "replacing_points", _OPTIONALS),
    _read(
        "webhook-cancelled-points",
        "cancelled_points",
        "Whether a cancelled event tells the order's points or none",
    ),
)


def matter(field: str) -> Matter:
    """The matter that a field of the dialect decides. Raises :class:`KeyError` without one."""
    return _BY_FIELD[field]


_BY_FIELD: Final = {row.field: row for row in MATTERS if row.field}
