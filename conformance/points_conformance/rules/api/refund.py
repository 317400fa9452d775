"""``refund.*``: what a refund does and refuses; no double refund, partial sums bounded.

REST never shows how much was refunded. What is left shows in what can still go
back: ``is_left`` asks for a halala more, which is refused, and for exactly the rest.
"""

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus
from points_conformance.contract.pages import Page
from points_conformance.judging.rule import Level, Profile, inferred, promised, source
from points_conformance.rules.api.expect import expect
from points_conformance.rules.api.family import family
from points_conformance.rules.api.readings import cancellable
from points_conformance.rules.api.steps import (
    FULL,
    PARTIAL,
    ends_in,
    fully_refunded,
    is_left,
    partially_refunded,
    refuses,
)
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder, TurnedAway
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST = Level.MUST
SMOKE, STANDARD = Profile.SMOKE, Profile.STANDARD
REFUND = source(Page.REVERSALS, "Refund an order")
LIFECYCLE = source(Page.LIFECYCLE, "State machine")
BODY = source(Page.OPENAPI, "POST /orders/{uuid}/refund")
EXAMPLES = source(Page.OPENAPI, "Refund examples")
TWICE = promised("no double refunds")
BOUNDED = promised("partial sums bounded")
REST = inferred("the remainder, or the full amount, which is then too much")
ONCE = "refund.full"
PART = "refund.partial"
FULL_TWICE = "refund.second-full-is-refused"
SUM = "refund.sum-bounded"
UNREASONED = "refund.no-reason-needed"
rule = family(REFUND, after=PART)


# ---------------------------------------------------------------------- full and partial
@rule(ONCE, MUST, after=(), core=True, profile=SMOKE, calls=3)
def a_full_refund_ends_fully_refunded(api: ApiTarget) -> None:
    """A refund without an amount MUST end in fully_refunded."""
    order = api.refundable()
    answer = api.refund(order)
    _unless_switched_off(answer, order, "refunds")
    ends_in(api, order, answer, FULL)


@rule(PART, MUST, core=True, profile=SMOKE, after=ONCE, calls=3)
def a_partial_refund_ends_partially_refunded(api: ApiTarget) -> None:
    """A refund of less than the total MUST end in partially_refunded."""
    order = api.refundable()
    answer = api.refund(order, amount=sar(order.total // 4))
    _unless_switched_off(answer, order, "partial refunds")
    ends_in(api, order, answer, PARTIAL)


def _unless_switched_off(answer: Answer, order: TestOrder, what: str) -> None:
    if answer.refused:
        raise TurnedAway(
            f"the first of the {what} was refused with {answer.status}: {what} may be switched off "
            "for this merchant (Testing credentials), or the order is outside the refund window",
            order,
        )


@rule("refund.empty-object", MUST, after=UNREASONED, profile=SMOKE, far=STANDARD, calls=3)
def an_empty_object_is_a_full_refund(api: ApiTarget) -> None:
    """A refund with the body {} MUST be a full refund."""
    order = api.refundable()
    ends_in(api, order, api.reverse("refund", order, body=b"{}"), FULL)


@rule("refund.amount-equal-to-total", MUST, BODY, calls=4)
def an_amount_equal_to_the_total_is_a_full_refund(api: ApiTarget) -> None:
    """A refund whose amount equals the total MUST end in fully_refunded."""
    order = api.refundable()
    fully_refunded(api, order, order.total)


@rule("refund.captured-order", MUST, LIFECYCLE, calls=7)
def a_captured_order_can_be_refunded(api: ApiTarget) -> None:
    """A captured order MUST accept a partial refund and the refund of the rest."""
    order = api.order(OrderStatus.CAPTURED)
    partially_refunded(api, order, order.total // 2)
    fully_refunded(api, order, order.total - order.total // 2)


@rule(UNREASONED, MUST, profile=SMOKE, calls=6)
def a_reason_is_optional(api: ApiTarget) -> None:
    """A refund with an amount and without a reason, or without a body, MUST be accepted."""
    order = api.refundable()
    ends_in(api, order, api.reverse("refund", order, {"amount": sar(100)}), PARTIAL)
    order = api.refundable()
    ends_in(api, order, api.reverse("refund", order), FULL)


# ---------------------------------------------------------------------- no double refund
@rule(FULL_TWICE, MUST, TWICE, REFUND, core=True, after=ONCE, profile=SMOKE, calls=6)
def a_second_full_refund_is_refused(api: ApiTarget) -> None:
    """A fully refunded order MUST refuse another full refund with 400 and stay as it is."""
    order = api.refundable()
    fully_refunded(api, order)
    refuses(api, order, "refund", 400)


@rule("refund.part-after-full-is-refused", MUST, TWICE, after=(PART, FULL_TWICE), calls=6)
def a_partial_refund_after_a_full_one_is_refused(api: ApiTarget) -> None:
    """A fully refunded order MUST refuse a partial refund and stay as it is."""
    order = api.refundable()
    fully_refunded(api, order)
    refuses(api, order, "refund", 400, 422, amount=sar(1))


@rule("refund.full-by-amount-twice-is-refused", MUST, TWICE, after=(PART, FULL_TWICE), calls=6)
def a_full_refund_by_amount_is_not_repeated(api: ApiTarget) -> None:
    """A refund of the whole total by amount MUST be refused the second time."""
    order = api.refundable()
    fully_refunded(api, order, order.total)
    refuses(api, order, "refund", 400, 422, amount=sar(order.total))


@rule("refund.after-parts-is-refused", MUST, TWICE, after=(PART, FULL_TWICE), calls=8)
def an_order_refunded_in_parts_is_not_refunded_again(api: ApiTarget) -> None:
    """An order whose parts add up to its total MUST refuse any further refund."""
    order = api.refundable()
    half = order.total // 2
    partially_refunded(api, order, half)
    fully_refunded(api, order, order.total - half)
    refuses(api, order, "refund", 400)


# ---------------------------------------------------------------------- partial sums bounded
@rule(SUM, MUST, BOUNDED, core=True, profile=SMOKE, calls=6)
def partial_refunds_never_exceed_the_total(api: ApiTarget) -> None:
    """Partial refunds MUST be refused as soon as their sum would exceed the total."""
    order = api.refundable()
    first = order.total * 6 // 10
    partially_refunded(api, order, first)
    is_left(api, order, order.total - first)


@rule("refund.above-total", MUST, BOUNDED, calls=5)
def an_amount_above_the_total_is_refused(api: ApiTarget) -> None:
    """An amount a halala above the total MUST be refused with 400 or 422 and change nothing."""
    order = api.refundable()
    refuses(api, order, "refund", 400, 422, amount=sar(order.total + 1))


@rule("refund.above-left", MUST, BOUNDED, after=SUM, calls=6)
def an_amount_above_what_is_left_is_refused(api: ApiTarget) -> None:
    """An amount a halala above what is left MUST be refused with 400 or 422 and change nothing."""
    order = api.refundable()
    partially_refunded(api, order, order.total // 4)
    left = order.total - order.total // 4
    refuses(api, order, "refund", 400, 422, amount=sar(left + 1))


@rule("refund.whole-total-after-part", MUST, BOUNDED, after=SUM, calls=8)
def the_whole_total_after_a_part_is_refused(api: ApiTarget) -> None:
    """After a partial refund an amount equal to the total MUST be refused and change nothing."""
    order = api.refundable()
    partially_refunded(api, order, order.total // 4)
    refuses(api, order, "refund", 400, 422, amount=sar(order.total))
    is_left(api, order, order.total - order.total // 4)


@rule("refund.remainder-by-amount", MUST, EXAMPLES, LIFECYCLE, profile=SMOKE, calls=5)
def the_remainder_by_amount_ends_the_refund(api: ApiTarget) -> None:
    """A refund of exactly what is left MUST end in fully_refunded."""
    order = api.refundable()
    partially_refunded(api, order, order.total // 3)
    fully_refunded(api, order, order.total - order.total // 3)


@rule("refund.remainder-without-amount", MUST, BOUNDED, LIFECYCLE, REST, after=SUM, calls=7)
def a_refund_without_amount_after_a_part_is_bounded(api: ApiTarget) -> None:
    """After a partial refund one without amount MUST give back the rest, or change nothing."""
    order = api.refundable()
    partially_refunded(api, order, order.total // 4)
    answer = api.refund(order)
    if answer.accepted:
        ends_in(api, order, answer, FULL)
        expect(api.refund(order, amount=sar(1))).refused()
    else:
        expect(answer).refused_with(400, 422)
        is_left(api, order, order.total - order.total // 4)


@rule(
    "refund.two-equal-parts", MUST, REFUND, BOUNDED, after=SUM, profile=SMOKE, far=STANDARD, calls=7
)
def two_equal_partial_refunds_both_count(api: ApiTarget) -> None:
    """Two equal partial refunds, one straight after the other, MUST both be carried out."""
    order = api.refundable()
    part = order.total * 4 // 10
    partially_refunded(api, order, part)
    partially_refunded(api, order, part)
    is_left(api, order, order.total - 2 * part)


# ---------------------------------------------------------------------- from which statuses
@rule("refund.new-is-refused", MUST, LIFECYCLE, after=ONCE, calls=7)
def a_new_order_is_not_refunded(api: ApiTarget) -> None:
    """A new order MUST refuse a refund with 400, full or partial, and stay as it is."""
    _refuses_both(api, api.order(OrderStatus.NEW))


@rule("refund.authorized-is-refused", MUST, LIFECYCLE, after=ONCE, calls=9)
def an_authorized_order_is_not_refunded(api: ApiTarget) -> None:
    """An authorized order MUST refuse a refund with 400, full or partial, and stay as it is."""
    _refuses_both(api, api.order(OrderStatus.AUTHORIZED))


@rule(
    "refund.cancelled-is-refused",
    MUST,
    TWICE,
    inferred("what was cancelled was given back"),
    after=("cancel.ends-cancelled", ONCE),
    profile=SMOKE,
    calls=10,
)
def a_cancelled_order_is_not_refunded(api: ApiTarget) -> None:
    """A cancelled order MUST refuse a refund with 400, full or partial, and stay as it is."""
    order = cancellable(api)
    ends_in(api, order, api.cancel(order), OrderStatus.CANCELLED)
    _refuses_both(api, order)


def _refuses_both(api: ApiTarget, order: TestOrder) -> None:
    refuses(api, order, "refund", 400)
    refuses(api, order, "refund", 400, amount=sar(100))
