"""Money is exact: no float gets in, nothing is rounded that was not asked to be."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points_conformance.contract.money import (
    MoneyError,
    halalas,
    nearby_halalas,
    rounded_halalas,
    sar,
    sar_text,
)

EXPLICIT = settings(deadline=None, database=None, derandomize=True, max_examples=200)
#: Thirty decimals: more than the ordinary decimal context keeps.
LONG = "25.009999999999999999999999999999"


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("19.99", 1999),
        ("0.29", 29),
        ("1.10", 110),
        ("0.01", 1),
        ("33.33", 3333),
        ("150.75", 15075),
        ("25", 2500),
        ("25.000", 2500),
        ("2.5e1", 2500),
        ("1E+2", 10000),
        ("+7", 700),
        (".5", 50),
        ("5.", 500),
        ("0", 0),
        ("-0.0", 0),
        ("0e999999999999", 0),
        ("-3.25", -325),
        ("1000000000.00", 100_000_000_000),
        ("100000000000000000000", 10**22),
        (25, 2500),
        (Decimal("25.00"), 2500),
        (Decimal("0.1") + Decimal("0.2"), 30),
    ],
)
def test_an_amount_becomes_its_halalas(amount: Decimal | int | str, expected: int) -> None:
    """SAR turn into halalas to the digit, also where floats are known to slip."""
    assert halalas(amount) == expected


@pytest.mark.parametrize("amount", [19.99, 0.1 + 0.2, 25.0, True, None, b"25", ["25"]], ids=repr)
def test_only_exact_types_are_money(amount: object) -> None:
    """A float, a bool or anything else that is no exact number is refused, and named."""
    with pytest.raises(MoneyError, match=type(amount).__name__):
        halalas(amount)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["", " ", "abc", "1,5", "1_000", "٢٥", "NaN", "sNaN", "Infinity", "-Inf", "0x10", "1e", "--1",
     "1e99999999999999999999999"],
)  # fmt: skip
def test_text_that_is_no_number_is_refused(text: str) -> None:
    """What no JSON number and no price tag looks like is no money, whatever Decimal thinks."""
    with pytest.raises(MoneyError):
        halalas(text)


@pytest.mark.parametrize(
    "amount", [Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), "1e21", "-1e21", "1e1000000"]
)
def test_what_is_no_amount_at_all_is_refused(amount: Decimal | str) -> None:
    """Neither the infinite nor the absurd is money; the error is always the same kind."""
    with pytest.raises(MoneyError, match="not an amount"):
        halalas(amount)


@pytest.mark.parametrize(
    "amount", ["0.001", "19.999", "0.1234", LONG, "25." + "0" * 40 + "1", "1e-1000030"]
)
def test_more_than_two_decimals_are_refused(amount: str) -> None:
    """Rounding is a decision, and this conversion takes none, however far behind the digit is."""
    with pytest.raises(MoneyError, match="more than two decimals"):
        halalas(amount)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("25", {2500}),
        ("25.00", {2500}),
        ("25.001", {2500, 2501}),
        ("25.005", {2500, 2501}),
        ("25.009", {2500, 2501}),
        ("0.001", {0, 1}),
        ("-0.001", {0, -1}),
        (LONG, {2500, 2501}),
        ("25." + "0" * 40 + "1", {2500, 2501}),
    ],
)
def test_nearby_halalas_are_floor_and_ceiling(amount: str, expected: set[int]) -> None:
    """An inexact amount may be booked either way; an exact one in one way only."""
    assert nearby_halalas(amount) == expected


@pytest.mark.parametrize(
    ("amount", "rounding", "expected"),
    [
        ("25.005", ROUND_HALF_UP, 2501),
        ("25.0049", ROUND_HALF_UP, 2500),
        ("25.005", ROUND_FLOOR, 2500),
        ("25.001", ROUND_CEILING, 2501),
        (LONG, ROUND_FLOOR, 2500),
        ("25." + "0" * 40 + "1", ROUND_CEILING, 2501),
        ("0.004999999999999999999999999999999", ROUND_HALF_UP, 0),
    ],
)
def test_rounding_happens_once(amount: str, rounding: str, expected: int) -> None:
    """No digit is lost before the one rounding that was asked for."""
    assert rounded_halalas(amount, rounding) == expected


def test_floats_are_refused_by_nearby_halalas_too() -> None:
    """The oracle of inexact amounts takes no float either."""
    with pytest.raises(MoneyError, match="float"):
        nearby_halalas(25.001)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "text"), [(2500, "25.00"), (1, "0.01"), (0, "0.00"), (1999, "19.99"), (-5, "-0.05")]
)
def test_halalas_are_shown_with_two_decimals(amount: int, text: str) -> None:
    """At the edge, halalas are SAR with exactly two decimals."""
    assert (str(sar(amount)), sar_text(amount)) == (text, text)


@EXPLICIT
@given(st.integers(min_value=-(10**22), max_value=10**22))
def test_halalas_survive_the_way_out_and_in(amount: int) -> None:
    """Showing an amount and reading it again changes nothing."""
    assert halalas(sar(amount)) == halalas(sar_text(amount)) == amount


@EXPLICIT
@given(st.decimals(min_value=-(10**15), max_value=10**15, places=35))
def test_nearby_halalas_enclose_the_amount(amount: Decimal) -> None:
    """Each way to book an amount is less than one halala away from it."""
    exact = Fraction(amount) * 100
    ways = nearby_halalas(amount)
    assert 1 <= len(ways) <= 2
    assert all(abs(way - exact) < 1 for way in ways)
    assert min(ways) <= exact <= max(ways)
