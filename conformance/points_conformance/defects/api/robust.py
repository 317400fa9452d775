"""Servers that break on what they did not expect, or take it for something else."""

from dataclasses import replace
from typing import Any

from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import crash
from points_conformance.defects.defect import Seeds
from points_conformance.simulator.core import Parts
from points_conformance.simulator.forms import Errors, Forms
from points_conformance.simulator.messages import Refusal, Request
from points_conformance.simulator.operations import OPERATIONS, Operation

__all__ = ["seed"]

seed = Seeds(ServerDefect)
TEXTS = (
    "robust.*",
    "cancel.*reason*",
    "refund.reason-*",
    "schema.*",
    "property.reasons",
    "texts.*",
    "fields.cancel-*",
)


class _Stumbling(Forms):
    """Breaks on some reasons."""

    def reason(self, body: Any, errors: Errors) -> str | None:
        """A server error where :meth:`breaks_on` says so."""
        reason = super().reason(body, errors)
        if reason is not None and not errors and self.breaks_on(reason):
            raise crash()
        return reason

    def breaks_on(self, reason: str) -> bool:
        """Whether this reason breaks it."""
        raise NotImplementedError


@seed.on(
    _Stumbling.breaks_on,
    "emoji-crashes",
    "robust.reasons",
    "robust.reason-of-emoji",
    "cancel.given-reason",
    related=("refund.body-spellings", *TEXTS),
)
def emoji_crashes(forms: _Stumbling, reason: str) -> bool:
    """An emoji in a reason is a server error: utf8 with three bytes."""
    # Beyond the basic plane.
    return any(ord(letter) > 0xFFFF for letter in reason)


@seed.on(_Stumbling.breaks_on, "nul-crashes", "robust.reasons", related=TEXTS)
def nul_crashes(forms: _Stumbling, reason: str) -> bool:
    """A NUL in a reason is a server error: PostgreSQL's text has none."""
    # U+0000.
    return "\x00" in reason


@seed.on(_Stumbling.breaks_on, "quotes-crash", "robust.reasons", related=TEXTS)
def quotes_crash(forms: _Stumbling, reason: str) -> bool:
    """A quote in a reason is a server error: the SQL is glued together."""
    # A single quote.
    return "'" in reason


@seed.on(_Stumbling.breaks_on, "long-reason-crashes", "robust.reasons", related=TEXTS)
def long_reason_crashes(forms: _Stumbling, reason: str) -> bool:
    """A reason of 256 characters is a server error: a varchar(255) column."""
    # Data too long for column.
    return len(reason) > 255


@seed.on(Forms.reason, "emoji-counts-twice", "robust.reason-of-emoji", related=TEXTS)
def emoji_counts_twice(forms: Forms, body: Any, errors: Errors) -> str | None:
    """An emoji counts as two characters, so that 500 of them are refused."""
    # UTF-16 units: ``reason.length``.
    reason = Forms.reason(forms, body, errors)
    if reason is not None and len(reason.encode("utf-16-le")) // 2 > 500:
        errors["reason"] = ["The reason field must not be greater than 500 characters."]
    return reason


class _Unparsed(Forms):
    """Takes what cannot be read for something else."""

    def body(self, request: Request) -> dict[str, Any]:
        """What :meth:`unparsed` makes of a body that is no JSON."""
        try:
            return super().body(request)
        except Refusal as refusal:
            if refusal.status == 400:
                return self.unparsed(request.body)
            raise

    def unparsed(self, body: bytes) -> dict[str, Any]:
        """The body's meaning."""
        raise NotImplementedError


@seed.on(
    _Unparsed.unparsed,
    "broken-json-crashes",
    "refund.malformed-body",
    "robust.bodies",
    related=("robust.*", "schema.*", "cancel.malformed-body", "refund.huge-amount"),
)
def broken_json_crashes(forms: _Unparsed, body: bytes) -> dict[str, Any]:
    """A body that is no JSON is a server error."""
    # An exception that nobody catches.
    raise crash()


@seed.on(
    _Unparsed.unparsed, "bad-encoding-is-ignored", "robust.bodies", related=("robust.*", "schema.*")
)
def bad_encoding_is_ignored(forms: _Unparsed, body: bytes) -> dict[str, Any]:
    """A body that is not UTF-8 counts as an empty one, and refunds everything."""
    # ``JSON_ERROR_UTF8``, and nobody looks.
    try:
        body.decode()
    except UnicodeDecodeError:
        return {}
    raise Refusal(400, "The request body is not valid JSON.")


@seed.on(
    _Unparsed.unparsed, "deep-nesting-crashes", "robust.bodies", related=("robust.*", "schema.*")
)
def deep_nesting_crashes(forms: _Unparsed, body: bytes) -> dict[str, Any]:
    """A body that is nested deeply is a server error."""
    # The stack overflows.
    if body.startswith(b"[[[["):
        raise crash()
    raise Refusal(400, "The request body is not valid JSON.")


@seed.on(Forms.body, "large-body-is-cut", "robust.large-body", related="robust.*")
def large_body_is_dropped(forms: Forms, request: Request) -> dict[str, Any]:
    """A body above 64 kB is dropped before it is read, so that its refund is a full one."""
    # ``post_max_size``.
    if len(request.body) > 65_536:
        request = replace(request, body=b"")
    return Forms.body(forms, request)


def _also_by(method: str, call: str) -> tuple[Operation, ...]:
    """The table with one more row: a reversal by another method."""
    [row] = [row for row in OPERATIONS if row.path.pattern.endswith(f"/{call}")]
    return (*OPERATIONS, replace(row, method=method))


for _method, _call in (
    ("GET", "refund"),
    ("GET", "cancel"),
    ("PUT", "refund"),
    ("DELETE", "cancel"),
):
    seed.add(
        f"{_call}-by-{_method.lower()}",
        f"A {_call} is carried out by {_method} as well.",
        Parts(operations=_also_by(_method, _call)),
        "robust.other-methods",
        related=("schema.*",),
    )
