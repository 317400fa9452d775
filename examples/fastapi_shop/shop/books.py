"""What the shop knows of its orders: SQLite, money in halalas.

A delivery is noted before it is acknowledged, and booked by the worker later. What it did to its
order and that it is booked are one transaction: a crash between noting and booking loses nothing,
and books nothing twice.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

SCHEMA = """
pragma journal_mode = wal;
create table if not exists deliveries (
    digest text primary key, order_id text not null, event text not null,
    total integer not null, back integer not null, booked integer not null default 0);
create table if not exists orders (
    id text primary key, total integer not null, refunded integer not null default 0,
    cancelled integer not null default 0);
"""


@dataclass(frozen=True)
class Delivery:
    """What one delivery tells. ``digest`` is of its bytes, ``total`` and ``back`` are halalas."""

    digest: str
    order_id: str
    event: str
    total: int
    back: int


@contextmanager
def _transaction() -> Iterator[sqlite3.Connection]:
    path = os.environ.get("SHOP_DATABASE", "shop.db")
    with closing(sqlite3.connect(path, timeout=5, isolation_level="IMMEDIATE")) as database:
        database.execute("pragma synchronous = full")  # on disk before it is acknowledged
        with database:
            yield database


def prepare() -> None:
    """The tables are there."""
    with _transaction() as database:
        database.executescript(SCHEMA)


def note(delivery: Delivery) -> None:
    """Keep a delivery once.

    A repeat is the same bytes again. ``(order, event)`` is no key: two partial refunds of one order
    share it, and the second would be lost.
    """
    with _transaction() as database:
        database.execute(
            "insert or ignore into deliveries (digest, order_id, event, total, back)"
            " values (:digest, :order_id, :event, :total, :back)",
            vars(delivery),
        )


def book_noted(most: int = 100) -> int:
    """Book what is noted and not booked yet; how many these were.

    Sums and flags alone: no order of arrival matters, and a late ``approved`` revives nothing.
    """
    with _transaction() as database:
        database.execute("begin immediate")  # two workers never book the same delivery
        noted = database.execute(
            "select digest, order_id, event, total, back from deliveries where not booked limit ?",
            (most,),
        ).fetchall()
        for digest, order_id, event, total, back in noted:
            database.execute(
                "insert into orders (id, total, refunded, cancelled) values (?, ?, ?, ?)"
                " on conflict (id) do update set refunded = refunded + excluded.refunded,"
                " cancelled = max(cancelled, excluded.cancelled)",
                (order_id, total, back, event == "cancelled"),
            )
            database.execute("update deliveries set booked = 1 where digest = ?", (digest,))
        return len(noted)


def state(order_id: str) -> tuple[str, int] | None:
    """Status, and what went back in halalas; None for an order that nobody told us of."""
    with _transaction() as database:
        row = database.execute(
            "select total, refunded, cancelled from orders where id = ?", (order_id,)
        ).fetchone()
    if row is None:
        return None
    total, refunded, cancelled = row
    if cancelled:
        return "cancelled", refunded
    if refunded:
        return "fully_refunded" if refunded >= total else "partially_refunded", refunded
    return "approved", 0
