"""Servers that lose the reason of a cancel, make one up, or take one that they must not."""

from typing import Any

from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.variants import crash
from points_conformance.defects.defect import Seeds
from points_conformance.simulator.desk import Desk
from points_conformance.simulator.forms import Errors, Forms, invalid
from points_conformance.simulator.messages import Refusal, Request
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["seed"]

seed = Seeds(ServerDefect)
#: Rules that tell reasons from where they stand.
REASONS = ("webhook.*", "property.reasons")


# ---------------------------------------------------------------------- the default reason
class _OtherDefault(Desk):
    default = ""

    def cancel_reason(self, reason: str | None) -> str:
        """The wrong default."""
        return self.default if reason is None else reason


_DEFAULT = ("cancel.default-reason", "cancel.default-reason-empty-body")
_TOLD = ("cancel.default-*", "cancel.reason-null-or-empty", "webhook.*", "property.reasons")


@seed("default-reason-with-a-dot", _DEFAULT[0], related=_TOLD)
class DefaultWithDot(_OtherDefault):
    """The default reason ends in a full stop."""

    default = "Order cancelled via API."


@seed("default-reason-in-lower-case", _DEFAULT[0], related=_TOLD)
class DefaultInLowerCase(_OtherDefault):
    """The default reason is written in lower case."""

    default = "order cancelled via api"


@seed("default-reason-in-american", _DEFAULT[0], related=_TOLD)
class DefaultInAmerican(_OtherDefault):
    """The default reason is spelt with one l."""

    default = "Order canceled via API"


@seed("default-reason-is-empty", _DEFAULT[0], related=_TOLD)
class DefaultIsEmpty(_OtherDefault):
    """An omitted reason becomes an empty text."""


@seed.on(
    Presenter.cancelled,
    "default-reason-is-null",
    _DEFAULT[0],
    "cancel.reason-null-or-empty",
    related=_TOLD,
)
def default_is_null(presenter: Presenter, order: Order, reason: str) -> dict[str, Any]:
    """An omitted reason stays null in the webhook."""
    # The default is for the page alone.
    given = None if reason == "Order cancelled via API" else reason
    return Presenter.cancelled(presenter, order, reason) | {"reason": given}


@seed.on(Forms.cancel, "default-reason-only-without-a-body", _DEFAULT[1], related=_TOLD)
def no_default_for_empty_object(forms: Forms, request: Request) -> str | None:
    """The body {} gives an empty reason: the default is set only where there is no body at all."""
    # ``body.reason ?? ''`` behind ``if (body)``.
    return Forms.cancel(forms, request) or ("" if request.body.strip() else None)


@seed.on(
    Presenter.cancelled,
    "null-reason-is-told-as-null",
    "cancel.reason-null-or-empty",
    related=REASONS,
    dialect="lenient",
)
def null_reason_stays_null(presenter: Presenter, order: Order, reason: str) -> dict[str, Any]:
    """A reason of null or of no characters is told as null."""
    # ``$request->reason ?: null``.
    return Presenter.cancelled(presenter, order, reason) | {"reason": reason or None}


@seed.on(
    Forms.reason,
    "null-reason-crashes",
    "cancel.reason-null-or-empty",
    related=("reading.reason-null", "robust.*"),
)
def null_reason_crashes(forms: Forms, body: Any, errors: Errors) -> str | None:
    """A reason of null is a server error."""
    # ``strlen(null)``.
    if body.get("reason", "") is None:
        raise crash()
    return Forms.reason(forms, body, errors)


# ---------------------------------------------------------------------- a given reason
@seed.on(
    Desk.cancel_reason,
    "given-reason-is-dropped",
    "cancel.given-reason",
    related=("cancel.header-spellings", *REASONS),
)
def drops_reason(desk: Desk, reason: str | None) -> str:
    """The default reason is told even where one was given."""
    # The request's field never reaches the model.
    return Desk.cancel_reason(desk, None)


@seed.on(
    Desk.cancel_reason,
    "given-reason-loses-its-script",
    "cancel.given-reason",
    related=("cancel.header-spellings", *REASONS),
)
def mangled_reason(desk: Desk, reason: str | None) -> str:
    """Characters beyond ASCII in a reason become question marks."""
    # A latin1 column.
    return Desk.cancel_reason(desk, reason).encode("ascii", "replace").decode()


@seed.on(Desk.cancel_reason, "reason-of-256-is-lost", "property.reasons", related=REASONS)
def loses_reason_at_the_border(desk: Desk, reason: str | None) -> str:
    """A reason of exactly 256 characters becomes the default: between two columns, one is off."""
    # Up to 255 in one column, from 257 in the other.
    return Desk.cancel_reason(desk, None if reason and len(reason) == 256 else reason)


@seed.on(Desk.cancel_reason, "given-reason-is-cut-at-255", "cancel.given-reason", related=REASONS)
def cuts_reason(desk: Desk, reason: str | None) -> str:
    """A reason of 500 characters is accepted, and told with its first 255."""
    # A varchar(255) column of a server that is not strict.
    return Desk.cancel_reason(desk, reason)[:255]


class _OtherLimit(Forms):
    limit = 500

    def reason(self, body: Any, errors: Errors) -> str | None:
        """Count otherwise."""
        reason = body.get("reason")
        if isinstance(reason, str):
            if self.length(reason) > self.limit:
                raise invalid({"reason": ["The reason field is too long."]})
            return reason or None
        return super().reason(body, errors)

    def length(self, reason: str) -> int:
        """How long a reason is."""
        return len(reason)


_LIMITS = ("cancel.reason-limit", "refund.reason-limit")
_LENGTHS = ("*reason*", "robust.*", "schema.*", "webhook.*")


@seed.on(
    _OtherLimit.length,
    "reason-limit-in-bytes",
    "cancel.reason-counts-characters",
    "refund.reason-limit",
    related=_LENGTHS,
)
def counts_bytes(forms: _OtherLimit, reason: str) -> int:
    """The limit of a reason is counted in bytes: 500 Arabic letters are refused."""
    # ``strlen``, not ``mb_strlen``.
    return len(reason.encode())


@seed("reason-limit-255", *_LIMITS, related=_LENGTHS)
class LimitOf255(_OtherLimit):
    """A reason of more than 255 characters is refused."""

    limit = 255


@seed("reason-limit-499", *_LIMITS, related=_LENGTHS)
class LimitOf499(_OtherLimit):
    """A reason of 500 characters is refused: the limit is tested with < instead of <=."""

    limit = 499


@seed("reason-limit-501", *_LIMITS, related=_LENGTHS)
class LimitOf501(_OtherLimit):
    """A reason of 501 characters is accepted."""

    limit = 501


@seed("reason-without-limit", *_LIMITS, related=_LENGTHS)
class NoLimit(_OtherLimit):
    """A reason of any length is accepted."""

    limit = 10**9


@seed.on(
    Forms.reason,
    "reason-is-made-text",
    "cancel.reason-is-text",
    "refund.reason-is-text",
    related=("*reason*", "robust.*", "schema.*"),
)
def casts_reason(forms: Forms, body: Any, errors: Errors) -> str | None:
    """A reason that is a number, a list or an object is turned into text and accepted."""
    # ``String(reason)``.
    reason = body.get("reason")
    if reason is None or isinstance(reason, str):
        return Forms.reason(forms, body, errors)
    return str(reason)


@seed.on(Forms.reason, "reason-may-be-true", "cancel.reason-is-text", related="*reason*")
def takes_true_reason(forms: Forms, body: Any, errors: Errors) -> str | None:
    """A reason of true is accepted."""
    # ``if (reason && ...)``.
    return "1" if body.get("reason") is True else Forms.reason(forms, body, errors)


@seed.on(
    Forms.cancel, "cancel-body-that-is-text-crashes", "cancel.malformed-body", related="robust.*"
)
def crashes_on_text_body(forms: Forms, request: Request) -> str | None:
    """A cancel whose body is JSON but no object is a server error."""
    # ``array_key_exists`` on a string.
    try:
        return Forms.cancel(forms, request)
    except Refusal as refusal:
        if refusal.errors and "body" in refusal.errors:
            raise crash() from None
        raise
