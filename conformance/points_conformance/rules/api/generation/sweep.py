"""One sweep: generated requests sent to orders of the kit's own, every answer judged as it comes.

The first rule of the family sweeps; those after it report what the sweep saw, without calls of
their own. So each bug is looked for once, and each rule tells its own kind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from random import Random
from typing import Any

from points_conformance.contract.names import OrderStatus
from points_conformance.judging.budget import BudgetSpent
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Denied, Finding, NetworkTrouble, NotExercised
from points_conformance.rules.api.generation.generator import (
    OPERATIONS,
    Generator,
    Misfit,
    Question,
)
from points_conformance.rules.api.generation.smaller import smallest
from points_conformance.simulator.messages import dump_json, load_json
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.calls import MOST_RETRIES
from points_conformance.targets.api.order import Reversal, TestOrder
from points_conformance.targets.api.target import ApiTarget

__all__ = ["SHRINKING", "Sweep", "Swept", "start_ahead", "sweep"]

#: Calls of a rule's bound that are kept for making a finding smaller.
SHRINKING = 12
#: The most calls that one order can cost to make, and one request to send, retries included.
_PRICE_OF_ORDER = 4 + MOST_RETRIES
_PRICE_OF_CALL = 1 + MOST_RETRIES
#: How many orders a sweep makes for an operation, on loopback and off it.
_ORDERS = {"cancel": (2, 1), "refund": (3, 2)}
#: One request in so many is a read.
_READS = 9
_NONE_MADE = (
    "generated requests go only to orders that the kit makes itself, never to given ones, and "
    "POST /orders/earning gives none that can be refunded"
)
_ENDED = (None, OrderStatus.CANCELLED.value, OrderStatus.FULLY_REFUNDED.value)


@dataclass(frozen=True, slots=True)
class Swept:
    """What was seen: the smallest case that shows it, what is wrong, and the calls of the story."""

    case: Question
    order: TestOrder
    status: int | None
    misfit: Misfit
    calls: tuple[Exchange, ...]
    seed: int
    title: str = ""


@dataclass(slots=True)
class Sweep:
    """The first of each kind that was seen; ``sent`` counts the requests."""

    seed: int
    sent: int = 0
    seen: dict[str, Swept] = field(default_factory=dict)


def sweep(api: ApiTarget) -> Sweep:
    """Sweep a target, within the rule's bound of calls. A server error ends it."""
    return _Sweeper(api).sweep()


class _Sweeper:
    def __init__(self, api: ApiTarget) -> None:
        self.api = api
        self.bound = api.budget.spent + api.allowance
        self.result = Sweep(api.seed)
        self.orders: dict[str, list[TestOrder]] = {"cancel": [], "refund": []}
        self.random = Random(api.seed)  # noqa: S311 - repeatable, not secret

    def sweep(self) -> Sweep:
        room, examples = _sizes(self.api.allowance)
        with Generator.of(self.api.seed, examples) as generator:
            for case in _chosen(generator.cases(self.api.seed, examples), room, self.random):
                if self._left() < _PRICE_OF_CALL + SHRINKING:
                    break
                if not self._try(generator, case):
                    break
        return self.result

    def _left(self) -> int:
        return self.bound - self.api.budget.spent

    def _try(self, generator: Generator, case: Question) -> bool:
        """Send one case and judge its answer; whether to go on."""
        order = self._order(case.operation)
        try:
            answer = send(self.api, order, case)
        except Finding as finding:
            self._see(case, order, None, Misfit(finding.title, finding.got), finding.title)
            return False
        self.result.sent += 1
        for misfit in generator.misfits(case.operation, answer):
            if misfit.kind not in self.result.seen:
                self._see(case, order, answer, misfit)
                if not answer.accepted:
                    self._make_smaller(misfit.kind, self._still_misfits(generator, misfit.kind))
        return True

    def _see(
        self,
        case: Question,
        order: TestOrder,
        answer: Answer | None,
        misfit: Misfit,
        title: str = "",
    ) -> None:
        last = self.api.exchanges[-1]
        before = {past.call for past in order.accepted} - {last.number}
        calls = [*(call for call in self.api.exchanges if call.number in before), last]
        kind = "server" if answer is None else misfit.kind
        status = last.status
        self.result.seen[kind] = Swept(
            case, order, status, misfit, tuple(calls), self.result.seed, title
        )
        if answer is None:
            self._make_smaller(kind, self._still_fails(title))

    # ------------------------------------------------------------------ orders
    def _order(self, operation: str) -> TestOrder:
        """The order that an operation goes to: the latest one, or a fresh one where it has ended
        and there may be more.
        """
        if operation == "get":
            made = self.orders["cancel"] + self.orders["refund"]
            return self.random.choice(made) if made else self._order("refund")
        made = self.orders[operation]
        near, far = _ORDERS[operation]
        most = near if self.api.loopback else far
        room = self._left() >= _PRICE_OF_ORDER + _PRICE_OF_CALL + SHRINKING
        if not made or (_has_ended(made[-1]) and len(made) < most and room):
            self._add_to(made)
        return made[-1]

    def _add_to(self, made: list[TestOrder]) -> None:
        try:
            made.append(_fresh(self.api))
        except NotExercised as reason:
            if isinstance(reason, Denied):
                raise
            if not made:
                raise NotExercised(_NONE_MADE, lacks="fresh orders") from reason

    # ------------------------------------------------------------------ smaller
    def _make_smaller(self, kind: str, fails: Callable[[Swept, Question], Swept | None]) -> None:
        """Look for a smaller body that shows the same, within a bound of its own."""
        seen = self.result.seen[kind]
        try:
            value = load_json(seen.case.body or b"")
        except ValueError:
            return
        stop = min(self.api.budget.spent + SHRINKING, self.bound) - MOST_RETRIES

        def shows_the_same(value: Any) -> bool:
            if self.api.budget.spent >= stop:
                return False
            case = Question(seen.case.operation, dump_json(value), seen.case.phase, seen.case.about)
            smaller = fails(self.result.seen[kind], case)
            if smaller is not None:
                self.result.seen[kind] = smaller
            return smaller is not None

        smallest(value, shows_the_same)

    def _still_fails(self, title: str) -> Callable[[Swept, Question], Swept | None]:
        def fails(seen: Swept, case: Question) -> Swept | None:
            try:
                send(self.api, seen.order, case)
            except Finding as finding:
                same = finding.title == title
                return self._smaller(seen, case, seen.misfit) if same else None
            except (NetworkTrouble, BudgetSpent):
                return None
            return None

        return fails

    def _still_misfits(
        self, generator: Generator, kind: str
    ) -> Callable[[Swept, Question], Swept | None]:
        def fails(seen: Swept, case: Question) -> Swept | None:
            try:
                answer = send(self.api, seen.order, case)
            except (Finding, NetworkTrouble, BudgetSpent):
                return None
            for misfit in generator.misfits(case.operation, answer):
                if misfit.kind == kind and answer.status == seen.status:
                    return self._smaller(seen, case, misfit)
            return None

        return fails

    def _smaller(self, seen: Swept, case: Question, misfit: Misfit) -> Swept:
        calls = (*seen.calls[:-1], self.api.exchanges[-1])
        return Swept(case, seen.order, seen.status, misfit, calls, seen.seed, seen.title)


def _sizes(allowance: int) -> tuple[int, int]:
    """How many requests may be sent, and how many examples to draw for each operation.

    A body that was drawn before is not sent again: long series repeat themselves.
    """
    room = max(allowance - SHRINKING, 0)
    return room, room // 4 if room < 200 else room // 2


def start_ahead(seed: int, allowance: int) -> None:
    """Have the requests of a sweep with this seed made while other rules run."""
    Generator.start_ahead(seed, _sizes(allowance)[1])


def send(api: ApiTarget, order: TestOrder, case: Question) -> Answer:
    """Send a case to an order; a reversal is entered in the order's history."""
    method, path = OPERATIONS[case.operation]
    answer = api.call(method, path.replace("{uuid}", order.uuid), body=case.body)
    if case.operation != "get":
        order.reversals.append(Reversal.told(case.operation, _fields(case.body), answer))
    return answer


def _fresh(api: ApiTarget) -> TestOrder:
    """An order that can be refunded, and none of those that the user gave."""
    try:
        return api.order(fresh=True)
    except NotExercised:
        return api.order(OrderStatus.CAPTURED, fresh=True)


def _fields(body: bytes | None) -> dict[str, Any]:
    try:
        value = load_json(body or b"")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _has_ended(order: TestOrder) -> bool:
    """Whether nothing more can go back, as far as the answers say."""
    accepted = order.accepted
    return bool(accepted) and accepted[-1].order_status in _ENDED


def _chosen(cases: Sequence[Question], room: int, random: Random) -> list[Question]:
    """As many cases as there is room for: reads now and then; of the rest, of each operation and
    phase in turn.
    """
    groups: dict[tuple[str, str], list[Question]] = {}
    for case in cases:
        groups.setdefault((case.operation, case.phase), []).append(case)
    reads = groups.pop(("get", "coverage"), [])
    for group in groups.values():
        random.shuffle(group)
    chosen = [case for row in zip_longest(*groups.values()) for case in row if case is not None]
    del chosen[room - room // _READS :]
    for read in range(len(chosen) // _READS if reads else 0):
        chosen.insert((read + 1) * _READS - 1, reads[read % len(reads)])
    return chosen
