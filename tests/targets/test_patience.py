"""How long an event is waited for: a table of what came when, and what is concluded."""

import pytest

from points_conformance.targets.api.patience import Awaited, Patience

GRACE = 3.0
ONE = Awaited("an order", "refunded", 1, "main")
OTHER = Awaited("another order", "refunded", 1, "main")
SECOND = Awaited("another order", "refunded", 2, "main")


@pytest.fixture
def patience() -> Patience:
    """With three seconds of grace, at 100 seconds by its clock."""
    return Patience(GRACE, 100.0)


def test_what_does_not_come_is_missing_after_the_last_look(patience: Patience) -> None:
    """The grace, and twice as long again."""
    assert not patience.is_missing(ONE, 100.0, 108.9)
    assert patience.is_missing(ONE, 100.0, 109.0)
    assert patience.whole == 9.0


def test_as_long_as_others_come_it_is_late_and_not_missing(patience: Patience) -> None:
    """A sender may have a queue: six seconds without anything are the end of it."""
    patience.arrived("a", 107.0)
    assert not patience.is_missing(ONE, 100.0, 112.9)
    assert patience.is_missing(ONE, 100.0, 113.0)


def test_however_many_others_come_it_is_missing_in_the_end(patience: Patience) -> None:
    """After five looks."""
    patience.arrived("a", 132.0)
    assert not patience.is_missing(ONE, 100.0, 132.9)
    assert patience.is_missing(ONE, 100.0, 133.0)


def test_nothing_is_missing_while_a_delivery_hangs_and_nothing_comes(patience: Patience) -> None:
    """Others may stand in a queue behind it; once it is let go they have their time."""
    patience.arrived("hanging", 101.0, hangs=True)
    assert not patience.is_missing(ONE, 100.0, 111.9)
    patience.let_go(111.5)
    assert not patience.is_missing(ONE, 100.0, 117.4)
    assert patience.is_missing(ONE, 100.0, 117.5)


def test_a_server_that_never_lets_go_holds_nothing_up_for_ever(patience: Patience) -> None:
    """Longer than its timeout nobody waits for it."""
    patience.arrived("hanging", 101.0, hangs=True)
    assert patience.is_missing(ONE, 100.0, 112.0)


def test_where_others_come_past_a_hanging_delivery_it_holds_nothing_up(patience: Patience) -> None:
    """Each delivery has a thread of its own there; the repeat of the hanging one is no sign."""
    patience.arrived("hanging", 101.0, hangs=True)
    patience.arrived("a", 102.0)
    patience.let_go(111.0)
    patience.arrived("hanging", 111.2)
    assert patience.is_missing(ONE, 100.0, 111.3)


@pytest.fixture
def past(patience: Patience) -> Patience:
    """Others come past a delivery that hangs at a place from 101 to 111, the latest at 105; what
    stood behind it comes until 120.
    """
    patience.arrived("hanging", 101.0, place="alone", hangs=True)
    patience.arrived("a", 105.0, place="main")
    patience.let_go(111.0)
    patience.arrived("behind", 120.0, place="alone")
    return patience


def test_what_stood_behind_a_hanging_delivery_says_nothing_of_other_places(past: Patience) -> None:
    """Its place has a queue of its own: six seconds after the others nothing is late there."""
    assert not past.is_missing(ONE, 100.0, 110.9)
    assert past.is_missing(ONE, 100.0, 111.0)


def test_at_the_place_itself_it_does(past: Patience) -> None:
    """And where somebody looks at all places."""
    for place in ("alone", None):
        there = Awaited("an order", "refunded", 1, place)
        assert not past.is_missing(there, 100.0, 125.9)
        assert past.is_missing(there, 100.0, 126.0)


def test_what_was_on_its_way_beside_a_hanging_delivery_is_no_sign_of_a_queue(
    patience: Patience,
) -> None:
    """Others must come a second after it."""
    patience.arrived("hanging", 101.0, place="alone", hangs=True)
    patience.arrived("a", 101.9, place="main")
    patience.let_go(111.0)
    patience.arrived("behind", 120.0, place="alone")
    assert not patience.is_missing(ONE, 100.0, 125.9)


def test_what_was_missing_once_is_not_waited_for_again(patience: Patience) -> None:
    """The very same."""
    patience.missed(ONE)
    assert patience.is_missing(ONE, 200.0, 200.0)


def test_the_next_of_its_kind_is_given_what_events_take_here(patience: Patience) -> None:
    """At least a second, three times the slowest, at most the grace."""
    patience.missed(ONE)
    assert not patience.is_missing(OTHER, 200.0, 200.9)
    assert patience.is_missing(OTHER, 200.0, 201.0)
    patience.came(150.0, 150.6)
    assert not patience.is_missing(OTHER, 200.0, 201.7)
    assert patience.is_missing(OTHER, 200.0, 201.8)
    patience.came(150.0, 159.0)
    assert patience.is_missing(OTHER, 200.0, 203.0)


def test_another_kind_is_waited_for_as_if_nothing_was_missing(patience: Patience) -> None:
    """That first refunds are not told says nothing of second ones."""
    patience.missed(ONE)
    assert not patience.is_missing(SECOND, 200.0, 208.9)


def test_what_hung_does_not_count_as_slow(patience: Patience) -> None:
    """It was held up by our own doing."""
    patience.arrived("hanging", 101.0, hangs=True)
    patience.came(100.5, 111.0)
    patience.let_go(111.0)
    patience.came(100.5, 111.2)
    assert patience.slowest == 0.0


def test_a_repeat_is_not_late_while_it_is_held_up(patience: Patience) -> None:
    """However little time it was given."""
    patience.arrived("hanging", 101.0, hangs=True)
    assert not patience.is_late(100.0, 5.0, 110.0)
    patience.let_go(111.0)
    assert patience.is_late(100.0, 5.0, 111.1)


def test_what_was_asked_for_long_ago_has_its_looks_when_it_is_looked_for(
    patience: Patience,
) -> None:
    """As long as others come from a long queue it is late, and not missing at first sight."""
    patience.arrived("a", 199.9)
    assert not patience.is_missing(ONE, 100.0, 200.0, looked=200.0)
    assert patience.is_missing(ONE, 100.0, 205.9, looked=200.0)
