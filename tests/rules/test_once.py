"""What several rules look at is brought about once, by whichever asks first."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from points_conformance.judging.finding import Finding, NotExercised
from points_conformance.rules.api.shared import Once


def test_all_who_ask_at_once_get_what_one_of_them_made() -> None:
    """It is made once."""
    once: Once[str, int] = Once()
    made: list[int] = []
    meet = threading.Barrier(6, timeout=10)

    def make() -> int:
        made.append(threading.get_ident())
        return len(made)

    def asks(_: int) -> int:
        meet.wait()
        return once.get("a story", make)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(asks, range(6))) == [1] * 6
    assert len(made) == 1


def test_a_finding_is_everybodys() -> None:
    """The story is not told again to find it again."""
    once: Once[str, int] = Once()
    made: list[int] = []

    def make() -> int:
        made.append(1)
        raise Finding("broken", expected="whole", got="broken")

    for _ in range(3):
        with pytest.raises(Finding, match="broken"):
            once.get("a story", make)
    assert made == [1]
    assert not once.has("a story")


def test_what_keeps_it_from_coming_about_is_the_askers_alone() -> None:
    """The next one tries again."""
    once: Once[str, int] = Once()

    def lacks() -> int:
        raise NotExercised("no order")

    with pytest.raises(NotExercised):
        once.get("a story", lacks)
    assert once.get("a story", lambda: 7) == 7
    assert once.has("a story")
