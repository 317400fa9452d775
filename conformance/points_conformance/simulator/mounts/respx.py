"""The simulator in place of the network: one respx route for httpx and httpx2, sync and async.

Mounted where connections are made: every other host is left alone, and the caller's own routers
are asked about those just as they would be without this one.
"""

import importlib
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import anyio
import httpx
import respx
from respx.mocks import HTTPCoreMocker, Mocker

from points_conformance.contract.limits import PRODUCTION_URLS, SANDBOX_URL
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.faults import Faults, Handled
from points_conformance.simulator.mounts.wire import raw_headers, request_from

__all__ = ["BASE_URLS", "let_out", "mounted"]

#: What is mounted without being asked for.
BASE_URLS = (*PRODUCTION_URLS, SANDBOX_URL)
_PORTS = {"http": 80, "https": 443}
Origin = tuple[str, str, int | None]


@contextmanager
def mounted(simulator: Simulator | Faults, base_urls: Sequence[str] = BASE_URLS) -> Iterator[None]:
    """Answer every request to the hosts of ``base_urls``, whatever its path, while this lasts.

    A base URL counts by scheme, host and port. Raises :class:`ValueError` for one without a host.
    """
    with _routed(Faults.over(simulator), base_urls):
        yield


@contextmanager
def let_out(base_url: str) -> Iterator[None]:
    """Let every request to the host of ``base_url`` reach it, whatever the caller's own routers
    would say to it, while this lasts.
    """
    with _routed(None, (base_url,)):
        yield


@contextmanager
def _routed(faults: Faults | None, base_urls: Sequence[str]) -> Iterator[None]:
    origins = frozenset(map(_origin_of_base, base_urls))
    with ExitStack() as stack:
        for name in ("httpcore", "httpcore2"):
            if find_spec(name):
                stack.enter_context(_Mount(importlib.import_module(name), faults, origins))
        yield


class _Mount(respx.MockRouter):
    """A router for one connection library. Errors are that library's: its client knows no other.

    Requests to our own hosts are answered right here. Respx's routes, which look at every side
    effect's signature anew and copy its answers, are for those to other hosts.

    Without ``faults`` its hosts are real ones.
    """

    def __init__(
        self, library: ModuleType, faults: Faults | None, origins: frozenset[Origin]
    ) -> None:
        super().__init__(assert_all_called=False, using=_mocker(library.__name__).name)
        self.library, self.faults, self.origins = library, faults, origins
        self.route().mock(side_effect=self.not_ours)

    def record(self, request: httpx.Request, **_: Any) -> None:
        """Keep no calls: respx would keep each with its bodies until the end."""

    def handler(self, request: httpx.Request) -> httpx.Response:
        """Answer, after the wait that a fault asks for."""
        handled = self._handled(request)
        if handled is None:
            return super().handler(request)
        patience = _patience(request)
        if wait := min(handled.seconds, patience):
            time.sleep(wait)
        return self._answer(handled, patience)

    async def async_handler(self, request: httpx.Request) -> httpx.Response:
        """Answer, after the wait that a fault asks for."""
        handled = self._handled(request)
        if handled is None:
            return await super().async_handler(request)
        patience = _patience(request)
        if wait := min(handled.seconds, patience):
            await anyio.sleep(wait)
        return self._answer(handled, patience)

    def _handled(self, request: httpx.Request) -> Handled | None:
        """What became of a request; ``None`` where it is to another host."""
        url = request.url
        if self.faults is None or _origin(url) not in self.origins:
            return None
        return self.faults.handle(
            request_from(request.method, url.path, url.query, request.headers.raw, request.content)
        )

    def _answer(self, handled: Handled, patience: float) -> httpx.Response:
        response = handled.response
        if response is None:
            raise self.library.ReadError("the connection was closed before an answer came")
        if handled.seconds > patience:
            raise self.library.ReadTimeout("no answer in time")
        return httpx.Response(
            response.status, headers=raw_headers(response), stream=httpx.ByteStream(response.body)
        )

    def not_ours(self, request: httpx.Request) -> httpx.Request | None:
        """The one route. The request itself means: let it out; ``None``: ask the other routers."""
        origin = _origin(request.url)
        if self.faults is None and origin in self.origins:
            return request
        if origin[0] == "http" and ("https", origin[1], 443) in self.origins:
            # Documented (Security), and better than a key that leaves in clear text.
            raise self.library.ConnectError("plain HTTP is refused at the edge")
        routers = self.Mocker.routers if self.Mocker else []
        others = any(not isinstance(router, _Mount) for router in routers)
        return None if others or routers[-1] is not self else request


def _patience(request: httpx.Request) -> float:
    """How many seconds the client waits for an answer."""
    seconds: float | None = request.extensions.get("timeout", {}).get("read")
    return math.inf if seconds is None else seconds


def _mocker(library: str) -> type[Mocker]:
    """The mocker of this name, registered by us where no plugin has done so."""
    if library not in Mocker.registry:
        targets = [target.replace("httpcore", library, 1) for target in HTTPCoreMocker.targets]
        type("OtherMocker", (HTTPCoreMocker,), {"name": library, "targets": targets})
    return Mocker.registry[library]


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme)


def _origin_of_base(base_url: str) -> Origin:
    url = httpx.URL(base_url)
    if url.scheme not in _PORTS or not url.host:
        raise ValueError(f"{base_url!r} is not a base URL: give one like {SANDBOX_URL}")
    return _origin(url)
