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
_REFUSE: Final = "Refuse what is no delivery"
#: What is said of a part before its rules.
_NOTES: Final = {
    _REFUSE: "Advice, and no more: Points never sends any of this, so that no money moves whether "
    "it is answered 200, 4xx or 5xx. So is a header that names another event than the body. Where "
    "money would move it is a MUST above: none of it has an effect (`consumer.bad-input-no-effect`,"
    " `consumer.header-moves-no-money`), and a refund that was cut on its way is not lost "
    "(`consumer.cut-then-whole`).",
    "Outlive a crash": "Judged where `--restart-command` says how the consumer is crashed.",
}
_PARTS: Final[Sequence[tuple[str, tuple[str, ...]]]] = (
    ("Answer", ("acknowledges", "answers", "no-redirect", "unknown-order")),
    ("Let nobody else tell you anything", ("secret", "wrong-secret", "header-")),
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
    ("Outlive a crash", ("crash-",)),
    (_REFUSE, ("malformed", "empty", "large-body", "content", "method")),
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
        note = [_NOTES[title], ""] if title in _NOTES else []
        parts.append("\n".join([f"## {title}", "", *note, *lines, ""]))
    return "\n".join(parts)


def _part(rule: Rule) -> str:
    name = rule.id.partition(".")[2]
    return next((title for title, starts in _PARTS if name.startswith(starts)), _REST)
