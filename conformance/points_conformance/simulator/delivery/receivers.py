"""Whom a delivery goes to: a URL, an ASGI or WSGI application, or a plain function.

Each kind is told in two ways, blocking and awaited; both answer with a :class:`Reply`, whatever
happened on the way.
"""

import asyncio
import functools
import inspect
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

import anyio
import anyio.to_thread
import httpx

from points_conformance.contract.limits import DELIVERY_TIMEOUT_SECONDS

__all__ = ["Receiver", "ReceiverError", "Reply", "Wire", "in_process"]

#: What is expected of a function that is told.
_EXPECTED: Final = "an HTTP status or a response with status_code"
#: How much of an answer is read, in bytes and seconds, and how long its connection then waits.
_LITTLE, _MOMENT, _IDLE = 65536, 0.2, 1.0


class ReceiverError(TypeError):
    """What was given to deliver to, or what it returned, is none of what it can be."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How one attempt went: a status, or an error; seconds."""

    status: int | None
    error: str | None
    seconds: float


class Receiver(Protocol):
    """Somebody who can be told. ``pause`` is how many seconds to wait before another attempt."""

    pause: float

    def tell(self, request: httpx.Request) -> Reply:
        """Make one attempt."""
        ...

    async def atell(self, request: httpx.Request) -> Reply:
        """Make one attempt without blocking the event loop."""
        ...

    def close(self) -> None:
        """Let go of loops, threads and sockets."""
        ...


def in_process(receiver: object) -> Receiver:
    """Tell an ASGI application, a WSGI application and a function apart by what they take.

    ``(scope, receive, send)`` is ASGI, ``(environ, start_response)`` WSGI, and one parameter a
    function of the ``httpx.Request``, sync or async. Raises :class:`ReceiverError` for others.
    """
    kinds: dict[int, Callable[[Any], Receiver]] = {1: _Function, 2: _Wsgi, 3: _Asgi}
    kind = kinds.get(_required(receiver))
    if kind is None:
        raise ReceiverError(
            f"cannot deliver to {receiver!r}: give a URL, an ASGI or WSGI application, "
            "or a function of the httpx.Request that returns a status"
        )
    return kind(receiver)


def _required(receiver: object) -> int:
    """How many positional arguments a call needs; 0 for what cannot be called."""
    if not callable(receiver) or inspect.isclass(receiver):
        return 0
    try:
        parameters = inspect.signature(receiver).parameters.values()
    except ValueError:
        return 1
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in positional and p.default is p.empty for p in parameters)


class _InProcess:
    """What the kinds within this process share: a loop of their own, and how errors are told."""

    pause = 0.0
    #: Errors of the test itself, which must not pass for a consumer's status 500.
    own: tuple[type[Exception], ...] = (ReceiverError,)

    def __init__(self, receiver: Any) -> None:
        self.receiver = receiver
        self._runner: asyncio.Runner | None = None

    def tell(self, request: httpx.Request) -> Reply:
        """Make one attempt."""
        return self._judged(time.perf_counter(), lambda: self.status(request))

    async def atell(self, request: httpx.Request) -> Reply:
        """Make one attempt."""
        started = time.perf_counter()
        try:
            with anyio.fail_after(DELIVERY_TIMEOUT_SECONDS):
                status = await self.astatus(request)
        except Exception as error:
            return self._judged(started, functools.partial(_raise, error))
        return self._judged(started, lambda: status)

    def status(self, request: httpx.Request) -> int:
        """The status, from a loop that lasts as long as the receiver."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._runner = self._runner or asyncio.Runner()
            return self._runner.run(self._in_time(request))
        raise ReceiverError("an event loop is running here: use `await asettle()`")

    async def _in_time(self, request: httpx.Request) -> int:
        with anyio.fail_after(DELIVERY_TIMEOUT_SECONDS):
            return await self.astatus(request)

    async def astatus(self, request: httpx.Request) -> int:
        """The status."""
        return self.status(request)

    def close(self) -> None:
        """Close the loop, if there was one."""
        if self._runner is not None:
            self._runner.close()

    def _judged(self, started: float, status: Callable[[], int]) -> Reply:
        try:
            return Reply(status(), None, time.perf_counter() - started)
        except self.own:
            raise
        except TimeoutError:
            return Reply(None, _TOO_LATE, time.perf_counter() - started)
        except Exception as error:  # as a server answers, whatever is raised
            return Reply(500, repr(error), time.perf_counter() - started)


_BROKEN_OFF: Final = "broken off: the courier was closed"
_TOO_LATE: Final = f"no answer in {DELIVERY_TIMEOUT_SECONDS} s"


def _raise(error: Exception) -> int:
    raise error


class _Asgi(_InProcess):
    """An ASGI application. Its lifespan is not run."""

    async def astatus(self, request: httpx.Request) -> int:
        """Call the application; what it does after its answer is waited for."""
        response = await httpx.ASGITransport(self.receiver).handle_async_request(request)
        return response.status_code


class _Wsgi(_InProcess):
    """A WSGI application."""

    def status(self, request: httpx.Request) -> int:
        """Call the application and read its whole answer."""
        response = httpx.WSGITransport(self.receiver).handle_request(request)
        response.read()
        return response.status_code


class _Function(_InProcess):
    """A function of the request, sync or async; an assertion that fails in it fails the test."""

    own = (ReceiverError, AssertionError)

    def status(self, request: httpx.Request) -> int:
        """Call the function."""
        if _is_async(self.receiver):
            return super().status(request)
        return _status(self.receiver(request))

    async def astatus(self, request: httpx.Request) -> int:
        """Call the function."""
        result = self.receiver(request)
        return _status(await result if isinstance(result, Awaitable) else result)


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - the method is inspected, not tested for
    )


def _status(result: Any) -> int:
    status = getattr(result, "status_code", result)
    if isinstance(status, bool) or not isinstance(status, int) or not 100 <= status <= 599:
        raise ReceiverError(f"the receiver returned {result!r}, not {_EXPECTED}")
    return status


class Wire:
    """Sends to URLs over sockets, from a loop in a thread of its own.

    That gives an attempt one deadline for all its phases, and works the same from any caller.
    Redirects are not followed, proxies of the environment not used.
    """

    pause = 0.2

    def __init__(self, timeout: float = DELIVERY_TIMEOUT_SECONDS) -> None:
        self.timeout = timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._under_way: set[asyncio.Task[Any]] = set()

    def tell(self, request: httpx.Request) -> Reply:
        """Make one attempt."""
        return self._send(request).result()

    async def atell(self, request: httpx.Request) -> Reply:
        """Make one attempt; the caller's loop goes on, since the URL may be served by it."""
        return await anyio.to_thread.run_sync(self._send(request).result)

    def close(self) -> None:
        """Break off what is under way and end the thread."""
        with self._lock:
            loop, self._loop, self._closed = self._loop, None, True
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._end(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()

    def _send(self, request: httpx.Request) -> Future[Reply]:
        with self._lock:
            if self._closed:
                late: Future[Reply] = Future()
                late.set_result(Reply(None, _BROKEN_OFF, 0.0))
                return late
            self._loop = self._loop or self._started()
            return asyncio.run_coroutine_threadsafe(self._attempt(request), self._loop)

    def _started(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        # Before a receiver closes a connection that waits it is not used any more.
        limits = httpx.Limits(keepalive_expiry=_IDLE)
        self._client = httpx.AsyncClient(
            verify=_tls(),
            trust_env=False,
            timeout=None,  # noqa: S113 - an attempt has one deadline for all its phases
            limits=limits,
        )
        self._thread = threading.Thread(target=loop.run_forever, name="points-wire", daemon=True)
        self._thread.start()
        return loop

    async def _attempt(self, request: httpx.Request) -> Reply:
        started, status, error = time.perf_counter(), None, None
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            async with asyncio.timeout(self.timeout):
                response = await self._client.send(request, stream=True)
                status = response.status_code
            await _finished(response)
        except TimeoutError:
            error = f"no answer in {self.timeout:g} s"
        except (httpx.HTTPError, OSError) as reason:
            error = f"{type(reason).__name__}: {reason}"
        except asyncio.CancelledError:
            error = _BROKEN_OFF
        finally:
            self._under_way.discard(task)
        return Reply(status, error, time.perf_counter() - started)

    async def _end(self) -> None:
        # Not all tasks of the loop: what an attempt began, it ends. A task of anyio's that is
        # cancelled from outside before its first step leaves a coroutine that nobody awaits.
        attempts = list(self._under_way)
        for attempt in attempts:
            attempt.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)
        await self._client.aclose()


async def _finished(response: httpx.Response) -> None:
    """Be done with an answer whose status counts. Where it says that little follows that is read,
    so that the connection serves the next attempt as well.
    """
    nothing = "0" if response.status_code == 204 else ""
    told = response.headers.get("content-length", nothing)
    if told.isdecimal() and int(told) <= _LITTLE:
        with suppress(httpx.HTTPError, OSError, TimeoutError):
            async with asyncio.timeout(_MOMENT):
                async for _ in response.aiter_raw():  # never unpacked: that could be anything
                    pass
    await response.aclose()


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
