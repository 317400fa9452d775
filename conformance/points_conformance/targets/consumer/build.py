"""Puts a consumer's target together: a URL, an application served on loopback, or a function."""

import asyncio
import contextlib
import importlib
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httpx

from points_conformance.contract.hosts import is_loopback
from points_conformance.contract.limits import DELIVERY_TIMEOUT_SECONDS
from points_conformance.judging.budget import Budget, Pace
from points_conformance.judging.finding import Denied, Unjudgeable
from points_conformance.judging.share import Share
from points_conformance.simulator.messages import dump_json
from points_conformance.targets.consumer.http import exchanged
from points_conformance.targets.consumer.probe import ConsumerState, HookProbe, HttpProbe, Probe
from points_conformance.targets.consumer.shop import ShopOrder
from points_conformance.targets.consumer.speed import Turnstile
from points_conformance.targets.consumer.target import SECONDS, ConsumerTarget
from points_conformance.targets.fetch import tls_context

__all__ = [
    "AppError",
    "ConsumerOptions",
    "Interface",
    "build_consumer",
    "interface_of",
    "load_app",
    "served",
]

Interface = Literal["asgi", "wsgi", "function"]
StateHook = Callable[[str], ConsumerState | None]
OrderHook = Callable[[ShopOrder], bool]
#: Calls a second off loopback.
_RATE = 5.0
#: Seconds before a read that came to nothing is made again.
_PAUSES = (0.2, 1.0)
_ALONE = Share()
_NOWHERE = "http://consumer.test/"


class AppError(ValueError):
    """An application that cannot be loaded or told apart. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerOptions:
    """How a consumer is reached and read."""

    url: str = ""
    app: str = ""
    app_interface: Literal["auto", "asgi", "wsgi"] = "auto"
    state_url: str = ""
    state_status: str = "/order_status"
    state_refunded: str = "/refunded_amount"
    state_map: Mapping[str, str] = field(default_factory=dict)
    state_unit: Literal["sar", "halala"] = "sar"
    order_url: str = ""
    restart_command: str = ""
    settle: float = 2.0


def load_app(name: str) -> Any:
    """The object that ``pkg.mod:app`` names. Raises :class:`AppError`."""
    module, colon, path = name.partition(":")
    if not (module and colon and path):
        raise AppError(f"--app {name!r} names no application: give pkg.mod:app")
    try:
        found: Any = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        raise AppError(
            f"--app {name}: {module} cannot be imported: {type(error).__name__}: {error}"
        ) from None
    for part in path.split("."):
        if not hasattr(found, part):
            raise AppError(f"--app {name}: {module} has no {path}")
        found = getattr(found, part)
    return found


def interface_of(app: object) -> Interface | None:
    """ASGI, WSGI or a function of the request, by what a call needs; ``None`` where undecided."""
    if not callable(app) or inspect.isclass(app):
        return None
    try:
        parameters = inspect.signature(app).parameters.values()
    except ValueError:
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = sum(p.kind in positional and p.default is p.empty for p in parameters)
    kinds: dict[int, Interface] = {1: "function", 2: "wsgi", 3: "asgi"}
    return kinds.get(needed)


def served(app: Any, interface: Interface) -> tuple[str, Callable[[], None]]:
    """Serve an application on loopback, with its lifespan; its URL, and what ends it."""
    from points_conformance.simulator.mounts.thread_server import ThreadServer

    if interface == "wsgi":
        from a2wsgi import WSGIMiddleware

        app = WSGIMiddleware(app)
    server = ThreadServer(app, name="points-consumer", lifespan="auto")
    try:
        server.start()
    except Exception as error:
        raise Unjudgeable(
            f"the application did not start: {error}\nRun it by itself to see why"
        ) from None
    return server.origin, server.stop


class _Function(httpx.BaseTransport):
    """Hands every request to a function."""

    def __init__(self, function: Callable[[httpx.Request], Any]) -> None:
        self._function = function

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Whatever it raises is a 500, as a server answers; so is an exit, which ends a worker."""
        try:
            answer = self._function(request)
            if isinstance(answer, Awaitable):
                answer = asyncio.run(_awaited(answer))
        except (Exception, SystemExit) as error:
            return httpx.Response(500, text=repr(error))
        if isinstance(answer, int) and not isinstance(answer, bool) and 100 <= answer <= 599:
            return httpx.Response(answer)
        if isinstance(answer, httpx.Response):
            return answer
        raise _NoAnswer(f"the consumer returned {answer!r}, no HTTP status and no httpx.Response")


class _NoAnswer(httpx.TransportError):
    """A function returned something else."""


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer


def function_client(function: Callable[[httpx.Request], Any]) -> httpx.Client:
    """A client whose every request goes to a function."""
    return httpx.Client(transport=_Function(function))


def _client() -> httpx.Client:
    """A connection for each call: a consumer that serves one at a time would wait for the end of a
    connection that is kept, and nobody else would be let in.
    """
    return httpx.Client(
        verify=tls_context(),
        timeout=DELIVERY_TIMEOUT_SECONDS,
        trust_env=False,
        follow_redirects=False,
        limits=httpx.Limits(max_keepalive_connections=0),
    )


def build_consumer(
    options: ConsumerOptions,
    secret: str,
    *,
    function: Callable[[httpx.Request], Any] | None = None,
    state_hook: StateHook | None = None,
    order_hook: OrderHook | None = None,
    calls: int | None = None,
    timeout: float = DELIVERY_TIMEOUT_SECONDS,
    seconds: float = SECONDS,
    restart: Callable[[], object] | None = None,
    share: Share = _ALONE,
) -> ConsumerTarget:
    """The target; sends nothing."""
    url = _NOWHERE if function is not None else options.url
    client = _client() if function is None else function_client(function)
    loopback = function is not None or is_loopback(urlsplit(url).hostname or "")
    budget, door = Budget(calls), Turnstile()
    pace = Pace(share.rate(None if loopback else _RATE))
    beside = _Beside(client, budget, pace, door)
    return ConsumerTarget(
        url=url,
        client=client,
        secret=secret,
        probe=_probe(options, beside, url, state_hook),
        introduce=_introducer(options, beside, url, order_hook),
        settle=options.settle,
        loopback=loopback,
        budget=budget,
        timeout=timeout,
        pace=pace,
        door=door,
        seconds=seconds,
        restart=restart,
    )


class _Beside:
    """Calls beside the deliveries: of the same pace, bounded like them, and counted; how many it
    takes to wait for a queueing consumer cannot be said before.
    """

    def __init__(self, client: httpx.Client, budget: Budget, pace: Pace, door: Turnstile) -> None:
        self._client, self._budget, self._pace, self._door = client, budget, pace, door

    def __call__(self, method: str, url: str, **content: Any) -> httpx.Response:
        """The answer, after 429 a later one. Raises :class:`httpx.HTTPError`."""
        return self._door.through(lambda: self._once(method, url, **content))

    def read(self, url: str) -> httpx.Response:
        """A GET, which may be repeated: a dropped connection and a gateway's error are nobody's."""
        for pause in _PAUSES:
            with contextlib.suppress(httpx.NetworkError, httpx.RemoteProtocolError):
                answer = self("GET", url)
                if answer.status_code not in (502, 503, 504):
                    return answer
            time.sleep(pause)
        return self("GET", url)

    def _once(self, method: str, url: str, **content: Any) -> httpx.Response:
        self._pace.wait()
        self._budget.note()
        request = self._client.build_request(method, url, **content)
        return exchanged(self._client, request, DELIVERY_TIMEOUT_SECONDS)


def _probe(
    options: ConsumerOptions, beside: _Beside, url: str, hook: StateHook | None
) -> Probe | None:
    if options.state_url:
        return HttpProbe(
            call=beside.read,
            template=_absolute(url, options.state_url),
            status=options.state_status,
            refunded=options.state_refunded,
            words=options.state_map,
            unit=options.state_unit,
        )
    return None if hook is None else HookProbe(hook, options.state_map)


def _introducer(
    options: ConsumerOptions, call: _Beside, url: str, hook: OrderHook | None
) -> Callable[[ShopOrder], object] | None:
    if not options.order_url:
        return hook
    template = _absolute(url, options.order_url)

    def post(case: ShopOrder) -> None:
        address = template.replace("{order_id}", quote(case.id, safe=""))
        headers = {"Content-Type": "application/json"}
        try:
            answer = call("POST", address, content=dump_json(case.as_json()), headers=headers)
        except httpx.HTTPError as error:
            raise Denied(f"--order-url {address} was not reached: {error}") from None
        if not answer.is_success:
            raise Denied(
                f"--order-url {address} answers {answer.status_code} to an order: "
                f"{answer.text[:200]}"
            )

    return post


def _absolute(url: str, template: str) -> str:
    """The template, relative to the consumer's URL where it is no URL itself."""
    if template.startswith(("http://", "https://")):
        return template
    parts = urlsplit(url)
    if template.startswith("/"):
        return f"{parts.scheme}://{parts.netloc}{template}"
    return f"{parts.scheme}://{parts.netloc}{parts.path.rpartition('/')[0]}/{template}"
