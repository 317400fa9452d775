"""Calls a second of each way to reach the simulator, beside a constant answer of httpx's own.

``python -m tests.bench [SECONDS]``. Ratios are stable, absolute figures are the machine's.
"""

import sys
import time
from collections.abc import Callable

import httpx

from points_conformance.contract.limits import SANDBOX_URL
from points_conformance.plugin.points import mounted, sandboxed
from points_conformance.simulator import Simulator
from points_conformance.targets.api.transport import SimulatorTransport

__all__ = ["main"]


def calls_a_second(call: Callable[[], httpx.Response], seconds: float) -> float:
    """How often a call is answered in a second."""
    call()
    count, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds:
        assert call().status_code == 200
        count += 1
    return count / spent


def main(seconds: float = 1.0) -> None:
    """Print a line for each way."""
    key = {"x-api-key": "any"}
    constant = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    base = calls_a_second(lambda: constant.get(SANDBOX_URL), seconds)
    print(f"constant answer       {base:8.0f} calls/s  1.00")

    def show(name: str, call: Callable[[], httpx.Response]) -> None:
        speed = calls_a_second(call, seconds)
        print(f"{name:<20}  {speed:8.0f} calls/s  {speed / base:.2f}")

    simulator = Simulator()
    order = simulator.make_order()
    own = {"x-api-key": simulator.merchant.key}
    embedded = httpx.Client(transport=SimulatorTransport(simulator))
    show("embedded", lambda: embedded.get(f"{SANDBOX_URL}/orders/{order.uuid}", headers=own))
    with mounted() as points, httpx.Client() as client:
        uuid = points.order().uuid
        show("respx", lambda: client.get(f"{SANDBOX_URL}/orders/{uuid}", headers=key))
    with sandboxed() as points, httpx.Client() as client:
        url = f"{points.base_url}/orders/{points.order().uuid}"
        show("loopback HTTP", lambda: client.get(url, headers=key))
    for opened in (constant, embedded):
        opened.close()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
