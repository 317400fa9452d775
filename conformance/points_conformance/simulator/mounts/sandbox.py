"""The simulator behind a real port: uvicorn in a thread, for clients in any language."""

import os
from collections.abc import Callable
from types import TracebackType
from typing import Self

from points_conformance.contract.limits import API_PREFIX
from points_conformance.simulator.core import Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.faults import Faults
from points_conformance.simulator.messages import Request, Response
from points_conformance.simulator.mounts.asgi import PointsApp
from points_conformance.simulator.mounts.control import CONTROL_PREFIX, Control
from points_conformance.simulator.mounts.door import Door
from points_conformance.simulator.mounts.page import PagedApp
from points_conformance.simulator.mounts.thread_server import App, PortTakenError, ThreadServer
from points_conformance.simulator.page.page import SandboxPage

__all__ = ["PortTakenError", "Sandbox"]


class Sandbox:
    """Serves a simulator while the ``with`` block lasts; ``port=0`` takes any free port.

    ``control`` adds the control API under :attr:`control_url`, ``page`` a page for people on ``/``,
    which only this machine sees; ``around`` is put around the whole application; ``courier`` sends
    deliveries as events happen, and is closed with the sandbox. With ``certfile`` and ``keyfile``
    (PEM) it speaks HTTPS. Other pages in a browser are kept out. Raises :class:`PortTakenError` on
    entering.
    """

    def __init__(
        self,
        simulator: Simulator | Faults,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        control: bool = True,
        page: bool = False,
        around: Callable[[App], App] | None = None,
        courier: Courier | None = None,
        certfile: str | os.PathLike[str] | None = None,
        keyfile: str | os.PathLike[str] | None = None,
    ) -> None:
        self.faults = Faults.over(simulator)
        self.simulator = self.faults.simulator
        self.courier = courier
        self._door = Door(host)
        self._control = Control(self.faults, enabled=control)
        api = PointsApp(self.faults, aside=self._aside)
        self._page = SandboxPage(self.faults, courier=courier) if page else None
        app = api if self._page is None else PagedApp(api, self._page)
        self._server = ThreadServer(
            app if around is None else around(app),
            host,
            port,
            certfile=certfile,
            keyfile=keyfile,
            name="points-sandbox",
        )

    def _aside(self, request: Request) -> Response | None:
        """Who may not come in is refused; the control API answers what is its own."""
        return self._door.refusal(request) or self._control.handle(request)

    @property
    def host(self) -> str:
        """Where it listens."""
        return self._server.host

    @property
    def port(self) -> int:
        """The port, once it listens."""
        return self._server.port

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return self._server.origin

    @property
    def base_url(self) -> str:
        """What a client takes for the API's address, with ``/api/v1``."""
        return self.origin + API_PREFIX

    @property
    def has_page(self) -> bool:
        """Whether there is a page for people on ``/``."""
        return self._page is not None

    @property
    def control_url(self) -> str:
        """Where the control API is."""
        return self.origin + CONTROL_PREFIX

    def __enter__(self) -> Self:
        self._server.start()
        if self._page is not None:
            self._page.origin = self.origin
        if self.courier is not None:
            self.courier.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        if self.courier is not None:
            self.courier.close()
