"""One arrow of a story's picture."""

from dataclasses import dataclass

__all__ = ["Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One arrow. ``answer`` goes the other way, and is empty where none is drawn; ``lost``: none
    came. ``after`` is what is left behind it, ``wrong`` where that cannot be right. ``event``: told
    without having been asked. ``at`` counts seconds from the story's beginning, where time matters.
    """

    teller: str
    hearer: str
    said: str
    answer: str = ""
    lost: bool = False
    after: str = ""
    wrong: bool = False
    event: bool = False
    at: float | None = None
