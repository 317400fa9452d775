"""A story as it is drawn, where no more is known of it than its calls."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from points_conformance.judging.exchange import Exchange
from points_conformance.judging.step import Step

__all__ = ["LONGEST", "answered", "drawn", "short"]

#: Characters of a text in a picture; all of it stands in the exchanges.
LONGEST: Final = 120


def short(text: str, most: int = LONGEST) -> str:
    """One line of so many characters at most."""
    line = " ".join(text[: 2 * most].split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def answered(exchange: Exchange) -> str:
    """The status, or why none came."""
    if exchange.status is None:
        return f"no answer: {short(exchange.error)}"
    return f"HTTP {exchange.status}"


def drawn(story: Sequence[Exchange], teller: str = "kit", hearer: str = "target") -> list[Step]:
    """The calls of a story, as they are drawn where nothing more is known of them."""
    return [
        Step(
            teller=teller,
            hearer=hearer,
            said=short(f"{call.method} {urlsplit(call.url).path} {call.body or ''}"),
            answer=answered(call),
            lost=call.status is None,
        )
        for call in story
    ]
