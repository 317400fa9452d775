"""Strategies for money and texts that love the boundaries. Amounts are halalas."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

__all__ = ["REASONS", "Parts", "parts", "permutations_of", "reasons", "totals"]

#: Totals at which servers have stumbled: the smallest, whole and broken riyals, where a sum of
#: floats misses (0.30), where a cut-off float loses a halala (19.99), where 32 bits are too few.
_LOVED = (1, 2, 3, 10, 30, 99, 100, 101, 999, 1_999, 3_998, 10_000, 10_001, 15_075, 99_999)
_LARGE = (999_999, 1_000_001, 1_677_721_7, 99_999_999, 1_000_000_003, 100_000_000_000)


def totals(largest: int, smallest: int = 1) -> st.SearchStrategy[int]:
    """Totals from ``smallest`` to ``largest`` halalas, the loved ones often."""
    loved = [total for total in (*_LOVED, *_LARGE) if smallest <= total <= largest]
    return st.one_of(st.sampled_from(loved), st.integers(smallest, largest))


@dataclass(frozen=True, slots=True)
class Parts:
    """A total and what is refunded of it, in this order; the parts add up to at most the total."""

    total: int
    parts: tuple[int, ...]

    @property
    def left(self) -> int:
        """Halalas that are left after all parts."""
        return self.total - sum(self.parts)


@st.composite
def parts(
    draw: st.DrawFn, *, largest: int, most: int = 5, smallest: int = 1, whole: bool | None = None
) -> Parts:
    """A total cut into parts: by cutting points, so that they always fit.

    ``whole``: the parts add up to the total; ``None``: either.
    """
    total = draw(totals(largest, max(smallest, 2)), label="total")
    cuts = draw(
        st.lists(st.integers(1, total - 1), min_size=1, max_size=most, unique=True), label="cuts"
    )
    edges = [0, *sorted(cuts)]
    pieces = [after - before for before, after in pairwise(edges)]
    if whole or (whole is None and draw(st.booleans(), label="whole")):
        pieces.append(total - edges[-1])
    return Parts(total, tuple(pieces[: most + 1]))


def permutations_of(pieces: Sequence[int]) -> st.SearchStrategy[tuple[int, ...]]:
    """Another order of the same parts."""
    return st.permutations(list(pieces)).map(tuple)


#: Characters that a reason may hold without anybody trimming or normalising them.
REASONS = st.text(
    st.characters(categories=("L", "N", "S"), include_characters="-،؛🧾😀"),
    min_size=1,
    max_size=500,
)


def reasons() -> st.SearchStrategy[str]:
    """Reasons of 1 to 500 characters, the lengths at the limits often."""
    lengths = st.sampled_from((1, 2, 254, 255, 256, 499, 500))
    letters = st.sampled_from("rرé漢😀")
    return st.one_of(st.builds(lambda letter, n: letter * n, letters, lengths), REASONS)
