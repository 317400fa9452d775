"""Money is integer halalas inside and SAR with two decimals at the edges; never a float.

100 halalas are one riyal (SAR). Points are whole numbers inside.
"""

import re
from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    InvalidOperation,
)
from functools import lru_cache

__all__ = [
    "HALALAS_PER_RIYAL",
    "MoneyError",
    "halalas",
    "nearby_halalas",
    "rounded_halalas",
    "sar",
    "sar_text",
]

HALALAS_PER_RIYAL = 100
#: Above this an amount is nobody's refund.
_LARGEST_SAR = Decimal(10) ** 20
#: The ordinary context rounds to 28 digits: 25.00 and a thirtieth decimal would be 25.00.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
#: ``Decimal`` also reads ``1_000`` and digits of other scripts, which no JSON number has.
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*")


class MoneyError(ValueError):
    """An amount that is not an exact number of halalas."""


def halalas(amount: Decimal | int | str) -> int:
    """Turn an amount in SAR into halalas, exactly.

    Raises :class:`MoneyError` for a float, for text that is no number, and for more than two
    decimals: rounding is a decision, and this function takes none.
    """
    scaled = _scaled(amount)
    if scaled != scaled.to_integral_value():
        raise MoneyError(f"{amount} SAR has more than two decimals")
    return int(scaled)


def rounded_halalas(amount: Decimal | int | str, rounding: str) -> int:
    """Turn an amount in SAR into halalas, rounded once by a mode of :mod:`decimal`."""
    return int(_scaled(amount).to_integral_value(rounding=rounding))


def nearby_halalas(amount: Decimal | int | str) -> frozenset[int]:
    """Every whole number of halalas that an amount may be booked as: floor, half up, ceiling.

    One member where the amount is exact, at most two otherwise (Disputed: more than two decimals).
    """
    roundings = (ROUND_FLOOR, ROUND_HALF_UP, ROUND_CEILING)
    return frozenset(rounded_halalas(amount, mode) for mode in roundings)


#: The same amounts come over and over, and a deep run keeps some ten thousand.
@lru_cache(maxsize=1024)
def sar(amount: int) -> Decimal:
    """Halalas as SAR with two decimals: ``sar(2500) == Decimal("25.00")``."""
    return Decimal(amount).scaleb(-2, _EXACT)


def sar_text(amount: int) -> str:
    """Halalas as a person reads them: ``25.00``."""
    return f"{sar(amount):.2f}"


def _scaled(amount: Decimal | int | str) -> Decimal:
    """The amount times 100, with every digit it has."""
    return _EXACT.multiply(_decimal(amount), HALALAS_PER_RIYAL)


def _decimal(amount: Decimal | int | str) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, Decimal | int | str):
        raise MoneyError(
            f"{amount!r} is a {type(amount).__name__}: give money as Decimal, int or str"
        )
    if isinstance(amount, str) and not _NUMBER.fullmatch(amount):
        raise MoneyError(f"{amount!r} is not a number")
    try:
        number = Decimal(amount)
    except InvalidOperation:
        raise MoneyError(f"{amount!r} is not a number") from None
    if not number.is_finite() or number.copy_abs() > _LARGEST_SAR:
        raise MoneyError(f"{amount} is not an amount of money")
    return number
