"""``consumer.stories``: made-up stories in any order, with repeats. The ledger is the oracle.

Stories are drawn whole and told in batches of independent orders with one wait for each batch; a
story is told once and remembered by value, so that shrinking sends only what is new.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from points_conformance.contract.names import OrderType
from points_conformance.contract.needs import Need
from points_conformance.judging.finding import Finding
from points_conformance.judging.rule import Level, Profile
from points_conformance.judging.search import draw
from points_conformance.rules.consumer.family import family
from points_conformance.rules.consumer.telling import (
    DELIVERY,
    DOUBLE,
    broken,
    story_of,
)
from points_conformance.simulator import Delivery
from points_conformance.targets.consumer.shop import ShopOrder
from points_conformance.targets.consumer.target import ConsumerTarget

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["Tale", "rule"]

rule = family()
#: How many batches are drawn, the most deliveries of a story, and the seconds of shrinking.
_BATCHES = {Profile.SMOKE: 2, Profile.STANDARD: 5, Profile.DEEP: 40}
_LONGEST = 12
#: How many deliveries a story usually has, and the seconds for those of a standard run.
_USUAL = 6
_SECONDS = 60.0
_SHRINKING = 8.0
_ENDS = ("nothing", "rest", "cancel", "auto")


@dataclass(frozen=True, slots=True)
class Tale:
    """A story of one order: refunds of so many halalas, an end, and how the deliveries arrive.

    ``swaps`` exchange two of them, ``repeats`` send one again at the end.
    """

    kind: str = "earning"
    variant: str = "plain"
    parts: tuple[int, ...] = ()
    end: str = "nothing"
    swaps: tuple[tuple[int, int], ...] = ()
    repeats: tuple[int, ...] = ()

    def deliveries(self, case: ShopOrder) -> list[Delivery]:
        """What Points sends about it, in the order of arrival."""
        made = [case.approved(), *(case.refund(part) for part in self.parts)]
        if self.end == "rest":
            made.append(case.refund(case.ledger.left))
        elif self.end == "cancel" and not self.parts:
            made.append(case.cancel())
        elif self.end == "auto" and case.ledger.kind is OrderType.REPLACING:
            made.append(case.auto_refund())
        for one, two in self.swaps:
            i, j = one % len(made), two % len(made)
            made[i], made[j] = made[j], made[i]
        return made + [made[i % len(made)] for i in self.repeats]


def tales() -> "SearchStrategy[Tale]":
    """Stories whose refunds stay below the total of 100 SAR."""
    from hypothesis import strategies as st

    numbers = st.integers(0, 5)
    return st.builds(
        Tale,
        kind=st.sampled_from([kind.value for kind in OrderType]),
        variant=st.sampled_from(["plain", "fine", "bare", "whole"]),
        parts=st.lists(st.integers(1, 2400), max_size=4).map(tuple),
        end=st.sampled_from(_ENDS),
        swaps=st.lists(st.tuples(numbers, numbers), max_size=3).map(tuple),
        repeats=st.lists(numbers, max_size=3).map(tuple),
    )


class _Teller:
    """Tells batches; knows the finding of every story that was told."""

    def __init__(self, consumer: ConsumerTarget) -> None:
        self.consumer = consumer
        self.known: dict[Tale, Finding | None] = {}
        self._until = float("inf")

    def __call__(self, batch: Sequence[Tale]) -> None:
        """Raise the finding of one of the stories, if one has any."""
        new = [tale for tale in dict.fromkeys(batch) if tale not in self.known]
        if new and time.monotonic() < self._until:
            self.known |= dict.fromkeys(new)
            self._tell(new)
        for tale in batch:
            finding = self.known.get(tale)
            if finding is not None:
                if self._until == float("inf"):
                    self._until = time.monotonic() + _SHRINKING
                raise finding

    def _tell(self, new: Sequence[Tale]) -> None:
        consumer = self.consumer
        told: dict[str, Tale] = {}
        cases = []
        for tale in new:
            case = consumer.order(kind=OrderType(tale.kind), variant=tale.variant)
            consumer.deliver(*tale.deliveries(case))
            told[case.id] = tale
            cases.append(case)
        for found in consumer.mismatches(cases):
            self.known[told[found.case.id]] = broken(
                consumer,
                "a story ends in another state than the books",
                expected=f"the order to end {found.expected}",
                got=found.got,
                exchanges=story_of(consumer, found.case),
            )


def tell_stories(consumer: ConsumerTarget, batches: int, size: int = 8) -> None:
    """Draw, tell and shrink. Raises the smallest story's finding."""
    from hypothesis import strategies as st

    told = st.lists(tales(), min_size=1, max_size=size)
    draw(told, _Teller(consumer), examples=batches, seed=consumer.seed)


@rule(
    "consumer.stories",
    Level.MUST,
    DELIVERY,
    DOUBLE,
    after=(
        "consumer.any-order",
        "consumer.repeat-later",
        "consumer.repeat-of-full-refund",
        "consumer.halala-sums",
        "consumer.halala-amounts",
        "consumer.cancel-before-approval",
        "consumer.late-approval-revives-nothing",
        "consumer.auto-refund-is-final",
        "consumer.absent-fields",
        "consumer.whole-amounts",
        "consumer.fine-timestamps",
    ),
    needs=Need.PROBE,
    calls={p: 8 * n * _LONGEST * 3 for p, n in _BATCHES.items()},
    seconds={Profile.SMOKE: 120.0, Profile.STANDARD: 120.0, Profile.DEEP: 600.0},
)
def every_story_ends_right(consumer: ConsumerTarget) -> None:
    """Any story of refunds, repeats and other orders of arrival MUST end as the books say."""
    consumer.probe()
    batches = max(1, consumer.allowance // (8 * _LONGEST * 3))
    tell_stories(consumer, consumer.affords(batches, 8 * _USUAL, _SECONDS * max(1, batches / 5)))
