"""Smaller JSON values that may show the same. Pure."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

__all__ = ["smallest"]


def smallest(value: Any, fails: Callable[[Any], bool]) -> Any:
    """The smallest value found that still fails; ``fails`` bounds the search by saying no."""
    tried = [value]
    while True:
        for candidate in _smaller(value):
            # By spelling: to Python, 1 and True are the same.
            if any(repr(candidate) == repr(before) for before in tried):
                continue
            tried.append(candidate)
            if fails(candidate):
                value = candidate
                break
        else:
            return value


def _smaller(value: Any) -> Iterator[Any]:
    """Values smaller than this one, the boldest first."""
    if isinstance(value, dict):
        yield from _of_object(value)
    elif isinstance(value, list):
        yield from _of_list(value)
    elif isinstance(value, str):
        yield from _of_text(value)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield from (number for number in (0, 1, -1) if abs(number) < abs(Decimal(value)))


def _of_object(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if len(value) > 1:
        yield from ({name: value[name]} for name in value)
    yield from ({n: v for n, v in value.items() if n != name} for name in value)
    for name, held in value.items():
        yield from ({**value, name: candidate} for candidate in _smaller(held))


def _of_list(value: list[Any]) -> Iterator[list[Any]]:
    if value:
        yield []
    yield from (value[:place] + value[place + 1 :] for place in range(len(value)))


def _of_text(value: str) -> Iterator[str]:
    half = len(value) // 2
    if value:
        yield ""
    if half:
        yield value[:half]
        yield value[half:]
        yield value[:-1]
