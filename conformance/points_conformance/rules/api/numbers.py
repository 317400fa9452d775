"""``numbers.*``: amounts in events are exact, up to a thousand million riyals.

A riyal has a hundred halalas, so no amount has more than two decimals, whatever a server reckons
in. The amounts here are those at which a double, a single float or 32 bits show: what is 0.3 by a
sum of doubles, a halala more than 24 bits hold, more halalas than 31.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from points_conformance.contract.money import MoneyError, halalas, sar, sar_text
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import Denied, NotExercised
from points_conformance.judging.rule import Level, inferred, promised, source
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.shared import Once
from points_conformance.targets.api.order import TestOrder, TurnedAway
from points_conformance.targets.api.target import ApiTarget

__all__ = ["LARGE", "SERIES", "rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
TOLD = source(Page.EVENTS, "refunded")
EXACT = inferred("a riyal has a hundred halalas")
SUMS = promised("partial sums bounded")
READABLE = inferred("points are counted; how a share of them is rounded is said nowhere")
#: An order of 99.90 in such parts, in halalas: of doubles both what is left and what has gone
#: back have digits of no halala, whether one adds or takes away; 4.35 and 19.99 times 100 are
#: less than they are.
SERIES: Final = (10, 20, 7, 1_999, 435, 829, 110)
TOTAL: Final = 9_990
#: Totals in halalas, and a part of each: ten million and more halalas of a single float, more than
#: 31 bits and 32, a halala less than a thousand million riyals, and all of them.
LARGE: Final = (
    (16_777_217, 8_388_609),
    (2_147_487_983, 2_147_483_649),
    (4_294_971_629, 4_294_967_297),
    (99_999_999_999, 33_333_333_333),
    (100_000_000_000, 12_345_678_901),
)
#: The only one off loopback.
FAR: Final = (2_500_003, 833_333)
rule = family(
    TOLD,
    EXACT,
    SUMS,
    after=("webhook.refund-amount", "webhook.payload", "webhook.identity"),
    needs=Need.INBOX,
)

#: What of an event's order is money.
_MONEY: Final = ("total_price", "refund_amount", "left_amount")


# ---------------------------------------------------------------------- two decimals
@rule("numbers.series-is-exact", MUST, calls=12)
def amounts_of_a_series_are_exact(api: ApiTarget) -> None:
    """In events of a series of refunds refund_amount, left_amount and total_price MUST be exact,
    with at most two decimals and no digits of a float.
    """
    series = _series(api)
    _are_exact(series.told, series.order, series.parts)


@dataclass(frozen=True, slots=True)
class _Series:
    """An order, the parts of it that were refunded, and the order as their events tell it."""

    order: TestOrder
    parts: Sequence[int]
    told: Sequence[dict[str, Any]]


class _Shared:
    """What one judging's rules share."""

    def __init__(self) -> None:
        self.series: Once[str, _Series] = Once()


def _series(api: ApiTarget) -> _Series:
    """A series of refunds, brought about once a run."""

    def made() -> _Series:
        order = api.refundable(total=TOTAL)
        parts = _within(order, SERIES)
        _refund(api, order, parts)
        return _Series(order, parts, _told(api, order, parts))

    return api.shared(_Shared).series.get("series", made)


def _within(order: TestOrder, parts: Sequence[int]) -> list[int]:
    """As many of the parts as leave something of the order."""
    kept: list[int] = []
    for part in parts:
        if sum(kept) + part < order.total:
            kept.append(part)
    return kept


@rule("numbers.prices-are-exact", MUST, TOLD, EXACT, calls=20)
def prices_are_told_exactly(api: ApiTarget) -> None:
    """The total_price of events MUST be the order's, and a full refund's refund_amount as well,
    where a float would miss it by a halala or show its digits.
    """
    # Times 100, 1.15 and 4.35 are less than they are, 1.10 is more; a third of the last two is
    # not a third of their sum.
    orders = [api.refundable(total=total) for total in (110, 115, 435, 100_110, 19_230)]
    for order in orders:
        _refund(api, order, [order.total])
    for order in orders:
        _are_told_exactly(api, order, [order.total])


@rule(
    "numbers.points-are-readable", SHOULD, TOLD, READABLE, after="numbers.series-is-exact", calls=12
)
def points_have_no_digits_of_a_float(api: ApiTarget) -> None:
    """Points in events of a series of refunds SHOULD have at most two decimals."""
    for shown in _series(api).told:
        for name in ("refund_points", "left_points", "total_points"):
            value = shown.get(name, 0)
            fail_unless(
                not isinstance(value, Decimal) or _halalas(value) is not None,
                "points have the digits of a float",
                expected=f"{name} with at most two decimals",
                got=repr(value),
            )


# ---------------------------------------------------------------------- large orders
@rule("numbers.large-orders", MUST, calls=20, riyals=1_000_000_000, far_riyals=25_001)
def large_refunds_are_told_exactly(api: ApiTarget) -> None:
    """Events of refunds MUST tell amounts exactly of orders of up to 1,000,000,000 riyals."""
    refunded: list[tuple[TestOrder, Sequence[int]]] = []
    missing: NotExercised | None = None
    for total, part in LARGE if api.loopback else [FAR]:
        try:
            order = api.refundable(total=total, exact=True)
            parts = [part, order.total - part]
            _refund(api, order, parts)
        except NotExercised as why:
            missing = why
            break
        refunded.append((order, parts))
    # What was refunded is judged, whatever came after it.
    for order, shown in refunded:
        _are_told_exactly(api, order, shown)
    # Merchants may have a largest order.
    if missing is not None and (isinstance(missing, Denied) or not refunded):
        raise missing


# ---------------------------------------------------------------------- comparing
def _are_told_exactly(api: ApiTarget, order: TestOrder, parts: Sequence[int]) -> None:
    _are_exact(_told(api, order, parts), order, parts)


def _told(api: ApiTarget, order: TestOrder, parts: Sequence[int]) -> list[dict[str, Any]]:
    """The order as the events of its parts tell it."""
    return [event.order for event in all_of(api, order, "refunded", len(parts))]


def _refund(api: ApiTarget, order: TestOrder, parts: Sequence[int]) -> None:
    """Refund the parts, in halalas. What is told of them is looked at when all is asked for."""
    api.webhooks()
    for part in parts:
        answer = api.refund(order, amount=sar(part))
        if answer.refused and not order.accepted and len(parts) > 1:
            raise TurnedAway(f"a first partial refund is refused with {answer.status}", order)
        expect(answer, order).accepted()
        _is(answer.order, "total_price", order.total, "an answer")


def _are_exact(told: Sequence[dict[str, Any]], order: TestOrder, parts: Sequence[int]) -> None:
    """Each part is told by an event of its own, with what is left after it, and the price."""
    for shown in told:
        for name in _MONEY:
            _is_money(shown.get(name, 0), name)
        _is(shown, "total_price", order.total, "a refunded event")
    left = order.total
    for part in parts:
        left -= part
        event = next((one for one in told if _halalas(one.get("refund_amount")) == part), None)
        fail_unless(
            event is not None,
            "another refund_amount",
            expected=f"an event with refund_amount {sar_text(part)}",
            got=", ".join(str(one.get("refund_amount")) for one in told),
        )
        _is(event or {}, "left_amount", left, "a refunded event")


def _is(shown: dict[str, Any], name: str, amount: int, where: str) -> None:
    """Where it is shown, it is this amount of halalas."""
    value = shown.get(name)
    fail_unless(
        value is None or _halalas(value) == amount,
        f"another {name}",
        expected=f"{name} {sar_text(amount)} in {where}",
        got=repr(value),
    )


def _is_money(value: object, name: str) -> None:
    fail_unless(
        _halalas(value) is not None,
        "an amount with more than two decimals",
        expected=f"{name} with at most two decimals",
        got=repr(value),
    )


def _halalas(value: object) -> int | None:
    try:
        return halalas(value)  # type: ignore[arg-type]
    except MoneyError:
        return None
