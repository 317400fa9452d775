"""``story.*``: tells the stories of :mod:`points_conformance.rules.api.machine` to a target."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.finding import Attributed, Denied, Finding, NotExercised
from points_conformance.judging.rule import Level, Profile, inferred, promised
from points_conformance.judging.search import search
from points_conformance.ledger import OrderLedger
from points_conformance.rules.api.costs import cost_on
from points_conformance.rules.api.family import family
from points_conformance.rules.api.machine import (
    Do,
    Must,
    Prediction,
    StoryOrder,
    StoryStep,
    blamed,
    carried_out,
    opened,
    predict,
    told,
)
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.target import ApiTarget

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["rule"]

rule = family()

#: Orders and steps of a story at most; calls of the longest: orders, a call and a read a step,
#: a last read of each order.
MOST_ORDERS, MOST_STEPS = 3, 8
LONGEST = MOST_ORDERS + 2 * MOST_STEPS + MOST_ORDERS
CALLS = {Profile.SMOKE: 60, Profile.STANDARD: 760, Profile.DEEP: 6_000}
FAR = {Profile.SMOKE: 0, Profile.STANDARD: 60, Profile.DEEP: 600}
FORWARD = (Do.AUTHORIZE, Do.CAPTURE, Do.COMPLETE)
#: How many broken rules one run looks for.
MOST_RULES = 4


@dataclass(frozen=True, slots=True)
class Story:
    """Some orders and what is done to them."""

    orders: tuple[StoryOrder, ...]
    steps: tuple[StoryStep, ...]


@rule(
    "story.orders-at-once",
    Level.MUST,
    promised("no double refunds, partial sums bounded"),
    inferred("the rules of cancel, refund, lifecycle and isolation, in any order"),
    after=("refund.partial", "refund.sum-bounded", "refund.read-after-write"),
    calls=CALLS,
    far_calls=FAR,
    riyals=1_000_000,
    long=True,
)
def every_step_of_every_story_does_as_the_rules_say(api: ApiTarget) -> None:
    """Whatever is done to several orders in whatever order, each step MUST do as the rules say."""
    available = _available(api)
    allowance = api.allowance
    broken: dict[str, Finding] = {}
    for _ in range(MOST_RULES):
        api.allowance = max(allowance // (1 if not broken else 4), 2 * LONGEST)
        found = _one_more(api, available, frozenset(broken))
        if found is None:
            break
        broken[found.rule] = found
    if broken:
        raise Attributed(broken)


class BrokenRule(Finding):
    """A finding that knows which rule it breaks."""

    def __init__(self, rule_id: str, finding: Finding, story: list[str]) -> None:
        super().__init__(finding.title, expected=finding.expected, got=finding.got, story=story)
        self.rule = rule_id


def _one_more(
    api: ApiTarget, available: list[tuple[OrderType, OrderStatus]], known: frozenset[str]
) -> BrokenRule | None:
    """Search for a story that breaks a rule not known to be broken; the smallest one."""

    def tell(story: Story) -> None:
        _Teller(api, story, known).tell()

    try:
        search(api, _stories(api, available), tell, examples=api.allowance // 6, longest=LONGEST)
    except BrokenRule as finding:
        return finding
    return None


def _available(api: ApiTarget) -> list[tuple[OrderType, OrderStatus]]:
    """Which orders can be made here, found out before anything is drawn."""
    wanted = [
        (OrderType.EARNING, OrderStatus.APPROVED),
        (OrderType.REPLACING, OrderStatus.APPROVED),
        (OrderType.REPLACING, OrderStatus.NEW),
        (OrderType.REPLACING, OrderStatus.AUTHORIZED),
        (OrderType.REPLACING, OrderStatus.CAPTURED),
    ]
    found: list[tuple[OrderType, OrderStatus]] = []
    why: list[NotExercised] = []
    for kind, status in wanted:
        try:
            api.order(status, kind=kind, exact=True, fresh=True)
        except NotExercised as missing:
            why.append(missing)
            continue
        found.append((kind, status))
    if not found:
        denied = [missing for missing in why if isinstance(missing, Denied)]
        raise next(iter(denied), None) or NotExercised(
            "no fresh order can be made: stories use none of the given ones", lacks="fresh orders"
        )
    return found


#: An order as it is drawn: what it is and its total. A step: what is done, to which order, which
#: of the loved amounts (or none of them), and a number that any other amount is made from.
DrawnOrder = tuple[tuple[OrderType, OrderStatus], int]
DrawnStep = tuple[Do, int, int, int]


def _stories(
    api: ApiTarget, available: list[tuple[OrderType, OrderStatus]]
) -> "SearchStrategy[Story]":
    """Stories, drawn from strategies that do not depend on one another: building one costs time."""
    from hypothesis import strategies as st

    from points_conformance.rules.api.strategies import totals

    largest = 100_000_000 if api.loopback else 50_000
    left_out = {Do.STRANGER: not api.keys.other, Do.AUTO_REFUND: not api.can_auto_refund}
    doings = [do for do in Do if not left_out.get(do, False)]
    orders = st.lists(
        st.tuples(st.sampled_from(available), totals(largest, smallest=2)),
        min_size=1,
        max_size=MOST_ORDERS,
    )
    steps = st.lists(
        st.tuples(
            # A part is what there is most to find out about.
            st.one_of(st.just(Do.PART), st.sampled_from(doings)),
            st.integers(0, MOST_ORDERS - 1),
            st.integers(0, 6),
            st.integers(1, 1_000_000),
        ),
        min_size=1,
        max_size=MOST_STEPS,
    )
    return st.builds(_story, orders, steps)


def _story(orders: list[DrawnOrder], steps: list[DrawnStep]) -> Story:
    """The story that was drawn: orders counted round, amounts within their order's total."""
    made = tuple(StoryOrder(kind, status, total) for (kind, status), total in orders)
    return Story(made, tuple(_step(made, *drawn) for drawn in steps))


def _step(orders: tuple[StoryOrder, ...], do: Do, order: int, loved: int, any_: int) -> StoryStep:
    number = order % len(orders)
    total = orders[number].total
    amounts = (1, total // 2, total // 3, total - 1, total, 1 + (any_ - 1) % total)
    amount = max(amounts[min(loved, 5)], 1) if do is Do.PART else 0
    return StoryStep(do, number, amount)


class _Teller:
    """Tells one story and holds what comes against the books."""

    def __init__(self, api: ApiTarget, story: Story, known: frozenset[str]) -> None:
        self.api = api
        self.story = story
        self.known = known
        self.words: list[str] = []
        self.orders: list[TestOrder] = []
        self.books: list[OrderLedger] = []
        #: Statuses that each order had before the one that it is in.
        self.left: list[set[OrderStatus]] = []
        #: Orders that a known broken rule has led astray: nothing can be said of them any more.
        self.astray: set[int] = set()

    def tell(self) -> None:
        """Raises :class:`BrokenRule` at the first step that breaks a rule not known as broken."""
        for wanted in self.story.orders:
            order = self.api.order(
                wanted.status, kind=wanted.kind, total=wanted.total, exact=True, fresh=True
            )
            self.orders.append(order)
            self.books.append(opened(wanted, order.points or 0))
            self.left.append(set())
        for step in self.story.steps:
            if step.order not in self.astray:
                self._take(step)
        for number in range(len(self.orders)):
            if number not in self.astray:
                self._look(number, Do.READ, "isolation.orders-apart")

    def _take(self, step: StoryStep) -> None:
        books = self.books[step.order]
        prediction = predict(books, step)
        if prediction.must is Must.NOTHING:
            return
        self.words.append(told(step, prediction, books))
        if step.do is Do.READ:
            self._look(step.order, step.do, prediction.rule)
            return
        if step.do is Do.AUTO_REFUND:
            self.api.auto_refund(self.orders[step.order])
            self._book(step.order, prediction.after)
            self._look(step.order, step.do, prediction.rule)
            return
        answer = self._send(step, prediction)
        self._hold(step, prediction, answer)
        if step.order in self.astray:
            return
        self._book(step.order, carried_out(books, prediction, answer.accepted))
        rule = prediction.rule
        if answer.accepted and answer.order_status == self.books[step.order].status.value:
            rule = predict(self.books[step.order], StoryStep(Do.READ, step.order)).rule
        self._look(step.order, step.do, rule)

    def _book(self, number: int, after: OrderLedger) -> None:
        self.left[number] |= {self.books[number].status} - {after.status}
        self.books[number] = after

    def _send(self, step: StoryStep, prediction: Prediction) -> Answer:
        order = self.orders[step.order]
        try:
            if step.do is Do.CANCEL:
                return self.api.cancel(order)
            if step.do is Do.STRANGER:
                return self.api.refund(order, key=self.api.other_key)
            if step.do in FORWARD:
                return self.api.step(order, step.do.value)
            if prediction.amount is None:
                return self.api.refund(order)
            return self.api.refund(order, amount=sar(prediction.amount))
        except BrokenRule:
            raise
        except Finding as finding:
            raise BrokenRule("robust.bodies", finding, self.words) from None

    def _hold(self, step: StoryStep, prediction: Prediction, answer: Answer) -> None:
        wrong = (prediction.must is Must.ACCEPT and not answer.accepted) or (
            prediction.must is Must.REFUSE and answer.accepted
        )
        if wrong:
            self._broken(
                step.order,
                prediction.rule,
                "a step came out otherwise than the rules say",
                expected=f"{step.do.value} to {prediction.must.value}",
                got=f"HTTP {answer.status}, order_status {answer.order_status!r}",
            )
        elif answer.accepted and answer.order_status not in (None, prediction.after.status.value):
            self._broken(
                step.order,
                prediction.rule,
                "wrong order status",
                expected=f"order_status {prediction.after.status.value}",
                got=f"order_status {answer.order_status!r}",
            )

    def _look(self, number: int, do: Do, rule_id: str) -> None:
        """The next read, after this was done, shows what the books say."""
        shown = self.api.read(self.orders[number]).order_status
        if shown is None:
            raise Denied("reading an order does not show its order_status")
        if shown != self.books[number].status.value:
            self._broken(
                number,
                blamed(rule_id, do, self.books[number], shown, self.left[number]),
                "a read shows another status than the books",
                expected=f"order {number + 1} to read {self.books[number].status.value}",
                got=f"order_status {shown!r}",
            )

    def _broken(self, number: int, rule_id: str, title: str, *, expected: str, got: str) -> None:
        self.astray.add(number)
        if rule_id in self.known:
            return
        order = self.orders[number]
        cost = cost_on(order, title) if order.reversals else None
        finding = Finding(title, expected=expected, got=got, cost=cost)
        raise BrokenRule(rule_id, finding, list(self.words))
