"""One attempt of a delivery, as it came."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from points_conformance.judging.archive import Packed
from points_conformance.targets.api.payload import order_of, payload_of
from points_conformance.targets.api.reply import Reply

__all__ = ["MAIN", "Received", "distinct"]

#: The place (the last part of an endpoint's path) where the run's own endpoint is.
MAIN: Final = "main"


@dataclass(frozen=True, slots=True)
class Received:
    """One attempt of a delivery as it came. Header names are lower case; ``at`` counts seconds.

    The secret's header is replaced by whether it was the registered one (``secret_right``).
    ``event`` is the event's name as the body has it, empty where it has none.
    ``digest`` is of the raw bytes: equal digests are the same delivery again. ``place`` is the
    endpoint that it came to, ``answered`` what it was told, ``came`` when, by the calls' clock.
    """

    number: int
    headers: Mapping[str, str]
    packed: Packed
    at: float
    secret_right: bool
    secret_shown: bool = False
    event: str = ""
    digest: str = ""
    place: str = MAIN
    answered: Reply = 200
    came: float = field(default_factory=time.perf_counter)

    @property
    def body(self) -> bytes:
        """The raw body, secrets replaced."""
        return self.packed.unpacked

    @property
    def payload(self) -> dict[str, Any]:
        """The body as JSON, numbers exact; empty where it is no JSON object."""
        return payload_of(self.body)

    @property
    def order(self) -> dict[str, Any]:
        """The ``order`` of the payload, empty where there is none."""
        return order_of(self.payload)

    @property
    def accepted(self) -> bool:
        """Whether it was answered with 2xx."""
        return isinstance(self.answered, int) and 200 <= self.answered < 300


def distinct(events: Iterable[Received]) -> list[Received]:
    """The events without identical repeats, oldest first."""
    kept: dict[str, Received] = {}
    for event in events:
        kept.setdefault(event.digest, event)
    return list(kept.values())
