"""The command ``serve``: a sandbox on this machine, for clients and consumers in any language."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

from points_conformance.contract.dialect import DIALECTS, Dialect
from points_conformance.contract.hosts import is_loopback
from points_conformance.simulator.clock import ShiftedClock
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.mounts.sandbox import Sandbox
from points_conformance.simulator.mounts.thread_server import App

if TYPE_CHECKING:
    from points_conformance.simulator.store import Store

__all__ = ["PublicAddressError", "serve"]


class PublicAddressError(ValueError):
    """An address that other machines can reach, where nobody said that they may."""


def serve(
    host: str = "127.0.0.1",
    port: int = 8787,
    *,
    dialect: Dialect = DIALECTS["default"],
    seed: int = 0,
    allow_public: bool = False,
    deliver_anywhere: bool = False,
    control: bool = True,
    store: Path | None = None,
    echo: Callable[[str], object] = print,
    until: threading.Event | None = None,
) -> None:
    """Serve until Ctrl-C, SIGTERM or ``until``; events are delivered as they happen.

    Deliveries go to loopback addresses alone unless ``deliver_anywhere``. With ``store`` all is
    kept in that file, whose seed counts where it is not new; raises
    :class:`~points_conformance.simulator.stored.StoreError` where it cannot be. Raises
    :class:`PublicAddressError` for a host that is not loopback unless ``allow_public``, and
    :class:`~points_conformance.simulator.mounts.sandbox.PortTakenError` where it cannot listen.
    """
    if not allow_public and not is_loopback(host, below=True):
        raise PublicAddressError(f"{host} can be reached from other machines; say that it may")
    kept = None if store is None else _opened(store, seed)
    simulator = Simulator(
        dialect=dialect, clock=ShiftedClock(), seed=seed if kept is None else kept.seed
    )
    faults = Faults(simulator)
    courier = Courier(faults, reach="anywhere" if deliver_anywhere else "loopback")
    around = None if kept is None else _around(kept, courier)
    sandbox = Sandbox(
        faults, host, port, control=control, page=control, around=around, courier=courier
    )
    with (
        kept or contextlib.nullcontext(),
        sandbox,
        _signals(until or threading.Event()) as ended,
    ):
        for line in _welcome(sandbox):
            echo(line)
        ended.wait()


def _opened(path: Path, seed: int) -> "Store":
    # SQLite is imported by whoever keeps a store alone.
    from points_conformance.simulator.store import Store

    return Store(path, seed)


def _around(store: "Store", courier: Courier) -> Callable[[App], App]:
    """Fill the simulator from its store, have the rest sent, and keep each call from now on."""
    from points_conformance.simulator.mounts.kept import KeptApp

    store.attach(courier.simulator)
    for delivery in store.unfinished(courier.attempts(), courier.repeats):
        courier.send_again(delivery)
    return lambda app: KeptApp(app, store)


def _welcome(sandbox: Sandbox) -> list[str]:
    simulator = sandbox.simulator
    order = simulator.make_order(total_price="150.75")
    refund = f"{sandbox.base_url}/orders/{order.uuid}/refund"
    return [
        f"Points sandbox on {sandbox.origin} (Ctrl-C ends it)",
        "",
        f"export POINTS_BASE_URL={sandbox.base_url}",
        f"export POINTS_API_KEY={simulator.merchant.key}",
        f"export POINTS_PUBLIC_KEY={simulator.merchant.public_key}",
        f"export POINTS_OTHER_API_KEY={simulator.other.key}",
        "",
        *([f"page: {sandbox.origin}/"] if sandbox.has_page else []),
        f"control API: {sandbox.control_url}",
        "",
        "Refund 25.00 SAR of an order that is there already:",
        f"curl -X POST {refund} -H 'x-api-key: {simulator.merchant.key}' "
        '-H \'Content-Type: application/json\' -d \'{"amount": 25.00, "reason": "Damaged"}\'',
    ]


_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def _signals(ended: threading.Event) -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; the handlers from before are put back."""
    if threading.current_thread() is not threading.main_thread():
        yield ended
        return

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in _SIGNALS}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
