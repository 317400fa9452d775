"""A dialect: one field per matter that the sources dispute or leave open.

Every value of every field is a reading that a conformant server may follow. The simulator speaks
a dialect; the kit must find all of them conformant. A field's type lists the readings; what it is
about, and which rule reads it, is a row of :mod:`~points_conformance.contract.matters`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, get_args, get_type_hints

__all__ = ["DIALECTS", "Dialect", "DialectError", "dialect_from"]


class DialectError(ValueError):
    """A dialect that does not exist, or a field or reading that no dialect has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one conformant server reads what the sources leave open; plainest by default."""

    # --- lifecycle
    cancel_approved: Literal["accepted", "refused"] = "accepted"
    cancel_captured: Literal["accepted", "refused"] = "accepted"
    cancel_partially_refunded: Literal["accepted", "refused"] = "refused"
    complete_captured: Literal["accepted", "refused"] = "refused"
    # --- refunds
    refund_without_amount: Literal["remainder", "total"] = "remainder"
    refund_settled: Literal["accepted", "refused"] = "accepted"
    amount_zero: Literal["422", "400", "nothing"] = "422"
    amount_above_left: Literal["400", "422"] = "400"
    amount_decimals: Literal["422", "half-up", "down", "up"] = "422"
    amount_string: Literal["422", "accepted"] = "422"
    amount_null: Literal["omitted", "422"] = "omitted"
    partial_refunds: Literal["on", "off"] = "on"
    # --- reasons and bodies
    reason_null: Literal["default", "422"] = "default"
    reason_empty: Literal["default", "kept", "422"] = "default"
    reason_spaces: Literal["kept", "trimmed"] = "kept"
    body_list: Literal["object", "422"] = "object"
    # --- refusals
    foreign_order: Literal["404", "403", "400"] = "404"
    malformed_uuid: Literal["404", "400", "422"] = "404"
    used_order_number: Literal["accepted", "422"] = "accepted"
    # --- points
    points_rounding: Literal["per-riyal", "half-up", "down", "up"] = "per-riyal"
    # --- earning
    earning_starts: Literal["approved", "new", "pending"] = "approved"
    # --- shapes
    validation_body: Literal["full", "bare"] = "full"
    empty_map: Literal["object", "list"] = "object"
    order_depth: Literal["data", "deeper"] = "data"
    rest_fields: Literal["documented", "extra", "few"] = "documented"
    rest_date: Literal["iso", "text"] = "iso"
    timestamps: Literal["seconds", "microseconds"] = "microseconds"
    # --- webhooks
    attempts: Literal["3", "4"] = "3"
    client_errors_repeated: Literal["yes", "no"] = "yes"
    payload_optionals: Literal["present", "absent"] = "present"
    replacing_points: Literal["present", "absent"] = "present"
    cancelled_points: Literal["zero", "order"] = "zero"

    def with_(self, **readings: str) -> "Dialect":
        """This dialect with other readings. Raises :class:`DialectError` for an unknown one."""
        return dialect_from({**_as_mapping(self), **readings})


def _as_mapping(dialect: Dialect) -> dict[str, Any]:
    return {field.name: getattr(dialect, field.name) for field in fields(Dialect)}


def dialect_from(readings: Mapping[str, str]) -> Dialect:
    """Build a dialect from field names and readings, both checked.

    Raises :class:`DialectError` that names the field and what it may be.
    """
    allowed = {name: get_args(hint) for name, hint in get_type_hints(Dialect).items()}
    for name, reading in readings.items():
        if name not in allowed:
            raise DialectError(f"no dialect has a field {name!r}; fields: {', '.join(allowed)}")
        if reading not in allowed[name]:
            choices = ", ".join(allowed[name])
            raise DialectError(f"{name} cannot be {reading!r}; readings: {choices}")
    return Dialect(**readings)  # type: ignore[arg-type]


#: The dialects that ship. ``default`` is the plainest reading of the binding page; ``lenient``
#: accepts whatever some page accepts; ``strict`` refuses whatever some page refuses; ``minimal``
#: answers with as little as the schemas allow.
DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "default": Dialect(),
        "lenient": Dialect(
            cancel_partially_refunded="accepted",
            complete_captured="accepted",
            amount_zero="nothing",
            amount_above_left="422",
            amount_decimals="half-up",
            amount_string="accepted",
            reason_empty="kept",
            reason_spaces="trimmed",
            malformed_uuid="400",
            points_rounding="half-up",
            rest_fields="extra",
            rest_date="text",
            empty_map="list",
            order_depth="deeper",
            attempts="4",
            cancelled_points="order",
        ),
        "strict": Dialect(
            cancel_approved="refused",
            cancel_captured="refused",
            refund_without_amount="total",
            refund_settled="refused",
            amount_zero="400",
            amount_above_left="422",
            amount_null="422",
            reason_null="422",
            reason_empty="422",
            body_list="422",
            foreign_order="403",
            malformed_uuid="422",
            used_order_number="422",
            points_rounding="down",
            client_errors_repeated="no",
        ),
        "minimal": Dialect(
            amount_decimals="down",
            foreign_order="400",
            points_rounding="up",
            validation_body="bare",
            empty_map="list",
            rest_fields="few",
            timestamps="seconds",
            payload_optionals="absent",
            replacing_points="absent",
        ),
    }
)
