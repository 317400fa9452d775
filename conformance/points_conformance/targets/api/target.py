"""The API as a check sees it: calls, orders in the status it wants, webhooks, readings.

The embedded simulator and a live server differ only in what this is built from
(:mod:`points_conformance.targets.api.build`): an httpx client, order sources, an inbox, a budget.
"""

import math
import threading
from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, ClassVar, Final, Self, TypeVar

import httpx

from points_conformance.contract.lifecycle import Action, certain
from points_conformance.contract.names import REVERSALS, OrderStatus, OrderType
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.finding import Denied, NetworkTrouble, NotExercised
from points_conformance.judging.journal import Journal
from points_conformance.judging.step import Step
from points_conformance.simulator.messages import dump_json
from points_conformance.targets.api.answer import Answer
from points_conformance.targets.api.calls import CALL_TIMEOUT, Caller, Keys
from points_conformance.targets.api.endpoints import SECOND_MERCHANT, Endpoints, Registered
from points_conformance.targets.api.inbox import Inbox
from points_conformance.targets.api.news import News
from points_conformance.targets.api.order import Made, Reversal, TestOrder, Wanted, fits, none_of
from points_conformance.targets.api.picture import pictured
from points_conformance.targets.api.sources import OrderSource
from points_conformance.targets.api.walk import walked
from points_conformance.targets.effect import Effect

__all__ = ["REASON", "ApiTarget"]

#: Sent where a rule gives no reason and is not about omitting one: a server that insists on reasons
#: breaks the rules about that, and no others.
REASON: Final = "The customer changed their mind"

Kept = TypeVar("Kept")


class ApiTarget(Caller):
    """What the rules of subject ``api`` are given.

    What the calls themselves need (``budget``, ``pace``, ``deadline``, ``secrets``, ``sleep``,
    ``clock``) goes to :class:`~points_conformance.targets.api.calls.Caller`.
    """

    def __init__(
        self,
        *,
        base_url: str,
        client: httpx.Client,
        keys: Keys,
        journal: Journal | None = None,
        inbox: Inbox | None = None,
        auto_refund: Callable[[str], bool] | None = None,
        loopback: bool = True,
        racer: Callable[[], httpx.Client] | None = None,
        **calling: Any,
    ) -> None:
        super().__init__(base_url=base_url, client=client, keys=keys, **calling)
        self.journal = journal or Journal(None)
        self.journal.redact = self.redact
        self.sources: list[OrderSource] = []
        self.inbox = inbox
        self._inbox_refused = ""
        self.loopback = loopback
        #: Those of the run, or of the rule whose view this is.
        self.orders: list[TestOrder] = []
        #: One order of each sort that was given, by what tells sorts apart (the first: whether it
        #: was to be fresh): a source that gave one has them.
        self._delivered: dict[tuple[bool, OrderType, OrderStatus, int], Made] = {}
        self._registered = Registered()
        self._others = Registered()
        self._shared: dict[type, object] = {}
        self._auto_refund = auto_refund
        #: So many exchanges were news before.
        self._looked_at = 0
        self._racer = racer

    # ------------------------------------------------------------------ the run, and one rule
    def view(self, *, rule: str, seed: int, allowance: int, seconds: float = math.inf) -> Self:
        """This target as one rule is given it: exchanges, orders and share of the budget are its
        own.
        """
        view = super().view(rule=rule, seed=seed, allowance=allowance, seconds=seconds)
        view.orders = []
        view.budget = self.whole.budget.part()
        return view

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange; whatever it asked of an order may be told from now on."""
        super().record(exchange)
        if self.inbox is not None and exchange.method != "GET" and "/webhooks" not in exchange.url:
            self.inbox.stir(exchange.url)

    def shared(self, kind: type[Kept]) -> Kept:
        """The run's one object of this type, made when it is first asked for: what rules leave for
        each other. Of which type it is they know alone.
        """
        with self._lock:
            found = self._shared.setdefault(kind, kind())
        assert isinstance(found, kind)
        return found

    def news(self, decided: Container[str]) -> Sequence[News]:
        """What was told and called since this was asked last."""
        calls = self.exchanges_after(self._looked_at)
        self._looked_at += len(calls)
        if self.inbox is None:
            return [News(calls=calls)]
        orders = {order.uuid.lower(): order for order in list(self.whole.orders)}
        settled = {uuid for uuid, order in orders.items() if order.rule in decided}
        heard = [orders[uuid] for uuid in sorted(self.inbox.heard_of()) if uuid in orders]
        return [News(heard, [orders[uuid] for uuid in sorted(self.inbox.news(settled))], calls)]

    def makers(self) -> Mapping[str, str]:
        """The rule whose order it is, by the uuid of every order of the run in lower case."""
        return {order.uuid.lower(): order.rule for order in self.whole.orders}

    def picture(self, story: Sequence[Exchange]) -> Sequence[Step]:
        """A story with the webhooks that came meanwhile, and what is left of each order."""
        return pictured(self.exchanges, story, self.whole.orders, self.inbox)

    def moves(self) -> Sequence[str]:
        """Through which statuses this rule led its orders."""
        return walked(self.exchanges, self.orders)

    @property
    def endpoints(self) -> Endpoints:
        """Those that the run registers at the server, by calls of this rule."""
        return Endpoints(self, self._registered)

    @property
    def other_endpoints(self) -> Endpoints:
        """Those of the second merchant. Raises :class:`NotExercised` without one."""
        return Endpoints(self, self._others, key=self.other_key, merchant=SECOND_MERCHANT)

    # ------------------------------------------------------------------ the order's calls
    def read(self, order: TestOrder | str, *, key: str | None = "") -> Answer:
        """``GET /orders/{uuid}``."""
        return self.call("GET", f"/orders/{_uuid(order)}", key=key)

    def cancel(self, order: TestOrder, *, key: str | None = "", **fields: Any) -> Answer:
        """``POST /orders/{uuid}/cancel``, with a reason: to omit it, see :meth:`reverse`."""
        return self.reverse("cancel", order, {"reason": REASON, **fields}, key=key)

    def refund(self, order: TestOrder, *, key: str | None = "", **fields: Any) -> Answer:
        """``POST /orders/{uuid}/refund``, with a reason; ``amount`` is what becomes JSON's
        (Decimal, int, …).
        """
        return self.reverse("refund", order, {"reason": REASON, **fields}, key=key)

    def reverse(
        self,
        operation: str,
        order: TestOrder,
        fields: Mapping[str, Any] | None = None,
        *,
        body: bytes | None = None,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A cancel or refund with these fields alone (none: no body at all), or this very body."""
        if body is None and fields:
            body = dump_json(dict(fields))
        path = f"/orders/{order.uuid}/{operation}"
        answer = self.call("POST", path, body=body, key=key, headers=headers)
        order.reversals.append(Reversal.told(operation, fields or {}, answer))
        return answer

    def step(self, order: TestOrder, step: str) -> Answer:
        """``authorize``, ``capture`` or ``complete``."""
        return self.call("POST", f"/orders/{order.uuid}/{step}")

    def at_once(
        self, order: TestOrder, calls: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> list[Answer]:
        """Calls on one order released together; those that the network loses are left out."""
        answers = self.together([(order, *call) for call in calls])
        return [answer for answer in answers if answer is not None]

    def together(
        self, calls: Sequence[tuple[TestOrder, str, Mapping[str, Any]]]
    ) -> list[Answer | None]:
        """Calls on orders released together, each on a connection of its own: what is asked of
        which order, with which fields. ``None`` for one that the network loses.

        The rate is paid before the barrier.
        """
        for _ in calls:
            self.budget.take()
            self.pace.wait()
        barrier = threading.Barrier(len(calls))
        clients = [self.racer() for _ in calls]

        def run(client: httpx.Client, path: str, fields: Mapping[str, Any]) -> Answer | None:
            body = dump_json(dict(fields)) if fields else None
            barrier.wait(timeout=CALL_TIMEOUT)
            try:
                return self.call_raced("POST", path, body, client)
            except NetworkTrouble:
                return None

        try:
            with ThreadPoolExecutor(len(calls)) as pool:
                futures = [
                    pool.submit(run, client, f"/orders/{order.uuid}/{operation}", fields)
                    for client, (order, operation, fields) in zip(clients, calls, strict=True)
                ]
                answers = [future.result() for future in futures]
        finally:
            for client in clients:
                if client is not self.client:
                    client.close()
        for answer, (order, operation, fields) in zip(answers, calls, strict=True):
            if answer is not None and operation in REVERSALS:
                order.reversals.append(Reversal.told(operation, fields, answer))
        return answers

    def racer(self) -> httpx.Client:
        """A client with a connection of its own; in process the shared one does."""
        return self._racer() if self._racer else self.client

    # ------------------------------------------------------------------ orders
    def order(
        self,
        status: OrderStatus = OrderStatus.APPROVED,
        *,
        kind: OrderType | None = None,
        total: int = 10_000,
        exact: bool = False,
        fresh: bool = False,
        metadata: Mapping[str, Any] | None = None,
    ) -> TestOrder:
        """An order in a status, of a total in halalas (at least one riyal, unless exact).

        ``fresh``: none of those that the user gave, which only example-based rules use up.
        ``metadata``: what it is described by, where it is made and its source can.
        Raises :class:`NotExercised` where no source has one.
        """
        wanted = Wanted(
            kind=kind, status=status, total=total, exact=exact, fresh=fresh, metadata=metadata
        )
        made, missing = self._sought(wanted)
        if made is None:
            raise missing or none_of(wanted, promised=self._was_promised(wanted))
        self._delivered.setdefault((wanted.fresh, made.kind, made.status, made.total), made)
        return self._adopt(made)

    def _sought(self, wanted: Wanted) -> tuple[Made | None, NotExercised | None]:
        """What the sources and a step or two give, or why not, where one of them says."""
        try:
            return self._from_sources(wanted) or self._derived(wanted), None
        except NotExercised as missing:
            denied = isinstance(missing, Denied) or not self._was_promised(wanted)
            return None, missing if denied else None

    def _was_promised(self, wanted: Wanted) -> bool:
        """Whether such orders were there once, or are said to be."""
        had = any(
            fits(made, wanted) and fresh >= wanted.fresh
            for (fresh, *_), made in list(self._delivered.items())
        )
        return had or any(source.promises(wanted) for source in self.sources)

    def turned_away(self, order: TestOrder) -> None:
        """The first refund of an order was refused: it is named among those that were no use."""
        for source in self.sources:
            source.turned_away(
                order.uuid, "its first refund was refused: outside the refund window, or settled?"
            )

    @property
    def listed_orders(self) -> int:
        """How many orders the user listed."""
        return sum(source.listed for source in self.sources)

    def _from_sources(self, wanted: Wanted) -> Made | None:
        """Ask every source. Where any type will do, replacing orders come last: they are rare."""
        if wanted.kind is not None:
            return self._first(wanted)
        try:
            made = self._first(replace(wanted, kind=OrderType.EARNING))
        except NotExercised:
            made = self._first(replace(wanted, kind=OrderType.REPLACING))
            if made is None:
                raise
            return made
        return made or self._first(replace(wanted, kind=OrderType.REPLACING))

    def _first(self, wanted: Wanted) -> Made | None:
        for source in self.sources:
            made = source.make(wanted, self)
            if made is not None:
                return made
        return None

    #: How an order gets into a status that no source gives: from where, and by which call. Complete
    #: is none of them: approved orders are made as such.
    _STEPS: ClassVar[Mapping[OrderStatus, tuple[OrderStatus, str]]] = {
        to: (before, action.value)
        for action in (Action.AUTHORIZE, Action.CAPTURE)
        for before, to in certain(action)
    }

    def _derived(self, wanted: Wanted) -> Made | None:
        if wanted.status not in self._STEPS:
            return None
        before, step = self._STEPS[wanted.status]
        earlier = replace(wanted, status=before)
        made = self._from_sources(earlier) or self._derived(earlier)
        if made is None:
            return None
        answer = self.call("POST", f"/orders/{made.uuid}/{step}")
        return replace(made, status=wanted.status) if answer.is_in(wanted.status) else None

    def _adopt(self, made: Made) -> TestOrder:
        order = made.adopted(self.rule)
        self.orders.append(order)
        if self.whole is not self:
            self.whole.orders.append(order)
        if self.inbox is not None:
            self.inbox.know(order.uuid, order.number)
        return order

    def refundable(self, total: int = 10_000, **wanted: Any) -> TestOrder:
        """An order whose money was taken: approved, or captured where there is no approved one."""
        try:
            return self.order(total=total, **wanted)
        except NotExercised as missing:
            try:
                return self.order(OrderStatus.CAPTURED, total=total, **wanted)
            except Denied:
                raise
            except NotExercised:
                raise missing from None

    def auto_refund(self, order: TestOrder) -> None:
        """Have the platform refund a replacing order by itself, where it can be triggered."""
        if self._auto_refund is None or not self._auto_refund(order.uuid):
            if any(one.auto_refunded is not None for one in self.whole.orders):
                raise Denied("the auto-refund that was triggered before is not triggered any more")
            raise NotExercised(
                "nothing triggers an auto-refund: supply the hook pytest_points_auto_refund",
                lacks="auto-refund trigger",
            )
        order.auto_refunded = len(self.whole.exchanges)
        if self.inbox is not None:
            self.inbox.stir(order.uuid)

    @property
    def can_auto_refund(self) -> bool:
        """Whether anything may trigger an auto-refund."""
        return self._auto_refund is not None

    @property
    def other_key(self) -> str:
        """A second merchant's key. Raises :class:`NotExercised` without one."""
        if self.keys.other is None:
            raise NotExercised(
                "no second merchant: set POINTS_OTHER_API_KEY", lacks="second merchant"
            )
        return self.keys.other

    def webhooks(self) -> Inbox:
        """The inbox. Raises :class:`NotExercised` without one."""
        if self.inbox is None:
            if self._inbox_refused:
                raise Denied(self._inbox_refused)
            raise NotExercised(
                "no webhook inbox: start with --webhook-listen HOST:PORT", lacks="webhook inbox"
            )
        return self.inbox

    def without_inbox(self, why: str) -> None:
        """No webhook can be received after all, though one was listened for."""
        self.inbox, self._inbox_refused = None, why

    # ------------------------------------------------------------------ bookkeeping
    def effect(self) -> Effect:
        """What the run did to the target so far."""
        orders = self.whole.orders
        refunded = [o for o in orders if any(r.operation == "refund" for r in o.accepted)]
        cancelled = [o for o in orders if any(r.operation == "cancel" for r in o.accepted)]
        reversed_ = {id(order): order for order in refunded + cancelled}
        return Effect(
            calls=self.budget.spent,
            made=sum(source.made for source in self.sources),
            given=sum(order.given for order in orders),
            refunded=len(refunded),
            cancelled=len(cancelled),
            halalas=sum(order.total for order in reversed_.values()),
        )


def _uuid(order: TestOrder | str) -> str:
    return order if isinstance(order, str) else order.uuid
