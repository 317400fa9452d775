"""What closing rules say before the run closes: only of what stays so, whatever comes later."""

import json
import threading
from collections.abc import Callable, Container
from dataclasses import replace
from typing import Any

import httpx
import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.judging.archive import Archive
from points_conformance.judging.finding import Finding
from points_conformance.judging.redaction import Redactor
from points_conformance.judging.rule import Rule
from points_conformance.rules.api.glances import (
    AT_ONCE,
    TOLD_UNASKED,
    attempted_by_now,
    heard_at,
    sent_again_by_now,
    told_too_much,
)
from points_conformance.rules.api.histories import histories, told_by
from points_conformance.rules.api.reconcile import Kind, discrepancies
from points_conformance.rules.api.shared import Shared
from points_conformance.rules.api.webhook_closing import answers_webhooks_and_reads_agree
from points_conformance.rules.api.webhook_retries import DELETED
from points_conformance.subjects import Subject, catalogue
from points_conformance.targets.api.build import embedded_target
from points_conformance.targets.api.inbox import Inbox
from points_conformance.targets.api.news import News
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.received import Received
from points_conformance.targets.api.target import ApiTarget

#: Orders of these tests are no rule's.
DECIDED = {""}


def wrong(defect_id: str) -> ApiTarget:
    """The embedded simulator with a seeded defect."""
    defect = SEEDED.named(defect_id)
    return embedded_target(DIALECTS[defect.dialect], parts=defect.parts)


def looked_at(api: ApiTarget) -> None:
    """What the rules on refusals and repeats say of all that is new."""
    assert api.inbox is not None
    api.inbox.collect()
    news = api.news(DECIDED)
    for kind in (Kind.UNASKED, Kind.DOUBLED, Kind.OVERDRAWN):
        told_too_much(api, news, kind=kind, title=TOLD_UNASKED)


def told(api: ApiTarget, decided: Container[str]) -> list[TestOrder]:
    """The orders of decided rules of which something was told."""
    return [order for news in api.news(decided) for order in news.told]


class Between(httpx.BaseTransport):
    """Does something when the server has carried a call out, and before it answers."""

    def __init__(self, inner: httpx.BaseTransport, does: Callable[[], None]) -> None:
        self._inner, self._does = inner, does

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One call."""
        response = self._inner.handle_request(request)
        self._does()
        return response


def test_what_was_refused_and_is_told_is_seen_at_once() -> None:
    """It names the order; that it was refunded before as asked changes nothing."""
    api = wrong("webhook-refused-refund-told")
    api.refund(api.refundable())
    looked_at(api)
    order = api.refundable()
    assert api.refund(order, amount=sar(order.total * 2)).refused
    with pytest.raises(Finding, match=f"unasked \\({order.uuid}\\)"):
        looked_at(api)


def test_of_an_order_that_nobody_asked_to_reverse_nothing_is_said_early() -> None:
    """Nor is it when the run closes: that a GET refunds is another rule's to judge."""
    api = wrong("refund-by-get")
    order = api.refundable()
    api.call("GET", f"/orders/{order.uuid}/refund")
    assert api.inbox is not None
    assert [event.event for event in api.inbox.of(order.uuid)] == ["refunded"]
    looked_at(api)
    catalogue()["webhook.nothing-for-a-refusal"].check(api)


def test_an_event_that_comes_before_its_answer_is_asked_for() -> None:
    """The server told of it while the call was under way: that is looked at again afterwards."""
    api = embedded_target()
    order = api.refundable()
    seen: list[TestOrder] = []

    def told_meanwhile() -> None:
        looked_at(api)
        assert api.inbox is not None
        assert len(api.inbox.of(order.uuid)) == 1
        seen.extend(told(api, DECIDED))

    api.client = httpx.Client(transport=Between(api.client._transport, told_meanwhile))
    api.refund(order)
    assert seen == [order], "it was put off"
    told_too_much(api, [News(told=[order])], kind=Kind.UNASKED, title=TOLD_UNASKED)


def test_a_call_whose_answer_is_lost_may_have_been_carried_out() -> None:
    """Its event is none that nobody asked for."""
    api = embedded_target()
    order = api.refundable()

    def lost() -> None:
        raise httpx.ReadError("the answer is lost")

    api.client = httpx.Client(transport=Between(api.client._transport, lost))
    with pytest.raises(Exception, match="the network lost POST"):
        api.refund(order)
    looked_at(api)


def test_each_exchange_is_looked_at_once() -> None:
    """However often one looks; and all that was asked of an order counts."""
    api = embedded_target()
    order = api.refundable()
    for part in (1, 2, 3):
        api.refund(order, amount=part)
        history = Shared.of(api).unfolding.so_far(api, order)
        assert history is not None
        assert len(history.asked) == len(history.told) == part


def test_orders_of_rules_that_go_on_are_news_later() -> None:
    """More is asked of them: what is too much now may be right then."""
    api = embedded_target()
    view = api.view(rule="refund.full", seed=0, allowance=9)
    order = view.refundable()
    view.refund(order)
    assert api.inbox is not None
    api.inbox.collect()
    (news,) = api.news(DECIDED)
    assert (news.heard, news.told) == ([order], [])
    (news,) = api.news({"refund.full"})
    assert (news.heard, news.told) == ([], [order])
    (news,) = api.news({"refund.full"})
    assert (news.heard, news.told, news.calls) == ([], [], [])


def test_attempts_within_the_documented_number_are_no_finding() -> None:
    """Four that failed are allowed, a fifth is not."""
    for attempts in (4, 5):
        api = embedded_target()
        order = api.refundable()
        assert api.inbox is not None
        api.inbox.answer(order.uuid, "refunded", [500] * 9)
        body = f'{{"event": "refunded", "order": {{"id": "{order.uuid}"}}}}'.encode()
        for _ in range(attempts):
            api.inbox.record("main", {}, body)
        news = api.news({"some other rule"})
        if attempts == 4:
            attempted_by_now(api, news)
        else:
            with pytest.raises(Finding, match="too many attempts"):
                attempted_by_now(api, news)


def test_a_place_that_is_told_what_it_may_not_hear() -> None:
    """Only the order of the story counts, and only there."""
    api = embedded_target()
    order, other = api.refundable(), api.refundable()
    assert api.inbox is not None
    for one, place in ((order, "main"), (other, DELETED)):
        body = f'{{"event": "refunded", "order": {{"id": "{one.uuid}"}}}}'.encode()
        api.inbox.record(place, {}, body)
    news = [News(heard=[order, other])]
    heard_at(api, news, place=DELETED)
    Shared.of(api).planted[DELETED] = order.uuid
    heard_at(api, news, place=DELETED)
    Shared.of(api).planted[DELETED] = other.uuid
    with pytest.raises(Finding, match="nobody is registered"):
        heard_at(api, news, place=DELETED)


def test_what_was_accepted_and_comes_again_is_seen_at_once() -> None:
    """Whatever else its rule is about to ask."""
    api = embedded_target()
    order = api.refundable()
    assert api.inbox is not None
    api.inbox.answer(order.uuid, "refunded", [500, 200, 200])
    event = {"event": "refunded", "order": {"id": order.uuid, "left_amount": 0}}
    for _ in range(2):
        api.inbox.record("main", {}, json.dumps(event).encode())
    sent_again_by_now(api, api.news({"some other rule"}))
    api.inbox.record("main", {}, json.dumps(event).encode())
    with pytest.raises(Finding, match="sent again"):
        sent_again_by_now(api, api.news({"some other rule"}))


def test_more_than_an_order_is_worth_is_seen_at_once() -> None:
    """Its webhooks tell of more than it cost: no later one takes anything back."""
    api = wrong("rest-without-amount-gives-all-again")
    order = api.refundable()
    api.refund(order, amount=sar(order.total // 4))
    looked_at(api)
    api.refund(order)
    with pytest.raises(Finding, match=f"overdrawn \\({order.uuid}\\): 125.00 SAR went back"):
        looked_at(api)


def test_two_events_that_look_the_same_may_be_one_that_was_repeated() -> None:
    """As long as one is missing: where what is left is not told nobody can tell them apart."""
    api = embedded_target()
    order = api.refundable()
    assert api.inbox is not None
    event = {"event": "refunded", "order": {"id": order.uuid, "refund_amount": 60}}
    for amount in (60, 40):
        assert api.refund(order, amount=amount).accepted
    history = Shared.of(api).unfolding.so_far(api, order)
    assert history is not None
    repeated = told_by(_received(event))
    found = discrepancies(replace(history, told=[repeated, repeated]))
    assert Kind.OVERDRAWN not in {one.kind for one in found}


def _received(event: dict[str, Any]) -> Received:
    inbox = Inbox("http://inbox.test", grace=0, retry_within=None, clock=lambda: 0.0)
    inbox.know(event["order"]["id"], None)
    inbox.record("main", {}, json.dumps(event).encode())
    return inbox.of(event["order"]["id"])[0]


def test_a_refused_step_that_is_told_is_seen_at_once() -> None:
    """Once nothing more is asked of its order."""
    api = wrong("step-is-told-before-it-is-refused")
    order = api.order(OrderStatus.NEW, kind=OrderType.REPLACING)
    assert api.step(order, "capture").refused
    assert api.inbox is not None
    api.inbox.collect()
    glance = _rule("status.refused-step-is-not-told").glance
    assert glance is not None
    glance(api, api.news({"some other rule"}))
    with pytest.raises(Finding, match="a step that was refused is told"):
        glance(api, api.news(DECIDED))


def test_a_step_that_was_done_and_told_is_none() -> None:
    """Nor is one that was refused and not told."""
    api = embedded_target()
    glance = _rule("status.refused-step-is-not-told").glance
    assert glance is not None
    for step in ("capture", "authorize"):
        order = api.order(OrderStatus.NEW, kind=OrderType.REPLACING)
        assert api.step(order, step).refused is (step == "capture")
    assert api.inbox is not None
    api.inbox.collect()
    glance(api, api.news(DECIDED))


def test_a_glance_never_goes_through_calls_that_others_add_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One by one some are missed, as a step that was done: all of them are taken at once."""
    api = wrong("step-is-told-before-it-is-refused")
    glance = _rule("status.refused-step-is-not-told").glance
    assert glance is not None
    order, again = api.order(OrderStatus.NEW, kind=OrderType.REPLACING), api.refundable()
    assert api.step(order, "capture").refused
    assert api.inbox is not None
    api.inbox.collect()
    event = {"event": "refunded", "order": {"id": again.uuid, "left_amount": 0}}
    for _ in range(2):
        api.inbox.record("main", {}, json.dumps(event).encode())
    monkeypatch.setattr(Archive, "__iter__", lambda archive: pytest.fail("one by one"))
    news = api.news(DECIDED)
    with pytest.raises(Finding, match="a step that was refused is told"):
        glance(api, news)
    with pytest.raises(Finding, match="sent again"):
        sent_again_by_now(api, news)


def test_a_step_that_another_rule_asks_for_meanwhile_is_told_before_its_answer() -> None:
    """It was refused before, to the rule whose order it is: that is looked at again afterwards."""
    api = embedded_target()
    glance = _rule("status.refused-step-is-not-told").glance
    assert glance is not None
    order = api.order(OrderStatus.NEW, kind=OrderType.REPLACING)
    assert api.step(order, "capture").refused
    seen: list[TestOrder] = []
    events: list[list[str]] = []

    def told_meanwhile() -> None:
        assert api.inbox is not None
        api.inbox.collect()
        events.append([one.event for one in api.inbox.of(order.uuid)])
        glance(api, api.news(DECIDED))
        seen.extend(told(api, DECIDED))

    api.client = httpx.Client(transport=Between(api.client._transport, told_meanwhile))
    assert api.step(order, "authorize").accepted
    assert api.step(order, "capture").accepted
    assert events == [["authorized"], ["authorized", "captured"]], "told before the answer"
    assert seen == [order, order], "it was put off"
    glance(api, api.news(DECIDED))


def test_an_inside_is_seen_in_the_refusal_that_shows_it() -> None:
    """Whichever rule was refused."""
    api = wrong("the-database-speaks")
    order = api.refundable()
    api.refund(order)
    glance = _rule("envelope.no-refusal-shows-the-inside").glance
    assert glance is not None
    glance(api, api.news(DECIDED))
    assert api.refund(order).refused
    with pytest.raises(Finding, match="a refusal shows a statement of SQL"):
        glance(api, api.news(DECIDED))


def _rule(rule_id: str) -> Rule:
    return catalogue(Subject.API)[rule_id]


def test_only_rules_that_close_the_run_glance() -> None:
    """All others are judged as soon as they may."""
    glancing = [rule for rule in catalogue(Subject.API) if rule.glance is not None]
    assert len(glancing) == 10
    assert all(rule.closing for rule in glancing)


class Slow:
    """A redactor that takes its time over one text."""

    def __init__(self, inner: Redactor, what: str) -> None:
        self._inner, self._what = inner, what
        self.cut = inner.cut
        self.begun, self.over = threading.Event(), threading.Event()

    def __call__(self, text: str) -> str:
        if self._what in text:
            self.begun.set()
            assert self.over.wait(10)
        return self._inner(text)


def test_a_read_before_an_auto_refund_stays_before_it_while_others_record_their_calls() -> None:
    """What comes of it is held against the reads that came after it alone."""
    api = embedded_target()
    order = api.order(kind=OrderType.REPLACING)
    slow = Slow(api.redact, "unknown-order")
    api.redact = slow  # type: ignore[assignment]
    other = threading.Thread(
        target=api.view(rule="", seed=0, allowance=9).read, args=("unknown-order",)
    )
    other.start()
    try:
        assert slow.begun.wait(10)
        api.read(order)
        api.auto_refund(order)
    finally:
        slow.over.set()
        other.join(10)
    (history,) = histories(api)
    assert [shown.after for shown in history.shown] == [0]


def test_what_looks_back_on_a_race_says_so_and_is_told_last() -> None:
    """What came of calls at once another run may not see again; of all else it does."""
    api = wrong("webhook-refund-reason-cut")
    orders = []
    for rule in ("race.full-refunds", "refund.full"):
        view = api.view(rule=rule, seed=0, allowance=9)
        orders.append(view.refundable())
        assert view.refund(orders[-1], reason="Came back broken, all of it").accepted

    def found() -> Finding:
        with pytest.raises(Finding) as raised:
            answers_webhooks_and_reads_agree(api)
        return raised.value

    raced, plain = orders
    both = found()
    assert [line.partition(":")[0] for line in both.story] == [plain.uuid, raced.uuid]
    assert (both.led_by, both.rounds) == (("refund.full",), "")
    api.whole.orders.remove(plain)
    api.refund(raced)
    alone = found()
    assert (alone.led_by, alone.rounds) == (("race.full-refunds",), AT_ONCE)
