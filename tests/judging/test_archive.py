"""An archive is a list that takes little room."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points_conformance.judging.archive import Archive

MANY = 2000


def filled(count: int, *, packs: bool = True) -> Archive[str]:
    """So many items in an archive."""
    archive: Archive[str] = Archive(packs=packs)
    for number in range(count):
        archive.append(f"item {number}")
    return archive


@given(count=st.integers(0, MANY), first=st.integers(-MANY, MANY), last=st.integers(-MANY, MANY))
def test_what_was_added_is_read_as_from_a_list(count: int, first: int, last: int) -> None:
    """Length, order, one by one, from an end and in slices."""
    archive, plain = filled(count), [f"item {number}" for number in range(count)]
    assert len(archive) == count
    assert list(archive) == plain
    assert archive[first:last] == plain[first:last]
    if -count <= first < count:
        assert archive[first] == plain[first]


@pytest.mark.parametrize("packs", [True, False])
def test_a_place_that_is_not_there_is_an_index_error(packs: bool) -> None:
    """As of a list; also where it is packed."""
    with pytest.raises(IndexError):
        filled(MANY, packs=packs)[MANY]


def test_what_is_old_takes_a_tenth_of_the_room() -> None:
    """Where the items are much alike, as exchanges are."""
    text = "an answer with many words that are the same in all others, number "
    archive: Archive[str] = Archive()
    for number in range(MANY):
        archive.append(f"{text * 8}{number}")
    room = len(pickle.dumps(archive))
    assert room < len(pickle.dumps([archive[place] for place in range(MANY)])) / 3


def test_what_is_soon_forgotten_is_not_packed() -> None:
    """The very object comes back."""
    item = "x" * 100
    archive: Archive[str] = Archive(packs=False)
    for _ in range(MANY):
        archive.append(item)
    assert archive[0] is item
