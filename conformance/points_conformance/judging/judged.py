"""What the judge, and the search for stories, need of any target."""

from typing import Protocol

from points_conformance.judging.budget import Budget
from points_conformance.judging.exchange import Exchange, Redactor

__all__ = ["Judged"]


class Judged(Protocol):
    """A target, whatever its subject."""

    rule: str
    seed: int
    allowance: int
    loopback: bool
    budget: Budget
    redact: Redactor
    exchanges: list[Exchange]
