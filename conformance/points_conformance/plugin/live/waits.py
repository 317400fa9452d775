"""For how long deliveries wait for the test to settle."""

import threading
from typing import Final

__all__ = ["HOLD", "SenderWaits"]

#: Seconds that a delivery waits for the test to settle: consumers should answer in two. What waited
#: longer is answered 200 in the handler's place, and told when the test settles.
HOLD: Final = 2.0


class SenderWaits:
    """Two seconds for each delivery; while calls of the test's are under way, two for all of them.

    A server that delivers within its answer waits for one endpoint after the other, and the test's
    client for all: it would have given up before the third.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        #: When the first of them came, by the listener's clock.
        self._since: float | None = None

    def begun(self) -> None:
        """A call of the test's is under way."""
        with self._lock:
            self._under_way += 1

    def ended(self) -> None:
        """It has its answer, or none."""
        with self._lock:
            self._under_way -= 1
            if not self._under_way:
                self._since = None

    def left(self, now: float) -> float:
        """Seconds that a delivery which comes now may wait."""
        with self._lock:
            if not self._under_way:
                return HOLD
            if self._since is None:
                self._since = now
            return max(0.0, self._since + HOLD - now)
