"""``status.*``: in every status, however it was reached, what the table refuses changes nothing.

One rule for each status, generated from :mod:`~points_conformance.contract.lifecycle`: each way
into it is gone once, and there everything is asked for that the table refuses, and shipping
statuses. A refusal changes nothing, so one order can take all of them, and is read once: only where
that does not hold is the way gone again, with a read after each call, to find the one that did it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Final

from points_conformance.contract.lifecycle import ARROWS, FINAL, Action, arrow
from points_conformance.contract.limits import SHIPPING_STATUSES
from points_conformance.contract.money import sar
from points_conformance.contract.names import STEPS, OrderStatus
from points_conformance.contract.needs import Need
from points_conformance.contract.pages import Page
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Denied, Finding, NotExercised
from points_conformance.judging.rule import Level, Profile, inferred, promised, source
from points_conformance.rules.api.deeds import Deed, call_of, deeds_at, shipping_status
from points_conformance.rules.api.expect import IDENTITY, expect, fail_unless
from points_conformance.rules.api.family import family
from points_conformance.rules.api.steps import fresh_order, fully_refunded
from points_conformance.rules.api.telling import at_rest
from points_conformance.rules.api.ways import WAYS, Way
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.news import News, each_once
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import REASON, ApiTarget

__all__ = ["rule"]

MUST = Level.MUST
LIFECYCLE = source(Page.LIFECYCLE, "State machine")
TWICE = promised("no double refunds")
UNCHANGED = inferred("what was refused did not happen")
#: What a refusal leaves as it was. ``updated_at`` is the server's own affair, the shipping status
#: is what is asked for.
_KEPT: Final = (
    *IDENTITY,
    *("id", "order_status", "total_points", "settlement_status", "reference_number"),
    *("metadata", "items", "created_at"),
)
#: Whoever makes more calls lets the others begin first.
_MANY: Final = 100
rule = family(LIFECYCLE, TWICE, UNCHANGED, far=Profile.DEEP)


# ---------------------------------------------------------------------- a way
@dataclass(slots=True)
class Walk:
    """An order at the end of a way. ``left`` halalas can go back; ``first``: the exchange of the
    rule that it began with. ``refused``: the last arrow, as it may be where it is disputed.
    """

    api: ApiTarget
    way: Way
    order: TestOrder
    left: int
    first: int
    refused: bool = False

    @contextmanager
    def asking(self, name: str, *, since: int | None = None) -> Iterator[None]:
        """A finding within names the status and what was asked for."""
        try:
            yield
        except Finding as finding:
            calls = self.api.exchanges[self.first :]
            raise Finding(
                f"{self.way.end.value} x {name}: {finding.title}",
                expected=finding.expected,
                got=finding.got,
                story=(str(self.way), name),
                exchanges=calls if since is None else [*self._path(), *calls[since:]],
            ) from None

    def _path(self) -> list[Exchange]:
        return self.api.exchanges[self.first : self.first + len(self.way.actions) + 1]


def _opened(api: ApiTarget, way: Way) -> tuple[TestOrder, Way]:
    """An order that begins as early on the way as there is one, and the way from there."""
    missing: NotExercised | None = None
    for number, status in enumerate(way.statuses):
        try:
            order = fresh_order(api, status, way.kind)
        except Denied:
            raise
        except NotExercised as lack:
            missing = missing or lack
            continue
        return order, Way(way.kind, way.statuses[number:], way.actions[number:])
    raise missing or NotExercised("no order")


def _walked(api: ApiTarget, whole: Way) -> Walk | None:
    """Go a way. ``None`` where an arrow before its last is refused: that is the last of another."""
    first = len(api.exchanges)
    order, way = _opened(api, whole)
    walk = Walk(api, way, order, order.total, first)
    for action, to in zip(way.actions, way.statuses[1:], strict=True):
        last = action is way.last and to is way.end
        before = api.read(order) if last and way.disputed else None
        answer = _take(walk, action)
        if answer is None:
            continue
        if not answer.accepted and not last:
            return None
        with walk.asking(f"{action.value} to {to.value}"):
            if not answer.accepted and before is not None:
                expect(answer).refused()
                expect(api.read(order)).unchanged_from(before, _KEPT)
                walk.refused = True
                return walk
            expect(answer, order).accepted().shows(to)
    return walk


def _take(walk: Walk, action: Action) -> Answer | None:
    """One action of a way; ``None`` where it is none of the merchant's."""
    api, order = walk.api, walk.order
    with walk.asking(action.value):
        if action is Action.AUTO_REFUND:
            api.auto_refund(order)
            walk.left = 0
            return None
        if action is Action.REFUND_PART:
            amount = order.total // 4
            answer = api.refund(order, amount=sar(amount))
            walk.left -= amount if answer.accepted else 0
            return answer
        if action is Action.REFUND_REST:
            rest = {} if walk.left == order.total else {"amount": sar(walk.left)}
            answer = api.reverse("refund", order, {"reason": REASON, **rest})
            walk.left = 0 if answer.accepted else walk.left
            return answer
        return call_of(action)(api, order)


# ---------------------------------------------------------------------- what it stands
def _stands(walk: Walk, deeds: Sequence[Deed], again: Callable[[], Walk | None]) -> None:
    """All is asked for, one after the other, and nothing of it changes the order."""
    api, order = walk.api, walk.order
    before = api.read(order)
    with walk.asking("read"):
        expect(before).shows(walk.way.end)
    try:
        for deed in deeds:
            _asked(walk, deed)
        with walk.asking("all that is refused"):
            expect(api.read(order)).unchanged_from(before, _KEPT)
    except Finding as found:
        # What was accepted may be so because of a call before it, which a read shows.
        with suppress(NotExercised):
            _one_by_one(again(), deeds)
        raise found from None
    if _can_be_refunded(walk.way):
        _is_left(walk)


def _asked(walk: Walk, deed: Deed) -> None:
    with walk.asking(deed.name):
        answer = deed.ask(walk.api, walk.order)
        if not deed.codes:
            return
        expect(answer).refused_with(*deed.codes)
        fail_unless(
            answer.order_status in (None, walk.way.end.value),
            "a refusal shows another status",
            expected=f"order_status {walk.way.end.value}, or none",
            got=f"order_status {answer.order_status!r}",
        )


def _one_by_one(walk: Walk | None, deeds: Sequence[Deed]) -> None:
    """The same with another order, which is read after each: the one that changes it is found."""
    if walk is None:
        return
    before = walk.api.read(walk.order)
    for deed in deeds:
        since = len(walk.api.exchanges) - walk.first
        _asked(walk, deed)
        with walk.asking(deed.name, since=since):
            expect(walk.api.read(walk.order)).unchanged_from(before, _KEPT)


def _is_left(walk: Walk) -> None:
    """As much as before can still go back, and no more."""
    above = walk.api.refund(walk.order, amount=sar(walk.left + 1))
    with walk.asking("refund of a halala more than is left"):
        expect(above).refused_with(400, 422)
    with walk.asking("refund of what is left"):
        fully_refunded(walk.api, walk.order, walk.left)


# ---------------------------------------------------------------------- the rules
def _name(way: Way) -> str:
    """The rule that goes a way: that of its end, and of what a run may have to do without."""
    name = f"status.{way.end.value.replace('_', '-')}"
    if way.last is Action.AUTO_REFUND:
        return f"{name}-by-auto-refund"
    return f"{name}-after-part" if _is_parted(way) and way.end in FINAL else name


def _is_parted(way: Way) -> bool:
    return Action.REFUND_PART in way.actions


def _statement(name: str, status: OrderStatus) -> str:
    """What a rule says."""
    how = ""
    if name.endswith("-after-part"):
        how = " after a partial refund"
    if name.endswith("-by-auto-refund"):
        how = " by an auto-refund"
    last = ": nothing leads out of it" if status in FINAL else ""
    return (
        f"In {status.value}{how}, reached in whichever way, what the lifecycle refuses MUST be "
        f"refused and change nothing{last}."
    )


def _after(ways: Iterable[Way]) -> tuple[str, ...]:
    """What each of the ways rests on."""
    gone = [way for way in ways if way.actions]
    rests: dict[str, Callable[[Way], bool]] = {
        "cancel.ends-cancelled": lambda way: way.last is Action.CANCEL,
        "refund.partial": _is_parted,
        "refund.full": _is_refunded_in_full,
    }
    return tuple(id_ for id_, rests_on in rests.items() if gone and all(map(rests_on, gone)))


def _is_refunded_in_full(way: Way) -> bool:
    """On the way, or when it is looked whether as much as before can still go back."""
    return way.last is Action.REFUND_REST or _can_be_refunded(way)


def _can_be_refunded(way: Way) -> bool:
    return isinstance(arrow(way.kind, way.end, Action.REFUND_REST), OrderStatus)


def _bound(ways: Sequence[Way]) -> int:
    """The most calls: each way, and once again the longest with a read after each call."""
    share = _share(ways)
    # An order is made and brought on its way, and read before, after and in between.
    each = [3 + 2 * len(way.actions) + len(deeds_at(way)) + share + 5 for way in ways]
    return sum(each) + 2 * max(each)


def _share(ways: Sequence[Way]) -> int:
    """How many shipping statuses are asked for on each way: all of them on all ways."""
    return -(-len(SHIPPING_STATUSES) // len(ways))


def _made(name: str, ways: Sequence[Way]) -> Callable[[ApiTarget], None]:
    def nothing_else_leaves_the_status(api: ApiTarget) -> None:
        shipping = cycle(SHIPPING_STATUSES)
        missing: NotExercised | None = None
        reached = 0
        for way in ways:

            def again(way: Way = way) -> Walk | None:
                return _walked(api, way)

            try:
                walk = again()
            except Denied:
                raise
            except NotExercised as lack:
                missing = missing or lack
                continue
            if walk is None:
                continue
            reached += 1
            if walk.refused:
                continue
            deeds = [*deeds_at(way), *map(shipping_status, islice(shipping, _share(ways)))]
            # In both orders, so that each comes before and after each other one.
            _stands(walk, deeds if reached % 2 else deeds[::-1], again)
        if not reached:
            raise missing or NotExercised(
                f"no way leads to {ways[0].end.value} here", lacks=f"{ways[0].end.value} orders"
            )

    nothing_else_leaves_the_status.__doc__ = _statement(name, ways[0].end)
    return nothing_else_leaves_the_status


def _register() -> None:
    """A rule for each status, and for what it takes to get there."""
    places = list(ARROWS)
    names: dict[str, list[Way]] = {}
    for way in sorted(WAYS, key=lambda way: places.index(way.end)):
        names.setdefault(_name(way), []).append(way)
    for name, ways in names.items():
        platform = all(way.last is Action.AUTO_REFUND for way in ways)
        needs = (Need.REPLACING, Need.AUTO_REFUND) if platform else ()
        calls = _bound(ways)
        many = calls > _MANY
        register = rule(name, MUST, after=_after(ways), needs=needs, calls=calls, long=many)
        register(_made(name, ways))


_register()


# ---------------------------------------------------------------------- what is told
def _lately_told(api: ApiTarget, news: Sequence[News]) -> None:
    """Of orders whose rule asks nothing more of them; others may."""
    told: dict[str, Counter[str]] = {}
    orders = [one for one in each_once(one.told for one in news) if one.status is OrderStatus.NEW]
    for order in orders:
        events = _told(api, order)
        # In this order: what was told by now was asked for by a call that is under way or recorded.
        if events and api.is_asked(order.uuid):
            api.webhooks().look_again(order.uuid)
        elif events:
            told[order.uuid] = events
    looked_at = [order for order in orders if order.uuid in told]
    if looked_at:
        # Others add to the run's calls meanwhile: a look at all of them may miss some.
        asked = _steps_asked(api.exchanges_after(0))
        _refused_and_told(api, looked_at, asked, lambda order: told[order.uuid])


@rule(
    "status.refused-step-is-not-told",
    MUST,
    source(Page.EVENTS),
    inferred("what did not happen is not told"),
    needs=(Need.INBOX, Need.REPLACING),
    closing=True,
    glance=_lately_told,
)
def a_refused_step_is_not_told(api: ApiTarget) -> None:
    """An authorize, capture or complete that was refused MUST NOT be told as done."""
    at_rest(api)
    asked = _steps_asked(api.whole.exchanges)
    if not _refused_and_told(api, api.whole.orders, asked, partial(_told, api)):
        raise NotExercised("no step of a new order was refused", lacks="refused steps")


def _refused_and_told(
    api: ApiTarget,
    orders: Iterable[TestOrder],
    asked: Mapping[tuple[str, str], Sequence[Exchange]],
    told: Callable[[TestOrder], Counter[str]],
) -> int:
    """How many refused steps of these orders were not told. Raises a finding at one that was."""
    looked = 0
    for order in orders:
        # Who came further may have been told of that before.
        if order.status is not OrderStatus.NEW:
            continue
        for step in STEPS:
            calls = asked.get((order.uuid.lower(), step.value), [])
            # A server error, or none at all, may be of a step that was done.
            if not calls or not all(400 <= (call.status or 500) < 500 for call in calls):
                continue
            looked += 1
            times = told(order)[_EVENT[step.value]]
            if times:
                raise Finding(
                    "a step that was refused is told",
                    expected=f"no {_EVENT[step.value]} event: {step.value} was refused",
                    got=f"{times}",
                    exchanges=calls,
                    led_by=[order.rule],
                )
    return looked


def _told(api: ApiTarget, order: TestOrder) -> Counter[str]:
    """How often an order was told to have taken each step, by the event."""
    events = _EVENT.values()
    return Counter(one.event for one in api.webhooks().of(order.uuid) if one.event in events)


_EVENT: Final = {"authorize": "authorized", "capture": "captured", "complete": "completed"}


def _steps_asked(calls: Iterable[Exchange]) -> dict[tuple[str, str], list[Exchange]]:
    """The calls of each step, by the order's uuid and the step."""
    asked: dict[tuple[str, str], list[Exchange]] = {}
    for exchange in calls:
        *_, uuid, step = ("", *exchange.url.partition("?")[0].rsplit("/", 2)[-2:])
        if step in _EVENT and exchange.method == "POST":
            asked.setdefault((uuid.lower(), step), []).append(exchange)
    return asked
