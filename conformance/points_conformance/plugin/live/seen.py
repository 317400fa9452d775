"""The test's own calls, as far as they go through httpx or httpx2 in this process.

Their transports' public methods are wrapped while a test lasts; what mocks or replaces a transport
is left alone, and so are other clients.
"""

import importlib
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Protocol

import anyio
import httpx

__all__ = ["OwnTransport", "SeenCall", "Watch", "watched"]


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A call of the test's to the live server. ``path`` is below ``/api/v1``."""

    method: str
    path: str
    body: bytes


class Watch(Protocol):
    """Who minds the test's calls."""

    def begun(self, request: Any) -> tuple[SeenCall, float] | None:
        """A call that is about to be made, and for how many seconds it has to wait; ``None`` for
        what is none of ours. Raises what fails the test where it may not be made.
        """
        ...

    def answered(self, call: SeenCall, status: int, location: str) -> None:
        """Its answer came. Raises what fails the test."""
        ...

    def lost(self, call: SeenCall) -> None:
        """No answer came: it may have been carried out."""
        ...

    def looked_up(self, host: str) -> None:
        """Any client of this process asks where a host is. Raises what fails the test."""
        ...


class OwnTransport(httpx.HTTPTransport):
    """Makes the kit's own calls: never watched, for this is the method from before."""

    handle_request = httpx.HTTPTransport.handle_request


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Mind the calls of httpx and httpx2, sync and async, while this lasts; of other clients only
    which hosts they look up.
    """
    with ExitStack() as stack:
        stack.enter_context(_names(watch))
        for name in ("httpx", "httpx2"):
            if find_spec(name):
                library = importlib.import_module(name)
                stack.enter_context(_sync(library, watch))
                stack.enter_context(_async(library, watch))
        yield


@contextmanager
def _names(watch: Watch) -> Iterator[None]:
    original = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(name, str):
            watch.looked_up(name)
        return original(host, *args, **options)

    with _replaced(socket, "getaddrinfo", getaddrinfo):
        yield


@contextmanager
def _sync(library: ModuleType, watch: Watch) -> Iterator[None]:
    original = library.HTTPTransport.handle_request

    def handle_request(self: Any, request: Any) -> Any:
        begun = watch.begun(request)
        if begun is None:
            return original(self, request)
        call, seconds = begun
        try:
            time.sleep(seconds)
            response = original(self, request)
        except BaseException:
            watch.lost(call)
            raise
        watch.answered(call, response.status_code, response.headers.get("location", ""))
        return response

    with _replaced(library.HTTPTransport, "handle_request", handle_request):
        yield


@contextmanager
def _async(library: ModuleType, watch: Watch) -> Iterator[None]:
    original = library.AsyncHTTPTransport.handle_async_request

    async def handle_async_request(self: Any, request: Any) -> Any:
        begun = watch.begun(request)
        if begun is None:
            return await original(self, request)
        call, seconds = begun
        try:
            await anyio.sleep(seconds)
            response = await original(self, request)
        except BaseException:
            watch.lost(call)
            raise
        watch.answered(call, response.status_code, response.headers.get("location", ""))
        return response

    with _replaced(library.AsyncHTTPTransport, "handle_async_request", handle_async_request):
        yield


@contextmanager
def _replaced(owner: Any, name: str, function: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, before)
