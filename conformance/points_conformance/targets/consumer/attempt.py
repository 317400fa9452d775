"""One delivery, until it is let in."""

import time
from collections.abc import Callable

import httpx

from points_conformance.judging.budget import Budget, Pace
from points_conformance.targets.consumer.http import exchanged
from points_conformance.targets.consumer.speed import Turnstile

__all__ = ["Attempt"]


class Attempt:
    """``seconds``: how long its answer took, waits apart. ``pay``: what the first try costs; what
    was turned away with 429 is bounded by the wait for it, not by the number of deliveries.
    """

    def __init__(
        self,
        request: httpx.Request,
        timeout: float,
        client: httpx.Client,
        pace: Pace,
        budget: Budget,
        pay: Callable[[], object],
    ) -> None:
        self.seconds = 0.0
        self._request, self._timeout, self._client = request, timeout, client
        self._pace, self._budget, self._pay = pace, budget, pay

    def answered(
        self, door: Turnstile, *, in_place: bool
    ) -> tuple[httpx.Response | None, str, bool]:
        """The answer, or why there is none, and whether it was late."""
        try:
            return door.through(self._once, in_place=in_place), "", False
        except httpx.ConnectTimeout as error:
            return None, f"{type(error).__name__}: {error}", False
        except httpx.TimeoutException:
            return None, f"no answer in {self._timeout:g} s", True
        except httpx.HTTPError as error:
            return None, f"{type(error).__name__}: {error}", False

    def _once(self) -> httpx.Response:
        self._pace.wait()
        self._pay()
        self._pay = self._budget.note
        started = time.perf_counter()
        try:
            return exchanged(self._client, self._request, self._timeout)
        finally:
            self.seconds = time.perf_counter() - started
