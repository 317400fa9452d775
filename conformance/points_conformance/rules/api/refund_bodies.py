"""``refund.*``: what the body of a refund may say, to the halala, and what a refund keeps."""

from points_conformance.contract.limits import REASON_MAX
from points_conformance.contract.money import sar
from points_conformance.contract.pages import Page
from points_conformance.judging.rule import Level, Profile, inferred, promised, source
from points_conformance.rules.api.expect import IDENTITY, expect
from points_conformance.rules.api.family import family
from points_conformance.rules.api.steps import (
    FULL,
    PARTIAL,
    ends_in,
    fully_refunded,
    is_left,
    partially_refunded,
    refuses,
)
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST = Level.MUST
SMOKE, STANDARD = Profile.SMOKE, Profile.STANDARD
BODY = source(Page.OPENAPI, "POST /orders/{uuid}/refund")
BOUNDED = promised("partial sums bounded")
ROUNDED = inferred("all readings: refused, or rounded to a halala")
EXACT = inferred("money is exact")
PART = "refund.partial"
SUM = "refund.sum-bounded"
rule = family(BODY, after=PART)


# ---------------------------------------------------------------------- what an amount may be
@rule("refund.negative-amount", MUST, calls=8)
def a_negative_amount_is_refused(api: ApiTarget) -> None:
    """A negative amount MUST be refused with 422 and change nothing."""
    order = api.refundable()
    refuses(api, order, "refund", 422, amount=sar(-1))
    refuses(api, order, "refund", 422, amount=-50)


@rule("refund.amount-is-a-number", MUST, calls=17)
def an_amount_that_is_no_number_is_refused(api: ApiTarget) -> None:
    """An amount that is a boolean, a list, an object or a word MUST be refused with 422."""
    order = api.refundable()
    for amount in (True, [10], {"value": 10}, "ten", "NaN"):
        refuses(api, order, "refund", 422, amount=amount)


@rule(
    "refund.zero-moves-nothing", MUST, inferred("zero is not omitted"), BODY, profile=SMOKE, calls=9
)
def a_refund_of_zero_moves_no_money(api: ApiTarget) -> None:
    """A refund of zero, accepted or refused, MUST move no money and refund no order."""
    for body in (b'{"amount": 0}', b'{"amount": 0.00}'):
        order = api.refundable()
        before = api.read(order)
        api.reverse("refund", order, body=body)
        expect(api.read(order)).unchanged_from(before)


@rule("refund.huge-amount", MUST, BOUNDED, calls=8)
def a_huge_amount_is_refused(api: ApiTarget) -> None:
    """An amount of 10^15 and more MUST be refused and change nothing."""
    order = api.refundable()
    before = api.read(order)
    for number in (b"1000000000000000", b"1e15", b"1e400"):
        answer = api.reverse("refund", order, body=b'{"amount": ' + number + b"}")
        expect(answer).refused()
    expect(api.read(order)).unchanged_from(before)


@rule("refund.null-amount", MUST, inferred("both readings: refused, or as if omitted"), calls=4)
def a_null_amount_is_never_a_part(api: ApiTarget) -> None:
    """An amount of null MUST be a full refund, or be refused and change nothing."""
    _all_or_nothing(api, b'{"amount": null}')


@rule("refund.empty-list-body", MUST, inferred("both readings: as {}, or refused"), calls=4)
def an_empty_list_is_an_empty_body_or_refused(api: ApiTarget) -> None:
    """The body [] MUST be a full refund, or be refused and change nothing."""
    _all_or_nothing(api, b"[]")


def _all_or_nothing(api: ApiTarget, body: bytes) -> None:
    order = api.refundable()
    before = api.read(order)
    answer = api.reverse("refund", order, body=body)
    if answer.accepted:
        ends_in(api, order, answer, FULL)
    else:
        expect(answer).refused_with(422, 400)
        expect(api.read(order)).unchanged_from(before)


@rule(
    "refund.numeric-string", MUST, inferred("both readings: refused, or that very amount"), calls=6
)
def a_numeric_string_is_never_another_amount(api: ApiTarget) -> None:
    """An amount such as "25.00" MUST be refused, or be exactly that amount."""
    order = api.refundable()
    part = order.total // 4 + 7
    before = api.read(order)
    answer = api.refund(order, amount=str(sar(part)))
    if answer.accepted:
        expect(answer).shows(PARTIAL)
        is_left(api, order, order.total - part)
    else:
        expect(answer).refused_with(422, 400)
        expect(api.read(order)).unchanged_from(before)


@rule("refund.three-decimals", MUST, ROUNDED, calls=7)
def three_decimals_are_refused_or_rounded(api: ApiTarget) -> None:
    """An amount with three decimals MUST be refused, or booked as one of the halalas beside it."""
    order = api.refundable()
    before = api.read(order)
    answer = api.reverse("refund", order, body=b'{"amount": 0.555}')
    if not answer.accepted:
        expect(answer).refused_with(422, 400)
        expect(api.read(order)).unchanged_from(before)
        return
    # 55 or 56 halalas are gone: above what 55 leave is refused, what 56 leave is there.
    expect(api.refund(order, amount=sar(order.total - 54))).refused()
    more = api.refund(order, amount=sar(order.total - 55))
    if not more.accepted:
        more = api.refund(order, amount=sar(order.total - 56))
    expect(more).accepted().shows(FULL)


# ---------------------------------------------------------------------- exact to the halala
@rule("refund.smallest-amount", MUST, after=SUM, calls=6)
def the_smallest_refund_is_a_halala(api: ApiTarget) -> None:
    """A refund of 0.01 MUST be booked as 0.01."""
    order = api.refundable()
    partially_refunded(api, order, 1)
    is_left(api, order, order.total - 1)


@rule("refund.smallest-total", MUST, calls=5)
def an_order_of_a_halala_is_refunded_once(api: ApiTarget) -> None:
    """An order of 0.01 MUST be fully refunded by 0.01, once."""
    order = api.refundable(1, exact=True)
    fully_refunded(api, order, 1)
    expect(api.refund(order, amount=sar(1))).refused()


@rule("refund.sum-in-halalas", MUST, BOUNDED, EXACT, profile=SMOKE, far=STANDARD, calls=5)
def sums_are_exact_where_floats_are_not(api: ApiTarget) -> None:
    """0.10 and 0.20 of an order of 0.30 MUST add up to a full refund."""
    order = api.refundable(30, exact=True)
    partially_refunded(api, order, 10)
    fully_refunded(api, order, 20)


@rule("refund.halalas-not-cut", MUST, EXACT, after=SUM, profile=SMOKE, calls=5)
def an_amount_keeps_its_halalas(api: ApiTarget) -> None:
    """A refund of 19.99 MUST be booked as 19.99, not as what a cut-off float makes of it."""
    order = api.refundable(3_998, exact=True)
    partially_refunded(api, order, 1_999)
    is_left(api, order, 1_999)


@rule("refund.full-to-the-halala", MUST, EXACT, after="refund.full", calls=8)
def a_full_refund_leaves_no_halala(api: ApiTarget) -> None:
    """A refund without an amount MUST give back all of 19.99 and of 8.29, not what a cut-off float
    makes of them.
    """
    # Times 100, both are less than they are.
    for total in (1_999, 829):
        order = api.refundable(total, exact=True)
        fully_refunded(api, order)
        expect(api.refund(order, amount=sar(1)), order).refused()


@rule("refund.large-amounts", MUST, EXACT, after=SUM, calls=6, riyals=1_234_568)
def amounts_of_ten_thousand_keep_their_halalas(api: ApiTarget) -> None:
    """Amounts of 10,000 riyals and more MUST keep their halalas."""
    # A single float loses halalas above 167,772 SAR; no live server is asked for that much.
    total = 123_456_789 if api.loopback else 2_500_003
    order = api.refundable(total, exact=True)
    partially_refunded(api, order, total // 2 + 1)
    is_left(api, order, total - total // 2 - 1)


@rule("refund.many-parts", MUST, BOUNDED, after="refund.two-equal-parts", calls=30)
def every_part_of_a_long_series_counts(api: ApiTarget) -> None:
    """In a series of 25 partial refunds of one order every one MUST count."""
    order = api.refundable()
    part = order.total // 30
    for _ in range(25):
        partially_refunded(api, order, part)
    is_left(api, order, order.total - 25 * part)


# ---------------------------------------------------------------------- reasons and bodies
@rule("refund.reason-limit", MUST, calls=7)
def a_reason_has_at_most_500_characters(api: ApiTarget) -> None:
    """A reason of 500 characters MUST be accepted; one of 501 MUST be refused with 422."""
    order = api.refundable()
    refuses(api, order, "refund", 422, amount=sar(100), reason="ر" * (REASON_MAX + 1))
    expect(api.refund(order, amount=sar(100), reason="ر" * REASON_MAX), order).accepted()


@rule("refund.reason-is-text", MUST, calls=11)
def a_reason_is_text(api: ApiTarget) -> None:
    """A reason that is a number, a list or an object MUST be refused with 422, and move nothing."""
    order = api.refundable()
    for reason in (5, ["x"], {"a": "b"}):
        refuses(api, order, "refund", 422, amount=sar(100), reason=reason)


@rule("refund.malformed-body", MUST, inferred("what cannot be read asks for no money"), calls=8)
def a_malformed_body_moves_no_money(api: ApiTarget) -> None:
    """A body that is no JSON, or no object, MUST be refused and move no money."""
    order = api.refundable()
    before = api.read(order)
    for body in (b'{"amount": 1.00', b"amount=1.00", b'"1.00"', b"1", b'{"amount": NaN}'):
        expect(api.reverse("refund", order, body=body)).refused()
    expect(api.read(order)).unchanged_from(before)


# ---------------------------------------------------------------------- what a refund keeps
@rule("refund.identity", MUST, inferred("a reversal changes no order's name or price"), calls=6)
def a_refund_keeps_the_orders_identity(api: ApiTarget) -> None:
    """A refund MUST NOT change uuid, order_number, type or total_price."""
    order = api.refundable()
    before = api.read(order)
    for amount in (100, order.total - 100):
        answer = api.refund(order, amount=sar(amount))
        expect(answer, order).accepted().unchanged_from(before, IDENTITY)
        expect(api.read(order)).unchanged_from(before, IDENTITY)


@rule("refund.read-after-write", MUST, inferred("an answer is a fact"), calls=7)
def every_read_after_a_refund_agrees(api: ApiTarget) -> None:
    """After each refund the next read and the one after MUST show its status; nobody polls."""
    order = api.refundable()
    partially_refunded(api, order, order.total // 2)
    for _ in range(2):
        expect(api.read(order)).shows(PARTIAL)
    expect(api.refund(order, amount=sar(order.total - order.total // 2))).accepted()
    for _ in range(2):
        expect(api.read(order)).shows(FULL)
