"""Orders that differ in all they have, watched through their reversals; once a run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Finding, NotExercised
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.expect import expect
from points_conformance.rules.api.readings import cancel_settled, cancellable
from points_conformance.rules.api.reasons import MARKUP, SCRIPTS
from points_conformance.rules.api.shared import Once
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder, TurnedAway
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.target import ApiTarget

__all__ = [
    "CANCELLED_FOR",
    "Watched",
    "auto_refunds",
    "brought_about",
    "cancels",
    "looked_back_on",
    "refunds",
]

#: Asked of one order before it is refunded, so that there is a shipping status to keep where the
#: server takes it; nothing goes out of the house by it.
_SHIPPED: Final = b'{"status": "ready_shipping"}'
#: The reasons of the two cancels: all that is special to a page, and every script.
CANCELLED_FOR: Final = (" ".join(MARKUP.values()), " ".join(SCRIPTS.values()))
#: Totals in halalas that no two orders share.
_TOTALS: Final = (15_075, 8_990, 4_004)


@dataclass(slots=True)
class Watched:
    """An order as it was read before, and as each answer, read and event showed it since.

    ``answers``: whether it is a read, and the answer, in their order.
    """

    order: TestOrder
    before: Answer
    event: str
    answers: list[tuple[bool, Answer]] = field(default_factory=list)
    events: list[Received] = field(default_factory=list)
    exchanges: Sequence[Exchange] = ()

    def finding(self, title: str, *, expected: object, got: object) -> Finding:
        """A finding with the story's calls."""
        return Finding(title, expected=str(expected), got=str(got), exchanges=self.exchanges)

    def answered(self, answer: Answer) -> None:
        """A reversal was carried out."""
        expect(answer, self.order).accepted()
        self.answers.append((False, answer))

    def look(self, api: ApiTarget) -> None:
        """Read it."""
        self.answers.append((True, api.read(self.order)))

    def hear(self, api: ApiTarget) -> None:
        """Fetch what was told of it, where there is an inbox."""
        if api.inbox is not None:
            count = sum(not read for read, _ in self.answers) or 1
            self.events = all_of(api, self.order, self.event, count)


#: Brings orders about and watches them.
Story = Callable[[ApiTarget], Sequence[Watched]]


class _Stories:
    """What one judging's rules share."""

    def __init__(self) -> None:
        self.watched: Once[str, Sequence[Watched]] = Once()


def brought_about(api: ApiTarget, story: Story) -> Sequence[Watched]:
    """What came of a story, which is brought about once a run."""

    def made() -> Sequence[Watched]:
        first = len(api.exchanges)
        try:
            done = story(api)
        except Finding as finding:
            finding.exchanges = finding.exchanges or tuple(api.exchanges[first:])
            raise
        return [replace(one, exchanges=tuple(api.exchanges[first:])) for one in done]

    return api.shared(_Stories).watched.get(story.__name__, made)


def looked_back_on(api: ApiTarget, story: Story) -> Sequence[Watched]:
    """What came of the story of a rule before. Raises :class:`NotExercised` where it did not come
    about, which that rule told why.
    """
    if not api.shared(_Stories).watched.has(story.__name__):
        raise NotExercised(
            "the orders that this looks at did not come about", lacks="watched orders"
        )
    return brought_about(api, story)


def _metadata(name: str) -> Mapping[str, Any]:
    """What describes an order, and no other: all that JSON has, nested."""
    return {
        "basket": f"basket-{name}",
        "till": {"number": ord(name), "open": True, "floors": [1, 2.5, {"wing": name}]},
        "note": f"“{name}” & co. <gift>",
        "coupon": None,
    }


def _read(api: ApiTarget, orders: Sequence[TestOrder], event: str) -> list[Watched]:
    """The orders as they are before."""
    return [Watched(order, api.read(order), event) for order in orders]


def refunds(api: ApiTarget) -> Sequence[Watched]:
    """Two orders that are refunded in two parts each, by turns, and one at once."""
    orders = [
        api.refundable(total, metadata=_metadata(name))
        for name, total in zip("abc", _TOTALS, strict=True)
    ]
    api.call("POST", f"/orders/{orders[0].uuid}/status", body=_SHIPPED)
    first, second, third = watched = _read(api, orders, "refunded")
    parts = [one.order.total // 3 for one in watched]
    for one, part in ((first, parts[0]), (second, parts[1])):
        answer = api.refund(one.order, amount=sar(part))
        if answer.refused and not one.order.accepted:
            why = f"a first partial refund is refused with {answer.status}"
            raise TurnedAway(why, one.order)
        one.answered(answer)
    first.look(api)
    second.look(api)
    for one, part in ((first, parts[0]), (second, parts[1])):
        one.answered(api.refund(one.order, amount=sar(one.order.total - part)))
    third.answered(api.refund(third.order))
    for one in watched:
        one.look(api)
        one.hear(api)
    return watched


def cancels(api: ApiTarget) -> Sequence[Watched]:
    """Two orders that are cancelled for reasons that something may change: :data:`CANCELLED_FOR`.

    Orders that can be cancelled are rare: what else is looked at in a cancel looks at these.
    """
    cancel_settled(api, OrderStatus.APPROVED)
    orders = [cancellable(api, metadata=_metadata(name)) for name in "ab"]
    watched = _read(api, orders, "cancelled")
    for one, reason in zip(watched, CANCELLED_FOR, strict=True):
        one.answered(api.cancel(one.order, reason=reason))
    for one in watched:
        one.look(api)
        one.hear(api)
    return watched


def auto_refunds(api: ApiTarget) -> Sequence[Watched]:
    """Two replacing orders that the platform refunds by itself."""
    api.webhooks()
    metadata = [_metadata(name) for name in "ab"]
    orders = [api.order(kind=OrderType.REPLACING, metadata=described) for described in metadata]
    watched = _read(api, orders, "auto_refunded")
    for one in watched:
        api.auto_refund(one.order)
    for one in watched:
        one.hear(api)
        one.look(api)
    return watched
