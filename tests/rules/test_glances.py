"""What closing rules say before the run closes: only of what stays so, whatever comes later."""

from collections.abc import Callable

import httpx
import pytest

from points_conformance.contract.dialect import DIALECTS
from points_conformance.contract.money import sar
from points_conformance.defects.api.seeded import SEEDED
from points_conformance.judging.finding import Finding
from points_conformance.rules.api import webhook_closing
from points_conformance.rules.api.glances import (
    TOLD_UNASKED,
    attempted_too_often,
    heard_at,
    told_too_often,
)
from points_conformance.rules.api.reconcile import Kind
from points_conformance.rules.api.shared import Shared
from points_conformance.rules.api.webhook_retries import DELETED
from points_conformance.targets.api.build import embedded_target
from points_conformance.targets.api.order import TestOrder
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
    for kind in (Kind.UNASKED, Kind.DOUBLED):
        told_too_often(api, news, kind=kind, title=TOLD_UNASKED)


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


def test_an_event_that_comes_before_its_answer_is_asked_for() -> None:
    """The server told of it while the call was under way: that is looked at again afterwards."""
    api = embedded_target()
    order = api.refundable()
    seen: list[list[TestOrder]] = []

    def told_meanwhile() -> None:
        looked_at(api)
        assert api.inbox is not None
        assert len(api.inbox.of(order.uuid)) == 1
        seen.append(api.news(DECIDED))

    api.client = httpx.Client(transport=Between(api.client._transport, told_meanwhile))
    api.refund(order)
    assert seen == [[order]], "it was put off"
    told_too_often(api, [order], kind=Kind.UNASKED, title=TOLD_UNASKED)


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
    assert api.news(DECIDED) == []
    assert api.news({"refund.full"}) == [order]
    assert api.news({"refund.full"}) == []


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
        assert api.news(DECIDED) == [order]
        if attempts == 4:
            attempted_too_often(api, [order])
        else:
            with pytest.raises(Finding, match="too many attempts"):
                attempted_too_often(api, [order])


def test_a_place_that_is_told_what_it_may_not_hear() -> None:
    """Only the order of the story counts, and only there."""
    api = embedded_target()
    order, other = api.refundable(), api.refundable()
    assert api.inbox is not None
    for one, place in ((order, "main"), (other, DELETED)):
        body = f'{{"event": "refunded", "order": {{"id": "{one.uuid}"}}}}'.encode()
        api.inbox.record(place, {}, body)
    heard_at(api, [order, other], place=DELETED)
    Shared.of(api).planted[DELETED] = order.uuid
    heard_at(api, [order, other], place=DELETED)
    Shared.of(api).planted[DELETED] = other.uuid
    with pytest.raises(Finding, match="nobody is registered"):
        heard_at(api, [order, other], place=DELETED)


def test_only_rules_that_close_the_run_glance() -> None:
    """All others are judged as soon as they may."""
    glancing = [rule for rule in webhook_closing.rule.rules if rule.glance is not None]
    assert len(glancing) == 7
    assert all(rule.closing for rule in glancing)
