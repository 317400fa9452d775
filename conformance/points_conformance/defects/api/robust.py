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
TEXTS = ("robust.*", "cancel.*reason*", "refund.reason-*", "schema.*", "property.reasons")


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


@seed("emoji-crashes", "robust.reasons", "robust.reason-of-emoji", "cancel.given-reason",
      related=TEXTS)  # fmt: skip
class EmojiCrashes(_Stumbling):
    """An emoji in a reason is a server error: utf8 with three bytes."""

    def breaks_on(self, reason: str) -> bool:
        """Beyond the basic plane."""
        return any(ord(letter) > 0xFFFF for letter in reason)


@seed("nul-crashes", "robust.reasons", related=TEXTS)
class NulCrashes(_Stumbling):
    """A NUL in a reason is a server error: PostgreSQL's text has none."""

    def breaks_on(self, reason: str) -> bool:
        """U+0000."""
        return "\x00" in reason


@seed("quotes-crash", "robust.reasons", related=TEXTS)
class QuotesCrash(_Stumbling):
    """A quote in a reason is a server error: the SQL is glued together."""

    def breaks_on(self, reason: str) -> bool:
        """A single quote."""
        return "'" in reason


@seed("long-reason-crashes", "robust.reasons", related=TEXTS)
class LongReasonCrashes(_Stumbling):
    """A reason of 256 characters is a server error: a varchar(255) column."""

    def breaks_on(self, reason: str) -> bool:
        """Data too long for column."""
        return len(reason) > 255


@seed("emoji-counts-twice", "robust.reason-of-emoji", related=TEXTS)
class EmojiCountsTwice(Forms):
    """An emoji counts as two characters, so that 500 of them are refused."""

    def reason(self, body: Any, errors: Errors) -> str | None:
        """UTF-16 units: ``reason.length``."""
        reason = super().reason(body, errors)
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


@seed("broken-json-crashes", "refund.malformed-body", "robust.bodies",
      related=("robust.*", "schema.*", "cancel.malformed-body", "refund.huge-amount"))  # fmt: skip
class BrokenJsonCrashes(_Unparsed):
    """A body that is no JSON is a server error."""

    def unparsed(self, body: bytes) -> dict[str, Any]:
        """An exception that nobody catches."""
        raise crash()


@seed("bad-encoding-is-ignored", "robust.bodies", related=("robust.*", "schema.*"))
class BadEncodingIsIgnored(_Unparsed):
    """A body that is not UTF-8 counts as an empty one, and refunds everything."""

    def unparsed(self, body: bytes) -> dict[str, Any]:
        """``JSON_ERROR_UTF8``, and nobody looks."""
        try:
            body.decode()
        except UnicodeDecodeError:
            return {}
        raise Refusal(400, "The request body is not valid JSON.")


@seed("deep-nesting-crashes", "robust.bodies", related=("robust.*", "schema.*"))
class DeepNestingCrashes(_Unparsed):
    """A body that is nested deeply is a server error."""

    def unparsed(self, body: bytes) -> dict[str, Any]:
        """The stack overflows."""
        if body.startswith(b"[[[["):
            raise crash()
        raise Refusal(400, "The request body is not valid JSON.")


@seed("large-body-is-cut", "robust.large-body", related="robust.*")
class LargeBodyIsDropped(Forms):
    """A body above 64 kB is dropped before it is read, so that its refund is a full one."""

    def body(self, request: Request) -> dict[str, Any]:
        """``post_max_size``."""
        if len(request.body) > 65_536:
            request = replace(request, body=b"")
        return super().body(request)


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
