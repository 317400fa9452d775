"""Deliveries that wait, each with its sender, until the test settles."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from points_conformance.plugin.live.endings import failed
from points_conformance.plugin.live.reversals import Reversals
from points_conformance.plugin.live.waits import HOLD, SenderWaits
from points_conformance.targets.api.live_inbox import LiveInbox, RawHeaders
from points_conformance.targets.api.payload import payload_of

__all__ = ["Held", "HeldInbox", "alone", "answering"]

_LOCK_SECONDS: Final = 120.0


@dataclass(eq=False)
class Held:
    """One attempt that waits to be told. ``answer`` belongs to the listener's loop."""

    place: str
    headers: RawHeaders
    body: bytes
    answer: "asyncio.Future[int]"
    loop: asyncio.AbstractEventLoop
    payload: dict[str, Any] = field(default_factory=dict)

    def reply(self, status: int) -> None:
        """Tell the sender; it may have gone."""

        def tell() -> None:
            if not self.answer.done():
                self.answer.set_result(status)

        self.loop.call_soon_threadsafe(tell)


class HeldInbox(LiveInbox):
    """Keeps each attempt, with its sender waiting, until somebody takes it."""

    reversals: Reversals | None = None
    waits: SenderWaits | None = None

    async def arrived(self, place: str, headers: RawHeaders, body: bytes) -> int:
        """Wait to be told; what tells of an order's making is nobody's to hear."""
        loop = asyncio.get_running_loop()
        held = Held(place, headers, body, loop.create_future(), loop, payload_of(body))
        if self.reversals is not None and self.reversals.is_quiet(held.payload):
            return 200
        self.held.append(held)
        try:
            most = HOLD if self.waits is None else self.waits.left(loop.time())
            return await asyncio.wait_for(held.answer, most)
        except TimeoutError:
            return 200

    @property
    def held(self) -> list[Held]:
        """Those that wait, oldest first."""
        held: list[Held] = self.__dict__.setdefault("_held", [])
        return held


@contextmanager
def answering(held: Held) -> Iterator[None]:
    """A handler that fails the test leaves nobody waiting."""
    try:
        yield
    except BaseException:
        held.reply(500)
        raise


@contextmanager
def alone(host: str, port: int) -> Iterator[None]:
    """Workers of pytest-xdist that share one port take turns."""
    if not port or "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    from filelock import FileLock, Timeout

    name = f"points-listen-{port}-{os.environ.get('PYTEST_XDIST_TESTRUNUID', '')}.lock"
    lock = FileLock(os.path.join(tempfile.gettempdir(), name))
    try:
        lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout:
        failed(f"{host}:{port} is taken by another worker of pytest-xdist: give port 0")
    try:
        yield
    finally:
        lock.release()
