"""Through which statuses calls led an order: from the calls and their answers alone."""

from typing import Any

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.exchange import Exchange
from points_conformance.targets.api.order import TestOrder
from points_conformance.targets.api.walk import Move, moves, walked

A = "7d0f9a52-3c1e-4b7a-9f60-2f4c8f0b6a11"


def order(status: OrderStatus = OrderStatus.APPROVED, *, auto: bool = False) -> TestOrder:
    """An order of 100.00 in a status; ``auto``: the platform was asked to refund it."""
    return TestOrder(
        uuid=A,
        kind=OrderType.REPLACING,
        status=status,
        total=10_000,
        points=None,
        number=None,
        given=False,
        rule="",
        auto_refunded=1 if auto else None,
    )


def call(path: str, status: int = 200, told: str = "", **fields: Any) -> Exchange:
    """A call, and the status of the order that was answered."""
    answer = f'{{"data": {{"uuid": "{A}", "order_status": "{told}"}}}}' if told else "{}"
    method = "GET" if path.count("/") == 2 else "POST"
    given = {"number": 1, "method": method, "headers": {}, "body": None, "answer": answer}
    return Exchange(url=f"http://127.0.0.1/api/v1{path}", status=status, **(given | fields))


def led(*calls: Exchange, auto: bool = False) -> list[str]:
    """The moves of an approved order."""
    return [str(move) for move in moves(calls, [order(auto=auto)])]


def test_a_refund_is_a_part_or_the_rest_by_what_is_answered() -> None:
    """And the next one starts where the last one led."""
    assert led(
        call(f"/orders/{A}/refund", told="partially_refunded"),
        call(f"/orders/{A}/refund", told="fully_refunded"),
    ) == [
        "approved > refund part > partially_refunded",
        "partially_refunded > refund rest > fully_refunded",
    ]


def test_a_refusal_leads_nowhere() -> None:
    """With an amount it was to be a part; the order stays where it was."""
    assert led(
        call(f"/orders/{A}/refund", 422, body='{"amount": -1}'),
        call(f"/orders/{A.upper()}/cancel", 400),
    ) == ["approved > refund part > refused", "approved > cancel > refused"]


def test_a_refused_refund_of_what_is_left_is_one_of_the_rest() -> None:
    """To the halala, whatever was refunded before; one without an amount too."""
    part = call(f"/orders/{A}/refund", told="partially_refunded", body='{"amount": 60.00}')
    for body, meant in (
        ('{"amount": 40.00}', "refund rest"),
        ('{"amount": 40}', "refund rest"),
        ('{"reason": "x"}', "refund rest"),
        ('{"amount": 40.01}', "refund part"),
        ('{"amount": "40.00"}', "refund part"),
    ):
        last = led(part, call(f"/orders/{A}/refund", 400, body=body))[-1]
        assert last == f"partially_refunded > {meant} > refused", body


def test_an_order_is_known_from_the_answer_that_made_it() -> None:
    """Whatever the kit itself led it through is a move as well."""
    made = call("/orders/earning", told="new", method="POST")
    authorized = call(f"/orders/{A}/authorize", told="authorized")
    assert [*map(str, moves([made, authorized]))] == ["new > authorize > authorized"]


def test_a_step_before_the_order_was_given_starts_where_the_table_says() -> None:
    """An order that is given as captured was authorized before."""
    found = moves([call(f"/orders/{A}/capture", told="captured")], [order(OrderStatus.CAPTURED)])
    assert [*map(str, found)] == ["authorized > capture > captured"]


def test_what_goes_back_by_itself_is_seen_by_the_next_read() -> None:
    """Only of an order that the platform was asked to refund."""
    read = call(f"/orders/{A}", told="fully_refunded")
    assert led(read, auto=True) == ["approved > auto-refund > fully_refunded"]
    assert led(read) == []


def test_what_says_nothing_of_a_status_is_no_move() -> None:
    """A server error, no answer, another path, an answer without a status."""
    assert (
        led(
            call(f"/orders/{A}/refund", 500),
            call(f"/orders/{A}/refund", 200),
            call("/webhooks", 200, "cancelled"),
            call(f"/orders/{A}/refund", status=None),  # type: ignore[arg-type]
        )
        == []
    )


def test_each_move_is_told_once_the_latest_last() -> None:
    """So that the last one is where the story ends."""
    part = call(f"/orders/{A}/refund", told="partially_refunded")
    refused = call(f"/orders/{A}/cancel", 400)
    again = "partially_refunded > cancel > refused"
    assert walked([part, refused, part, refused], [order()])[-1] == again
    assert len(walked([part, refused, part, refused], [order()])) == 3


def test_a_move_is_read_back() -> None:
    """From the text that it is told with, and from nothing else."""
    assert Move.of("a > b > c") == Move("a", "b", "c")
    assert Move.of("a > b") is None
