"""What a consumer is told, and how its state is read."""

import json
import time
from decimal import Decimal

import httpx
import pytest

from points_conformance.contract.names import OrderType
from points_conformance.judging.budget import BudgetSpent
from points_conformance.judging.plan import plan
from points_conformance.judging.rule import Profile
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.consumer.build import (
    ConsumerOptions,
    build_consumer,
    interface_of,
)
from points_conformance.targets.consumer.probe import (
    ConsumerState,
    HookProbe,
    HttpProbe,
    PointerError,
    Unreadable,
    lookup,
    wanted,
)
from points_conformance.targets.consumer.shop import VARIANTS, Shop

DOCUMENT = {"a/b": {"~": [1, {"": "deep"}]}, "": 0}


class TestPointers:
    """RFC 6901."""

    @pytest.mark.parametrize(
        ("pointer", "value"),
        [("", DOCUMENT), ("/", 0), ("/a~1b/~0/0", 1), ("/a~1b/~0/1/", "deep")],
    )
    def test_lead_to_a_value(self, pointer: str, value: object) -> None:
        """Escapes, indexes, empty names."""
        assert lookup(DOCUMENT, pointer) == value

    @pytest.mark.parametrize("pointer", ["a", "/x", "/a~1b/~0/2", "/a~1b/~0/-", "//x"])
    def test_that_lead_nowhere_are_refused(self, pointer: str) -> None:
        """By name."""
        with pytest.raises(PointerError):
            lookup(DOCUMENT, pointer)


class TestState:
    """By HTTP and JSON."""

    @staticmethod
    def probe(answer: httpx.Response, **options: object) -> HttpProbe:
        """One that gets this answer."""
        return HttpProbe(
            call=lambda url: answer,
            template="http://c.test/{order_id}",
            **options,  # type: ignore[arg-type]
        )

    def test_words_and_units_are_translated(self) -> None:
        """Theirs to ours, halalas to SAR, exactly."""
        answer = httpx.Response(200, json={"s": "paid", "r": 1999})
        probe = self.probe(
            answer, status="/s", refunded="/r", words={"paid": "approved"}, unit="halala"
        )
        assert probe.read("x") == ConsumerState("approved", Decimal("19.99"))

    @pytest.mark.parametrize(
        "answer", [httpx.Response(404), httpx.Response(200, text="null")], ids=["404", "null"]
    )
    def test_an_order_may_be_unknown(self, answer: httpx.Response) -> None:
        """404 and null."""
        assert self.probe(answer).read("x") is None

    @pytest.mark.parametrize(
        ("answer", "complaint"),
        [
            (httpx.Response(500, text="oops"), "answers 500"),
            (httpx.Response(200, text="<html>"), "answers no JSON"),
            (httpx.Response(200, json={"status": "x"}), 'which is {"status":"x"}'),
            (httpx.Response(200, json={"order_status": "x", "refunded_amount": [1]}), "no amount"),
        ],
    )
    def test_what_cannot_be_read_is_shown(self, answer: httpx.Response, complaint: str) -> None:
        """The text says what it looked like."""
        with pytest.raises(Unreadable, match=complaint.replace("{", r"\{")):
            self.probe(answer).read("x")

    @pytest.mark.parametrize(
        "state",
        [
            {"status": "approved"}, "approved", 0,
            ConsumerState(["approved"]), ConsumerState(7), ConsumerState("approved", [1]),
            ConsumerState("approved", 25.0), ConsumerState("approved", True),
        ],
    )  # fmt: skip
    def test_nonsense_of_a_hook_cannot_be_read(self, state: object) -> None:
        """Which is no failure of the kit, and no finding."""
        with pytest.raises(Unreadable, match="must be a"):
            HookProbe(lambda order_id: state).read("x")  # type: ignore[arg-type,return-value]

    def test_a_sum_that_is_no_halala_agrees_with_nothing(self) -> None:
        """0.1 + 0.2."""
        case = Shop("secret", "http://c.test").order(1000)
        case.refund(30)
        books = wanted(case.ledger)
        assert books.agrees(ConsumerState("partially_refunded", "0.30"))
        off = ConsumerState("partially_refunded", Decimal("0.30000000000000004"))
        assert not books.agrees(off)


class TestCalls:
    """Deliveries are bounded; what it takes to see what came of them is counted."""

    def test_reads_and_orders_told_of_count_and_are_not_bounded(self) -> None:
        """Whether a queue needs two reads or twenty cannot be said before."""
        options = ConsumerOptions(state_url="/orders/{order_id}", order_url="/orders")
        answers = {"GET": 404, "POST": 204}
        target = build_consumer(
            options, "secret", function=lambda request: answers[request.method], calls=1
        )
        case = target.order()
        assert target.read(case) is None
        assert (target.budget.spent, target.budget.beside) == (2, 2)
        target.send(case.approved())
        assert (target.budget.spent, target.budget.beside) == (3, 2)
        with pytest.raises(BudgetSpent):
            target.send(case.approved())

    def test_what_is_found_wrong_was_read_when_the_time_was_over(self) -> None:
        """Slow reads of many orders take longer than the settling time: the last look counts."""
        target = build_consumer(
            ConsumerOptions(settle=0.2), "secret", function=lambda request: 204, state_hook=slow
        )
        assert target.mismatches([target.order() for _ in range(3)]) == []

    def test_a_queue_is_waited_for_while_it_moves(self) -> None:
        """Each order comes 0.15 s after the one before it: all of them, not the settling time."""
        started = time.monotonic()
        places: dict[str, int] = {}

        def queued(order_id: str) -> ConsumerState | None:
            place = places.setdefault(order_id, len(places) + 1)
            done = time.monotonic() - started > 0.15 * place
            return ConsumerState("approved", 0) if done else None

        target = build_consumer(
            ConsumerOptions(settle=0.4), "secret", function=lambda request: 204, state_hook=queued
        )
        assert target.mismatches([target.order() for _ in range(6)]) == []

    def test_the_plan_bounds_deliveries(self) -> None:
        """And says that reads come beside them."""
        rules = catalogue(Subject.CONSUMER)
        unit = Subject.CONSUMER.who.unit
        chosen = rules.select(Profile.SMOKE)
        bound = plan(rules, chosen, Profile.SMOKE, loopback=True, unit=unit)
        assert (
            "deliveries; orders told of, and reads of their state, come beside" in bound.lines()[0]
        )


def slow(order_id: str) -> ConsumerState | None:
    """A read that takes 0.1 s; an order is known from 0.25 s after it was first asked for."""
    started = ASKED.setdefault(order_id, time.monotonic())
    time.sleep(0.1)
    return ConsumerState("approved", 0) if time.monotonic() - started > 0.25 else None


ASKED: dict[str, float] = {}


class TestDeliveries:
    """The simulator's own."""

    @pytest.mark.parametrize("variant", VARIANTS)
    def test_equal_refunds_are_a_second_apart(self, variant: str) -> None:
        """In whole seconds, also where other orders are told of in between."""
        shop = Shop("secret", "http://c.test")
        case = shop.order(variant=variant)
        one = case.refund(2500)
        shop.order(variant=variant).refund(2500)
        two = case.refund(2500)
        times = [json.loads(delivery.body)["timestamp"][:19] for delivery in (one, two)]
        assert times[0] < times[1]

    def test_ids_are_fresh_in_each_run(self) -> None:
        """Two shops share none."""
        ids = {Shop("secret", "http://c.test").order().id for _ in range(20)}
        assert len(ids) == 20

    def test_variants_look_as_the_contract_allows(self) -> None:
        """Extra fields, integers, absent fields; the secret in the header."""
        shop = Shop("secret", "http://c.test")
        wide, whole, bare = (
            shop.order(kind=OrderType.REPLACING, variant=name).refund(2500)
            for name in ("wide", "whole", "bare")
        )
        assert json.loads(wide.body)["version"] == 2
        assert b'"refund_amount":25,' in whole.body
        assert "left_amount" not in json.loads(bare.body)["order"]
        assert wide.headers["X-Webhook-Secret"] == "secret"


def test_applications_are_told_apart_by_what_they_take() -> None:
    """Three arguments, two, one; a class or what takes none is undecided."""

    async def asgi(scope: object, receive: object, send: object) -> None: ...

    def wsgi(environ: object, start_response: object) -> None: ...

    assert interface_of(asgi) == "asgi"
    assert interface_of(wsgi) == "wsgi"
    assert interface_of(lambda request: 204) == "function"
    assert interface_of(lambda: None) is None
    assert interface_of(Shop) is None
