"""How many rules are at work at once. Who only waits for something gives the place up meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from points_conformance.judging.rule import ALL, Rule

__all__ = ["Slots", "parked"]


class Slots:
    """At most ``most`` places. ``changed`` guards them."""

    def __init__(self, most: int, changed: threading.Condition) -> None:
        self.most = most
        self._changed = changed
        self._working: dict[str, Rule] = {}
        #: What a rule needs for itself, working or parked.
        self._held: set[str] = set()
        #: Who has waited for something and wants to go on.
        self._returning = 0

    def take(self, rule: Rule) -> bool:
        """Take a place for a rule that is about to begin, if it may. The lock is held."""
        if self._returning or rule.alone in self._held or not self._is_free(rule):
            return False
        self._working[rule.id] = rule
        if rule.alone:
            self._held.add(rule.alone)
        return True

    def _is_free(self, rule: Rule) -> bool:
        if rule.alone == ALL:
            return not self._working
        return ALL not in self._held and len(self._working) < self.most

    @contextmanager
    def seated(self, rule: Rule) -> Iterator[None]:
        """The place that was taken is this thread's, and free again afterwards."""
        _here.seat = None if rule.alone == ALL else (self, rule)
        try:
            yield
        finally:
            _here.seat = None
            self.leave(rule)
            with self._changed:
                self._held.discard(rule.alone)

    def leave(self, rule: Rule) -> None:
        """Give a place up."""
        with self._changed:
            self._working.pop(rule.id)
            self._changed.notify_all()

    def come_back(self, rule: Rule) -> None:
        """Wait for a place to go on."""
        with self._changed:
            self._returning += 1
            self._changed.wait_for(lambda: self._is_free(rule))
            self._returning -= 1
            self._working[rule.id] = rule


class _Here(threading.local):
    seat: tuple[Slots, Rule] | None = None


_here = _Here()


@contextmanager
def parked() -> Iterator[None]:
    """While this thread waits for what others do, another rule may work in its place.

    Does nothing where rules take turns, or where this one has the target for itself.
    """
    if _here.seat is None:
        yield
        return
    slots, rule = _here.seat
    slots.leave(rule)
    try:
        yield
    finally:
        slots.come_back(rule)
