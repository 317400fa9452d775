"""``race.*`` of several orders: calls at once on different orders, each of which is told its own.

A crowd is one call for each action, twice, each on an order of its own: so every two actions come
at once on two orders. Totals, amounts and reasons differ, so that whatever is mixed up shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from points_conformance.contract.lifecycle import Action, certain
from points_conformance.contract.money import MoneyError, halalas, sar, sar_text
from points_conformance.contract.names import STEPS, Event, OrderStatus, OrderType
from points_conformance.contract.needs import Need
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Denied, Finding, NotExercised
from points_conformance.judging.rule import ALL, Level, Profile, inferred
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.races import no_server_error
from points_conformance.rules.api.serial import ACTIONS
from points_conformance.rules.api.shared import Once
from points_conformance.rules.api.steps import fresh_order, is_left
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import ApiTarget

__all__ = ["rule"]

MUST = Level.MUST
OWN = inferred("a call names one order")
APART = "race.orders-apart"
#: Crowds by profile, and the calls of one: ten orders and their way, calls, and looks afterwards.
_CROWDS = {Profile.SMOKE: 1, Profile.STANDARD: 2, Profile.DEEP: 8}
_ONE: Final = 60
CALLS = {profile: count * _ONE for profile, count in _CROWDS.items()}
_STEPS: Final = tuple(step.value for step in STEPS)
_EVENTS: Final[Mapping[Action, Event]] = {
    Action.CANCEL: Event.CANCELLED,
    Action.REFUND_PART: Event.REFUNDED,
    Action.REFUND_REST: Event.REFUNDED,
}
rule = family(OWN, far=Profile.DEEP)


@dataclass(slots=True)
class Member:
    """An order of a crowd: what is asked of it, where that leads, and what was answered."""

    order: TestOrder
    action: Action
    to: OrderStatus
    reason: str
    amount: int | None
    answer: Answer | None = None

    def call(self) -> tuple[TestOrder, str, dict[str, Any]]:
        """The call on it."""
        if self.amount is not None:
            return self.order, "refund", {"reason": self.reason, "amount": sar(self.amount)}
        fields = {"reason": self.reason} if self.action is Action.CANCEL else {}
        return self.order, self.action.value, fields


@dataclass(frozen=True, slots=True)
class Crowd:
    """Orders on which calls came at once, and those calls."""

    members: Sequence[Member]
    exchanges: Sequence[Exchange]


@dataclass(slots=True)
class Crowds:
    """Those of a run: brought about once, for what was answered and for what is told."""

    made: Once[int, Crowd] = field(default_factory=Once)


def _crowd(api: ApiTarget, number: int) -> Crowd:
    def made() -> Crowd:
        members = [
            member
            for place, action in enumerate(ACTIONS * 2)
            if (member := _member(api, action, number * len(ACTIONS) * 2 + place)) is not None
        ]
        if len(members) < 2:
            raise NotExercised("no two orders at once: none can be made", lacks="fresh orders")
        first = len(api.exchanges)
        answers = api.together([member.call() for member in members])
        for member, answer in zip(members, answers, strict=True):
            member.answer = answer
        return Crowd(members, tuple(api.exchanges[first:]))

    return api.shared(Crowds).made.get(number, made)


def _member(api: ApiTarget, action: Action, number: int) -> Member | None:
    """An order that an action leads on, from the first status it does so; ``None`` without one."""
    start, to = certain(action)[0]
    kind = OrderType.REPLACING if action.value in _STEPS else None
    if action in (Action.REFUND_PART, Action.REFUND_REST):
        start = OrderStatus.APPROVED
    try:
        order = fresh_order(api, start, kind, total=8_011 + 23 * number)
    except Denied:
        raise
    except NotExercised:
        return None
    amount = {Action.REFUND_PART: order.total // 4, Action.REFUND_REST: order.total}.get(action)
    return Member(order, action, to, f"Reason number {number + 1} of its order alone", amount)


# ---------------------------------------------------------------------- what is answered
@rule(APART, MUST, after=("refund.partial", "refund.full"), calls=CALLS, alone=ALL)
def calls_at_once_on_different_orders_do_not_mix(api: ApiTarget) -> None:
    """Of calls at once on different orders each MUST be done to its own order and answered so."""
    for number in range(max(api.allowance // _ONE, 1)):
        crowd = _crowd(api, number)
        no_server_error([m.answer for m in crowd.members if m.answer is not None])
        for member in crowd.members:
            _is_its_own(api, member, crowd)


def _is_its_own(api: ApiTarget, member: Member, crowd: Crowd) -> None:
    """The answer and the next read are of this order, and show what was asked of it."""
    answer, order = member.answer, member.order
    if answer is None or answer.status >= 500:
        return
    ends = member.to if answer.accepted else order.status
    before = len(api.exchanges)
    try:
        if answer.accepted:
            _names(answer, order)
            expect(answer).shows(ends)
        read = api.read(order)
        _names(read, order)
        expect(read).shows(ends)
        if answer.accepted and member.action is Action.REFUND_PART:
            is_left(api, order, order.total - (member.amount or 0))
    except Finding as finding:
        raise Finding(
            f"{member.action.value} at once with calls on other orders: {finding.title}",
            expected=finding.expected,
            got=finding.got,
            exchanges=[*crowd.exchanges, *api.exchanges[before:]],
        ) from None


def _names(answer: Answer, order: TestOrder) -> None:
    """Whatever an answer shows of an order's name and price is this order's."""
    shown = answer.order
    own = {"uuid": order.uuid.lower(), "order_number": order.number}
    for name, value in own.items():
        if value is not None and shown.get(name) is not None:
            fail_unless(
                str(shown[name]).lower() == value.lower(),
                "an answer is of another order",
                expected=f"{name} {value}",
                got=shown[name],
            )
    _costs(shown, "total_price", order.total, "an answer is of another order")


def _costs(shown: Mapping[str, Any], name: str, amount: int, title: str) -> None:
    try:
        found = halalas(shown[name])
    except (KeyError, MoneyError):
        return  # Not shown, or wrong in a way that other rules speak of.
    fail_unless(found == amount, title, expected=f"{name} {sar_text(amount)}", got=sar_text(found))


# ---------------------------------------------------------------------- what is told
@rule("race.orders-told-apart", MUST, after=APART, needs=Need.INBOX, calls=CALLS)
def what_is_told_of_calls_at_once_does_not_mix(api: ApiTarget) -> None:
    """Of calls at once on different orders each event MUST be of its own order, in every field."""
    for number in range(max(api.allowance // _ONE, 1)):
        crowd = _crowd(api, number)
        for member in crowd.members:
            if member.action in _EVENTS and member.answer is not None and member.answer.accepted:
                _is_told_of_its_own(api, member, crowd)


def _is_told_of_its_own(api: ApiTarget, member: Member, crowd: Crowd) -> None:
    title = f"a {member.action.value} at once with others is told with what is another order's"
    order, event = member.order, _EVENTS[member.action]
    # What was left of it may have gone back since, and its event may come before this one.
    operation = "cancel" if event is Event.CANCELLED else "refund"
    count = sum(reversal.operation == operation for reversal in order.accepted)
    events = [one.order for one in all_of(api, order, event.value, count)]
    try:
        for told in events:
            _is(told, "id", order.uuid, title)
            _is(told, "order_number", order.number, title)
            _costs(told, "total_price", order.total, title)
        told = next((one for one in events if one.get("reason") == member.reason), events[0])
        _is(told, "reason", member.reason, title)
        if member.amount is not None:
            _costs(told, "refund_amount", member.amount, title)
    except Finding as finding:
        finding.exchanges = tuple(crowd.exchanges)
        raise


def _is(told: Mapping[str, Any], name: str, value: str | None, title: str) -> None:
    """Where an event shows it, it is this."""
    if value is not None and told.get(name) is not None:
        same = str(told[name]).lower() == value.lower()
        fail_unless(same, title, expected=f"{name} {value!r}", got=repr(told[name]))
