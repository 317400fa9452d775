"""Where orders come from: what is read first, what is skipped and named, what is never touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from points_conformance.contract.names import OrderStatus, OrderType
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
