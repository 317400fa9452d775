"""Where orders come from: what is read first, what is skipped and named, what is never touched."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from points_conformance.contract.names import OrderStatus, OrderType
from points_conformance.judging.journal import Journal
from points_conformance.targets.api.live import EarningSource
from points_conformance.targets.api.order import Wanted
from points_conformance.targets.api.sources import (
    FileSource,
    HookSource,
    OrdersFileError,
    load_orders,
)

ORDER: dict[str, Any] = {
    "uuid": "u-1",
    "type": "earning",
    "order_status": "approved",
    "total_price": 10,
}


def wanted(kind: OrderType | None = None, **fields: Any) -> Wanted:
    """An approved order of ten riyals."""
    values = {"status": OrderStatus.APPROVED, "total": 1000, "exact": False} | fields
    return Wanted(kind=kind, **values)


def source(tmp_path: Path, *rows: Mapping[str, Any]) -> FileSource:
    """A file of these rows."""
    path = tmp_path / "orders.json"
    path.write_text(json.dumps(rows))
    return FileSource(load_orders(path))


def showing(*orders: Mapping[str, Any], **shown: Mapping[str, Any]) -> Any:
    """An API that shows these orders, each under its uuid or another."""
    by_uuid = {order["uuid"]: order for order in orders} | shown
    return SimpleNamespace(read=lambda uuid: SimpleNamespace(order=by_uuid.get(uuid, {})))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "not JSON"),
        ("{}", "list"),
        ("[7]", "order 1"),
        (json.dumps([ORDER, ORDER]), "listed twice"),
        (json.dumps([ORDER | {"order_status": "paid"}]), "'paid'"),
        (json.dumps([ORDER | {"order_status": ["new"]}]), "order_status"),
        (json.dumps([ORDER | {"type": True}]), "type"),
        (json.dumps([ORDER | {"type": None}]), "type"),
        (json.dumps([ORDER | {"uuid": "../webhooks"}]), "uuid"),
        (json.dumps([ORDER | {"uuid": 7}]), "uuid"),
        (json.dumps([ORDER | {"total_price": "1.005"}]), "total_price"),
        (json.dumps([ORDER | {"total_price": 0}]), "total_price"),
        ('[{"uuid": "u", "type": 1, "order_status": "new", "total_price": NaN}]', "NaN"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_cannot_be_used_says_which_order_and_why(
    tmp_path: Path, text: str, word: str
) -> None:
    """One line with the file, the order's number and what is wrong."""
    path = tmp_path / "orders.json"
    path.write_text(text)
    with pytest.raises(OrdersFileError) as caught:
        load_orders(path)
    assert word in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """Editors on Windows put one first."""
    path = tmp_path / "orders.json"
    path.write_text(json.dumps([ORDER]), encoding="utf-8-sig")
    assert [made.uuid for made in load_orders(path)] == ["u-1"]


def test_each_order_is_read_first_and_used_once(tmp_path: Path) -> None:
    """An order that still is as the file says is used; the next call gets another."""
    rows = [ORDER, ORDER | {"uuid": "u-2"}]
    orders = source(tmp_path, *rows)
    api = showing(*(row | {"total_points": 5} for row in rows))
    first, second = orders.make(wanted(), api), orders.make(wanted(), api)
    assert first is not None
    assert second is not None
    assert (first.uuid, second.uuid, first.points) == ("u-1", "u-2", 5)
    assert orders.make(wanted(), api) is None
    assert orders.skipped == []


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        ({}, "does not show"),
        ({"message": "Not found"}, "does not show"),
        (ORDER | {"order_status": "cancelled"}, "cancelled"),
        (ORDER | {"total_price": Decimal("10.01")}, "10.01"),
        (ORDER | {"type": 2}, "replacing"),
    ],
)
def test_an_order_that_is_not_as_the_file_says_is_skipped_and_named(
    tmp_path: Path, shown: dict[str, Any], word: str
) -> None:
    """The next one is taken instead."""
    other = ORDER | {"uuid": "u-2"}
    orders = source(tmp_path, ORDER, other)
    made = orders.make(wanted(OrderType.EARNING), showing(other, **{"u-1": shown}))
    assert made is not None
    assert made.uuid == "u-2"
    assert len(orders.skipped) == 1
    assert orders.skipped[0].startswith("u-1: the file says")
    assert word in orders.skipped[0]


def test_what_the_api_leaves_out_is_taken_from_the_file(tmp_path: Path) -> None:
    """Every field of the order is optional in an answer, but its status must be shown."""
    orders = source(tmp_path, ORDER)
    made = orders.make(wanted(), showing(**{"u-1": {"order_status": "approved"}}))
    assert made is not None
    assert (made.uuid, made.total, made.kind) == ("u-1", 1000, OrderType.EARNING)


def test_a_given_order_is_never_used_where_a_fresh_one_is_wanted(tmp_path: Path) -> None:
    """Generated stories make their own orders."""
    orders = source(tmp_path, ORDER)
    assert orders.make(wanted(fresh=True), showing(ORDER)) is None
    assert orders.make(wanted(), showing(ORDER)) is not None


def test_what_the_hook_made_is_read_and_named_where_it_does_not_fit() -> None:
    """The hook is told what is wanted; another order is not used."""
    asked: list[tuple[object, ...]] = []

    def hook(*what: object) -> str:
        asked.append(what)
        return "u-1"

    good = HookSource(hook).make(wanted(OrderType.EARNING), showing(ORDER))
    assert good is not None
    assert asked == [(OrderType.EARNING, OrderStatus.APPROVED, Decimal("10.00"))]
    source = HookSource(hook)
    assert source.make(wanted(), showing(ORDER | {"order_status": "new"})) is None
    assert source.skipped == [
        "u-1, by the hook: asked for approved earning of 10.00, the API shows new earning of 10.00"
    ]
    strange = HookSource(lambda *_: "no uuid")
    assert strange.make(wanted(), showing(ORDER)) is None
    assert "this is no uuid" in strange.skipped[0]


def test_what_the_hook_made_is_read_while_it_makes_the_next() -> None:
    """Each takes a while, and many rules wait for orders: here each reading waits for the other."""
    numbers = itertools.count(1)
    both = threading.Barrier(2, timeout=10)

    def read(uuid: str) -> Any:
        both.wait()
        return SimpleNamespace(order=ORDER | {"uuid": uuid})

    hook = HookSource(lambda *asked: f"u-{next(numbers)}")
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(hook.make, wanted(), SimpleNamespace(read=read)) for _ in range(2)]
        assert sorted(one.result().uuid for one in asked) == ["u-1", "u-2"]


def test_orders_of_a_file_are_each_for_one_rule_alone(tmp_path: Path) -> None:
    """However many ask at once, and however long it takes to look what is used."""

    class Slow(set[str]):
        def __contains__(self, uuid: object) -> bool:
            there = super().__contains__(uuid)
            time.sleep(0.005)
            return there

    rows = [ORDER | {"uuid": f"u-{number}"} for number in range(6)]
    given = source(tmp_path, *rows)
    given.used = Slow()
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: given.make(wanted(), showing(*rows)), rows))
    assert sorted(one.uuid for one in made) == sorted(row["uuid"] for row in rows)


def test_the_earning_endpoint_is_asked_for_one_order_at_a_time() -> None:
    """Two calls at once for one merchant may get 429."""
    at_once, most, count = 0, 0, itertools.count(1)

    def call(method: str, path: str, *, body: bytes) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.02)
        at_once -= 1
        order = ORDER | {"uuid": f"u-{next(count)}"}
        return SimpleNamespace(status=200, accepted=True, order=order)

    api: Any = SimpleNamespace(call=call, journal=Journal(None))
    earning = EarningSource()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: earning.make(wanted(), api), range(4)))
    assert most == 1
    assert len({one.uuid for one in made if one is not None}) == 4
