"""The page on safe refunds: its code runs as it stands there, and its tables are what happens."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from points_conformance.contract.names import OrderStatus
from points_conformance.plugin.points import Points, sandboxed

PAGE = Path(__file__).parents[2] / "docs" / "how-to-refund-safely.md"
TEXT = PAGE.read_text(encoding="utf-8")
PART = Decimal("25.00")
Asked = Callable[[str, Decimal | None], str]


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """What the page's one Python block defines."""
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(block, str(PAGE), "exec"), names)
    return names


@pytest.fixture
def points() -> Iterator[Points]:
    """A sandbox that wants the right key."""
    with sandboxed() as sandbox:
        sandbox.require_key()
        yield sandbox


@pytest.fixture
def refund(page: dict[str, Any], points: Points) -> Asked:
    """The page's function, with the address, the key and a reason."""
    return lambda uuid, amount: page["refund"](
        points.base_url, points.key, uuid, amount, "Return 1042: wrong size"
    )


@pytest.mark.parametrize("amount", [PART, None])
def test_a_refund_whose_answer_is_lost_is_done_once(
    points: Points, refund: Asked, amount: Decimal | None
) -> None:
    """The trap that the page begins with."""
    order = points.order()
    points.faults.lose_answer("refund")
    assert refund(order.uuid, amount) == "done"
    assert order.ledger.refunded == (2500 if amount else 10000)


@pytest.mark.parametrize("amount", [PART, None])
@pytest.mark.parametrize("status", [None, 500, 502, 503])
def test_a_refund_that_was_not_carried_out_is_repeated(
    points: Points, refund: Asked, status: int | None, amount: Decimal | None
) -> None:
    """The order looks as before, and the call is over."""
    order = points.order()
    if status is None:
        points.faults.lose_request("refund")
    else:
        points.faults.answer("refund", status)
    assert refund(order.uuid, amount) == "done"
    assert order.ledger.refunded == (2500 if amount else 10000)


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_second_part_is_unknown(points: Points, refund: Asked, carried_out: bool) -> None:
    """The first hole: the order looks as before either way."""
    order = points.order(status="partially_refunded")
    points.faults.answer("refund", 502, carried_out=carried_out)
    assert refund(order.uuid, PART) == "unknown"
    assert order.ledger.refunded == (7500 if carried_out else 5000)


@pytest.mark.parametrize("status", [408, 429, 504])
def test_a_part_that_may_come_late_is_not_repeated(
    points: Points, refund: Asked, status: int
) -> None:
    """The second hole."""
    order = points.order()
    points.faults.answer("refund", status)
    assert (refund(order.uuid, PART), order.ledger.refunded) == ("unknown", 0)


def test_an_order_that_cannot_be_read_settles_nothing(points: Points, refund: Asked) -> None:
    """The last row of the table."""
    order = points.order()
    points.faults.answer("get", 503, times=None)
    points.faults.lose_answer("refund")
    assert (refund(order.uuid, PART), order.ledger.refunded) == ("unknown", 2500)


def test_400_is_a_key_a_state_or_a_refusal(
    page: dict[str, Any], points: Points, refund: Asked
) -> None:
    """And reading tells the first from the others."""
    order = points.order(status="authorized")
    assert refund(order.uuid, None) == "refused"
    assert refund(points.order().uuid, Decimal("100.01")) == "refused"
    assert page["refund"](points.base_url, "old", order.uuid, None, "x") == "refused"
    url = f"{points.base_url}/orders/{order.uuid}"
    assert [page["call"]("GET", url, key).status_code for key in ("old", points.key)] == [400, 200]


def test_the_event_has_what_the_page_says(points: Points, refund: Asked) -> None:
    """Amounts, and the reason that ties it to the call."""
    order = points.order()
    points.faults.lose_answer("refund")
    refund(order.uuid, PART)
    told = points.deliveries[-1].payload["order"]
    assert (told["refund_amount"], told["left_amount"]) == (PART, Decimal("75.00"))
    assert told["reason"] == "Return 1042: wrong size"


def test_the_page_knows_every_status(page: dict[str, Any]) -> None:
    """Its code treats every other one as unknown."""
    assert page["KNOWN"] == set(OrderStatus)


def test_every_link_leads_somewhere() -> None:
    """To a file of the project."""
    links = re.findall(r"\]\(([^)#\s]+)\)", TEXT)
    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
