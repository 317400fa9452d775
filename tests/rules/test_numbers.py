"""The amounts of ``numbers.*``: each shows what a server reckons in."""

import itertools
import struct

from points_conformance.rules.api.numbers import FAR, LARGE, SERIES, TOTAL


def has_digits_of_a_float(value: float) -> bool:
    """Whether JSON would show more than two decimals."""
    return value != round(value, 2)


def test_a_series_shows_doubles_whichever_way_they_are_summed() -> None:
    """Taken away one by one, taken from the total at once, and added up."""
    riyals = [part / 100 for part in SERIES]
    gone = list(itertools.accumulate(riyals))
    left = list(itertools.accumulate([TOTAL / 100, *riyals], lambda a, b: a - b))
    at_once = [TOTAL / 100 - sum(SERIES[: n + 1]) / 100 for n in range(len(SERIES))]
    assert any(map(has_digits_of_a_float, gone))
    assert any(map(has_digits_of_a_float, left))
    assert any(map(has_digits_of_a_float, at_once))


def test_a_series_has_parts_that_are_less_when_multiplied() -> None:
    """``(int) (4.35 * 100)`` is 434."""
    assert any(int(part / 100 * 100) < part for part in SERIES)


def test_a_series_leaves_something_and_has_no_two_equal_parts() -> None:
    """Each event is known by its amount."""
    assert sum(SERIES) < TOTAL
    assert len(set(SERIES)) == len(SERIES)


def test_large_orders_are_too_large_for_single_floats_and_32_bits() -> None:
    """Also far away, where no order is larger than 25,000.03 riyals."""
    totals = [total for total, _ in LARGE]
    assert any(2**31 < total < 2**32 for total in totals)
    assert any(total > 2**32 for total in totals)
    assert max(totals) == 1_000_000_000_00
    singles = [struct.unpack("f", struct.pack("f", t / 100))[0] for t in totals]
    assert any(round(single * 100) != t for single, t in zip(singles, totals, strict=True))
    assert all(0 < part < total for total, part in (*LARGE, FAR))
