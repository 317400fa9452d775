"""What the judge, and the search for stories, need of any target."""

from collections.abc import Container, Mapping, Sequence
from typing import Any, Protocol, Self

from points_conformance.judging.archive import Archive
from points_conformance.judging.budget import Budget
from points_conformance.judging.exchange import Exchange, Redactor
from points_conformance.judging.step import Step

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

    def news(self, decided: Container[str]) -> Sequence[Any]:
        """What a rule that closes the run may look at again, for it is not what it was when this
        was asked last: of the rules that are ``decided``, which ask nothing more.
        """
        ...

    def makers(self) -> Mapping[str, str]:
        """The rule whose order it is, by the order's uuid in lower case."""
        ...

    def picture(self, story: Sequence[Exchange]) -> Sequence[Step]:
        """A story as it is drawn: its calls, and what else came meanwhile."""
        ...

    def moves(self) -> Sequence[str]:
        """Through which states the calls led, as the subject calls them; the latest last."""
        ...
