"""``race.pairs-with-*``: every two actions at once on one order do what they may do one by one.

Whatever a target accepts of calls at once, in some order it could have accepted them one after the
other, and the order is afterwards what they lead to in that order. Any of them may be turned away.
"""

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import Any, Final

from points_conformance.contract.dialect import Dialect
from points_conformance.contract.lifecycle import Action, every_arrow
from points_conformance.contract.money import sar
from points_conformance.contract.names import STEPS, OrderStatus, OrderType
from points_conformance.contract.needs import Need
from points_conformance.judging.finding import Denied, Finding, NotExercised
from points_conformance.judging.rule import ALL, Level, Profile, inferred, promised
from points_conformance.ledger import OrderLedger
from points_conformance.rules.api import readings
from points_conformance.rules.api.expect import expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.races import no_server_error
from points_conformance.rules.api.serial import ACTIONS, Asked, Pair, books_after, pairs, where
from points_conformance.rules.api.steps import fresh_order, is_left
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import REASON, ApiTarget

__all__ = ["rule"]

TWICE = promised("no double refunds, partial sums bounded")
SERIAL = inferred("calls at once are calls; there is an order in which they were carried out")
#: Calls of a round at most: an order and its way, each of the two twice, and looks afterwards.
_ROUND: Final = 14
#: How often a pair is tried; two of one kind are four of a kind, and meet at once. Deep has every
#: status, so many times.
_FEW: Final = 2
_TIMES: Final = 4
#: Whether paid orders can be cancelled, asked once a run.
_READINGS: Final = 6
_PAID: Final = {
    OrderStatus.APPROVED: "cancel_approved",
    OrderStatus.CAPTURED: "cancel_captured",
}
rule = family(TWICE, SERIAL, far=Profile.DEEP, alone=ALL)


# ---------------------------------------------------------------------- a round
def _opened(api: ApiTarget, pair: Pair, status: OrderStatus) -> tuple[TestOrder, OrderLedger]:
    """An order in a status, and its books. What is partially refunded was it by us."""
    steps = {step.value for step in STEPS}
    kind = OrderType.REPLACING if steps & {action.value for action in pair} else None
    parted = status is OrderStatus.PARTIALLY_REFUNDED
    order = fresh_order(api, OrderStatus.APPROVED if parted else status, kind)
    gone = order.total // 4 if parted else 0
    if parted and not api.refund(order, amount=sar(gone)).accepted:
        # A merchant may have them switched off, which other rules say.
        raise NotExercised("no part is refunded here", lacks="partially refunded orders")
    return order, OrderLedger(
        kind=order.kind, status=status, total=order.total, points=0, refunded=gone
    )


def _amount(action: Action, books: OrderLedger) -> int | None:
    """The halalas asked for: two parts fit into what is left, a part and the rest do not."""
    return {Action.REFUND_PART: books.left * 3 // 10, Action.REFUND_REST: books.left}.get(action)


def _call(action: Action, amount: int | None) -> tuple[str, dict[str, Any]]:
    if amount is not None:
        return "refund", {"reason": REASON, "amount": sar(amount)}
    return action.value, {"reason": REASON} if action is Action.CANCEL else {}


def _round(api: ApiTarget, pair: Pair, status: OrderStatus, dialect: Dialect) -> None:
    """Both actions at once, each twice, and whether what came of it could have come one by one."""
    order, books = _opened(api, pair, status)
    asked: list[Asked] = [(action, _amount(action, books)) for action in pair * 2]
    answers = api.together([(order, *_call(*one)) for one in asked])
    whole = [answer for answer in answers if answer is not None]
    no_server_error(whole)
    if len(whole) < len(asked) or any(answer.status >= 500 for answer in whole):
        return  # What became of a call that was lost, nobody knows.
    accepted = [one for one, answer in zip(asked, whole, strict=True) if answer.accepted]
    ends = books_after(books, accepted, dialect)
    fail_unless(
        bool(ends),
        "more was accepted than any order of them allows",
        expected="what could have been accepted one after the other",
        got=f"{_told(accepted)} accepted of an order that was {status.value}",
    )
    shown = expect(api.read(order)).shows(*{end.status for end in ends}).answer.order_status
    _is_booked(api, order, [end for end in ends if end.status.value == shown])


def _is_booked(api: ApiTarget, order: TestOrder, ends: Sequence[OrderLedger]) -> None:
    """What was given back at once was counted, once."""
    left = {end.left for end in ends}
    if len(left) == 1 and all(end.status is OrderStatus.PARTIALLY_REFUNDED for end in ends):
        is_left(api, order, left.pop())


def _told(accepted: Sequence[Asked]) -> str:
    return ", ".join(action.value for action, _ in accepted) or "nothing"


# ---------------------------------------------------------------------- the rules
def _spoken(api: ApiTarget) -> Dialect:
    """All that may be accepted, but for what is known to be refused here."""
    known = {field: readings.cancel_settled(api, status) for status, field in _PAID.items()}
    refused = {field: "refused" for field, reading in known.items() if reading == "refused"}
    return every_arrow().with_(**refused)


def _places(action: Action) -> list[tuple[Pair, OrderStatus]]:
    """The pairs that an action is the first of, and where they are tried, what standard has first:
    each pair where it matters most, and then in its next status, if there is one.
    """
    mine = [pair for pair in pairs() if pair[0] is action]
    few = [(pair, status) for pair in mine for status in islice(cycle(where(pair)), _often(pair))]
    rest = [(pair, status) for pair in mine for status in where(pair)[_often(pair) :]]
    return [*few, *rest]


def _often(pair: Pair) -> int:
    one, other = pair
    return 1 if one is other else _FEW


def _calls(action: Action) -> dict[Profile, int]:
    few = sum(_often(pair) for pair in pairs() if pair[0] is action)
    rounds = {**dict.fromkeys(Profile, few), Profile.DEEP: len(_places(action)) * _TIMES}
    return {profile: count * _ROUND + _READINGS for profile, count in rounds.items()}


def _after(action: Action) -> tuple[str, ...]:
    """What each pair rests on. Where steps are refused, other rules say so."""
    if action in (Action.REFUND_PART, Action.REFUND_REST):
        return ("refund.sum-bounded", "refund.second-full-is-refused")
    return ("cancel.second-is-refused",) if action is Action.CANCEL else ()


def _made(action: Action) -> Callable[[ApiTarget], None]:
    def at_once_is_as_one_by_one(api: ApiTarget) -> None:
        rounds = max((api.allowance - _READINGS) // _ROUND, 1)
        dialect = _spoken(api)
        findings: list[Finding] = []
        missing: NotExercised | None = None
        played = 0
        for number, (pair, status) in enumerate(islice(cycle(_places(action)), rounds)):
            first = len(api.exchanges)
            try:
                _round(api, pair if number % 2 else pair[::-1], status, dialect)
            except Denied:
                raise
            except NotExercised as lack:
                missing = missing or lack
                continue
            except Finding as finding:
                findings.append(_named(finding, pair, status, api, first))
            played += 1
        if findings:
            findings[0].rounds = f"{len(findings)} of {played} rounds"
            raise findings[0]
        if not played and missing is not None:
            raise missing

    at_once_is_as_one_by_one.__doc__ = (
        f"Where {action.value} comes at once with itself or another call on its order, what is "
        "accepted MUST be what could have been accepted one after the other, and be booked so."
    )
    return at_once_is_as_one_by_one


def _named(
    finding: Finding, pair: Pair, status: OrderStatus, api: ApiTarget, first: int
) -> Finding:
    one, other = pair
    return Finding(
        f"{one.value} and {other.value} at once, {status.value}: {finding.title}",
        expected=finding.expected,
        got=finding.got,
        exchanges=api.exchanges[first:],
    )


def _register() -> None:
    """A rule for each action, with itself and those after it."""
    for action in ACTIONS:
        step = action.value in {step.value for step in STEPS}
        register = rule(
            f"race.pairs-with-{action.value.replace(' ', '-')}",
            Level.MUST,
            needs=Need.REPLACING if step else (),
            after=_after(action),
            calls=_calls(action),
        )
        register(_made(action))


_register()
