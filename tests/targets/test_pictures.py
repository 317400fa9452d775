"""Stories as they are drawn: of servers and of consumers."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.exchange import Exchange
from points_conformance.targets.api.inbox import Inbox
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.picture import pictured
from points_conformance.targets.api.received import MAIN
from points_conformance.targets.api.walk import walked
from points_conformance.targets.consumer.picture import pictured as of_consumer

A = "7d0f9a52-3c1e-4b7a-9f60-2f4c8f0b6a11"
NAMES = st.sampled_from(
    ["amount", "data", "uuid", "order_status", "message", "event", "order", "left_amount", "reason"]
)
B = "8e1f9a52-3c1e-4b7a-9f60-2f4c8f0b6a22"


def order(uuid: str = A) -> TestOrder:
    """An approved order of 100.00."""
    return TestOrder(
        uuid=uuid,
        kind=OrderType.EARNING,
        status=OrderStatus.APPROVED,
        total=10_000,
        points=None,
        number=None,
        given=False,
        rule="",
    )


def call(number: int, path: str, body: str | None = None, **fields: Any) -> Exchange:
    """A call that went well, at the second of its number."""
    given = {"method": "POST", "headers": {}, "status": 200, "answer": "{}", "at": float(number)}
    url = f"http://127.0.0.1/api/v1{path}"
    return Exchange(number=number, url=url, body=body, **(given | fields))


def refund(number: int, body: str | None, uuid: str = A, **fields: Any) -> Exchange:
    """A refund."""
    return call(number, f"/orders/{uuid}/refund", body, **fields)


def test_what_is_left_is_told_after_each_refund() -> None:
    """To the halala; what goes beyond the total is wrong."""
    story = [refund(1, '{"amount": 60.00}'), refund(2, '{"amount": 40.01}')]
    first, second = pictured(story, story, [order()], None)
    assert (first.after, first.wrong) == ("40.00 of 100.00 SAR left", False)
    assert (second.after, second.wrong) == ("0.01 SAR more than was paid", True)


def test_what_was_done_before_the_story_counts() -> None:
    """A story that begins late is told with the right remainder."""
    calls = [refund(1, '{"amount": 60.00}'), refund(2, '{"amount": 10.00}')]
    (step,) = pictured(calls, calls[1:], [order()], None)
    assert step.after == "30.00 of 100.00 SAR left"


def test_nothing_is_said_of_what_nobody_can_say() -> None:
    """A refusal, and an amount that can be booked in two ways, with all that follows it."""
    story = [
        refund(1, '{"amount": 60.00}', status=422),
        refund(2, '{"amount": 10.005}'),
        refund(3, '{"amount": 10.00}'),
    ]
    assert [step.after for step in pictured(story, story, [order()], None)] == ["", "", ""]


def test_orders_have_letters() -> None:
    """One each, in the order of the story; that which is made is named in its answer."""
    made = f'{{"data": {{"uuid": "{A}", "order_status": "approved"}}}}'
    story = [
        call(1, "/orders/earning", '{"total_price": 100.00, "name": "x"}', answer=made),
        refund(2, None, A.upper()),
        refund(3, "[1]", B),
    ]
    steps = pictured(story, story, [order(), order(B)], None)
    assert [step.said for step in steps] == [
        "POST /orders/earning total_price 100.00",
        "POST /orders/A/refund",
        "POST /orders/B/refund [1]",
    ]
    assert steps[0].answer == "HTTP 200 order A: approved"


def test_webhooks_stand_where_they_came() -> None:
    """Between the calls, with what they say of the money; other orders' and earlier ones do not."""
    inbox = Inbox("http://127.0.0.1/hooks", grace=1.0, retry_within=None, clock=lambda: 0.0)
    for uuid in (A, B):
        inbox.know(uuid, None)
    told = f'{{"event": "refunded", "order": {{"id": "{A}", "refund_amount": 60.00}}}}'
    early = inbox.heard(A)
    inbox.record(MAIN, {}, told.encode())
    came = inbox.heard(A)[0].came
    story = [refund(1, None, at=came - 1), refund(2, None, at=came + 1)]
    steps = pictured(story, story, [order()], inbox)
    assert early == []
    assert [step.said for step in steps] == [
        "POST /orders/A/refund",
        "webhook refunded A 60.00",
        "POST /orders/A/refund",
    ]
    assert steps[1].event
    assert pictured(story[1:], story[1:], [order()], inbox)[0].said == "POST /orders/A/refund"


def test_a_lost_answer_is_told_as_lost() -> None:
    """With why, where one knows."""
    story = [refund(1, None, status=None, error="ReadTimeout")]
    (step,) = pictured(story, story, [order()], None)
    assert (step.lost, step.answer) == (True, "no answer: ReadTimeout")


def test_a_consumers_story_tells_events_and_what_comes_again() -> None:
    """In the order in which they were sent, with what they say is left."""
    body = '{"event": "refunded", "order": {"refund_amount": 25.00, "left_amount": 75.00, '
    body += '"total_price": 100.00}}'
    story = [
        call(2, "/", body, status=204),
        call(1, "/", body, status=503),
        call(3, "/", "no JSON"),
    ]
    steps = of_consumer(story)
    assert [step.said for step in steps] == [
        "refunded 25.00 SAR",
        "refunded 25.00 SAR again",
        "POST no JSON",
    ]
    assert [step.answer for step in steps] == ["HTTP 503", "HTTP 204", "HTTP 200"]
    assert [step.at for step in steps] == [0.0, 1.0, 2.0]
    assert steps[0].after == "75.00 of 100.00 SAR left"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)
WORDS = (
    st.text() | JSON.map(json.dumps) | st.sampled_from(["\ud800", '"\\ud800"', '{"data": 1e99}'])
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(WORDS, WORDS, st.sampled_from(["refund", "cancel", "", "x/y"]), st.sampled_from([200, 400]))
def test_whatever_is_said_can_be_drawn(sent: str, said: str, action: str, status: int) -> None:
    """Of a server and of a consumer, and the way that its order was led: short lines, no error."""
    call_ = call(1, f"/orders/{A}/{action}", sent, answer=said, status=status)
    made = call(2, "/orders/earning", sent, answer=said, status=status)
    story = [call_, made, call_]
    steps = [*pictured(story, story, [order()], None), *of_consumer(story)]
    assert all(len(text) <= 200 for step in steps for text in (step.said, step.answer, step.after))
    walked(story, [order()])
