"""How an object in this process is made to do one operation: sync or async, in threads."""

import asyncio
import contextlib
import inspect
import io
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from points_conformance.targets.client.case import Operation
from points_conformance.targets.client.outcome import ClientOutcome, Unmapped, outcome_of
from points_conformance.targets.client.runners import Asked, Meeting, Said

__all__ = ["ObjectClients"]

#: Seconds after which it is looked whether the run is over.
_TICK: Final = 0.1
#: Seconds for what an object leaves in its event loop.
_CLEARING: Final = 2.0
#: The standard output is one for the whole process.
_WATCHING: Final = threading.Lock()
OutcomeOf = Callable[[object, BaseException | None], ClientOutcome]


class ObjectClients:
    """Objects with ``cancel`` and ``refund``, sync or async, made by ``make(base_url, key)``.

    ``make`` may take ``ca_file``. ``outcome`` says what a result or an error means. A method that
    does not end in ``timeout`` seconds is left behind in a thread that nobody waits for.
    """

    def __init__(
        self,
        make: Callable[..., Any],
        *,
        timeout: float = 35.0,
        outcome: OutcomeOf = outcome_of,
    ) -> None:
        self._make = make
        self._timeout = timeout
        self._outcome = outcome
        self._over = threading.Event()
        self.takes_ca = _takes(make, "ca_file")

    @contextlib.contextmanager
    def open(self, meeting: Meeting) -> Iterator[Asked]:
        """An object that knows of this API; made with the first operation."""
        more = {"ca_file": meeting.ca_file} if self.takes_ca else {}
        make = partial(self._make, meeting.base_url, meeting.key, **more)
        client = _ObjectClient(make, meeting.uuid, self._timeout, self._outcome, self._over)
        try:
            yield client.run
        finally:
            client.close()

    def end(self) -> None:
        """Wait for no operation any longer."""
        self._over.set()

    @contextlib.contextmanager
    def watched(self) -> Iterator[Callable[[], str]]:
        """What anybody in this process prints or logs is kept for a while, and not shown."""
        _WATCHING.acquire()
        printed, logged = io.StringIO(), io.StringIO()
        handler, root = logging.StreamHandler(logged), logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(min(level, logging.INFO))
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                yield lambda: printed.getvalue() + logged.getvalue()
        finally:
            root.setLevel(level)
            root.removeHandler(handler)
            _WATCHING.release()


def _takes(make: Callable[..., Any], name: str) -> bool:
    try:
        parameters = inspect.signature(make).parameters
    except (TypeError, ValueError):
        return False
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


class _Loop:
    """One event loop for all operations of an object, in a thread of its own: those that are under
    way at the same moment share it, as they do in a server.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def run(self, result: Awaitable[Any]) -> object:
        """What is awaited, or raise what it raises: an exit as well, which would end the loop."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
                self._thread.start()
        ended = asyncio.run_coroutine_threadsafe(_ended(result), self._loop).result()
        if ended.error is not None:
            raise ended.error
        return ended.result

    def close(self) -> None:
        """End what still runs on it, then the loop."""
        if self._loop is None or self._thread is None:
            return
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_cleared(), self._loop).result(_CLEARING)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLEARING)
        if not self._thread.is_alive():
            self._loop.close()


@dataclass(frozen=True, slots=True)
class _Ended:
    """What an awaitable came to."""

    result: object = None
    error: BaseException | None = None


async def _ended(result: Awaitable[Any]) -> _Ended:
    try:
        return _Ended(await result)
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return _Ended(error=error)


async def _cleared() -> None:
    """End the tasks that an object left, and its generators."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


class _ObjectClient:
    """One object, which may be asked for several operations at the same moment."""

    def __init__(
        self,
        make: Callable[[], Any],
        uuid: str,
        timeout: float,
        outcome: OutcomeOf,
        over: threading.Event,
    ) -> None:
        self._make = make
        self._uuid = uuid
        self._timeout = timeout
        self._outcome = outcome
        self._over = over
        self._loop = _Loop()
        self._client: Any = None
        self._making = threading.Lock()
        self._hung = False

    def run(self, operation: Operation, uuid: str | None = None) -> Said:
        """Do one operation in a thread of its own."""
        if self._hung:
            how = "the operation before it never ended"
            return Said(outcome=None, how=how, seconds=0.0, hung=True)
        started = time.monotonic()
        told: list[Said] = []
        on = uuid or self._uuid
        thread = threading.Thread(
            target=lambda: told.append(self._said(operation, on)), daemon=True
        )
        thread.start()
        self._wait_for(thread, started + self._timeout)
        seconds = time.monotonic() - started
        if told:
            return replace(told[0], seconds=seconds)
        self._hung = True
        how = f"did not end within {self._timeout:g} s"
        return Said(outcome=None, how=how, seconds=seconds, hung=True)

    def close(self) -> None:
        """End the event loop, but where it still runs."""
        if not self._hung:
            self._loop.close()

    def _wait_for(self, thread: threading.Thread, until: float) -> None:
        while thread.is_alive() and not self._over.is_set():
            left = until - time.monotonic()
            if left <= 0:
                return
            thread.join(min(left, _TICK))

    def _said(self, operation: Operation, uuid: str) -> Said:
        result: object = None
        error: BaseException | None = None
        try:
            result = self._called(operation, uuid)
        except BaseException as raised:  # sys.exit() as well: it would end the thread in silence
            error = raised
        told = _raised(error) if error is not None else f"returned {_shown(result)}"
        outcome: ClientOutcome | None = None
        how = told
        try:
            outcome = ClientOutcome(self._outcome(result, error))
        except Unmapped as unmapped:
            how = str(unmapped)
        except (Exception, SystemExit) as wrong:
            how = f"points_client_outcome {_raised(wrong)}, of what {told}"
        return Said(outcome=outcome, how=how, seconds=0.0, output=told)

    def _called(self, operation: Operation, uuid: str) -> object:
        with self._making:
            if self._client is None:
                self._client = self._make()
        words = {"amount": operation.amount, "reason": operation.reason}
        given = {name: value for name, value in words.items() if value is not None}
        result = getattr(self._client, operation.kind)(uuid, **given)
        return self._loop.run(result) if inspect.isawaitable(result) else result


def _shown(result: object) -> str:
    try:
        return repr(result)
    except Exception as error:
        return f"a {type(result).__name__} that cannot be shown: {error}"


def _raised(error: BaseException) -> str:
    """An error and what it came from, in a line."""
    lines: list[str] = []
    link: BaseException | None = error
    while link is not None and len(lines) < 5:
        lines.append(f"{type(link).__name__}: {link}")
        link = link.__cause__ or link.__context__
    return "raised " + "; from ".join(lines)
