"""Whether a target keeps the process busy that asks it: by how much of the time it works."""

from points_conformance.judging.brisk import Brisk


class Machine:
    """Two clocks that are set by hand: the wall's, and how long the process had a processor."""

    def __init__(self) -> None:
        self.seconds = self.worked = 0.0

    def brisk(self) -> Brisk:
        """One that looks at them."""
        return Brisk(lambda: self.seconds, lambda: self.worked)


def test_who_mostly_waits_for_answers_has_a_slow_target() -> None:
    """Less than half of the time it works."""
    machine = Machine()
    brisk = machine.brisk()
    machine.seconds, machine.worked = 2.0, 0.9
    assert brisk.is_slow


def test_who_works_most_of_the_time_has_a_fast_target() -> None:
    """However long the run lasts."""
    machine = Machine()
    brisk = machine.brisk()
    machine.seconds, machine.worked = 60.0, 31.0
    assert not brisk.is_slow


def test_nothing_is_said_of_the_first_moments() -> None:
    """A run that has hardly begun waits for its first answers."""
    machine = Machine()
    brisk = machine.brisk()
    machine.seconds = 0.9
    assert not brisk.is_slow


def test_what_the_process_did_before_does_not_count() -> None:
    """It may have loaded much."""
    machine = Machine()
    machine.seconds, machine.worked = 10.0, 9.0
    brisk = machine.brisk()
    machine.seconds = 12.0
    assert brisk.is_slow


def test_a_slow_target_stays_one() -> None:
    """What has begun by then goes on as it began."""
    machine = Machine()
    brisk = machine.brisk()
    machine.seconds = 2.0
    assert brisk.is_slow
    machine.seconds, machine.worked = 3.0, 3.0
    assert brisk.is_slow
