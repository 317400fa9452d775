"""What a check raises: one error class per culprit.

A :class:`Finding` is the target's fault, :class:`NotExercised` nobody's (something is missing that
the rule needs), :class:`Denied` an answer still owed (the run was equipped for it and did not get
it), :class:`NetworkTrouble` the network's. Anything else that escapes a check is ours.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from points_conformance.judging.exchange import Exchange
    from points_conformance.judging.step import Step
    from points_conformance.judging.verdict import Cost

__all__ = ["Attributed", "Denied", "Finding", "NetworkTrouble", "NotExercised", "Unjudgeable"]


class Finding(Exception):
    """A rule is broken: what was expected, what came, and the smallest story that shows it.

    ``title`` is stable between runs (no values): known failures match on it. ``story`` is the
    steps in words, ``exchanges`` the calls of the story, oldest first, ``rounds`` "k of n rounds"
    for races. ``led_by``: the rules whose calls it looks back on, where those are not its own.
    ``steps``: the story as it is drawn, where the target cannot tell it from the calls.
    ``cost``: what it costs and whom, where it moves money.
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
        led_by: Sequence[str] = (),
        steps: Sequence["Step"] = (),
        cost: "Cost | None" = None,
    ) -> None:
        super().__init__(f"{title}: expected {expected}; got {got}")
        self.title = title
        self.expected = expected
        self.got = got
        self.exchanges = tuple(exchanges)
        self.story = tuple(story)
        self.rounds = rounds
        self.led_by = tuple(led_by)
        self.steps = tuple(steps)
        self.cost = cost


class Attributed(Exception):
    """Findings of one check that break other rules, each laid to the rule that it breaks."""

    def __init__(self, findings: Mapping[str, Finding]) -> None:
        super().__init__(f"breaks {', '.join(findings)}")
        self.findings = dict(findings)


class NotExercised(Exception):
    """The run was never given what the rule needs: it is *lacking*. The text says what to supply.

    ``lacks`` is the same in two or three words, for the first line of the result.
    """

    def __init__(self, reason: str, *, lacks: str = "") -> None:
        super().__init__(reason)
        self.lacks = lacks


class Denied(NotExercised):
    """The run was equipped for the rule, and the target or the run did not deliver: the run is
    inconclusive. The text says what did not come, and where to look.
    """


class NetworkTrouble(Exception):
    """A dropped connection, a timeout, 502, 503 or 504: the rule could not be judged."""


class Unjudgeable(Exception):
    """The target cannot be judged at all. The text says why and what to do, in a line or two."""
