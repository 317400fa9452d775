"""A story as a sequence diagram: where each line, arrow and text of it stands. Pure geometry.

Narrow enough for a phone without being scaled; lengths are units of the drawing, a character of its
monospaced text takes :data:`_CHARACTER` of them.
"""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from points_conformance.judging.picture import short
from points_conformance.judging.step import Step

__all__ = ["WIDTH", "Diagram", "diagram"]

WIDTH: Final = 360
_EDGE: Final = 14
_MIDDLE: Final = 104
_LINE: Final = 16
_CHARACTER: Final = 7.3
_INSET: Final = 8
#: From here on a story's times are told: what all happens at once needs none.
_LASTS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; ``end``: it ends at ``x`` and does not begin there."""

    x: float
    y: float
    text: str
    kind: str
    end: bool = False


@dataclass(frozen=True, slots=True)
class Arrow:
    """From one lifeline to another, or, where an answer is lost, on the way to it."""

    x1: float
    x2: float
    y: float
    kind: str


@dataclass(slots=True)
class Diagram:
    """What is drawn, from top to bottom. ``lifelines``: who takes part, and where they stand."""

    lifelines: list[Text]
    texts: list[Text] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    height: float = 34
    words: str = ""

    def say(self, x: float, room: float, text: str, kind: str, *, end: bool = False) -> None:
        """Lines of a text, each under the last."""
        for line in _wrapped(text, room):
            self.height += _LINE
            self.texts.append(Text(x, self.height, line, kind, end))

    def point(self, x1: float, x2: float, kind: str) -> None:
        """An arrow under what was said."""
        self.height += 7
        self.arrows.append(Arrow(x1, x2, self.height, kind))


def diagram(steps: Sequence[Step], got: str = "") -> Diagram | None:
    """The drawing of a story, and what came of it; ``None`` where there is nothing to draw."""
    who = _who(steps)
    if not who:
        return None
    at = dict(zip(who, _places(len(who)), strict=True))
    last = len(who) - 1
    drawn = Diagram([Text(x, 14, name, "who", n == last) for n, (name, x) in enumerate(at.items())])
    timed = max((step.at or 0.0 for step in steps), default=0.0) >= _LASTS
    for step in steps:
        _add(drawn, step, at, _time(step) if timed else "")
        drawn.height += 9
    if got and not steps[-1].wrong:
        drawn.say(_EDGE + _INSET, WIDTH - 2 * (_EDGE + _INSET), f"✗ {short(got)}", "wrong")
    drawn.words = "; ".join(_in_words(steps))
    return drawn


def _who(steps: Iterable[Step]) -> list[str]:
    """Who takes part, in the order in which a reader expects them: who asks stands left."""
    return list(dict.fromkeys(n for s in steps if s.hearer for n in (s.teller, s.hearer)))


def _places(count: int) -> list[float]:
    """Where the lifelines stand: the last but one gets the room, for calls are long."""
    if count == 3:
        return [_EDGE, _MIDDLE, WIDTH - _EDGE]
    gap = (WIDTH - 2 * _EDGE) / max(count - 1, 1)
    return [_EDGE + gap * n for n in range(count)]


def _add(drawn: Diagram, step: Step, at: dict[str, float], time: str) -> None:
    if not step.hearer:
        drawn.say(_EDGE + _INSET, WIDTH - 2 * _EDGE - _INSET, step.said, "note")
        return
    x1, x2 = at[step.teller], at[step.hearer]
    left, right = min(x1, x2) + _INSET, WIDTH - _EDGE - _INSET
    drawn.say(left, right - left, f"{time}{step.said}", "said")
    drawn.point(x1, x2, "event" if step.event else "call")
    if step.answer:
        drawn.say(right, right - left, step.answer, "lost" if step.lost else "answer", end=True)
        drawn.point(x2, (x1 + x2) / 2 if step.lost else x1, "lost" if step.lost else "answer")
    if step.after:
        sign = "✗ " if step.wrong else "= "
        kind = "wrong" if step.wrong else "after"
        drawn.say(left, right - left, sign + step.after, kind)


def _time(step: Step) -> str:
    return f"{step.at:.2f} s " if step.at is not None else ""


def _in_words(steps: Iterable[Step]) -> Iterator[str]:
    """For those who cannot see it."""
    for step in steps:
        whom = f"{step.teller} to {step.hearer}: " if step.hearer else ""
        told = ", ".join(filter(None, (step.said, step.answer, step.after)))
        yield f"{whom}{told}"


def _wrapped(text: str, room: float) -> list[str]:
    return textwrap.wrap(text, max(int(room / _CHARACTER), 8)) or [""]
