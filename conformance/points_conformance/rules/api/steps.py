"""Steps that many rules take: refund a part, be refused and find nothing changed, look again."""

from typing import Any

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.finding import Denied, NotExercised
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import REASON, ApiTarget

__all__ = [
    "ends_in",
    "fresh_order",
    "fully_refunded",
    "is_left",
    "partially_refunded",
    "refuses",
]

PARTIAL, FULL = OrderStatus.PARTIALLY_REFUNDED, OrderStatus.FULLY_REFUNDED


def fresh_order(
    api: ApiTarget, status: OrderStatus, kind: OrderType | None = None, *, total: int = 10_000
) -> TestOrder:
    """An order made for this run, of ``total`` halalas: whoever needs many uses up none of those
    that the user gave, which are few. Raises :class:`NotExercised`, which says so.
    """
    try:
        return api.order(status, kind=kind, total=total, fresh=True)
    except Denied:
        raise
    except NotExercised as missing:
        named = f"{status.value} {kind.value} order" if kind else f"{status.value} order"
        raise NotExercised(
            f"no {named} can be made, and none of the given ones is used up for a whole matrix: "
            "supply the hook pytest_points_make_order",
            lacks=missing.lacks,
        ) from None


def ends_in(api: ApiTarget, order: TestOrder, answer: Answer, *statuses: OrderStatus) -> None:
    """A reversal was accepted, and both its answer and the next read show one of the statuses."""
    expect(answer, order).accepted().shows(*statuses)
    expect(api.read(order)).shows(*statuses)


def partially_refunded(api: ApiTarget, order: TestOrder, amount: int) -> Answer:
    """Refund ``amount`` halalas, less than what is left: accepted, ``partially_refunded``."""
    answer = api.refund(order, amount=sar(amount))
    expect(answer, order).accepted().shows(PARTIAL)
    return answer


def fully_refunded(api: ApiTarget, order: TestOrder, amount: int | None = None) -> Answer:
    """Refund all that is left, by amount in halalas or without one: ``fully_refunded``."""
    fields: dict[str, Any] = {} if amount is None else {"amount": sar(amount)}
    answer = api.refund(order, **fields)
    ends_in(api, order, answer, FULL)
    return answer


def refuses(api: ApiTarget, order: TestOrder, operation: str, *codes: int, **fields: Any) -> Answer:
    """The call is refused with one of the codes, and the order reads as before."""
    before = api.read(order)
    answer = api.reverse(operation, order, {"reason": REASON, **fields})
    expect(answer, order).refused_with(*codes)
    expect(api.read(order)).unchanged_from(before)
    return answer


def is_left(api: ApiTarget, order: TestOrder, amount: int) -> None:
    """Exactly ``amount`` halalas are left: one more is refused, and these end the order.

    REST never shows how much was refunded; what is left shows in what can still go back.
    """
    above = api.refund(order, amount=sar(amount + 1))
    fail_unless(
        above.refused,
        "more goes back than is left",
        expected=f"a refund of {sar(amount + 1)} to be refused: {sar(amount)} SAR are left",
        got=f"HTTP {above.status}, order_status {above.order_status!r}",
    )
    rest = api.refund(order, amount=sar(amount))
    fail_unless(
        rest.accepted,
        "less is left than should be",
        expected=f"a refund of the {sar(amount)} SAR that are left to be accepted",
        got=f"HTTP {rest.status}",
    )
    expect(rest).shows(FULL)
    expect(api.read(order)).shows(FULL)
