"""What a check raises: one error class per culprit.

A :class:`Finding` is the target's fault, :class:`NotExercised` nobody's (something is missing that
the rule needs), :class:`NetworkTrouble` the network's. Anything else that escapes a check is ours.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from points_conformance.targets.exchange import Exchange

__all__ = ["Attributed", "Finding", "NetworkTrouble", "NotExercised"]


class Finding(Exception):
    """A rule is broken: what was expected, what came, and the smallest story that shows it.

    ``title`` is stable between runs (no values): known failures match on it. ``story`` is the
    steps in words, ``exchanges`` the calls of the story, oldest first, ``rounds`` "k of n rounds"
    for races.
    """

    def __init__(
        self,
        title: str,
        *,
        expected: str,
        got: str,
        exchanges: Sequence["Exchange"] = (),
        story: Sequence[str] = (),
        rounds: str = "",
    ) -> None:
        super().__init__(f"{title}: expected {expected}; got {got}")
        self.title = title
        self.expected = expected
        self.got = got
        self.exchanges = tuple(exchanges)
        self.story = tuple(story)
        self.rounds = rounds


class Attributed(Exception):
    """Findings of one check that break other rules, each laid to the rule that it breaks."""

    def __init__(self, findings: Mapping[str, Finding]) -> None:
        super().__init__(f"breaks {', '.join(findings)}")
        self.findings = dict(findings)


class NotExercised(Exception):
    """The target lacks what the rule needs. The text says what to supply."""


class NetworkTrouble(Exception):
    """A dropped connection, a timeout, 502, 503 or 504: the rule could not be judged."""
