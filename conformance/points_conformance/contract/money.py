"""Money is integer halalas inside and SAR with two decimals at the edges; never a float.

100 halalas are one riyal (SAR). Points are whole numbers inside.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation

__all__ = ["HALALAS_PER_RIYAL", "MoneyError", "halalas", "nearby_halalas", "sar", "sar_text"]

HALALAS_PER_RIYAL = 100
#: Above this an amount is nobody's refund; the bound keeps Decimal arithmetic exact (28 digits).
_LARGEST_SAR = Decimal(10) ** 20


class MoneyError(ValueError):
    """An amount that is not an exact number of halalas."""


def halalas(amount: Decimal | int | str) -> int:
    """Turn an amount in SAR into halalas, exactly.

    Raises :class:`MoneyError` for a float, for text that is no number, and for more than two
    decimals: rounding is a decision, and this function takes none.
    """
    scaled = _decimal(amount) * HALALAS_PER_RIYAL
    if scaled != scaled.to_integral_value():
        raise MoneyError(f"{amount} SAR has more than two decimals")
    return int(scaled)


def nearby_halalas(amount: Decimal | int | str) -> frozenset[int]:
    """Every whole number of halalas that an amount may be booked as: floor, half up, ceiling.

    One member where the amount is exact, at most two otherwise (Disputed: more than two decimals).
    """
    scaled = _decimal(amount) * HALALAS_PER_RIYAL
    roundings = (ROUND_FLOOR, ROUND_HALF_UP, ROUND_CEILING)
    return frozenset(int(scaled.to_integral_value(rounding=mode)) for mode in roundings)


def sar(amount: int) -> Decimal:
    """Halalas as SAR with two decimals: ``sar(2500) == Decimal("25.00")``."""
    return Decimal(amount).scaleb(-2)


def sar_text(amount: int) -> str:
    """Halalas as a person reads them: ``25.00``."""
    return f"{sar(amount):.2f}"


def _decimal(amount: Decimal | int | str) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int | str):
        raise MoneyError(
            f"{amount!r} is a {type(amount).__name__}: give money as Decimal, int or str"
        )
    try:
        number = Decimal(amount)
    except InvalidOperation:
        raise MoneyError(f"{amount!r} is not a number") from None
    if not number.is_finite() or abs(number) > _LARGEST_SAR:
        raise MoneyError(f"{amount} is not an amount of money")
    return number
