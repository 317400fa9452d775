"""Consumers that are right for as long as their process lives."""

import threading
from collections.abc import Callable
from typing import Any

import httpx

from points_conformance.defects.consumer.defect import Answer, ConsumerDefect
from points_conformance.defects.consumer.sample import SampleConsumer
from points_conformance.defects.defect import Seeds

__all__ = ["seed"]

seed = Seeds(ConsumerDefect)

_KEEPS = "crash-keeps-what-was-acknowledged"


@seed.on(SampleConsumer.restart, "keeps-all-in-memory", _KEEPS)
def keeps_all_in_memory(consumer: SampleConsumer) -> None:
    """What was refunded is kept in a dictionary of the process."""
    # Until the next deployment.
    consumer.orders.clear()
    consumer.seen.clear()


@seed("queue-in-memory", _KEEPS)
class QueueInMemory(SampleConsumer):
    """A delivery is acknowledged, and booked by a task of the process, which goes with it."""

    delay = 0.2

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.life = 0

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """``asyncio.create_task``, ``BackgroundTasks``, ``setImmediate``."""
        life = self.life
        super().after(seconds, lambda: work() if life == self.life else None)

    def restart(self) -> None:
        """Nobody remembers the tasks."""
        self.life += 1


@seed("replays-its-log", _KEEPS)
class ReplaysItsLog(SampleConsumer):
    """What was noted is booked again at the start: which of it was booked is nowhere noted."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.log: list[dict[str, Any]] = []

    def book(self, payload: dict[str, Any]) -> None:
        """Noted as well."""
        self.log.append(payload)
        super().book(payload)

    def restart(self) -> None:
        """An outbox without a column for what is done."""
        for payload in self.log:
            super().book(payload)


@seed.on(SampleConsumer.restart, "remembers-repeats-in-memory", "crash-books-repeats-once")
def remembers_repeats_in_memory(consumer: SampleConsumer) -> None:
    """Which deliveries were booked is kept in a cache of the process, and the books are not."""
    # ``lru_cache``, ``WeakMap``, a Redis that keeps nothing.
    consumer.seen.clear()


@seed("notes-in-a-transaction-of-its-own", "crash-in-between")
class NotesInATransactionOfItsOwn(SampleConsumer):
    """A delivery is noted in one transaction and booked in the next; a crash comes in between."""

    def __init__(self, secret: str) -> None:
        super().__init__(secret)
        self.life = 0
        self.between = threading.Event()

    def received(self, request: httpx.Request, payload: dict[str, Any]) -> Answer:
        """Autocommit."""
        life, key = self.life, self.key(payload)
        if key in self.seen:
            return 204
        self.seen.add(key)
        if payload["event"] == "refunded":
            self.between.set()
            self.sleep(0.02)
            self.between.clear()
        if life != self.life:
            raise httpx.RemoteProtocolError("the process has ended")
        self.book(payload)
        return 204

    def restart(self) -> None:
        """At the worst moment, where there is one."""
        self.between.wait(0.3)
        self.life += 1
