"""Three views of one order compared: what answers said, what webhooks told, what reads show.

Pure: made-up evidence does as well as recorded (``tests/rules/test_reconcile.py``). Late and
reordered events and identical repeats are fine. An amount that may be booked in two ways (more than
two decimals) is a set of halalas; what cannot be known is left out, never guessed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from points_conformance.contract.limits import DEFAULT_CANCEL_REASON
from points_conformance.contract.money import sar_text
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.ledger import points_tolerance

__all__ = ["Announced", "Asked", "Discrepancy", "History", "Kind", "Shown", "discrepancies"]
__all__ += ["lacking"]

PARTIAL, FULL = OrderStatus.PARTIALLY_REFUNDED.value, OrderStatus.FULLY_REFUNDED.value
#: Orders that a customer may still abandon: their ``cancelled`` needs no call (Checkout flow).
_OPEN = frozenset({OrderStatus.NEW, OrderStatus.AUTHORIZED})
_STARTED_ANEW = frozenset(OrderStatus) - {
    OrderStatus.PARTIALLY_REFUNDED,
    OrderStatus.FULLY_REFUNDED,
}


class Kind(StrEnum):
    """What sort of difference it is."""

    LOST = "lost"
    DOUBLED = "doubled"
    UNASKED = "unasked"
    ALTERED = "altered"
    MONEY = "money"
    OVERDRAWN = "overdrawn"
    POINTS = "points"
    STATUS = "status"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference between the views of one order."""

    kind: Kind
    order: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A reversal that was sent. ``accepted`` is ``None`` where its outcome is unknown.

    ``amounts`` are the halalas that it may be booked as; ``None`` without an amount, and empty
    where nobody can say. ``reason`` is the text that was given, if one was; ``plain`` says that
    the reason was left out or a text of at least a letter.
    """

    operation: str
    accepted: bool | None = True
    amounts: frozenset[int] | None = None
    reason: str | None = None
    plain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A webhook event, once for every time that it came. Equal ``digest``: the same bytes again.

    Money in halalas; ``None`` where the payload does not say.
    """

    event: str
    digest: str
    status: str | None = None
    amount: int | None = None
    left: int | None = None
    points: Decimal | None = None
    left_points: Decimal | None = None
    reason: str | None = None
    timestamp: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A read's status, after so many reversals had been sent."""

    status: str
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All that is recorded of one order. ``start`` is the status that it came in.

    ``inbox``: webhooks were received, so that their absence says something. ``platform``: it was
    asked to refund the order by itself.
    """

    order: str
    kind: OrderType
    total: int
    points: int | None
    start: OrderStatus
    asked: Sequence[Asked] = ()
    told: Sequence[Announced] = ()
    shown: Sequence[Shown] = ()
    inbox: bool = True
    platform: bool = False

    @property
    def was_asked(self) -> bool:
        """Whether a reversal of it was asked for. What other calls brought about, as a GET that
        refunds, is no difference between the views of it: who made them judges that.
        """
        return bool(self.asked) or self.platform


def discrepancies(history: History) -> list[Discrepancy]:
    """Every difference between the three views of an order; none where they agree."""
    views = _Views(history)
    found: list[tuple[Kind, str]] = []
    if history.inbox:
        found += [*views.cancels(), *views.refunds()]
        if not found and views.certain:
            found += [*views.amounts(), *views.chain(), *views.told_points(), *views.reasons()]
    if views.certain:
        found += views.reads()
    return [Discrepancy(kind, history.order, text) for kind, text in found]


def lacking(history: History) -> list[tuple[str, int]]:
    """The events of an order that are told too seldom, and how often they must be at least."""
    views = _Views(history)
    return [(event, least) for event, (least, _, told) in views.counts().items() if told < least]


Differences = Iterable[tuple[Kind, str]]


class _Views:
    """The views of one order, prepared for comparing."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.refunds_done = [a for a in history.asked if a.accepted and a.operation == "refund"]
        self.cancels_done = [a for a in history.asked if a.accepted and a.operation == "cancel"]
        self.unknown = Counter(a.operation for a in history.asked if a.accepted is None)
        self.times = Counter(told.digest for told in history.told)
        distinct = {told.digest: told for told in history.told}.values()
        self.told_cancels = [told for told in distinct if told.event == "cancelled"]
        self.told_refunds = [told for told in distinct if told.event == "refunded"]
        self.repeated = self._alike()
        self.told_refunds += self.repeated
        self.by_platform = [told for told in distinct if told.event == "auto_refunded"]

    @property
    def certain(self) -> bool:
        """Whether it is known what was carried out, and from where."""
        return not self.unknown and all(a.amounts != frozenset() for a in self.refunds_done)

    # ------------------------------------------------------------------ how many
    def counts(self) -> dict[str, tuple[int, int, int]]:
        """How often each event must be told at least and at most, and how often it is."""
        # A refund that moved no money need not be told.
        least = sum(0 not in (a.amounts or {1}) for a in self.refunds_done)
        cancels, by_platform = len(self.cancels_done), int(self.history.platform)
        return {
            "cancelled": (cancels, cancels, len(self.told_cancels)),
            "refunded": (least, len(self.refunds_done), len(self.told_refunds)),
            "auto_refunded": (by_platform, by_platform, len(self.by_platform)),
        }

    def cancels(self) -> Differences:
        """One event for a cancel."""
        abandoned = self.history.kind is OrderType.REPLACING and self.history.start in _OPEN
        _, done, told = self.counts()["cancelled"]
        yield from self._too_few("cancelled")
        if told > done + self.unknown["cancel"] and not (abandoned and not done):
            yield self._too_many("cancelled", done, told)

    def refunds(self) -> Differences:
        """One event for a refund that moved money."""
        _, most, told = self.counts()["refunded"]
        yield from self._too_few("refunded")
        if told > most + self.unknown["refund"]:
            yield self._too_many("refunded", most, told)
        if self.history.platform and not self.by_platform:
            yield Kind.LOST, "the platform refunded it, and no auto_refunded event told of it"

    def _alike(self) -> list[Announced]:
        """Two real refunds within a second may look just the same where left_amount is not told:
        as many repeats are taken for events of their own as are missing.
        """
        repeats = [
            one
            for one in self.told_refunds
            if one.left is None
            for _ in range(self.times[one.digest] - 1)
        ]
        return repeats[: max(0, len(self.refunds_done) - len(self.told_refunds))]

    def _too_few(self, event: str) -> Differences:
        least, most, told = self.counts()[event]
        if told < least:
            yield (
                Kind.LOST,
                f"{least} carried out, {told} {event} events told"
                + (f" (at most {most} carried out)" if most > least else ""),
            )

    def _too_many(self, event: str, done: int, told: int) -> tuple[Kind, str]:
        kind = Kind.DOUBLED if done else Kind.UNASKED
        return kind, f"{done} carried out, {told} different {event} events told"

    # ------------------------------------------------------------------ money
    def amounts(self) -> Differences:
        """What was asked is what was told, whatever came first."""
        if any(told.amount is None for told in self.told_refunds):
            yield Kind.ALTERED, "a refunded event does not tell its refund_amount"
            return
        left = Counter(told.amount for told in self.told_refunds)
        # Those that leave no choice first, those without an amount last: they take what is left.
        waiting = sorted((a.amounts for a in self.refunds_done if a.amounts is not None), key=len)
        for amounts in waiting:
            told = next((amount for amount in amounts if left[amount]), None)
            if told is not None:
                left[told] -= 1
            elif 0 not in amounts:
                yield Kind.ALTERED, f"a refund of {_money(amounts)} was carried out; {self._told()}"
        rest = [amount for amount in left.elements() if amount is not None]
        yield from self._rest(rest)

    def _rest(self, rest: list[int]) -> Differences:
        """Refunds without an amount give back what is left."""
        whole = sum(a.amounts is None for a in self.refunds_done)
        if len(rest) > whole:
            yield Kind.ALTERED, f"nobody asked for {_money(rest[whole:])}; {self._told()}"
        elif rest and self._from_start and self._sum() != self.history.total:
            yield (
                Kind.MONEY,
                f"a refund without an amount gives back all that is left of "
                f"{sar_text(self.history.total)}; {self._told()}",
            )
        if self._from_start and self._sum() > self.history.total:
            # Events that look the same may be one that was repeated, until all are there.
            yield (
                Kind.MONEY if self.repeated else Kind.OVERDRAWN,
                f"{sar_text(self._sum())} SAR went back of an order of "
                f"{sar_text(self.history.total)}",
            )

    @property
    def _from_start(self) -> bool:
        """Whether the order came with nothing refunded yet."""
        return self.history.start in _STARTED_ANEW

    def _events(self) -> list[Announced]:
        """The refunds in the order in which they were booked, as far as they tell."""
        if all(told.left is not None for told in self.told_refunds):
            told = sorted(self.told_refunds, key=lambda told: -(told.left or 0))
        elif all(told.left_points is not None for told in self.told_refunds):
            # Timestamps may be of whole seconds, and events come in any order.
            told = sorted(self.told_refunds, key=_by_points, reverse=True)
        else:
            told = sorted(self.told_refunds, key=lambda told: told.timestamp)
        return [*told, *self.by_platform]

    def _sum(self) -> int:
        return sum(told.amount or 0 for told in self._events())

    def _told(self) -> str:
        return f"told: {_money(told.amount or 0 for told in self.told_refunds) or 'nothing'}"

    def chain(self) -> Differences:
        """After each refund as much is left as its event tells, and its status fits."""
        for told in (*self.told_cancels, *self.by_platform):
            expected = "cancelled" if told.event == "cancelled" else FULL
            if told.status != expected:
                yield Kind.STATUS, f"{told.event} tells order_status {told.status!r}"
        if not self._from_start:
            return
        left, full = self.history.total, 0
        for told in self._events():
            left -= told.amount or 0
            full += told.status == FULL
            if told.left is not None and told.left != left:
                yield (
                    Kind.MONEY,
                    f"left_amount {sar_text(told.left)} after a refund of "
                    f"{sar_text(told.amount or 0)}; {sar_text(left)} are left",
                )
                return
            if told.event == "refunded" and told.left is not None:
                yield from _status(told, left)
        if self._events() and full != (left == 0):
            yield (
                Kind.STATUS,
                f"{full} events tell fully_refunded, and {sar_text(left)} SAR are left",
            )

    def told_points(self) -> Differences:
        """Points are neither made nor lost, and a whole refund reverses them all."""
        points, events = self.history.points, self._events()
        if points is None or not self._from_start or not events:
            return
        if any(told.points is None for told in events):
            return
        gone = Decimal(0)
        allowed = points_tolerance(points, self.history.total)
        for told in events:
            gone += told.points or 0
            exact = Decimal(points) * (told.amount or 0) / (self.history.total or 1)
            if told.points is not None and (told.points < 0 or abs(told.points - exact) > allowed):
                yield Kind.POINTS, f"refund_points {told.points}; in proportion {exact:.2f}"
            if told.left_points is not None and told.left_points != points - gone:
                yield Kind.POINTS, f"left_points {told.left_points}; {points - gone} are left"
        if gone > points or (self._sum() == self.history.total and gone != points):
            yield Kind.POINTS, f"{gone} of {points} points were reversed"

    # ------------------------------------------------------------------ the rest
    def reasons(self) -> Differences:
        """A reason that was given is told, and a cancel's default where none was."""
        for done, told in ((self.cancels_done, self.told_cancels), *self._reasoned()):
            if not all(asked.plain for asked in done):
                continue
            default = DEFAULT_CANCEL_REASON if done is self.cancels_done else None
            wanted = Counter(asked.reason or default for asked in done)
            del wanted[None]
            missing = wanted - Counter(one.reason for one in told)
            for reason in missing:
                yield Kind.ALTERED, f"no event tells the reason {reason!r}"

    def _reasoned(self) -> list[tuple[list[Asked], list[Announced]]]:
        """Refunds that moved nothing tell no reason."""
        moved = all(0 not in (asked.amounts or {1}) for asked in self.refunds_done)
        return [(self.refunds_done, self.told_refunds)] if moved else []

    def reads(self) -> Differences:
        """The last read shows what the last reversal that was carried out led to."""
        last = len(self.history.asked)
        final = [shown.status for shown in self.history.shown if shown.after == last]
        expected = self._ends_in()
        if final and expected and final[-1] not in expected:
            yield (
                Kind.READ,
                f"the last read shows {final[-1]!r}; after what was carried out it is "
                f"{' or '.join(sorted(expected))}",
            )

    def _ends_in(self) -> set[str]:
        """The statuses that the answers allow; empty where they say nothing."""
        done = [asked for asked in self.history.asked if asked.accepted]
        if self.history.platform:
            return {FULL}
        if done and done[-1].operation == "cancel":
            return {OrderStatus.CANCELLED.value}
        moved = [asked for asked in self.refunds_done if asked.amounts != frozenset({0})]
        if not moved or not self._from_start or self.cancels_done:
            return set()
        if any(asked.amounts is None for asked in moved):
            return {FULL}
        least = sum(min(asked.amounts or {0}) for asked in moved)
        most = sum(max(asked.amounts or {0}) for asked in moved)
        ends = {FULL} if most >= self.history.total else set()
        if least < self.history.total:
            ends.add(PARTIAL)
        if least == 0:
            ends.add(self.history.start.value)
        return ends


def _status(told: Announced, left: int) -> Differences:
    expected = PARTIAL if left else FULL
    if told.status != expected:
        yield (
            Kind.STATUS,
            f"refunded tells order_status {told.status!r} where {sar_text(left)} SAR are left",
        )


def _by_points(told: Announced) -> tuple[Decimal, Decimal]:
    """Of refunds that leave as many points, those that took none are the later."""
    return told.left_points or Decimal(0), told.points or Decimal(0)


def _money(amounts: Iterable[int]) -> str:
    return ", ".join(sar_text(amount) for amount in sorted(amounts))
