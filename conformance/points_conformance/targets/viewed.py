"""What a target of any subject has in common: each rule is given a view of it.

A view has what is one rule's own: its ID, seed, allowance, seconds and exchanges. All else is the
run's, the very same objects. A subclass that has more of a rule's own says so in its ``view``.
"""

import math
from collections.abc import Container, Mapping, Sequence
from copy import copy
from typing import Any, Self

from points_conformance.judging.archive import Archive
from points_conformance.judging.exchange import Exchange
from points_conformance.judging.picture import drawn
from points_conformance.judging.step import Step

__all__ = ["Viewed"]


class Viewed:
    """A target: the run's, or one rule's view of it. ``exchanges`` are the run's, or the rule's."""

    def __init__(self) -> None:
        self.rule = ""
        #: The seed of this rule, how many calls it may make, and for how many seconds.
        self.seed = 0
        self.allowance = 0
        self.seconds = math.inf
        self.exchanges: Archive[Exchange] = Archive()
        self._whole: Self | None = None

    def view(self, *, rule: str, seed: int, allowance: int, seconds: float = math.inf) -> Self:
        """This target as one rule is given it."""
        view = copy(self)
        view._whole = self.whole
        view.rule, view.seed, view.allowance, view.seconds = rule, seed, allowance, seconds
        view.exchanges = Archive()
        return view

    @property
    def whole(self) -> Self:
        """The target of the whole run, for who looks back on what all rules did."""
        return self if self._whole is None else self._whole

    def record(self, exchange: Exchange) -> None:
        """Keep an exchange, here and in the run's."""
        self.exchanges.append(exchange)
        if self.whole is not self:
            self.whole.exchanges.append(exchange)

    def news(self, decided: Container[str]) -> Sequence[Any]:
        """What has changed of decided rules since this was asked, where a subject looks at it."""
        return ()

    def makers(self) -> Mapping[str, str]:
        """The rule whose order it is, by the uuid of every order that two rules could mix up."""
        return {}

    def picture(self, story: Sequence[Exchange]) -> Sequence[Step]:
        """A story as it is drawn, with more than its calls where a subject knows more."""
        return drawn(story)

    def moves(self) -> Sequence[str]:
        """Through which states the calls led, where a subject has a table of them."""
        return ()
