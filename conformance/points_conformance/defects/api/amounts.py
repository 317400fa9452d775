"""Servers that take an amount for another one: types, floats, rounding, boundaries."""

import struct
from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from points_conformance.contract.lifecycle import Action
from points_conformance.contract.money import rounded_halalas
from points_conformance.contract.names import OrderStatus
from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import Rebooking, crash
from points_conformance.defects.defect import Seeds
from points_conformance.ledger import Booked, Command, Refund
from points_conformance.simulator.forms import Errors, Forms, RefundForm
from points_conformance.simulator.messages import Refusal, Request
from points_conformance.simulator.world import Order

__all__ = ["seed"]

#: Rules that see a wrong amount from where they stand.
AMOUNTS = (
    "refund.*",
    "envelope.validation",
    "isolation.orders-apart",
    "points.*",
    "property.*",
    "story.*",
    "webhook.*",
    "robust.*",
    "schema.*",
    "reading.*",
    "texts.*",
    "numbers.*",
    "cancel.partially-refunded-is-bounded",
)
seed = Seeds(ServerDefect, related=AMOUNTS)


#: A server that books what is wrong still knows no sum beyond its columns (SAR).
_MUCH = 10**9


# ---------------------------------------------------------------------- zero, null, negative
@seed.on(Forms.amount, "zero-is-a-full-refund", "refund.zero-moves-nothing")
def zero_is_full(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """A refund of zero is a full refund: `if (!amount)`."""
    value = body.get("amount")
    # Zero is false, as if omitted.
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and value == 0:
        return None
    return Forms.amount(forms, body, errors)


@seed.on(Forms.amount, "zero-with-decimals-is-a-full-refund", "refund.zero-moves-nothing")
def zero_decimal_is_full(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """A refund of 0.00 is a full refund, while 0 is refused."""
    value = body.get("amount")
    # Only the integer is looked for.
    if isinstance(value, Decimal) and value == 0:
        return None
    return Forms.amount(forms, body, errors)


@seed.on(Forms.amount, "negative-is-booked", "refund.negative-amount")
def negative_is_booked(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """A negative amount is booked, and what is left grows."""
    value = body.get("amount")
    # No lower bound.
    if isinstance(value, int | Decimal) and -_MUCH < value < 0:
        return rounded_halalas(value, ROUND_FLOOR)
    return Forms.amount(forms, body, errors)


@seed.on(Forms.amount, "negative-is-made-positive", "refund.negative-amount")
def negative_is_absolute(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """A negative amount is taken without its sign."""
    value = body.get("amount")
    # ``abs($amount)``.
    if isinstance(value, int | Decimal) and -_MUCH < value < 0:
        return rounded_halalas(-value, ROUND_FLOOR)
    return Forms.amount(forms, body, errors)


@seed.on(Forms.refund, "negative-is-400", "refund.negative-amount", "envelope.validation")
def negative_is_400(forms: Forms, request: Request) -> RefundForm:
    """A negative amount is refused with 400 instead of 422."""
    # The database's own check speaks.
    try:
        return Forms.refund(forms, request)
    except Refusal as refusal:
        if refusal.errors and "at least 0" in refusal.errors.get("amount", [""])[0]:
            raise Refusal(400, "The refund could not be saved.") from None
        raise


# ---------------------------------------------------------------------- types
@seed.on(Forms.amount, "true-is-one-riyal", "refund.amount-is-a-number")
def true_is_one(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """An amount of true refunds one riyal."""
    value = body.get("amount")
    # ``true == 1``.
    if value is True:
        return 100
    return Forms.amount(forms, body, errors)


@seed.on(Forms.amount, "a-word-is-a-full-refund", "refund.amount-is-a-number")
def word_is_full(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """An amount that is a word refunds everything: `Number("ten") || total`."""
    value = body.get("amount")
    # NaN is false.
    if isinstance(value, str) and not any(letter.isdigit() for letter in value):
        return None
    return Forms.amount(forms, body, errors)


@seed.on(Forms.amount, "a-list-is-its-first-number", "refund.amount-is-a-number")
def list_is_its_first(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """An amount in a list is taken out of it: `Number([10])` is 10."""
    value = body.get("amount")
    # Lists of one number.
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], int):
        return int(value[0]) * 100
    return Forms.amount(forms, body, errors)


@seed.on(Forms.amount, "an-object-is-one-riyal", "refund.amount-is-a-number")
def object_is_one(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """An amount that is an object refunds one riyal: `(float) ['value' => 10]` is 1.0."""
    value = body.get("amount")
    # ``(float) $map``.
    if isinstance(value, dict) and bool(value):
        return 100
    return Forms.amount(forms, body, errors)


@seed.on(Forms.number, "numeric-text-is-cut-to-riyals", "refund.numeric-string")
def numeric_text_is_cut(forms: Forms, value: object) -> Decimal | None:
    """The amount "2.50" as text refunds 2.00: `parseInt`."""
    # Whole riyals of a text.
    if isinstance(value, str) and value.partition(".")[0].isdigit():
        return Decimal(value.partition(".")[0])
    return Forms.number(forms, value)


@seed.on(Forms.amount, "numeric-text-is-a-full-refund", "refund.numeric-string")
def numeric_text_is_full(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """An amount that is a number as text refunds everything: `is_float` says no."""
    value = body.get("amount")
    # Digits in quotes, as if omitted.
    if isinstance(value, str) and value[:1].isdigit():
        return None
    return Forms.amount(forms, body, errors)


@seed.on(Forms.body, "broken-json-is-a-full-refund", "refund.malformed-body", "robust.bodies")
def broken_json_is_empty(forms: Forms, request: Request) -> dict[str, Any]:
    """A body that is no JSON counts as an empty one, and refunds everything."""
    # ``json_decode($body) ?? []``.
    try:
        return Forms.body(forms, request)
    except Refusal as refusal:
        if refusal.status == 400:
            return {}
        raise


@seed.on(
    Forms.body,
    "a-text-body-is-a-full-refund",
    "refund.malformed-body",
    related=(*AMOUNTS, "cancel.malformed-body"),
)
def text_body_is_empty(forms: Forms, request: Request) -> dict[str, Any]:
    """A body that is JSON but no object counts as an empty one, and refunds everything."""
    # ``body.amount`` of a text is undefined.
    try:
        return Forms.body(forms, request)
    except Refusal as refusal:
        if refusal.errors and "body" in refusal.errors:
            return {}
        raise


# ---------------------------------------------------------------------- large and small
@seed.on(Forms.amount, "huge-amount-is-a-full-refund", "refund.huge-amount")
def huge_is_full(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """An amount of 10^15 overflows to zero, and zero is taken for a full refund."""
    value = body.get("amount")
    # Beyond the column, as if omitted.
    if isinstance(value, int | Decimal) and value >= 10**15:
        return None
    return Forms.amount(forms, body, errors)


@seed.on(Forms.amount, "huge-amount-wraps", "refund.huge-amount")
def huge_wraps(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """An amount of 10^15 wraps around at 32 bits to a small one."""
    value = body.get("amount")
    # What is left in the low bits, never more than ten riyals here.
    if isinstance(value, int | Decimal) and value >= 10**15:
        return int(value) % 2**32 % 1000 + 1
    return Forms.amount(forms, body, errors)


@seed.on(Forms.amount, "infinity-crashes", "refund.huge-amount")
def infinity_crashes(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """The amount 1e400 is a server error: it is read as infinity."""
    value = body.get("amount")
    # ``int(float('inf'))``.
    if isinstance(value, Decimal) and value > Decimal("1.8e308"):
        raise crash()
    return Forms.amount(forms, body, errors)


@seed.on(
    Forms.refund, "small-amounts-are-nothing", "refund.smallest-amount", "refund.smallest-total"
)
def small_is_nothing(forms: Forms, request: Request) -> RefundForm:
    """Amounts under five halalas are rounded down to nothing, and answered 200."""
    # The smallest coin.
    form = Forms.refund(forms, request)
    return replace(form, amount=0) if 0 < (form.amount or 0) < 5 else form


@seed.on(Forms.amount, "at-least-a-riyal", "refund.smallest-amount", "refund.smallest-total")
def at_least_a_riyal(forms: Forms, body: Mapping[str, Any], errors: Errors) -> int | None:
    """A refund of less than one riyal is refused with 422."""
    # A minimum that no page names.
    amount = Forms.amount(forms, body, errors)
    if amount is not None and 0 < amount < 100:
        errors["amount"] = ["The amount field must be at least 1."]
    return amount


# ---------------------------------------------------------------------- floats and rounding
class _Converting(Forms):
    """Converts an amount to halalas in another way."""

    def booked(self, number: Decimal, errors: Errors) -> int | None:
        """What the sound form allows, counted otherwise."""
        booked = super().booked(number, errors)
        return None if booked is None else self.converted(number)

    def converted(self, number: Decimal) -> int:
        """SAR to halalas."""
        raise NotImplementedError


@seed.on(_Converting.converted, "cents-of-a-float-are-cut", "refund.halalas-not-cut")
def cuts_float(forms: _Converting, number: Decimal) -> int:
    """Halalas are `int(amount * 100)` of a float: 19.99 becomes 19.98."""
    # 1998.9999999999998.
    return int(float(number) * 100)


@seed.on(
    _Converting.converted,
    "amounts-are-rounded-to-riyals",
    "refund.halalas-not-cut",
    "refund.large-amounts",
    "refund.smallest-amount",
    "refund.smallest-total",
)
def rounds_to_riyals(forms: _Converting, number: Decimal) -> int:
    """Amounts are rounded up to whole riyals before they are booked."""
    # ``ceil($amount)``.
    return int(number.to_integral_value(ROUND_CEILING)) * 100


@seed.on(
    _Converting.converted, "amounts-lose-their-halalas", "refund.sum-bounded", "refund.above-total"
)
def cuts_to_riyals(forms: _Converting, number: Decimal) -> int:
    """Amounts above a riyal are cut to whole riyals: an integer column."""
    # ``(int) $amount``.
    return int(number) * 100


@seed.on(_Converting.converted, "amounts-have-one-decimal", "refund.sum-bounded")
def cuts_to_one_decimal(forms: _Converting, number: Decimal) -> int:
    """Amounts are booked to ten halalas: 19.99 becomes 20.00."""
    # ``round($amount, 1)``.
    return int((number * 10).to_integral_value()) * 10


@seed.on(_Converting.converted, "large-amounts-end-at-the-comma", "refund.large-amounts")
def ends_at_the_comma(forms: _Converting, number: Decimal) -> int:
    """An amount of 1,000 riyals and more is cut at the comma that it is printed with."""
    # ``(float) number_format($amount, 2)``.
    return rounded_halalas(f"{number:,.2f}".partition(",")[0], ROUND_FLOOR)


@seed.on(
    _Converting.converted,
    "large-amounts-are-single-floats",
    "property.parts-add-up",
    "numbers.large-orders",
)
def single_precision(forms: _Converting, number: Decimal) -> int:
    """Amounts are single floats, in halalas: above 167,772.16 SAR they lose the last digit."""
    # 24 bits of mantissa.
    return int(struct.unpack("f", struct.pack("f", float(number * 100)))[0])


@seed(
    "three-decimals-are-thousandths",
    "refund.three-decimals",
    "property.amounts-between-halalas",
    dialect="lenient",
)
class ThreeDecimalsAreRiyals(Forms):
    """An amount with three decimals is accepted, and booked in whole riyals, rounded up."""

    def booked(self, number: Decimal, errors: Errors) -> int | None:
        """Another branch for another length."""
        if _is_odd(number):
            return int(number.to_integral_value(ROUND_CEILING)) * 100
        return super().booked(number, errors)


@seed.on(
    ThreeDecimalsAreRiyals.booked,
    "three-decimals-are-nothing",
    "refund.three-decimals",
    dialect="lenient",
)
def three_decimals_are_nothing(
    forms: ThreeDecimalsAreRiyals, number: Decimal, errors: Errors
) -> int | None:
    """An amount with three decimals is answered as carried out, and no money moves."""
    # Booked as zero.
    return 0 if _is_odd(number) else ThreeDecimalsAreRiyals.booked(forms, number, errors)


def _is_odd(number: Decimal) -> bool:
    """Whether an amount has more decimals than money has."""
    return number < 10**12 and number * 100 % 1 != 0


@seed("sums-are-floats", "refund.sum-in-halalas")
class FloatSums(Rebooking):
    """Refunds are summed as floats, so that 0.10 and 0.20 never make 0.30 fully refunded."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._sums: dict[str, float] = {}

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """``sum == total``."""
        if not isinstance(command, Refund) or not booked.amount:
            return booked
        total = self._sums.get(order.uuid, 0.0) + booked.amount / 100
        self._sums[order.uuid] = total
        if booked.action is Action.REFUND_REST and total != booked.ledger.total / 100:
            partial = replace(booked.ledger, status=OrderStatus.PARTIALLY_REFUNDED)
            return replace(booked, ledger=partial)
        return booked


@seed.on(FloatSums.rebook, "float-sums-block-the-rest", "refund.sum-in-halalas")
def float_sums_refuse(desk: FloatSums, order: Order, command: Command, booked: Booked) -> Booked:
    """A float sum a hair above the total refuses the rest: 0.10 + 0.20 > 0.30."""
    # ``sum > total``.
    if not isinstance(command, Refund) or not booked.amount:
        return booked
    total = desk._sums.get(order.uuid, 0.0) + booked.amount / 100
    if total > booked.ledger.total / 100:
        raise Refusal(400, "The refunds would exceed the total.")
    desk._sums[order.uuid] = total
    return booked
