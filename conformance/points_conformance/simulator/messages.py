"""Requests and responses as plain values, JSON with exact numbers, and the refusal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import simplejson

from points_conformance.contract.bounds import MOST_DIGITS

__all__ = ["NumberError", "Refusal", "Request", "Response", "dump_json", "load_json"]


class NumberError(ValueError):
    """A number that no program can take: endless, of thousands of digits, or none at all."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. ``path`` is without the query; header names are lower case.

    ``spelt``: the names as they came, where that is known; a faithful server never looks.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    query: str = ""
    spelt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response with a body that is complete."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, numbers exact."""
        return load_json(self.body)


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """Raised anywhere inside to refuse the call; the core turns it into an envelope."""

    status: int
    message: str
    errors: Mapping[str, list[str]] | None = None


def dump_json(value: Any) -> bytes:
    """JSON whose numbers keep their decimals: ``Decimal("25.00")`` is written ``25.00``."""
    text: str = _ENCODER.encode(value)
    return text.encode()


def load_json(body: bytes) -> Any:
    """JSON with exact numbers. Raises :class:`ValueError` for whatever is no JSON, NaN included,
    and for numbers of more than :data:`MOST_DIGITS` digits, which nobody can reckon with.
    """
    try:
        return _DECODER.decode(body.decode())
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise NumberError(f"a number of more than {MOST_DIGITS} digits")
    return int(text)


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise NumberError("a number's exponent is out of any range") from None
    # A short 1e9999999 is a number of ten million digits as soon as it is made whole.
    if max(len(text), abs(number.adjusted())) > MOST_DIGITS:
        raise NumberError(f"a number of more than {MOST_DIGITS} digits")
    return number


def _no_constant(name: str) -> None:
    raise NumberError(f"{name} is not JSON")


# Made once: the functions of their modules make one for each call. Both keep nothing between calls.
_ENCODER: Final = simplejson.JSONEncoder(use_decimal=True, separators=(",", ":"))
_DECODER: Final = json.JSONDecoder(
    parse_int=_whole, parse_float=_number, parse_constant=_no_constant
)
