"""What a call costs: in a test, over HTTP, with very many orders, after very many calls."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import respx
from tests.quality.bench import processes
from tests.quality.bench.measuring import Row, Scale, Timed, compared, cpu

from points_conformance.contract.limits import API_PREFIX
from points_conformance.plugin.points import mounted
from points_conformance.simulator import Request, Simulator
from points_conformance.targets.api.build import LiveSettings, embedded_target, live_target
from points_conformance.targets.api.target import ApiTarget

__all__ = ["memory", "orders", "own_share", "respx_mount", "serve"]

_BODY: Final = b'{"amount": 0.01, "reason": "Damaged on the way"}'
_HEADERS: Final = {"x-api-key": "any", "Content-Type": "application/json"}
_CONSTANT_URL: Final = "https://constant.example/"


@contextmanager
def _simulated() -> Iterator[str]:
    with mounted() as points:
        order = points.order(total_price="1000000.00")
        yield f"{points.base_url}/orders/{order.uuid}/refund"


@contextmanager
def _constant(answer: bytes) -> Iterator[str]:
    def told(request: httpx.Request) -> httpx.Response:
        json.loads(request.content)
        return httpx.Response(200, content=answer, headers={"Content-Type": "application/json"})

    with respx.mock(assert_all_called=False) as router:
        router.post(_CONSTANT_URL).mock(side_effect=told)
        yield _CONSTANT_URL


def _post(client: httpx.Client, url: str) -> httpx.Response:
    answer = client.post(url, content=_BODY, headers=_HEADERS)
    assert answer.status_code == 200
    return answer


async def _awaited(url: str, calls: int) -> float:
    async with httpx.AsyncClient() as client:
        started = time.process_time()
        for _ in range(calls):
            await client.post(url, content=_BODY, headers=_HEADERS)
        return (time.process_time() - started) / calls


def respx_mount(scale: Scale) -> Iterator[Row]:
    """A refund through the simulator as the fixture `points` mounts it, beside a side effect of
    respx that parses the JSON and answers a constant of the same size.
    """
    with httpx.Client() as client:
        with _simulated() as url:
            beside = partial(_constant, _post(client, url).content)

        def blocking(where: AbstractContextManager[str]) -> float:
            with where as url:
                return cpu(scale.calls, lambda: _post(client, url))

        def awaited(where: AbstractContextManager[str]) -> float:
            with where as url:
                return asyncio.run(_awaited(url, scale.calls))

        for what, timed in (("sync", blocking), ("async", awaited)):
            # A mount for each round, so that neither stands in the other's way.
            ours, theirs = (partial(_opened, timed, where) for where in (_simulated, beside))
            yield compared(f"refund, {what}", "constant", scale, ours, theirs)


def _opened(
    timed: Callable[[AbstractContextManager[str]], float],
    where: Callable[[], AbstractContextManager[str]],
) -> float:
    return timed(where())


def serve(scale: Scale) -> Iterator[Row]:
    """A refund by `serve` over HTTP on loopback, beside uvicorn and one Starlette route."""
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(trust_env=False))
        url, key = stack.enter_context(processes.sandbox())
        headers = {**_HEADERS, "x-api-key": key}
        size = len(client.post(url, content=_BODY, headers=headers).content)
        bare = stack.enter_context(processes.bare(size))

        def post(where: str) -> float:
            return cpu(
                scale.calls,
                lambda: client.post(where, content=_BODY, headers=headers).raise_for_status(),
                time.perf_counter,
            )

        yield compared(
            "refund over HTTP", "bare route", scale, lambda: post(url), lambda: post(bare), "µs"
        )


def own_share(scale: Scale) -> Iterator[Row]:
    """A call as a rule makes it (recorded, redacted, paid, in time), beside the same client of
    httpx alone.
    """
    with _closing(embedded_target()) as target:
        yield _beside_httpx("embedded", target, scale)
    with processes.api_server() as server:
        environment = {"POINTS_API_KEY": server["key"]}
        live = live_target(LiveSettings(base_url=server["base_url"], environment=environment))
        with _closing(live) as target:
            yield _beside_httpx("over HTTP", target, scale)


@contextmanager
def _closing(target: ApiTarget) -> Iterator[ApiTarget]:
    with target.client:
        yield target


def _beside_httpx(what: str, target: ApiTarget, scale: Scale) -> Row:
    url, key = f"{target.base_url}/webhooks", {"x-api-key": target.keys.private}

    def ours() -> float:
        return cpu(scale.calls, lambda: target.call("GET", "/webhooks"))

    def httpx_alone() -> float:
        return cpu(scale.calls, lambda: target.client.get(url, headers=key).json())

    return compared(f"a call, {what}", "httpx", scale, ours, httpx_alone)


def orders(scale: Scale) -> Iterator[Row]:
    """An operation of a simulator with very many orders, beside one with a single order."""
    few, many = Simulator(), Simulator()
    for _ in range(scale.orders - 1):
        many.make_order()
    numbers = iter(range(10**9))
    earning = (
        '{"phone_number": "512345678", "total_price": 10, "order_number": "N-%d", '
        '"products": [{"product_name": "a", "product_price": 10, "quantity": 1}]}'
    )
    paths: Mapping[str, tuple[str, str, Callable[[], bytes]]] = {
        "read": ("GET", "", lambda: b""),
        "refund": ("POST", "/refund", lambda: _BODY),
        "a new order": ("POST", "earning", lambda: (earning % next(numbers)).encode()),
    }
    for what, (method, path, body) in paths.items():
        yield compared(
            f"{what}, {scale.orders:,} orders",
            "1 order",
            scale,
            _handling(many, scale.calls, method, path, body),
            _handling(few, scale.calls, method, path, body),
        )


def _handling(
    simulator: Simulator, calls: int, method: str, path: str, body: Callable[[], bytes]
) -> Timed:
    uuid = simulator.make_order(total_price="1000000.00").uuid
    where = f"{API_PREFIX}/orders/" + (path if path == "earning" else uuid + path)
    headers = {"x-api-key": simulator.merchant.key}
    return lambda: cpu(calls, lambda: simulator.handle(Request(method, where, headers, body())))


def memory(scale: Scale) -> Iterator[Row]:
    """What the process holds after very many refunds through the fixture `points`."""
    with _simulated() as url, httpx.Client() as client:
        held = []
        for part in (scale.many // 5, scale.many - scale.many // 5):
            cpu(part, lambda: _post(client, url))
            held.append(_resident())
    yield Row(
        f"after {scale.many:,} calls",
        f"{held[1]:.0f} MB",
        f"after {scale.many // 5:,}: {held[0]:.0f} MB",
        f"{held[0] / held[1]:.2f}",
    )


def _resident() -> float:
    """Memory of this process now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
