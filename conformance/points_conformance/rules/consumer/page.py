"""What a webhook consumer must do, for people who write one: a page made from the rules."""

from collections.abc import Iterable, Sequence
from typing import Final

from points_conformance.judging.rule import Level, Rule

__all__ = ["consumer_page"]

_HEAD: Final = """\
# What your consumer must do

Generated from the rules in the code: do not edit.

A webhook consumer that follows the documentation to the letter loses money: it drops repeats of \
`(order.id, event)`, and two partial refunds of one order share that key. Drop repeats by their \
*content* (a retry is the same bytes again), in the same transaction that books the effect, and \
let no order of arrival matter: keep the refunds, and work out the status from them.

MUST and SHOULD as in RFC 2119, by our judgement of the sources. Each line is a rule of \
`points-conformance consumer`; `points-conformance rules ID` tells where it comes from.
"""
_PARTS: Final[Sequence[tuple[str, tuple[str, ...]]]] = (
    ("Answer", ("acknowledges", "answers", "no-redirect", "unknown-order")),
    ("Let nobody else tell you anything", ("secret", "wrong-secret", "header-and-body")),
    ("Book every refund, and each once", ()),
    (
        "Expect every order of arrival",
        ("any-order", "refund-before", "cancel-before", "late-", "takes-", "stories"),
    ),
    ("Take every payload that the contract allows", ("extra", "absent", "whole", "fine", "arabic")),
    (
        "Change nothing otherwise",
        (
            *("unknown-event", "merchant-event", "shipping", "bad-input", "list-", "orders-apart"),
            "odd-",
        ),
    ),
    ("Refuse what is no delivery", ("malformed", "empty", "large-body", "content", "method")),
)
_REST: Final = _PARTS[2][0]


def consumer_page(rules: Iterable[Rule]) -> str:
    """The text of the page, in Markdown."""
    rows: dict[str, list[Rule]] = {title: [] for title, _ in _PARTS}
    for rule in rules:
        rows[_part(rule)].append(rule)
    parts = [_HEAD]
    for title, members in rows.items():
        members.sort(key=lambda rule: rule.level is not Level.MUST)
        lines = [f"- **{rule.level}** {rule.statement} (`{rule.id}`)" for rule in members]
        parts.append("\n".join([f"## {title}", "", *lines, ""]))
    return "\n".join(parts)


def _part(rule: Rule) -> str:
    name = rule.id.partition(".")[2]
    return next((title for title, starts in _PARTS if name.startswith(starts)), _REST)
