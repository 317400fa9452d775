"""An order's events are judged when all have come, in whatever order and however often."""

import itertools
import time
from collections.abc import Iterator

import pytest

from points_conformance.contract.money import sar
from points_conformance.contract.names import OrderType
from points_conformance.judging.finding import Denied, NotExercised
from points_conformance.rules.api.events import all_of
from points_conformance.rules.api.points import told_refunds
from points_conformance.rules.api.telling import failed_deliveries
from points_conformance.simulator.messages import dump_json
from points_conformance.targets.api.build import embedded_target
from points_conformance.targets.api.inbox import Inbox
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.received import MAIN
from points_conformance.targets.api.target import ApiTarget

#: Of 150.75 SAR and some points a whole riyal: the first refund takes them all, the last two none.
AMOUNTS = (15_000, 25, 50)


@pytest.fixture
def api() -> Iterator[ApiTarget]:
    """The embedded target."""
    target = embedded_target()
    yield target
    target.client.close()


def refunded(api: ApiTarget, *amounts: int, kind: OrderType = OrderType.EARNING) -> TestOrder:
    """An order with these refunds."""
    order = api.order(kind=kind, total=15_075, exact=True)
    for amount in amounts:
        assert api.refund(order, amount=sar(amount)).accepted
    return order


def posted_anew(api: ApiTarget, order: TestOrder, turns: tuple[int, ...]) -> None:
    """The order's events come again to an inbox of its own, in these turns."""
    sent = api.webhooks().of(order.uuid)
    inbox = listening(api, order)
    for turn in turns:
        inbox.record(MAIN, sent[turn].headers, sent[turn].body)


def listening(api: ApiTarget, order: TestOrder) -> Inbox:
    """An inbox in place of the target's own."""
    inbox = Inbox(
        "http://127.0.0.1:9", grace=0.01, retry_within=None, clock=time.monotonic, reachable=True
    )
    inbox.know(order.uuid, order.number)
    api.inbox = inbox
    return inbox


def test_a_delivery_that_never_came_is_not_one_that_is_not_repeated(api: ApiTarget) -> None:
    """Nothing was answered, so nothing had to be repeated; that it comes is for another rule."""
    order = refunded(api, 100)
    posted_anew(api, order, (0,))
    api.webhooks().retry_within = 0.01
    with pytest.raises(Denied, match="no refunded event of order"):
        failed_deliveries(api, [500], 2)


@pytest.mark.parametrize("turns", list(itertools.permutations(range(3))))
def test_shuffled_events_do_not_make_points_vanish(api: ApiTarget, turns: tuple[int, ...]) -> None:
    """Refunds that leave as many points are told in the order in which they were booked: never
    "0 reversed, 0 left" of an order with points.
    """
    order = refunded(api, *AMOUNTS)
    posted_anew(api, order, turns)
    rows = told_refunds(api, order, 3)
    assert [row["refund_points"] for row in rows] == [order.points, 0, 0]
    assert {row["left_points"] for row in rows} == {0}


def test_repeated_attempts_count_once(api: ApiTarget) -> None:
    """Distinct bytes count, not attempts: with one event missing nothing is summed."""
    order = refunded(api, *AMOUNTS)
    posted_anew(api, order, (1, 0, 1, 0, 0))
    with pytest.raises(Denied, match="2 of 3 refunded events"):
        told_refunds(api, order, 3)


def test_a_sum_is_not_made_of_some_events(api: ApiTarget) -> None:
    """What has not come is not told, which another rule judges; never a wrong sum."""
    order = refunded(api, *AMOUNTS)
    posted_anew(api, order, (2,))
    with pytest.raises(Denied, match=r"webhook\.every-reversal-is-told"):
        all_of(api, order, "refunded", 3)


def test_two_equal_refunds_that_look_the_same_are_nobodys_fault(api: ApiTarget) -> None:
    """Without left_amount two real refunds within a second may be the same to the byte."""
    order = refunded(api, 100, 100)
    payload = {**api.webhooks().of(order.uuid)[0].payload}
    payload["order"] = {k: v for k, v in payload["order"].items() if not k.startswith("left_")}
    inbox = listening(api, order)
    for _ in range(2):
        inbox.record(MAIN, {}, dump_json(payload))
    with pytest.raises(NotExercised, match="look the same") as reason:
        all_of(api, order, "refunded", 2)
    assert not isinstance(reason.value, Denied)
