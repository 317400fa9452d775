"""``isolation.*``: one merchant's orders are nobody else's, one order's money is no other's."""

from points_conformance.contract.money import sar, sar_text
from points_conformance.contract.names import OrderStatus
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.finding import Denied, NotExercised
from points_conformance.judging.rule import Level, Profile, inferred, source
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.readings import cancellable
from points_conformance.rules.api.steps import fully_refunded, is_left, partially_refunded
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import REASON, ApiTarget

__all__ = ["rule"]

MUST, SHOULD = Level.MUST, Level.SHOULD
SMOKE, STANDARD = Profile.SMOKE, Profile.STANDARD
RESOURCE = source(Page.OPENAPI, "OrderResource")
OWNER = source(Page.REVERSALS, "Only the owning merchant")
NOT_FOUND = source(Page.OPENAPI, "404 for an order that is not this merchant's")
ONE_REFUND = inferred("a refund names one order")
ONE_CANCEL = inferred("a cancel names one order")
NO_PATH = inferred("the internal id is never used in a path")
READ = "isolation.foreign-read"
SECOND = Need.SECOND_MERCHANT
rule = family()
#: A total in halalas that no answer shows by chance.
TELLTALE = 15_937


@rule("isolation.foreign-read", MUST, OWNER, needs=SECOND, profile=SMOKE, far=STANDARD, calls=3)
def another_merchant_cannot_read_an_order(api: ApiTarget) -> None:
    """Another merchant's read MUST be refused, and MUST reveal nothing of the order."""
    order = api.order(total=TELLTALE)
    own = api.read(order)
    answer = expect(api.read(order, key=api.other_key)).refused().answer
    _reveals_nothing(answer, order, own)


@rule("isolation.foreign-cancel", MUST, OWNER, needs=SECOND, calls=10)
def another_merchant_cannot_cancel_an_order(api: ApiTarget) -> None:
    """Another merchant's cancel MUST be refused, reveal nothing and change nothing."""
    for status in (OrderStatus.NEW, OrderStatus.APPROVED):
        try:
            order = api.order(status, total=TELLTALE)
        except Denied:
            raise
        except NotExercised:
            if status is OrderStatus.NEW:
                continue
            raise
        _is_kept_out(api, order, "cancel")


@rule("isolation.foreign-refund", MUST, OWNER, needs=SECOND, profile=SMOKE, calls=7)
def another_merchant_cannot_refund_an_order(api: ApiTarget) -> None:
    """Another merchant's refund, full or partial, MUST be refused and change nothing."""
    order = api.refundable()
    _is_kept_out(api, order, "refund")
    before = api.read(order)
    partial = api.refund(order, key=api.other_key, amount=sar(100))
    expect(partial).refused()
    expect(api.read(order)).unchanged_from(before)


@rule("isolation.foreign-is-404", SHOULD, NOT_FOUND, needs=SECOND, after=READ, calls=4)
def another_merchants_order_is_not_found(api: ApiTarget) -> None:
    """Another merchant's order SHOULD be answered with 404, as if it did not exist."""
    order = api.order()
    expect(api.read(order, key=api.other_key)).refused_with(404)
    expect(api.cancel(order, key=api.other_key)).refused_with(404)
    expect(api.refund(order, key=api.other_key)).refused_with(404)


def _is_kept_out(api: ApiTarget, order: TestOrder, operation: str) -> None:
    before = api.read(order)
    answer = api.reverse(operation, order, {"reason": REASON}, key=api.other_key)
    expect(answer).refused()
    _reveals_nothing(answer, order, before)
    expect(api.read(order)).unchanged_from(before)


def _reveals_nothing(answer: Answer, order: TestOrder, own: Answer) -> None:
    """No field of the order, and none of what only its merchant knows, anywhere in the text."""
    shown = [name for name in answer.order if name != "uuid"]
    known = {
        "order_number": order.number,
        "reference_number": own.order.get("reference_number"),
        "total_price": sar_text(order.total) if order.total % 100 else None,
    }
    told = [
        name
        for name, value in known.items()
        if value and len(str(value)) > 4 and str(value).encode() in answer.body
    ]
    fail_unless(
        not shown and not told,
        "an answer reveals another merchant's order",
        expected="nothing of the order",
        got=f"its {', '.join(shown or told)}",
    )


@rule("isolation.orders-apart", MUST, ONE_REFUND, after="refund.sum-bounded", calls=12, apart=True)
def a_refund_touches_its_own_order_alone(api: ApiTarget) -> None:
    """A refund of one order MUST leave another order of the merchant as it was, money included."""
    one, other = api.refundable(), api.refundable()
    before = api.read(other)
    partially_refunded(api, one, one.total * 6 // 10)
    expect(api.read(other)).unchanged_from(before)
    partially_refunded(api, other, other.total // 2)
    is_left(api, other, other.total - other.total // 2)
    is_left(api, one, one.total - one.total * 6 // 10)


@rule("isolation.equal-refunds", MUST, ONE_REFUND, after="refund.full", calls=6, apart=True)
def equal_refunds_of_two_orders_both_count(api: ApiTarget) -> None:
    """Two orders of one total, refunded one right after the other, MUST both be refunded."""
    one, other = api.refundable(), api.refundable()
    fully_refunded(api, one)
    fully_refunded(api, other)


@rule(
    "isolation.cancel-apart", MUST, ONE_CANCEL, after="cancel.ends-cancelled", calls=6, apart=True
)
def a_cancel_touches_its_own_order_alone(api: ApiTarget) -> None:
    """A cancel of one order MUST leave another order of the merchant as it was."""
    one, other = cancellable(api), api.refundable()
    before = api.read(other)
    expect(api.cancel(one)).accepted()
    expect(api.read(other)).unchanged_from(before)


@rule("isolation.internal-id", MUST, RESOURCE, NO_PATH, calls=3)
def the_internal_id_names_no_order(api: ApiTarget) -> None:
    """The integer id of an order MUST NOT open it."""
    order = api.order()
    internal = api.read(order).order.get("id")
    if internal is None:
        raise NotExercised("the API does not show the internal id", lacks="internal id")
    expect(api.call("GET", f"/orders/{internal}")).refused()
