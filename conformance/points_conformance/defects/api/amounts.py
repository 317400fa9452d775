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

seed = Seeds(ServerDefect)
#: Rules that see a wrong amount from where they stand.
AMOUNTS = ("refund.*", "envelope.validation", "isolation.orders-apart", "points.*", "property.*",
           "story.*", "webhook.*", "robust.*", "schema.*", "reading.*",
           "cancel.partially-refunded-is-bounded")  # fmt: skip


#: A server that books what is wrong still knows no sum beyond its columns (SAR).
_MUCH = 10**9


class _Taking(Forms):
    """Takes what is no amount for one."""

    def amount(self, body: Mapping[str, Any], errors: Errors) -> int | None:
        """A value for what the sound form refuses."""
        value = body.get("amount")
        return self.taken(value) if self.takes(value) else super().amount(body, errors)

    def takes(self, value: Any) -> bool:
        """Whether this value is taken."""
        raise NotImplementedError

    def taken(self, value: Any) -> int | None:
        """What it is taken for."""
        raise NotImplementedError


# ---------------------------------------------------------------------- zero, null, negative
@seed("zero-is-a-full-refund", "refund.zero-moves-nothing", related=AMOUNTS)
class ZeroIsFull(_Taking):
    """A refund of zero is a full refund: `if (!amount)`."""

    def takes(self, value: Any) -> bool:
        """Zero is false."""
        return isinstance(value, int | Decimal) and not isinstance(value, bool) and value == 0

    def taken(self, value: Any) -> int | None:
        """Omitted."""
        return None


@seed("zero-with-decimals-is-a-full-refund", "refund.zero-moves-nothing", related=AMOUNTS)
class ZeroDecimalIsFull(ZeroIsFull):
    """A refund of 0.00 is a full refund, while 0 is refused."""

    def takes(self, value: Any) -> bool:
        """Only the integer is looked for."""
        return isinstance(value, Decimal) and value == 0


@seed("negative-is-booked", "refund.negative-amount", related=AMOUNTS)
class NegativeIsBooked(_Taking):
    """A negative amount is booked, and what is left grows."""

    def takes(self, value: Any) -> bool:
        """No lower bound."""
        return isinstance(value, int | Decimal) and -_MUCH < value < 0

    def taken(self, value: Any) -> int | None:
        """As given."""
        return rounded_halalas(value, ROUND_FLOOR)


@seed("negative-is-made-positive", "refund.negative-amount", related=AMOUNTS)
class NegativeIsAbsolute(_Taking):
    """A negative amount is taken without its sign."""

    def takes(self, value: Any) -> bool:
        """No lower bound."""
        return isinstance(value, int | Decimal) and -_MUCH < value < 0

    def taken(self, value: Any) -> int | None:
        """``abs($amount)``."""
        return rounded_halalas(abs(value), ROUND_FLOOR)


@seed("negative-is-400", "refund.negative-amount", "envelope.validation", related=AMOUNTS)
class NegativeIs400(Forms):
    """A negative amount is refused with 400 instead of 422."""

    def refund(self, request: Request) -> RefundForm:
        """The database's own check speaks."""
        try:
            return super().refund(request)
        except Refusal as refusal:
            if refusal.errors and "at least 0" in refusal.errors.get("amount", [""])[0]:
                raise Refusal(400, "The refund could not be saved.") from None
            raise


# ---------------------------------------------------------------------- types
@seed("true-is-one-riyal", "refund.amount-is-a-number", related=AMOUNTS)
class TrueIsOne(_Taking):
    """An amount of true refunds one riyal."""

    def takes(self, value: Any) -> bool:
        """A boolean is a number here."""
        return value is True

    def taken(self, value: Any) -> int | None:
        """``true == 1``."""
        return 100


@seed("a-word-is-a-full-refund", "refund.amount-is-a-number", related=AMOUNTS)
class WordIsFull(_Taking):
    """An amount that is a word refunds everything: `Number("ten") || total`."""

    def takes(self, value: Any) -> bool:
        """Whatever is text and no number."""
        return isinstance(value, str) and not any(letter.isdigit() for letter in value)

    def taken(self, value: Any) -> int | None:
        """NaN is false."""
        return None


@seed("a-list-is-its-first-number", "refund.amount-is-a-number", related=AMOUNTS)
class ListIsItsFirst(_Taking):
    """An amount in a list is taken out of it: `Number([10])` is 10."""

    def takes(self, value: Any) -> bool:
        """Lists of one number."""
        return isinstance(value, list) and len(value) == 1 and isinstance(value[0], int)

    def taken(self, value: Any) -> int | None:
        """The first one."""
        return int(value[0]) * 100


@seed("an-object-is-one-riyal", "refund.amount-is-a-number", related=AMOUNTS)
class ObjectIsOne(_Taking):
    """An amount that is an object refunds one riyal: `(float) ['value' => 10]` is 1.0."""

    def takes(self, value: Any) -> bool:
        """PHP's maps."""
        return isinstance(value, dict) and bool(value)

    def taken(self, value: Any) -> int | None:
        """``(float) $map``."""
        return 100


@seed("numeric-text-is-cut-to-riyals", "refund.numeric-string", related=AMOUNTS)
class NumericTextIsCut(Forms):
    """The amount "2.50" as text refunds 2.00: `parseInt`."""

    def number(self, value: object) -> Decimal | None:
        """Whole riyals of a text."""
        if isinstance(value, str) and value.partition(".")[0].isdigit():
            return Decimal(value.partition(".")[0])
        return super().number(value)


@seed("numeric-text-is-a-full-refund", "refund.numeric-string", related=AMOUNTS)
class NumericTextIsFull(_Taking):
    """An amount that is a number as text refunds everything: `is_float` says no."""

    def takes(self, value: Any) -> bool:
        """Digits in quotes."""
        return isinstance(value, str) and value[:1].isdigit()

    def taken(self, value: Any) -> int | None:
        """As if omitted."""
        return None


@seed("broken-json-is-a-full-refund", "refund.malformed-body", "robust.bodies", related=AMOUNTS)
class BrokenJsonIsEmpty(Forms):
    """A body that is no JSON counts as an empty one, and refunds everything."""

    def body(self, request: Request) -> dict[str, Any]:
        """``json_decode($body) ?? []``."""
        try:
            return super().body(request)
        except Refusal as refusal:
            if refusal.status == 400:
                return {}
            raise


@seed("a-text-body-is-a-full-refund", "refund.malformed-body",
      related=(*AMOUNTS, "cancel.malformed-body"))  # fmt: skip
class TextBodyIsEmpty(Forms):
    """A body that is JSON but no object counts as an empty one, and refunds everything."""

    def body(self, request: Request) -> dict[str, Any]:
        """``body.amount`` of a text is undefined."""
        try:
            return super().body(request)
        except Refusal as refusal:
            if refusal.errors and "body" in refusal.errors:
                return {}
            raise


# ---------------------------------------------------------------------- large and small
@seed("huge-amount-is-a-full-refund", "refund.huge-amount", related=AMOUNTS)
class HugeIsFull(_Taking):
    """An amount of 10^15 overflows to zero, and zero is taken for a full refund."""

    def takes(self, value: Any) -> bool:
        """Beyond the column."""
        return isinstance(value, int | Decimal) and value >= 10**15

    def taken(self, value: Any) -> int | None:
        """As if omitted."""
        return None


@seed("huge-amount-wraps", "refund.huge-amount", related=AMOUNTS)
class HugeWraps(_Taking):
    """An amount of 10^15 wraps around at 32 bits to a small one."""

    def takes(self, value: Any) -> bool:
        """Beyond the column."""
        return isinstance(value, int | Decimal) and value >= 10**15

    def taken(self, value: Any) -> int | None:
        """What is left in the low bits, never more than ten riyals here."""
        return int(value) % 2**32 % 1000 + 1


@seed("infinity-crashes", "refund.huge-amount", related=AMOUNTS)
class InfinityCrashes(_Taking):
    """The amount 1e400 is a server error: it is read as infinity."""

    def takes(self, value: Any) -> bool:
        """What a double cannot hold."""
        return isinstance(value, Decimal) and value > Decimal("1.8e308")

    def taken(self, value: Any) -> int | None:
        """``int(float('inf'))``."""
        raise crash()


@seed("small-amounts-are-nothing", "refund.smallest-amount", "refund.smallest-total",
      related=AMOUNTS)  # fmt: skip
class SmallIsNothing(Forms):
    """Amounts under five halalas are rounded down to nothing, and answered 200."""

    def refund(self, request: Request) -> RefundForm:
        """The smallest coin."""
        form = super().refund(request)
        return replace(form, amount=0) if 0 < (form.amount or 0) < 5 else form


@seed("at-least-a-riyal", "refund.smallest-amount", "refund.smallest-total", related=AMOUNTS)
class AtLeastARiyal(Forms):
    """A refund of less than one riyal is refused with 422."""

    def amount(self, body: Mapping[str, Any], errors: Errors) -> int | None:
        """A minimum that no page names."""
        amount = super().amount(body, errors)
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


@seed("cents-of-a-float-are-cut", "refund.halalas-not-cut", related=AMOUNTS)
class CutsFloat(_Converting):
    """Halalas are `int(amount * 100)` of a float: 19.99 becomes 19.98."""

    def converted(self, number: Decimal) -> int:
        """1998.9999999999998."""
        return int(float(number) * 100)


@seed("amounts-are-rounded-to-riyals", "refund.halalas-not-cut", "refund.large-amounts",
      "refund.smallest-amount", "refund.smallest-total", related=AMOUNTS)  # fmt: skip
class RoundsToRiyals(_Converting):
    """Amounts are rounded up to whole riyals before they are booked."""

    def converted(self, number: Decimal) -> int:
        """``ceil($amount)``."""
        return int(number.to_integral_value(ROUND_CEILING)) * 100


@seed("amounts-lose-their-halalas", "refund.sum-bounded", "refund.above-total",
      related=AMOUNTS)  # fmt: skip
class CutsToRiyals(_Converting):
    """Amounts above a riyal are cut to whole riyals: an integer column."""

    def converted(self, number: Decimal) -> int:
        """``(int) $amount``."""
        return int(number) * 100


@seed("amounts-have-one-decimal", "refund.sum-bounded", related=AMOUNTS)
class CutsToOneDecimal(_Converting):
    """Amounts are booked to ten halalas: 19.99 becomes 20.00."""

    def converted(self, number: Decimal) -> int:
        """``round($amount, 1)``."""
        return int((number * 10).to_integral_value()) * 10


@seed("large-amounts-end-at-the-comma", "refund.large-amounts", related=AMOUNTS)
class EndsAtTheComma(_Converting):
    """An amount of 1,000 riyals and more is cut at the comma that it is printed with."""

    def converted(self, number: Decimal) -> int:
        """``(float) number_format($amount, 2)``."""
        return rounded_halalas(f"{number:,.2f}".partition(",")[0], ROUND_FLOOR)


@seed("large-amounts-are-single-floats", "property.parts-add-up", related=AMOUNTS)
class SinglePrecision(_Converting):
    """Amounts are single floats, in halalas: above 167,772.16 SAR they lose the last digit."""

    def converted(self, number: Decimal) -> int:
        """24 bits of mantissa."""
        return int(struct.unpack("f", struct.pack("f", float(number * 100)))[0])


@seed("three-decimals-are-thousandths", "refund.three-decimals",
      "property.amounts-between-halalas", dialect="lenient", related=AMOUNTS)  # fmt: skip
class ThreeDecimalsAreRiyals(Forms):
    """An amount with three decimals is accepted, and booked in whole riyals, rounded up."""

    def booked(self, number: Decimal, errors: Errors) -> int | None:
        """Another branch for another length."""
        if _is_odd(number):
            return int(number.to_integral_value(ROUND_CEILING)) * 100
        return super().booked(number, errors)


@seed("three-decimals-are-nothing", "refund.three-decimals", dialect="lenient",
      related=AMOUNTS)  # fmt: skip
class ThreeDecimalsAreNothing(ThreeDecimalsAreRiyals):
    """An amount with three decimals is answered as carried out, and no money moves."""

    def booked(self, number: Decimal, errors: Errors) -> int | None:
        """Booked as zero."""
        return 0 if _is_odd(number) else super().booked(number, errors)


def _is_odd(number: Decimal) -> bool:
    """Whether an amount has more decimals than money has."""
    return number < 10**12 and number * 100 % 1 != 0


@seed("sums-are-floats", "refund.sum-in-halalas", related=AMOUNTS)
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


@seed("float-sums-block-the-rest", "refund.sum-in-halalas", related=AMOUNTS)
class FloatSumsRefuse(FloatSums):
    """A float sum a hair above the total refuses the rest: 0.10 + 0.20 > 0.30."""

    def rebook(self, order: Order, command: Command, booked: Booked) -> Booked:
        """``sum > total``."""
        if not isinstance(command, Refund) or not booked.amount:
            return booked
        total = self._sums.get(order.uuid, 0.0) + booked.amount / 100
        if total > booked.ledger.total / 100:
            raise Refusal(400, "The refunds would exceed the total.")
        self._sums[order.uuid] = total
        return booked
