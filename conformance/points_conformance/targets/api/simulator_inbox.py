"""The inbox of a run that judges a simulator in this process."""

import itertools
from collections.abc import Callable
from typing import Final

import httpx

from points_conformance.simulator import Simulator
from points_conformance.simulator.delivery.courier import Courier
from points_conformance.simulator.delivery.receivers import in_process
from points_conformance.targets.api.inbox import Inbox

__all__ = ["SimulatorInbox"]

#: So many deliveries that were sent the simulator remembers.
_SENT: Final = 200
#: After so many calls what is queued is sent, whether anybody looks for it or not: the simulator's
#: queue is bounded, and many rules at once to many endpoints fill it faster than they look.
_CALLS: Final = 50


class SimulatorInbox(Inbox):
    """Receives from a simulator in this process: real attempts, no sockets, no waiting."""

    def __init__(
        self,
        simulator: Simulator,
        base_url: str,
        *,
        redact: Callable[[str], str] = str,
    ) -> None:
        arrivals = itertools.count(1)
        super().__init__(
            base_url,
            grace=0.0,
            retry_within=0.0,
            clock=lambda: float(next(arrivals)),
            redact=redact,
            reachable=True,
        )
        self._simulator = simulator
        self._calls = itertools.count(1)
        courier = simulator.parts.courier or Courier
        # Whatever is sent anywhere comes here: nothing leaves the process.
        self._courier = courier(simulator, reach="anywhere", wire=in_process(self._tell))

    def collect(self) -> None:
        """Send what the simulator has queued, and have it forget what has long been sent."""
        self._courier.settle()
        with self._simulator.lock:
            self._simulator.deliveries.forget(_SENT)

    def stir(self, about: str) -> None:
        """A call was made that may be told of; now and then what is queued is sent."""
        super().stir(about)
        if next(self._calls) % _CALLS == 0:
            self.collect()

    def _tell(self, request: httpx.Request) -> int:
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = self.record(request.url.path.rpartition("/")[2], headers, request.content)
        if not isinstance(reply, int):
            if reply == "hang":
                self.let_go()
            raise TimeoutError
        return reply
