"""Expectations: read like the rule, raise a finding with "expected A; got B".

They never depend on assertion rewriting and take no decision of their own: whatever a source
leaves open is listed by the rule that uses them.
"""

from collections.abc import Iterable

from points_conformance.contract.names import OrderStatus
from points_conformance.judging.finding import Denied, Finding
from points_conformance.judging.verdict import Cost
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder, TurnedAway

__all__ = ["IDENTITY", "Expectation", "expect", "fail_unless"]

#: What a reversal never touches (inferred: they name the order and its price).
IDENTITY = ("uuid", "order_number", "type", "total_price")
#: What a refusal leaves as it was. ``updated_at`` is the server's own affair.
_STATE = (*IDENTITY, "order_status", "total_points", "settlement_status")


def fail_unless(
    held: bool, title: str, *, expected: str, got: object, cost: Cost | None = None
) -> None:
    """Raise a finding unless ``held``."""
    if not held:
        raise Finding(title, expected=expected, got=str(got), cost=cost)


def expect(answer: Answer, order: TestOrder | None = None) -> "Expectation":
    """What is expected of an answer; with the order that it is about, where there is one."""
    return Expectation(answer, order)


class Expectation:
    """Expectations on one answer. Each returns itself, so that they can be chained."""

    def __init__(self, answer: Answer, order: TestOrder | None) -> None:
        self.answer = answer
        self.order = order

    def accepted(self) -> "Expectation":
        """The call was carried out.

        The first refund of an order that the user gave may be refused for its age or settlement,
        which nobody can see from outside: then another order is tried. A cancel has no window.
        """
        order = self.order
        if self.answer.refused and order is not None and self._may_be_too_old(order):
            raise TurnedAway(
                f"the first refund of the given order {order.uuid} was refused with "
                f"{self.answer.status}: outside the refund window, or settled?",
                order,
            )
        fail_unless(
            self.answer.accepted,
            "refused what must be accepted",
            expected="the call to be carried out (200)",
            got=_shown(self.answer),
        )
        return self

    def _may_be_too_old(self, order: TestOrder) -> bool:
        refund = bool(order.reversals) and order.reversals[-1].operation == "refund"
        return order.given and refund and not order.accepted

    def refused_with(self, *codes: int) -> "Expectation":
        """The call was refused with one of the codes that a source names."""
        fail_unless(
            self.answer.status in codes,
            "accepted what must be refused"
            if self.answer.accepted
            else "refused with another code",
            expected=f"a refusal with {_either(codes)}",
            got=_shown(self.answer),
        )
        return self

    def refused(self) -> "Expectation":
        """The call was refused, where the sources leave the code open."""
        fail_unless(
            self.answer.refused,
            "accepted what must be refused",
            expected="a refusal (4xx)",
            got=_shown(self.answer),
        )
        return self

    def shows(self, *statuses: OrderStatus) -> "Expectation":
        """The order is said to be in one of the statuses.

        Every field of the resource is optional: a reversal's answer need not say, a read that does
        not say cannot be judged.
        """
        if self.answer.order_status is None:
            if self.answer.exchange.method == "GET":
                raise Denied("reading an order does not show its order_status")
            return self
        fail_unless(
            self.answer.is_in(*statuses),
            "wrong order status",
            expected=f"order_status {_either(status.value for status in statuses)}",
            got=f"order_status {self.answer.order_status!r} ({self.answer.exchange.method})",
        )
        return self

    def unchanged_from(self, before: Answer, fields: Iterable[str] = _STATE) -> "Expectation":
        """The order is as it was read before, in every field that both readings show."""
        for field in fields:
            if field in before.order and field in self.answer.order:
                was, now = before.order[field], self.answer.order[field]
                fail_unless(
                    was == now,
                    f"{field} changed",
                    expected=f"{field} to stay {was!r}",
                    got=f"{field} {now!r}",
                )
        return self


def _either(values: Iterable[object]) -> str:
    return " or ".join(str(value) for value in values)


def _shown(answer: Answer) -> str:
    status = f", order_status {answer.order_status!r}" if answer.order_status else ""
    message = answer.json.get("message") if isinstance(answer.json, dict) else None
    return f"HTTP {answer.status}{status}" + (f" ({message})" if message else "")
