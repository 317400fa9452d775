"""What the judge, and the search for stories, need of any target."""

from collections.abc import Mapping
from typing import Protocol, Self

from points_conformance.judging.archive import Archive
from points_conformance.judging.budget import Budget
from points_conformance.judging.exchange import Exchange, Redactor

__all__ = ["Judged"]


class Judged(Protocol):
    """A target, whatever its subject: the run's, or one rule's view of it.

    The run's has the exchanges of all rules, in their order; a view has those of its rule.
    """

    seed: int
    allowance: int
    loopback: bool
    budget: Budget
    redact: Redactor
    exchanges: Archive[Exchange]

    def view(self, *, rule: str, seed: int, allowance: int, seconds: float = ...) -> Self:
        """The target as one rule is given it: what it records is the run's as well."""
        ...

    def makers(self) -> Mapping[str, str]:
        """The rule whose order it is, by the order's uuid in lower case."""
        ...
