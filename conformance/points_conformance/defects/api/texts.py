"""Servers through which a reason does not come as it was given.

Each is a layer that means well: it escapes, cleans, normalises or guesses what a text is.
"""

import html
import re
import unicodedata
from typing import Any
from urllib.parse import unquote

from points_conformance.defects.api.defect import ServerDefect
from points_conformance.defects.api.webhooks import TOLD
from points_conformance.defects.defect import Seeds
from points_conformance.judging.rule import Profile
from points_conformance.ledger import Booked
from points_conformance.simulator.presenter import Presenter
from points_conformance.simulator.world import Order

__all__ = ["seed"]

seed = Seeds(ServerDefect, related=TOLD, profile=Profile.STANDARD)
MARKUP = ("texts.markup-in-a-refund", "texts.markup-in-a-cancel")
SCRIPTS = ("texts.scripts-in-a-refund", "texts.scripts-in-a-cancel")
DIGITS = ("texts.digits-in-a-refund", "texts.digits-in-a-cancel")


class _Reasoning(Presenter):
    """Tells the reason of every reversal otherwise."""

    def cancelled(self, order: Order, reason: str) -> dict[str, Any]:
        """The sound fields, with the reason as it comes out."""
        extra = super().cancelled(order, reason)
        return extra | {"reason": self.told(extra["reason"])}

    def refunded(self, order: Order, booked: Booked, reason: str | None) -> dict[str, Any]:
        """The sound fields, with the reason as it comes out."""
        extra = super().refunded(order, booked, reason)
        if isinstance(extra.get("reason"), str):
            extra["reason"] = self.told(extra["reason"])
        return extra

    def told(self, reason: str) -> Any:
        """What comes out."""
        return reason


# ---------------------------------------------------------------------- markup
@seed.on(_Reasoning.told, "reason-is-escaped-for-html", *MARKUP)
def escapes_html(presenter: _Reasoning, reason: str) -> Any:
    """A reason is told as HTML writes it."""
    # ``htmlspecialchars`` at the door, where JSON goes out.
    return html.escape(reason)


@seed.on(_Reasoning.told, "reason-loses-its-tags", *MARKUP)
def strips_tags(presenter: _Reasoning, reason: str) -> Any:
    """What stands between < and > is cut out of a reason."""
    # ``strip_tags`` against XSS.
    return re.sub(r"<[^>]*>", "", reason)


@seed.on(_Reasoning.told, "reason-has-its-entities-read", *MARKUP)
def reads_entities(presenter: _Reasoning, reason: str) -> Any:
    """Entities in a reason become the characters that they stand for."""
    # ``html_entity_decode`` of what a form may have escaped.
    return html.unescape(reason)


@seed.on(_Reasoning.told, "reason-is-decoded-as-a-url", *MARKUP)
def decodes_url(presenter: _Reasoning, reason: str) -> Any:
    """Percent signs with two digits in a reason are decoded."""
    # ``urldecode`` of a body that was no form.
    return unquote(reason)


@seed.on(_Reasoning.told, "reason-loses-its-backslashes", *MARKUP)
def strips_slashes(presenter: _Reasoning, reason: str) -> Any:
    """Backslashes are taken out of a reason."""
    # ``stripslashes``, for magic quotes that have been gone for long.
    return re.sub(r"\\(.?)", r"\1", reason, flags=re.DOTALL)


@seed.on(_Reasoning.told, "reason-has-its-quotes-doubled", *MARKUP)
def doubles_quotes(presenter: _Reasoning, reason: str) -> Any:
    """Single quotes in a reason are doubled."""
    # Escaped by hand, and bound as a parameter after that.
    return reason.replace("'", "''")


# ---------------------------------------------------------------------- scripts
@seed.on(_Reasoning.told, "reason-loses-its-format-characters", *SCRIPTS)
def drops_format_characters(presenter: _Reasoning, reason: str) -> Any:
    """Joiners, marks of direction and soft hyphens are taken out of a reason."""
    # ``preg_replace('/[^\PC\s]/u', '')``: all that is not printed.
    return "".join(char for char in reason if unicodedata.category(char) != "Cf")


@seed.on(_Reasoning.told, "reason-is-normalised", *SCRIPTS)
def normalises(presenter: _Reasoning, reason: str) -> Any:
    """Combining marks in a reason are joined with their letters."""
    # ``Normalizer::normalize``: for searching, written into the column itself.
    return unicodedata.normalize("NFC", reason)


@seed.on(_Reasoning.told, "reason-is-folded", *SCRIPTS)
def folds(presenter: _Reasoning, reason: str) -> Any:
    """Ligatures, wide letters and other spellings in a reason become the plain ones."""
    # NFKC, as for names of users.
    return unicodedata.normalize("NFKC", reason)


@seed.on(
    _Reasoning.told,
    "reason-ends-at-four-bytes",
    SCRIPTS[0],
    "cancel.given-reason",
)
def ends_at_four_bytes(presenter: _Reasoning, reason: str) -> Any:
    """A reason ends before its first character of four bytes."""
    # MySQL's ``utf8``, which has three bytes, in a mode that warns.
    return re.split(r"[\U00010000-\U0010ffff]", reason)[0]


@seed.on(
    _Reasoning.told,
    "reason-is-cut-by-bytes",
    "cancel.given-reason",
    "texts.scripts-in-a-refund",
)
def cuts_by_bytes(presenter: _Reasoning, reason: str) -> Any:
    """A reason is told with its first 200 bytes."""
    # ``substr`` for ``mb_substr``, and the broken rest is dropped.
    return reason.encode()[:200].decode(errors="ignore")


# ---------------------------------------------------------------------- digits
@seed.on(_Reasoning.told, "reason-of-digits-is-a-number", *DIGITS)
def guesses_numbers(presenter: _Reasoning, reason: str) -> Any:
    """A reason of digits is told as a number."""
    # ``JSON_NUMERIC_CHECK``.
    return int(reason) if reason.isascii() and reason.isdigit() else reason


@seed.on(_Reasoning.told, "reason-of-zero-is-none", *DIGITS)
def zero_is_none(presenter: _Reasoning, reason: str) -> Any:
    """A reason of 0 is taken for none."""
    # ``$reason ?: 'Order cancelled via API'``: "0" is false.
    return "Order cancelled via API" if reason == "0" else reason


@seed.on(_Reasoning.told, "reason-of-null-is-null", DIGITS[0])
def null_is_null(presenter: _Reasoning, reason: str) -> Any:
    """A reason of the word null is told as null."""
    # A filter for what JavaScript clients send for want of a value.
    return None if reason == "null" else reason


# ---------------------------------------------------------------------- spaces
@seed.on(_Reasoning.told, "reason-has-its-spaces-squished", "texts.spaces-in-a-refund")
def squishes(presenter: _Reasoning, reason: str) -> Any:
    """Spaces within a reason become one, and those around it none."""
    # ``Str::squish``.
    return (
        " ".join(reason.split(" "))
        if not reason.strip(" ")
        else re.sub(" +", " ", reason).strip(" ")
    )


@seed.on(_Reasoning.told, "reason-has-its-spaces-hard", "texts.spaces-in-a-refund")
def hardens(presenter: _Reasoning, reason: str) -> Any:
    """Two spaces within a reason become hard ones."""
    # As an editor of HTML keeps them.
    return reason.replace("  ", "\u00a0 ")
