"""A sandbox's memory in one SQLite file: what it answered once it still knows when begun again.

Kept are orders with their books, endpoints, deliveries with their attempts, the seed (so the keys),
and how far the clock is ahead; planned faults are not. A call is kept before it is answered. Each
save is one transaction of a write-ahead log: whenever the process is killed, the file opens again.
"""

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from points_conformance.judging.visible import visible
from points_conformance.ledger import OrderLedger
from points_conformance.simulator.clock import ShiftedClock
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.delivery.receivers import Reply
from points_conformance.simulator.stored import (
    StoreError,
    delivery_from,
    delivery_text,
    endpoint_from,
    endpoint_text,
    order_from,
    order_text,
)
from points_conformance.simulator.world import Delivery, Order, World

__all__ = ["Store"]

#: In the file's header: whose it is, and how it is laid out.
_APPLICATION: Final = int.from_bytes(b"PtsS")
_LAYOUT: Final = 1
_MAGIC: Final = b"SQLite format 3\x00"
_TABLES: Final = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE orders (place INTEGER PRIMARY KEY, uuid TEXT UNIQUE, told TEXT NOT NULL)",
    "CREATE TABLE endpoints (place INTEGER PRIMARY KEY, told TEXT NOT NULL)",
    "CREATE TABLE deliveries (number INTEGER PRIMARY KEY, told TEXT NOT NULL)",
)
_Statement = tuple[str, list[Any]]
_Books = tuple[datetime, OrderLedger, str | None]
#: How often it is looked whether anything changed that no call brought about.
_LOOK_SECONDS: Final = 0.2


class Store:
    """One open file. ``seed`` is of a new one; an older file has its own, and so its keys.

    :meth:`attach` fills a simulator from it; from then on :meth:`save` keeps whatever has changed,
    and while a ``with`` block lasts that is done by itself too. Raises :class:`StoreError`.
    """

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._look, name="points-store", daemon=True)
        try:
            _may_be_ours(path)
            self._file = sqlite3.connect(path, timeout=0, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise self._error(error) from None
        try:
            self.seed = self._opened(seed)
        except (sqlite3.Error, ValueError) as error:
            self._file.close()
            raise self._error(error) from None

    def _opened(self, seed: int) -> int:
        """Take the file for this process alone, and lay it out where it is new."""
        file = self._file
        file.execute("PRAGMA locking_mode = EXCLUSIVE")
        with file:
            file.execute("BEGIN IMMEDIATE")
            if not file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                file.execute(f"PRAGMA application_id = {_APPLICATION}")
                file.execute(f"PRAGMA user_version = {_LAYOUT}")
                for table in _TABLES:
                    file.execute(table)
                about = {"seed": seed, "begun": 0, "ahead": 0}
                file.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        layout = file.execute("PRAGMA user_version").fetchone()[0]
        if layout != _LAYOUT:
            raise ValueError(f"its layout is {layout}, and this version knows {_LAYOUT}")
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("PRAGMA synchronous = NORMAL")
        found = file.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise ValueError(f"it is broken: {found}")
        return int(self._about("seed"))

    # ------------------------------------------------------------------ reading
    def attach(self, simulator: Simulator) -> None:
        """Fill a simulator that was begun with :attr:`seed`."""
        self.simulator = simulator
        try:
            with simulator.lock:
                self._fill(simulator.world)
                ahead = timedelta(seconds=float(self._about("ahead")))
                if isinstance(simulator.clock, ShiftedClock):
                    simulator.clock.ahead = ahead
                world = simulator.world
                self._begin_again(world)
                self._dropped = world.deliveries.dropped
                self._remember(world, world.orders.values(), world.deliveries)
                begun = int(self._about("begun")) + 1
                self._write([("UPDATE about SET value = ? WHERE name = 'begun'", [(begun,)])])
        except (sqlite3.Error, ArithmeticError, LookupError, TypeError, ValueError) as error:
            self._file.close()
            raise self._error(error) from None
        # Each time other identifiers, and none that the file has already.
        simulator.world.reseed(f"{self.seed}/{begun}")

    def _fill(self, world: World) -> None:
        merchants = {one.id: one for one in world.merchants}
        for (told,) in self._file.execute("SELECT told FROM endpoints ORDER BY place"):
            merchant, endpoint = endpoint_from(told, merchants)
            merchant.endpoints.append(endpoint)
        for (told,) in self._file.execute("SELECT told FROM orders ORDER BY place"):
            world.keep(order_from(told, merchants))
        known = [end for merchant in world.merchants for end in merchant.endpoints]
        rows = self._file.execute("SELECT told FROM deliveries ORDER BY number").fetchall()
        found = [delivery_from(told, merchants, known) for (told,) in rows]
        world.deliveries.dropped = found[0].number - 1 if found else 0
        world.deliveries.extend(found)
        world.deliveries.taken = world.deliveries.total

    def unfinished(self, attempts: int, repeats: Callable[[Reply], bool]) -> list[Delivery]:
        """What was still to be sent when the process ended: not tried, or to be tried again."""

        def is_open(one: Delivery) -> bool:
            if one.endpoint is None or one.endpoint not in one.merchant.endpoints:
                return False
            if not one.attempts:
                return True
            last = one.attempts[-1]
            reply = Reply(last.status, last.error, last.seconds)
            return len(one.attempts) < attempts and repeats(reply)

        with self.simulator.lock:
            return [one for one in self.simulator.deliveries if is_open(one)]

    def _about(self, name: str) -> str:
        row = self._file.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise ValueError(f"it does not say its {name}")
        return str(row[0])

    # ------------------------------------------------------------------ writing
    def save(self) -> None:
        """Keep whatever has changed since the last time."""
        with self.simulator.lock:
            world = self.simulator.world
            if world is not self._world:
                self._begin_again(world)
            orders = [
                one for one in world.orders.values() if self._orders.get(one.uuid) != _of(one)
            ]
            told = self._attempts
            deliveries = [d for d in world.deliveries if told.get(d.number) != len(d.attempts)]
            statements = self._changes(world, orders, deliveries)
            if not statements:
                return
            try:
                self._write(statements)
            except sqlite3.Error as error:
                raise self._error(error) from None
            self._remember(world, orders, deliveries)

    def _write(self, statements: list[_Statement]) -> None:
        with self._file as transaction:
            for statement, rows in statements:
                transaction.executemany(statement, rows)

    def _changes(
        self, world: World, orders: list[Order], deliveries: list[Delivery]
    ) -> list[_Statement]:
        """What is to be written, in its order."""
        found: list[_Statement] = []
        dropped, ends, ahead = world.deliveries.dropped, _endpoints(world), self._ahead()
        if self._emptied:
            found += [("DELETE FROM orders", [()]), ("DELETE FROM deliveries", [()])]
        elif dropped != self._dropped:
            found.append(("DELETE FROM deliveries WHERE number <= ?", [(dropped,)]))
        if self._emptied or ends != self._endpoints:
            found.append(("DELETE FROM endpoints", [()]))
            found.append(("INSERT INTO endpoints VALUES (?, ?)", list(enumerate(ends))))
        if orders:
            # Orders are numbered as they come, and none is ever removed.
            rows = [(one.id, one.uuid, order_text(one)) for one in orders]
            found.append(("INSERT OR REPLACE INTO orders VALUES (?, ?, ?)", rows))
        if deliveries:
            texts = [(one.number, delivery_text(one)) for one in deliveries]
            found.append(("INSERT OR REPLACE INTO deliveries VALUES (?, ?)", texts))
        if ahead != self._kept_ahead:
            found.append(("UPDATE about SET value = ? WHERE name = 'ahead'", [(ahead,)]))
        return found

    def _begin_again(self, world: World) -> None:
        """Everything was forgotten: the file is to be emptied, and knows nothing of this world."""
        self._world, self._emptied = world, True
        self._orders: dict[str, _Books] = {}
        self._attempts: dict[int, int] = {}

    def _remember(
        self, world: World, orders: Iterable[Order], deliveries: Iterable[Delivery]
    ) -> None:
        """What the file has now."""
        self._emptied = False
        self._orders.update((one.uuid, _of(one)) for one in orders)
        self._attempts.update((one.number, len(one.attempts)) for one in deliveries)
        for number in range(self._dropped + 1, world.deliveries.dropped + 1):
            self._attempts.pop(number, None)
        self._dropped = world.deliveries.dropped
        self._endpoints = _endpoints(world)
        self._kept_ahead = self._ahead()

    def _ahead(self) -> float:
        clock = self.simulator.clock
        return clock.ahead.total_seconds() if isinstance(clock, ShiftedClock) else 0.0

    # ------------------------------------------------------------------ lasting
    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._watch.join()
        with closing(self._file):
            self.save()

    def _look(self) -> None:
        while not self._closing.wait(_LOOK_SECONDS):
            try:
                self.save()
            except StoreError:
                continue  # Told to whoever calls next, and when the store is closed.

    def _error(self, error: Exception) -> StoreError:
        why = str(error.strerror or error) if isinstance(error, OSError) else str(error)
        if "locked" in why:
            why = "another sandbox has it open"
        line = " ".join(f"cannot keep a sandbox in {self.path}: {why}".split())
        return StoreError(visible(line))


def _of(order: Order) -> _Books:
    """What changes of an order."""
    return (order.updated_at, order.ledger, order.shipping)


def _endpoints(world: World) -> list[str]:
    return [endpoint_text(one, end) for one in world.merchants for end in one.endpoints]


def _may_be_ours(path: Path) -> None:
    """Refuse what another program made, before SQLite touches it. What is not there yet is made,
    for its owner's eyes: it holds the endpoints' secrets.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no file")
        header = file.read(100)
    if header and not header.startswith(_MAGIC):
        raise OSError("it is no SQLite file")
    if header and int.from_bytes(header[68:72]) != _APPLICATION:
        raise OSError("it is another program's file")
