"""Who makes calls, as sources of orders and the endpoints of a run see it."""

from typing import Protocol

from points_conformance.judging.budget import Budget
from points_conformance.judging.exchange import Redactor
from points_conformance.judging.journal import Journal
from points_conformance.targets.api.answer import Answer

__all__ = ["Calling"]


class Calling(Protocol):
    """The API as one rule has it, or the whole run: calls are recorded as its own."""

    budget: Budget
    journal: Journal
    redact: Redactor

    def call(
        self, method: str, path: str, *, body: bytes | None = None, key: str | None = ""
    ) -> Answer:
        """One call, recorded. ``key`` empty: the merchant's."""
        ...

    def read(self, order: str) -> Answer:
        """``GET /orders/{uuid}``."""
        ...
